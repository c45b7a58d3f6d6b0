"""Square's own truths: production and sandbox tokens look the same, and one token is not all of a merchant's."""

import pytest

from offkey.model import Action, Liveness
from revokers import square
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, credential, leak
from tests.revokers.contract import CASES
from tests.simulators.square import SquareSimulator, access_token


def simulator(case: Case) -> SquareSimulator:
    assert isinstance(case.sim, SquareSimulator)
    return case.sim


def test_a_living_token_of_the_sandbox_is_not_called_dead() -> None:
    with CASES["square.token"]() as case:
        simulator(case).add_token(access_token("try"), "sandbox-app", "merchant1", sandbox=True)
        found = square.check(case.reader(), credential(square.KIND, secret=access_token("try")))
        assert found.liveness is Liveness.LIVE
        assert "sandbox" in found.reason


def test_a_token_that_neither_knows_is_dead() -> None:
    with CASES["square.token"]() as case:
        value = credential(square.KIND, secret=access_token("made up"))
        assert square.check(case.reader(), value).liveness is Liveness.DEAD
        assert len(case.sim.requests) == 2
        case.sim.fail("POST", "squareupsandbox", 403)
        assert square.check(case.reader(), value).liveness is Liveness.UNKNOWN


def test_a_token_of_another_application_is_not_ended() -> None:
    with CASES["square.token"]() as case:
        theirs = simulator(case).add_token(access_token("theirs"), "another", "merchant1")
        with pytest.raises(NotIdentified):
            square.revoke(
                case.writer(),
                case.settings,
                Action.REVOKE,
                case.points[1],
                credential(square.KIND, secret=access_token("theirs")),
            )
        assert theirs.alive


def test_revoking_waits_for_its_own_yes_and_a_secret_for_a_person() -> None:
    assert square.HANDLES[square.KIND][0].needs == "square-token-revoke"
    with CASES["square.token"]() as case, pytest.raises(NotAutomatic) as refused:
        square.revoke(case.writer(), case.settings, Action.REVOKE, leak("square.app_secret"))
    assert "https://developer.squareup.com/apps" in refused.value.advice
