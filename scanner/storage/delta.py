"""The pack reader's hot loops: the compiled kernel where it was built, else the same in Python, only slower.

`_kernel.c` and this module must agree on every input; `tests/scanner/test_delta.py` compares them.
Formats: gitformat-pack(5).
"""

from array import array
from contextlib import suppress
from importlib import import_module
from itertools import chain
from typing import Any, NamedTuple, Protocol, cast

from rules.drawn import windows
from scanner.storage.patch import apply, operations, varint


class Kernel(Protocol):
    """What `_kernel` and `Python` both are."""

    def plan(self, idx: Any, pack: Any, hash_size: int, /) -> tuple[Any, ...]:
        """Nine arrays over the entries of a pack in the order of their offsets, as bytes in native order.

        Offset, one more than entries (u64); where the compressed data begins (u64); declared size (u64); position of
        the name in the index (u32); type after following deltas, 0 where that fails (u8); base (i32; -1 for a whole
        object); first child, next sibling and root (i32). Raises ValueError for an index that is none.
        """

    def shares(self, offsets: Any, roots: Any, types: Any, batch: int, trees: bool, /) -> list[tuple[int, bytes]]:
        """Roots (i32) of delta trees, of git trees or of all else, in shares of at least `batch` packed bytes."""

    def grow(self, reading: Any, plan: Any, roots: bytes, bounds: tuple[int, int, int], to: Any, /) -> list[int]:
        """Builds every object of the delta trees from `roots` (i32), bases first; the positions that cannot be read.

        `reading` and `plan` are those of `storage.treewalk.TreeKernel.walk`, the plan with the pack's types, its index
        and the size of an id behind; `bounds` are `reach` of `apply`, how many bytes are handed on together, and by how
        many bits a content's size is shifted to count among them. `to` is what is known to hold nothing
        (`storage.clear`) and a sink, to which objects go some at a time: contents, entries as they are stored (deltas,
        where they have a base), two texts, five columns (i64), and ids of ordinary commits as lines (see
        `commits.history.header`; those that are not there are odd). The texts are `changes` as of `apply`, one behind
        the other, and what of these is not known, or all. The columns are position, position of the base or -1, where
        each text has its end, and whether there may be more to it than its text: no blob, a Git LFS pointer, or worth
        opening. The lists are emptied afterwards. The sink answers with a byte for each object: not 0 where its
        changes hold nothing; they are known then.
        """

    def apply(self, base: Any, delta: Any, reach: int, limit: int, /) -> tuple[bytes, bytes]:
        """A delta's target, and what to search of it: all bytes it adds or joins, each with `reach` bytes around.

        The pieces are joined with line ends; a negative `reach` asks for none. Raises ValueError for a delta that
        does not fit or exceeds `limit`.
        """

    def carry(self, delta: Any, stretches: bytes, /) -> list[list[int] | None]:
        """For each stretch of the base by how much it is moved wherever the target takes it over whole.

        `stretches` are pairs of start and end (u64, native order). None: a copy takes a part of it only, or it lies
        at an end of the base and no longer does. Raises ValueError.
        """

    def drawn(self, content: Any, before: int, after: int, /) -> bytes:
        """Where `rules.drawn.windows` are: pairs of start and end (u64, native order)."""


class Copy(NamedTuple):
    """Bytes [source, source + size) of the base stand at `target` in the target."""

    source: int
    target: int
    size: int


def copies(delta: Any) -> list[Copy]:
    """What a delta takes over from its base, with copies that continue each other joined."""
    found: list[Copy] = []
    filled = 0
    for source, size, _ in operations(delta):
        if source >= 0:
            last = found[-1] if found else None
            if last and last.source + last.size == source and last.target + last.size == filled:
                found[-1] = Copy(last.source, last.target, last.size + size)
            else:
                found.append(Copy(source, filled, size))
        filled += size
    return found


class Python:
    """The kernel in Python."""

    apply = staticmethod(apply)

    @staticmethod
    def carry(delta: bytes, stretches: bytes, /) -> list[list[int] | None]:
        before, at = varint(delta, 0)
        after, _ = varint(delta, at)
        bounds = memoryview(stretches).cast("Q")
        spans = list(zip(bounds[::2], bounds[1::2], strict=True))
        result: list[list[int] | None] = [[] for _ in spans]
        for source, target, size in copies(delta):
            for n, (low, high) in enumerate(spans):
                shifts = result[n]
                if shifts is None or high <= source or low >= source + size:
                    continue
                cut = low < source or high > source + size
                if cut or (low == 0 and target) or (high == before and target + size != after):
                    result[n] = None
                else:
                    shifts.append(target - source)
        return result

    @staticmethod
    def drawn(content: bytes, before: int, after: int, /) -> bytes:
        return array("Q", chain.from_iterable(windows(content, before, after))).tobytes()

    @staticmethod
    def grow(reading: Any, plan: Any, roots: bytes, bounds: tuple[int, int, int], to: Any, /) -> list[int]:
        from scanner.storage.grow import grow

        return grow(reading, plan, roots, bounds, sink=to[1], apply=Python.apply)

    @staticmethod
    def plan(idx: Any, pack: Any, hash_size: int, jobs: int = 1, reverse: bytes = b"", /) -> tuple[bytes, ...]:
        from scanner.storage.packplan import plan

        return plan(idx, pack, hash_size, jobs, reverse)

    @staticmethod
    def shares(offsets: Any, roots: Any, types: Any, batch: int, trees: bool, /) -> list[tuple[int, bytes]]:
        from scanner.storage.packplan import shares

        return shares(offsets, roots, types, batch, trees)


def kernel(compiled: bool = True) -> Kernel:
    """The compiled kernel if it was built and is wanted, else the Python one."""
    if compiled:
        with suppress(ImportError):
            return cast(Kernel, import_module("scanner._kernel"))
    return Python()
