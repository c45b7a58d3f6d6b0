"""Hugging Face: user and organisation access tokens by their value.

What proves death: `GET /api/whoami-v2`, asked as the token, answers 401 with one of the errors in DEAD. What does not:
403, as when an organisation's policy denies or revokes a token: it lives on for everything else of its owner.
`POST /api/credentials/revoke` takes values without any credential of ours, ends each everywhere at once and mails its
owner once; its 202 is the answer to any list of values and proves nothing.
Organisation tokens (`api_org_`) are deprecated, belong to no person, and answer as an organisation: they are shared.

https://huggingface.co/docs/hub/security-tokens#revoking-a-leaked-token
https://huggingface.co/docs/hub/enterprise-tokens-management
"""

import re
from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer, bearer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from revokers import by_itself
from revokers.parts import (
    answered,
    by_hand,
    dead,
    given,
    last,
    live,
    refuse_unlisted,
    text,
    trouble,
    unexpected,
    unknown,
)  # fmt: skip
from revokers.protocol import Option, Unclear

PROVIDER = "huggingface"
URL = "https://huggingface.co"
HOSTS = frozenset({"huggingface.co"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("POST", "/api/credentials/revoke")})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

USER, ORG = "huggingface.token", "huggingface.org"
DEAD = re.compile(
    r"Invalid credentials in Authorization header|Invalid username or password|User Access Token .*expired"
)
_PROOF = "GET /api/whoami-v2: 401"
_ORG = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        needs="huggingface-org-revoke",
        by="value",
        via="value",
        proof=_PROOF,
        reason="an organisation's token: whatever uses it stops for everybody; Hugging Face mails its owner",
        mails="the token's owner",
        breaks=("the organisation's automation",),
        how="An administrator makes a fine-grained token at https://huggingface.co/settings/tokens and puts it where "
        "the old one is used; only then is this one revoked.",
    ),
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    USER: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="value",
            proof=_PROOF,
            reason="ends this one token everywhere; Hugging Face mails its owner",
            mails="the token's owner",
            breaks=("whatever still signs in with this token",),
        ),
    ),
    ORG: _ORG,
    "huggingface.member": by_hand(
        "An administrator of the organisation removes the member at https://huggingface.co/organizations, the "
        "organisation, Settings, Members; the list of members then has them no more."
    ),
}
Settings = by_itself.Settings


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token that answered as an organisation is one, whatever its prefix."""
    if point.kind == USER and point.check and point.check.status == "org":
        return _ORG
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's id and name, and the address where the token may read it."""
    if credential.kind not in (USER, ORG):
        return unknown(http, f"nothing asks about a {credential.kind}")
    answer = http.request("GET", "/api/whoami-v2", headers=bearer(credential.secret), hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and body.get("type") == "user" and body.get("id") and body.get("name"):
        holder = Account(
            provider=PROVIDER, id=str(body["id"]), login=str(body["name"]), email=str(body.get("email") or "")
        )
        return live(http, f"signs in as {holder.login}", holder, "user")
    if answer.status == 200 and body.get("type") in ("org", "app") and body.get("name"):
        return live(http, f"the {body['type']} {body['name']}", status="org")
    if answer.status == 401 and DEAD.match(str(body.get("error"))):
        return dead(http, "401 invalid or expired token", status="401")
    return unexpected(http, answer.status)


# A person's tokens are listed to that person alone, or to an Enterprise organisation's console.
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Raises Unclear for any acceptance but Hugging Face's own 202."""
    refuse_unlisted(HANDLES, action, point)
    secret = given(point, credential).secret
    body = {"credentials": [text(secret)]}
    answer = http.request("POST", "/api/credentials/revoke", json=body, hide=(secret,))
    if 200 <= answer.status < 300 and answer.status != 202:
        raise Unclear(f"POST /api/credentials/revoke {trouble(answer.status)}", advice="see what answers in its place")
    return last(http)
