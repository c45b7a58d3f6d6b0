"""Which absent objects the refs, reflogs and the index lead to, from what the trees of the packs tell.

A blob that no commit in reach brings in is named by abandoned trees alone: nobody misses it. Where trees or commits
themselves are absent, git must walk the history (`scanner.objects.missing_objects`).
"""

from scanner.differences import Change, changes
from scanner.forest import Forest
from scanner.giterrors import GitError
from scanner.history import History


def absent_blobs(forest: Forest, jobs: int) -> list[str] | None:
    """Ids of absent blobs in reach; None where only git can tell."""
    history, absent = forest.history, forest.absent
    if absent is None or not _within(forest, history):
        return None
    if not absent:
        return [] if _tips_are_there(forest) else None
    only, tips = forest.candidates, forest.tips
    if only is None or tips.gaps or any(oid not in history.index for oid in tips.objects):
        return None
    if forest.refs is not None and forest.stored(forest.refs.logged - history.index.keys()):
        return None  # a reflog names what is no commit
    found = absent & forest.index
    for change in changes(forest.git, history, absent, jobs=jobs, only=only):
        if not isinstance(change, Change):
            return None
        if forest.bits[change.node] and change.new in absent:
            found |= {change.new}
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
