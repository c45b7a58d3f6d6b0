"""Jenkins: a user's API tokens, all at once.

What proves the death of a token that signed in here before: `GET /whoAmI/api/json` with the user's name and the token
answers 401 with Jenkins's own realm; another Jenkins's token gets it too. A token is tried before anything else, and
one that matches while its user cannot be loaded is a 500: so this 401 says that the user has no such token. What does
not: 401 of another realm (a proxy in front), 403, 404, 5xx.
Nothing in a token's value tells its id or its user: the user's name is read where the value was found (`user:token`),
and a token found alone cannot be tried. Tokens are stored as hashes, and which there are is told to nobody: revokeAll
ends all of the user's, which is what offboarding wants. Without a value its end cannot be seen.
A request that signs in with an API token needs no crumb.

https://www.jenkins.io/doc/book/system-administration/authenticating-scripted-clients/
https://www.jenkins.io/doc/book/security/csrf-protection/
https://github.com/jenkinsci/jenkins: jenkins/security/ApiTokenProperty.java, BasicHeaderProcessor.java
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness
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
    pair,
    refuse_unlisted,
    refused,
    text,
    unexpected,
    unknown,
)
from revokers.protocol import NotAutomatic, NotIdentified, Option

PROVIDER = "jenkins"
URL = ""
HOSTS: frozenset[str] = frozenset()
_REVOKE_ALL = "/user/{id}/descriptorByName/jenkins.security.ApiTokenProperty/revokeAll"
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", _REVOKE_ALL)})
NEEDS: Mapping[str, str] = {"Overall/Read": "reading a user", "Overall/Administer": "apply: revoking a user's tokens"}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

LEAKED, TOKENS, ACCOUNT = "jenkins.api_token", "jenkins.api_tokens", "jenkins.account"
_ALL = Option(
    action=Action.REVOKE,
    reversible=False,
    via="person",
    proof="GET /whoAmI/api/json with a token of the user: 401",
    reason="ends every API token of this user, found or not: Jenkins tells nobody which there are",
    breaks=("jobs, scripts and agents that sign in as this user",),
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    LEAKED: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="person",
            proof=_ALL.proof,
            reason=_ALL.reason,
            breaks=_ALL.breaks,
        ),
    ),
    TOKENS: (_ALL,),
    ACCOUNT: by_hand(
        "Sign-in follows Jenkins's security realm: disable the person there. With Jenkins's own user database an "
        "administrator deletes the user at https://JENKINS/manage/securityRealm/."
    ),
}
_ALONE = by_hand(
    "The user's name is not known. A Jenkins administrator revokes the token by its name and last use at "
    "https://JENKINS/user/USER/security/; afterwards GET /whoAmI/api/json with it answers 401."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the address of the Jenkins. `read` and `write` have two parts: a user's name and an API token."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token whose user is not known, or that nobody could try, is left to an administrator."""
    if point.kind == LEAKED and not (point.check and point.check.holder):
        return _ALONE
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the user that Jenkins names."""
    if "user" not in credential.parts:
        return unknown(http, "asking needs the user's name, which does not stand beside the token")
    secret, user = credential.secret, text(credential.parts["user"])
    answer = http.request("GET", "/whoAmI/api/json", headers=basic(user, secret), hide=(secret,))
    if answer.status == 401 and _realm(answer):
        return refused(http, f"401: {user} has no such token")
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /whoAmI/api/json", "name", "authenticated", "anonymous")
    if body["authenticated"] is not True or body["anonymous"] is not False:
        return unknown(http, "answered as to nobody")
    holder = Account(provider=PROVIDER, id=str(body["name"]), login=str(body["name"]))
    return live(http, f"signs in as {holder.login}", holder)


def _realm(answer: Answer) -> bool:
    return 'realm="Jenkins"' in answer.headers.get("www-authenticate", "")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the user's API tokens as one: how many there are, Jenkins does not say."""
    where = f"jenkins {account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    name = account.id or account.login
    if not name:
        raise NotIdentified("Jenkins finds users by name", advice="add it to the directory")
    user = _user(http, settings, name)
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["id"]), email=account.email)
    here = f"{http.base} has the user {user['fullName']}"
    yield rosters.point(ACCOUNT, holder.id, holder, live(http, "a user of this Jenkins", holder), here)
    unseen = unknown(http, "Jenkins tells nobody whether a user has API tokens", holder)
    yield rosters.point(TOKENS, holder.id, holder, unseen, here, "its API tokens are listed to nobody")


def _user(http: Reader, settings: Settings, name: str, *, write: bool = False) -> dict[str, Any]:
    """Raises NotIdentified for a user that this Jenkins does not have, Unclear for any other answer."""
    headers, hide = _signed(settings, write=write)
    answer = http.request("GET", "/user/{id}/api/json", path={"id": name}, headers=headers, hide=hide)
    if answer.status == 404:
        raise NotIdentified(f"answered 404: no user {name}", advice="correct the person's accounts")
    return fields(answer, f"GET /user/{name}", "id", "fullName")


def _signed(settings: Settings, *, write: bool = False) -> tuple[dict[str, str], tuple[Secret, ...]]:
    user, token = pair(configured(settings, write=write))
    return basic(text(user), token), (token,)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == LEAKED:
        return ended(http, point, check(http, given(point, credential)))
    if point.kind == TOKENS:
        return unknown(http, "Jenkins tells nobody whether a user has API tokens", point.holder)
    user = _user(http, settings, point.provider_id)
    return live(http, f"a user of this Jenkins: {user['fullName']}", point.holder)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """All API tokens of the user that the value itself signs in as, or that the directory names."""
    refuse_unlisted(HANDLES, action, point)
    user = point.provider_id if point.kind == TOKENS else _holder(http, given(point, credential))
    if text(pair(configured(settings, write=True))[0]).lower() == user.lower():
        raise NotAutomatic(
            f"{user} is the user that offkey signs in as", advice="give offkey a user of its own, then plan again"
        )
    ident = str(_user(http, settings, user, write=True)["id"])
    if ident.lower() != user.lower():
        raise NotIdentified(f"Jenkins answers for {ident} when asked for {user}", advice="correct the accounts")
    headers, hide = _signed(settings, write=True)
    http.request("POST", _REVOKE_ALL, path={"id": ident}, headers=headers, hide=hide)
    return last(http)


def _holder(http: Writer, credential: Credential) -> str:
    """Raises NotIdentified unless the token lives: then there is nothing to tie it to its user."""
    told = check(http, credential)
    if told.liveness is not Liveness.LIVE or told.holder is None:
        raise NotIdentified(f"the token does not name its user: {told.reason}", advice="plan again")
    return told.holder.id
