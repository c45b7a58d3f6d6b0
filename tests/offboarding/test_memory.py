"""What scans remember, on real files, with real processes, real damage and the file of an earlier offkey."""

import json
import multiprocessing
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding import memory
from offboarding.database import StoreCorrupt, StoreError, StoreFull
from offboarding.memory import ScanMemory
from offboarding.state import SCANS
from offkey.model import Confidence, Finding, Place, Span

NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
DAY = 86400


class Clock:
    """Seconds since 1970, moved on by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(state: Path, clock: Clock) -> Iterator[ScanMemory]:
    with closing(ScanMemory.open(state, clock)) as opened:
        yield opened


def finding(fingerprint: str, path: str = "a.py") -> Finding:
    span = Span(part="secret", start=0, end=9)
    place = Place(repo="app", object="abc", object_type="blob", path=path, line=1, column=1, spans=(span,))
    return Finding(
        kind="aws.key",
        provider="aws",
        rule="aws.key",
        fingerprint=fingerprint,
        redacted="…(40)",
        confidence=Confidence.HIGH,
        places=(place,),
    )


def rows(state: Path) -> dict[str, tuple[str, str, str, str]]:
    with closing(sqlite3.connect(state / SCANS)) as connection:
        return {row[0]: row[1:] for row in connection.execute("SELECT * FROM seen")}


def test_a_finding_is_new_once_and_its_first_sight_is_kept(kept: ScanMemory, state: Path) -> None:
    findings = [finding(f"hmac-sha256:k:{number}") for number in range(1200)]
    assert all(one.new for one in kept.remember(findings[:600], NOW, "sha256:rules"))
    moved = [finding(one.fingerprint, "b.py") for one in findings]
    second = kept.remember(moved, NOW + timedelta(days=1), "sha256:rules2")
    assert [one.new for one in second] == [False] * 600 + [True] * 600
    assert [replace(one, new=True) for one in second] == moved
    found = rows(state)
    assert len(found) == 1200
    first, last, places, digest = found["hmac-sha256:k:0"]
    assert (first, last, digest) == ("2026-11-02T08:30:00Z", "2026-11-03T08:30:00Z", "sha256:rules2")
    place = json.loads(places)[0]
    assert (place["path"], place["reach"]) == ("b.py", "worktree")
    assert place["spans"] == [{"part": "secret", "start": 0, "end": 9}]


def test_a_finding_remembered_as_old_is_new_again_where_it_was_never_seen(kept: ScanMemory) -> None:
    assert [one.new for one in kept.remember([replace(finding("k:1"), new=False)], NOW)] == [True]


def test_the_same_fingerprint_twice_in_one_scan_is_one_finding_remembered(kept: ScanMemory) -> None:
    twice = [finding("k:1"), finding("k:1")]
    assert [one.new for one in kept.remember(twice, NOW)] == [True, True]
    assert [one.new for one in kept.remember(twice, NOW)] == [False, False]


def test_a_path_that_is_no_utf8_is_remembered(kept: ScanMemory, state: Path) -> None:
    kept.remember([finding("k:1", "caf\udce9/\u00e9.py")], NOW)
    assert json.loads(rows(state)["k:1"][2])[0]["path"] == "caf\udce9/\u00e9.py"


def test_all_is_there_in_another_process_life_and_files_are_private(state: Path) -> None:
    with closing(ScanMemory.open(state)) as first:
        first.remember([finding("k:1")], NOW)
        first.save("repository", b"\x00\xffdata")
        assert {stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()} == {0o600}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    with closing(ScanMemory.open(state)) as second:
        assert second.load("repository") == b"\x00\xffdata"
        assert [one.new for one in second.remember([finding("k:1"), finding("k:2")], NOW)] == [False, True]


def test_what_is_saved_replaces_what_was_there(kept: ScanMemory) -> None:
    assert kept.load("one") is None
    kept.save("one", b"first")
    kept.save("two", b"other")
    kept.save("one", b"second")
    assert (kept.load("one"), kept.load("two")) == (b"second", b"other")


def test_what_was_not_used_for_half_a_year_goes(kept: ScanMemory, clock: Clock) -> None:
    kept.save("forgotten", b"1")
    kept.save("read", b"2")
    clock.now += 100 * DAY
    assert kept.load("read") == b"2"
    clock.now += 100 * DAY
    kept.save("new", b"3")
    assert (kept.load("forgotten"), kept.load("read"), kept.load("new")) == (None, b"2", b"3")


def test_what_was_not_used_for_longest_goes_when_all_together_is_too_much(
    kept: ScanMemory, state: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "TOTAL", 3_000_000)
    for number in range(3):
        kept.save(f"k{number}", bytes(1_000_000))
        clock.now += 2 * DAY
    assert kept.load("k0") == bytes(1_000_000)
    kept.save("k3", bytes(1_500_000))
    assert [kept.load(f"k{n}") is not None for n in range(4)] == [True, False, False, True]
    kept.close()
    assert (state / SCANS).stat().st_size < 3_500_000  # the room is given back


def test_what_is_too_large_is_not_kept_and_neither_is_what_it_should_replace(
    kept: ScanMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LARGEST", 1000)
    kept.save("one", bytes(1000))
    kept.save("one", bytes(1001))
    assert kept.load("one") is None


def _save_many(state: Path, name: str) -> None:
    for number in range(10):
        with closing(ScanMemory.open(state)) as opened:
            opened.save("shared", name.encode() * 100_000)
            opened.remember([finding(f"{name}:{number}")], NOW)


def test_processes_that_begin_and_write_at_once_lose_nothing(state: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_save_many, args=(state, f"w{n}")) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert rows(state).keys() == {f"w{n}:{number}" for n in range(3) for number in range(10)}
    with closing(ScanMemory.open(state)) as opened:
        assert opened.load("shared") in {f"w{n}".encode() * 100_000 for n in range(3)}


def _saved_for_ever(state: Path) -> None:
    with closing(ScanMemory.open(state)) as opened:
        while True:
            opened.save("one", b"second" * 500_000)


def test_a_process_killed_while_saving_leaves_what_was_there_or_what_it_wrote(state: Path) -> None:
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        with closing(ScanMemory.open(state)) as opened:
            opened.save("one", b"first" * 500_000)
        worker = context.Process(target=_saved_for_ever, args=(state,))
        worker.start()
        worker.join(0.1)
        worker.kill()
        worker.join()
        with closing(ScanMemory.open(state)) as opened:
            assert opened.load("one") in (b"first" * 500_000, b"second" * 500_000)


def test_a_file_that_is_no_database_is_a_clear_error(state: Path) -> None:
    ScanMemory.open(state).close()
    (state / SCANS).write_bytes(b"this is not a database, it only says so" * 100)
    with pytest.raises(StoreCorrupt, match="damaged or no database") as caught:
        ScanMemory.open(state)
    assert "aside" in caught.value.advice


def test_another_programs_database_is_refused_and_left_as_it_is(state: Path) -> None:
    state.mkdir(mode=0o700)
    with closing(sqlite3.connect(state / SCANS)) as connection:
        connection.execute("CREATE TABLE birds (name TEXT)")
    with pytest.raises(StoreCorrupt, match="another program"):
        ScanMemory.open(state)
    with closing(sqlite3.connect(state / SCANS)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("birds",)]


def test_a_memory_of_another_version_is_refused(state: Path) -> None:
    ScanMemory.open(state).close()
    with closing(sqlite3.connect(state / SCANS)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreCorrupt, match="schema version 99"):
        ScanMemory.open(state)


def test_a_changed_byte_in_what_is_kept_is_found(kept: ScanMemory, state: Path) -> None:
    kept.save("one", b"A" * 50_000)
    kept.close()
    file = state / SCANS
    content = bytearray(file.read_bytes())
    at = content.index(b"A" * 1000) + 500
    content[at : at + 1] = b"B"
    file.write_bytes(content)
    with closing(ScanMemory.open(state)) as opened, pytest.raises(StoreCorrupt, match="damaged"):
        opened.load("one")


def test_zeroed_pages_are_an_error_with_advice_or_nothing_is_kept(kept: ScanMemory, state: Path) -> None:
    kept.remember([finding(f"k:{number}") for number in range(2000)], NOW)
    kept.close()
    file = state / SCANS
    content = bytearray(file.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreCorrupt), closing(ScanMemory.open(state)) as opened:
        opened.remember([finding("k:1")], NOW)


def test_a_refused_write_keeps_what_was_there_and_says_so(kept: ScanMemory) -> None:
    kept.save("one", b"first")
    connection = kept._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreFull, match="full"):
        kept.save("one", bytes(1_000_000))
    connection.execute("PRAGMA max_page_count = 100000")
    assert kept.load("one") == b"first"
    kept.save("one", bytes(1_000_000))
    assert kept.load("one") == bytes(1_000_000)


def earlier(state: Path, statement: str) -> None:
    """The ledger's store of an offkey that kept there what scans had seen."""
    state.mkdir(mode=0o700)
    with closing(sqlite3.connect(state / "offkey.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(statement)
        connection.commit()


def test_what_an_earlier_offkey_had_seen_beside_the_ledger_is_not_new(state: Path) -> None:
    earlier(
        state,
        "CREATE TABLE seen AS SELECT 'k:1' AS fingerprint, '2026-01-01T00:00:00Z' AS first_seen, "
        "'2026-02-01T00:00:00Z' AS last_seen, '[]' AS places, 'sha256:r' AS rules_digest",
    )
    with closing(ScanMemory.open(state)) as opened:
        assert [one.new for one in opened.remember([finding("k:1"), finding("k:2")], NOW)] == [False, True]
    assert rows(state)["k:1"][:2] == ("2026-01-01T00:00:00Z", "2026-11-02T08:30:00Z")


def test_a_ledger_without_findings_seen_is_no_hindrance(state: Path) -> None:
    earlier(state, "CREATE TABLE events (seq INTEGER)")
    with closing(ScanMemory.open(state)) as opened:
        assert [one.new for one in opened.remember([finding("k:1")], NOW)] == [True]


def test_a_damaged_ledger_is_said_and_nothing_is_called_new_by_mistake(state: Path) -> None:
    state.mkdir(mode=0o700)
    (state / "offkey.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"offkey\.db"):
        ScanMemory.open(state)
    (state / "offkey.db").unlink()
    with closing(ScanMemory.open(state)) as opened:
        assert [one.new for one in opened.remember([finding("k:1")], NOW)] == [True]


def test_an_open_folder_is_narrowed_when_it_holds_what_scans_remember(state: Path) -> None:
    ScanMemory.open(state).close()
    state.chmod(0o755)
    ScanMemory.open(state).close()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
