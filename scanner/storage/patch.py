"""Deltas applied in Python (gitformat-pack(5), "Deltified representation"): most of a scan without the kernel."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from struct import Struct
from struct import error as TooShort
from typing import Any

PIECES = 1 << 20
"""A delta of more pieces is left to git: git writes none, and each costs many times its few bytes."""
DAMAGED = "the delta is damaged"
_STARTS = 0xFFFFFFFF
_MOST = 0x10000
"""The size of a copy that names none."""
FAR = 4
"""How many times as far as asked is looked around a change where no line ends within the asked bytes."""
Order = Callable[[bytes, int], tuple[int, int]]


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
    raise ValueError(DAMAGED)


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
            raise ValueError(DAMAGED)
        if not op & 128:
            if op > end - at:
                raise ValueError(DAMAGED)
            yield -1, op, at
            at += op
            continue
        source = size = 0
        for bit in range(7):
            if op >> bit & 1:
                if at >= end:
                    raise ValueError(DAMAGED)
                if bit < 4:
                    source |= delta[at] << 8 * bit
                else:
                    size |= delta[at] << 8 * (bit - 4)
                at += 1
        yield source, size or 0x10000, at


def apply(base: bytes, delta: bytes, reach: int, limit: int, /) -> tuple[bytes, bytes]:
    """As `scanner.storage.delta.Kernel.apply` says."""
    expected, at = varint(delta, 0)
    size, at = varint(delta, at)
    if expected != len(base):
        raise ValueError(DAMAGED)
    if size > limit:
        raise ValueError("the delta's target is above the size limit")
    if len(delta) > PIECES:
        for _ in operations(delta):  # raises for too many
            continue
    try:
        pieces, runs, start, follows = _patched(base, delta, at, size, 2 * max(reach, 0))
    except (IndexError, TooShort) as error:
        raise ValueError(DAMAGED) from error
    target = b"".join(pieces)
    if len(target) != size:
        raise ValueError(DAMAGED)
    if reach < 0:
        return target, b""
    head = _head(delta, at)
    tail = start if follows == len(base) else -1
    return target, b"" if head == size and tail == 0 else _around(target, runs, (head, tail), reach)


def _patched(base: bytes, delta: bytes, at: int, size: int, near: int) -> tuple[list[bytes], dict[int, int], int, int]:
    """The pieces of a delta's target; what it takes over in one run of more than `near` bytes, start to end.

    Then where the last run starts, and where in the base it ends: -1 behind inserted bytes. What leads out of the base
    gives too short a piece.
    """
    pieces: list[bytes] = []
    runs: dict[int, int] = {}
    end, add, orders = len(delta), pieces.append, _ORDERS
    delta += b"\0"  # ends the loop
    filled = start = follows = 0
    while True:
        op = delta[at]
        at += 1
        if op > 127:
            many, order = orders[op]
            source, length = order(delta, at)
            at += many
            if source != follows:
                start = filled
            follows = source + (length or _MOST)
            add(base[source:follows])
            filled += follows - source
            if filled - start > near:
                runs[start] = filled
            if filled > size:
                raise ValueError(DAMAGED)
        elif op:
            upto = at + op
            add(delta[at:upto])
            at = upto
            filled += op
            follows = -1
        else:
            break
    if at != end + 1 or filled != size:
        raise ValueError(DAMAGED)
    return pieces, runs, start, follows


def _head(delta: bytes, at: int) -> int:
    """How many bytes at its start a target takes over from the base's start."""
    head = 0
    while at < len(delta) and delta[at] > 127:
        many, order = _ORDERS[delta[at]]
        source, length = order(delta, at + 1)
        if source != head:
            break
        head += length or _MOST
        at += 1 + many
    return head


def _around(target: bytes, runs: dict[int, int], ends: tuple[int, int], reach: int) -> bytes:
    """All of a target but what lies in `runs` more than `reach` from their ends, or FAR times that where no line ends.

    The pieces are joined with line ends. `ends` are where the run from the base's start ends and where the one to its
    end starts; 0 and -1 for none.
    """
    head, tail = ends
    far, find, parts = FAR * reach, target.find, []
    low = head - (reach if head <= reach or find(b"\n", head - reach, head) >= 0 else far)
    low = max(low, 0)
    for start, end in runs.items():
        if start != tail and (start or not head):
            high = start + reach
            if find(b"\n", start, high) < 0:
                high = start + far
            after = end - reach
            if find(b"\n", after, end) < 0:
                after = end - far
            if high < after:
                parts.append(target[low:high])
                low = after
    if tail >= 0:
        high = tail + reach
        parts.append(target[low : high if find(b"\n", tail, high) >= 0 else tail + far])
    else:
        parts.append(target[low:])
    return b"\n".join(parts) + b"\n"


def _order(op: int) -> tuple[int, Order]:
    """By the first byte of a copy how many bytes follow, and what reads its start and size from them."""
    starts, sizes = op & 15, op >> 4 & 7
    form = {1: "B", 3: "H", 15: "I"}.get(starts), {0: "", 1: "B", 3: "H"}.get(sizes)
    many = (op & 127).bit_count()
    if form[0] is not None and form[1]:
        return many, Struct(f"<{form[0]}{form[1]}").unpack_from
    if starts == 7 and form[1]:
        long = Struct(f"<HB{form[1]}").unpack_from

        def order(delta: bytes, at: int) -> tuple[int, int]:
            low, high, size = long(delta, at)
            return low | high << 16, size

        return many, order
    return many, _spread([8 * bit for bit in range(7) if op >> bit & 1])


def _spread(places: Sequence[int]) -> Order:
    """What reads bytes that belong at these bits of start and size."""
    first, second, third = (*places, 0, 0, 0)[:3]

    def one(delta: bytes, at: int) -> tuple[int, int]:
        value = delta[at] << first
        return value & _STARTS, value >> 32

    def two(delta: bytes, at: int) -> tuple[int, int]:
        value = delta[at] << first | delta[at + 1] << second
        return value & _STARTS, value >> 32

    def three(delta: bytes, at: int) -> tuple[int, int]:
        value = delta[at] << first | delta[at + 1] << second | delta[at + 2] << third
        return value & _STARTS, value >> 32

    def spread(delta: bytes, at: int) -> tuple[int, int]:
        value = sum(delta[at + n] << place for n, place in enumerate(places))
        return value & _STARTS, value >> 32

    return {1: one, 2: two, 3: three}.get(len(places), spread)  # sums take their time


_NONE: tuple[int, Order] = (0, lambda delta, at: (0, 0))
_ORDERS = list(chain((_NONE for _ in range(128)), map(_order, range(128, 256))))
