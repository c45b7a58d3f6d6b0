"""Which absent objects the refs, reflogs and the index lead to, from what the trees of the packs tell, or git of them.

A blob that no commit in reach brings in is named by abandoned trees alone: nobody misses it. Where trees or commits
themselves are absent, git must walk the history (`scanner.repository.objects.missing_objects`).
"""

from collections.abc import Collection, Iterable

from offkey.found import Gap
from scanner.commits.differences import Change, Progress, changes
from scanner.commits.forest import Forest
from scanner.commits.history import History
from scanner.repository.giterrors import GitError


def absent_blobs(forest: Forest, jobs: int) -> list[str] | None:
    """Ids of absent blobs in reach; None where only git can tell."""
    history, absent = forest.history, forest.absent
    if absent is None or not _within(forest, history):
        return None
    if not absent:
        return [] if _tips_are_there(forest) else None
    only = forest.candidates
    if only is None or not _to_nodes(forest):
        return None
    return _reached(forest, absent, changes(forest.git, history, absent, jobs=jobs, only=only))


def absent_by_changes(forest: Forest, jobs: int, progress: Progress | None = None) -> list[str] | None:
    """The same where nobody has read the trees: git compares all commits, which attribution needs anyway.

    Every tree and blob in reach is brought by some commit: git reads the trees, and the blobs are looked up here. What
    git says of `forest.wanted` is kept in the forest.
    """
    history = forest.history
    absent: set[str] = set()

    def lacking(oids: Collection[bytes]) -> Collection[bytes]:
        found = forest.lacking([oid.decode() for oid in oids])
        absent.update(found)
        return [oid.encode() for oid in found]

    told = list(changes(forest.git, history, forest.wanted, jobs=jobs, progress=progress, lacking=lacking))
    forest.compared = told
    tags = {number: node for number, node in history.odd.items() if node.kind == "tag"}
    if any(node.tree for node in tags.values()) or history.cut or history.gaps or not _to_nodes(forest):
        return None
    tagged = [Change(number, b"", node.blob, ()) for number, node in tags.items() if node.blob]
    absent.update(forest.lacking({*forest.index, *(change.new for change in tagged)}))
    return _reached(forest, absent, [*told, *tagged])


def _to_nodes(forest: Forest) -> bool:
    """Whether all that refs and reflogs name are commits and tags that are stored."""
    history, refs = forest.history, forest.refs
    if forest.tips.gaps or any(oid not in history.index for oid in forest.tips.objects):
        return False
    gone = refs.logged - history.index.keys() if refs is not None else ()
    return len(forest.lacking(gone)) == len(gone)


def _reached(forest: Forest, absent: Collection[str], told: Iterable[Change | Gap]) -> list[str] | None:
    """Which of the absent objects the index or a commit in reach brings; None where not all could be compared."""
    found = set(absent) & forest.index
    for change in told:
        if not isinstance(change, Change):
            return None
        if change.new in absent and forest.bits[change.node]:
            found.add(change.new)
    return sorted(found)


def _within(forest: Forest, history: History) -> bool:
    """Whether every parent is stored, or cut off on purpose by a shallow clone."""
    try:
        shallow = set((forest.git.common_dir / "shallow").read_text(encoding="ascii").split())
    except FileNotFoundError:
        shallow = set()
    except (OSError, ValueError):
        return False
    return all(history.ids[number] in shallow for number in history.cut)


def _tips_are_there(forest: Forest) -> bool:
    """Whether every ref names an object that is stored. Reflogs may name what is long gone: git says so, too."""
    if forest.refs is not None:
        return not forest.lacking({*forest.refs.names.values(), *forest.refs.heads})
    try:
        forest.git.run("rev-list", "--no-walk=unsorted", "--quiet", "--all")
    except GitError:
        return False
    return True
