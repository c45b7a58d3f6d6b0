"""Mailgun's own truths: a refusal proves nothing, an id is not a value, and most keys are the account's."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Action, Gap, Liveness, Ownership
from revokers import mailgun
from revokers.protocol import NotIdentified
from tests.revokers.case import Case, credential, leak
from tests.revokers.contract import CASES
from tests.simulators.mailgun import MailgunSimulator, api_key


def simulator(case: Case) -> MailgunSimulator:
    assert isinstance(case.sim, MailgunSimulator)
    return case.sim


def test_a_living_key_of_a_domain_is_refused_and_not_called_dead() -> None:
    with CASES["mailgun.api_key"]() as case:
        simulator(case).add_key("dana@example.com", api_key("sends"), "domain")
        for seed, liveness in (("sends", Liveness.UNKNOWN), ("made up", Liveness.UNKNOWN), ("dana", Liveness.LIVE)):
            value = credential(mailgun.KEY, secret=api_key(seed))
            assert mailgun.check(case.reader(), value).liveness is liveness


def test_a_found_value_names_no_id_and_the_candidates_are_said() -> None:
    with CASES["mailgun.api_key"]() as case:
        value = credential(mailgun.KEY, secret=api_key("dana"))
        with pytest.raises(NotIdentified) as refused:
            mailgun.revoke(case.writer(), case.settings, Action.REVOKE, leak(mailgun.KEY), value)
        assert case.points[1].provider_id in refused.value.advice
        assert len(simulator(case).keys) == 4


def test_only_a_persons_own_session_is_personal() -> None:
    with CASES["mailgun.api_key"]() as case:
        for kind in ("user", "domain"):
            simulator(case).add_key("dana@example.com", api_key(kind), kind)
        owners = [point.ownership for point in case.inventory() if isinstance(point, AccessPoint)]
        assert owners == [Ownership.PERSONAL, Ownership.UNKNOWN, Ownership.SHARED]


def test_a_list_that_is_not_whole_proves_nothing() -> None:
    with CASES["mailgun.api_key"]() as case:
        simulator(case).left_out = 3
        assert case.state(1).liveness is Liveness.UNKNOWN
        assert all(isinstance(item, Gap) for item in case.inventory())


def test_a_disabled_key_is_dead_and_anothers_key_is_not_ended() -> None:
    with CASES["mailgun.api_key"]() as case:
        simulator(case).keys[case.points[1].provider_id].disabled = True
        assert case.state(1).status == "disabled"
        foreign = replace(case.points[1], provider_id=case.points[0].provider_id)
        with pytest.raises(NotIdentified):
            mailgun.revoke(case.writer(), case.settings, Action.REVOKE, foreign)
        assert case.state(0).liveness is Liveness.LIVE
