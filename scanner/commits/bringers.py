"""Which commits bring a value, to which paths, and which of them come first.

A commit brings a value when its difference to all its parents adds an object that holds it at a path that held none
before, or when its own message says it. A change of a path that held the value already brings nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from offkey.found import Place
from scanner.commits.ancestry import first_nodes
from scanner.commits.carriers import Brought
from scanner.commits.differences import Change
from scanner.commits.history import History

At = Mapping[tuple[str, bytes], frozenset[int]]
"""For an object and a path the nodes that bring it there."""
Changes = Mapping[int, Sequence[Change]]


def ways_in(
    history: History,
    places: Mapping[str, Sequence[Place]],
    by_object: Mapping[str, Sequence[Change]],
    removing: Changes,
    at: At,
) -> tuple[dict[str, Brought], dict[tuple[str, bytes], frozenset[int]]]:
    """How each value comes in, and of `at` those nodes that have no other above them.

    `places` are those of each value, by its fingerprint; `by_object` are all changes that bring an object, `removing`
    are a node's changes that take one from a path, be it for another one. The whole graph is gone through once for
    all of them.
    """
    holders = {key: frozenset(p.object for p in found if p.object_type == "blob") for key, found in places.items()}
    changes = {key: _changes(objects, by_object) for key, objects in holders.items()}
    bringers = {key: frozenset(changes[key]) | _own(history, found) for key, found in places.items()}
    to_paths = {
        (key, path): nodes
        for key, by_node in changes.items()
        for path, nodes in _by_path(by_node).items()
        if len(nodes) > 1
    }
    others: dict[tuple[str, object], frozenset[int]] = {("at", one): at[one] for one in at}
    first, rest = first_nodes(history, bringers, others | {group: to_paths[group] for group in to_paths})
    again: dict[str, set[int]] = defaultdict(set)
    for group, nodes in to_paths.items():
        again[group[0]] |= nodes - rest[group]
    found = {
        key: Brought(
            bringers=bringers[key],
            first=first[key],
            movers=frozenset(n for n in changes[key] if _takes(removing.get(n, ()), holders[key])),
            again=frozenset(again[key]),
            changes=changes[key],
        )
        for key in places
    }
    return found, {one: rest["at", one] for one in at}


def _changes(holders: frozenset[str], by_object: Mapping[str, Sequence[Change]]) -> Changes:
    """The changes that bring one of the objects to a path that held none of them, by node."""
    found: dict[int, list[Change]] = defaultdict(list)
    for oid in sorted(holders):
        for change in by_object.get(oid, ()):
            if holders.isdisjoint(change.olds):
                found[change.node].append(change)
    return dict(found)


def _takes(changes: Sequence[Change], holders: frozenset[str]) -> bool:
    """Whether one of the changes leaves a path without the value that had it."""
    return any(change.new not in holders and not holders.isdisjoint(change.olds) for change in changes)


def _own(history: History, places: Sequence[Place]) -> frozenset[int]:
    """The commits and tags that say the value themselves."""
    own = {place.object for place in places if place.object_type in {"commit", "tag"}}
    return frozenset(history.index[oid] for oid in own if oid in history.index)


def _by_path(changes: Changes) -> Mapping[bytes, frozenset[int]]:
    found: dict[bytes, set[int]] = defaultdict(set)
    for number, several in changes.items():
        for change in several:
            found[change.path].add(number)
    return {path: frozenset(nodes) for path, nodes in found.items()}
