"""Notion's own truths: what a user gave is theirs, what the workspace owns is everybody's."""

import httpx
import pytest

from offkey.http import Reader
from offkey.model import Action, Liveness
from revokers import notion
from revokers.protocol import NotIdentified
from tests.revokers.case import credential, leak
from tests.revokers.contract import CASES
from tests.simulators.notion import NotionSimulator, token

KIND = notion.KINDS[0]


def said(status: int, code: str) -> Liveness:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"object": "error", "code": code}))
    reader = Reader(notion.gate, notion.URL, transport=transport, sleep=lambda _: None)
    return notion.check(reader, credential(KIND, secret=token("dana"))).liveness


def test_only_unauthorized_is_death() -> None:
    assert said(401, "unauthorized") is Liveness.DEAD
    for status, code in ((403, "restricted_resource"), (403, "unauthorized"), (401, ""), (404, "object_not_found")):
        assert said(status, code) is Liveness.UNKNOWN


def test_an_internal_integration_is_handed_over_and_never_ended() -> None:
    with CASES[KIND]() as case:
        assert isinstance(case.sim, NotionSimulator)
        internal = case.sim.add_token(token("internal"), "none", "")
        value = credential(KIND, secret=token("internal"))
        found = notion.check(case.reader(), value)
        assert (found.liveness, found.status, found.holder) == (Liveness.LIVE, "workspace", None)
        point = leak(KIND, check=found)
        assert notion.options(point)[0].action is Action.HAND_OVER
        with pytest.raises(NotIdentified, match="does not know"):
            notion.revoke(case.writer(), case.settings, Action.REVOKE, point, value)
        assert internal.alive


def test_a_token_names_the_user_who_gave_it() -> None:
    with CASES[KIND]() as case:
        found = notion.check(case.reader(), case.credentials[1])
        assert found.holder
        assert found.holder.email == "dana@example.com"
        assert notion.options(leak(KIND, check=found))[0].action is Action.REVOKE


def test_a_made_up_token_is_dead() -> None:
    with CASES[KIND]() as case:
        assert notion.check(case.reader(), credential(KIND, secret=token("made up"))).liveness is Liveness.DEAD
