"""Turns any bytes into a damaged or hostile pack, index or delta: what the fuzzers feed to the readers."""

import hashlib
import struct
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.fuzz.handmade import (
    BLOB,
    COMMIT,
    OFS_DELTA,
    REF_DELTA,
    TAG,
    TREE,
    Made,
    copy,
    delta,
    insert,
    number,
    pack_and_index,
)

T = TypeVar("T")
FAN, NAMES = 8, 8 + 1024
SNIPPETS = (
    b"tok_abcdefgh\n",
    b"tok_",
    b"efgh",
    b"near by\n",
    b" key-123456 ",
    b"<begin",
    b"the end>",
    b"\n",
    b"\0",
    b"\xff\xfe",
)
TEXT = b"".join(
    b"line %d of a text that deltas copy from\n%s" % (n, SNIPPETS[n // 20 % 7] * (n % 20 == 9)) for n in range(280)
)


@dataclass
class Draw:
    """Choices drawn from bytes: the same bytes make the same choices; past their end everything is the least."""

    data: bytes
    at: int = field(default=0)

    def number(self, low: int, high: int) -> int:
        """A number from low to high."""
        span = high - low
        width = (span.bit_length() + 7) // 8
        taken = self.data[self.at : self.at + width]
        self.at += width
        return low + int.from_bytes(taken, "little") % (span + 1)

    def bytes(self, most: int) -> bytes:
        """Up to so many bytes."""
        size = self.number(0, most)
        self.at += size
        return self.data[self.at - size : self.at]

    def one(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.number(0, len(choices) - 1)]

    @property
    def more(self) -> bool:
        """Whether bytes are left."""
        return self.at < len(self.data)


@lru_cache(maxsize=1)
def corpus() -> tuple[tuple[bytes, bytes], ...]:
    """Packs and indexes as git makes them: with OFS deltas, with REF deltas, without deltas, of another history."""
    found = []
    with TemporaryDirectory() as folder:
        for name, lines, options in (
            ("a", 60, ("-c", "repack.useDeltaBaseOffset=true", "repack", "-adfq")),
            ("b", 60, ("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")),
            ("c", 20, ("repack", "-adfq", "--depth=0")),
        ):
            repo = Path(folder, name)
            _history(repo, lines)
            _git(repo, *options)
            (idx,) = (repo / ".git/objects/pack").glob("*.idx")
            found.append((idx.with_suffix(".pack").read_bytes(), idx.read_bytes()))
    return tuple(found)


def _git(repo: Path, *args: str) -> None:
    identity = ("-c", "user.name=f", "-c", "user.email=f@example.com", "-c", "commit.gpgSign=false")
    subprocess.run(["git", *identity, *args], cwd=repo, check=True, capture_output=True)


def _history(repo: Path, lines: int) -> None:
    repo.mkdir()
    _git(repo, "init", "-q")
    for n in range(12):
        for name in ("a.txt", f"sub{n % 3}/b{n % 4}.txt"):
            file = repo / name
            file.parent.mkdir(exist_ok=True)
            file.write_text("".join(f"line {i} {n if i % 12 == n else ''} {name}\n" for i in range(lines)))
        _git(repo, "add", "-A")
        _git(repo, "commit", "-q", "-m", f"commit {n}")
    _git(repo, "tag", "-a", "-m", "release", "v1")


def hostile(draw: Draw) -> tuple[bytes, bytes]:
    """A pack and an index: git's own or made by hand, then damaged a few times, or not at all."""
    made = draw.one(corpus()) if draw.number(0, 1) else by_hand(draw)
    pack, idx = bytearray(made[0]), bytearray(made[1])
    for _ in range(draw.number(0, 5)):
        draw.one(_DAMAGES)(draw, pack, idx)
    if draw.number(0, 1):
        _seal(pack, idx)
    return bytes(pack), bytes(idx)


def by_hand(draw: Draw) -> tuple[bytes, bytes]:
    """A pack whose entries lean on any others: circles, absent bases, wild sizes, deltas good and bad."""
    count = draw.number(1, 24)
    names = [hashlib.sha1(b"%d" % n).digest() for n in range(count)]
    entries: list[Made] = []
    contents: list[bytes | None] = []
    for n in range(count):
        kind = draw.one((BLOB, BLOB, OFS_DELTA, OFS_DELTA, OFS_DELTA, REF_DELTA, REF_DELTA, COMMIT, TREE, TAG, 0, 5))
        base: int | bytes | None = None
        content: bytes | None = None
        if kind in (OFS_DELTA, REF_DELTA):
            base = draw.number(0, count - 1 if kind == REF_DELTA or draw.number(0, 7) == 0 else max(0, n - 1))
            known = contents[base] if base < n else None
            body, content = any_delta(draw, known if known is not None else TEXT)
            if draw.number(0, 9) == 0:
                base = -draw.number(1, 1 << draw.number(1, 62)) if kind == OFS_DELTA else bytes(20)
        elif kind == TREE:
            body = content = _tree(draw, names)
        else:
            wide = TEXT[: draw.number(0, len(TEXT))]
            body = content = draw.one((wide, wide, wide, b"\xff\xfe" + wide.decode("latin-1").encode("utf-16-le"), b""))
        size = draw.number(0, 1 << draw.number(0, 60)) if draw.number(0, 9) == 0 else None
        stored = _stored(draw, body) if draw.number(0, 9) == 0 else None
        entries.append(Made(kind, body, base=base, name=names[n], size=size, stored=stored))
        contents.append(content)
    return pack_and_index(entries)


def _tree(draw: Draw, names: Sequence[bytes]) -> bytes:
    rows = [
        b"%s n%02d\0" % (draw.one((b"100644", b"40000", b"160000", b"40000")), n) + draw.one(names)
        for n in range(draw.number(0, 9))
    ]
    return b"".join(rows) + (draw.bytes(30) if draw.number(0, 5) == 0 else b"")


def _stored(draw: Draw, body: bytes) -> bytes:
    good = zlib.compress(body)
    return draw.one((good[: len(good) // 2], good + b"more", b"", draw.bytes(50), zlib.compress(bytes(1 << 16))))


def any_delta(draw: Draw, base: bytes) -> tuple[bytes, bytes | None]:
    """A delta for a base, and its target; None where it does not fit."""
    target = bytearray()
    body = bytearray()
    fits = True
    for _ in range(draw.number(0, 12)):
        what = draw.number(0, 11)
        if what < 5 and base:
            start = draw.number(0, len(base) - 1)
            size = draw.number(1, min(len(base) - start, (1 << 24) - 1))
            body += copy(start, size)
            target += base[start : start + size]
        elif what == 5 and target and base:  # goes on where the last copy ended, most likely
            start = min(len(target), len(base) - 1)
            size = len(base) - start
            body += copy(start, size)
            target += base[start:]
        elif what < 10:
            text = draw.one(SNIPPETS) if draw.number(0, 2) else draw.bytes(160)
            body += insert(text)
            target += text
        elif what == 10:
            body += draw.bytes(8)
            fits = False
        else:
            body += copy(draw.number(0, (1 << 32) - 1), draw.number(0, (1 << 24) - 1))
            fits = False
    before, after = len(base), len(target)
    if draw.number(0, 9) == 0:
        before, fits = draw.number(0, 1 << draw.number(0, 64)), False
    if draw.number(0, 9) == 0:
        after, fits = draw.number(0, 1 << draw.number(0, 64)), False
    made = number(before) + number(after) + bytes(body)
    if draw.number(0, 15) == 0:
        made, fits = made[: draw.number(0, len(made))], False
    return made, bytes(target) if fits else None


def _offsets(idx: bytearray) -> tuple[int, int]:
    """How many entries an index has room for, and where its table of offsets begins."""
    count = max(0, min(int.from_bytes(idx[NAMES - 4 : NAMES], "big"), (len(idx) - NAMES - 40) // 28))
    return count, NAMES + 24 * count


def _put(content: bytearray, at: int, text: bytes) -> None:
    if 0 <= at <= len(content) - len(text):
        content[at : at + len(text)] = text


def _flip(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    hurt = draw.one((pack, idx))
    if hurt:
        hurt[draw.number(0, len(hurt) - 1)] ^= 1 << draw.number(0, 7)


def _entry_header(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    count, table = _offsets(idx)
    if count:
        row = table + 4 * draw.number(0, count - 1)
        start = int.from_bytes(idx[row : row + 4], "big")
        _put(pack, start + draw.number(0, 24), bytes([draw.number(0, 255)]))


def _fan_out(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    value = draw.one((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, draw.number(0, 0xFFFFFFFF), draw.number(0, 64)))
    for _ in range(draw.number(1, 3)):
        _put(idx, FAN + 4 * draw.number(0, 255), struct.pack(">I", value))


def _offset(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    count, table = _offsets(idx)
    if count:
        near = draw.number(0, len(pack))
        value = draw.one((near, draw.number(0, 0xFFFFFFFF), 0x80000000 | draw.number(0, 5), 12, 0))
        _put(idx, table + 4 * draw.number(0, count - 1), struct.pack(">I", value))


def _large_offset(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    count, table = _offsets(idx)
    value = draw.one((draw.number(12, len(pack)), draw.number(0, (1 << 64) - 1), (1 << 63) + 12))
    if count:
        idx[-40:-40] = struct.pack(">Q", value)
        _put(idx, table + 4 * draw.number(0, count - 1), struct.pack(">I", 0x80000000 | draw.number(0, 1)))


def _name(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    count, _ = _offsets(idx)
    if count > 1:
        one, other = (NAMES + 20 * draw.number(0, count - 1) for _ in range(2))
        kept = idx[one : one + 20]
        _put(idx, one, bytes(idx[other : other + 20]))
        if draw.number(0, 1):
            _put(idx, other, bytes(kept))


def _cut(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    hurt = draw.one((pack, idx))
    del hurt[draw.number(0, len(hurt)) :]


def _grow(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    hurt = draw.one((pack, idx))
    at = draw.number(0, len(hurt))
    hurt[at:at] = draw.bytes(64)


def _splice(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    if len(pack) > 64:
        size = draw.number(1, 200)
        _put(pack, draw.number(12, len(pack)), bytes(pack[(start := draw.number(12, len(pack))) : start + size]))


def _foreign(draw: Draw, pack: bytearray, idx: bytearray) -> None:
    idx[:] = draw.one(corpus())[1]


def _seal(pack: bytearray, idx: bytearray) -> None:
    """Make counts and the pack's checksum agree again, so that the damage lies deeper."""
    if len(pack) > 32 and len(idx) > NAMES + 40:
        pack[8:12] = idx[NAMES - 4 : NAMES]
        idx[-40:-20] = pack[-20:]


_DAMAGES = (
    _flip,
    _entry_header,
    _entry_header,
    _fan_out,
    _offset,
    _large_offset,
    _name,
    _cut,
    _grow,
    _splice,
    _foreign,
)
__all__ = ["Draw", "any_delta", "by_hand", "corpus", "delta", "hostile"]
