"""Slack, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.slack import SlackSimulator
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak


def _slack(kind: str, make: Callable[[str], str], *, bot: bool = False) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SlackSimulator() as slack:
            admin = Secret(tokens.slack_user("offkey's own").encode())
            slack.add_token(slack.add_user("admin", admin=True), admin, ("users:read", "users:read.email"))
            settings = revokers.slack.Settings(read=admin, url=f"{slack.url}/api")
            case = Case(kind, slack, settings, (Action.REVOKE,), [leak(kind) for _ in range(3)], unpaged="one a person")
            for name in ("ann", "dana", "zoe"):
                user = slack.add_bot(name) if bot else slack.add_user(name, email=f"{name}@example.com")
                slack.add_token(user, make(name))
                case.credentials.append(credential(kind, secret=make(name)))
            case.person = (
                Account(provider="slack", id=user.id)
                if bot
                else Account(provider="slack", id="", email="dana@example.com")
            )
            case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "slack.user": _slack("slack.user", tokens.slack_user),
    "slack.bot": _slack("slack.bot", tokens.slack_bot, bot=True),
    "slack.legacy": _slack("slack.legacy", lambda seed: "xoxs" + tokens.slack_user(seed)[4:]),
}

WRONG = (b"[]", b'{"ok": true, "user": []}', b'{"ok": false, "error": ["token_revoked"]}', b"9" * 5000)
"""Bodies with status 200 that are no answer of its API."""
