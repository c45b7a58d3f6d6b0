"""Refs and reflogs read as files (gitrepository-layout(5)), which spares a git process for each question.

Anything unusual, such as a reftable, a name that leads nowhere or a file that is none, is left to git.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from scanner.repository.git import Git

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DEPTH = 5
"""How many symbolic refs in a row git follows."""


@dataclass(frozen=True)
class Refs:
    """Ids by the full name of their ref, what HEAD names in each work tree, what reflogs name; the stash is apart.

    Heads without a commit are left out. Reflogs may name what is long gone.
    """

    names: dict[str, str]
    heads: frozenset[str]
    logged: frozenset[str]
    stashed: frozenset[str]


class _Unusual(Exception):
    """Git must say what this is."""


def read_refs(git: Git) -> Refs | None:
    """What the files say; None where git must be asked."""
    common = str(git.common_dir)
    if os.path.exists(os.path.join(common, "reftable")):
        return None
    folders = [common] if git.git_dir == git.common_dir else [common, str(git.git_dir)]
    try:
        texts = _packed(os.path.join(common, "packed-refs"))
        for folder in folders:
            texts.update(_loose(folder))
        names = {name: oid for name, text in texts.items() if (oid := _resolved(text, texts))}
        if len(names) < len(texts):
            return None  # git says what becomes of a name that leads nowhere
        everywhere = {*folders, *_work_trees(common)}
        heads = {_resolved(_text(os.path.join(folder, "HEAD")) or "", texts) for folder in everywhere}
        logs = [path for folder in everywhere for path in _files(os.path.join(folder, "logs"))]
        logged = {oid for path in logs for ids in _entries(path) for oid in ids if oid.strip("0")}
        stashed = {new for _, new in _entries(os.path.join(common, "logs", "refs", "stash"))}
    except (OSError, UnicodeDecodeError, _Unusual):
        return None
    return Refs(names, frozenset(heads - {""}), frozenset(logged), frozenset(stashed))


def _packed(path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    with suppress(FileNotFoundError), open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            if line[0] not in "#^\n":
                oid, _, name = line.rstrip("\n").partition(" ")
                found[name] = oid
    return found


def _loose(folder: str) -> Iterator[tuple[str, str]]:
    for path in _files(os.path.join(folder, "refs")):
        if not path.endswith(".lock") and (text := _text(path)) is not None:
            yield os.path.relpath(path, folder).replace(os.sep, "/"), text


def _files(folder: str) -> Iterator[str]:
    """The files below a folder, which need not exist."""

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, _, names in os.walk(folder, onerror=failed):
        yield from (os.path.join(place, name) for name in names)


def _text(path: str) -> str | None:
    """The beginning of a ref's file; None when it went meanwhile."""
    with suppress(FileNotFoundError), open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read(4096).strip()
    return None


def _resolved(text: str, texts: dict[str, str]) -> str:
    """The id that a ref's text leads to; "" for a branch that has no commit yet."""
    for _ in range(_DEPTH):
        if not text.startswith("ref:"):
            break
        text = texts.get(text[4:].strip(), "")
    if text and not _ID.fullmatch(text):
        raise _Unusual
    return text if text.strip("0") else ""


def _entries(path: str) -> Iterator[tuple[str, str]]:
    """The old and the new id of each line of a reflog, which need not exist."""
    with suppress(FileNotFoundError), open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            old, _, rest = line.partition(" ")
            new = rest.partition(" ")[0]
            if not (_ID.fullmatch(old) and _ID.fullmatch(new)):
                raise _Unusual
            yield old, new


def _work_trees(common: str) -> list[str]:
    folder = os.path.join(common, "worktrees")
    with suppress(FileNotFoundError):
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    return []
