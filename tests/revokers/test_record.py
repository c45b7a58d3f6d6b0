"""The record says what the contract test saw of the revokers as they are now."""

import pytest

import revokers
import rules
from offboarding.applying import revoking
from tests import recording
from tests.revokers.contract import CASES, NOT_ARRANGED

AGAIN = "run: python -m pytest tests/revokers/test_{contract,identified,garbage,database}.py -n 2 --record"


def test_the_record_is_of_the_revokers_as_they_are() -> None:
    told = recording.read()
    assert set(told["kinds"]) == {*CASES, *recording.ON_REAL_SERVERS}, AGAIN
    assert told["not_arranged"] == NOT_ARRANGED, AGAIN
    stale = [
        name
        for name in {kind.split(".")[0] for kind in CASES}
        if told["sources"].get(name) != recording.digest_of(name)
    ]
    assert not stale, f"{AGAIN} -k '{' or '.join(stale)}'"


@pytest.mark.parametrize("kind", sorted(CASES))
def test_each_kind_was_killed_beside_two_others_and_tried_in_every_trouble(kind: str) -> None:
    passed = set(recording.read()["kinds"][kind])
    assert {
        "test_the_second_of_three_dies_and_the_others_live",
        "test_a_second_kill_harms_nobody",
        "test_an_accepted_revocation_that_does_nothing_is_seen",
        "test_trouble_is_unknown_with_a_reason",
        "test_nothing_secret_is_shown",
        "test_garbage_with_a_good_status_proves_nothing_and_ends_nothing",
    } <= passed, AGAIN


def test_what_is_not_tested_says_so_in_the_table() -> None:
    rows = {row.kind: row for row in revoking.rows(rules.load())}
    assert {kind for kind, row in rows.items() if row.tested} == {*CASES, *recording.ON_REAL_SERVERS}
    for kind, row in rows.items():
        ended = row.how not in (revoking.HAND_OVER, revoking.KEEP)
        assert ended == (kind in CASES or kind in NOT_ARRANGED), kind
        assert not ended or (row.proof and row.contract), kind
    assert {row.kind for row in rows.values()} >= set(revokers.handled())
