"""A run's copies: complete, private, pinned, and made without touching what they were made from."""

import hashlib
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import rules
from offboarding import mirror
from offboarding.demo.simulators import tokens
from offboarding.state import run_lock
from offkey.model import AccessPoint, Finding
from scanner.repository.git import Git
from scanner.scan import Options, scan
from scanner.values import ValueGone
from tests.builders import Repo
from tests.offboarding.cases import KEY

RUN = "run-1"


def value(seed: str) -> str:
    return tokens.slack_user(seed)


def found(path: Path) -> tuple[Finding, ...]:
    return scan([str(path)], rules.load(), KEY, Options(jobs=1)).findings


def point(finding: Finding) -> AccessPoint:
    return AccessPoint(
        id="x", provider="slack", kind=finding.kind, fingerprint=finding.fingerprint, places=finding.places
    )


def snapshot(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        whole.update(f"{path.relative_to(folder)} {status.st_mode} {status.st_mtime_ns}".encode())
        whole.update(path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()


@pytest.fixture
def app(tmp_path: Path) -> Repo:
    """Values on a branch, in a stash, in a commit that nothing reaches, and in a file that git ignores."""
    repo = Repo.create(tmp_path / "app")
    repo.commit("begin", {"a.py": "a = 1\n", ".gitignore": ".env\n"})
    repo.commit("token", {"a.py": f"token = '{value('branch')}'\n"})
    repo.commit("gone again", {"a.py": "a = 2\n"})
    repo.stash({"a.py": f"token = '{value('stash')}'\n"})
    repo.dangling({"b.py": f"token = '{value('dangling')}'\n"})
    repo.write({".env": f"TOKEN={value('ignored')}\n"})
    return repo


def copied(state: Path, repo: Repo) -> tuple[Git, tuple[Finding, ...]]:
    findings = found(repo.path)
    copy = mirror.make(state, RUN, str(repo.path))
    assert mirror.pin(copy, RUN, str(repo.path), findings) == []
    return copy, findings


def test_every_value_can_be_read_from_the_copy_alone_even_when_the_original_is_gone(tmp_path: Path, app: Repo) -> None:
    _, findings = copied(tmp_path / "state", app)
    assert len(findings) == 4
    app.path.rename(tmp_path / "moved away")
    read = mirror.reader(tmp_path / "state", RUN, KEY)
    values = {read(point(finding)).secret.reveal().decode() for finding in findings}
    assert values == {value(seed) for seed in ("branch", "stash", "dangling", "ignored")}


def test_the_original_is_not_written_to(tmp_path: Path, app: Repo) -> None:
    before = snapshot(app.path)
    copied(tmp_path / "state", app)
    assert snapshot(app.path) == before


def test_the_copy_is_private_and_its_objects_survive_a_gc(tmp_path: Path, app: Repo) -> None:
    copy, findings = copied(tmp_path / "state", app)
    assert stat.S_IMODE(copy.git_dir.stat().st_mode) == 0o700
    copy.run("gc", "--prune=now", "--quiet")
    read = mirror.reader(tmp_path / "state", RUN, KEY)
    assert all(read(point(finding)) for finding in findings)


def test_a_hook_or_program_in_the_original_does_not_run(tmp_path: Path, app: Repo) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.alternateRefsCommand"):
        app.config(key, str(trap))
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc"):
        (app.path / ".git" / "hooks" / hook).symlink_to(trap)
    copied(tmp_path / "state", app)
    assert not (tmp_path / "sprung").exists()


def test_a_plain_folder_gets_a_copy_of_the_files_that_matter(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "notes.txt").write_text(f"token {value('plain')}\n")
    findings = found(folder)
    copy = mirror.make(tmp_path / "state", RUN, str(folder))
    assert mirror.pin(copy, RUN, str(folder), findings) == []
    (folder / "notes.txt").unlink()
    credential = mirror.reader(tmp_path / "state", RUN, KEY)(point(findings[0]))
    assert credential.secret.reveal().decode() == value("plain")


def test_a_file_that_changed_meanwhile_is_a_gap(tmp_path: Path, app: Repo) -> None:
    findings = found(app.path)
    (app.path / ".env").write_text("TOKEN=changed\n")
    copy = mirror.make(tmp_path / "state", RUN, str(app.path))
    (gap,) = mirror.pin(copy, RUN, str(app.path), findings)
    assert "changed while it was being planned" in gap.why


def test_another_value_or_another_key_is_gone(tmp_path: Path, app: Repo) -> None:
    _, findings = copied(tmp_path / "state", app)
    read = mirror.reader(tmp_path / "state", RUN, KEY)
    other = replace(point(findings[0]), fingerprint=findings[1].fingerprint)
    with pytest.raises(ValueGone):
        read(other)


def test_after_the_run_the_copies_are_gone_and_nothing_can_be_read(tmp_path: Path, app: Repo) -> None:
    _, findings = copied(tmp_path / "state", app)
    mirror.delete(tmp_path / "state", RUN)
    assert not (tmp_path / "state" / "runs" / RUN / "mirrors").exists()
    with pytest.raises(ValueGone, match="copy"):
        mirror.reader(tmp_path / "state", RUN, KEY)(point(findings[0]))


def test_copies_of_a_run_that_never_reached_the_ledger_are_swept_away(tmp_path: Path) -> None:
    """A plan killed half-way leaves its copies; the next one removes them, but none of a run that somebody holds."""
    state, now = tmp_path / "state", datetime.now(UTC)
    repo = Repo.create(tmp_path / "app")
    repo.commit("begin", {"a": "b"})
    for run in ("known", "killed", "held"):
        mirror.make(state, run, str(repo.path))
    with run_lock(state, "held", now):
        mirror.sweep(state, {"known"}, now)
    left = {run for run in ("known", "killed", "held") if (state / "runs" / run / "mirrors").exists()}
    assert left == {"known", "held"}
