"""What is known: our baseline, the ignore file, and comments; as files, in the hook and in scans."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import rules
from offboarding import cli
from offboarding.demo.simulators import tokens
from offkey.errors import Exit
from scanner import baseline, hook
from scanner.baseline import BaselineError, Entry, Known, Salt
from scanner.matching.pragma import allowed
from tests.builders import BOB, Repo

TOKEN = tokens.github_classic("baseline")
OTHER = tokens.github_classic("another baseline")
CHEAP = Salt(b"0123456789abcdef", 2, 1, 1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests here: its cache spares each of them the compiling of all patterns."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Repo:
    """A token in a.py, and we are in the repository."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    made = Repo.create(tmp_path / "app")
    made.commit("first", {"a.py": f"x = 1\ntoken = '{TOKEN}'\n"})
    monkeypatch.chdir(made.path)
    return made


def scan(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """The findings of a scan of this folder."""
    capsys.readouterr()
    cli.main(["scan", ".", "--no-state", "--format", "json", *words])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def entry(path: str = "a.py", kind: str = "k.x", value: bytes = b"v", salt: Salt = CHEAP) -> Entry:
    return Entry(path, kind, salt, salt.hashed(kind, value))


def test_an_entry_is_for_one_value_of_one_kind_in_one_file() -> None:
    known = Known([entry()])
    assert known.where("k.x", b"v", ["a.py", "b.py"]) == {"a.py"}
    assert known.where("k.x", b"w", ["a.py"]) == set()
    assert known.where("k.y", b"v", ["a.py"]) == set()
    assert CHEAP.hashed("ab", b"c") != CHEAP.hashed("a", b"bc")


def test_a_hash_in_a_baseline_is_known_there_and_nowhere_else() -> None:
    sum_ = hashlib.sha1(b"x").hexdigest().encode()
    paths = [".secrets.baseline", "sub/.secrets.baseline", ".offkey.baseline", "a.py"]
    assert Known().where("k.x", sum_, paths) == {".secrets.baseline", "sub/.secrets.baseline"}
    assert Known().where("k.x", sum_[:32], paths) == {".offkey.baseline"}
    assert Known().where("k.x", b"z" * 40, paths) == set()


def test_nothing_is_hashed_for_a_kind_or_file_that_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known([entry()])
    monkeypatch.setattr(hashlib, "scrypt", None)
    assert known.where("k.x", b"v", ["b.py"]) == set()
    assert known.where("k.y", b"v", ["a.py"]) == set()


def test_a_written_baseline_reads_back_and_merges_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / baseline.OURS
    file.write_text(baseline.document(CHEAP, [entry("b.py"), entry(), entry()]))
    assert baseline.salt_of(str(file)) == CHEAP
    assert baseline.at_top(str(tmp_path)).where("k.x", b"v", ["a.py", "b.py", "c.py"]) == {"a.py", "b.py"}
    lines = file.read_text().splitlines()
    assert [line.count('"path"') for line in lines].count(1) == 2
    file.write_text(baseline.document(CHEAP, []))
    assert not baseline.at_top(str(tmp_path))


def test_an_ignore_line_reads_back_with_any_path(tmp_path: Path) -> None:
    one = entry("a folder/ü.py")
    (tmp_path / baseline.IGNORED).write_text(f"# why\n\n{baseline.ignore_line(one)}\n")
    assert baseline.at_top(str(tmp_path)).where("k.x", b"v", ["a folder/ü.py"]) == {"a folder/ü.py"}


BROKEN = {
    "no JSON": "{",
    "a list": "[]",
    "nothing": "{}",
    "another version": {"version": 2},
    "no salt": {"by": "scrypt$2$1$1$!"},
    "costs beyond reason": {"by": "scrypt$1073741824$8$1$AA=="},
    "costs that are none": {"by": "scrypt$x$8$1$AA=="},
    "costs that OpenSSL refuses": {"by": "scrypt$65536$1$1$AA=="},
    "no power of two": {"by": "scrypt$3$8$1$AA=="},
    "entries without hash": {"known": [{"path": "a", "kind": "b"}]},
    "results that are none": {"results": [1]},
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_baseline_is_an_error(tmp_path: Path, fault: str) -> None:
    broken = BROKEN[fault]
    good = json.loads(baseline.document(CHEAP, [entry()]))
    text = broken if isinstance(broken, str) else json.dumps(good | broken)
    (tmp_path / baseline.OURS).write_text(text)
    with pytest.raises(BaselineError, match=r"\.offkey\.baseline: no baseline"):
        baseline.at_top(str(tmp_path))


@pytest.mark.parametrize(
    "line", ["x", "scrypt$2$1$1$AA==$00 k.x", "sha1$2$1$1$AA==$00 k.x a.py", "scrypt$0$1$1$AA==$00 k.x a"]
)
def test_a_broken_ignore_line_is_an_error_that_names_it(tmp_path: Path, line: str) -> None:
    (tmp_path / baseline.IGNORED).write_text(f"# a comment\n{line}\n")
    with pytest.raises(BaselineError, match=r"\.offkeyignore:2"):
        baseline.at_top(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "excused"),
    [
        ("VALUE # gitleaks:allow", True),
        ("VALUE // offkey:allow", True),
        ("VALUE # OFFKEY:ALLOW because", True),
        ("VALUE # offkey:allowed", False),
        ("VALUE # notoffkey:allow", False),
        ("VALUE # offkey:allow nextline", False),
        ("# offkey:allow nextline\nVALUE", True),
        ("# offkey:allow-nextline\nVALUE", True),
        ("# offkey:allow\nVALUE", False),
        ("# offkey:allow nextline\n\nVALUE", False),
        ("VALUE # pragma: allowlist secret", True),
    ],
)
def test_comments_that_excuse_a_line(text: str, excused: bool) -> None:
    assert allowed(text.encode(), text.index("VALUE")) is excused


def test_what_is_in_the_baseline_stays_out_of_scans_and_new_values_do_not(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(scan(capsys)) == 1
    assert cli.main(["baseline", "create"]) == Exit.DONE
    text = (repo.path / baseline.OURS).read_text()
    assert TOKEN not in text
    for sum_ in (hashlib.sha1(TOKEN.encode()), hashlib.sha256(TOKEN.encode())):
        assert sum_.hexdigest() not in text
    assert scan(capsys) == []
    assert len(scan(capsys, "--no-baseline")) == 1
    repo.commit("moved lines", {"a.py": f"\n\n\nx = 2\ntoken =   '{TOKEN}'\n"}, author=BOB)
    assert scan(capsys) == []
    repo.commit("another value on the line", {"a.py": f"\n\n\nx = 2\ntoken =   '{OTHER}'\n"}, author=BOB)
    (one,) = scan(capsys)
    assert one["introduced"]["email"] == "bob@example.com"


def test_a_copy_in_another_file_is_news_and_a_former_place_is_not(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit("moved", {"b.py": f"token = '{TOKEN}'\n"}, delete=("a.py",))
    assert cli.main(["baseline", "create"]) == Exit.DONE
    data = json.loads((repo.path / baseline.OURS).read_text())
    data["known"] = [row for row in data["known"] if row["path"] == "b.py"]
    (repo.path / baseline.OURS).write_text(json.dumps(data))
    assert scan(capsys) == []
    repo.write({"c.py": f"token = '{TOKEN}'\n"})
    assert len(scan(capsys)) == 1


def test_a_baseline_made_again_keeps_its_salt_and_drops_what_is_gone(repo: Repo) -> None:
    cli.main(["baseline", "create"])
    first = (repo.path / baseline.OURS).read_text()
    cli.main(["baseline", "create"])
    assert (repo.path / baseline.OURS).read_text() == first
    repo.commit("second", {"b.py": f"other = '{OTHER}'\n"})
    cli.main(["baseline", "create"])
    second = (repo.path / baseline.OURS).read_text()
    assert set(json.loads(first)["known"][0].items()) <= set(json.loads(second)["known"][0].items())
    assert len(json.loads(second)["known"]) == 2
    assert len(base64.b64decode(json.loads(second)["by"].rpartition("$")[2])) == baseline.SALT_SIZE


def test_a_baseline_of_detect_secrets_is_read_by_scans_too(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"type": "GitHub Token", "filename": "a.py", "hashed_secret": hashlib.sha1(TOKEN.encode()).hexdigest()}
    repo.write({".secrets.baseline": json.dumps({"version": "1.5.0", "results": {"a.py": [row]}})})
    assert scan(capsys) == []
    elsewhere = repo.path.parent / "elsewhere.json"
    (repo.path / ".secrets.baseline").rename(elsewhere)
    repo.write({".secrets.baseline": "{}"})
    assert scan(capsys, "--baseline", str(elsewhere)) == []
    assert cli.main(["scan", ".", "--no-state"]) == Exit.USAGE
    assert cli.main(["scan", ".", "--no-state", "--baseline", "none.json"]) == Exit.USAGE


def test_the_hook_reads_our_baseline_and_the_ignore_file(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"b.py": f"token = '{OTHER}'\n"})
    assert hook.main([]) == hook.FOUND
    assert cli.main(["baseline", "ignore", "b.py:1", "--reason", "a stand-in of the tests"]) == Exit.DONE
    text = (repo.path / baseline.IGNORED).read_text()
    assert text.startswith("# a stand-in of the tests\nscrypt$16384$8$1$")
    assert hook.main([]) == hook.NOTHING
    repo.stage({"b.py": f"\n\nmoved = '{OTHER}'\n"})
    assert hook.main([]) == hook.NOTHING
    repo.stage({"b.py": f"\n\nmoved = '{TOKEN}'\n"})
    assert hook.main([]) == hook.FOUND
    repo.stage({"b.py": "\n"})
    repo.stage({"c.py": f"token = '{OTHER}'\n"})
    assert hook.main([]) == hook.FOUND, "another file"
    repo.write({baseline.IGNORED: "", baseline.OURS: ""})
    assert cli.main(["baseline", "create", "-o", "mine.json"]) == Exit.DONE
    assert hook.main(["--baseline", "mine.json"]) == hook.NOTHING


def test_neither_file_is_a_finding_itself(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """Scanners that report their own baselines are a known nuisance."""
    salt = Salt(bytes(range(100, 116)))
    kinds = [rule.kind for rule in rules.load().rules if rule.provider in ("generic", "github", "aws", "datadog")]
    made = [Entry(f"src/{kind}_token.py", kind, salt, hashlib.md5(kind.encode()).hexdigest()) for kind in kinds]
    repo.write({"a.py": "", baseline.OURS: baseline.document(salt, made)})
    lines = [f"# why {kind} is a password, token or secret: {number}\n" for number, kind in enumerate(kinds)]
    told = [line + baseline.ignore_line(one) + "\n" for line, one in zip(lines, made, strict=True)]
    repo.write({baseline.IGNORED: "".join(told)})
    row = {"type": "x", "filename": "a.py", "hashed_secret": hashlib.sha1(TOKEN.encode()).hexdigest()}
    repo.write({".secrets.baseline": json.dumps({"version": "1.5.0", "results": {"a.py": [row]}}, indent=2)})
    repo.git("add", "-A")
    assert hook.main([]) == hook.NOTHING
    shown = scan(capsys, "--history", "none", "--no-baseline")
    assert [(one["kind"], place["path"], place["line"]) for one in shown for place in one["places"]] == []


def test_ignoring_twice_adds_nothing_and_a_line_without_a_credential_is_refused(repo: Repo) -> None:
    assert cli.main(["baseline", "ignore", "a.py:2"]) == Exit.DONE
    text = (repo.path / baseline.IGNORED).read_text()
    assert cli.main(["baseline", "ignore", "a.py:2"]) == Exit.DONE
    assert (repo.path / baseline.IGNORED).read_text() == text
    assert cli.main(["baseline", "ignore", "a.py:1"]) == Exit.USAGE
    assert cli.main(["baseline", "ignore", "a.py"]) == Exit.USAGE
    assert cli.main(["baseline", "ignore"]) == Exit.USAGE


def test_comments_of_ours_and_of_gitleaks_excuse_in_scans(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    for comment in ("gitleaks:allow", "offkey:allow"):
        repo.write({"b.py": f"other = '{OTHER}'  # {comment}\n"})
        assert len(scan(capsys)) == 1
    repo.write({"b.py": f"# offkey:allow nextline\nother = '{OTHER}'\n"})
    assert len(scan(capsys)) == 1
    repo.write({"b.py": f"# offkey:allow\nother = '{OTHER}'\n"})
    assert len(scan(capsys)) == 2


def test_an_export_for_detect_secrets_says_that_it_can_be_guessed_at_and_leaves_passwords_out(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    password = "Vq7-" + "tR9x"
    repo.commit("more", {"db.py": f"URL = 'postgres://app:{password}@db.internal/x'\n"})
    assert len(scan(capsys)) == 2
    assert cli.main(["baseline", "export", "--format", "detect-secrets"]) == Exit.DONE
    said = capsys.readouterr().err
    assert "bare SHA-1" in said
    assert "1 of 2 credentials" in said
    text = (repo.path / ".secrets.baseline").read_text()
    assert hashlib.sha1(TOKEN.encode()).hexdigest() in text
    assert hashlib.sha1(password.encode()).hexdigest() not in text
    assert TOKEN not in text
    assert [one["kind"].partition(".")[0] for one in scan(capsys)] != ["github"]
    assert cli.main(["baseline", "export"]) == Exit.USAGE


def test_detect_secrets_takes_the_export_for_its_own(repo: Repo) -> None:
    from detect_secrets.core import baseline as theirs

    assert cli.main(["baseline", "export", "--format", "detect-secrets"]) == Exit.DONE
    loaded = theirs.load(theirs.load_from_file(".secrets.baseline"), ".secrets.baseline")
    assert {secret.secret_hash for _, secret in loaded} == {hashlib.sha1(TOKEN.encode()).hexdigest()}
    assert {secret.line_number for _, secret in loaded} == {2}
