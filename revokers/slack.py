"""Slack: user and bot tokens.

Slack answers 200 to nearly everything; `ok` and `error` in the body say what happened. What proves death: `auth.test`
answers token_revoked, account_inactive, token_expired or invalid_auth. Slack gives invalid_auth also to an address
outside the app's allow-list, so after a token was seen to live from here it is proof, and before that a strong hint.
What does not: ratelimited, fatal_error, org_login_required, access_denied and every error not named above.
`auth.revoke` has a dry run (`test=1`), sent first. On a bot's token it deactivates the bot user for everybody and
takes it out of its channels, without uninstalling the app: that needs an approval of its own.
App-level tokens, configuration tokens and webhooks have no revoking method for their holder.

https://docs.slack.dev/reference/methods/auth.test
https://docs.slack.dev/reference/methods/auth.revoke
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offkey.http import Answer, Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import answered, by_hand, dead, given, last, live, or_gap, trouble, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

PROVIDER = "slack"
URL = "https://slack.com/api"
HOSTS = frozenset({"slack.com"})
READS: frozenset[Operation] = frozenset({("POST", "/auth.test")})
WRITES: frozenset[Operation] = frozenset({("POST", "/auth.revoke")})
NEEDS: Mapping[str, str] = {"users:read": "reading users.info", "users:read.email": "finding a user by e-mail address"}
BY_EMAIL = True
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BOT, USER, LEGACY, ACCOUNT = "slack.bot", "slack.user", "slack.legacy", "slack.account"
DEAD = frozenset({"token_revoked", "account_inactive", "token_expired", "invalid_auth"})
_SEEN_BY_VALUE = frozenset({BOT, USER, LEGACY})


_BOT = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        needs="slack-bot-revoke",
        by="value",
        via="self",
        proof="auth.test: token_revoked",
        reason="auth.revoke deactivates the bot user for the whole workspace",
        breaks=("the bot: it leaves its channels until the app is installed again",),
        how="An owner of the app reinstalls it at https://api.slack.com/apps, OAuth & Permissions, and puts the new "
        "token where the bot runs; only then is this one revoked.",
    ),
)
_USER = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        by="value",
        via="self",
        proof="auth.test: token_revoked",
        reason="auth.revoke ends this one token; its owner can authorise the app again while the account is active",
        breaks=("what acts for this user through the app",),
    ),
)
_WEBHOOK = by_hand(
    "No method deletes a webhook. An owner of the app removes it at https://api.slack.com/apps, Incoming Webhooks, or "
    "a workspace owner removes the app; a workflow's webhook is replaced in Workflow Builder."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    BOT: _BOT,
    USER: _USER,
    LEGACY: _USER,
    ACCOUNT: by_hand(
        "Deactivate the member at https://slack.com/admin (Manage members), or through your identity provider's SCIM "
        "connection; this ends the member's sessions and user tokens. The Web API can do so on Enterprise Grid alone."
    ),
    "slack.app": by_hand(
        "App-level tokens work for the app in every workspace. An owner of the app revokes it at "
        "https://api.slack.com/apps, Basic Information, App-Level Tokens."
    ),
    "slack.config.access": by_hand(
        "Configuration tokens last 12 hours. Their owner revokes them at https://api.slack.com/apps, Your App "
        "Configuration Tokens."
    ),
    "slack.config.refresh": by_hand(
        "Its owner revokes the configuration token it belongs to at https://api.slack.com/apps, Your App Configuration "
        "Tokens."
    ),
    "slack.webhook": _WEBHOOK,
    "slack.webhook.workflow": _WEBHOOK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` is a token with the scopes in NEEDS. A token is revoked as itself, so `write` is not used."""

    read: Secret
    write: Secret | None = None
    url: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token that answered with a bot_id is a bot's, whatever its prefix."""
    if point.kind in _SEEN_BY_VALUE and point.check and point.check.status == "bot":
        return _BOT
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has Slack's user id and name; the status is "bot" for a bot's token."""
    if credential.kind not in _SEEN_BY_VALUE:
        return unknown(http, f"nothing asks about a {credential.kind} without using it")
    answer = _call(http, "/auth.test", credential.secret)
    body = answer.json if isinstance(answer.json, dict) else {}
    error = _error(body)
    if answer.status == 200 and body.get("ok") is True and body.get("user_id"):
        holder = Account(provider=PROVIDER, id=str(body["user_id"]), login=str(body.get("user", "")))
        team = f"{body.get('team', '')} ({body.get('team_id', '')})"
        return live(http, f"signs in as {holder.login} of {team}", holder, "bot" if body.get("bot_id") else "user")
    if answer.status == 200 and body.get("ok") is False and error in DEAD:
        note = " (from an address outside the app's allow-list Slack says the same)" if error == "invalid_auth" else ""
        return dead(http, f"auth.test: {error}{note}", status=error)
    return unknown(http, f"auth.test {f'said {error}' if error else trouble(answer.status)}")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The member's own account; Slack lists the tokens that a member gave to apps to nobody."""
    where = f"slack {account.login or account.id or account.email}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    try:
        user = _user(http, settings, account)
    except NotIdentified:
        if account.id or not account.email:  # the directory says that there is one, or nothing was asked
            raise
        return
    holder = Account(provider=PROVIDER, id=user["id"], login=str(user.get("name", "")), email=account.email)
    yield AccessPoint(
        id=f"{ACCOUNT}:{holder.id}",
        provider=PROVIDER,
        kind=ACCOUNT,
        holder=holder,
        ownership=Ownership.SHARED if user.get("is_bot") else Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=holder.id,
        check=_member(http, user, holder),
        evidence=("users.info lists the member", "which app tokens the member has, Slack tells nobody"),
    )


