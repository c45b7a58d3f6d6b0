"""New Relic's own truths: a 401 proves nothing alone, and a list that hides values proves as little."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import AccessPoint, Action, Gap, Liveness
from revokers import newrelic
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from tests.revokers.case import Case, known, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.newrelic import NewRelicSimulator, user_key

KIND = "newrelic.user_key"
VALUE = credential(KIND, secret=user_key("dana"))


def simulator(case: Case) -> NewRelicSimulator:
    assert isinstance(case.sim, NewRelicSimulator)
    return case.sim


def test_a_key_names_its_user_and_a_refusal_proves_nothing() -> None:
    with CASES[KIND]() as case:
        told = newrelic.check(case.reader(), VALUE)
        assert told.holder is not None
        assert (told.liveness, told.holder.email, told.holder.id) == (
            Liveness.LIVE,
            "dana@example.com",
            case.person.id,
        )
        stranger = credential(KIND, secret=user_key("stranger"))
        assert newrelic.check(case.reader(), stranger).liveness is Liveness.UNKNOWN


def test_a_value_that_the_list_gives_to_another_user_or_shortened_is_not_identified() -> None:
    with CASES[KIND]() as case:
        sim = simulator(case)
        sim.masked = True
        with pytest.raises(NotIdentified):
            case.identify(VALUE)
        sim.masked = False
        whole = sim._view
        sim._view = lambda one: whole(one) | {"userId": 1}  # type: ignore[method-assign]
        with pytest.raises(NotIdentified):
            case.identify(VALUE)


def test_errors_in_an_answer_of_200_are_no_answer() -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, json={"data": None, "errors": [{"message": user_key("dana")}]})
    )
    told = newrelic.check(Reader(newrelic.gate, newrelic.URL, transport=transport, sleep=lambda _: None), VALUE)
    assert told.liveness is Liveness.UNKNOWN
    assert user_key("dana") not in told.reason


def test_a_leaked_key_is_found_by_its_whole_value_and_its_death_is_proven() -> None:
    with CASES[KIND]() as case:
        found, elsewhere = known(KIND), credential(KIND, secret=user_key("in Europe"))
        assert [way.by for way in newrelic.options(found)] == ["value"]
        assert newrelic.state(case.reader(), case.settings, leak(KIND), elsewhere).liveness is Liveness.UNKNOWN
        newrelic.revoke(case.writer(), case.settings, Action.REVOKE, found, VALUE)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]
        assert newrelic.state(case.reader(), case.settings, found, VALUE).liveness is Liveness.DEAD


@pytest.mark.parametrize("what", ["alone", "masked"])
def test_a_list_that_hides_keys_or_values_identifies_and_proves_nothing(what: str) -> None:
    with CASES[KIND]() as case:
        sim, found = simulator(case), known(KIND)
        setattr(sim, what, True)
        with pytest.raises(NotIdentified):
            newrelic.revoke(case.writer(), case.settings, Action.REVOKE, found, VALUE)
        sim.keys.pop(case.points[1].provider_id.partition("/")[2])
        assert newrelic.state(case.reader(), case.settings, found, VALUE).liveness is Liveness.UNKNOWN
        if what == "alone":
            assert case.state(1).liveness is Liveness.UNKNOWN
            assert any(isinstance(gap, Gap) and "only one user's" in gap.why for gap in case.inventory())


def test_another_users_key_and_offkeys_own_are_left_alone() -> None:
    with CASES[KIND]() as case:
        wrong = replace(case.points[1], provider_id=case.points[0].provider_id)
        with pytest.raises(NotIdentified, match="another user's"):
            newrelic.revoke(case.writer(), case.settings, Action.REVOKE, wrong)
        own = credential(KIND, secret=case.settings.read)
        with pytest.raises(NotAutomatic):
            newrelic.revoke(case.writer(), case.settings, Action.REVOKE, leak(KIND), own)


def test_a_deletion_that_names_another_key_is_no_yes() -> None:
    with CASES[KIND]() as case:
        sim = simulator(case)
        whole = sim._delete
        sim._delete = lambda asker, wanted: whole(asker, []) if wanted else whole(asker, wanted)  # type: ignore[method-assign]
        with pytest.raises(Unclear):
            case.kill(1)
        assert case.state(1).liveness is Liveness.LIVE


def test_the_listing_and_the_deletion_are_told_apart_by_the_gate() -> None:
    assert not newrelic.READS & newrelic.WRITES
    with CASES[KIND]() as case:
        case.kill(1)
        assert {request.path for request in case.sim.requests} >= {"/graphql#apiAccessDeleteKeys"}


def test_ingest_keys_are_handed_over() -> None:
    for kind in ("newrelic.license_key", "newrelic.insights_insert", "newrelic.rest_key", "newrelic.admin_key"):
        assert newrelic.HANDLES[kind][0].action is Action.HAND_OVER


def test_a_key_of_an_account_that_is_shown_no_more_is_not_gone() -> None:
    with CASES[KIND]() as case:
        sim = simulator(case)
        for key in list(sim.keys.values())[1:3]:  # ann's and dana's
            key.account = 2
        points = [p for p in case.inventory() if isinstance(p, AccessPoint)]
        assert [p.provider_id.partition("/")[0] for p in points] == ["2"]
        sim.hidden.add(2)
        assert newrelic.state(case.reader(), case.settings, points[0]).liveness is Liveness.UNKNOWN
        sim.hidden.clear()
        sim.keys.pop(points[0].provider_id.partition("/")[2])
        assert newrelic.state(case.reader(), case.settings, points[0]).liveness is Liveness.DEAD
