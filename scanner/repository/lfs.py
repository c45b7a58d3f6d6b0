"""Git LFS: a blob that only names a content, which the repository keeps beside git's objects or not at all.

Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

import re
from pathlib import Path

from offkey.found import Gap
from scanner.repository.files import FileItem, read_file

BEGIN = b"version https://git-lfs.github.com/spec/v1\n"
_LONGEST = 1024
"""Bytes: a longer file is no pointer, says the specification."""
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
STEP = "lfs"


def pointer(content: bytes) -> str:
    """The id of the content that a pointer names; "" for what is no pointer."""
    if not content.startswith(BEGIN) or len(content) >= _LONGEST:
        return ""
    found = _OID.search(content)
    return found[1].decode() if found else ""


def stored(common_dir: Path, oid: str, limit: int) -> bytes | Gap | None:
    """The content with this id if the repository keeps it; None if not, a Gap if it cannot be read."""
    path = f"lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
    return read_file(FileItem(str(common_dir), path, "file", "dangling", oid), limit)


def elsewhere(where: str) -> Gap:
    """Of a repository with pointers whose content it does not keep. Scanning says it once."""
    return Gap(
        where=f"{where}: git-lfs",
        why="contents that Git LFS pointers name are not kept here",
        advice="run `git lfs fetch --all` and scan again",
    )
