"""Passwords and keys by the names they are given: never at a specific rule's expense, nor where made-up ones stand."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rules
from offboarding.demo.simulators.tokens import github_classic
from offkey.fingerprint import OrgKey
from offkey.model import Confidence, Finding
from rules import Rule, RuleSet
from rules.examples import problems
from rules.light import light
from rules.reasons import reasons
from scanner.matching.generic import made_up
from scanner.matching.matcher import HyperscanMatcher, KeywordMatcher, matches
from scanner.scan import Options, ScanResult, scan
from scanner.values import read_credential
from tests.builders import ANN, BOB, Repo, token

KIND = "generic."
WITH = rules.load()
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
    return [content[match.start : match.end].decode() for match in found if match.kind.startswith(KIND)]


@pytest.mark.parametrize("rule", [rule for rule in WITH.rules if rule.provider == "generic"], ids=str)
def test_the_rule_finds_its_examples_and_not_its_counterexamples(rule: Rule) -> None:
    assert list(problems(rule)) == []


def test_what_is_of_low_confidence_is_told_only_on_request() -> None:
    text = 'test_api_key = "' + KEY + '"\n'
    content, thorough = text.encode(), light(rules.load(generic=True))
    assert values(text) == []
    (match,) = (one for one in matches(KeywordMatcher(thorough), thorough, content) if one.kind.startswith(KIND))
    assert (match.confidence, content[match.start : match.end]) == ("low", KEY.encode())


@pytest.mark.parametrize(
    "text",
    [
        'db_password = "{p}"\n',
        "DB_PASSWORD={p}\n",
        "export ADMIN_PASSWD={p}\r\n",
        "mysql:\n  password: '{p}'\n",
        '{{"userPassword": "{p}", "user": "svc"}}\n',
        "<password>{p}</password>\n",
        "docker run -e DB_PASSWORD={p} app\n",
        'connect(user="svc", password="{p}", timeout=limit(3))\n',
        "$config['password'] = '{p}';\n",
        'const dbPassword := "{p}"\n',
        "ENV DB_PASS={p}",
    ],
)
def test_a_password_is_found_where_its_variable_says_so(text: str) -> None:
    assert values(text.format(p=PASSWORD)) == [PASSWORD]


def test_a_vague_name_needs_a_random_value() -> None:
    assert values(f'SERVICE_TOKEN = "{KEY}"\n') == [KEY]
    assert values('SERVICE_TOKEN = "page-one-v12345"\n') == []
    assert values('{"name": "' + KEY + '"}\n') == []
    assert values('password = "page-one-v12345"\n') == ["page-one-v12345"]


@pytest.mark.parametrize(
    "text",
    [
        "password = settings.password1\n",
        "password: Sha256PasswordHash,\n",
        "secret = load_secret2(name3)\n",
        'if (user.password === user2.password2x) {{ return "{p}" }}\n',
        'password = "456789abcdef"\n',
        'access_key_id = "{p}"\n',
        '"PasswordLastUsed": "2016-09-08T21:47:36Z"\n',
        '"AWS::SecretsManager::Secret": "b899a0d240b53d9d"\n',
        "password: crypto_sign_curve25519_BYTES\n",
        'password = "{p}\n',
        'password = "aB3xZ"\n',
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
    assert sorted(kinds) == ["database.postgres", "generic.password", "github.pat.classic"]


def test_both_matchers_find_the_same(hyperscan: HyperscanMatcher) -> None:
    told = [rule for rule in WITH.rules if rule.kind.startswith(KIND)]
    texts = [
        rules.expand(rule, template, i)
        for rule in told
        for i, template in enumerate(rule.examples + rule.counterexamples)
    ]
    texts += [b"PassWord" + b" " * 8 + b":=" + b"\t@`" + PASSWORD.encode() + b"`", b"pwd" * 400 + b"=" + KEY.encode()]
    found = [matches(KeywordMatcher(LIGHT), LIGHT, text) for text in texts]
    assert found == [matches(hyperscan, LIGHT, text) for text in texts]
    assert sum(map(len, found)) >= sum(len(rule.examples) for rule in told)


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
    assert {(one.kind, one.confidence) for one in found.values()} == {
        ("generic.password", Confidence.MEDIUM),
        ("generic.secret", Confidence.MEDIUM),
    }
    introduced = found[KEY].introduced
    assert introduced is not None
    assert introduced.email == ANN[1]
    assert result.examined.suppressed > 0
    assert not any(value in repr(result) for value in found)


def test_lock_files_tests_and_translations_do_not_count(tmp_path: Path, generic: Callable[..., ScanResult]) -> None:
    line = f'{{"password": "{PASSWORD}"}}\n'
    noise = ("package-lock.json", "swagger.json", "logo.svg", "tests/a.json", "src/i18n/de.json", "web/lib.min.js")
    for name in (*noise, "a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(line)
    (finding,) = generic(tmp_path).findings
    assert [place.path for place in finding.places] == ["a.json"]
    (tmp_path / "a.json").unlink()
    assert generic(tmp_path).findings == ()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_one_process_and_two_find_the_same(tmp_path: Path, generic: Callable[..., ScanResult], method: str) -> None:
    path = history(tmp_path / "app").path
    assert generic(path, jobs=2, start_method=method).findings == generic(path, jobs=1).findings


def test_neither_detect_secrets_nor_gitpython_is_imported_for_a_scan(tmp_path: Path) -> None:
    code = (
        "import sys; from offboarding.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print('detect_secrets' in sys.modules, 'git' in sys.modules, file=sys.stderr)"
    )
    call = ["scan", str(tmp_path), "--no-state", "--jobs", "1", "--matcher", "re", "--format", "jsonl"]
    for text, findings in (("x = 1\n", 0), (f'password = "{PASSWORD}"\n', 1)):
        (tmp_path / "a.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", code, *call], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert (done.stderr.splitlines()[-1], len(lines)) == ("False False", findings), done.stderr
        assert PASSWORD not in done.stdout


def test_a_long_line_costs_little(hyperscan: HyperscanMatcher) -> None:
    import time

    content = b"var a={" + b'"password":"' + PASSWORD.encode() + b'",' * 1 + b'x:"y",' * 200_000 + b"}"
    content += b"password" * 20_000 + b" " * 20_000
    began = time.process_time()
    assert len(matches(hyperscan, LIGHT, content)) == 1
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE settings SET value = '{k}' WHERE name = 'acme_api_key';\n",
        'update config set v="{k}"\n  where k = "acme.token";\n',
        "{k}  # Acme API key\n",
        "keys:\n- {k} (Acme access token)\n",
        "`{k}` - acme secret\n",
    ],
)
def test_a_value_counts_by_the_name_behind_it(text: str) -> None:
    assert values(text.format(k=KEY)) == [KEY]


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE pages SET etag = '{k}' WHERE name = 'index.html';\n",
        "UPDATE settings SET value = '{k}' WHERE token = 'a1';\n",
        "{k}  # release of the day\n",
        "{k}  docs/api-key.md\n",
        "uses: acme/action@{k} # token\n",
    ],
)
def test_a_value_before_any_other_name_does_not(text: str) -> None:
    assert values(text.format(k=KEY)) == []


@pytest.mark.parametrize(
    "path", ["package-lock.json", "web/pnpm-lock.yaml", "api/swagger.json", "logo.png", "Package.resolved"]
)
def test_files_of_a_package_manager_and_what_is_no_text_are_made_up(path: str) -> None:
    assert made_up(path)


@pytest.mark.parametrize(
    "path", ["package.json", "config/locks.py", "api/swag.py", "pngs/key.py", "so.py", "settings.toml"]
)
def test_ordinary_files_are_not(path: str) -> None:
    assert not made_up(path)


def test_the_reasons_of_a_value_told_by_what_stands_behind_it_speak_of_no_name_before_it() -> None:
    content = f"{KEY}  # Acme API key\n".encode()
    rule, compact = next(pair for pair in zip(WITH.rules, LIGHT, strict=True) if pair[0].kind == "generic.noted_value")
    (match,) = matches(KeywordMatcher(LIGHT), LIGHT, content)
    told = reasons(rule, compact, content, match.spans, lambda name: True)
    assert (told.confidence, match.kind) == ("medium", rule.kind)
    assert "goes by what stands beside it" in told.lines[0]
    assert not any("name before it" in line for line in told.lines)
