"""Discord, stateful: webhooks by their address, a server's members, and bots as themselves.

Facts (discord.com/developers/docs): a webhook's own address needs no credential; errors carry a `code`, 10015 for an
unknown webhook, 50027 for a webhook's wrong token, 10007 for an unknown member, 0 for a bot's token that is not valid.
"""

from typing import Any

from offboarding.demo.simulators.tokens import BASE62, URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

DEVIATIONS = ("a bot is in the server or nowhere; its permissions, roles and owners do not exist",)
API = "/api/v10"
GUILD = "200000000000000001"


def webhook(seed: str, number: int, host: str = "discord.com") -> str:
    return f"https://{host}/api/webhooks/{number}/{pick(seed, 'webhook', 68, URL_SAFE)}"


def bot_token(seed: str) -> str:
    return f"M{pick(seed, 'bot', 23)}.{pick(seed, 'bot time', 6)}.{pick(seed, 'bot mac', 38, BASE62)}"


class DiscordSimulator(RestSimulator):
    PROVIDER = "discord"
    CONTRACTS = ((API, "discord"),)

    def __init__(self) -> None:
        super().__init__()
        self.webhooks: dict[str, str] = {}
        self.members: dict[str, dict[str, Any]] = {}
        self.bots: dict[str, dict[str, Any]] = {}

    def add_webhook(self, address: str) -> None:
        number, token = address.rsplit("/", 2)[-2:]
        self.webhooks[number] = fold(token)

    def add_member(self, name: str, *, bot: bool = False) -> str:
        number = str(300000000000000000 + len(self.members))
        self.members[number] = _user(number, name, bot=bot)
        return number

    def add_bot(self, value: str | Secret, name: str) -> str:
        number = self.add_member(name, bot=True)
        self.bots[fold(value)] = self.members[number]
        return number

    def error(self, status: int) -> Answer:
        return _error(status, 0, f"{status}: trouble")

    @route("GET", API + "/webhooks/{id}/{token}")
    def webhook(self, request: Request, id: str, token: str) -> Answer:
        return self._refused(id, token) or ok(
            {
                "id": id,
                "type": 1,
                "name": "alerts",
                "avatar": None,
                "channel_id": "400000000000000001",
                "guild_id": GUILD,
                "application_id": None,
            }
        )

    @route("DELETE", API + "/webhooks/{id}/{token}")
    def end_webhook(self, request: Request, id: str, token: str) -> Answer:
        if refused := self._refused(id, token):
            return refused
        del self.webhooks[id]
        return done()

    def _refused(self, number: str, token: str) -> Answer | None:
        if number not in self.webhooks:
            return _error(404, 10015, "Unknown Webhook")
        wrong = self.webhooks[number] != fold(token)
        return _error(401, 50027, "Invalid Webhook Token") if wrong else None

    @route("GET", API + "/users/@me")
    def me(self, request: Request) -> Answer:
        bot = self.bots.get(fold(bearer_of(request, "Bot")))
        return ok({**bot, "mfa_enabled": True, "locale": "en-US"}) if bot else _error(401, 0, "401: Unauthorized")

    @route("GET", API + "/guilds/{guild}/members/{user}")
    def member(self, request: Request, guild: str, user: str) -> Answer:
        return self._absent(request, guild, user) or ok(_member(self.members[user]))

    @route("DELETE", API + "/guilds/{guild}/members/{user}")
    def end_member(self, request: Request, guild: str, user: str) -> Answer:
        if absent := self._absent(request, guild, user):
            return absent
        del self.members[user]
        return done()

    def _absent(self, request: Request, guild: str, user: str) -> Answer | None:
        bot = self.bots.get(fold(bearer_of(request, "Bot")))
        if bot is None:
            return _error(401, 0, "401: Unauthorized")
        if guild != GUILD or bot["id"] not in self.members:
            return _error(404, 10004, "Unknown Guild")
        return None if user in self.members else _error(404, 10007, "Unknown Member")


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status=status, body={"message": message, "code": code})


def _user(number: str, name: str, *, bot: bool) -> dict[str, Any]:
    return {
        "id": number,
        "username": name,
        "avatar": None,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": name.title(),
        "primary_guild": None,
        "bot": bot,
    }


def _member(user: dict[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(("avatar", "banner", "communication_disabled_until", "nick", "premium_since"))
    told = {
        "flags": 0,
        "joined_at": "2026-01-02T03:04:05Z",
        "pending": False,
        "roles": [],
        "mute": False,
        "deaf": False,
    }
    return {**nothing, **told, "user": user}
