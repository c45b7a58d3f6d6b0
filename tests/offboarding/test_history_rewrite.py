"""What is written to rewrite a history: no value in it, and a script that reads the values again from the clone."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from offboarding import cli, mirror
from offboarding.demo.simulators import tokens
from offboarding.evidence_kit.rewrite_history import by_chance, rule
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.remedy import history, occurrences
from offkey.errors import Exit, UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Place, Plan, Span, to_json
from offkey.secret import Secret
from scanner.repository.git import Git
from tests.builders import ANN, BOB, Repo, clean_environment
from tests.offboarding.cases import leaked, plan_of, ticking

RAW = b"k" * 32
FILTER_REPO = shutil.which("git-filter-repo") or find_spec("git_filter_repo")


@dataclass
class Past:
    """A repository in whose history a token and a private key lie, no tip holds them, and a run that knows of both."""

    root: Path
    repo: Repo
    values: tuple[str, str]
    plan: Plan

    def command(self, *words: str) -> int:
        return cli.main(["--config", str(self.root / "offkey.toml"), "history-rewrite", self.plan.run, *words])

    def folder(self) -> Path:
        assert self.command("-o", str(self.root / "kit")) == Exit.DONE
        return self.root / "kit"

    def script(self, clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.root / "kit" / "rewrite_history.py"), "1", str(clone), *words]
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        environment = clean_environment(**kept)
        beside = Path(sys.executable).parent  # where pip has put git-filter-repo, a git command
        environment["PATH"] = f"{beside}{os.pathsep}{environment['PATH']}"
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def span_in(repo: Repo, kind: str, oid: str, value: str) -> Place:
    content = Git(repo.path).run("cat-file", kind, oid)
    start = content.index(value.encode())
    return Place(
        repo=str(repo.path), object=oid, object_type=kind, path="old.py" if kind == "blob" else "", line=1, column=1,
        spans=(Span(part="secret", start=start, end=start + len(value)),),
    )  # fmt: skip


@pytest.fixture
def past(tmp_path: Path) -> Past:
    token, key = tokens.npm("of the past"), tokens.private_key_pem("of the past").strip()
    repo = Repo.create(tmp_path / "app")
    repo.commit("begin", {"old.py": f'TOKEN = "{token}"\n', "id_key": f"{key}\n"}, author=BOB)
    said = repo.commit(f"oops, {token}", {"README": "hello\n"}, author=BOB)
    places = [span_in(repo, "blob", repo.head("HEAD:old.py"), token), span_in(repo, "commit", said, token)]
    other = span_in(repo, "blob", repo.head("HEAD:id_key"), key)
    repo.commit("out", {"old.py": "TOKEN = 1\n"}, delete=("id_key",), author=ANN)
    organisation = OrgKey(Secret(RAW))
    points = [
        replace(
            leaked(kind, value),
            fingerprint=organisation.fingerprint(kind, {"secret": value.encode()}),
            places=tuple(where),
        )
        for kind, value, where in (("npm.token", token, places), ("private_key", key, [other]))
    ]
    points = [replace(point, id=f"leak:{number}") for number, point in enumerate(points)]
    plan = plan_of(*points, key_id=organisation.id)
    (tmp_path / "key").write_bytes(RAW)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "offkey.toml").write_text('[organisation]\nkey = "file:key"\nstate = "state"\n')
    (tmp_path / "state").mkdir(mode=0o700)
    store = Store.open(tmp_path / "state")
    Ledger(store, ticking(), "offkey").append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
    store.close()
    mirror.make(tmp_path / "state", plan.run, str(repo.path))
    return Past(tmp_path, repo, (token, key), plan)


def everything(repo: Path) -> bytes:
    """Every object of a repository, reachable or not."""
    listed = Git(repo).run("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").decode()
    return b"".join(Git(repo).run("cat-file", *row.split()) for row in listed.splitlines())


def test_the_folder_holds_addresses_instructions_and_a_script_and_no_value(past: Past) -> None:
    folder = past.folder()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(files) == ["README.md", "addresses.json", "rewrite_history.py"]
    for value in past.values:
        assert not [
            name for name, content in files.items() if value.encode() in content or value[5:30].encode() in content
        ]
    readme = files["README.md"].decode()
    for word in ("Forks", "refs/pull", "clone anew", "caches", "offkey runs none of this"):
        assert word.lower() in readme.lower()
    (listed,) = json.loads(files["addresses.json"])["repositories"]
    assert {row["object_type"] for row in listed["places"]} == {"blob", "commit"}


def test_the_script_reads_the_values_from_the_clone_and_leaves_no_file_behind(past: Past, tmp_path: Path) -> None:
    past.folder()
    clone = past.repo.clone(tmp_path / "clone.git", "--mirror")
    before = clone.git("for-each-ref")
    done = past.script(clone.path)
    assert done.returncode == 0, done.stderr
    assert "2 values were read" in done.stdout
    path = Path(done.stdout.split("--replace-text ")[1].split()[0])
    assert not path.exists()
    assert clone.git("for-each-ref") == before
    assert not any(value in done.stdout + done.stderr for value in past.values)


def test_a_clone_without_the_objects_is_said_and_nothing_is_run(past: Past, tmp_path: Path) -> None:
    past.folder()
    done = past.script(Repo.create(tmp_path / "empty", bare=True).path, "--run")
    assert done.returncode == 1
    assert "nothing to rewrite" in done.stderr


@pytest.mark.skipif(not FILTER_REPO, reason="git-filter-repo is not installed")
def test_the_rewritten_clone_has_no_value_in_any_object(past: Past, tmp_path: Path) -> None:
    past.folder()
    clone = tmp_path / "clone.git"
    subprocess.run(
        ["git", "clone", "-q", "--mirror", f"file://{past.repo.path}", str(clone)], env=clean_environment(), check=True
    )
    assert all(value.encode() in everything(clone) for value in past.values)
    done = past.script(clone, "--run")
    assert done.returncode == 0, done.stderr
    after = everything(clone)
    assert b"***REMOVED***" in after
    assert not any(value.encode() in after for value in past.values)


def test_the_literals_are_written_only_where_nobody_else_and_no_commit_gets_them(past: Past, tmp_path: Path) -> None:
    evidence, private = tmp_path / "evidence", tmp_path / "private"
    for folder in (evidence, private, tmp_path / "open"):
        folder.mkdir(mode=0o700)
    (tmp_path / "open").chmod(0o755)
    for name in ("manifest.json", "ledger.jsonl"):
        (evidence / name).write_text("{}")
    past.repo.path.chmod(0o700)
    for place in (evidence / "x", past.repo.path / "x", tmp_path / "open" / "x", private / "none" / "x"):
        assert past.command("--write-literals", str(place)) == Exit.USAGE
        assert not place.exists()
    (private / "taken").write_text("mine")
    assert past.command("--write-literals", str(private / "taken")) == Exit.USAGE
    assert past.command("--write-literals", str(private / "new")) == Exit.DONE
    content = (private / "new").read_bytes()
    assert stat.S_IMODE((private / "new").stat().st_mode) == 0o600
    assert rule(past.values[0].encode()) in content
    assert content.count(b"\n") == 2
    store = Store.open(tmp_path / "state")
    (event,) = [event for event in store.events(past.plan.run) if event.type == "literals.written"]
    store.close()
    assert event.body["values"] == 2


def test_a_value_that_no_line_can_hold_becomes_an_expression_that_fits_it_alone() -> None:
    made = rule(b"-----BEGIN\na+b==>c\r\n-----END")
    assert b"\n" not in made
    expression, _, replacement = made.removeprefix(b"regex:").rpartition(b"==>")
    assert re.fullmatch(expression, b"-----BEGIN\na+b==>c\r\n-----END")
    assert not re.fullmatch(expression, b"-----BEGIN\naab==>c\r\n-----END")
    assert replacement == b"***REMOVED***"


def test_a_run_without_a_value_in_a_history_is_a_usage_error(past: Past) -> None:
    with pytest.raises(UsageError, match="no credential of this run"):
        history.kit(plan_of())


@pytest.mark.parametrize("word", [b"billing", b"orders2024", b"x7Kp2"])
def test_a_password_that_is_a_word_is_taken_out_of_urls_and_of_nothing_else(word: bytes) -> None:
    kind, _, pattern = rule(word).removesuffix(b"==>***REMOVED***").partition(b":")
    text = b"the " + word + b" service: postgres://" + word + b":" + word + b"@db/" + word
    assert kind == b"regex"
    assert re.sub(pattern, b"#", text) == b"the " + word + b" service: postgres://" + word + b":#@db/" + word
    assert by_chance(word) == occurrences.by_chance(word.decode())


def test_a_token_is_taken_out_everywhere() -> None:
    for value in (tokens.npm("x"), "Zk3vQ9xT2mLw", "abcdefghijklmnopqrstuvwx"):
        assert rule(value.encode()) == b"literal:" + value.encode() + b"==>***REMOVED***"
        assert by_chance(value.encode()) == occurrences.by_chance(value) is False
