"""Members of an organisation, as several providers list them: who is the person's, and what an absence proves.

A row that is gone from a list proves something only where the list was read to its end and is not empty.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from revokers.parts import dead, live, or_gap
from revokers.protocol import NotIdentified, Unclear

T = TypeVar("T")


def in_each(
    provider: str,
    organisations: Collection[str],
    listing: Callable[[str], Iterable[AccessPoint | Gap]],
    needs: Iterable[str],
) -> Iterator[AccessPoint | Gap]:
    """What each configured organisation lists, and a Gap for each list that could not be read."""
    if not organisations:
        advice = f"set organisations in [providers.{provider}]"
        yield Gap(where=provider, why="no organisation is configured", advice=advice)
    for org in organisations:
        yield from or_gap(f"{provider} {org}: members", listing(org), needs=needs)


def same(member: Account, account: Account) -> bool:
    """Whether a listed member is the account: by the immutable id where it is known, else by name, else by address."""
    if account.id:
        return member.id == account.id
    if account.login:
        return member.login == account.login
    return bool(account.email) and member.email.lower() == account.email.lower()


def whole(found: Iterable[T], where: str) -> list[T]:
    """A list that cannot be empty. Raises Unclear where it is: then offkey's credential does not see it."""
    rows = list(found)
    if not rows:
        raise Unclear(f"{where}: the list is empty", advice="offkey's credential must see the whole list")
    return rows


def the_one(found: Iterable[T], account: Account, where: str) -> T | None:
    """The row of the account; None where nobody has its address. Raises NotIdentified for more, or none of an id."""
    rows = list(found)
    if len(rows) == 1:
        return rows[0]
    if rows or account.id or account.login:
        raise NotIdentified(f"{where} has {len(rows)} such members", advice="correct the person's accounts")
    return None


def point(kind: str, identity: str, holder: Account, check: Check, *evidence: str) -> AccessPoint:
    """A person's own access, as an administrator's list has it."""
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=holder.provider,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        check=check,
        evidence=evidence,
    )


def where(organisations: Collection[str], point: AccessPoint) -> tuple[str, str]:
    """(organisation, id) of a point. Raises NotIdentified unless the organisation is a configured one."""
    org, _, ident = point.provider_id.partition("/")
    if org not in organisations or not ident:
        raise NotIdentified(f"{point.id} names no configured organisation", advice="plan again")
    return org, ident


def listed(http: Reader, org: str, point: AccessPoint, *, there: bool) -> Check:
    """LIVE while the list has it; `there` must come from a `whole` list."""
    if there:
        return live(http, f"listed by {org}", point.holder)
    return dead(http, f"no longer listed by {org}", point.holder, "removed")


def the_holders(found: Iterable[tuple[T, Account]], point: AccessPoint, org: str) -> T:
    """The row with the point's id, if it is still this holder's. Raises NotIdentified."""
    rows = [row for row, holder in found if point.holder is not None and holder.id == point.holder.id]
    if len(rows) != 1:
        raise NotIdentified(f"{org} does not list {point.provider_id} for this person", advice="plan again")
    return rows[0]
