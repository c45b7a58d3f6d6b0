"""SonarQube: user tokens by name, where the name is beyond doubt.

What proves the death of a token that was valid here before: `GET /api/authentication/validate`, asked with the token,
answers 200 `{"valid": false}`: SonarQube has no such token (another one may), or its user is deactivated. What does
not: any other status. `valid: true` is life.
Tokens are revoked by name, and no answer ties a value to its name. A user's names are unique, so what an administrator
lists is ended exactly. A value that was found is ended only where it is a user token (`squ_`), lives, and its user has
no second user token that could be meant: else the candidates are named and a person decides. Tokens of a project
(`sqp_`) and for global analysis (`sqa_`) say nothing of their maker and run builds: they are handed over.
Deactivating the account, in the directory or at SonarQube, ends all of a user's tokens.

https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/
https://github.com/SonarSource/sonarqube: usertoken/ws/SearchAction.java, RevokeAction.java, ValidateAction.java
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import (
    answered,
    basic,
    by_hand,
    configured,
    ended,
    fields,
    given,
    last,
    live,
    or_gap,
    refuse_unlisted,
    refused,
    text,
    unexpected,
    when,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

PROVIDER = "sonar"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", "/api/user_tokens/revoke")})
NEEDS: Mapping[str, str] = {"Administer System": "reading a user's tokens; apply: revoking them"}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

LEAKED, LISTED = "sonar.token", "sonar.user_token"
USER = "USER_TOKEN"
_BREAKS = ("analyses and scripts that sign in with this token",)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    LEAKED: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            proof="GET /api/authentication/validate: valid false",
            reason="the only token that it can be, by its user and its type, is revoked by name",
            breaks=_BREAKS,
        ),
    ),
    LISTED: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the user's tokens have the name no more",
            reason="revoked by name, which no second token of the user has",
            breaks=_BREAKS,
        ),
    ),
}
_ANALYSIS = by_hand(
    "A token for analysis runs builds, whoever made it. Give the builds another at "
    "https://SONARQUBE/account/security, then its maker, or an administrator at https://SONARQUBE/admin/users, "
    "revokes it; afterwards GET /api/authentication/validate with it says valid false."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the address of the SonarQube, with its context path. `read` and `write` are administrators' tokens."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def options(point: AccessPoint) -> tuple[Option, ...]:
    if point.kind == LEAKED and not (point.check and point.check.holder):
        return _ANALYSIS
    return _ANALYSIS if point.ownership is Ownership.SHARED else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the user of a user token; tokens for analysis name nobody."""
    answer = _as(http, "/api/authentication/validate", credential.secret)
    if answer.status != 200:
        return unexpected(http, answer.status)
    valid = fields(answer, "GET /api/authentication/validate", "valid")["valid"]
    if valid is False:
        return refused(http, "SonarQube calls it not valid")
    if valid is not True:
        return unexpected(http, answer.status)
    if not text(credential.secret).startswith("squ_"):
        return live(http, "a token for analysis", status="analysis")
    user = fields(_as(http, "/api/users/current", credential.secret), "GET /api/users/current", "isLoggedIn", "login")
    if user["isLoggedIn"] is not True:
        raise Unclear("GET /api/users/current answered as to nobody")
    login = str(user["login"])
    holder = Account(provider=PROVIDER, id=login, login=login, email=str(user.get("email") or ""))
    return live(http, f"signs in as {login}", holder, "user")


def _as(http: Reader, template: str, token: Secret, params: Mapping[str, str] | None = None) -> Answer:
    """A token signs in as the user name of HTTP Basic, without a password."""
    headers = basic(text(token), Secret(b""))
    return http.request("GET", template, params=params, headers=headers, hide=(token,))


def _tokens(http: Reader, settings: Settings, login: str, *, write: bool = False) -> dict[str, dict[str, Any]]:
    """Every token of a user by its name, in one answer; it names the user again. Raises Unclear."""
    answer = _as(http, "/api/user_tokens/search", configured(settings, write=write), {"login": login})
    body = fields(answer, f"{login}: tokens", "login", "userTokens")
    if body["login"] != login:
        raise Unclear(f"{login}: the answer is about another user")
    return {str(row["name"]): row for row in body["userTokens"]}


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user's tokens. Those for analysis are shared: they run builds."""
    yield from or_gap(f"sonar {account.login or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    login = account.login or account.id
    if not login:
        raise NotIdentified("SonarQube lists tokens by login", advice="add the login to the directory")
    holder = replace(account, provider=PROVIDER, id=login, login=login)
    for name, row in _tokens(http, settings, login).items():
        point = rosters.point(LISTED, f"{login}/{name}", holder, live(http, "listed", holder), f"{login} has {name}")
        shared = Ownership.PERSONAL if row.get("type", USER) == USER else Ownership.SHARED
        yield replace(point, ownership=shared, last_used=when(_colon(row.get("lastConnectionDate"))))


def _colon(told: object) -> object:
    """SonarQube writes the zone without its colon: 2017-11-30T10:46:42+0100."""
    return f"{told[:-2]}:{told[-2:]}" if isinstance(told, str) and told[-5:-4] in ("+", "-") else told


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == LEAKED:
        return ended(http, point, check(http, given(point, credential)))
    login, _, name = point.provider_id.partition("/")
    return rosters.listed(http, login, point, there=name in _tokens(http, settings, login))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind == LEAKED:
        login, name = _the_only_one(http, settings, given(point, credential))
    else:
        login, _, name = point.provider_id.partition("/")
        if point.ownership is Ownership.SHARED:
            raise NotAutomatic(f"{name} is a token for analysis", advice=_ANALYSIS[0].how)
        if name not in _tokens(http, settings, login, write=True):
            raise NotIdentified(f"{login} has no token {name}", advice="plan again")
    token = configured(settings, write=True)
    form = {"login": login, "name": name}
    http.request("POST", "/api/user_tokens/revoke", form=form, headers=basic(text(token), Secret(b"")), hide=(token,))
    return last(http)


def _the_only_one(http: Writer, settings: Settings, credential: Credential) -> tuple[str, str]:
    """(login, name) where the value's user has one user token. Raises NotIdentified, naming the candidates."""
    told = check(http, credential)
    if told.liveness is not Liveness.LIVE or told.holder is None:
        raise NotIdentified(f"the token does not name its user: {told.reason}", advice=_ANALYSIS[0].how)
    login = told.holder.login
    rows = _tokens(http, settings, login, write=True)
    names = sorted(name for name, row in rows.items() if row.get("type", USER) == USER and not row.get("isExpired"))
    if len(names) != 1:
        raise NotIdentified(
            f"{login} has {len(names)} user tokens, and none can be told from its value",
            advice=f"revoke one of these at https://SONARQUBE/admin/users: {', '.join(names)}",
        )
    return login, names[0]
