"""The one way in which offkey starts git (DESIGN rule 2).

A repository is data written by strangers, and its configuration can name programs to run. So every call gets an
environment built from nothing, settings on the command line (they win over the repository's own) that switch
programs off, no protocols unless a clone asks for them, and only plumbing that applies no filter or textconv.
"""

import os
import subprocess  # noqa: TID251 - the wrapper itself
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from offkey.errors import OffkeyError, UsageError
from scanner.repository.gitenv import command, environment, mask
from scanner.repository.giterrors import GitError, GitMissing, GitSilent, failure
from scanner.repository.gitprocess import GitProcess, Silence, end_with_us, records, widen
from scanner.repository.layout import layout

OPENING = 60
"""Seconds for git to say what a repository is: it reads a few small files."""


def run_git(
    *args: str,
    cwd: Path | None = None,
    input: bytes | None = None,
    check: bool = True,
    protocols: tuple[str, ...] = (),
    extra: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> bytes:
    """Run git to its end and return its output.

    `extra` adds variables (author identity for a commit in our own mirror). Raises GitError unless `check` is off,
    in which case a failure gives what was printed so far; GitSilent when it has not ended after `seconds`.
    """
    try:
        done = subprocess.run(
            command(args, protocols),
            cwd=cwd,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            env=environment(protocols) | dict(extra or {}),
            check=False,
            timeout=seconds,
            # A clone writes to the disk: no closed pipe would end it when we are killed.
            preexec_fn=end_with_us if protocols else None,
        )
    except subprocess.TimeoutExpired as error:
        raise _silent(cwd, seconds) from error
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _cannot_start(cwd) from error
    if check and done.returncode:
        raise failure(done.stderr, cwd)
    return done.stdout


def _cannot_start(cwd: Path | None) -> OffkeyError:
    if cwd is not None and not os.path.isdir(cwd):
        return UsageError(f"{cwd}: no such folder", advice="name an existing repository, folder or file")
    if cwd is not None and not os.access(cwd, os.X_OK):
        return GitError(f"{cwd}: permission denied", advice="run as a user who may read the repository")
    return GitMissing("the git program was not found", advice="install git and put it on PATH")


def _silent(where: Path | None, seconds: float | None) -> GitSilent:
    advice = "is a .gitignore, or a file in .git, a pipe or device? Remove it; else try again on a less busy machine"
    return GitSilent(f"{where or 'git'}: git said nothing for {seconds:g} seconds and was ended", advice=advice)


@dataclass(frozen=True)
class Git:
    """A repository on disk: where it is and how to ask it. Cheap to pickle: holds paths only.

    `work_tree` is the folder that holds `.git`, never what `core.worktree` says, or None for a bare repository.
    Raises UsageError (no such path), NotARepository, DubiousOwnership, GitError.
    """

    path: Path
    git_dir: Path = field(init=False)
    common_dir: Path = field(init=False)
    work_tree: Path | None = field(init=False)
    object_format: str = field(init=False)
    _tree: Path | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = Path(self.path).absolute()
        if not os.path.isdir(path):
            raise UsageError(f"{self.path}: no such folder", advice="name an existing repository, folder or file")
        known = layout(str(path))
        if known is not None and (not known.bare or _bare_is_allowed(tuple(sorted(environment().items())))):
            git_dir = common = Path(known.git_dir)
            bare, object_format, work_tree = known.bare, "sha1", None if known.bare else path
        else:
            git_dir, common, bare, object_format = _opened(path)
            work_tree = None if bare else _holder_of(path, git_dir)
        for name, value in (
            ("path", path),
            ("git_dir", git_dir),
            ("common_dir", common),
            ("object_format", object_format),
            ("work_tree", work_tree),
            # A submodule's repository in .git/modules names a folder, perhaps a gone one, that we do not go to.
            ("_tree", None if bare else work_tree or git_dir),
        ):
            object.__setattr__(self, name, value)

    @property
    def bare(self) -> bool:
        return self.work_tree is None

    @property
    def hash_size(self) -> int:
        """Bytes of an object id."""
        return 32 if self.object_format == "sha256" else 20

    def arguments(self, *args: str) -> list[str]:
        """`args` behind options that pin this repository, whatever its configuration says."""
        tree = [f"--work-tree={self._tree}"] if self._tree else []
        return [f"--git-dir={self.git_dir}", *tree, *args]

    def run(
        self, *args: str, input: bytes | None = None, check: bool = True, extra: Mapping[str, str] | None = None
    ) -> bytes:
        """Run git in this repository and return its output. Raises GitError when it fails and `check` is on."""
        cwd = self.work_tree or self.git_dir
        return run_git(*self.arguments(*args), cwd=cwd, input=input, check=check, extra=extra)

    @contextmanager
    def popen(self, *args: str, bound: bool = False) -> Iterator[GitProcess]:
        """A long-lived git process with pipes on both ends; ended and reaped on leaving the block.

        When we are killed, it sees that its pipes are closed. `bound` is for one that might not look at them.
        """
        with tempfile.TemporaryFile() as stderr:
            process = subprocess.Popen(
                command(self.arguments(*args)),
                cwd=self.work_tree or self.git_dir,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(),
                bufsize=1 << 18,
                preexec_fn=end_with_us if bound else None,  # noqa: PLW1509 - one system call, no lock is taken
            )
            assert process.stdin is not None
            assert process.stdout is not None
            widen(process.stdout.fileno())
            talk = GitProcess(process.stdin, process.stdout, process, stderr)
            try:
                yield talk
            finally:
                talk.close()

    def stream(
        self,
        *args: str,
        separator: bytes = b"\n",
        told: Callable[[str], None] | None = None,
        seconds: float | None = None,
    ) -> Iterator[bytes]:
        """The records that git prints, one by one, without their separator.

        `told` hears each different line of what git said on standard error though it ended well. Raises GitError after
        the last record when git ended with a failure: what came before is still good. Raises GitSilent, and ends git,
        when no record comes for `seconds`.
        """
        with self.popen(*args, bound=seconds is not None) as process:
            process.stdin.close()
            yield from self._records(process, separator, seconds)
            if told is not None:
                for line in dict.fromkeys(mask(process.said().decode(errors="replace")).splitlines()):
                    told(line)

    def _records(self, process: GitProcess, separator: bytes, seconds: float | None = None) -> Iterator[bytes]:
        try:
            yield from records(process.stdout, separator, seconds)
        except Silence as error:
            raise _silent(self.path, seconds) from error
        if process.wait():
            raise failure(process.said(), self.path)


def _opened(path: Path) -> tuple[Path, Path, bool, str]:
    """What git says: its folder, the one it shares with other work trees, whether it is bare, and its kind of ids."""
    # No GIT_DIR here: naming the repository would switch off git's ownership check.
    asked = ("--show-object-format", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir")
    object_format, bare, *folders = os.fsdecode(_asked(path, *asked)).split("\n")[:-1]
    if len(folders) > 2:  # a line break in the path: each alone is what is printed
        folders = [os.fsdecode(_asked(path, option))[:-1] for option in asked[2:]]
    return Path(folders[0]), (path / folders[1]).resolve(), bare == "true", object_format


@lru_cache(maxsize=4)
def _bare_is_allowed(variables: tuple[tuple[str, str], ...]) -> bool:
    """Whether this user's git opens bare repositories that it finds by itself (safe.bareRepository)."""
    said = run_git("config", "--get", "safe.bareRepository", cwd=Path(os.path.abspath(os.sep)), check=False)
    return said.strip().lower() != b"explicit"


def _asked(path: Path, *options: str) -> bytes:
    """What `git rev-parse` says in a folder, also in a submodule's own whose work tree is gone."""
    try:
        return run_git("rev-parse", *options, cwd=path, seconds=OPENING)
    except GitError:
        if not looks_bare(path):
            raise
        return run_git("rev-parse", *options, cwd=path, seconds=OPENING, extra={"GIT_WORK_TREE": str(path)})


def looks_bare(path: Path) -> bool:
    """Whether a folder has what a git folder has; git itself decides."""
    return all((path / part).exists() for part in ("HEAD", "objects", "refs"))


def _holder_of(path: Path, git_dir: Path) -> Path | None:
    """The folder at or above `path` whose `.git` leads to `git_dir`; None for a path inside the git folder itself."""
    wanted = git_dir.resolve()
    for folder in (path, *path.parents):
        if folder.resolve() == wanted:
            # Named by its inside: `.git` of a work tree still has one beside it.
            return folder.parent if folder.name == ".git" else None
        if led_to(folder / ".git") == wanted:
            return folder
    return None


def led_to(link: Path) -> Path | None:
    """Where a `.git` leads: itself when it is a folder, the path inside when it is a file, None when it is neither."""
    if os.path.isdir(link):
        return link.resolve()
    if not os.path.isfile(link):
        return None
    try:
        text = os.fsdecode(link.read_bytes()[:4096])
    except OSError:
        return None
    return (link.parent / text.removeprefix("gitdir:").strip()).resolve() if text.startswith("gitdir:") else None
