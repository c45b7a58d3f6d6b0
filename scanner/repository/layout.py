"""What git says of an ordinary repository when it opens one, told from its files: a process takes as long as all else.

Ordinary is a `.git` folder or a bare repository that is this user's own, with ids in SHA-1, and nothing in its
configuration that decides what a repository is. Of any other, git must be asked. See gitrepository-layout(5).
"""

import os
import re
import shutil
import stat
from typing import NamedTuple

_HEAD = re.compile(rb"(?:ref: refs/[!-~]+|[0-9a-f]{40})\n?")
_LINE = re.compile(
    rb"[ \t]*(?:[#;][ -~]*|\[[A-Za-z0-9.-]+(?: \"[^\"\\\0\r\n]*\")?\]|[A-Za-z][A-Za-z0-9-]* = [^\"\\#;\0\r\n]+|)"
)
_CORE = re.compile(rb"\[core\]\n(?:\t[a-zA-Z]+ = [^\n]*\n)+")
_DECIDES = re.compile(rb"include|extensions|worktree|\[core|repositoryformatversion|bare", re.IGNORECASE)
_LIMIT = 1 << 16


class Layout(NamedTuple):
    """The folder that holds everything, with links resolved, and whether there is no work tree."""

    git_dir: str
    bare: bool


def layout(path: str) -> Layout | None:
    """Where the repository at a folder is; None where git must be asked."""
    folder = os.path.join(path, ".git")
    bare = not os.path.lexists(folder)
    real = os.path.realpath(path)
    git_dir = real if bare else os.path.join(real, ".git")
    try:
        if not all(map(_own, (real, git_dir, os.path.join(git_dir, "objects"), os.path.join(git_dir, "refs")))):
            return None
        if os.path.lexists(os.path.join(git_dir, "commondir")) or not _HEAD.fullmatch(_read(git_dir, "HEAD")):
            return None
        config = _read(git_dir, "config")
    except OSError:
        return None
    return Layout(git_dir, bare) if _ordinary(config, bare) and shutil.which("git") else None


def _ordinary(config: bytes, bare: bool) -> bool:
    core = _CORE.search(config)
    if core is None or not all(map(_LINE.fullmatch, config.split(b"\n"))):
        return False
    told = [b"\trepositoryformatversion = 0\n", b"\tbare = true\n" if bare else b"\tbare = false\n"]
    decides = [word.lower() for word in _DECIDES.findall(config)]
    return sorted(decides) == [b"[core", b"bare", b"repositoryformatversion"] and all(one in core[0] for one in told)


def _own(folder: str) -> bool:
    """Whether this is a folder, no link to one, that belongs to who asks."""
    seen = os.lstat(folder)
    return stat.S_ISDIR(seen.st_mode) and hasattr(os, "geteuid") and seen.st_uid == os.geteuid()


def _read(folder: str, name: str) -> bytes:
    """The beginning of a file that is one. Raises OSError."""
    descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    try:
        seen = os.fstat(descriptor)
        return os.read(descriptor, _LIMIT) if stat.S_ISREG(seen.st_mode) and seen.st_size < _LIMIT else b""
    finally:
        os.close(descriptor)
