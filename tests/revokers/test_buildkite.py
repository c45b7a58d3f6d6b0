"""Buildkite's own truths: a person is an address here, and 401 has words of its own."""

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import buildkite
from revokers.protocol import LAST_OWNER, NotAutomatic
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.buildkite import REFUSED, BuildkiteSimulator, user_token

VALUE = credential("buildkite.user_token", secret=user_token("dana"))


def kite(case: Case) -> BuildkiteSimulator:
    assert isinstance(case.sim, BuildkiteSimulator)
    return case.sim


@pytest.mark.parametrize(
    ("status", "message", "liveness"),
    [
        (401, REFUSED, Liveness.DEAD),
        (401, "Try again", Liveness.UNKNOWN),
        (403, REFUSED, Liveness.UNKNOWN),
        (404, REFUSED, Liveness.UNKNOWN),
    ],
)
def test_a_401_is_death_by_its_words(status: int, message: str, liveness: Liveness) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"message": message}))
    http = Reader(buildkite.gate, buildkite.URL, transport=transport, sleep=lambda _: None)
    assert buildkite.check(http, VALUE).liveness is liveness


def test_the_holder_is_known_by_address() -> None:
    with CASES["buildkite.user_token"]() as case:
        check = buildkite.check(case.reader(), case.credentials[1])
        assert check.holder == Account(provider="buildkite", id="", email="dana@example.com")


def test_a_stranger_holds_nothing_and_an_unknown_id_is_a_gap() -> None:
    with CASES["buildkite.member"]() as case:
        stranger = Account(provider="buildkite", id="", email="nobody@example.com")
        assert list(buildkite.inventory(case.reader(), case.settings, stranger)) == []
        (gap,) = buildkite.inventory(case.reader(), case.settings, Account(provider="buildkite", id="gone"))
        assert isinstance(gap, Gap)


def test_the_last_administrator_is_handed_over() -> None:
    with CASES["buildkite.member"]() as case:
        root = Account(provider="buildkite", id="", email="root@example.com")
        (point,) = buildkite.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert {way.action for way in buildkite.options(point)} == {Action.HAND_OVER}
        with pytest.raises(NotAutomatic):
            buildkite.revoke(case.writer(), case.settings, Action.REMOVE, point, None)
        assert point.holder
        assert point.holder.id in kite(case).members


def test_an_empty_list_of_members_proves_no_removal() -> None:
    with CASES["buildkite.member"]() as case:
        kite(case).members.clear()
        assert case.state(1).liveness is Liveness.UNKNOWN
