"""Vercel's own truths: a 403 is death by one field alone, and only one prefix is a person's."""

import httpx
import pytest

from offboarding.demo.simulators.tokens import vercel_personal
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import vercel
from revokers.protocol import LAST_OWNER, NotAutomatic
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.vercel import VercelSimulator

VALUE = credential("vercel.token", secret=vercel_personal("dana"))


def sim(case: Case) -> VercelSimulator:
    assert isinstance(case.sim, VercelSimulator)
    return case.sim


@pytest.mark.parametrize(
    ("status", "error", "liveness"),
    [
        (403, {"code": "forbidden", "invalidToken": True}, Liveness.DEAD),
        (403, {"code": "forbidden", "message": "Not authorized"}, Liveness.UNKNOWN),
        (403, {"code": "forbidden", "invalidToken": "true"}, Liveness.UNKNOWN),
        (401, {"code": "forbidden", "invalidToken": True}, Liveness.UNKNOWN),
        (403, "invalidToken", Liveness.UNKNOWN),
    ],
)
def test_a_403_is_death_by_one_field_alone(status: int, error: object, liveness: Liveness) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"error": error}))
    http = Reader(vercel.gate, vercel.URL, transport=transport, sleep=lambda _: None)
    assert vercel.check(http, VALUE).liveness is liveness


@pytest.mark.parametrize("prefix", ["vci_", "vca_", "vcr_", "vck_"])
def test_what_is_no_persons_is_sent_nowhere_and_handed_over(prefix: str) -> None:
    with CASES["vercel.token"]() as case:
        shared = credential("vercel.token", secret=prefix + vercel_personal("shared")[4:])
        assert vercel.check(case.reader(), shared).liveness is Liveness.UNKNOWN
        with pytest.raises(NotAutomatic) as error:
            vercel.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], shared)
        assert "https://" in error.value.advice
        assert case.sim.requests == []


def test_a_member_is_found_by_id_name_or_address_and_a_stranger_is_not() -> None:
    with CASES["vercel.team_member"]() as case:
        (point,) = case.inventory()
        assert isinstance(point, AccessPoint)
        assert point.holder
        for known in (
            Account(provider="vercel", id=point.holder.id),
            Account(provider="vercel", id="", login="Dana"),
        ):
            (same,) = vercel.inventory(case.reader(), case.settings, known)
            assert isinstance(same, AccessPoint)
            assert same.id == point.id
        nobody = Account(provider="vercel", id="", email="nobody@example.com")
        assert list(vercel.inventory(case.reader(), case.settings, nobody)) == []
        for wrong in (Account(provider="vercel", id="gone"), Account(provider="vercel", id="", login="gone")):
            (gap,) = vercel.inventory(case.reader(), case.settings, wrong)
            assert isinstance(gap, Gap)


def test_the_last_owner_is_handed_over() -> None:
    with CASES["vercel.team_member"]() as case:
        root = Account(provider="vercel", id="", login="root")
        (point,) = vercel.inventory(case.reader(), case.settings, root)
        assert isinstance(point, AccessPoint)
        assert LAST_OWNER in point.evidence
        assert {way.action for way in vercel.options(point)} == {Action.HAND_OVER}
        with pytest.raises(NotAutomatic):
            vercel.revoke(case.writer(), case.settings, Action.REMOVE, point, None)
        assert len(sim(case).members) == 4
        invited = sim(case).members[sim(case).add_member("invited", "OWNER")]
        for invited.confirmed in (False, True):
            (point,) = vercel.inventory(case.reader(), case.settings, root)
            assert isinstance(point, AccessPoint)
            assert (LAST_OWNER in point.evidence) is not invited.confirmed


def test_an_empty_team_proves_no_removal() -> None:
    with CASES["vercel.team_member"]() as case:
        sim(case).members.clear()
        assert case.state(1).liveness is Liveness.UNKNOWN
