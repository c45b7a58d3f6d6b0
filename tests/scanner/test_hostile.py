"""A repository whose configuration names programs at every place git knows runs none of them (DESIGN rule 2)."""

import os
from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import github_classic
from scanner.repository.git import run_git
from scanner.repository.sources import open_target
from scanner.repository.worktree import staged_changes
from scanner.values import read_value
from scanner.workers.tasks import newer_objects
from tests.builders import Repo
from tests.scanner.conftest import Scan


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def program(tmp_path: Path, canary: Path, name: str) -> str:
    script = tmp_path / "bin" / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\necho {name} >> {canary}\ncat\n")
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def trap(tmp_path: Path, canary: Path) -> Repo:
    """Settings that start a program, in the repository's configuration, an included file, attributes and hooks."""
    repo = Repo.create(tmp_path / "trap")
    repo.commit("one", {"a.py": f"key = '{github_classic('one')}'\n", "b.txt": "text\n"})
    repo.commit("two", {".gitattributes": "* filter=evil diff=evil merge=evil working-tree-encoding=UTF-8\n"})

    def run(name: str) -> str:
        return program(tmp_path, canary, name)

    included = tmp_path / "included"
    included.write_text(f"[core]\n\tpager = {run('included-pager')}\n\tfsmonitor = {run('included-fsmonitor')}\n")
    settings = {
        "core.fsmonitor": run("fsmonitor"),
        "core.hooksPath": str(tmp_path / "hooks"),
        "core.pager": run("pager"),
        "core.editor": run("editor"),
        "core.sshCommand": run("ssh"),
        "core.gitProxy": run("proxy"),
        "core.askPass": run("askpass"),
        "core.alternateRefsCommand": run("alternate-refs"),
        "credential.helper": f"!{run('credential')}",
        "diff.external": run("diff-external"),
        "diff.evil.textconv": run("textconv"),
        "diff.evil.command": run("diff-command"),
        "filter.evil.clean": run("clean"),
        "filter.evil.smudge": run("smudge"),
        "filter.evil.process": run("process"),
        "filter.evil.required": "true",
        "merge.evil.driver": run("merge"),
        "gpg.program": run("gpg"),
        "gpg.ssh.program": run("gpg-ssh"),
        "log.showSignature": "true",
        "uploadpack.packObjectsHook": run("pack-objects"),
        "remote.origin.url": f"ext::sh -c {run('ext')}",
        "remote.origin.uploadpack": run("uploadpack"),
        "remote.origin.vcs": "evil",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "extensions.partialClone": "origin",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "alias.rev-parse": f"!{run('alias')}",
        "alias.cat-file": f"!{run('alias')}",
        "pager.rev-list": run("pager-rev-list"),
        "submodule.recurse": "true",
        "submodule.sub.update": f"!{run('submodule')}",
        "submodule.sub.url": f"ext::sh -c {run('submodule-ext')}",
        "includeIf.gitdir:/.path": str(included),
        "include.path": str(included),
        "core.worktree": "/",
    }
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "fsmonitor-watchman"):
        for folder in (tmp_path / "hooks", repo.path / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(Path(run(f"hook-{name}")).read_text())
            (folder / name).chmod(0o755)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},sub")
    repo.write({".gitmodules": f'[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c {run("gitmodules")}\n'})
    (repo.path / "sub").mkdir(exist_ok=True)
    # A blob that only the promisor could give, so that a lazy fetch would be tried.
    lost = repo.path / ".git" / "objects" / repo.blob("b.txt")[:2] / repo.blob("b.txt")[2:]
    lost.unlink()
    (repo.path / ".git" / "config").open("a").write(_as_config(settings))
    # Racy timestamps make git compare contents, which is when filters and fsmonitor would run.
    os.utime(repo.path / "a.py", (1, 1))
    canary.unlink(missing_ok=True)
    return repo


def _as_config(settings: dict[str, str]) -> str:
    lines = []
    for name, value in settings.items():
        section, _, key = name.rpartition(".")
        top, _, sub = section.partition(".")
        head = f'[{top} "{sub}"]' if sub else f"[{top}]"
        lines.append(f'{head}\n\t{key} = "{value}"\n')
    return "".join(lines)


def test_the_trap_works_when_git_is_run_carelessly(trap: Repo, canary: Path) -> None:
    os.system(f"cd {trap.path} && GIT_WORK_TREE=. git status >/dev/null 2>&1")
    assert canary.exists()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"jobs": 2},
        {"jobs": 2, "start_method": "spawn"},
        {"history": "none"},
        {"worktree": False},
        {"exhaustive": True},
        {"since": "HEAD~1"},
    ],
    ids=str,
)
def test_scanning_runs_no_program_of_the_repository(
    trap: Repo, canary: Path, look: Scan, options: dict[str, object]
) -> None:
    result = look(trap.path, **options)
    assert not canary.exists(), canary.read_text()
    assert result.examined.objects or result.examined.files
    if "since" not in options:
        assert [finding.kind for finding in result.findings] == ["github.pat.classic"]


def test_the_work_tree_is_the_folder_of_the_repository_whatever_its_configuration_says(trap: Repo, look: Scan) -> None:
    result = look(trap.path, history="none")
    assert {place.path for finding in result.findings for place in finding.places} == {"a.py"}


def test_reading_the_index_revisions_and_values_runs_no_program(trap: Repo, canary: Path, look: Scan) -> None:
    target = open_target(trap.path)
    assert target.git is not None
    list(staged_changes(target.git))
    list(newer_objects(target.git, "HEAD~1"))
    places = look(trap.path).findings[0].places
    assert [read_value(place) for place in places]
    assert not canary.exists(), canary.read_text()


def test_the_environment_of_git_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "admin")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "evil")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "alias.leak")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "!env")
    seen = run_git("-c", "alias.show-environment=!env", "show-environment", cwd=tmp_path).decode()
    assert "admin" not in seen
    assert "evil" not in seen
    assert "GIT_NO_LAZY_FETCH=1" in seen
    assert "GIT_CONFIG_KEY_0" not in seen
