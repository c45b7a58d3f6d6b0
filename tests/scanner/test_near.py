"""What is answered without git is what git answers; and what a repository is, likewise."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.commits.authors import read_credits
from scanner.commits.history import Node
from scanner.commits.near import Near
from scanner.options import Options
from scanner.repository.git import Git, _opened
from scanner.repository.layout import layout
from scanner.workers.tasks import forest_of
from scanner.workers.work import Outcome
from tests.builders import Repo, clean_environment
from tests.needs import KERNEL

PLAIN = "A U Thor <author@example.com> 1600000000 +0100"
PEOPLE = [
    PLAIN,
    "Ünï Cödé <u@example.com> 1 -0000",
    "<nameless@example.com> 1600000000 +0000",
    "No Address <> 1600000000 +0000",
    "  Spaced  Out  < spaced@example.com > 1600000000 +0000",
    "Dotted. <dot.@example.com.> 1600000000 +0000",
    '"Quoted" <"q"@example.com> 1600000000 +0000',
    "Two <a@example.com> <b@example.com> 1600000000 +0000",
    "Open <open@example.com 1600000000 +0000",
    "Dateless <d@example.com>",
    "Far <f@example.com> 99999999999999999999 +0000",
    "Later <l@example.com> 9999999999 +9999",
    "Minus <m@example.com> -5 +0000",
    "",
]
MESSAGES = [
    "\nsubject\n",
    "\nsubject\n\nThis reverts commit 1234567.\n",
    "\nThis reverts commit 1234567 in its subject\n",
    "\n\n\nsubject\n \t\n(cherry picked from commit 1234567)\n",
    "\nsubject\nsecond line\n\nbody\n\nCo-authored-by: Bob <bob@example.com>\n",
    "\nsubject\n\nCO-AUTHORED-BY: bob\n",
    "\n",
    "",
    "\nno line end",
    "\n \t\n\n  indented \n second\t\n third\n \n \n body \n\n",
    "\nsubject\n\f\nthe same paragraph\n\v\n\nbody\n",
    "\n \t",
    "\n   \n\n",
    "\nsubject\r\n\r\nThis reverts commit 1\r\n",
]
HEADERS = [
    "",
    "encoding ISO-8859-1\n",
    "gpgsig -----BEGIN\n line\n \n -----END\n",
    "mergetag object 1\n type commit\n",
    "odd\n",
]


def near_of(git: Git, *commits: str) -> Near:
    forest = forest_of(git, 0, Options(limit=1 << 20))
    for oid in commits:  # what the workers would tell
        head = git.run("cat-file", "-p", oid).partition(b"\n\n")[0]
        forest.add(Outcome(headers=bytearray(b"%s commit %d\n%s\n" % (oid.encode(), len(head), head))))
    return Near(forest)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo.create(tmp_path_factory.mktemp("near") / "r", bare=True)


@KERNEL
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    author=st.sampled_from(PEOPLE),
    committer=st.sampled_from(PEOPLE),
    message=st.sampled_from(MESSAGES),
    header=st.sampled_from(HEADERS),
    raw=st.booleans(),
)
def test_who_stands_in_a_commit(
    shared: Repo, author: str, committer: str, message: str, header: str, raw: bool
) -> None:
    tree = shared.git("mktree")
    text = f"tree {tree}\nauthor {author}\ncommitter {committer}\n{header}{message}"
    content = text.encode("latin-1" if raw else "utf-8")
    oid = shared.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content)
    git = Git(shared.path)
    node = Node(oid, "commit", tree, "", ())
    assert read_credits(git, [node], near_of(git).records) == read_credits(git, [node])


@KERNEL
def test_an_ordinary_commit_is_read_without_git(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r", bare=True)
    tree = repo.git("mktree")
    text = f"tree {tree}\nauthor {PLAIN}\ncommitter {PLAIN}\n\nsubject\n"
    oid = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode())
    node = Node(oid, "commit", tree, "", ())
    assert near_of(Git(repo.path)).records([node]) is not None


@KERNEL
def test_a_mailmap_is_left_to_git(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    oid = repo.commit("one", {".mailmap": "Somebody <else@example.com> <ann@example.com>\n"})
    node = Node(oid, "commit", repo.git("rev-parse", "HEAD^{tree}"), "", ())
    git = Git(repo.path)
    assert near_of(git, oid).records([node]) is None
    assert read_credits(git, [node], near_of(git, oid).records)[0][oid].author.email == "else@example.com"


LINES = st.sampled_from(
    [
        "[core]",
        "\trepositoryformatversion = 0",
        "\trepositoryformatversion = 1",
        "\tbare = true",
        "\tbare = false",
        "\tBare = true",
        "\tfilemode = true",
        "\tworktree = /nowhere",
        "[extensions]",
        "\tobjectFormat = sha256",
        '[remote "origin"]',
        "\turl = https://example.com/a.git",
        "\tfetch = +refs/heads/*:refs/remotes/origin/*",
        "# a note",
        "\tcontinued = a \\",
        "[include]",
        "\tpath = other",
        "nonsense line",
        '[branch "x" "y"]',
        "",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=8), bare=st.booleans(), keep=st.booleans())
def test_what_a_repository_is(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], bare: bool, keep: bool
) -> None:
    repo = Repo.create(tmp_path_factory.mktemp("layout") / "r", bare=bare)
    folder = repo.path if bare else repo.path / ".git"
    before = (folder / "config").read_text() if keep else ""
    (folder / "config").write_text(before + "\n".join(lines) + "\n")
    if (known := layout(str(repo.path))) is not None:
        assert _opened(repo.path) == (Path(known.git_dir), Path(known.git_dir), known.bare, "sha1")
    if keep and not lines:
        assert known is not None


@pytest.mark.parametrize("bare", [True, False])
def test_what_is_no_ordinary_repository_is_left_to_git(tmp_path: Path, bare: bool) -> None:
    def fresh(name: str) -> tuple[Path, Path]:
        repo = Repo.create(tmp_path / name, bare=bare)
        return repo.path, repo.path if bare else repo.path / ".git"

    path, folder = fresh("plain")
    assert layout(str(path)) is not None
    link = tmp_path / "link"
    link.symlink_to(path)
    assert layout(str(link)) == layout(str(path))
    for name in ("HEAD", "objects", "refs", "config"):
        path, folder = fresh(f"without-{name}")
        os.rename(folder / name, folder / "elsewhere")
        assert layout(str(path)) is None, name
        (folder / name).symlink_to("elsewhere")
        assert layout(str(path)) is None, name
    path, folder = fresh("common")
    (folder / "commondir").write_text("..\n")
    assert layout(str(path)) is None
    path, folder = fresh("head")
    (folder / "HEAD").write_text("nonsense\n")
    assert layout(str(path)) is None
    path, folder = fresh("pipe")
    os.remove(folder / "HEAD")
    os.mkfifo(folder / "HEAD")
    assert layout(str(path)) is None


def test_a_repository_of_another_user_is_left_to_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.create(tmp_path / "r")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert layout(str(repo.path)) is None


def test_bare_repositories_are_refused_where_the_user_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scanner.repository.giterrors import DubiousOwnership

    repo = Repo.create(tmp_path / "r", bare=True)
    settings_file = tmp_path / "gitconfig"
    settings_file.write_text("[safe]\n\tbareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings_file))
    asked = subprocess.run(
        ["git", "rev-parse"], cwd=repo.path, env=clean_environment(GIT_CONFIG_GLOBAL=str(settings_file)), check=False
    )
    if asked.returncode:  # older git does not know the setting
        with pytest.raises(DubiousOwnership):
            Git(repo.path)
