"""Members of the configured Buildkite organisation: listed, found by id or e-mail address, removed.

A member is gone when the organisation's list has them no more; that list names at least offkey's own account. Removing
somebody ends the access of the account and of all its tokens to this organisation; the account itself stays.

https://buildkite.com/docs/apis/rest-api/organizations/members
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offkey.http import Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, dead, last, live, or_gap, rows
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Unclear

PROVIDER = "buildkite"
MEMBER = "buildkite.member"
NEEDS: Mapping[str, str] = {
    "read_organizations": "reading the organisation's members",
    "write_organizations, of an administrator": "apply: removing members",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`organisation` is the slug in the organisation's address. A token ends itself, without `write`."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisation: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The membership; Buildkite's administrators see tokens in the console alone."""
    where = f"buildkite {account.email or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    if not account.id and not account.email:
        raise NotIdentified("Buildkite finds members by id or e-mail address", advice="add either to the directory")
    members = _members(http, settings, configured(settings))
    if account.id and account.id not in members:
        raise NotIdentified(f"Buildkite has no member {account.id}", advice="correct the person's accounts")
    for number, row in members.items():
        if number != account.id and (account.id or str(row["email"]).lower() != account.email.lower()):
            continue
        holder = Account(provider=PROVIDER, id=number, email=str(row["email"]))
        told = f"{settings.organisation} lists a member with the role {row['role']}"
        yield AccessPoint(
            id=f"{MEMBER}:{settings.organisation}/{number}",
            provider=PROVIDER,
            kind=MEMBER,
            holder=holder,
            ownership=Ownership.PERSONAL,
            bond=Bond.THEIRS,
            provider_id=f"{settings.organisation}/{number}",
            check=live(http, f"a member of {settings.organisation}", holder),
            evidence=(told, LAST_OWNER) if _alone(members, number) else (told,),
        )


def _members(http: Reader, settings: Settings, token: Secret) -> dict[str, dict[str, str]]:
    """Every member by id. Raises Unclear for none: the list has at least whoever asks."""
    if not settings.organisation:
        raise Unclear("no organisation is configured", advice="set `organisation` under [providers.buildkite]")
    path = {"org": settings.organisation}
    pages = http.pages("/organizations/{org}/members", path=path, headers=bearer(token), hide=(token,))
    members = {str(row["id"]): row for row in rows(pages, "members", "id", "email", "role")}
    if not members:
        raise Unclear("the organisation shows no member", advice="offkey's credential must be a member's")
    return members


def _alone(members: Mapping[str, Mapping[str, str]], number: str) -> bool:
    return [each for each, row in members.items() if row["role"] == "admin"] == [number]


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    if _number(settings, point) in _members(http, settings, configured(settings)):
        return live(http, "listed", point.holder)
    return dead(http, "no longer listed", point.holder, "removed")


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Raises NotAutomatic for the last administrator."""
    token, number = configured(settings, write=True), _number(settings, point)
    members = _members(http, settings, token)
    if number not in members:
        raise NotIdentified(f"{settings.organisation} does not list the member", advice="plan again")
    if _alone(members, number):
        raise NotAutomatic(f"{point.id} is {LAST_OWNER}", advice="make another member an administrator first")
    path = {"org": settings.organisation, "user": number}
    http.request("DELETE", "/organizations/{org}/members/{user}", path=path, headers=bearer(token), hide=(token,))
    return last(http)


def _number(settings: Settings, point: AccessPoint) -> str:
    organisation, _, number = point.provider_id.partition("/")
    if not number or organisation != settings.organisation:
        raise NotIdentified(f"{point.id} is not of the configured organisation", advice="plan again")
    return number
