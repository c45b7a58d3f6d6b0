"""GitLab: tokens by their value. What administrators and groups' owners list is in `revokers/gitlab_lists.py`, what a
group's owner sees of enterprise users in `revokers/gitlab_enterprise.py`.

What proves death: `GET /personal_access_tokens/self`, asked as the token, answers 401 invalid_token "Token was revoked"
or "Token is expired" (any scope may ask). What does not: the plain "401 Unauthorized", which is what any instance says
of another instance's token; 403, as for a blocked account, whose tokens live again when it is unblocked.
Project and group access tokens have the same form and answer as a bot (`GET /user`: `bot`): whatever uses them stops
for everybody. Rotating is never asked of a token: on a revoked one it revokes its whole family.
`DELETE /personal_access_tokens/self` ends the token and mails its owner. On a self-managed instance an administrator
identifies the value and ends the token by its number, which also works after the account was blocked.
Deploy and agent tokens are asked about and ended by a self-managed instance's administrator alone (`/admin/token`,
whose DELETE is behind the feature flag `api_admin_token_revoke`); what it can only reset is left to people, for the
end of a value that was reset is not told from a value that the instance never knew.

https://docs.gitlab.com/api/personal_access_tokens/
https://docs.gitlab.com/api/admin/token/
https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/api_guard.rb
"""

from collections.abc import Iterator

from offkey.http import Answer, Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness
from offkey.secret import Secret
from revokers import gitlab_enterprise, gitlab_lists, gitlab_ssh, owners
from revokers.gitlab_admin import NEEDS, PROVIDER, Admin, Settings, judged, signed
from revokers.gitlab_kinds import ALONE, BOT, HANDLES, TOKENS
from revokers.gitlab_lists import ACCOUNT, ANOTHER
from revokers.gitlab_ssh import DEPLOY_KEY, authorised
from revokers.parts import answered, configured, dead, given, last, live, refuse_unlisted, unexpected, unknown
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "authorised", "check",
    "gate", "inventory", "issued", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://gitlab.com/api/v4"
HOSTS = frozenset({"gitlab.com"})
READS: frozenset[Operation] = frozenset({("POST", "/admin/token")})
WRITES: frozenset[Operation] = frozenset(
    {
        ("DELETE", "/personal_access_tokens/self"),
        ("DELETE", "/personal_access_tokens/{id}"),
        ("DELETE", "/admin/token"),
        ("DELETE", "/users/{id}/keys/{key_id}"),
        ("DELETE", "/projects/{id}/deploy_keys/{key_id}"),
        ("DELETE", "/groups/{group}/members/{id}"),
        ("POST", "/users/{id}/block"),
        ("POST", "/users/{id}/unblock"),
        *gitlab_enterprise.WRITES,
    }
)
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

ENTERPRISE = frozenset({gitlab_enterprise.TOKEN, gitlab_enterprise.KEY})
_REVOKED, _EXPIRED = "Token was revoked", "Token is expired"


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token that answered as a bot is a project's or group's."""
    if point.kind in TOKENS and point.check and point.check.status == "bot":
        return BOT
    ways = HANDLES.get(point.kind, ())
    if point.kind == ACCOUNT:
        return owners.gated(ways, point, "gitlab-block-unseen", ANOTHER)
    return ALONE if LAST_OWNER in point.evidence else ways


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """What the instance or the configured groups list of the account."""
    yield from gitlab_lists.inventory(http, settings, account)
    if settings.enterprise:
        yield from gitlab_enterprise.inventory(http, settings, account)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has GitLab's user id, and the username where the scopes let the token ask; a bot has the status."""
    if credential.kind not in TOKENS:
        return unknown(http, f"nothing asks about a {credential.kind} as itself")
    answer = _ask(http, "/personal_access_tokens/self", credential.secret)
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("active") is True and body.get("user_id"):
        return _alive(http, credential.secret, str(body["user_id"]), " ".join(body.get("scopes") or ()))
    said = str(body.get("error_description"))
    if answer.status == 401 and body.get("error") == "invalid_token" and said.startswith((_REVOKED, _EXPIRED)):
        return dead(http, f"401 {_REVOKED if said.startswith(_REVOKED) else _EXPIRED}", status="401")
    if answer.status == 401:
        return unknown(http, "answered 401: no token of this instance, and perhaps another's")
    return unexpected(http, answer.status, "your account has been blocked" if "been blocked" in str(body) else "")


def issued(settings: Settings, answer: Check) -> bool | None:
    """That a token was revoked or is expired, its own instance says alone: another's gets the plain 401."""
    return True if answer.liveness is Liveness.DEAD else None


def _alive(http: Reader, secret: Secret, number: str, scopes: str) -> Check:
    user = _ask(http, "/user", secret)
    body = user.json if user.status == 200 and isinstance(user.json, dict) else {}
    if str(body.get("id")) != number:
        return live(http, f"belongs to the user {number}, with scopes {scopes}", Account(provider=PROVIDER, id=number))
    holder = Account(provider=PROVIDER, id=number, login=str(body["username"]), email=str(body.get("email") or ""))
    status = "bot" if body.get("bot") is True else "user"
    return live(http, f"signs in as {holder.login} with scopes {scopes}", holder, status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By value as itself; a self-managed instance's administrator is asked where that says nothing."""
    if point.kind == DEPLOY_KEY:
        return gitlab_ssh.state(http, settings, point)
    if point.kind in ENTERPRISE:
        return gitlab_enterprise.state(http, settings, point)
    if HANDLES.get(point.kind, ALONE)[0].by == "id":
        return gitlab_lists.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    said = check(http, credential)
    if said.liveness is not Liveness.UNKNOWN or settings.server != "self-managed" or settings.read is None:
        return said
    row = Admin(http, settings.read).identify(credential.secret)
    return judged(http, row, said.holder) if row else unknown(http, "this instance knows no such token")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value as itself, or by the number that an administrator is told for the value."""
    option = refuse_unlisted(HANDLES, action, point)
    if option.by == "id":
        ends = {DEPLOY_KEY: gitlab_ssh.revoke, **dict.fromkeys(ENTERPRISE, gitlab_enterprise.revoke)}
        return ends.get(point.kind, gitlab_lists.revoke)(http, settings, point)
    secret = given(point, credential).secret
    if settings.server != "self-managed" or (settings.write is None and point.kind in TOKENS):
        if point.kind not in TOKENS:
            raise NotAutomatic(f"gitlab.com does not end a {point.kind} by value", advice=option.how)
        http.request("DELETE", "/personal_access_tokens/self", headers=signed(secret), hide=(secret,))
        return last(http)
    admin = Admin(http, configured(settings, write=True))
    if point.kind in TOKENS:
        number = admin.access_token(secret, point.holder)
        http.request("DELETE", "/personal_access_tokens/{id}", **admin.options(id=number))
    elif admin.identify(secret) is None:
        raise NotIdentified("this instance knows no such token", advice="it may be another instance's")
    else:
        admin.end(secret)
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Unblock the account."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"{point.kind} cannot be taken back", advice="make a new one")
    return gitlab_lists.unblock(http, settings, point)


def _ask(http: Reader, template: str, secret: Secret) -> Answer:
    return http.request("GET", template, headers=signed(secret), hide=(secret,))
