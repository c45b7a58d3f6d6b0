"""The shares of work that a target makes: its objects, its staged changes, its files."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from offkey.found import Gap
from scanner.commits.forest import Forest
from scanner.options import Options
from scanner.repository.files import FileItem
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.objects import CatFileReader, ObjectInfo
from scanner.repository.sources import Target
from scanner.repository.worktree import index_entries, no_index, others, staged_changes, tells
from scanner.storage.packs import Pack, Unplanned, loose_objects, object_folders, open_pack, pack_paths
from scanner.storage.treewalk import tree_kernel
from scanner.workers.division import DIVIDED, PIECE, divided
from scanner.workers.increment import Increment
from scanner.workers.work import Task

SHARE = 16 << 20
"""Bytes of content in one task: small enough to keep every core busy to the end, large enough to stay near deltas."""
_SHARE_OBJECTS = 4096
_SHARE_FILES = 256
_SHARE_LOOSE = 512
_WHOLE = 4 << 20
_WHOLE_INDEX = 1 << 20
"""Bytes of a target's objects and of its index up to which one worker does all of it."""
_LOOSE_BYTES = 1 << 10
_SAMPLE = "17"
"""One of the 256 folders of loose objects: ids are spread evenly, which git's own gc relies on, too."""
_ALL, _NONE, _CONFIG = re.compile(r".*(?<!\.sample)", re.DOTALL), re.compile(r"(?!)"), re.compile("config")
CIRCULAR_SHOWN = 100
"""Circular deltas that get a Gap of their own in each pack; one more Gap stands for the rest."""


def whole_size(source: Target) -> int | None:
    """About how many bytes a repository's packs and loose objects have; None for more than one worker should do."""
    if source.git is None:
        return None
    try:
        folders = object_folders(source.git.common_dir)
        packed = sum(os.path.getsize(path) for path in pack_paths(folders))
        sample = [os.path.join(folder, _SAMPLE) for folder in folders]
        loose = 256 * sum(len(os.listdir(folder)) for folder in sample if os.path.isdir(folder))
        staged = source.git.git_dir / "index"
        index = staged.stat().st_size if staged.exists() else 0
    except (Unplanned, OSError):
        return None
    size = packed + loose * _LOOSE_BYTES
    return size if size <= _WHOLE and index <= _WHOLE_INDEX else None


