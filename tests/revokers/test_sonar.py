"""SonarQube's own truths: a value has no name, so it is ended only where it can be no other token."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Action, Gap, Liveness, Ownership
from revokers import sonar
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.sonar import analysis_token, user_token
from tests.simulators.wire_changes import changed


def living(case: Case, *values: str) -> list[Liveness]:
    held = [credential("sonar.token", secret=value) for value in values]
    return [sonar.state(case.reader(), case.settings, known("sonar.token"), value).liveness for value in held]


def test_the_users_token_for_analysis_lives_on() -> None:
    with CASES["sonar.token"]() as case:
        case.kill(1)
        assert living(case, user_token("dana"), analysis_token("dana")) == [Liveness.DEAD, Liveness.LIVE]
        elsewhere = credential("sonar.token", secret=user_token("of another SonarQube"))
        said = sonar.state(case.reader(), case.settings, leak("sonar.token"), elsewhere)
        assert said.liveness is Liveness.UNKNOWN


def test_of_two_user_tokens_none_is_chosen_and_both_are_named() -> None:
    with CASES["sonar.token"]() as case:
        case.sim.add_token("dana", "old laptop", user_token("dana's other"))  # type: ignore[attr-defined]
        with pytest.raises(NotIdentified) as told:
            case.kill(1)
        assert "laptop, old laptop" in told.value.advice
        assert living(case, user_token("dana"), user_token("dana's other")) == [Liveness.LIVE] * 2


def test_a_token_for_analysis_names_nobody_and_is_handed_over() -> None:
    with CASES["sonar.token"]() as case:
        value = credential("sonar.token", secret=analysis_token("dana"))
        told = sonar.check(case.reader(), value)
        assert (told.liveness, told.holder) == (Liveness.LIVE, None)
        assert [way.action for way in sonar.options(replace(leak("sonar.token"), check=told))] == [Action.HAND_OVER]
        with pytest.raises(NotIdentified):
            sonar.revoke(case.writer(), case.settings, Action.REVOKE, leak("sonar.token"), value)
        shared = [
            point
            for point in sonar.inventory(case.reader(), case.settings, case.person)
            if isinstance(point, AccessPoint) and point.ownership is Ownership.SHARED
        ]
        assert [point.provider_id for point in shared] == ["dana/pipeline"]
        with pytest.raises(NotAutomatic):
            sonar.revoke(case.writer(), case.settings, Action.REVOKE, shared[0])


def test_an_answer_about_another_user_proves_nothing() -> None:
    with CASES["sonar.user_token"]() as case:
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD
        with changed(case.sim, lambda body: {**body, "login": "ann"}):
            assert case.state(1).liveness is Liveness.UNKNOWN
            assert [type(found) for found in case.inventory()] == [Gap]


def test_valid_must_be_a_plain_yes_or_no() -> None:
    with CASES["sonar.token"]() as case:
        for said in ("false", None, 0, "true"):
            with changed(case.sim, lambda _, said=said: {"valid": said}):
                assert living(case, user_token("dana")) == [Liveness.UNKNOWN]
