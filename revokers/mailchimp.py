"""Mailchimp: API keys are told alive or dead by their value, and revoked by hand.

What proves death: the Marketing API's root, in the data centre that the key names, answers 401 with the title "API Key
Invalid"; the Transactional API's ping answers 401 with the name Invalid_Key. What does not: 403 (a disabled user), 429.
A key has the rights of the login that made it and is mostly a program's. No call manages keys.

https://mailchimp.com/developer/marketing/docs/errors/
https://mailchimp.com/developer/release-notes/added-support-for-401-unauthorized-response-code/
https://mailchimp.com/developer/transactional/api/users/ping/
"""

import re
from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader
from offkey.model import Account, Check, Credential
from revokers import by_itself
from revokers.parts import answered, basic, by_hand, dead, fields, live, text, unexpected, unknown
from revokers.protocol import Option, Unclear

PROVIDER = "mailchimp"
URL = "https://mandrillapp.com"
CENTRES = frozenset(f"us{number}" for number in range(1, 31))
HOSTS = frozenset({"mandrillapp.com", *(f"{centre}.api.mailchimp.com" for centre in CENTRES)})
_PING = "/api/1.0/users/ping2"
READS: frozenset[Operation] = frozenset({("POST", _PING)})
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)
Settings = by_itself.Settings

KEY, TRANSACTIONAL = "mailchimp.api_key", "mailchimp.transactional_key"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    KEY: by_hand(
        "The login that made it, or the account's owner, revokes it at https://admin.mailchimp.com/account/api/ once "
        "its programs have another; the API's root then answers 401 API Key Invalid to it."
    ),
    TRANSACTIONAL: by_hand(
        "An administrator disables, then deletes it at https://mandrillapp.com/settings once its programs have "
        "another; users/ping2 then answers Invalid_Key to it."
    ),
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the login that made a Marketing key; a Transactional key names nobody."""
    return _transactional(http, credential) if credential.kind == TRANSACTIONAL else _marketing(http, credential)


def _marketing(http: Reader, credential: Credential) -> Check:
    secret = credential.secret
    centre = text(secret).rpartition("-")[2]
    if not re.fullmatch(r"us\d{1,2}", centre) or centre not in CENTRES:
        return unknown(http, "the key names no known data centre")
    answer = http.request("GET", f"//{centre}.api.mailchimp.com/3.0/", headers=basic("offkey", secret), hide=(secret,))
    if answer.status == 401 and isinstance(answer.json, dict) and answer.json.get("title") == "API Key Invalid":
        return dead(http, "401 API Key Invalid", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "the API's root", "account_id", "login_id")
    holder = Account(
        provider=PROVIDER,
        id=str(body["login_id"]),
        login=str(body.get("username", "")),
        email=str(body.get("email", "")),
    )
    return live(http, f"made by the login {holder.id} of {body.get('account_name', '')}", holder)


def _transactional(http: Reader, credential: Credential) -> Check:
    secret = credential.secret
    answer = http.request("POST", _PING, json={"key": text(secret)}, hide=(secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("name") == "Invalid_Key":
        return dead(http, "401 Invalid_Key", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    if body.get("PING") != "PONG!":
        raise Unclear("the ping was not answered")
    return live(http, "the ping is answered", status="account")


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
