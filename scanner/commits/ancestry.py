"""Where in a history something appears first, and where it can have come or gone."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import dropwhile
from typing import TypeVar

from scanner.commits.history import History

K = TypeVar("K")
L = TypeVar("L")
_BITS_AT_ONCE = 2_048


def first_nodes(
    history: History, holders: Mapping[K, Collection[int]], others: Mapping[L, Collection[int]]
) -> tuple[dict[K, frozenset[int]], dict[L, frozenset[int]]]:
    """For each key of both, those of its nodes that have no other of its nodes among their ancestors.

    One bit a key, carried along the whole graph from parents to children: linear in the number of commits.
    """
    found = _first(history, [*holders.values(), *others.values()])
    first = dict(zip(holders, found, strict=False))
    return first, dict(zip(others, found[len(first) :], strict=True))


def _first(history: History, groups: Sequence[Collection[int]]) -> list[frozenset[int]]:
    result = [frozenset(nodes) for nodes in groups]
    several = [at for at, nodes in enumerate(result) if len(nodes) > 1]
    for start in range(0, len(several), _BITS_AT_ONCE):
        group = several[start : start + _BITS_AT_ONCE]
        own: Counter[int] = Counter()
        for bit, at in enumerate(group):
            for number in result[at]:
                own[number] |= 1 << bit
        fresh = _fresh_bits(history, own)
        for bit, at in enumerate(group):
            result[at] = frozenset(number for number in result[at] if fresh.get(number, 0) >> bit & 1)
    return result


def _fresh_bits(history: History, own: Mapping[int, int]) -> dict[int, int]:
    """The bits of each node that none of its ancestors has."""
    masks = [0] * len(history.ids)
    fresh = {}
    left = len(own)
    for number in dropwhile(lambda number: number not in own, history.order):
        inherited = 0
        for parent in history.parents[number]:
            above = masks[parent]
            # Kept as the same integer object wherever nothing is added: memory then grows with changes, not commits.
            if above is not inherited and above != inherited:
                inherited = inherited | above if inherited else above
        if number in own:
            left -= 1
            mine = own[number] & ~inherited
            fresh[number] = mine
            inherited |= mine
            if not left:
                break
        masks[number] = inherited
    return fresh


def differing(history: History, signatures: Mapping[str, int | None]) -> frozenset[int]:
    """Numbers of the nodes that can have brought or removed what the signatures of trees stand for."""
    found = {number for number, node in history.odd.items() if node.blob}
    of_node = [signatures.get(tree, 0) for tree in history.trees]
    likely = [
        number
        for number, (mine, above) in enumerate(zip(of_node, history.parents, strict=True))
        if (len(above) != 1 or of_node[above[0]] != mine or mine is None) and (mine != 0 or above)
    ]
    for number in likely:
        mine = of_node[number]
        above = () if history.is_tag(number) else history.parents[number]
        if mine is None or (all(of_node[parent] != mine for parent in above) and (mine or above)):
            found.add(number)
    return frozenset(found)
