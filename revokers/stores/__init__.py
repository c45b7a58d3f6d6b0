"""What CI systems keep in their secret stores: the record, and what the readers of stores share.

A reader is `revokers/stores/<provider>.py`. It sends GET alone, through the provider's gate, and changes nothing. Where
a store tells values (GitLab's and GitHub's variables), a value goes into `Compare` and nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from offkey.http import Answer, Gate, Reader
from offkey.model import Gap
from offkey.secret import Secret
from revokers.parts import fields, or_gap, trouble
from revokers.protocol import Unclear

T = TypeVar("T")
Compare = Callable[[Secret], tuple[str, ...]]
"""The fingerprints of leaked credentials that a value equals. It keeps nothing of the value."""
EVERYWHERE = "*"
"""Of `Stored.projects`: whatever is below the owner has access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One secret or variable, without its value.

    `store` is `github.actions`, `gitlab.variables` ...; `level` is what kind of thing `owner` is: organisation, group,
    repository, instance, folder, context. `environment` narrows it. `projects` are the repositories that have access,
    as far as they were asked about. `equals` are fingerprints of leaked credentials; only a `readable` one has any.
    """

    store: str
    level: str
    owner: str
    name: str
    environment: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    readable: bool = False
    projects: tuple[str, ...] = ()
    note: str = ""
    equals: tuple[str, ...] = ()
    instance: str = ""
    """Which of several configured instances has it (`gitlab/corp`); "" for the provider's own table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What could not be read, and of which repositories it could have held something: of these none is "missing"."""

    gap: Gap
    projects: tuple[str, ...] = ()


Found = Iterator[Stored | Unread]


class StoreReader(Protocol):
    """A provider's stores. `PROVIDER` is the table of the configuration whose `url` and `read` are used."""

    PROVIDER: str
    URL: str
    gate: Gate

    def stored(
        self, http: Reader, settings: Any, projects: Sequence[str], compare: Compare, /, *, values: bool = False
    ) -> Found:
        """Everything in the stores that the repositories `projects` may use, as the provider names them.

        With `values` only stores that tell values are read.
        """


def nothing(value: Secret) -> tuple[str, ...]:
    """The `Compare` of somebody who wants names alone."""
    return ()


def or_unread(
    where: str, found: Iterable[T], projects: Sequence[str] = (), needs: Iterable[str] = ()
) -> Iterator[T | Unread]:
    """What was found, and an Unread when the list breaks off. `needs` are permissions that a refusal may mean."""
    for item in or_gap(where, found, needs=needs):
        yield Unread(gap=item, projects=tuple(projects)) if isinstance(item, Gap) else item


def within(answers: Iterable[Answer], what: str, key: str, *names: str) -> Iterator[dict[str, Any]]:
    """The rows of the list `key` in each page. Raises Unclear at the first page that has none, or another form."""
    for answer in answers:
        rows = fields(answer, what, key)[key]
        if not isinstance(rows, list) or not all(isinstance(r, dict) and all(n in r for n in names) for r in rows):
            raise Unclear(f"{what} {trouble(answer.status)}")
        yield from rows
