"""npm registries: a token is asked about at the registry that the user configured and nowhere else; ended by hand.

There is no registry's address in this module. `GET /-/whoami` at the configured one answers 200 with the token's user.
A refusal proves nothing: the token may be another registry's. npm's own list shows a token's first and last characters
to its user alone, and deleting one takes the user's signed-in session, so it is handed over.

https://docs.npmjs.com/revoking-access-tokens
https://docs.npmjs.com/cli/commands/npm-whoami
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader, bearer
from offkey.model import Account, Check, Credential
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import answered, by_hand, fields, live, unexpected, unknown
from revokers.protocol import Option

PROVIDER = "npm"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BASIC_AUTH = "npm.basic_auth"
_TOKEN = by_hand(
    "Its user deletes it at https://www.npmjs.com/settings/~/tokens, or with `npm token revoke`; another registry's is "
    "deleted there. `npm whoami` with it is then refused, on npm within an hour. Removing the person from the "
    "organisation ends the token's rights there."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "npm.token": _TOKEN,
    "npm.legacy": _TOKEN,
    BASIC_AUTH: by_hand(
        "It is a user's name and password: the registry's administrator (at npm the user, at "
        "https://www.npmjs.com/settings/~/profile) changes the password; signing in with the old one is then refused."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the registry that tokens are asked about at."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder's login is the token's user at the configured registry."""
    if credential.kind == BASIC_AUTH:
        return unknown(http, "a password is not tried")
    answer = http.request("GET", "/-/whoami", headers=bearer(credential.secret), hide=(credential.secret,))
    if answer.status in (401, 403):
        return unknown(http, f"answered {answer.status}: the configured registry refuses it; it may be another's")
    if answer.status != 200:
        return unexpected(http, answer.status)
    name = str(fields(answer, "GET /-/whoami", "username")["username"])
    return live(http, f"signs in as {name}", Account(provider=PROVIDER, id="", login=name))


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
