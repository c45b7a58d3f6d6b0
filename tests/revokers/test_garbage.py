"""An answer of the right status and the wrong form is no answer: never proof of death, never an exception."""

import re

import pytest

from offboarding.demo.simulators.wire import Answer, LocalServer
from offkey.model import Gap, Liveness
from revokers.protocol import Unclear
from tests.revokers.contract import CASES, WRONG, Case


def answering(sim: LocalServer, label: str, body: bytes) -> None:
    """From now on each request of this label (all, for an empty one) is answered 200 with this body."""
    with sim.lock:
        sim._faults.clear()
    answer = Answer(status=200, body=body, headers={"Content-Type": "application/json"})
    sim._troubled = lambda fault: answer  # type: ignore[method-assign]
    sim.fail("*", f"^{re.escape(label)}$" if label else "", 500, times=1000)


def asked(case: Case) -> list[str]:
    """What re-reading and listing ask for."""
    case.sim.requests.clear()
    case.state(1)
    list(case.revoker.inventory(case.reader(), case.settings, case.person))
    return sorted({request.path for request in case.sim.requests})


@pytest.mark.parametrize("kind", sorted(CASES))
def test_garbage_with_a_good_status_proves_nothing_and_ends_nothing(kind: str) -> None:
    with CASES[kind]() as case:
        for label in ("", *asked(case)):
            for body in WRONG[case.provider]:
                answering(case.sim, label, body)
                assert case.state(1).liveness is not Liveness.DEAD, (label, body[:40])
                if case.credentials:
                    assert case.revoker.check(case.reader(), case.credentials[1]).liveness is not Liveness.DEAD
                listed = list(case.revoker.inventory(case.reader(), case.settings, case.person))
                assert label or not case.lists or any(isinstance(found, Gap) for found in listed), body[:40]


def test_a_page_in_githubs_place_is_not_its_acceptance() -> None:
    with CASES["github.pat.classic"]() as case:
        answering(case.sim, "/credentials/revoke", b"<html>sign in to the network</html>")
        with pytest.raises(Unclear):
            case.kill(1)
