"""What the editors of all kinds of files share: whom they look for, and what they say of each place. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from offboarding.configuration.instances import family
from offboarding.identity.directory import Directory
from offboarding.remedy.literal import splice
from offboarding.remedy.metadata import Words
from offkey.errors import UsageError
from offkey.model import Person

FORGES = frozenset({"github", "gitlab"})
"""Whose logins stand in files that forges read. An AWS user of the same name may be somebody else there."""
ALONE = "nobody else would be left (--successor)"
FORM = "nobody else would be left, and the successor is of another form"
CREDIT = "a list of former people: a credit, and history"

MOST = 1_000
"""Places in a list or file that are edited at once: it is a stranger's, and each is held against the others."""
TOO_MANY = "named more often than is edited at once"

Piece = tuple[int, int, str]
_LOGIN = re.compile(r"@?[A-Za-z0-9][\w.-]{0,99}")
_TEAM = re.compile(r"@?[A-Za-z0-9][\w.-]*(?:/[\w.-]+)+")
_ADDRESS = re.compile(r"[^\s@<>,;'\"]+@[^\s@<>,;'\"]+\.[^\s@<>,;'\"]+")
_PAST = re.compile(r"(?i)emerit|former|alumni|retired|inactive|past\b")


@dataclass(frozen=True, slots=True)
class Change:
    """One place that names the person, on a line (from 1): what is replaced in the text, or `why` it stays.

    Of several places that go together the first has the pieces.
    """

    line: int
    pieces: tuple[Piece, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """A person by words that are theirs and nobody else's, in lower case; `successor` takes over, or is "".

    `logins` are those at forges, `elsewhere` those at all other providers.
    """

    emails: frozenset[str]
    names: frozenset[str]
    logins: frozenset[str]
    elsewhere: frozenset[str] = frozenset()
    successor: str = ""

    @classmethod
    def of(cls, person: Person, listed: Directory, successor: str = "") -> "Who":
        """What names the person, without what also names somebody else in the directory. Raises UsageError."""
        words, others = Words.of(person), [entry for entry in listed.entries if entry.id != person.id]
        taken = {login.lower() for entry in others for _, login in entry.logins}
        taken |= {word.lower() for entry in others for word in (*entry.names, *entry.emails)}
        forge = {account.login.lower() for account in person.accounts if family(account.provider) in FORGES}
        logins = words.logins - taken
        who = cls(words.emails - taken, words.names - taken, logins & forge, logins - forge)
        return who.with_successor(successor)

    def with_successor(self, successor: str) -> "Who":
        """The same with who takes over: a login, a team (`group/name`) or an address. Raises UsageError."""
        known = any(form.fullmatch(successor) for form in (_LOGIN, _TEAM, _ADDRESS))
        if successor and not known:
            raise UsageError(f"{successor!r} is no owner", advice="name a login, group/team or e-mail address")
        if successor.lower().removeprefix("@") in self.logins | self.elsewhere | self.emails:
            raise UsageError(f"{successor} is the same person", advice="name who takes over")
        return Who(self.emails, self.names, self.logins, self.elsewhere, successor)

    def anywhere(self) -> "Who":
        """The same, by the logins at every provider: for files that no forge reads."""
        return Who(self.emails, self.names, self.logins | self.elsewhere, self.elsewhere, self.successor)

    def is_owner(self, token: str) -> bool:
        """Whether a word of CODEOWNERS is the person: their address, or their login behind an `@`."""
        low = token.lower()
        return low in self.emails or (low[:1] == "@" and low[1:] in self.logins)

    def is_item(self, text: str) -> bool:
        """Whether an entry of a list is the person and nothing else."""
        low = " ".join(text.lower().split())
        if low in self.emails | self.names or low.removeprefix("@") in self.logins:
            return True
        name, _, address = low.removesuffix(">").partition("<")
        both = low.endswith(">") and address.strip() in self.emails
        return both and name.strip().strip("\"'") in self.names | self.logins | {""}

    def owner(self) -> str:
        """The successor as CODEOWNERS names them, or ""."""
        if not self.successor or _ADDRESS.fullmatch(self.successor):
            return self.successor
        return f"@{self.successor.removeprefix('@')}"

    def instead(self, text: str) -> str:
        """The successor in the form of an entry that is the person, or "" where they are not of that form."""
        low = text.strip().lower()
        if low in self.emails:
            return self.successor if _ADDRESS.fullmatch(self.successor) else ""
        if low.removeprefix("@") in self.logins and _LOGIN.fullmatch(self.successor):
            return ("@" if low[0] == "@" else "") + self.successor.removeprefix("@")
        return ""

    def unfollowed(self) -> str:
        """Why the last one in a place stays there."""
        return FORM if self.successor else ALONE


def of_the_past(heading: str) -> bool:
    """Whether a key or heading is over people who were in charge once."""
    return _PAST.search(heading) is not None


def runs(chosen: Sequence[int]) -> list[tuple[int, int]]:
    """The chosen indexes, ascending, as (first, last) of each unbroken row."""
    found: list[tuple[int, int]] = []
    for index in chosen:
        if found and found[-1][1] == index - 1:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def cuts(spans: Sequence[tuple[int, int]], chosen: Sequence[int]) -> dict[int, Piece]:
    """What takes some, not all, out of a row of spans, with what separates them; by the first of each run."""
    found = {}
    for first, last in runs(chosen):
        ends = last + 1 == len(spans)
        found[first] = (spans[first - 1][1], spans[last][1], "") if ends else (spans[first][0], spans[last + 1][0], "")
    return found


def applied(text: str, changes: Iterable[Change]) -> str:
    """The text after the changes. One that ended without a line break still does."""
    after = splice(text, [piece for change in changes for piece in change.pieces])
    if after.endswith("\n") and not text.endswith("\n"):
        after = after[:-1].removesuffix("\r")
    return after


def line_of(text: str, at: int) -> int:
    """The number, from 1, of the line that holds an offset."""
    return text.count("\n", 0, at) + 1


def whole_line(text: str, at: int) -> tuple[int, int]:
    """The line that holds an offset, with its line break."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end + 1