def object_tasks(git: Git, target: int, since: str | None, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over every object but trees, in pack order, of about SHARE bytes each.

    With `since`, only what refs and the index reach and that revision does not, then tasks marked `held`: a file that
    changed since may hold an old value. Raises UnknownRevision for one that does not exist.
    """
    reader = CatFileReader(git)
    if since is None:
        yield from _batches(reader.list_objects(), target, gaps)
        return
    commit = git.run("rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}").decode().strip()
    yield from _batches(reader.info(newer_objects(git, commit)), target, gaps)
    held = reader.info(held_objects(git, commit))
    yield from (task._replace(held=True) for task in _batches(held, target, gaps))


def forest_of(git: Git, target: int, options: Options) -> Forest:
    """The packs of a target and the names of its loose objects. Raises Unplanned where git must read all."""
    folders = object_folders(git.common_dir)
    compiled = options.compiled
    packs = [open_pack(path, git.hash_size, compiled, options.jobs) for path in pack_paths(folders)]
    found = set(loose_objects(folders, git.hash_size))
    loose = sorted(oid for oid in found if not any(pack.holds(oid) for pack in packs)) if packs else sorted(found)
    return Forest(git, target, packs, loose, kernel=tree_kernel(compiled), limit=options.limit)


def pack_tasks(forest: Forest, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over every object but trees, read from packs and loose files; what cannot be read so is left to git."""
    for number, pack in enumerate(forest.packs):
        before = tuple(other.path for other in forest.packs[:number])
        whole = Task(forest.target, pack=pack.path, before=before)
        for share in pack.shares():
            if share.size <= DIVIDED:
                yield whole._replace(roots=share.roots)
                continue
            *small, large = share.roots
            pieces = divided(pack, large, PIECE)
            for piece in sorted(range(len(pieces)), key=lambda n: -pieces[n].size):
                yield whole._replace(roots=(large,), piece=piece)
            if small:
                yield whole._replace(roots=tuple(small))
        gaps += _circular(pack)
    yield from _loose(forest.loose, forest.target)
    left = sorted({oid for pack in forest.packs for oid in pack.left} - set(forest.loose))
    if left:
        yield from _batches(CatFileReader(forest.git).info(left), forest.target, gaps, trees=forest.trees)


def _loose(oids: Sequence[str], target: int) -> Iterator[Task]:
    for start in range(0, len(oids), _SHARE_LOOSE):
        yield Task(target, loose=tuple(oids[start : start + _SHARE_LOOSE]))


def new_object_tasks(increment: Increment, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over the new objects of a repository but trees, which the increment is told of."""
    yield from _loose([oid for oid in increment.unknown if increment.is_loose(oid)], increment.target)
    packed = [oid for oid in increment.unknown if not increment.is_loose(oid)]
    if packed:
        infos = CatFileReader(increment.git).info(packed)
        yield from _batches(infos, increment.target, gaps, trees=increment.trees)


def circular(git: Git, *, compiled: bool) -> Iterator[Gap]:
    """What makes git unfit to read a repository's objects: it would not end over them."""
    paths: list[str] = []
    with suppress(Unplanned, OSError):
        paths = pack_paths(object_folders(git.common_dir))
    for path in paths:
        with suppress(Unplanned):
            yield from _circular(open_pack(path, git.hash_size, compiled))


def _circular(pack: Pack) -> Iterator[Gap]:
    why = "its delta is built on itself, by way of others or at once"
    advice = "such a pack was made to do harm: fetch the repository anew from a place that you trust"
    for shown, oid in enumerate(pack.circular):
        if shown == CIRCULAR_SHOWN:
            yield Gap(where=f"{pack.path}: objects", why=f"more of them: {why}", advice=advice)
            return
        yield Gap(where=f"{pack.path}: object {oid}", why=why, advice=advice)


def staged_tasks(git: Git, target: int, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over the blobs that a commit made now would add."""
    staged = sorted({change.oid for change in staged_changes(git)})
    yield from _batches(CatFileReader(git).info(staged) if staged else iter(()), target, gaps)


def _batches(
    listed: Iterable[ObjectInfo | Gap], target: int, gaps: list[Gap], trees: list[ObjectInfo] | None = None
) -> Iterator[Task]:
    """Tasks over what is listed but trees, which are added to `trees`."""
    batch: list[ObjectInfo] = []
    size = 0
    for info in listed:
        if isinstance(info, Gap):
            gaps.append(info)
        elif info.type == "tree":
            if trees is not None:
                trees.append(info)
        else:
            batch.append(info)
            size += info.size
            if size >= SHARE or len(batch) >= _SHARE_OBJECTS:
                yield Task(target, objects=tuple(batch))
                batch, size = [], 0
    if batch:
        yield Task(target, objects=tuple(batch))


def newer_objects(git: Git, commit: str) -> Iterator[str]:
    """Ids of objects that refs reach and `commit` does not, and of blobs staged."""
    walk = ("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--all", "--not", commit)
    found = {line.decode() for line in git.stream(*walk)}
    if not git.bare:
        found |= {change.oid for change in staged_changes(git)}
    yield from sorted(found)


def held_objects(git: Git, commit: str) -> Iterator[str]:
    """Ids of the objects in the trees of `commit` and of those of its ancestors from which newer history starts."""
    walk = ("rev-list", "--boundary", "--missing=allow-any", "--all", "--not", commit)
    edges = {line[1:] for line in git.stream(*walk) if line.startswith(b"-")} | {commit.encode()}
    listing = ("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--no-walk", "--stdin")
    yield from git.run(*listing, input=b"\n".join(sorted(edges)) + b"\n").decode().split()


def file_tasks(target: Target, number: int, *, history: bool, known: bool, gaps: list[Gap]) -> Iterator[Task]:
    """Tasks over the files of a target.

    With `history` reflog messages belong to it; when all blobs are scanned too (`known`), files that equal theirs are
    left to them.
    """
    items = _repository_items(target.git, history, known, gaps) if target.git else _folder_items(target, gaps)
    batch: list[FileItem] = []
    for item in items:
        batch.append(item)
        if len(batch) >= _SHARE_FILES:
            yield Task(number, files=tuple(batch))
            batch = []
    if batch:
        yield Task(number, files=tuple(batch))


def _repository_items(git: Git, history: bool, known: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    yield from _config_items(git, history, gaps)
    try:
        yield from _work_tree_items(git, known, gaps)
    except GitError as error:
        gaps.append(no_index(git, error))


def _work_tree_items(git: Git, known: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    if git.work_tree is not None:
        root = str(git.work_tree)
        for mode, oid, path in index_entries(git):
            if mode in ("100644", "100755"):
                yield FileItem(root, path, "file", "worktree", oid if known else "")
        for path in others(git, gaps=gaps):
            if not path.endswith("/"):
                yield FileItem(root, path, "file", "worktree", "")
        for path in others(git, "--ignored"):
            if not path.endswith("/") and tells(path):
                yield FileItem(root, path, "file", "worktree", "")


def _config_items(git: Git, history: bool, gaps: list[Gap]) -> Iterator[FileItem]:
    """Git's own files that carry URLs and headers with credentials; hooks but the samples; with history reflogs."""
    top = str(git.work_tree or git.common_dir)
    for folder in dict.fromkeys((str(git.common_dir), str(git.git_dir))):
        found = [os.path.join(folder, name) for name in ("config", "config.worktree", "FETCH_HEAD")]
        told = {"hooks": _ALL, "logs": _ALL if history else _NONE, "modules": _CONFIG}
        for name, pattern in told.items():
            inner = os.path.join(folder, name)
            if not os.path.isdir(inner):
                continue
            if not os.access(inner, os.R_OK | os.X_OK):
                gaps.append(Gap(where=inner, why="permission denied", advice="run as a user who may read it"))
                continue
            for place, folders, names in os.walk(inner, onerror=_noted(gaps)):
                if name == "hooks":
                    folders.clear()
                found += [os.path.join(place, one) for one in names if pattern.fullmatch(one)]
        for path in sorted(found):
            if os.path.isfile(path) and not os.path.islink(path):
                yield FileItem(top, Path(os.path.relpath(path, top)).as_posix(), "config", "config", "")


def _noted(gaps: list[Gap]) -> Callable[[OSError], None]:
    """Takes a folder that cannot be opened for a gap."""

    def failed(error: OSError) -> None:
        why = f"cannot be opened: {error.strerror}"
        gaps.append(Gap(where=str(error.filename), why=why, advice="check permissions"))

    return failed


def _folder_items(target: Target, gaps: list[Gap]) -> Iterator[FileItem]:
    assert target.root is not None
    root = str(target.root)
    for name in target.files:
        yield FileItem(root, name, "file", "worktree", "")
    if target.files:
        return
    for folder, folders, names in os.walk(root, onerror=_noted(gaps)):
        if folder != root and ".git" in folders + names:
            folders.clear()
            continue
        folders.sort()
        for name in sorted(names):
            yield FileItem(
                root, Path(os.path.relpath(os.path.join(folder, name), root)).as_posix(), "file", "worktree", ""
            )
