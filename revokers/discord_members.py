"""Members of the configured Discord server (guild): found by user id, removed by a bot.

A member is gone when the server answers 404 with code 10007 (unknown member) and still answers for the bot itself.

https://discord.com/developers/docs/resources/guild#get-guild-member
https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers.parts import configured, dead, fields, last, live, or_gap, text
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "discord"
MEMBER = "discord.member"
UNKNOWN_MEMBER = 10007
NEEDS: Mapping[str, str] = {
    "a bot in the server": "reading its members",
    "a bot with Kick Members": "apply: removing members",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`guild` is the server's id. `read` and `write` are a bot's tokens; a webhook is ended without them."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    guild: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The membership of the server; Discord tells nobody who made a webhook but its own server's bots."""
    if settings.guild:
        yield from or_gap(f"discord {account.id or account.login}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint]:
    if not account.id:
        raise NotIdentified("Discord finds members by user id", advice="add discord.id to the directory")
    holder = Account(provider=PROVIDER, id=account.id, login=account.login)
    check = _member(http, settings, configured(settings), holder)
    if check.status == "removed":
        return
    yield AccessPoint(
        id=f"{MEMBER}:{settings.guild}/{holder.id}",
        provider=PROVIDER,
        kind=MEMBER,
        holder=check.holder,
        ownership=Ownership.SHARED if check.status == "bot" else Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=f"{settings.guild}/{holder.id}",
        check=check,
        evidence=(f"the server {settings.guild} has the member",),
    )


def _member(http: Reader, settings: Settings, token: Secret, holder: Account) -> Check:
    """Raises Unclear for anything but a member, and a 404 where the bot itself is still seen."""
    answer = _seen(http, settings, token, holder.id)
    if answer.status == 404 and read(answer)[1] == UNKNOWN_MEMBER:
        me = fields(http.request("GET", "/users/@me", headers=signed(token), hide=(token,)), "the bot", "id")
        fields(_seen(http, settings, token, str(me["id"])), "the bot's own membership", "user")
        return dead(http, "404, code 10007: no member", holder, "removed")
    user = fields(answer, "GET the member", "user", "roles")["user"]
    if user["id"] != holder.id:
        raise Unclear("the server answered with another member")
    seen = Account(provider=PROVIDER, id=holder.id, login=str(user["username"]))
    return live(http, f"a member of {settings.guild}", seen, "bot" if user.get("bot") is True else "user")


def _seen(http: Reader, settings: Settings, token: Secret, number: str) -> Answer:
    path = {"guild": settings.guild, "user": number}
    return http.request("GET", "/guilds/{guild}/members/{user}", path=path, headers=signed(token), hide=(token,))


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    return _member(http, settings, configured(settings), _holder(settings, point))


def _holder(settings: Settings, point: AccessPoint) -> Account:
    if point.holder is None or not settings.guild or point.provider_id != f"{settings.guild}/{point.holder.id}":
        raise NotIdentified(f"{point.id} is not of the configured server", advice="plan again")
    return point.holder


def remove(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    token, holder = configured(settings, write=True), _holder(settings, point)
    path = {"guild": settings.guild, "user": holder.id}
    http.request("DELETE", "/guilds/{guild}/members/{user}", path=path, headers=signed(token), hide=(token,))
    return last(http)


def read(answer: Answer) -> tuple[dict[str, Any], int]:
    """The body, and Discord's error code or -1."""
    body = answer.json if isinstance(answer.json, dict) else {}
    code = body.get("code")
    return body, code if isinstance(code, int) else -1


def signed(secret: Secret) -> dict[str, str]:
    return {"Authorization": f"Bot {text(secret)}"}
