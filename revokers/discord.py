"""Discord: webhooks by their value, and members of a server (guild).

What proves a webhook's death: its own address answers 404 with code 10015 (unknown webhook), or 401 with code 50027
(invalid webhook token). What does not: 403, 429 and any other 401 or 404.
`DELETE /webhooks/{id}/{token}` needs no credential. A webhook belongs to a channel and is nobody's by Discord's word:
whoever posts through it stops, so it has its own yes. Found addresses may name the hosts ptb, canary or discordapp.com;
the id and token in them are asked at discord.com alone. Ten thousand refused requests in ten minutes ban an address.
No call resets a bot's token; it is asked (`GET /users/@me`), and 401 code 0 says that it was reset, if it has answered
as a bot before: a user's token has the same form, gets the same answer, and is not tried as a user's.

https://discord.com/developers/docs/resources/webhook
https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

import re
from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import discord_members
from revokers.discord_members import MEMBER, NEEDS, PROVIDER, Settings, inventory, read, signed
from revokers.parts import answered, by_hand, dead, given, last, live, refuse_unlisted, text, unexpected, unknown
from revokers.protocol import NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state",
]  # fmt: skip

URL = "https://discord.com/api/v10"
HOSTS = frozenset({"discord.com"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset(
    {("DELETE", "/webhooks/{id}/{token}"), ("DELETE", "/guilds/{guild}/members/{user}")}
)
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

WEBHOOK, BOT = "discord.webhook", "discord.bot"
UNKNOWN_WEBHOOK, WRONG_TOKEN = 10015, 50027
REFUSED = "401"
_ADDRESS = re.compile(r"/webhooks/(\d{17,20})/([A-Za-z0-9_-]{60,68})\Z")
HANDLES: Mapping[str, tuple[Option, ...]] = {
    WEBHOOK: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="discord-webhook-delete",
            by="value",
            via="value",
            proof="GET the webhook: 404, code 10015",
            reason="deletes the channel's webhook: whatever posts through it stops for everybody",
            breaks=("messages and alerts that are posted through it",),
            how="A server's administrator makes a new one at https://discord.com/app, the channel's settings, "
            "Integrations, Webhooks, and puts it where the old one is used; only then is this one deleted.",
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="GET the member: 404, code 10007",
            reason="removes the member from the server; an invitation brings them back without their roles",
        ),
    ),
    BOT: by_hand(
        "An owner of the application resets the token at https://discord.com/developers/applications, Bot, Reset "
        "Token, and puts the new one where the bot runs; the old one then answers 401."
    ),
    "discord.oauth": by_hand(
        "The user takes the authorisation back at https://discord.com/app, User Settings, Authorized Apps; the app's "
        "owner can revoke it with the app's secret. The token then answers 401."
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    return HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """No holder for a webhook, which is a channel's; a bot's token has the bot's own account."""
    if credential.kind == BOT:
        return _bot(http, credential.secret)
    if credential.kind != WEBHOOK:
        return unknown(http, f"nothing asks about a {credential.kind}")
    path = _parts(credential.secret)
    answer = http.request("GET", "/webhooks/{id}/{token}", path=path, hide=(credential.secret,))
    body, code = read(answer)
    if answer.status == 200 and body.get("id") == path["id"] and body.get("channel_id"):
        return live(http, f"posts to the channel {body['channel_id']}", status="channel")
    if (answer.status, code) in ((404, UNKNOWN_WEBHOOK), (401, WRONG_TOKEN)):
        return dead(http, f"answered {answer.status}, code {code}", status=str(code))
    return unexpected(http, answer.status, f"code {code}")


def _bot(http: Reader, secret: Secret) -> Check:
    answer = http.request("GET", "/users/@me", headers=signed(secret), hide=(secret,))
    body, code = read(answer)
    if answer.status == 200 and body.get("id") and body.get("username"):
        holder = Account(provider=PROVIDER, id=str(body["id"]), login=str(body["username"]))
        return live(http, f"signs in as {holder.login}", holder, "bot")
    if (answer.status, code) == (401, 0) and body.get("message") == "401: Unauthorized":
        return unknown(http, "401: no bot's token, or no more; a user's token looks the same", status=REFUSED)
    return unexpected(http, answer.status, f"code {code}")


def _parts(secret: Secret) -> dict[str, str | Secret]:
    """The id and token in a webhook's address, whatever host it names. Raises NotIdentified for another form."""
    found = _ADDRESS.search(text(secret))
    if found is None:
        raise NotIdentified("the value is no webhook's address", advice="look at the finding")
    return {"id": found[1], "token": Secret(found[2].encode())}


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind == MEMBER:
        return discord_members.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    said = check(http, credential)
    if said.status == REFUSED and point.check and point.check.status == "bot":
        return dead(http, "401: the bot's token was reset", point.holder, REFUSED)
    return said


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    refuse_unlisted(HANDLES, action, point)
    if point.kind == WEBHOOK:
        secret = given(point, credential).secret
        http.request("DELETE", "/webhooks/{id}/{token}", path=_parts(secret), hide=(secret,))
        return last(http)
    return discord_members.remove(http, settings, point)
