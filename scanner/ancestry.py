"""Where in a history something appears first, and where it can have come or gone."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TypeVar

from scanner.history import History

K = TypeVar("K")
_BITS_AT_ONCE = 2_048


def first_nodes(history: History, holders: Mapping[K, Collection[int]]) -> dict[K, frozenset[int]]:
    """For each key, those of its nodes that have no other of its nodes among their ancestors.

    One bit a key, carried along the whole graph from parents to children: linear in the number of commits.
    """
    result = {key: frozenset(nodes) for key, nodes in holders.items()}
    open_keys = [key for key, nodes in result.items() if len(nodes) > 1]
    for start in range(0, len(open_keys), _BITS_AT_ONCE):
        group = open_keys[start : start + _BITS_AT_ONCE]
        own: Counter[int] = Counter()
        for bit, key in enumerate(group):
            for number in result[key]:
                own[number] |= 1 << bit
        fresh = _fresh_bits(history, own)
        for bit, key in enumerate(group):
            result[key] = frozenset(number for number in result[key] if fresh.get(number, 0) >> bit & 1)
    return result


def _fresh_bits(history: History, own: Mapping[int, int]) -> dict[int, int]:
    """The bits of each node that none of its ancestors has."""
    masks = [0] * len(history.ids)
    fresh = {}
    for number in history.order:
        inherited = 0
        for parent in history.parents[number]:
            above = masks[parent]
            # Kept as the same integer object wherever nothing is added: memory then grows with changes, not commits.
            if above is not inherited and above != inherited:
                inherited = inherited | above if inherited else above
        mine = own.get(number, 0) & ~inherited
        if mine:
            fresh[number] = mine
            inherited |= mine
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
