"""What archives are read from: a part of a stream, and what a compressed stream holds. Never all of it at once."""

import importlib
from contextlib import suppress
from typing import Any, Protocol

from scanner.storage.inflate import FREE, Overflow, Room, checksum, engine

_FEED = 1 << 17
_CHUNK = 1 << 20
_WINDOW_LOG = 27
"""Of a Zstandard frame: 128 MiB; `zstd --ultra -22` needs as much."""
NO_ZSTD = "compressed by Zstandard: install offkey[zstd] to look into it"


class Damaged(ValueError):
    """What is read does not have the form that its beginning promises."""


class Bomb(Overflow):
    """One stream comes out many times as large as it is; the others may go on."""


class Source(Protocol):
    """`read` gives as many bytes as asked for; fewer at the end alone, or before a damage that the next call raises."""

    def read(self, size: int, /) -> bytes: ...


def exactly(source: Source, size: int) -> bytes:
    """The next `size` bytes. Raises Damaged where there are fewer."""
    text = source.read(size)
    if len(text) < size:
        raise Damaged("ends early")
    return text


def readable(source: Source, size: int) -> tuple[bytes, Exception | None]:
    """Up to `size` bytes, and what is raised after them where the source does not simply end."""
    text = b""
    try:
        text = source.read(size)
        if len(text) < size:
            source.read(1)
    except Exception as error:  # noqa: BLE001 - whoever called gets it
        return text, error
    return text, None


class Part:
    """The next `size` bytes of a source. Raises Damaged where the source ends before."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.left = size

    def read(self, size: int, /) -> bytes:
        text = self._source.read(min(size, self.left)) if self.left else b""
        if self.left and not text:
            raise Damaged("ends early")
        self.left -= len(text)
        return text

    def skip(self) -> None:
        """Go to the end of the part."""
        while self.left:
            self.read(_CHUNK)


class Begun:
    """A source of which the beginning has been read already."""

    def __init__(self, beginning: bytes, source: Source) -> None:
        self._beginning = memoryview(beginning)
        self._source = source

    def read(self, size: int, /) -> bytes:
        if not self._beginning:
            return self._source.read(size)
        text = bytes(self._beginning[:size])
        self._beginning = self._beginning[size:]
        return text + self._source.read(size - len(text)) if len(text) < size else text


class Checked:
    """A source that must have this size and CRC-32. Raises Damaged at its end where it has not."""

    def __init__(self, source: Source, size: int, crc: int) -> None:
        self._source, self._left, self._crc, self._seen = source, size, crc, 0

    def read(self, size: int, /) -> bytes:
        text = self._source.read(size)
        self._left -= len(text)
        self._seen = checksum(text, self._seen)
        if not text and (self._left or self._seen != self._crc):
            raise Damaged("the checksum differs")
        return text


class Inflated:
    """What a stream of `gzip`, `xz`, `bz2`, `zstd` or `deflate` holds, also one of several parts.

    Reading raises Bomb, Overflow, Damaged, or one of `scanner.storage.inflate.DAMAGE`.
    """

    def __init__(self, name: str, source: Source, room: Room) -> None:
        self._name, self._source, self._room = name, source, room
        self._engine: Any = zstd() if name == "zstd" else engine(name)
        self._lazy = not hasattr(self._engine, "unconsumed_tail")
        self._given = b""
        self._in = self._out = 0
        self._over = False
        self._trouble: Exception | None = None

    def read(self, size: int, /) -> bytes:
        pieces: list[bytes] = []
        left = size
        while left and self._trouble is None:
            try:
                piece = self._piece(min(left, _CHUNK))
            except Exception as error:  # noqa: BLE001 - raised as soon as what came before it has been given
                self._trouble = error
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        if not pieces and self._trouble is not None:
            raise self._trouble
        return b"".join(pieces)

    def _piece(self, most: int) -> bytes:
        """Up to `most` bytes; none at the end alone."""
        while not self._over:
            fed = self._feed()
            piece: bytes = self._engine.decompress(self._given, most)
            self._given = b"" if self._lazy else self._engine.unconsumed_tail
            if self._engine.eof:
                self._next()
            elif not piece and not fed and not self._given:
                raise Damaged(f"{self._name} ends early")
            if piece:
                self._count(len(piece))
                return piece
        return b""

    def _feed(self) -> bool:
        """Read on where the engine has nothing to work on. Returns whether there is anything more."""
        if self._given or (self._lazy and not self._engine.needs_input):
            return True
        self._given = self._source.read(_FEED)
        self._in += len(self._given)
        return bool(self._given)

    def _next(self) -> None:
        """At the end of a part: begin the one that follows, after padding, if there is one."""
        rest = self._engine.unused_data.lstrip(b"\0")
        while not rest and (more := self._source.read(_FEED)):
            self._in += len(more)
            rest = more.lstrip(b"\0")
        self._over = not rest or self._name == "deflate"
        if rest and self._over:
            raise Damaged("the directory says another size")
        if not self._over:
            self._engine = zstd() if self._name == "zstd" else engine(self._name)
            self._given = rest

    def _count(self, size: int) -> None:
        self._room.take(size)
        self._out += size
        if self._out > max(FREE, self._room.ratio * self._in):
            raise Bomb(f"comes out more than {self._room.ratio} times as large")


def zstd() -> Any:
    """A decompressor of Zstandard: Python's own from 3.14 on, else that of backports.zstd. Raises Damaged for none."""
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            library = importlib.import_module(name)
            return library.ZstdDecompressor(options={library.DecompressionParameter.window_log_max: _WINDOW_LOG})
    raise Damaged(NO_ZSTD)


def zstd_damage() -> tuple[type[Exception], ...]:
    """What a damaged stream of Zstandard raises."""
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return (importlib.import_module(name).ZstdError,)
    return ()
