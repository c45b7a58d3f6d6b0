"""Everybody who stands in the commits of repositories: what `whois` and `plan` resolve people from.

All refs and reflogs count. `.mailmap` is read by git itself, that of HEAD or the work tree and no other; what it says
is a claim (anybody who commits can write it), so name and address as committed are kept beside it. One `git log` gives
it all: who stands with whom in one commit, and in which time zones, are notes on the side.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from offboarding.identity import names
from offboarding.identity.addresses import handle, is_impersonal, normal_email
from offboarding.identity.seen import Author, Authored, Link, Tie, merged
from offkey.errors import OffkeyError
from offkey.model import Gap
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.git import Git

_FIELDS = "%x00".join(("%H", "%an", "%ae", "%aN", "%aE", "%cn", "%ce", "%cN", "%cE", "%ad", "%cd"))
_TRAILERS = "%(trailers:key=Co-authored-by,key=Signed-off-by,unfold,separator=%x02)"
_MAILMAP = ("-c", "mailmap.file=", "-c", "mailmap.blob=HEAD:.mailmap")
_LOG = (
    *_MAILMAP, "log", "--all", "--reflog", "--no-patch", "--no-notes", "--no-color", "--encoding=UTF-8", "--date=raw",
    f"--format=tformat:{_FIELDS}%x00{_TRAILERS}",
)  # fmt: skip
_CONTACT = re.compile(r"(?P<name>[^<>\n]*)<(?P<email>[^<>\s]+)>")
_OFFSET = re.compile(r"\d+ (?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")

Raw = tuple[str, str]
"""Name and e-mail as committed."""


@dataclass
class _Counted:
    """What one repository's commits say of each identity."""

    commits: Counter[Raw] = field(default_factory=Counter)
    trailers: Counter[Raw] = field(default_factory=Counter)
    mapped: dict[Raw, Raw] = field(default_factory=dict)
    links: dict[Raw, Counter[tuple[Tie, str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    offsets: dict[Raw, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    authored: dict[Raw, bytearray] = field(default_factory=lambda: defaultdict(bytearray))


def _count(into: _Counted, fields: list[str]) -> None:
    """Counts one commit, whose fields are as _LOG asks for them."""
    oid, name, email, mapped, canonical, committer, address, mapped_committer, canonical_address, at, done, more = (
        fields
    )
    author, hand = (name, email), (committer, address)
    into.mapped[author] = (mapped, canonical)
    into.mapped[hand] = (mapped_committer, canonical_address)
    into.commits.update({author, hand})
    into.authored[author] += bytes.fromhex(oid)
    _zone(into, author, at)
    if hand != author:
        _zone(into, hand, done)
        _link(into, Tie.COMMITTED, author, hand)
    for line in filter(None, more.split("\x02")):
        key, _, value = line.partition(":")
        other = _contact(value)
        if other is None:
            continue
        if key.strip().casefold() == "co-authored-by":
            into.trailers[other] += 1
        elif other != author:
            _link(into, Tie.SIGNED_OFF, author, other)


def _zone(into: _Counted, who: Raw, date: str) -> None:
    if zone := _OFFSET.fullmatch(date):
        minutes = int(zone["hours"]) * 60 + int(zone["minutes"])
        into.offsets[who][-minutes if zone["sign"] == "-" else minutes] += 1


def _link(into: _Counted, tie: Tie, one: Raw, other: Raw) -> None:
    if _akin(one, other):
        into.links[one][tie, *other] += 1
        into.links[other][tie, *one] += 1


@lru_cache(maxsize=1 << 16)
def _akin(one: Raw, other: Raw) -> bool:
    """Whether names or handles are alike: of a maintainer who commits for everybody nothing else is kept."""
    if names.same(one[0], other[0]) or names.similar(one[0], other[0]):
        return True
    handles = {handle(normal_email(email)) for _, email in (one, other)}
    return len(handles) == 1 and not is_impersonal(handles.pop())


def in_repositories(places: Iterable[str], *, mailmap: bool = True) -> tuple[tuple[Author, ...], tuple[Gap, ...]]:
    """The authors in repositories (paths or clone URLs), sorted; a Gap for each that could not be read.

    Without `mailmap`, what the repositories' `.mailmap` files say is left out.
    """
    found, gaps = [], []
    for place in places:
        try:
            with _opened(place) as git:
                found.append(_named(git, mailmap, place))
        except OffkeyError as error:
            gaps.append(Gap(where=without_credentials(place), why=str(error), advice=error.advice))
    return merged(found), tuple(gaps)


@contextmanager
def _opened(place: str) -> Iterator[Git]:
    if is_url(place):
        with temporary_mirror(place) as mirrored:
            yield mirrored
    else:
        yield Git(Path(place))


def _named(git: Git, mailmap: bool, place: str) -> list[Author]:
    counted = _Counted()
    for record in git.stream(*_LOG):
        fields = record.decode("utf-8", errors="replace").split("\0")
        if len(fields) == 12:
            _count(counted, fields)
    unknown = sorted(raw for raw in counted.trailers if raw not in counted.mapped)
    counted.mapped.update(zip(unknown, _mapped(git, unknown) if mailmap else unknown, strict=True))
    counts = counted.commits + counted.trailers
    return [
        Author(
            name=(counted.mapped[raw] if mailmap else raw)[0],
            email=(counted.mapped[raw] if mailmap else raw)[1],
            raw_name=raw[0],
            raw_email=raw[1],
            commits=number,
            links=tuple(sorted(Link(*key, times) for key, times in counted.links.get(raw, Counter()).items())),
            offsets=tuple(sorted(counted.offsets.get(raw, Counter()).items())),
            authored=(Authored(place, git.hash_size, bytes(ids)),) if (ids := counted.authored.get(raw)) else (),
        )
        for raw, number in counts.items()
    ]


def _contact(text: str) -> Raw | None:
    match = _CONTACT.fullmatch(text.strip())
    return (match["name"].rstrip(), match["email"]) if match else None


def _mapped(git: Git, contacts: list[Raw]) -> list[Raw]:
    """What `.mailmap` makes of names and addresses; git maps those of trailers only when asked one by one."""
    if not contacts:
        return []
    lines = "".join(f"{name} <{email}>\n" for name, email in contacts).encode()
    answers = git.run(*_MAILMAP, "check-mailmap", "--stdin", input=lines).decode("utf-8", errors="replace")
    found = [contact for line in answers.split("\n") if (contact := _contact(line))]
    return found if len(found) == len(contacts) else contacts
