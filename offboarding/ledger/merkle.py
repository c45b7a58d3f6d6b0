"""The Merkle tree of RFC 6962 (section 2.1), without I/O: roots, inclusion and consistency proofs, and their checks.

`Frontier` needs the tree's right edge alone, so that a root over any number of entries takes no memory; `Tree` keeps
the hash of every perfect subtree (64 bytes an entry), so that each proof costs as many look-ups as it has nodes.
"""

import hashlib
from collections.abc import Iterable, Sequence

NODE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x00 and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The perfect subtrees at the right edge of a growing tree: enough for its root, and to go on from."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def add(self, entry: bytes) -> None:
        """Append one entry."""
        tree, index = leaf_hash(entry), self.size
        while index & 1:
            tree = _node(self._edge.pop(), tree)
            index >>= 1
        self._edge.append(tree)
        self.size += 1

    def root(self) -> bytes:
        """The root over all entries so far."""
        if not self._edge:
            return EMPTY_ROOT
        tree = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            tree = _node(left, tree)
        return tree


class Tree:
    """A tree that can prove. `_levels[k]` holds the hashes of its perfect subtrees of 2**k entries, in order."""

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._levels: list[bytearray] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: bytes) -> None:
        """Append one entry."""
        tree, index, height = leaf_hash(entry), self.size, 0
        self._keep(0, tree)
        while index & 1:
            below = self._levels[height]
            tree = _node(bytes(below[-2 * NODE : -NODE]), tree)
            index, height = index >> 1, height + 1
            self._keep(height, tree)
        self.size += 1

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries (None: all)."""
        size = self.size if size is None else self._within(size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH of RFC 6962 section 2.1.1 in the tree of `size` entries: the siblings from leaf to root.

        `index` counts from 0. Raises IndexError.
        """
        count = self.size if size is None else self._within(size)
        if not 0 <= index < count:
            raise IndexError(f"no entry {index} among {count}")
        path, start = [], 0
        while count > 1:
            split = _split(count)
            if index - start < split:
                path.append(self._range(start + split, count - split))
                count = split
            else:
                path.append(self._range(start, split))
                start, count = start + split, count - split
        return path[::-1]

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """PROOF of RFC 6962 section 2.1.2: the first `first` entries are a prefix of the first `second` (None: all).

        Raises IndexError.
        """
        count = self.size if second is None else self._within(second)
        if not 0 < first <= count:
            raise IndexError(f"no tree of {first} entries within {count}")
        path, start, whole = [], 0, True
        while first != count:
            split = _split(count)
            if first <= split:
                path.append(self._range(start + split, count - split))
                count = split
            else:
                path.append(self._range(start, split))
                start, first, count, whole = start + split, first - split, count - split, False
        return ([] if whole else [self._range(start, count)]) + path[::-1]

    def _keep(self, height: int, tree: bytes) -> None:
        if height == len(self._levels):
            self._levels.append(bytearray())
        self._levels[height] += tree

    def _within(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise IndexError(f"no tree of {size} entries within {self.size}")
        return size

    def _range(self, start: int, count: int) -> bytes:
        """The root over `count` entries from `start` on, a multiple of the next power of two."""
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            at = (start >> height) * NODE
            return bytes(self._levels[height][at : at + NODE])
        split = _split(count)
        return _node(self._range(start, split), self._range(start + split, count - split))


def merkle_root(entries: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962 section 2.1."""
    edge = Frontier()
    for entry in entries:
        edge.add(entry)
    return edge.root()


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def verify_inclusion(entry: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `entry` is number `index` of the tree of `size` entries with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, tree = index, size - 1, leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            tree = _node(sibling, tree)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            tree = _node(tree, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and tree == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` entries extends the one of `first` entries (RFC 9162 section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    # A perfect first tree is itself a node of the second, and the proof leaves it out.
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = _node(sibling, older), _node(sibling, newer)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            newer = _node(newer, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and older == first_root and newer == second_root
