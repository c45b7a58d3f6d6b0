"""What every revoker must keep that says which listed key a leaked value is (ADR 19)."""

from collections.abc import Callable, Iterator

import pytest

import revokers
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Liveness
from revokers.protocol import Identifies, NotIdentified
from tests.recording import NOTHING_TO_TRY
from tests.revokers.case import fails_at
from tests.revokers.contract import CASES, WRONG, Case
from tests.revokers.test_garbage import answering

Property = Callable[[str, object], None]
KINDS = sorted(kind for one in revokers.REGISTRY.values() if isinstance(one, Identifies) for kind in one.IDENTIFIES)


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with CASES[request.param]() as arranged:
        yield arranged


def test_a_leaked_value_is_told_to_be_the_one_listed_key_that_it_is(case: Case) -> None:
    named = [case.identify(value) for value in case.leaked or case.credentials]
    assert len({point.id for point in named}) == 3
    assert {point.kind for point in named} == {case.kind}
    (listed,) = [item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == case.kind]
    found = named[1]
    assert (found.id, found.provider_id, found.ownership) == (listed.id, listed.provider_id, listed.ownership)
    if found.holder is not None:
        assert listed.holder
        assert found.holder.id == listed.holder.id


def test_two_listed_keys_that_look_alike_are_neither_of_them_the_value(case: Case, record_property: Property) -> None:
    if case.twin is None:
        record_property(NOTHING_TO_TRY, case.exact)
        assert case.exact, "say why no other key can look like it"
        return
    case.twin()
    with pytest.raises(NotIdentified) as refused:
        case.identify((case.leaked or case.credentials)[1])
    assert refused.value.advice
    assert case.identify((case.leaked or case.credentials)[0]).id


def test_a_made_up_value_that_looks_like_a_colleagues_key_is_none(case: Case, record_property: Property) -> None:
    if case.forged is None:
        record_property(NOTHING_TO_TRY, case.exact)
        assert case.exact, "say why nothing can look like it"
        return
    with pytest.raises(NotIdentified):
        case.identify(case.forged)


def test_a_list_that_breaks_off_says_of_no_value_which_key_it_is(case: Case) -> None:
    if case.more and not case.unpaged:
        case.more(5)
    value, before = (case.leaked or case.credentials)[1], len(case.sim.requests)
    case.identify(value)
    asked = len(case.sim.requests) - before
    for trouble in (500, 403, "garbage"):
        for number in range(asked):
            case.only(None)
            case.sim.before = fails_at(case, number, trouble)
            with pytest.raises(OffkeyError) as refused:
                case.identify(value)
            case.sim.before = None
            assert str(refused.value), f"request {number} of {asked} failed"


def test_a_key_that_is_listed_no_more_is_not_dead_while_its_value_answers(
    case: Case, record_property: Property
) -> None:
    values = case.leaked or case.credentials
    point = case.identify(values[1])
    for action in case.actions:
        case.revoker.revoke(case.writer(), case.settings, action, point, values[1])
    assert case.revoker.state(case.reader(), case.settings, point, values[1]).liveness is Liveness.DEAD
    if case.revoker.check(case.reader(), values[0]).reason.startswith("a key is not tried"):
        record_property(NOTHING_TO_TRY, "a value is not tried")
        return
    assert case.revoker.state(case.reader(), case.settings, point, values[0]).liveness is Liveness.LIVE


def test_garbage_with_a_good_status_says_of_no_value_which_key_it_is(case: Case) -> None:
    value = (case.leaked or case.credentials)[1]
    case.sim.requests.clear()
    case.identify(value)
    for label in ("", *sorted({request.path for request in case.sim.requests})):
        for body in WRONG[case.provider]:
            answering(case.sim, label, body)
            with pytest.raises(OffkeyError):
                case.identify(value)
