"""Unpacks compressed streams by chunks, so that neither a bomb nor a long input costs more than what comes out."""

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import Any

from scanner.storage.deflate import RATIO, deflate

_FIRST, _FEED = 1 << 11, 1 << 17
_CHUNK = 1 << 18
_AT_ONCE = 128 << 20
"""Bytes that a stream may hold at most to be inflated by a function that knows no bounds, but is the quicker one."""
FREE = 1 << 20
"""Output below this is no bomb whatever its ratio: small, very even texts compress a thousandfold."""
_MEMORY = 128 << 20
"""Of an xz dictionary, which a file may claim to be 4 GiB; `xz -9` needs 65 MiB."""

DAMAGE: tuple[type[Exception], ...] = (zlib.error, deflate.error, lzma.LZMAError, OSError, EOFError)
"""What a damaged stream raises."""
_ENGINES: dict[str, Any] = {
    "deflate": lambda: deflate.decompressobj(-15),
    "gzip": lambda: deflate.decompressobj(31),
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    "bz2": bz2.BZ2Decompressor,
}


class Overflow(ValueError):
    """More would come out than the budget allows."""


@dataclass
class Room:
    """What is left of a budget while one object is opened; and the greatest ratio of output to input."""

    left: int
    members: int
    ratio: int

    def take(self, size: int) -> None:
        """Counts `size` bytes. Raises Overflow when they are too many."""
        if size > self.left:
            raise Overflow("more comes out than the limit of bytes for one object")
        self.left -= size

    def enter(self) -> None:
        """Counts a member. Raises Overflow when there are too many."""
        if self.members <= 0:
            raise Overflow("more members than the limit")
        self.members -= 1


def known(packed: memoryview, size: int, room: Room) -> bytes:
    """What a stream of `deflate` holds that is said to be of this size, in one go where the size is no bomb's.

    Raises as `inflate`; the result may be of another size after all.
    """
    if size > min(room.left, max(FREE, room.ratio * len(packed))):
        out = bytearray()
        inflate("deflate", packed, out, room)
        return bytes(out)
    if len(packed) * RATIO <= _AT_ONCE:
        text: bytes = deflate.decompress(packed, -15, size + 1)
    else:
        stream = engine("deflate")
        text = stream.decompress(packed, size + 1)
        if len(text) <= size and not stream.eof:
            raise EOFError("ends early")
    room.take(len(text))
    return text


def checksum(text: bytes, before: int = 0) -> int:
    """The CRC-32 of a text, after a part whose own is given."""
    found: int = deflate.crc32(text, before)
    return found


def engine(name: str) -> Any:
    """A new decompressor of `deflate`, `gzip`, `xz` or `bz2`."""
    return _ENGINES[name]()


def inflate(name: str, packed: memoryview, out: bytearray, room: Room) -> int:
    """Append what a stream of `deflate`, `gzip`, `xz` or `bz2` holds to `out`. Returns where in `packed` it ends.

    Raises Overflow, and one of DAMAGE; what came before is in `out` then.
    """
    stream = engine(name)
    lazy = not hasattr(stream, "unconsumed_tail")
    most = max(FREE, room.ratio * len(packed))
    at, given, feed = 0, b"", _FIRST
    while not stream.eof:
        if not given and (not lazy or stream.needs_input):
            given = bytes(packed[at : at + feed])
            at += len(given)
            feed = min(2 * feed, _FEED)
        piece = stream.decompress(given, _CHUNK)
        given = b"" if lazy else stream.unconsumed_tail
        if not piece and not given and at >= len(packed) and not stream.eof:
            raise EOFError("ends early")
        room.take(len(piece))
        out += piece
        if len(out) > most:
            raise Overflow(f"comes out more than {room.ratio} times as large")
    return at - len(stream.unused_data)
