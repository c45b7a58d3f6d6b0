"""GitHub: tokens by their value. What an organisation's administrator does by grant is in `revokers/github_org.py`.

What proves death: `GET /user`, asked as the token, answers 401 "Bad credentials"; for an App's installation token, who
is no user, `GET /installation/repositories`.
What does not: 403 (single sign-on, allow-list of addresses, suspension, rate limit), 404, and the 202 of
`POST /credentials/revoke`, which is the answer to any list of values. That call is public and irreversible, mails the
token's owner (the leaver), acts some time later, and on github.com must carry NO Authorization header (403 otherwise);
GitHub Enterprise Server has the opposite rule and takes personal tokens only. So it has its own approval flag.
A refresh token cannot be tried without using it up: it stays UNKNOWN.

https://docs.github.com/en/rest/credentials/revoke
https://docs.github.com/en/enterprise-server@3.19/rest/credentials/revoke
https://docs.github.com/en/rest/users/users#get-the-authenticated-user
https://docs.github.com/en/rest/apps/installations#revoke-an-installation-access-token
"""

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import github_keys, github_org, github_server
from revokers.github_admin import (
    DEPLOY_KEY,
    HEADERS,
    NEEDS,
    PROVIDER,
    SERVER_KEY,
    SSH_KEY,
    Admin,
    Settings,
    signed,
    write_token,
)  # fmt: skip
from revokers.github_keys import authorised
from revokers.github_kinds import HANDLES, INSTALLATION, LAST_OWNER_ALONE, ON_SERVER, REFRESH
from revokers.github_org import inventory
from revokers.parts import answered, ended, given, gone, last, live, trouble, unexpected, unknown
from revokers.protocol import LAST_OWNER, NotAutomatic, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "authorised", "check",
    "gate", "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://api.github.com"
HOSTS = frozenset({"api.github.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {
        ("POST", "/credentials/revoke"),
        ("DELETE", "/installation/token"),
        ("DELETE", "/orgs/{org}/memberships/{username}"),
        ("DELETE", "/orgs/{org}/outside_collaborators/{username}"),
        ("POST", "/orgs/{org}/personal-access-tokens/{pat_id}"),
        ("DELETE", "/orgs/{org}/credential-authorizations/{credential_id}"),
        ("POST", "/orgs/{org}/credential-authorizations/{username}/revoke"),
        ("DELETE", "/repos/{owner}/{repo}/keys/{key_id}"),
        ("DELETE", "/admin/keys/{key_ids}"),
    }
)
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return LAST_OWNER_ALONE if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has GitHub's numeric id and login; an installation token has no holder, it is an App's."""
    if credential.kind == REFRESH:
        return unknown(http, "a refresh token cannot be tried without using it up")
    template = "/installation/repositories" if credential.kind == INSTALLATION else "/user"
    answer = http.request("GET", template, headers=signed(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and "Bad credentials" in str(body.get("message")):
        return gone(http, "401 Bad credentials", "401")
    if answer.status == 200 and credential.kind == INSTALLATION and "repositories" in body:
        return live(http, f"an App's token for {body.get('total_count')} repositories")
    if answer.status == 200 and "id" in body and "login" in body:
        email = str(body.get("email") or "")
        holder = Account(provider=PROVIDER, id=str(body["id"]), login=str(body["login"]), email=email)
        scopes = answer.headers.get("x-oauth-scopes", "")
        return live(http, f"signs in as {holder.login}{f' with scopes {scopes}' if scopes else ''}", holder)
    return unexpected(http, answer.status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if HANDLES.get(point.kind, LAST_OWNER_ALONE)[0].by == "id":
        if point.kind == SERVER_KEY:
            return github_server.state(Admin(http, settings.read), point)
        if point.kind in (DEPLOY_KEY, SSH_KEY):
            return github_keys.state(Admin(http, settings.read), settings, point)
        return github_org.state(http, settings, point)
    return ended(http, point, check(http, credential)) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value for a token, by id for what the organisation lists."""
    known = {option.action: option for option in HANDLES.get(point.kind, ())}
    if action not in known:
        raise NotAutomatic(f"{action} of {point.kind} is not done here")
    if known[action].by == "id":
        ends = {SERVER_KEY: github_server.revoke, DEPLOY_KEY: github_keys.revoke}
        return ends.get(point.kind, github_org.revoke)(http, settings, point)
    secret = given(point, credential).secret
    if point.kind == INSTALLATION:
        http.request("DELETE", "/installation/token", headers=signed(secret), hide=(secret,))
        return last(http)
    if settings.server == "ghes" and point.kind not in ON_SERVER:
        raise NotAutomatic(f"GitHub Enterprise Server does not revoke {point.kind}", advice=known[action].how)
    headers = dict(HEADERS) if settings.server == "github.com" else {**HEADERS, **bearer(write_token(settings))}
    body = {"credentials": [secret.reveal().decode("ascii")]}
    answer = http.request("POST", "/credentials/revoke", json=body, headers=headers, hide=(secret,))
    if 200 <= answer.status < 300 and answer.status != 202:  # a proxy's page, not GitHub's acceptance
        raise Unclear(f"POST /credentials/revoke {trouble(answer.status)}", advice="see what answers in GitHub's place")
    return last(http)
