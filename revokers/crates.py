"""crates.io: a token ends itself, at the registry that the user configured and nowhere else.

There is no registry's address in this module. What proves death: `GET /api/v1/crates?following=1`, asked as the token,
answers 403 "authentication failed". What does not: 403 of another wording, which a token restricted to some endpoints
gets while it lives (such a one cannot end itself either: it is handed over), 400, 404. A refusal is of the configured
registry; a token of a mirror with its own accounts is asked about with that one configured.
A token says of its owner nothing; crates.io mails nobody about a revocation, as far as its source shows.

https://github.com/rust-lang/crates.io: src/controllers/token.rs, src/auth.rs, and its API description
https://doc.rust-lang.org/cargo/reference/publishing.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import answered, dead, fields, given, last, live, refuse_unlisted, text, unexpected
from revokers.protocol import Option

PROVIDER = "crates"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset({("DELETE", "/api/v1/tokens/current")})
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    "crates.token": (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /api/v1/crates?following=1: 403 authentication failed",
            reason="the token revokes itself; its owner can make another while they have the account",
            breaks=("publishing with it",),
            how="Its owner revokes it at https://crates.io/settings/tokens.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the registry, with no path. A token ends as itself; neither credential is used."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


@answered
def check(http: Reader, credential: Credential) -> Check:
    """No holder: the registry tells a token nothing of its owner."""
    secret = credential.secret
    params = {"following": "1", "per_page": "1"}
    answer = http.request("GET", "/api/v1/crates", params=params, headers=_signed(secret), hide=(secret,))
    if answer.status == 403 and _details(answer.json) == ["authentication failed"]:
        return dead(http, "403 authentication failed", status="403")
    if answer.status != 200:
        return unexpected(http, answer.status)
    fields(answer, "GET /api/v1/crates", "crates", "meta")
    return live(http, "reads what its owner follows")


def _details(body: object) -> list[object]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error.get("detail") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _signed(secret: Secret) -> dict[str, str]:
    return {"Authorization": text(secret)}


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """End exactly the token that asks."""
    refuse_unlisted(HANDLES, action, point)
    secret = given(point, credential).secret
    http.request("DELETE", "/api/v1/tokens/current", headers=_signed(secret), hide=(secret,))
    return last(http)


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
