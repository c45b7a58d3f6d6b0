"""What modules share whose provider lists nothing to an administrator: a value is asked about as itself.

Such a module says what it handles, how it asks, and how a value ends where it can; the rest is assigned from here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Gap
from offkey.secret import Secret
from revokers.parts import unknown
from revokers.protocol import NotAutomatic, Option

Handles = Mapping[str, tuple[Option, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """No credential of the organisation's is used: a value is asked about as itself."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def nothing_listed(http: Reader, settings: Any, account: Account) -> Iterator[AccessPoint | Gap]:
    """Nothing: the provider has no list of it for an administrator."""
    return iter(())


def by_kind(handles: Handles) -> Callable[[AccessPoint], tuple[Option, ...]]:
    """`options` of a module: what its HANDLES says."""

    def options(point: AccessPoint) -> tuple[Option, ...]:
        return handles.get(point.kind, ())

    return options


def by_value(
    check: Callable[[Reader, Credential], Check],
) -> Callable[[Reader, Any, AccessPoint, Credential | None], Check]:
    """`state` of a module: its check, where the value is at hand."""

    def state(http: Reader, settings: Any, point: AccessPoint, credential: Credential | None = None) -> Check:
        return check(http, credential) if credential else unknown(http, "the value is not at hand")

    return state


def refused(handles: Handles) -> Callable[[Writer, Any, Action, AccessPoint, Credential | None], NoReturn]:
    """`revoke` of a module: raises NotAutomatic, saying who ends it and where."""

    def revoke(
        http: Writer, settings: Any, action: Action, point: AccessPoint, credential: Credential | None = None
    ) -> NoReturn:
        how = " ".join(way.how for way in handles.get(point.kind, ()))
        raise NotAutomatic(f"{action} of {point.kind} is left to a person", advice=how)

    return revoke
