"""Archives that are read from front to back: tar, ar (Debian packages), cpio and RPM packages.

Python's `tarfile` ends without a word at a header that is damaged or cut off; what is missing must be said here.
Sources: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Standard Format";
ar(5); cpio(5), "New ASCII Format"; https://rpm-software-management.github.io/rpm/manual/format_v4.html
"""

from collections.abc import Iterator
from typing import NamedTuple

from scanner.artefacts.forms import is_tar
from scanner.artefacts.streams import Damaged, Part, Source, exactly

_BLOCK = 512
_NONE = b"\0" * _BLOCK
_HEADER = 1 << 20
"""Bytes that a name or a pax header may have; real ones have a few hundred."""
_FILES = frozenset((b"0", b"\0", b"7", b"S"))
_LONG_NAME, _LONG_LINK, _PAX, _GLOBAL = b"L", b"K", (b"x", b"X"), b"g"
_EXTENDED = 482
_LEAD, _RPM_HEADER = 96, b"\x8e\xad\xe8\x01"


class Entry(NamedTuple):
    """A file in an archive and its content, which must be read before the next entry is asked for."""

    name: str
    content: Part


def tar(source: Source) -> Iterator[Entry]:
    """The regular files of a tar archive, and of those that follow it. Raises Damaged, also where its end is missing.

    Of a sparse file the content is what is stored: its data without the holes.
    """
    said: dict[str, str] = {}
    ended = False
    while block := source.read(_BLOCK):
        if len(block) < _BLOCK:
            raise Damaged("tar ends early")
        if block == _NONE:
            ended = True
            continue
        if not is_tar(block):
            raise Damaged("something else follows the end of a tar" if ended else "damaged tar")
        ended = False
        kind, size = block[156:157], _size(block[124:136])
        if kind in (_LONG_NAME, _LONG_LINK, _GLOBAL, *_PAX):
            text = _short(source, size)
            if kind == _LONG_NAME:
                said["path"] = _text(text.rstrip(b"\0"))
            elif kind in _PAX:
                said |= _pax(text)
            continue
        size = int(said["size"]) if said.get("size", "").isdigit() else size
        if kind == b"S":
            _skip_map(source, block)
        yield from _entry(source, said.get("GNU.sparse.name") or said.get("path") or _name(block), size, kind)
        said = {}
    if not ended:
        raise Damaged("tar has no end: it may be cut off")


def _entry(source: Source, name: str, size: int, kind: bytes) -> Iterator[Entry]:
    part = Part(source, size if kind not in b"123456" else 0)
    if kind in _FILES:
        yield Entry(name, part)
    part.skip()
    _pad(source, size if kind not in b"123456" else 0, _BLOCK)


def _size(field: bytes) -> int:
    if field[0] & 0x80:  # base 256, for what eleven octal digits cannot say
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    return _number(field.strip(b" \0") or b"0", 8)


def _number(text: bytes, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise Damaged("a number that is none") from None


def _name(block: bytes) -> str:
    name, prefix = block[:100].partition(b"\0")[0], block[345:500].partition(b"\0")[0]
    return _text(prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _short(source: Source, size: int) -> bytes:
    if size > _HEADER:
        raise Damaged("a header that is too long")
    text = exactly(source, size)
    _pad(source, size, _BLOCK)
    return text


def _pad(source: Source, size: int, unit: int) -> None:
    Part(source, -size % unit).skip()


def _skip_map(source: Source, block: bytes) -> None:
    """GNU tar's old sparse files: further blocks say where the data belongs."""
    more = block[_EXTENDED]
    while more:
        more = exactly(source, _BLOCK)[504]


def _pax(text: bytes) -> dict[str, str]:
    said = {}
    while text.strip(b"\0"):
        length, _, _ = text.partition(b" ")
        if not length.isdigit() or not len(length) + 2 < int(length) <= len(text):
            raise Damaged("a damaged pax header")
        key, _, value = text[len(length) + 1 : int(length) - 1].partition(b"=")
        said[_text(key)] = _text(value)
        text = text[int(length) :]
    return said


def ar(source: Source) -> Iterator[Entry]:
    """The files of an ar archive. Raises Damaged."""
    Part(source, 8).skip()
    while head := source.read(60):
        if len(head) < 60 or head[58:] != b"`\n":
            raise Damaged("damaged ar")
        size, name = _number(head[48:58].strip(), 10), head[:16].rstrip()
        part = Part(source, size)
        if name.startswith(b"#1/"):  # BSD's: the name comes before the content
            name = exactly(part, min(_number(name[3:], 10), size, _HEADER)).rstrip(b"\0")
        yield Entry(_text(name.rstrip(b"/") or name), part)
        part.skip()
        if size % 2:
            source.read(1)


def cpio(source: Source) -> Iterator[Entry]:
    """The files of a cpio archive in the new ASCII format. Raises Damaged, also where its end is missing."""
    while True:
        head = exactly(source, 110)
        if head[:6] not in (b"070701", b"070702"):
            raise Damaged("damaged cpio")
        size, length = _number(head[54:62], 16), _number(head[94:102], 16)
        if length > _HEADER:
            raise Damaged("a name that is too long")
        name = exactly(source, length).rstrip(b"\0")
        _pad(source, 110 + length, 4)
        if name == b"TRAILER!!!":
            return
        part = Part(source, size)
        yield Entry(_text(name), part)
        part.skip()
        _pad(source, size, 4)


def rpm_header(source: Source) -> bytes:
    """The signature and the header of an RPM package; its payload is what follows. Raises Damaged."""
    Part(source, _LEAD).skip()
    texts = []
    for padded in (True, False):
        head = exactly(source, 16)
        size = 16 * int.from_bytes(head[8:12], "big") + int.from_bytes(head[12:], "big")
        if head[:4] != _RPM_HEADER or size > 64 * _HEADER:
            raise Damaged("damaged rpm")
        texts.append(exactly(source, size))
        if padded:
            _pad(source, size, 8)
    return b"\n".join(texts)
