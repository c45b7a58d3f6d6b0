"""Supabase's own truths: a value is tied to its key in the configured projects alone, and keys are shared."""

from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Action, Liveness
from revokers import supabase
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, credential
from tests.simulators.supabase import REF, personal, secret_key
from tests.simulators.wire_changes import changed

KEY = "supabase.secret_key"
DANA = credential(KEY, secret=secret_key("dana"))


def test_a_value_finds_its_own_key_and_no_other() -> None:
    with CASES[KEY]() as case:
        assert supabase.state(case.reader(), case.settings, leak(KEY), DANA).liveness is Liveness.LIVE
        supabase.revoke(case.writer(), case.settings, Action.REVOKE, leak(KEY), DANA)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_a_key_of_no_configured_project_is_neither_dead_nor_ended() -> None:
    with CASES[KEY]() as case:
        stranger = credential(KEY, secret=secret_key("somebody else's"))
        assert supabase.state(case.reader(), case.settings, leak(KEY), stranger).liveness is Liveness.UNKNOWN
        narrowed = replace(case.settings, projects=(REF[::-1],))
        with pytest.raises(NotIdentified):
            supabase.revoke(case.writer(), narrowed, Action.REVOKE, leak(KEY), DANA)
        with pytest.raises(NotIdentified):
            supabase.revoke(case.writer(), narrowed, Action.REVOKE, case.points[1])


def test_values_that_are_not_revealed_identify_nothing() -> None:
    with CASES[KEY]() as case:

        def hide(body: object) -> object:
            return [{**row, "api_key": row["api_key"][:15]} for row in body] if isinstance(body, list) else body

        with changed(case.sim, hide):
            assert supabase.state(case.reader(), case.settings, leak(KEY), DANA).liveness is Liveness.UNKNOWN


def test_keys_are_shared_and_need_their_own_yes() -> None:
    for kind in (KEY, "supabase.legacy_keys"):
        assert {way.needs for way in supabase.options(leak(kind))} == {"supabase-project-key"}
    assert [way.by for way in supabase.options(leak(KEY))] == ["value"]
    assert [way.by for way in supabase.options(leak(KEY, provider_id="ref/id"))] == ["id"]


def test_a_personal_token_says_whose_it_is_and_is_handed_over() -> None:
    with CASES[KEY]() as case:
        case.sim.add_token("dana", personal("dana"))  # type: ignore[attr-defined]
        value = credential("supabase.pat", secret=personal("dana"))
        told = supabase.check(case.reader(), value)
        assert told.holder
        assert told.holder.email == "dana@example.com"
        case.sim.fail("GET", "/v1/profile", 401)
        assert supabase.check(case.reader(), value).liveness is Liveness.UNKNOWN
        with pytest.raises(NotAutomatic):
            supabase.revoke(case.writer(), case.settings, Action.REVOKE, leak("supabase.pat"), value)


def test_a_member_is_listed_and_handed_over() -> None:
    with CASES[KEY]() as case:
        (point,) = supabase.inventory(case.reader(), case.settings, case.person)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in supabase.options(point)] == [Action.HAND_OVER]
