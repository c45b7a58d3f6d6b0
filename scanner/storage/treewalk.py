"""Every git tree of a repository read once, to tell which commits can have brought or removed what was found.

Seen with the wanted objects alone, most commits change nothing. Each tree gets a signature: a sum, over the entries
that are wanted blobs or trees that hold one, of a secret hash of name and signature. Two trees whose signatures are
equal hold the same wanted objects at the same paths. Trees are read along the deltas of their pack, and only the
entries that a tree does not share with its delta base are written down:

    record: tree, base (or NONE), number added, number removed, then for each of both: name hash, entry (all u64)

Objects are numbered pack after pack, each pack in the order of its index. This needs the compiled kernel; without it
(and wherever a tree cannot be read) git compares all commits itself, with the same result.
"""

from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from struct import pack as packed
from typing import Any, NamedTuple, Protocol, cast

from offkey.found import Gap
from scanner.repository.objects import GitObject
from scanner.storage.deflate import deflate
from scanner.storage.packs import Pack

NONE = (1 << 64) - 1
ABSENT = (1 << 32) - 1
_LIKELY = 8192


Absent = tuple[int, int, bytes, int]
"""An entry that the pack's index lacks: whether added, hash of its name, object id, whether it is a tree."""
Found = tuple[bytes, list[tuple[int, int, bytes, bytes, list[Absent]]], list[int]]
Reading = tuple[Callable[..., bytes], Callable[[int, int], bytes], int]
"""How entries are inflated: `zlib.decompress` or its like, `Pack.inflate` for what is large, the size limit."""
Search = tuple[Any, bytes, int, int, int]
"""A pack's index, bits of what is wanted (`_bits`), size of an id, number of the first object, the secret."""


class TreeKernel(Protocol):
    """The part of the compiled kernel that has no twin in Python."""

    def apply(self, base: bytes, delta: bytes, reach: int, limit: int, /) -> tuple[bytes, bytes]:
        """As `scanner.storage.delta.Kernel.apply`."""

    def rows(self, idx: Any, ids: bytes, hash_size: int, /) -> bytes:
        """Rows (u32) of a pack index for ids that stand one after the other; 2^32 - 1 for what it lacks."""

    def beginnings(self, idx: Any, hash_size: int, /) -> bytes:
        """A table (u32) of the first row of an index for each beginning of an id, of about as many as there are."""

    def walk(self, reading: Reading, plan: tuple[Any, ...], roots: bytes, search: Search, table: bytes, /) -> "Found":
        """Records of the git trees in the delta trees from `roots` (i32), those that lack entries, those unread.

        `table` is what `beginnings` gives for the index.

        `plan` is data, offsets, starts, sizes, names, first and following of a Pack.
        """

    def differing(self, base: bytes, tree: bytes, search: Search, /) -> "tuple[bytes, bytes, list[Absent]] | None":
        """Trees and wanted objects that one of two git trees has alone: added, removed, what the index lacks.

        None for nothing. Raises ValueError for a tree that is none.
        """

    def signatures(
        self, records: tuple[bytes, ...], total: int, known: bytes, asked: bytes, seed: int, /
    ) -> tuple[bytes, bytes]:
        """Signatures (u64) of the `asked` numbers (u64), from records and `known` pairs of number and signature.

        Then the numbers of trees whose bases need them in turn: unless that is empty, the signatures are wrong. Raises
        ValueError for records that do not fit.
        """


def tree_kernel(compiled: bool) -> TreeKernel | None:
    """The compiled kernel, if it was built and is wanted."""
    if compiled:
        with suppress(ImportError):
            return cast(TreeKernel, import_module("scanner._kernel"))
    return None


class Look(NamedTuple):
    """What to look for: ids of wanted blobs, one after the other; the number of the pack's first object; the secret."""

    wanted: bytes
    first: int
    seed: int


NAMES = Look(b"", 0, 0)
"""Asks what trees outside the packs name, and nothing more."""


