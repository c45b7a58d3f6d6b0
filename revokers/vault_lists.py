"""Vault and OpenBao: what their own lists have of a person.

A person is an entity, by its id or its exact name. Its tokens are found by looking up every accessor, one request each;
only those that carry the entity's id are the person's. The list of accessors comes whole, and needs sudo.

https://developer.hashicorp.com/vault/api-docs/auth/token#list-accessors
"""

from collections.abc import Iterator

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, live, or_gap
from revokers.protocol import NotIdentified
from revokers.vault_admin import (
    ACCESSOR,
    ENTITY,
    NEEDS,
    PROVIDER,
    Settings,
    entity,
    errors,
    found,
    lookup,
    roles,
    signed,
    status,
    told,
)

_NAMED = "/identity/entity/name/{name}"


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's entity, and the accessors of its tokens."""
    where = f"vault {account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    token = configured(settings)
    if not account.id and not account.login:
        raise NotIdentified("Vault finds an entity by its id or its exact name", advice="add either to the directory")
    template, name = ("/identity/entity/id/{name}", account.id) if account.id else (_NAMED, account.login)
    answer = http.request("GET", template, path={"name": name}, **signed(token))
    if answer.status == 404:
        raise NotIdentified(f"Vault has no entity {name}, or does not show it", advice="correct the accounts")
    data = found(answer, "GET identity/entity")
    who = Account(provider=PROVIDER, id=str(data["id"]), login=str(data["name"]))
    yield _point(ENTITY, who.id, who, entity(http, data, who), f"the entity {who.login}")
    yield from or_gap(f"{PROVIDER} {who.login}: tokens", _tokens(http, token, who), needs=NEEDS)


def _tokens(http: Reader, token: Secret, who: Account) -> Iterator[AccessPoint]:
    known = roles(http, **signed(token))
    listed = http.request("GET", "/auth/token/accessors", params={"list": "true"}, **signed(token))
    for accessor in map(str, found(listed, "list of accessors")["keys"]):
        answer = lookup(http, token, accessor)
        if "invalid accessor" in errors(answer):
            continue  # its token ended meanwhile
        data = found(answer, "lookup-accessor")
        if data["entity_id"] == who.id:
            seen = live(http, told(data), who, status(http, data, known, accessor, **signed(token)))
            yield _point(ACCESSOR, accessor, who, seen, f"a token of the entity, made at {data['path']}")


def _point(kind: str, identity: str, who: Account, check: Check, *evidence: str) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=who,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        check=check,
        evidence=evidence,
    )
