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

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import github_org
from revokers.github_admin import HEADERS, NEEDS, PAT_GRANT, PROVIDER, SSO, Settings, signed, write_token
from revokers.github_org import COLLABORATOR, LAST_OWNER, MEMBERSHIP, inventory
from revokers.parts import answered, dead, given, last, live, trouble, unexpected, unknown
from revokers.protocol import NotAutomatic, Option, Unclear

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
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
    }
)
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

INSTALLATION, REFRESH = "github.app.installation", "github.app.refresh"
ON_SERVER = frozenset({"github.pat.classic", "github.pat.fine_grained"})
_BY_VALUE = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        needs="github-public-revoke",
        by="value",
        via="value",
        proof="GET /user: 401 Bad credentials",
        reason="GitHub's public call ends the token everywhere, whoever owns it, and mails its owner",
        breaks=("whatever still signs in with this token",),
        how="The owner deletes it at https://github.com/settings/tokens (or under Applications); an organisation owner "
        "can only end its access to the organisation.",
    ),
)
_REMOVE = Action.REMOVE
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys((*sorted(ON_SERVER), "github.oauth", "github.app.user", REFRESH), _BY_VALUE),
    INSTALLATION: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /installation/repositories: 401 Bad credentials",
            reason="the token ends itself; the App is untouched and gets new ones",
            breaks=("a job that runs with it now",),
        ),
    ),
    MEMBERSHIP: (
        Option(
            action=_REMOVE,
            reversible=True,
            via="person",
            proof="the organisation's membership: 404",
            reason="an owner can reinstate a former member with all settings for three months",
            breaks=("access to the organisation's repositories", "private forks until reinstated"),
        ),
    ),
    COLLABORATOR: (
        Option(
            action=_REMOVE,
            reversible=False,
            via="person",
            proof="the list of outside collaborators has them no more",
            reason="invitations must be sent anew for each repository",
        ),
    ),
    PAT_GRANT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the organisation's list of grants has it no more",
            reason="ends the token's access to this organisation only",
        ),
    ),
    SSO: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the organisation's list of authorizations has it no more",
            reason="this credential cannot be authorised again",
        ),
    ),
}
_LAST_OWNER = (
    Option(
        action=Action.HAND_OVER,
        reversible=False,
        how="This is the last owner: make another member an owner at https://github.com/orgs/ORGANISATION/people, then "
        "plan again.",
    ),
)


def options(point: AccessPoint) -> tuple[Option, ...]:
    return _LAST_OWNER if LAST_OWNER in point.evidence else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has GitHub's numeric id and login; an installation token has no holder, it is an App's."""
    if credential.kind == REFRESH:
        return unknown(http, "a refresh token cannot be tried without using it up")
    template = "/installation/repositories" if credential.kind == INSTALLATION else "/user"
    answer = http.request("GET", template, headers=signed(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and "Bad credentials" in str(body.get("message")):
        return dead(http, "401 Bad credentials", status="401")
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
    if HANDLES.get(point.kind, _LAST_OWNER)[0].by == "id":
        return github_org.state(http, settings, point)
    return check(http, credential) if credential else unknown(http, "the value is not at hand")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value for a token, by id for what the organisation lists."""
    known = {option.action: option for option in HANDLES.get(point.kind, ())}
    if action not in known:
        raise NotAutomatic(f"{action} of {point.kind} is not done here")
    if known[action].by == "id":
        return github_org.revoke(http, settings, point)
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
