"""The forms a whole content can take, each opened within a `Room` of bytes and members. Nothing found inside is run."""

import bz2
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote

from scanner.opening import Layer, Refused

_CHUNK = 1 << 16
_FREE = 1 << 20
"""Output below this is no bomb whatever its ratio: small, very even texts compress a thousandfold."""
_SQLITE_STEPS = 20_000_000
_MEMORY = 128 << 20
"""Of an xz dictionary, which a file may claim to be 4 GiB; `xz -9` needs 65 MiB."""


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
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, RecursionError, NotImplementedError, *_DAMAGE):
        yield Refused((name,), f"damaged or unusual {name}")


def _inflated(name: str, content: bytes, room: Room) -> Iterator[Layer | Refused]:
    """A compressed stream, also of several parts one after the other; it grows by chunks so that a bomb stays small."""
    out, rest, why, most = bytearray(), content, "", max(_FREE, room.ratio * len(content))
    while rest and not why:
        engine = _ENGINES[name]()
        try:
            while not engine.eof:
                if isinstance(engine, lzma.LZMADecompressor | bz2.BZ2Decompressor):
                    piece, rest = engine.decompress(rest, _CHUNK), b""
                    stuck = not piece and engine.needs_input
                else:
                    piece = engine.decompress(rest, _CHUNK)
                    rest, stuck = engine.unconsumed_tail, not piece and not engine.unconsumed_tail
                if stuck and not engine.eof:
                    why = f"{name} ends early"
                    break
                room.take(len(piece))
                out += piece
                if len(out) > most:
                    raise Overflow(f"comes out more than {room.ratio} times as large")
        except (zlib.error, lzma.LZMAError, OSError, EOFError):
            why = f"damaged {name}"
        rest = engine.unused_data.lstrip(b"\0")
    if out:
        yield Layer(bytes(out), (name,))
    if why:
        yield Refused((name,), why)


def _read(source: IO[bytes], packed: int, room: Room) -> bytes:
    out, most = bytearray(), max(_FREE, room.ratio * packed)
    while piece := source.read(_CHUNK):
        room.take(len(piece))
        out += piece
        if len(out) > most:
            raise Overflow(f"comes out more than {room.ratio} times as large")
    return bytes(out)


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
                with archive.open(info) as source:
                    text = _read(source, info.compress_size, room)
            except Overflow:
                raise
            except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, *_DAMAGE):
                yield Refused((step,), "damaged member")
                continue
            yield Layer(text, (step,))


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
            yield Layer(_read(source, info.size, room), (step,))


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


_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, sqlite3.Error, AttributeError, TypeError)
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bz2"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"SQLite format 3\0", "sqlite"),
)
_ENGINES: dict[str, Any] = {
    "gzip": lambda: zlib.decompressobj(31),
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    "bz2": bz2.BZ2Decompressor,
}
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