class Partial(NamedTuple):
    """What a record says of a tree some of whose entries are elsewhere; `added` and `removed` are pairs as in it.

    A tree outside the packs comes by its id; its number is NONE.
    """

    tree: str
    number: int
    base: int
    added: bytes
    removed: bytes
    absent: list[Absent]


class Walked(NamedTuple):
    """Records, trees to complete, and how many trees could not be read; the ids that trees name, where those alone
    were asked for.
    """

    records: bytes
    partial: list[Partial]
    unread: int
    named: frozenset[bytes] = frozenset()


def walk(kernel: TreeKernel, pack: Pack, roots: Iterable[int], look: Look, limit: int) -> Walked:
    """The records of the delta trees that start at `roots`. A tree without wanted entries and base has none."""
    search = (pack.idx, _bits(pack, look.wanted), pack.hash_size, look.first, look.seed)
    table = _table(pack)
    found = kernel.walk(
        (deflate.decompress, pack.inflate, limit), pack.plan, array("i", roots).tobytes(), search, table
    )
    records, partial, unread = found
    more = [Partial("", look.first + pack.names[one[0]], *one[1:]) for one in partial]
    return Walked(records, more, len(unread))


def single(kernel: TreeKernel, oid: str, content: bytes, hash_size: int, seed: int) -> Partial | None:
    """What a record must say of one tree that lies in no pack; None for nothing. Raises ValueError for damage."""
    found = kernel.differing(b"", content, (_empty(hash_size), bytes(_LIKELY), hash_size, 0, seed))
    return found and Partial(oid, NONE, NONE, *found)


def walk_single(kernel: TreeKernel, trees: Iterable[GitObject | Gap], hash_size: int, look: Look) -> Walked:
    """The same of trees that lie in no pack."""
    partial: list[Partial] = []
    named: set[bytes] = set()
    unread = 0
    for tree in trees:
        try:
            if isinstance(tree, Gap):
                unread += 1
            elif found := single(kernel, tree.oid, tree.content, hash_size, look.seed):
                if look == NAMES:
                    named.update(oid for _, _, oid, _ in found.absent)
                else:
                    partial.append(found)
        except ValueError:
            unread += 1
    return Walked(b"", partial, unread, frozenset(named))


def record(number: int, base: int, added: bytes, removed: bytes) -> bytes:
    """A record as the kernel's `signatures` reads it."""
    return packed("=4Q", number, base, len(added) // 16, len(removed) // 16) + added + removed


def pair(name: int, number: int) -> bytes:
    """One entry of a record."""
    return packed("=2Q", name, number)


def rows(kernel: TreeKernel, pack: Pack, ids: bytes) -> list[int]:
    """For each of the ids its row in the pack's index, or -1."""
    found = memoryview(kernel.rows(pack.idx, ids, pack.hash_size)).cast("I")
    return [-1 if row == ABSENT else row for row in found]


@lru_cache(maxsize=4)
def _bits(pack: Pack, wanted: bytes) -> bytes:
    """What is wanted: a bit for each beginning (two bytes) of an id, then one for each row of the index."""
    kernel = tree_kernel(True)
    assert kernel is not None
    bits = bytearray(_LIKELY + (len(pack) + 7) // 8)
    for row, start in zip(rows(kernel, pack, wanted), range(0, len(wanted), pack.hash_size), strict=True):
        bits[(wanted[start] << 8 | wanted[start + 1]) >> 3] |= 1 << (wanted[start + 1] & 7)
        if row >= 0:
            bits[_LIKELY + (row >> 3)] |= 1 << (row & 7)
    return bytes(bits)


@lru_cache(maxsize=4)
def _table(pack: Pack) -> bytes:
    kernel = tree_kernel(True)
    assert kernel is not None
    return kernel.beginnings(pack.idx, pack.hash_size)


def _empty(hash_size: int) -> bytes:
    return b"\xfftOc\0\0\0\2" + bytes(1024 + 2 * hash_size)
