"""Everybody who stands in the commits of repositories: what `whois` and `plan` resolve people from.

All refs and reflogs count. `.mailmap` is read by git itself, that of HEAD or the work tree and no other; what it says
is a claim (anybody who commits can write it), so the address as committed is kept beside it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offkey.errors import OffkeyError
from offkey.model import Gap
from scanner.clone import is_url, temporary_mirror, without_credentials
from scanner.git import Git

_FIELDS = "%x00".join(("%an", "%ae", "%aN", "%aE", "%cn", "%ce", "%cN", "%cE"))
_COAUTHORS = "%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x02)"
_MAILMAP = ("-c", "mailmap.file=", "-c", "mailmap.blob=HEAD:.mailmap")
_LOG = (
    *_MAILMAP, "log", "--all", "--reflog", "--no-patch", "--no-notes", "--no-color", "--encoding=UTF-8",
    f"--format=tformat:{_FIELDS}%x00{_COAUTHORS}",
)  # fmt: skip
_CONTACT = re.compile(r"(?P<name>[^<>\n]*?)\s*<(?P<email>[^<>\s]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """`name` and `email` after `.mailmap`, `raw_email` as committed; `commits` that name them in any role."""

    name: str
    email: str
    raw_email: str
    commits: int


def in_repositories(places: Iterable[str]) -> tuple[tuple[Author, ...], tuple[Gap, ...]]:
    """The authors in repositories (paths or clone URLs), sorted; a Gap for each that could not be read."""
    counts: Counter[tuple[str, str, str]] = Counter()
    gaps = []
    for place in places:
        try:
            with _opened(place) as git:
                counts.update(_named(git))
        except OffkeyError as error:
            gaps.append(Gap(where=without_credentials(place), why=str(error), advice=error.advice))
    found = (Author(name=n, email=e, raw_email=r, commits=number) for (n, e, r), number in sorted(counts.items()))
    return tuple(found), tuple(gaps)


@contextmanager
def _opened(place: str) -> Iterator[Git]:
    if is_url(place):
        with temporary_mirror(place) as mirrored:
            yield mirrored
    else:
        yield Git(Path(place))


def _named(git: Git) -> Counter[tuple[str, str, str]]:
    """How many commits name each (name and e-mail by mailmap, e-mail as committed)."""
    counts: Counter[tuple[str, str, str]] = Counter()
    coauthors: Counter[tuple[str, str]] = Counter()
    for record in git.stream(*_LOG):
        fields = record.decode("utf-8", errors="replace").split("\0")
        if len(fields) == 9:
            _, email, name, mapped, _, address, committer, mapped_address, trailers = fields
            counts.update({(name, mapped, email), (committer, mapped_address, address)})
            coauthors.update({(m["name"], m["email"]) for line in trailers.split("\x02") if (m := _contact(line))})
    for (raw, number), (name, mapped) in zip(coauthors.items(), _mapped(git, list(coauthors)), strict=True):
        counts[name, mapped, raw[1]] += number
    return counts


def _contact(text: str) -> re.Match[str] | None:
    return _CONTACT.fullmatch(text.strip())


def _mapped(git: Git, contacts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What `.mailmap` makes of names and addresses; git maps those of trailers only when asked one by one."""
    if not contacts:
        return []
    lines = "".join(f"{name} <{email}>\n" for name, email in contacts).encode()
    answers = git.run(*_MAILMAP, "check-mailmap", "--stdin", input=lines).decode("utf-8", errors="replace")
    found = [(m["name"], m["email"]) for line in answers.split("\n") if (m := _contact(line))]
    return found if len(found) == len(contacts) else contacts
