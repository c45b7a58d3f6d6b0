"""A repository's edits as a git bundle of one new commit on its present tip. The repository itself is only read.

The commit is made in a temporary repository that borrows the other's objects (gitrepository-layout, info/alternates).
Its dates are those of the tip's committer: the same input gives the same commit, and no date tells when it was made.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from offboarding.remedy import local
from offboarding.remedy.branch import Author, commit
from offboarding.remedy.metadata import Mark, Words
from offboarding.remedy.owners.changes import Who
from offboarding.remedy.owners.editing import LARGEST, TOO_LARGE, Left, edit, why_not
from offkey.errors import OffkeyError
from scanner.repository.git import Git, run_git

TITLE = "Bring owners up to date"
STEM = "update-owners"


class NotOurs(OffkeyError):
    """Something else lies where the bundle would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was edited and left in one repository, by the line numbers of `base`; `file` is "" without a bundle."""

    base: str
    edited: tuple[Mark, ...] = ()
    left: tuple[Left, ...] = ()
    file: str = ""
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundler:
    """Where bundles go, and as whose commit; `prefix` is that of branches. `words` found what `who` is taken out of."""

    folder: Path
    prefix: str
    name: str
    email: str
    who: Who
    words: Words

    @property
    def branch(self) -> str:
        return f"{self.prefix}{STEM}"

    def propose(self, git: Git, base: str, repo: str, marks: Sequence[Mark]) -> Outcome:
        """Edit the files of the commit `base` that have marks, and write the bundle; none where nothing is edited.

        `repo` names the repository in the file's name. An older bundle of the same branch is replaced. Raises NotOurs,
        GitError, OSError.
        """
        files: dict[str, bytes] = {}
        edited: list[Mark] = []
        left: list[Left] = []
        for path, rows in groupby(marks, key=lambda mark: mark.path):
            here = tuple(rows)
            if content := _content(git, f"{base}:{path}", here, left):
                one = edit(path, content, here, self.who, self.words)
                edited += one.edited
                left += one.left
                if one.content != content:
                    files[path] = one.content
        if not files:
            return Outcome(base=base, left=tuple(left))
        file, made = self._write(git, base, repo, files)
        return Outcome(
            base=base, edited=tuple(edited), left=tuple(left), file=str(file), branch=self.branch, commit=made
        )

    def _write(self, git: Git, base: str, repo: str, files: Mapping[str, bytes]) -> tuple[Path, str]:
        file = local.bundle_file(self.folder.absolute(), repo, self.branch)
        with _borrowing(git) as draft:
            self._require_ours(draft, file)
            author = Author(name=self.name, email=self.email, at=_committed(draft, base))
            made = commit(draft, base, files, f"{TITLE}\n", author)
            local.write_bundle(draft, made, self.branch, base, file)
        return file, made

    def _require_ours(self, draft: Git, file: Path) -> None:
        if not file.exists() and not file.is_symlink():
            return
        plain = file.is_file() and not file.is_symlink()
        heads = draft.run("bundle", "list-heads", str(file), check=False) if plain else b""
        if [row.partition(b" ")[2] for row in heads.splitlines()] != [f"refs/heads/{self.branch}".encode()]:
            raise NotOurs(f"{file} is there, and is no bundle of ours", advice="move it away, or name another folder")


def _content(git: Git, name: str, marks: Sequence[Mark], left: list[Left]) -> bytes:
    """The file with the marks, or empty where it is none to edit; they are left then."""
    whys = [why_not(mark.path, mark.what) for mark in marks]
    if not all(whys) and int(git.run("cat-file", "-s", name)) > LARGEST:
        whys = [TOO_LARGE for _ in marks]
    left += [Left(mark, why) for mark, why in zip(marks, whys, strict=True) if why]
    return b"" if all(whys) else git.run("cat-file", "blob", name)


@contextmanager
def _borrowing(git: Git) -> Iterator[Git]:
    """An empty repository that has the objects of another one, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="offkey-", ignore_cleanup_errors=True) as folder:
        place = Path(folder) / "draft.git"
        run_git(
            "init", "--quiet", "--bare", "--template=", f"--object-format={git.object_format}", "--", str(place),
        )  # fmt: skip
        (place / "objects" / "info").mkdir(exist_ok=True)
        (place / "objects" / "info" / "alternates").write_bytes(_quoted(git.common_dir / "objects") + b"\n")
        shallow = git.common_dir / "shallow"
        if shallow.is_file():
            (place / "shallow").write_bytes(shallow.read_bytes())
        yield Git(place)


def _quoted(path: Path) -> bytes:
    """A path as git reads it between quotes, whatever it holds."""
    return b'"' + b"".join(b"\\%03o" % byte if byte in b'"\\\n' else bytes([byte]) for byte in bytes(path)) + b'"'


def _committed(git: Git, base: str) -> datetime:
    """When the tip was committed; the beginning of time where the commit does not say it in earnest."""
    told = git.run("show", "--no-patch", "--format=%ct", base).strip()
    try:
        return datetime.fromtimestamp(max(int(told), 0), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
