"""Stripe: API keys are told alive or dead by their value, and rolled or expired by hand.

What proves death: `GET /v1/account` answers 401 with an error of the type invalid_request_error: no valid API key. What
does not: 403, which a restricted key without this permission gets while it lives, 429, 5xx.
Keys are the account's, shared by its programs; a key rolled with a grace period lives until that is over. No public
call manages keys. A webhook's signing secret cannot be asked about.

https://docs.stripe.com/api/errors
https://docs.stripe.com/keys#rolling-keys
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, bearer
from offkey.model import Check, Credential
from revokers import by_itself
from revokers.parts import answered, by_hand, dead, fields, live, unexpected, unknown
from revokers.protocol import Option

PROVIDER = "stripe"
URL = "https://api.stripe.com"
HOSTS = frozenset({"api.stripe.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)
Settings = by_itself.Settings

WEBHOOK = "stripe.webhook"
_KEYS = by_hand(
    "An administrator rolls the key at https://dashboard.stripe.com/apikeys, gives the new one to the programs that "
    "use it, and lets the old one expire now; GET https://api.stripe.com/v1/account then answers 401 to it."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(("stripe.secret", "stripe.restricted", "stripe.test"), _KEYS),
    WEBHOOK: by_hand(
        "An administrator rolls the endpoint's signing secret at https://dashboard.stripe.com/webhooks and gives the "
        "new one to whatever receives the events; the endpoint's page shows that the old one has expired."
    ),
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The reason names the account; a key has no person for a holder."""
    if credential.kind == WEBHOOK:
        return unknown(http, "a signing secret signs what Stripe sends; it opens nothing that could be asked")
    answer = http.request("GET", "/v1/account", headers=bearer(credential.secret), hide=(credential.secret,))
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    if answer.status == 401 and isinstance(error, dict) and error.get("type") == "invalid_request_error":
        return dead(http, "401: no valid API key", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    account = fields(answer, "GET /v1/account", "id", "object")["id"]
    return live(http, f"a key of the account {account}", status="account")


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
