"""Telegram: a bot's token is told alive or dead by its value, and replaced by its owner.

What proves death: `getMe` answers 401 with "ok": false and a description in DEAD. What does not: 400 "Logged out",
which a bot gets that moved to its own server, 401 about the server's own api-id, 404, 409, 429. Telegram takes tokens
in the path alone; paths with values are not kept.
The bot is whoever's runs it, so it is shared by nature. `logOut` and `close` end no token and are never called.

https://core.telegram.org/bots/api#getme
https://core.telegram.org/bots/features#botfather
https://github.com/tdlib/telegram-bot-api: telegram-bot-api/ClientManager.cpp, Client.cpp
"""

from collections.abc import Mapping

from offkey.http import Gate, Operation, Reader
from offkey.model import Account, Check, Credential
from revokers import by_itself
from revokers.parts import answered, by_hand, dead, live, text, unexpected
from revokers.protocol import Option, Unclear

PROVIDER = "telegram"
URL = "https://api.telegram.org"
HOSTS = frozenset({"api.telegram.org"})
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)
Settings = by_itself.Settings

DEAD = frozenset({"Unauthorized", "Unauthorized: invalid token specified"})
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "telegram.bot": by_hand(
        "The bot's owner sends /revoke to @BotFather, https://t.me/BotFather, chooses the bot, and gives the new token "
        "to whatever runs it; getMe then answers 401 to the old one. If the owner has left, the bot is transferred "
        "first, in @BotFather's settings of the bot."
    ),
}


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder is the bot; the status "bot" says that it is no person."""
    text(credential.secret)
    answer = http.request("GET", "/bot{token}/getMe", path={"token": credential.secret}, hide=(credential.secret,))
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 401 and body.get("ok") is False and body.get("description") in DEAD:
        return dead(http, "401 Unauthorized", status="401")
    if answer.status != 200:
        return unexpected(http, answer.status)
    bot = body["result"]
    if body.get("ok") is not True or bot.get("is_bot") is not True:
        raise Unclear("getMe did not answer with a bot")
    holder = Account(provider=PROVIDER, id=str(bot["id"]), login=str(bot.get("username", "")))
    return live(http, f"runs the bot {holder.login}", holder, "bot")


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
