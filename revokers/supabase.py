"""Supabase: a project's secret keys and its legacy keys; personal access tokens are asked and ended by hand.

What proves death: the project's list of keys, which is never empty, has the key's id no more; for the legacy pair
`GET .../api-keys/legacy` says `enabled: false`, which can be undone. How a value finds its key: `supabase_keys.py`.
A secret key is tried nowhere, for only its project's own host knows it. The Management API documents no answer for a
dead personal token, so one is LIVE or UNKNOWN; and it has no call that ends one, or removes a member.
Every program of a project may use its keys: ending one needs its own yes. Deleting cannot be undone.

https://supabase.com/docs/reference/api/introduction
https://supabase.com/docs/guides/api/api-keys
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap
from revokers import rosters, supabase_keys
from revokers.parts import (
    answered,
    by_hand,
    configured,
    fields,
    given,
    live,
    refuse_unlisted,
    rows,
    unexpected,
    unknown,
)
from revokers.protocol import Option
from revokers.supabase_keys import ALL_LEGACY, KEY, LEGACY, ONE, Settings

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

PROVIDER = "supabase"
URL = "https://api.supabase.com"
HOSTS = frozenset({"api.supabase.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("DELETE", ONE), ("PUT", ALL_LEGACY)})
NEEDS: Mapping[str, str] = {
    "organizations:read": "reading members",
    "secrets:read": "reading a project's keys",
    "secrets:write": "apply: deleting a secret key, switching the legacy keys off",
}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

MEMBER, PERSONAL = "supabase.member", "supabase.pat"
_BREAKS = ("every program that reaches the project with it",)
_YES = "supabase-project-key"
_HOW = (
    "An owner gives the project's programs another secret key at "
    "https://supabase.com/dashboard/project/_/settings/api-keys, then deletes this one."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs=_YES,
            how=_HOW,
            proof="the project's keys have the id no more",
            reason="a project's key is shared by its programs; deleted for good",
            breaks=_BREAKS,
        ),
    ),
    LEGACY: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            needs=_YES,
            how=_HOW,
            shows=("disabled",),
            proof="GET .../api-keys/legacy: enabled false",
            reason="switches off anon and service_role together; they can be switched on again",
            breaks=_BREAKS,
        ),
    ),
    MEMBER: by_hand(
        "An owner removes the member at https://supabase.com/dashboard/org/_/team; the list there shows the end."
    ),
    PERSONAL: by_hand(
        "Its owner deletes it at https://supabase.com/dashboard/account/tokens; removing the member ends what it "
        "reaches in the organisation. Afterwards GET https://api.supabase.com/v1/profile refuses it."
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A key that was found goes by its value, one that a list has by its id."""
    ways = HANDLES.get(point.kind, ())
    return tuple(replace(way, by="value") for way in ways) if point.kind == KEY and not point.provider_id else ways


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder of a personal access token is its user."""
    if credential.kind != PERSONAL:
        return unknown(http, "only the project's own host knows its keys, and a finding does not name it for sure")
    token = credential.secret
    answer = http.request("GET", "/v1/profile", headers=bearer(token), hide=(token,))
    if answer.status != 200:
        return unexpected(http, answer.status)
    user = fields(answer, "GET /v1/profile", "gotrue_id", "primary_email", "username")
    named = {"id": str(user["gotrue_id"]), "login": str(user["username"]), "email": str(user["primary_email"])}
    return live(http, f"signs in as {named['login']}", Account(provider=PROVIDER, **named))


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The person's membership in each configured organisation; keys belong to projects."""
    yield from rosters.in_each(
        PROVIDER, settings.organisations, lambda org: _belonging(http, settings, org, account), NEEDS
    )


def _belonging(http: Reader, settings: Settings, org: str, account: Account) -> Iterator[AccessPoint]:
    token = configured(settings)
    path = {"slug": org}
    answer = http.request("GET", "/v1/organizations/{slug}/members", path=path, headers=bearer(token), hide=(token,))
    everybody = rosters.whole(rows([answer], f"{org}: members", "user_id", "user_name", "role_name"), org)
    found = [(row, member) for row in everybody if rosters.same(member := _holder(row), account)]
    if one := rosters.the_one(found, account, org):
        row, member = one
        check = live(http, f"{row['role_name']} of {org}", member)
        yield rosters.point(MEMBER, f"{org}/{member.id}", member, check, f"{org} lists a {row['role_name']}")


def _holder(row: Mapping[str, Any]) -> Account:
    email = str(row.get("email") or "")
    return Account(provider=PROVIDER, id=str(row["user_id"]), login=str(row["user_name"]), email=email)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == PERSONAL:
        return check(http, given(point, credential))
    if point.kind == MEMBER:
        return unknown(http, "ended by hand: see the organisation's list of members", point.holder)
    return supabase_keys.state(http, settings, point, credential)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    return supabase_keys.end(http, settings, action, point, credential)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    return supabase_keys.switch(http, settings, point, on=True)
