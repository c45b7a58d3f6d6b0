"""Shares of one job in copies of this process: in order, nothing lost when a copy dies, faults heard of."""

import os

import pytest

from scanner.storage.forked import side_by_side
from scanner.storage.packplan import plan
from tests.fuzz.handmade import BLOB, OFS_DELTA, REF_DELTA, Made, copy, delta, insert, pack_and_index

HERE = os.getpid()


def test_each_share_is_done_once_in_order() -> None:
    done = list(side_by_side(lambda number, by: (number * by, os.getpid()), [(1, 2), (2, 2), (3, 2)]))
    assert [number for number, _ in done] == [2, 4, 6]
    assert len({process for _, process in done}) == 3
    assert list(side_by_side(lambda: 1, [])) == []


def test_a_copy_that_dies_costs_time_alone() -> None:
    def job(number: int) -> int:
        if os.getpid() != HERE:
            os.kill(os.getpid(), 9)
        return number

    assert list(side_by_side(job, [(1,), (2,)])) == [1, 2]


def test_what_a_share_raises_is_raised_here() -> None:
    def job(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(side_by_side(job, [(1,), (0,)]))


def test_a_pack_is_planned_alike_by_any_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = delta(4, 5, copy(0, 4), insert(b"x"))
    made = [Made(BLOB, b"base")]
    made += [Made(OFS_DELTA, steps, base=n * 2 // 3, content=b"along %d" % n) for n in range(20)]
    made += [
        Made(REF_DELTA, steps, base=59 - n, content=b"named %d" % n) for n in range(20)
    ]  # some on what comes later
    made += [
        Made(REF_DELTA, steps, base=b"?" * 20, content=b"outside"),
        Made(OFS_DELTA, steps, base=0, content=b"last"),
    ]
    made += [Made(BLOB, b"blob %d" % n) for n in range(20)]
    pack, idx = pack_and_index(made)
    alone = plan(idx, pack, 20)
    monkeypatch.setattr("scanner.storage.packplan._MANY", 2)
    for jobs in (1, 2, 3, 60):
        assert plan(idx, pack, 20, jobs) == alone
