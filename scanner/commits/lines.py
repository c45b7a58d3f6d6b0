"""What a change adds to a file and takes from it, so that one change can be told from another."""

import hashlib
from collections import Counter
from types import TracebackType

from offkey.found import Gap
from scanner.commits.differences import Change
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, ObjectInfo

_LIMIT = 256 << 10
"""Bytes of a file above which nobody compares its lines."""


class ChangedLines:
    """Reads what it needs through git, which it starts when first asked. Use as a context."""

    def __init__(self, git: Git) -> None:
        self._reader = CatFileReader(git, limit=_LIMIT)

    def __enter__(self) -> "ChangedLines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def __call__(self, change: Change) -> bytes | None:
        """A digest of the lines that come and go; None where a side is absent, damaged or too large."""
        sides = [old for old in change.olds if old.strip("0")]
        infos = list(self._reader.info([*sides, change.new]))
        contents = list(self._reader.read(info for info in infos if isinstance(info, ObjectInfo)))
        if len(contents) <= len(sides) or any(isinstance(one, Gap) or one.type != "blob" for one in contents):
            return None
        read = [one.content for one in contents if not isinstance(one, Gap)]
        return _digest(read[0] if sides else b"", read[-1])


def _digest(old: bytes, new: bytes) -> bytes:
    """Blanks at line ends, and so the two kinds of line ends, do not count."""
    before, after = (Counter(line.rstrip() for line in content.split(b"\n")) for content in (old, new))
    told = [sorted((after - before).items()), sorted((before - after).items())]
    return hashlib.blake2b(repr(told).encode(), digest_size=20).digest()
