"""Azure DevOps: personal access tokens, as an organisation's administrator lists them by their owner.

Which listed token a value is, Azure DevOps tells nobody: tokens are ended by the id in the owner's list.

https://learn.microsoft.com/rest/api/azure/devops/tokenadmin
https://learn.microsoft.com/rest/api/azure/devops/profile/profiles/get
"""

from collections.abc import Iterator
from typing import Any

from offkey.http import Answer, Operation, Reader, Writer, bearer
from offkey.model import Account, Check
from offkey.secret import Secret
from revokers.parts import basic, dead, live, objects, pages, unexpected, when
from revokers.protocol import NotIdentified, Unclear

PAT = "azure.devops_pat"
_HOST = "//vssps.dev.azure.com/{organisation}/_apis"
_USERS = _HOST + "/graph/users"
_TOKENS = _HOST + "/tokenadmin/personalaccesstokens/{subject}"
_PROFILE = "//app.vssps.visualstudio.com/_apis/profile/profiles/me"
REVOKE: Operation = ("POST", _HOST + "/tokenadmin/revocations")
_PREVIEW = {"api-version": "7.2-preview.1"}
_NO_MORE = frozenset({"", "00000000-0000-0000-0000-000000000000"})


def token(configured: Secret) -> Secret:
    """The second word of the configured credential. Raises Unclear where there is none."""
    words = configured.reveal().split()
    if len(words) != 2:
        raise Unclear(
            "no token for Azure DevOps is configured",
            advice="give two words: Graph's token, and one for resource 499b84ac-1321-427f-aa17-267ca6975798",
        )
    return Secret(words[1])


def check(http: Reader, secret: Secret) -> Check:
    """The profile of the token's owner. A refusal may be a missing scope, so it proves nothing."""
    params = {"api-version": "7.2-preview.3", "details": "true"}
    answer = http.request("GET", _PROFILE, params=params, headers=basic("", secret), hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status != 200 or not body.get("id") or "coreAttributes" not in body:
        return unexpected(http, answer.status)
    attribute = body["coreAttributes"].get("Email") or body["coreAttributes"].get("EmailAddress") or {}
    email = str(attribute.get("value", ""))
    return live(http, f"signs in as {email or body['id']}", Account(provider="azure", id="", login=email, email=email))


def subject(http: Reader, read: Secret, organisation: str, identity: str, names: frozenset[str]) -> str:
    """The descriptor of the organisation's one user with this id in Entra or, without one, a name in lower case.

    Raises NotIdentified where none has: the person may be there by another name.
    """
    known: set[str] = set()
    named: set[str] = set()
    answers = pages(http, _USERS, _next_user, path={"organisation": organisation}, params=_PREVIEW,
                    headers=bearer(read), hide=(read,))  # fmt: skip
    for answer in answers:
        for user in objects(answer, "Azure DevOps users:", "value", "count"):
            if user.get("originId") == identity:
                known.add(str(user["descriptor"]))
            elif not user.get("originId") and {_lower(user, "principalName"), _lower(user, "mailAddress")} & names:
                named.add(str(user["descriptor"]))
    found = sorted(known or named)
    if len(found) > 1:
        raise NotIdentified("several users of the organisation have this name", advice=", ".join(found))
    if not found:
        advice = f"if the person is there by another name, end their tokens at https://dev.azure.com/{organisation}"
        raise NotIdentified(f"{organisation} in Azure DevOps lists no such user", advice=advice)
    return found[0]


def _lower(user: dict[str, Any], name: str) -> str:
    return str(user.get(name) or user["descriptor"]).lower()


def _next_user(answer: Answer) -> dict[str, str] | None:
    more = answer.headers.get("x-ms-continuationtoken", "")
    return {"continuationToken": more} if more else None


def tokens(http: Reader, read: Secret, organisation: str, owner: str) -> Iterator[dict[str, Any]]:
    answers = pages(http, _TOKENS, _next_token, path={"organisation": organisation, "subject": owner},
                    params=_PREVIEW, headers=bearer(read), hide=(read,))  # fmt: skip
    for answer in answers:
        yield from objects(answer, "personal access tokens:", "value")


def _next_token(answer: Answer) -> dict[str, str] | None:
    more = str(answer.json.get("continuationToken") or "") if isinstance(answer.json, dict) else ""
    return None if more in _NO_MORE else {"continuationToken": more}


def listed(http: Reader, row: dict[str, Any], holder: Account | None) -> Check:
    if row["isValid"] is False:
        return dead(http, "listed as not valid", holder, "revoked")
    ends = when(row.get("validTo"))
    if ends and ends <= http.now():
        return dead(http, f"expired at {ends:%Y-%m-%d}", holder, "expired")
    if row["isValid"] is not True:
        raise Unclear("the list does not say whether the token is valid")
    return live(http, "listed for its owner", holder)


def state(http: Reader, read: Secret, organisation: str, identity: str, holder: Account | None) -> Check:
    """`identity` is the owner's descriptor, "/", and the token's authorization id."""
    owner, _, authorization = identity.partition("/")
    for row in tokens(http, read, organisation, owner):
        if row["authorizationId"] == authorization:
            return listed(http, row, holder)
    return dead(http, "not in its owner's list any more", holder, "revoked")


def revoke(http: Writer, write: Secret, organisation: str, identity: str) -> Answer:
    method, template = REVOKE
    authorization = identity.partition("/")[2]
    return http.request(
        method, template, path={"organisation": organisation}, params=_PREVIEW, headers=bearer(write),
        json=[{"authorizationId": authorization}], hide=(write,),
    )  # fmt: skip
