"""Passwords by their variable's name: only on request, at low confidence, and never at a specific rule's expense."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import detect_secrets.settings
import pytest
from detect_secrets.plugins.base import BasePlugin

import rules
from offboarding.demo.simulators.tokens import github_classic
from offkey.fingerprint import OrgKey
from offkey.model import Confidence, Finding
from rules import Rule, RuleSet
from rules.examples import problems
from rules.light import light
from scanner.matching.matcher import HyperscanMatcher, KeywordMatcher, matches
from scanner.scan import Options, ScanResult, scan
from scanner.values import read_credential
from tests.builders import ANN, BOB, Repo, token

KIND = "generic.assignment"
WITH = rules.load(generic=True)
LIGHT = light(WITH)
PASSWORD = token("hT8!", 12)
KEY = token("", 40, alphabet="0123456789abcdef")


@pytest.fixture(scope="session")
def generic(key: OrgKey, pattern_cache: Path) -> Callable[..., ScanResult]:
    def run(target: Path, **options: object) -> ScanResult:
        return scan([target], WITH, key, Options(**{"cache": pattern_cache, **options}))  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="module")
def hyperscan(tmp_path_factory: pytest.TempPathFactory) -> HyperscanMatcher:
    return HyperscanMatcher(LIGHT, WITH.digest, tmp_path_factory.mktemp("generic") / "cache")


def values(text: str, ruleset: RuleSet = WITH) -> list[str]:
    content = text.encode()
    found = matches(KeywordMatcher(light(ruleset)), light(ruleset), content)
    return [content[match.start : match.end].decode() for match in found if match.kind == KIND]


@pytest.mark.parametrize("rule", [rule for rule in WITH.rules if rule.provider == "generic"], ids=str)
def test_the_rule_finds_its_examples_and_not_its_counterexamples(rule: Rule) -> None:
    assert list(problems(rule)) == []


def test_it_is_loaded_only_on_request(ruleset: RuleSet) -> None:
    text = f'db_password = "{PASSWORD}"\n'
    assert "generic" not in ruleset.providers
    assert values(text, ruleset) == []
    assert values(text) == [PASSWORD]


@pytest.mark.parametrize(
    "text",
    [
        'db_password = "{p}"\n',
        "DB_PASSWORD={p}\n",
        "export ADMIN_PASSWD={p}\r\n",
        "  - secret: {p}\n",
        "mysql:\n  password: '{p}'\n",
        '{{"clientSecret": "{p}", "user": "svc"}}\n',
        'connect(user="svc", password="{p}", timeout=limit(3))\n',
        "$config['password'] = '{p}';\n",
        'const dbPassword := "{p}"\n',
        "ENV API_KEY={p}",
    ],
)
def test_a_password_is_found_where_its_variable_says_so(text: str) -> None:
    assert values(text.format(p=PASSWORD)) == [PASSWORD]


def test_a_vague_name_needs_a_random_value() -> None:
    assert values(f'SERVICE_TOKEN = "{KEY}"\n') == [KEY]
    assert values('SERVICE_TOKEN = "page-one-v12345"\n') == []
    assert values('password = "page-one-v12345"\n') == ["page-one-v12345"]


@pytest.mark.parametrize(
    "text",
    [
        "password = settings.password1\n",
        "password: Sha256PasswordHash,\n",
        "secret = load_secret2(name3)\n",
        'if (user.password === user2.password2x) {{ return "{p}" }}\n',
        "raise ValueError(secret: {p})\n",
        'password = "456789abcdef"\n',
        'client_secret = "0f2c61a8-3b5d-4e7f-9a1b-c2d3e4f5a6b7"\n',
        'access_key_id = "{p}"\n',
        '"PasswordLastUsed": "2016-09-08T21:47:36Z"\n',
        '"AWS::SecretsManager::Secret": "b899a0d240b53d9d"\n',
        "password: crypto_sign_curve25519_BYTES\n",
        'password = "{p}\n',
        'password = "aB3!xZ9"\n',
        'token_uri = "https://accounts.corp.test/o/oauth2/token"\n',
    ],
)
def test_code_references_ids_dates_and_type_names_are_not_secrets(text: str) -> None:
    assert values(text.format(p=PASSWORD)) == []


def test_a_specific_rule_wins_over_the_same_value(tmp_path: Path, generic: Callable[..., ScanResult]) -> None:
    known = github_classic("specific")
    (tmp_path / "a.py").write_text(f'github_token = "{known}"\nsecret = "x:{known}"\ndb_password = "{PASSWORD}"\n')
    (tmp_path / "b.py").write_text("DATABASE_PASSWORD = 'postgresql://svc:" + PASSWORD + "@db.corp.test/app'\n")
    kinds = [finding.kind for finding in generic(tmp_path).findings]
    assert sorted(kinds) == ["database.postgres", KIND, "github.pat.classic"]


def test_nothing_that_specific_rules_find_is_lost_with_it(key: OrgKey, ruleset: RuleSet, tmp_path: Path) -> None:
    for number, rule in enumerate(ruleset.rules):
        for index, template in enumerate(rule.examples):
            text = rules.expand(rule, template, index)
            (tmp_path / f"{number}-{index}").write_bytes(b'password = "' + text.replace(b"\n", b" ") + b'"\n' + text)
    plain, more = (
        {finding.fingerprint for finding in scan([tmp_path], chosen, key, Options(matcher="keyword")).findings}
        for chosen in (ruleset, WITH)
    )
    assert len(plain) > 100
    assert plain <= more


def test_both_matchers_find_the_same(hyperscan: HyperscanMatcher) -> None:
    rule = next(rule for rule in WITH.rules if rule.kind == KIND)
    texts = [rules.expand(rule, template, i) for i, template in enumerate(rule.examples + rule.counterexamples)]
    texts += [b"PassWord" + b" " * 8 + b":=" + b"\t@`" + PASSWORD.encode() + b"`", b"pwd" * 400 + b"=" + KEY.encode()]
    found = [matches(KeywordMatcher(LIGHT), LIGHT, text) for text in texts]
    assert found == [matches(hyperscan, LIGHT, text) for text in texts]
    assert sum(map(len, found)) >= len(rule.examples)


def history(path: Path) -> Repo:
    repo = Repo.create(path)
    repo.commit("start", {"README": "text\n", "package-lock.json": f'{{"password": "{PASSWORD}"}}\n'}, author=BOB)
    repo.commit("settings", {"settings.py": f'DB_PASSWORD = "{PASSWORD}"\nold_secret = "{KEY}"\n'}, author=ANN)
    repo.commit(
        "moved", {"app/settings.py": f'# moved\nDB_PASSWORD = "{PASSWORD}"\n', "settings.py": "x\n"}, author=BOB
    )
    allowed = 'DB_PASSWORD = "' + PASSWORD + 'zz"  # pragma: ' + "allowlist secret\n"
    repo.commit("allowed", {"allowed.py": allowed}, author=BOB)
    return repo


def by_value(result: ScanResult, key: OrgKey) -> dict[str, Finding]:
    found = {}
    for finding in result.findings:
        value = read_credential(finding.kind, finding.fingerprint, finding.places, key)
        found[value.parts["secret"].reveal().decode()] = finding
    return found


def test_findings_have_addresses_authors_and_no_value_like_any_other(
    tmp_path: Path, generic: Callable[..., ScanResult], key: OrgKey
) -> None:
    result = generic(history(tmp_path / "app").path)
    found = by_value(result, key)
    assert set(found) == {PASSWORD, KEY}
    assert {(one.kind, one.confidence) for one in found.values()} == {(KIND, Confidence.LOW)}
    introduced = found[KEY].introduced
    assert introduced is not None
    assert introduced.email == ANN[1]
    assert result.examined.suppressed > 0
    assert not any(value in repr(result) for value in found)


def test_lock_files_api_descriptions_and_files_that_are_no_text_do_not_count(
    tmp_path: Path, generic: Callable[..., ScanResult]
) -> None:
    line = f'{{"password": "{PASSWORD}"}}\n'
    for name in ("package-lock.json", "swagger.json", "logo.svg", "a.json"):
        (tmp_path / name).write_text(line)
    (finding,) = generic(tmp_path).findings
    assert [place.path for place in finding.places] == ["a.json"]
    (tmp_path / "a.json").unlink()
    assert generic(tmp_path).findings == ()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_one_process_and_two_find_the_same(tmp_path: Path, generic: Callable[..., ScanResult], method: str) -> None:
    path = history(tmp_path / "app").path
    assert generic(path, jobs=2, start_method=method).findings == generic(path, jobs=1).findings


def test_no_setting_of_detect_secrets_is_read_and_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("detect-secrets was asked for more than a look at text")

    monkeypatch.setattr(BasePlugin, "verify", refuse)
    monkeypatch.setattr(BasePlugin, "analyze_line", refuse)
    monkeypatch.setattr("detect_secrets.plugins.base.get_settings", refuse)
    before = detect_secrets.settings.get_settings().json()
    assert values(f'password = "{PASSWORD}"\nSERVICE_TOKEN = "{KEY}"\n') == [PASSWORD, KEY]
    assert detect_secrets.settings.get_settings().json() == before


def test_detect_secrets_is_imported_only_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'password = "{PASSWORD}"\n')
    code = (
        "import sys; from offboarding.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print('detect_secrets' in sys.modules, 'git' in sys.modules, file=sys.stderr)"
    )
    call = ["scan", str(tmp_path), "--no-state", "--jobs", "1", "--matcher", "re", "--format", "jsonl"]
    for extra, imported, findings in (([], "False False", 0), (["--generic"], "True False", 1)):
        done = subprocess.run(
            [sys.executable, "-c", code, *call, *extra], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert (done.stderr.splitlines()[-1], len(lines)) == (imported, findings), done.stderr
        assert PASSWORD not in done.stdout


def test_a_long_line_costs_little(hyperscan: HyperscanMatcher) -> None:
    import time

    content = b"var a={" + b'"password":"' + PASSWORD.encode() + b'",' * 1 + b'x:"y",' * 200_000 + b"}"
    content += b"password" * 20_000 + b" " * 20_000
    began = time.process_time()
    assert len(matches(hyperscan, LIGHT, content)) == 1
    assert time.process_time() - began < 2
