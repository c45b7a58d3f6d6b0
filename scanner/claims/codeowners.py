"""Who owns a path by a CODEOWNERS file. Pure; anybody who commits can write the file.

GitHub (docs.github.com, "About code owners"): patterns as in .gitignore, without `!` and ranges; the last line that
matches decides; a line without owners leaves the path to nobody. GitLab (docs.gitlab.com/user/project/codeowners/
reference): the same, with sections, each of which decides by itself and may have default owners, and with exclusions.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file is looked for; GitHub takes the first of the first three."""
LARGEST = 3 << 20
"""GitHub reads no larger file; nor do we."""
MOST = 20_000
"""Lines that are read: the file is a stranger's, and every path is held against every line."""
_SECTION = re.compile(r"\^?\[[^\]\n]+\](?:\[\d+\])?(?P<owners>(?:\s+[^\s#]+)*)\s*(?:#.*)?")
_OWNER = re.compile(r"@[\w./-]{1,100}|[^\s@<>]{1,64}@[^\s@<>.]{1,63}(?:\.[^\s@<>.]{1,63}){1,8}")
_TOKEN = re.compile(r"(\\.|[^*?])|(\*+)|(\?)", re.DOTALL)
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


def owners(text: str, path: str) -> tuple[str, ...]:
    """The owners of a path (relative to the repository, with `/`), in the file's order, each once."""
    decided: dict[int, tuple[str, ...]] = {}
    for section, excludes, pattern, named in _lines(text):
        if _matches(pattern, path):
            decided[section] = () if excludes else named
    return tuple(dict.fromkeys(owner for _, named in sorted(decided.items()) for owner in named))


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[tuple[int, bool, str, tuple[str, ...]], ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[tuple[int, bool, str, tuple[str, ...]]]:
    """(section, is it an exclusion, pattern, owners) of each line."""
    section, default = 0, ()  # type: int, tuple[str, ...]
    for raw in text.splitlines()[:MOST]:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if heading := _SECTION.fullmatch(line):
            section, default = section + 1, tuple(heading["owners"].split())
            continue
        pattern, *words = _WORD.findall(line) or [""]
        if "#" in words:
            words = words[: words.index("#")]
        named = tuple(word for word in words if _OWNER.fullmatch(word))
        yield section, pattern.startswith("!"), pattern.removeprefix("!"), named or default


def _matches(pattern: str, path: str) -> bool:
    """A pattern that names a folder holds all below it; one that ends in `/*` only what lies in that folder itself."""
    body = pattern.strip("/")
    parts = tuple(body.split("/"))
    if "/" not in pattern.rstrip("/"):
        parts = ("**", *parts)
    if pattern.endswith("/"):
        parts = (*parts, "*", "**")
    elif not body.endswith("/*"):
        parts = (*parts, "**")
    return bool(body) and _path_matches(parts, path.split("/"))


def _path_matches(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the components match, `**` any number of them. A table: its time is the product of both lengths."""
    reached = {0}
    for part in parts:
        if part == "**":
            reached = set(range(min(reached), len(names) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(names) and _name_matches(part, names[at])}
    return len(names) in reached


@lru_cache(maxsize=1 << 14)
def _name_matches(part: str, name: str) -> bool:
    """One component: a star is any characters, `?` one, a backslash takes the next as it is.

    Bit n of `reached` says that what was read of the pattern can be the first n characters of the name.
    """
    everywhere = (1 << len(name) + 1) - 1
    where: dict[str, int] = {}
    for at, character in enumerate(name):
        where[character] = where.get(character, 0) | 1 << at
    reached = 1
    for plain, stars, one in _TOKEN.findall(part):
        if stars:
            reached = everywhere & -(reached & -reached)
        else:
            reached = (reached & (everywhere if one else where.get(plain[-1], 0))) << 1 & everywhere
        if not reached:
            return False
    return bool(reached >> len(name))
