"""The pack reader's hot loops: the compiled kernel where it was built, else the same in Python, only slower.

`_kernel.c` and this module must agree on every input; `tests/scanner/test_delta.py` compares them.
Formats: gitformat-pack(5).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

PIECES = 1 << 20
"""A delta of more pieces is left to git: git writes none, and each costs many times its few bytes."""


_DAMAGED = "the delta is damaged"


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

    def grow(self, reading: Any, plan: Any, roots: bytes, bounds: tuple[int, int, int], sink: Any, /) -> list[int]:
        """Builds every object of the delta trees from `roots` (i32), bases first; the positions that cannot be read.

        `reading` and `plan` are those of `scanner.treewalk.TreeKernel.walk`, the plan with the pack's types, its index
        and the size of an id behind; `bounds` are `reach` of `apply`, how many bytes are handed on together, and by how
        many bits a content's size is shifted to count among them. Objects go to `sink` some at a time: contents,
        entries as they are stored (deltas, where they have a base), `changes` as of `apply` one behind the other, four
        columns (i64), and ids of ordinary commits as lines (see `scanner.history.header`; those that are not there
        are odd). The columns are position, position of the base or -1, where its changes end, and whether there may be
        more to it than its text: no blob, a Git LFS pointer, or worth opening. The lists are emptied afterwards.
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


class Copy(NamedTuple):
    """Bytes [source, source + size) of the base stand at `target` in the target."""

    source: int
    target: int
    size: int


def varint(data: Any, at: int) -> tuple[int, int]:
    """A size as deltas write it, and where it ends. Raises ValueError."""
    value = shift = 0
    while at < len(data) and shift <= 56:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if not byte & 128:
            return value, at
        shift += 7
    raise ValueError(_DAMAGED)


def operations(delta: Any) -> Iterator[tuple[int, int, int]]:
    """(source, size, where the inserted bytes stand) of each piece; source is -1 for an insert. Raises ValueError."""
    _, at = varint(delta, 0)
    _, at = varint(delta, at)
    end, pieces = len(delta), 0
    while at < end:
        op = delta[at]
        at += 1
        pieces += 1
        if not op or pieces > PIECES:
            raise ValueError(_DAMAGED)
        if not op & 128:
            if op > end - at:
                raise ValueError(_DAMAGED)
            yield -1, op, at
            at += op
            continue
        source = size = 0
        for bit in range(7):
            if op >> bit & 1:
                if at >= end:
                    raise ValueError(_DAMAGED)
                if bit < 4:
                    source |= delta[at] << 8 * bit
                else:
                    size |= delta[at] << 8 * (bit - 4)
                at += 1
        yield source, size or 0x10000, at


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

    @staticmethod
    def apply(base: bytes, delta: bytes, reach: int, limit: int, /) -> tuple[bytes, bytes]:
        expected, at = varint(delta, 0)
        size, at = varint(delta, at)
        if expected != len(base):
            raise ValueError(_DAMAGED)
        if size > limit:
            raise ValueError("the delta's target is above the size limit")
        pieces, changed = _patched(base, delta, at, size)
        target = b"".join(pieces)
        return target, around(target, changed, reach) if reach >= 0 else b""

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
    def grow(reading: Any, plan: Any, roots: bytes, bounds: tuple[int, int, int], sink: Any, /) -> list[int]:
        from scanner.grow import grow

        return grow(reading, plan, roots, bounds, sink=sink, apply=Python.apply)

    @staticmethod
    def plan(idx: Any, pack: Any, hash_size: int, /) -> tuple[bytes, ...]:
        from scanner.packplan import plan

        return plan(idx, pack, hash_size)

    @staticmethod
    def shares(offsets: Any, roots: Any, types: Any, batch: int, trees: bool, /) -> list[tuple[int, bytes]]:
        from scanner.packplan import shares

        return shares(offsets, roots, types, batch, trees)


def _orders() -> list[tuple[int, int, int]]:
    """By the first byte of a copy: how many follow, the bits of the start in them, and from which on the size stands.

    No bits for one that leaves out a byte in the middle.
    """
    found = []
    for op in range(256):
        starts, sizes = (op & 15).bit_count(), (op >> 4 & 7).bit_count()
        plain = op & 15 == (1 << starts) - 1 and op >> 4 & 7 == (1 << sizes) - 1
        found.append((starts + sizes, (1 << 8 * starts) - 1 if plain else -1, 8 * starts))
    return found


_ORDERS = _orders()


def _patched(base: bytes, delta: bytes, at: int, size: int) -> tuple[list[bytes], list[int]]:
    """The pieces of a delta's target, and bounds of what it adds or joins. One loop: it is most of a scan's time."""
    pieces: list[bytes] = []
    changed: list[int] = []
    end, before, add, orders, number = len(delta), len(base), pieces.append, _ORDERS, int.from_bytes
    filled = follows = 0
    last = -1
    while at < end:
        op = delta[at]
        at += 1
        if op > 127:
            many, bits, shift = orders[op]
            found = number(delta[at : at + many], "little")
            source, length = (found & bits, found >> shift or 0x10000) if bits >= 0 else _spread(op, delta, at)
            at += many
            upto = source + length
            add(base[source:upto])
            if source != follows:
                if last != filled:
                    changed += (filled, filled)
                last = filled
            if upto > before or at > end:
                raise ValueError(_DAMAGED)
            follows = upto
            filled += length
        elif op:
            add(delta[at : at + op])
            at += op
            if last != filled:
                changed += (filled, filled)
            filled += op
            changed[-1] = last = filled
            follows = -1
        else:
            raise ValueError(_DAMAGED)
        if filled > size:
            raise ValueError(_DAMAGED)
    if filled != size or at > end or len(pieces) > PIECES:
        raise ValueError(_DAMAGED)
    if follows != before and last != filled:
        changed += (filled, filled)
    return pieces, changed


def _spread(op: int, delta: bytes, at: int) -> tuple[int, int]:
    """Start and size of a copy that leaves out bytes which are zero."""
    source = size = 0
    for bit in range(7):
        if op >> bit & 1 and at < len(delta):
            if bit < 4:
                source |= delta[at] << 8 * bit
            else:
                size |= delta[at] << 8 * (bit - 4)
            at += 1
    return source, size or 0x10000


def around(target: bytes, changed: Sequence[int], reach: int) -> bytes:
    """The changed ranges with `reach` bytes on either side, where they meet as one, each ended by a line end."""
    if not changed:
        return b""
    pieces = []
    low, high = max(0, changed[0] - reach), changed[1]
    near = 2 * reach
    for start, end in zip(changed[2::2], changed[3::2], strict=True):
        if start - high > near:
            pieces.append(target[low : high + reach])
            low = start - reach
        high = end
    pieces.append(target[low : high + reach])
    return b"\n".join(pieces) + b"\n"


def kernel(compiled: bool = True) -> Kernel:
    """The compiled kernel if it was built and is wanted, else the Python one."""
    if compiled:
        with suppress(ImportError):
            return cast(Kernel, import_module("scanner._kernel"))
    return Python()
