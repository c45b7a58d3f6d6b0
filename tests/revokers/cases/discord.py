"""Discord, on its simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import revokers
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak, listed
from tests.simulators.discord import API, GUILD, DiscordSimulator, bot_token, webhook

WEBHOOK, MEMBER = "discord.webhook", "discord.member"
NAMES = ("ann", "dana", "zoe")
FIRST = 500000000000000000


@contextmanager
def _webhook() -> Iterator[Case]:
    with DiscordSimulator() as discord:
        settings = revokers.discord.Settings(url=discord.url + API)
        case = Case(WEBHOOK, discord, settings, (Action.REVOKE,), [leak(WEBHOOK) for _ in NAMES], lists=False)
        for number, name in enumerate(NAMES):
            address = webhook(name, FIRST + number)
            discord.add_webhook(address)
            case.credentials.append(credential(WEBHOOK, secret=address))
        case.person = Account(provider="discord", id="")
        case.made_up = credential(WEBHOOK, secret=webhook("made up", FIRST + 9))
        yield case


@contextmanager
def _member() -> Iterator[Case]:
    with DiscordSimulator() as discord:
        admin = Secret(bot_token("offkey's own").encode())
        discord.add_bot(admin, "offkey")
        settings = revokers.discord.Settings(read=admin, write=admin, url=discord.url + API, guild=GUILD)
        case = Case(MEMBER, discord, settings, (Action.REMOVE,), [], unpaged="a membership, one a person")
        people = [Account(provider="discord", id=discord.add_member(name)) for name in NAMES]
        case.person = people[1]
        case.points = listed(case, people)
        yield case


CASES: dict[str, Arrange] = {WEBHOOK: _webhook, MEMBER: _member}
