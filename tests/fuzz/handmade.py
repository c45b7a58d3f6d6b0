"""Packs made by hand, entry by entry: what git never writes, and what nobody should (gitformat-pack(5)).

made = [Made(BLOB, b"base"), Made(OFS_DELTA, delta(4, insert(b"x")), base=0, content=b"x")]
pack, idx = pack_and_index(made)
install(repo.path / ".git", pack, idx)
"""

import hashlib
import struct
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
_KINDS = {COMMIT: "commit", TREE: "tree", BLOB: "blob", TAG: "tag"}


@dataclass(frozen=True, kw_only=True)
class _Optional:
    base: int | bytes | None = None
    """For OFS_DELTA the position of the base, or the distance as a number below zero; else a position or a name."""
    content: bytes | None = None
    """What the object is, which names it; unless it is whole."""
    kind: int = BLOB
    """What a delta's object is."""
    name: bytes | None = None
    size: int | None = None
    """What the header claims, if that is not the truth."""
    stored: bytes | None = None
    """The compressed bytes, if they are not what zlib makes of the body."""


@dataclass(frozen=True)
class Made(_Optional):
    """One entry: its type, and what is compressed."""

    type: int
    body: bytes

    def named(self, algorithm: str) -> bytes:
        """The object's name."""
        if self.name is not None:
            return self.name
        kind = _KINDS.get(self.type, _KINDS[self.kind])
        content = self.body if self.content is None else self.content
        return hashlib.new(algorithm, b"%s %d\0" % (kind.encode(), len(content)) + content).digest()


def number(value: int) -> bytes:
    """A size as deltas write it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def copy(start: int, size: int) -> bytes:
    """An instruction that takes bytes over from the base; a size of 0 stands for 65,536."""
    head = [128]
    for value, bit, count in ((start, 1, 4), (size, 16, 3)):
        for n in range(count):
            if byte := value >> 8 * n & 255:
                head[0] |= bit << n
                head.append(byte)
    return bytes(head)


def insert(text: bytes) -> bytes:
    """Instructions that add bytes."""
    parts = [text[at : at + 127] for at in range(0, len(text), 127)]
    return b"".join(bytes([len(part)]) + part for part in parts)


def delta(before: int, after: int, *instructions: bytes) -> bytes:
    """A delta from the sizes that it states and its instructions."""
    return number(before) + number(after) + b"".join(instructions)


def header(kind: int, size: int) -> bytes:
    """Type and size as an entry begins."""
    out = bytearray([kind << 4 | size & 15])
    size >>= 4
    while size:
        out[-1] |= 128
        out.append(size & 127)
        size >>= 7
    return bytes(out)


def distance(back: int) -> bytes:
    """How far back the base of an OFS_DELTA begins."""
    out = [back & 127]
    while back := back >> 7:
        back -= 1
        out.append(back & 127 | 128)
    return bytes(reversed(out))


def pack_and_index(
    entries: Sequence[Made], *, algorithm: str = "sha1", level: int = 6, version: int = 2
) -> tuple[bytes, bytes]:
    """A pack with these entries in this order, and its index."""
    names = [entry.named(algorithm) for entry in entries]
    pack = bytearray(b"PACK" + struct.pack(">II", version, len(entries)))
    offsets: list[int] = []
    sums = []
    for entry in entries:
        at = len(pack)
        head = header(entry.type, len(entry.body) if entry.size is None else entry.size)
        if entry.type == OFS_DELTA:
            assert isinstance(entry.base, int)
            back = -entry.base if entry.base < 0 else at - (offsets[entry.base] if entry.base < len(offsets) else at)
            head += distance(back)
        elif entry.type == REF_DELTA:
            head += names[entry.base] if isinstance(entry.base, int) else entry.base or b""
        pack += head + (zlib.compress(entry.body, level) if entry.stored is None else entry.stored)
        offsets.append(at)
        sums.append(zlib.crc32(pack[at:]))
    pack += hashlib.new(algorithm, pack).digest()
    return bytes(pack), index(names, offsets, sums, bytes(pack[-len(names[0]) if names else -20 :]), algorithm)


def index(
    names: Sequence[bytes], offsets: Sequence[int], sums: Sequence[int], checksum: bytes, algorithm: str
) -> bytes:
    """The index of a pack with these entries: version 2, with a table of 64-bit offsets where one is needed."""
    order = sorted(range(len(names)), key=lambda n: names[n])
    fan = [sum(name[0] <= byte for name in names) for byte in range(256)]
    large = [offsets[n] for n in order if offsets[n] >> 31]
    small = [0x80000000 | large.index(offsets[n]) if offsets[n] >> 31 else offsets[n] for n in order]
    idx = b"\xfftOc\0\0\0\2" + struct.pack(">256I", *fan) + b"".join(names[n] for n in order)
    idx += struct.pack(f">{len(order)}I", *(sums[n] for n in order)) + struct.pack(f">{len(order)}I", *small)
    idx += struct.pack(f">{len(large)}Q", *large) + checksum
    return idx + hashlib.new(algorithm, idx).digest()


def install(git_dir: Path, pack: bytes, idx: bytes) -> Path:
    """Put a pack into a repository. Returns its path."""
    folder = git_dir / "objects" / "pack"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pack-{hashlib.sha1(pack + idx).hexdigest()}.pack"
    path.write_bytes(pack)
    path.with_suffix(".idx").write_bytes(idx)
    return path


def without_trees(plan: Sequence[bytes]) -> list[bytes]:
    """A plan (`scanner.storage.delta.Kernel.plan`) without the children and siblings of git trees."""
    arrays = list(plan)
    for at in (6, 7):
        links = array("i", arrays[at])
        for n, kind in enumerate(arrays[4]):
            if kind == TREE:
                links[n] = -1
        arrays[at] = links.tobytes()
    return arrays
