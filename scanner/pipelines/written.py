"""What git's raw output says of configuration files: which commit gives a path which content."""

import re
from dataclasses import dataclass
from functools import lru_cache

from scanner.ci.registry import systems_of

OURS, MAYBE, OTHER = 2, 1, 0
"""A path of configuration, one that some configuration may include, and any other."""
KEPT = 1_000_000
"""Entries of such paths that are kept until it is known which are included: some 200 MB."""
_MAYBE = re.compile(rb"\.(?:ya?ml|groovy|jenkins)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Write:
    """A commit gives `path` the content `new` where its parents had `olds`; "" stands for no file."""

    commit: str
    path: str
    new: str
    olds: tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def kind(path: bytes) -> int:
    """Whether a path is one of configuration, or may become one."""
    if systems_of(text(path)):
        return OURS
    return MAYBE if _MAYBE.search(path) else OTHER


def text(path: bytes) -> str:
    """A path as the rest of us has it; `.encode("utf-8", "surrogateescape")` gives back the bytes."""
    return path.decode("utf-8", "surrogateescape")


def written(commit: str, record: bytes, path: bytes) -> Write:
    """One raw entry, of an ordinary commit or a merge (git-diff-tree(1), "Raw output format")."""
    count = len(record) - len(record.lstrip(b":"))
    fields = record.lstrip(b":").decode("ascii", "replace").split(" ")
    modes, ids = fields[: count + 1], fields[count + 1 : 2 * count + 2]
    # A submodule or a link is no configuration that is read.
    told = [
        "" if not oid.strip("0") or mode in ("160000", "120000") else oid for mode, oid in zip(modes, ids, strict=True)
    ]
    return Write(commit, text(path), told[-1], tuple(told[:-1]))