def _user(http: Reader, settings: Settings, account: Account) -> dict[str, str]:
    """Raises Unclear or NotIdentified."""
    by_id = bool(account.id)
    if not by_id and not account.email:
        raise NotIdentified("Slack finds members by id or e-mail address", advice="add either to the directory")
    template, params = (
        ("/users.info", {"user": account.id}) if by_id else ("/users.lookupByEmail", {"email": account.email})
    )
    answer = http.request("GET", template, params=params, headers=bearer(settings.read), hide=(settings.read,))
    body = answer.json if isinstance(answer.json, dict) else {}
    user = body.get("user")
    if body.get("ok") is True and isinstance(user, dict) and user.get("id"):
        return user
    said = _error(body) or trouble(answer.status)
    if said in ("users_not_found", "user_not_found"):
        raise NotIdentified(f"{template[1:]}: {said}", advice="correct the person's accounts")
    raise Unclear(f"{template[1:]}: {said}", advice="the token needs users:read and users:read.email")


def _member(http: Reader, user: Mapping[str, object], holder: Account) -> Check:
    if user.get("deleted") is True:
        return dead(http, "deactivated", holder, "deactivated")
    return live(http, "an active member", holder)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == ACCOUNT and point.holder:
        return _member(http, _user(http, settings, point.holder), point.holder)
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Dry run first; the real call only when the dry run was accepted.

    Raises Unclear when Slack said no, in its answers of 200: an exchange of that status would pass for a yes.
    """
    if action is not Action.REVOKE or point.kind not in _SEEN_BY_VALUE:
        raise NotAutomatic(f"{action} of {point.kind} is not done here", advice=" ".join(o.how for o in options(point)))
    secret = given(point, credential).secret
    tried = _call(http, "/auth.revoke", secret, {"test": "1"})
    done = _call(http, "/auth.revoke", secret) if _ok(tried) else tried
    said = _error(done.json) if isinstance(done.json, dict) else ""
    if done.status == 200 and not _ok(done) and said not in DEAD - {"invalid_auth"}:
        raise Unclear(
            f"auth.revoke {f'said {said}' if said else trouble(200)}", advice="see Slack's answer, plan again"
        )
    return last(http)


def _ok(answer: Answer) -> bool:
    return isinstance(answer.json, dict) and answer.json.get("ok") is True


def _error(body: Mapping[str, object]) -> str:
    """Slack's error word, or empty for anything else: an answer that echoes what was sent must not be repeated."""
    said = str(body.get("error", ""))
    return said if re.fullmatch("[a-z_]{1,60}", said) else ""


def _call(http: Reader, template: str, token: Secret, form: Mapping[str, str] | None = None) -> Answer:
    return http.request("POST", template, headers=bearer(token), form=form, hide=(token,))
