"""CircleCI: a personal token names its user while it lives; tokens are deleted by hand.

`GET /api/v2/me` answers 200 with the user for a personal token, of CircleCI or of the configured server. Nothing proves
death: project tokens are not supported by this API and are refused while they live, tokens of CircleCI server look the
same as those of the cloud, and what a deleted token is answered is not documented. So a refusal stays UNKNOWN.

https://circleci.com/docs/guides/toolkit/managing-api-tokens/
https://circleci.com/docs/guides/toolkit/api-developers-guide/
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader
from offkey.model import Account, Check, Credential
from revokers import by_itself
from revokers.parts import answered, by_hand, fields, live, text, unexpected, unknown
from revokers.protocol import Option

PROVIDER = "circleci"
URL = "https://circleci.com"
HOSTS = frozenset({"circleci.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_BY_HAND = by_hand(
    "A personal token (CCIPAT_) is deleted by its user at https://app.circleci.com/settings/user/tokens; a project's "
    "(CCIPRJ_) by an administrator of the project in its settings, API Permissions. The page lists it no more."
)
HANDLES: Mapping[str, tuple[Option, ...]] = dict.fromkeys(("circleci.token", "circleci.token.legacy"), _BY_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(by_itself.Settings):
    """`read`, a personal token, reads the stores of secrets: of `organisations`, slugs as `gh/acme`, too."""

    organisations: tuple[str, ...] = ()


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the user's id and login."""
    value = text(credential.secret)
    if value.startswith("CCIPRJ_"):
        return unknown(http, "a project's token opens nothing that tells of itself")
    answer = http.request("GET", "/api/v2/me", headers={"Circle-Token": value}, hide=(credential.secret,))
    if answer.status != 200:
        return unexpected(http, answer.status)
    body = fields(answer, "GET /api/v2/me", "id", "login")
    holder = Account(provider=PROVIDER, id=str(body["id"]), login=str(body["login"]))
    return live(http, f"signs in as {holder.login}", holder)


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
