"""Remotes and submodules are read as git reads them, and nothing that a configuration names is followed or run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offboarding.remedy.locating import origin
from offkey.model import Gap
from scanner.repository import gitconfig
from scanner.repository.sources import nested, open_target
from tests.builders import Repo

READER = """
import sys
from scanner.repository import gitconfig
print(gitconfig.remotes(open(sys.argv[1], "rb").read()))
import git.cmd
try:
    print("started", git.cmd.Git(".").status())
except Exception:
    print("refused")
"""
HOSTILE = """
[include]
    path = {included}
[includeIf "gitdir:/"]
    path = {included}
[core]
    fsmonitor = {program}
    sshCommand = {program}
    pager = {program}
[alias]
    status = !{program}
    version = !{program}
[remote "origin"]
    url = https://git.corp.test/app.git
    uploadpack = {program}
"""


def canary(folder: Path, name: str) -> tuple[Path, Path]:
    """A program that leaves a file behind when it runs, and that file."""
    ran, program = folder / f"{name}-ran", folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho run >> {ran}\n")
    program.chmod(0o755)
    return program, ran


def test_a_hostile_configuration_runs_and_includes_nothing_and_git_is_never_started(tmp_path: Path) -> None:
    program, ran = canary(tmp_path, "evil")
    git, git_ran = canary(tmp_path, "git")
    included = tmp_path / "included"
    included.write_text('[remote "more"]\n\turl = https://evil.test/x.git\n')
    config = tmp_path / "config"
    config.write_text(HOSTILE.format(included=included, program=program))
    environment = {**os.environ, "PATH": f"{git.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", READER, str(config)], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines() == ["{'origin': 'https://git.corp.test/app.git'}", "refused"]
    assert not ran.exists()
    assert not git_ran.exists()
    subprocess.run([sys.executable, "-c", "import git"], check=False, env=environment)
    assert git_ran.exists(), "GitPython no longer starts git when it is imported: simplify gitconfig"


def test_it_works_where_there_is_no_git_program(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text('[remote "origin"]\n\turl = git@github.com:corp/app.git\n')
    environment = {**os.environ, "PATH": str(tmp_path), "GIT_PYTHON_REFRESH": "raise"}
    done = subprocess.run(
        [sys.executable, "-c", READER, str(config)], capture_output=True, text=True, check=True, env=environment
    )
    assert "git@github.com:corp/app.git" in done.stdout


def test_the_environment_is_left_as_it_was() -> None:
    before = dict(os.environ)
    gitconfig.remotes(b'[remote "a"]\nurl = x\n')
    assert dict(os.environ) == before


def test_remotes_are_those_that_git_itself_reads(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    urls = {
        "origin": "https://svc:pass;word#1@git.corp.test/app.git",
        "up stream": "git@github.com:corp/app.git",
        "Quoted": '/srv/a "quoted" \\ name',
        "umlaut": "https://git.corp.test/größe.git",
    }
    for name, url in urls.items():
        repo.git("config", f"remote.{name}.url", url)
    repo.git("config", "--add", "remote.origin.url", "https://second.test/app.git")
    read = gitconfig.remotes((tmp_path / "app/.git/config").read_bytes())
    assert set(read) == set(urls)
    for name in ("origin", "up stream", "umlaut"):
        assert read[name] == urls[name] == repo.git("config", "--get-all", f"remote.{name}.url").split("\n")[0]


def test_what_is_no_configuration_is_refused_without_quoting_it() -> None:
    for content in (b"password = hunter2\n", b'[remote "a"]\n\xff\xfe = hunter2\n', b"#" * (gitconfig.LIMIT + 1)):
        with pytest.raises(gitconfig.Unreadable) as caught:
            gitconfig.remotes(content)
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_the_address_of_a_clone_is_its_origin_or_its_only_remote(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    assert origin(repo.path) == ""
    repo.git("remote", "add", "upstream", "git@github.com:corp/app.git")
    assert origin(repo.path) == "git@github.com:corp/app.git"
    repo.git("remote", "add", "fork", "git@github.com:sam/app.git")
    assert origin(repo.path) == ""
    repo.git("remote", "add", "origin", "https://github.com/corp/other.git")
    assert origin(repo.path) == "https://github.com/corp/other.git"
    assert origin(tmp_path / "nowhere") == ""


def with_submodule(path: Path, gitmodules: str | None) -> Repo:
    repo = Repo.create(path)
    first = repo.commit("one", {"a": "text\n"} | ({".gitmodules": gitmodules} if gitmodules else {}))
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},libs/one")
    return repo


def gap_of(repo: Repo) -> str:
    gaps = [inner.why for inner in nested(open_target(repo.path)) if isinstance(inner, Gap)]
    return gaps[0] if len(gaps) == 1 else f"{len(gaps)} gaps"


def test_a_submodule_that_is_not_checked_out_is_named_with_its_address_but_no_credential(tmp_path: Path) -> None:
    url = "https://bot:hunter2hunter2@git.corp.test/one.git?token=hunter3"
    repo = with_submodule(tmp_path / "app", f'[submodule "x"]\n\tpath = libs/one\n\turl = {url}\n')
    assert gap_of(repo) == "a submodule that is not checked out, of https://git.corp.test/one.git"


@pytest.mark.parametrize("gitmodules", [None, "rubbish\n", '[submodule "x"]\n\tpath = elsewhere\n\turl = u\n'])
def test_a_submodule_without_a_readable_address_is_still_a_gap(tmp_path: Path, gitmodules: str | None) -> None:
    assert gap_of(with_submodule(tmp_path / "app", gitmodules)) == "a submodule that is not checked out"


def test_gitmodules_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    repo = with_submodule(tmp_path / "app", None)
    outside = tmp_path / "outside"
    outside.write_text('[submodule "x"]\n\tpath = libs/one\n\turl = https://elsewhere.test/\n')
    (repo.path / ".gitmodules").symlink_to(outside)
    assert gap_of(repo) == "a submodule that is not checked out"
