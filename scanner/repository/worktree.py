"""What lies in a repository's index and work tree, by its files or by git, and which ignored files are worth a look."""

import os
import stat
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from offkey.found import Gap
from scanner.repository.git import Git
from scanner.repository.giterrors import CorruptRepository, GitError
from scanner.repository.gitindex import Entry, Unusual, nothing_else, read_index

IGNORES = ".gitignore"
IGNORED_BUT_TELLING = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.asc",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".npmrc", ".yarnrc*", ".pypirc", "pip.conf", ".netrc", "_netrc",
    ".git-credentials", ".dockercfg", ".dockerconfigjson", "credentials*", "*credentials.json", "service-account*.json",
    "*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.backup", ".terraformrc", "kubeconfig*", "*.kubeconfig",
    "secret*", "*secrets.*", "*.secret", ".htpasswd", ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".vault-token",
    "local.settings.json", "appsettings*.json", "settings.xml", "gradle.properties", "local.properties",
    "config.local.*",
)  # fmt: skip
"""Names, in lower case, of files that are looked at although git ignores them: where tools and habit put secrets."""


class StagedChange(NamedTuple):
    """A file whose staged content differs from HEAD's: its path and the blob in the index."""

    path: str
    oid: str


class WorkTree:
    """What lies in one work tree. Git is asked once, if at all: each listing is a process that goes through it."""

    def __init__(self, git: Git) -> None:
        self._git = git

    @cached_property
    def index(self) -> list[Entry]:
        """Every entry of the index."""
        if self._read is not None:
            return self._read
        return [_entry(record) for record in self._every[0] if not record.startswith(b"? ")]

    @cached_property
    def _read(self) -> list[Entry] | None:
        """The same from the file; None where git must be asked."""
        try:
            return read_index(str(self._git.git_dir / "index"), self._git.hash_size)
        except (Unusual, OSError):
            return None

    @cached_property
    def _nothing_else(self) -> bool:
        tree, read = self._git.work_tree, self._read
        return tree is not None and read is not None and nothing_else(str(tree), read)

    @cached_property
    def untracked(self) -> tuple[list[bytes], list[str]]:
        """Paths that are neither in the index nor ignored, and what git said about folders."""
        if self._nothing_else:
            return [], []
        records, said = self._every
        if not said and not any(record.startswith(b"? ") for record in records):
            return [], []  # nothing that could be ignored: no ignore file needs to be read
        _refuse_waiting_ignores(self._git)
        return self._listed("--others", "--exclude-standard")

    @cached_property
    def ignored(self) -> list[bytes]:
        """Paths that are ignored."""
        if self._nothing_else:
            return []
        untracked = set(self.untracked[0])
        every = (record[2:] for record in self._every[0] if record.startswith(b"? "))
        return [path for path in every if path not in untracked]

    @cached_property
    def _every(self) -> tuple[list[bytes], list[str]]:
        """With -t each record begins with a letter and a blank: `?` for what is not in the index, ignored or not."""
        return self._listed("-t", "--stage", "--others")

    def _listed(self, *options: str) -> tuple[list[bytes], list[str]]:
        said: list[str] = []
        records = self._git.stream("ls-files", *options, "-z", separator=b"\0", told=said.append, seconds=PATIENCE)
        return list(records), said


_trees: "WeakKeyDictionary[Git, WorkTree]" = WeakKeyDictionary()


def look_anew(git: Git) -> None:
    """What is told of the repository's work tree from now on is as it is now; a scan begins with this."""
    _trees[git] = WorkTree(git)


def _tree(git: Git) -> WorkTree:
    return _trees.get(git) or WorkTree(git)


def index_entries(git: Git) -> Iterator[tuple[str, str, str]]:
    """(mode, object id, path) of every entry of the index, conflicts included."""
    for mode, oid, path in _tree(git).index:
        yield mode, oid, os.fsdecode(path)


def _entry(record: bytes) -> Entry:
    fields, _, path = record[2:].partition(b"\t")
    mode, oid, _ = fields.decode().split(" ")
    return Entry(mode, oid, path)


def staged_changes(git: Git) -> Iterator[StagedChange]:
    """Files that a commit made now would add or change. No filter, textconv or external diff runs."""
    head = git.run("rev-parse", "--verify", "--quiet", "HEAD^{tree}", check=False).decode().strip()
    base = head or git.run("hash-object", "-t", "tree", "--stdin", input=b"").decode().strip()
    options = ("--cached", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules=all")
    records = git.stream("diff-index", *options, base, separator=b"\0")
    for header in records:
        _, mode, _, oid, status = header.decode().split(" ")
        path = os.fsdecode(next(records))
        if status != "D" and mode in (":100644", "100644", "100755"):
            yield StagedChange(path, oid)


def staged_paths(git: Git, blobs: Collection[str]) -> dict[str, list[str]]:
    """Paths in the index of those blobs."""
    staged: dict[str, list[str]] = {}
    if blobs and not git.bare:
        for record in git.run("ls-files", "--stage", "-z", check=False).split(b"\0"):
            fields, _, path = record.partition(b"\t")
            if fields and (oid := fields.split(b" ")[1].decode()) in blobs:
                staged.setdefault(oid, []).append(os.fsdecode(path))
    return staged


PATIENCE = 120
"""Seconds for git to go through a work tree; it prints nothing before it is through."""


def others(git: Git, *options: str, gaps: list[Gap] | None = None) -> Iterator[str]:
    """Untracked paths, or with `--ignored` ignored ones, a folder for a repository within. Folders that git could not
    open are added to `gaps`.

    Raises GitError also for a `.gitignore` that git would wait for in vain.
    """
    tree = _tree(git)
    untracked, said = tree.untracked
    for line in said:
        if gaps is not None and "could not open directory" in line:
            gaps.append(Gap(where=f"{git.path}: work tree", why=line, advice="run as a user who may read it"))
    yield from map(os.fsdecode, tree.ignored if "--ignored" in options else untracked)


def _refuse_waiting_ignores(git: Git) -> None:
    for folder, _, names in os.walk(git.work_tree or os.devnull):
        if IGNORES in names and pipe_or_device(path := os.path.join(folder, IGNORES)):
            raise GitError(f"{path} is a pipe or a device: git would wait for it", advice="remove it")


def pipe_or_device(path: str) -> bool:
    """Whether opening a path could wait for ever, or reading it never end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def refuse_pipes(folder: Path) -> None:
    """Raises CorruptRepository for a git folder with a pipe or device in it: every git call could wait for it.

    Repositories of submodules, which lie in `modules`, are looked at by themselves.
    """
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue  # git says what is wrong with it
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "modules":
                    waiting.append(entry.path)
            elif not entry.is_file(follow_symlinks=False) and pipe_or_device(entry.path):
                why = f"{entry.path} is a pipe or a device: git would wait for it"
                raise CorruptRepository(why, advice="remove it, or clone anew")


def tells(path: str) -> bool:
    """Whether an ignored file's name is one where secrets usually lie."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in IGNORED_BUT_TELLING)


def no_index(git: Git, error: GitError) -> Gap:
    return Gap(where=f"{git.path}: index and work tree", why=str(error), advice=error.advice)
