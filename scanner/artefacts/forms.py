"""Which kind of archive begins with these bytes."""

import re

LOOK = 512
"""Bytes of a beginning that are enough to tell."""
_MAGIC = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06"), "zip"),
    (re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"), "gzip"),
    (re.compile(rb"\xfd7zXZ\0"), "xz"),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), "bz2"),
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), "zstd"),
    (re.compile(rb"!<arch>\n"), "ar"),
    (re.compile(rb"\xed\xab\xee\xdb"), "rpm"),
    (re.compile(rb"07070[12][0-9A-Fa-f]{104}"), "cpio"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "7z"),
    (re.compile(rb"Rar!\x1a\x07[\x00\x01]"), "rar"),
    (re.compile(rb"\x04\x22\x4d\x18"), "lz4"),
    (re.compile(rb"LZIP\x01"), "lzip"),
    (re.compile(rb"\x5d\x00\x00[\x00-\xff]{2}(?:\xff{8}|[\x00-\xff]{5}\x00{3})\x00"), "lzma"),
    (re.compile(rb"\x1f\x9d[\x89-\x90]"), "compress"),
    (re.compile(rb"MSCF\x00{4}"), "cab"),
    (re.compile(rb"xar!\x00"), "xar"),
    (re.compile(rb"hsqs"), "squashfs"),
)
CLOSED = frozenset({"7z", "rar", "lz4", "lzip", "lzma", "compress", "cab", "xar", "squashfs"})
"""Archives that nothing here opens: they are known, so that they are not passed over in silence."""
TAIL = (1 << 16) + 22
"""Bytes from its end within which a zip archive says that it is one."""
_RUNNABLE = re.compile(rb"#!|MZ|\x7fELF")
STREAMS = frozenset({"gzip", "xz", "bz2", "zstd"})
"""Forms that hold one content, without a name."""


def archive(head: bytes) -> str | None:
    """The form of an archive by its first bytes, or None. Databases, notebooks and encodings are none."""
    for magic, name in _MAGIC:
        if magic.match(head):
            return name
    return "tar" if is_tar(head[:LOOK]) else None


def form_of(content: bytes) -> str | None:
    """The form of a content by its beginning, or by its end where it begins as a program."""
    return archive(content[:LOOK]) or (behind(content[-TAIL:]) if runnable(content) else None)


def runnable(head: bytes) -> bool:
    """Whether it is a program, which a zip may follow: Python's executable archives, self-extracting ones."""
    return _RUNNABLE.match(head) is not None


def behind(tail: bytes) -> str | None:
    """`zip` where a file's end is that of a zip archive, of which the directory stands there."""
    at = tail.rfind(b"PK\5\6")
    return "zip" if at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail) else None


def is_tar(block: bytes) -> bool:
    """Whether a block is a header: its checksum says so, in old archives without a mark, too."""
    if len(block) < LOOK:
        return False
    said = block[148:156].strip(b" \0")
    if not said.isdigit() or b"8" in said or b"9" in said:
        return False
    return int(said, 8) == sum(block[:148]) + 8 * 32 + sum(block[156:LOOK])
