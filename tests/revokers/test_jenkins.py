"""Jenkins's own truths: all of a user's tokens end at once, and only its own realm's 401 is death."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import jenkins
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.jenkins import api_token

KIND = "jenkins.api_token"
VALUE = credential(KIND, user="dana", secret=api_token("dana"))
HERE = "https://jenkins.example.com"


def asked(status: int, *, realm: str = "", body: object = None, point: AccessPoint | None = None) -> Liveness:
    headers = {"WWW-Authenticate": f'Basic realm="{realm}"'} if realm else {}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body, headers=headers))
    reader = Reader(jenkins.gate, HERE, instance=HERE, transport=transport)
    return jenkins.state(reader, jenkins.Settings(url=HERE), point or known(KIND), VALUE).liveness


def named(case: Case, name: str) -> dict[str, AccessPoint]:
    account = Account(provider="jenkins", id="", login=name)
    found = jenkins.inventory(case.reader(), case.settings, account)
    return {point.kind: point for point in found if isinstance(point, AccessPoint)}


def test_only_jenkinss_own_401_is_death() -> None:
    assert asked(401, realm="Jenkins") is Liveness.DEAD
    assert asked(401, realm="Jenkins", point=leak(KIND)) is Liveness.UNKNOWN  # it may be another Jenkins's
    assert asked(401, realm="Corporate proxy") is Liveness.UNKNOWN
    assert asked(401) is Liveness.UNKNOWN
    assert asked(403, realm="Jenkins") is Liveness.UNKNOWN


def test_an_answer_as_to_anonymous_is_neither() -> None:
    assert asked(200, body={"name": "anonymous", "authenticated": True, "anonymous": True}) is Liveness.UNKNOWN
    assert asked(200, body={"name": "dana", "authenticated": True, "anonymous": False}) is Liveness.LIVE


def test_a_token_without_its_user_is_sent_nowhere_and_handed_over() -> None:
    with CASES[KIND]() as case:
        case.sim.requests.clear()
        alone = credential(KIND, secret=api_token("dana"))
        assert jenkins.check(case.reader(), alone).liveness is Liveness.UNKNOWN
        assert case.sim.requests == []
        assert [way.action for way in jenkins.options(leak(KIND))] == [Action.HAND_OVER]
        told = replace(leak(KIND), check=jenkins.check(case.reader(), VALUE))
        assert [way.via for way in jenkins.options(told)] == ["person"]


def test_every_token_of_the_user_ends_and_no_other() -> None:
    with CASES[KIND]() as case:
        case.kill(1)
        others = {
            name: jenkins.check(
                case.reader(), credential(KIND, user=name, secret=api_token(f"{name}'s other"))
            ).liveness
            for name in ("ann", "dana", "zoe")
        }
        assert others == {"ann": Liveness.LIVE, "dana": Liveness.UNKNOWN, "zoe": Liveness.LIVE}


def test_a_users_tokens_end_without_a_value_and_nobody_can_see_it() -> None:
    with CASES[KIND]() as case:
        point = named(case, "dana")["jenkins.api_tokens"]
        assert jenkins.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        jenkins.revoke(case.writer(), case.settings, Action.REVOKE, point)
        assert jenkins.state(case.reader(), case.settings, point).liveness is Liveness.UNKNOWN
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_offkeys_own_user_is_left_alone() -> None:
    with CASES[KIND]() as case:
        with pytest.raises(NotAutomatic):
            jenkins.revoke(case.writer(), case.settings, Action.REVOKE, named(case, "offkey")["jenkins.api_tokens"])
        assert case.state(1).liveness is Liveness.LIVE


def test_a_dead_token_is_tied_to_nobody() -> None:
    made_up = credential(KIND, user="zoe", secret=api_token("made up"))
    with CASES[KIND]() as case, pytest.raises(NotIdentified):
        jenkins.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), made_up)


def test_a_user_that_is_not_there_is_a_gap() -> None:
    with CASES[KIND]() as case:
        for nobody in (Account(provider="jenkins", id="", login="nobody"), Account(provider="jenkins", id="")):
            (gap,) = jenkins.inventory(case.reader(), case.settings, nobody)
            assert isinstance(gap, Gap)
