"""The forms a whole content can take, each opened within a `Room` of bytes and members. Nothing found inside is run."""

import io
import json
import mmap
import re
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from scanner.contents.opening import Layer, Refused
from scanner.storage.inflate import DAMAGE, Overflow, Room, checksum, inflate, known

_SQLITE_STEPS = 20_000_000
_PADDING = re.compile(rb"\0*")
_DAMAGE: tuple[type[Exception], ...] = (
    *DAMAGE,
    zipfile.BadZipFile,
    tarfile.TarError,
    sqlite3.Error,
    ValueError,
    LookupError,
    RuntimeError,
    AttributeError,
    TypeError,
)
"""What the standard library raises over a damaged archive, and a notebook of another shape."""


def form(content: bytes) -> str | None:
    """The name of the content's form by its first bytes, or None. Text encodings are not among them."""
    for magic, name in _MAGIC:
        if content.startswith(magic):
            return name
    if content[257:262] == b"ustar":
        return "tar"
    if content[:1] == b"{" and b'"cells"' in content and b'"nbformat"' in content:
        return "notebook"
    return None


def opened(name: str, content: bytes, room: Room) -> Iterator[Layer | Refused]:
    """What `content` of the form `name` holds, one step deep. A damaged one gives what came before, then a Refused.

    Raises ValueError for a name that is no form.
    """
    if name not in _OPEN:
        raise ValueError(f"no such form: {name}")
    seen: dict[str, int] = {}
    try:
        for found in _OPEN[name](content, room):
            if isinstance(found, Refused):
                yield found
                continue
            step = found.steps[0]
            seen[step] = seen.get(step, 0) + 1
            # Archives may hold a name twice; replay must tell the two apart.
            yield found if seen[step] == 1 else found._replace(steps=(f"{step}:{seen[step]}",))
    except Overflow as error:
        yield Refused((name,), str(error))
    except _DAMAGE:
        yield Refused((name,), f"damaged or unusual {name}")


def _inflated(name: str, content: bytes, room: Room) -> Iterator[Layer | Refused]:
    """A compressed stream, also of several parts one after the other."""
    out, packed, why = bytearray(), memoryview(content), ""
    while packed and not why:
        try:
            packed = packed[inflate(name, packed, out, room) :]
            packed = packed[_PADDING.match(packed).end() :]  # type: ignore[union-attr]  # it matches nothing, too
        except EOFError:
            why = f"{name} ends early"
        except DAMAGE:
            why = f"damaged {name}"
    if out:
        yield Layer(bytes(out), (name,))
    if why:
        yield Refused((name,), why)


def _zip(content: bytes, room: Room) -> Iterator[Layer | Refused]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            room.enter()
            step = f"zip:{escaped(info.filename)}"
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                yield Refused((step,), "encrypted")
                continue
            # zipfile bounds the output of deflate only; a chunk of bz2 or lzma may come out a gigabyte.
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                yield Refused((step,), "packed in another way than deflate")
                continue
            try:
                text = member(content, info, room)
            except Overflow:
                raise
            except _DAMAGE:
                yield Refused((step,), "damaged member")
                continue
            yield Layer(text, (step,))


def member(content: bytes | mmap.mmap, info: zipfile.ZipInfo, room: Room) -> bytes:
    """A member's bytes; zipfile could give them, too, but at a third of the speed. Raises ValueError for a damaged one.

    Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, section 4.3.7.
    """
    at = info.header_offset
    head = content[at : at + 30]
    start = at + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = memoryview(content)[start : start + info.compress_size]
    if at < 0 or not head.startswith(b"PK\3\4") or len(packed) != info.compress_size:
        raise ValueError("the directory points elsewhere")
    if info.compress_type == zipfile.ZIP_STORED:
        room.take(len(packed))
        text = bytes(packed)
    else:
        text = known(packed, info.file_size, room)
    if len(text) != info.file_size or checksum(text) != info.CRC:
        raise ValueError("the checksum differs")
    return text


def _tar(content: bytes, room: Room) -> Iterator[Layer | Refused]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for info in archive:
            room.enter()
            if not info.isreg():
                continue
            step = f"tar:{escaped(info.name)}"
            # A sparse file may claim any size with no bytes behind it.
            source = (
                None if info.issparse() or info.offset_data + info.size > len(content) else archive.extractfile(info)
            )
            if source is None:
                yield Refused((step,), "cut off or sparse member")
                continue
            room.take(info.size)
            yield Layer(source.read(), (step,))


def _sqlite(content: bytes, room: Room) -> Iterator[Layer | Refused]:
    room.take(len(content))
    # A database in memory has no write-ahead log; sqlite refuses one whose header asks for it.
    plain = content[:18] + b"\1\1" + content[20:]
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(plain)
        base.execute("PRAGMA trusted_schema=OFF")
        base.execute("PRAGMA query_only=ON")
        base.text_factory = bytes
        base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(1, min(room.left, 1 << 30)))
        base.set_progress_handler(_countdown(), 1000)
        # Views and virtual tables (no root page) would compute; only stored rows are read.
        names = base.execute("SELECT name FROM sqlite_schema WHERE type='table' AND rootpage>0").fetchall()
        for (raw,) in names:
            room.enter()
            name = raw.decode("utf-8", errors="replace")
            yield from _rows(base, name, room)
    finally:
        base.close()


def _rows(base: sqlite3.Connection, name: str, room: Room) -> Iterator[Layer | Refused]:
    step, cells, why = f"sqlite:{escaped(name)}", [], ""
    quoted = name.replace('"', '""')
    try:
        for row in base.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - quoted; parameters cannot name a table
            for cell in row:
                if isinstance(cell, bytes):
                    room.take(len(cell) + 1)
                    cells.append(cell)
    except sqlite3.Error:
        why = "damaged or too long table"
    yield Layer(b"\n".join(cells), (step,))
    if why:
        yield Refused((step,), why)


def _countdown() -> Any:
    steps = iter(range(_SQLITE_STEPS // 1000))
    return lambda: next(steps, None) is None


def _notebook(content: bytes, room: Room) -> Iterator[Layer | Refused]:
    texts: list[str] = []
    for cell in json.loads(content)["cells"]:
        room.enter()
        for part in (cell.get("source"), cell.get("outputs"), cell.get("attachments")):
            _strings(part, texts)
    text = "\n".join(texts).encode("utf-8", errors="replace")
    room.take(len(text))
    yield Layer(text, ("notebook",))


def _strings(part: Any, texts: list[str]) -> None:
    """Notebooks keep a text as one string or as a list of its lines."""
    if isinstance(part, str):
        texts.append(part)
    elif isinstance(part, list) and part and all(isinstance(line, str) for line in part):
        texts.append("".join(part))
    elif isinstance(part, list | dict):
        for inner in part.values() if isinstance(part, dict) else part:
            _strings(inner, texts)


def _seven(content: bytes, room: Room) -> Iterator[Layer | Refused]:
    yield Refused(("7z",), "7z archives are not opened")


def escaped(name: str) -> str:
    """A name as it stands in a step: "/" stays, ":" and all that is unusual is percent-escaped."""
    return quote(name, safe="/", errors="replace")


_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bz2"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"SQLite format 3\0", "sqlite"),
)
_OPEN: dict[str, Any] = {
    "gzip": lambda content, room: _inflated("gzip", content, room),
    "xz": lambda content, room: _inflated("xz", content, room),
    "bz2": lambda content, room: _inflated("bz2", content, room),
    "zip": _zip,
    "tar": _tar,
    "7z": _seven,
    "sqlite": _sqlite,
    "notebook": _notebook,
}
