"""Paths that configuration names for other files of itself, from the root of the repository, and patterns of paths."""

import re

from scanner.ci.config import COMPUTED, INCLUDE, REMOTE, Reference

_COMPUTED = re.compile(r"\$|<<|\{\{|`|%\w+%")
_LONGEST = 400
"""Characters of a path that is looked for. What is longer is shortened where it is told."""


def plain(path: str) -> str:
    """A path from the root in its shortest form; "" for one that leads out of it."""
    parts: list[str] = []
    for piece in path.split("/"):
        if piece == "..":
            if not parts:
                return ""
            parts.pop()
        elif piece not in ("", "."):
            parts.append(piece)
    return "/".join(parts)


def beside(path: str, named: str) -> str:
    """What a file at `path` means by a path that is told from its folder."""
    return plain(f"{path.rpartition('/')[0]}/{named}")


def included(named: str, line: int, folder: str = "") -> Reference:
    """Another file of the same configuration, by its path from `folder`; one that begins with `/` is left as it is.

    A path with a variable or an expression in it is one that only a run can tell.
    """
    named = named.strip()
    if _COMPUTED.search(named) or len(named) > _LONGEST or "\0" in named:
        return Reference(named[:_LONGEST], line, COMPUTED)
    path = f"{folder}/{named}" if folder and not named.startswith("/") else named
    return Reference(path if path.startswith("/") else plain(path) or named, line, INCLUDE)


def elsewhere(what: str, line: int) -> Reference:
    """A file of another repository, or of a server. Of an address neither user, password nor query are told."""
    address = re.sub(r"(://)[^/@\s]*@", r"\1", what.strip())
    return Reference(re.split(r"[?#]", address)[0][:_LONGEST], line, REMOTE)


def matches(pattern: str, path: str) -> bool:
    """Whether `*` (which stops at a slash) and `**` (which does not) of a pattern can stand for what a path has there.

    https://docs.gitlab.com/ci/yaml/includes/#use-includelocal-with-wildcard-file-paths. It takes time with the product
    of both lengths, whatever they hold.
    """
    tokens = re.findall(r"\*+|[^*]", pattern)
    here = _past_stars({0}, tokens)
    for char in path:
        stay = {at for at in here if at < len(tokens) and _star(tokens[at], char)}
        here = stay | {at + 1 for at in here if at < len(tokens) and tokens[at] == char != "*"}
        here = _past_stars(here, tokens)
        if not here:
            return False
    return len(tokens) in here


def _star(token: str, char: str) -> bool:
    return token[0] == "*" and (char != "/" or len(token) > 1)


def _past_stars(here: set[int], tokens: list[str]) -> set[int]:
    """The same places, and those behind stars that stand for nothing."""
    return here | {at + 1 for at in here if at < len(tokens) and tokens[at][0] == "*"}
