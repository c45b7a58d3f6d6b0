"""Figma: a personal access token names its user while it lives; its user revokes it by hand.

`GET /v1/me` answers 200 with the user. Nothing proves death: 403 is the answer to a token that is revoked and to one
without the scope current_user:read, and their texts are not documented. So a refusal stays UNKNOWN. No call of the API
ends a token, and an administrator sees none.

https://developers.figma.com/docs/rest-api/personal-access-tokens/
https://github.com/figma/rest-api-spec: openapi/openapi.yaml
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader
from offkey.model import Account, Check, Credential
from revokers import by_itself
from revokers.parts import answered, by_hand, fields, live, text, unexpected
from revokers.protocol import Option

PROVIDER = "figma"
URL = "https://api.figma.com"
HOSTS = frozenset({"api.figma.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)
Settings = by_itself.Settings

HANDLES: Mapping[str, tuple[Option, ...]] = {
    "figma.pat": by_hand(
        "Its user revokes it at https://www.figma.com/settings (Security, Personal access tokens), where it is then "
        "listed no more. If the user has left, an administrator removes the user from the organisation."
    ),
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's id, handle and e-mail address."""
    headers = {"X-Figma-Token": text(credential.secret)}
    answer = http.request("GET", "/v1/me", headers=headers, hide=(credential.secret,))
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /v1/me", "id", "handle", "email")
    holder = Account(provider=PROVIDER, id=str(body["id"]), login=str(body["handle"]), email=str(body["email"]))
    return live(http, f"signs in as {holder.login}", holder)


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
