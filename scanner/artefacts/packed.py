"""Zip archives (wheels, eggs, jars, NuGet packages): what their directory lists, and whatever else lies in them."""

import io
import mmap
import zipfile
from collections.abc import Iterator, Sequence

from scanner.artefacts.streams import Checked, Damaged, Inflated, Source
from scanner.contents.containers import member
from scanner.storage.inflate import Room

Held = bytes | mmap.mmap
_METHODS = {zipfile.ZIP_STORED: "", zipfile.ZIP_DEFLATED: "deflate", zipfile.ZIP_BZIP2: "bz2", 93: "zstd", 95: "xz"}
"""APPNOTE.TXT, section 4.4.5."""


class Slice:
    """A stretch of what is held, as a source."""

    def __init__(self, held: Held, start: int, end: int) -> None:
        self._held, self._at, self._end = held, start, end

    def read(self, size: int, /) -> bytes:
        text = self._held[self._at : min(self._end, self._at + size)]
        self._at += len(text)
        return text


def listed(held: Held) -> list[zipfile.ZipInfo]:
    """The files that the directory lists. Raises what `zipfile` raises over a damaged directory."""
    with zipfile.ZipFile(_File(held) if isinstance(held, mmap.mmap) else io.BytesIO(held)) as archive:
        return [info for info in archive.infolist() if not info.is_dir() or info.file_size]


def content(held: Held, info: zipfile.ZipInfo, room: Room, whole: int) -> Source:
    """What a file of the archive holds; up to `whole` bytes are unpacked at once, which is quicker.

    Raises Damaged, as reading may, also for a file that is encrypted or packed in a way that is not known here.
    """
    if info.flag_bits & 1:
        raise Damaged("encrypted")
    if info.compress_type not in _METHODS:
        raise Damaged("packed in a way that is not known here")
    method, start = _METHODS[info.compress_type], _start(held, info)
    if method in ("", "deflate") and info.file_size < whole:
        return io.BytesIO(member(held, info, room))
    packed: Source = Slice(held, start, start + info.compress_size)
    if method:
        packed = Inflated(method, packed, room)
    else:
        room.take(info.compress_size)  # files may lie upon each other
    return Checked(packed, info.file_size, info.CRC)


def unlisted(held: Held) -> bool:
    """Whether there are more files in it than its directory lists: another zip before it, or what was taken off."""
    with zipfile.ZipFile(_File(held) if isinstance(held, mmap.mmap) else io.BytesIO(held)) as archive:
        heads = {info.header_offset for info in archive.infolist()}
    return rest(held).count(b"PK\3\4") > len(heads)


def rest(held: Held) -> bytes:
    """What no file of the archive accounts for: its directory, comments, what comes before, files no longer listed."""
    pieces, at = [], 0
    for start, end in [*sorted(_stretches(held, listed(held))), (len(held), len(held))]:
        if start > at:
            pieces.append(held[at:start])
        at = max(at, end)
    return b"\n".join((b"", *pieces))  # so that it does not begin like an archive itself


def _stretches(held: Held, infos: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[int, int]]:
    for info in infos:
        try:
            start = _start(held, info)
        except Damaged:
            continue
        yield start, start + info.compress_size


def _start(held: Held, info: zipfile.ZipInfo) -> int:
    """Where a file's bytes begin, after its own header. Raises Damaged."""
    at = info.header_offset
    head = held[at : at + 30] if at >= 0 else b""
    start = at + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if not head.startswith(b"PK\3\4") or start + info.compress_size > len(held):
        raise Damaged("the directory points elsewhere")
    return start


class _File(io.RawIOBase):
    """A map of a file, for `zipfile`, which wants to seek; without a copy of it."""

    def __init__(self, held: mmap.mmap) -> None:
        super().__init__()
        self._held, self._at = held, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._held)}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        end = len(self._held) if size < 0 else self._at + size
        text = self._held[self._at : end]
        self._at += len(text)
        return text
