"""The store on real files, with real processes, a really full disk and real damage."""

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path

import pytest

from offboarding.database import StoreCorrupt, StoreError
from offboarding.ledger.ledger import Ledger, LedgerError
from offboarding.ledger.store import Store
from offboarding.state import RunLocked, StateUnusable, private_folder, run_folder, run_lock
from offkey.errors import UsageError
from offkey.model import AuditEvent

NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def ledger(state: Path) -> Ledger:
    return Ledger(Store.open(state), lambda: NOW, "sec@example.com")


def tampered(state: Path, statement: str) -> Ledger:
    """The ledger after somebody ran a statement on the file with other tools."""
    connection = sqlite3.connect(state / "offkey.db")
    connection.execute(statement)
    connection.commit()
    connection.close()
    return ledger(state)


def test_the_folder_and_its_files_are_private(state: Path) -> None:
    book = ledger(state)
    book.append("run.opened", "r1", {"person": "leaver@example.com"})
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()} == {0o600}


def test_events_come_back_as_they_were_written_in_another_process_life(state: Path) -> None:
    book = ledger(state)
    first = book.append("run.opened", "r1", {"person": "p", "n": 1, "x": None})
    second = book.append("plan.made", "r2", {"digest": "sha256:0"})
    book.store.close()
    again = ledger(state)
    assert again.events() == [first, second]
    assert again.events("r2") == [second]
    assert again.runs() == ["r1", "r2"]
    assert again.verify().ok


def test_a_checkpoint_kept_elsewhere_finds_the_cut_tail_in_the_file(state: Path) -> None:
    book = ledger(state)
    for number in range(4):
        book.append("step.intent", "r", {"step": number})
    kept = book.checkpoint()
    book.append("run.closed", "r", {})
    assert book.verify(kept).anchored
    cut = tampered(state, "DELETE FROM events WHERE seq > 3")
    assert cut.verify().ok
    assert not cut.verify(kept).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = replace(body, '1', '2') WHERE seq = 2",
        "UPDATE events SET body = body || ' ' WHERE seq = 2",
        "UPDATE events SET at = replace(at, 'Z', '+00:00') WHERE seq = 2",
        "UPDATE events SET at = 'never' WHERE seq = 2",
        "UPDATE events SET body = '{' WHERE seq = 2",
        "UPDATE events SET actor = 'other@example.com' WHERE seq = 2",
        "UPDATE events SET hash = upper(hash) WHERE seq = 2",
        "UPDATE events SET seq = 9 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
    ],
)
def test_a_change_made_with_other_tools_is_found(state: Path, statement: str) -> None:
    book = ledger(state)
    for number in range(4):
        book.append("step.intent", "r", {"step": number})
    book.store.close()
    assert not tampered(state, statement).verify().ok


def _append_many(state: Path, name: str, count: int) -> None:
    book = Ledger(Store.open(state), lambda: NOW, name)
    for number in range(count):
        book.append("step.intent", name, {"number": number})


@pytest.mark.parametrize("context", [multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")])
def test_processes_that_append_at_once_keep_one_chain(state: Path, context: ForkContext | SpawnContext) -> None:
    workers = [context.Process(target=_append_many, args=(state, f"w{n}", 20)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    book = ledger(state)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert [event.seq for event in book.events()] == list(range(1, 61))
    assert book.verify().ok
    for name in ("w0", "w1", "w2"):
        assert [event.body["number"] for event in book.events(name)] == list(range(20))


FILL = textwrap.dedent(
    """
    import resource, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from offboarding.ledger.ledger import Ledger, LedgerError
    from offboarding.ledger.store import Store
    book = Ledger(Store.open(Path(sys.argv[1])), lambda: datetime(2026, 1, 1, tzinfo=UTC), "a")
    if sys.argv[2] != "0":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    for number in range(5000):
        try:
            book.append("step.intent", "r", {"number": number, "filler": "x" * 2000})
        except LedgerError as error:
            print(number, str(error), "|", error.advice)
            sys.exit(7)
    """
)


def _may_mount() -> bool:
    """Whether this process holds CAP_SYS_ADMIN (bit 21) and so may mount a small disk."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return any(int(line.split()[1], 16) >> 21 & 1 for line in lines if line.startswith("CapEff:"))


WAYS_TO_FILL = ["limit", *(["tmpfs"] if _may_mount() else [])]
"""A limit on file size refuses the write everywhere; a real full disk is tried where a disk can be mounted."""


def fill(state: Path, limit: int) -> tuple[int, str]:
    """Append in another process until a write is refused; how many events it was told are safe, and what it said."""
    done = subprocess.run([sys.executable, "-c", FILL, state, str(limit)], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    number, words = done.stdout.split(" ", 1)
    return int(number), words


@pytest.mark.parametrize("means", WAYS_TO_FILL)
def test_a_full_disk_is_an_error_with_advice_and_writing_goes_on_when_there_is_room(tmp_path: Path, means: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    if means == "limit":
        return _fill_and_go_on(disk / "state", 200_000, lambda: None)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k,mode=0700", "none", disk], check=True)
    try:
        grow = ["mount", "-o", "remount,size=2m", str(disk)]
        _fill_and_go_on(disk / "state", 0, lambda: subprocess.run(grow, check=True))
    finally:
        subprocess.run(["umount", disk], check=True)


def _fill_and_go_on(state: Path, limit: int, make_room: Callable[[], object]) -> None:
    safe, words = fill(state, limit)
    assert safe > 5
    assert "not recorded" in words
    assert "the disk is full or refuses to write" in words
    assert "make room" in words
    book = ledger(state)
    assert len(book.events()) == safe
    assert book.verify().ok
    book.store.close()
    make_room()
    book = ledger(state)
    assert book.append("run.closed", "r", {}).seq == safe + 1
    assert book.verify().ok
    book.store.close()


def test_a_process_killed_while_appending_loses_nothing_that_was_acknowledged(state: Path) -> None:
    script = FILL.replace("        book.append(", "        print(number, flush=True); book.append(")
    worker = subprocess.Popen([sys.executable, "-c", script, state, "0"], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    for line in worker.stdout:
        if int(line) == 25:
            break
    worker.kill()
    worker.wait()
    book = ledger(state)
    assert len(book.events()) >= 25
    assert book.verify().ok


def test_a_file_that_is_no_database_is_a_clear_error(state: Path) -> None:
    private_folder(state)
    (state / "offkey.db").write_bytes(b"this is not a database, it only says so" * 100)
    with pytest.raises(StoreCorrupt, match="damaged or no database") as caught:
        Store.open(state)
    assert "restore" in caught.value.advice


def test_damaged_pages_are_found_by_verify(state: Path) -> None:
    book = ledger(state)
    for number in range(200):
        book.append("step.intent", "r", {"step": number, "filler": "x" * 500})
    book.store.close()
    file = state / "offkey.db"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = bytes(4096)
    file.write_bytes(content)
    again = ledger(state)
    assert not again.verify().ok


def test_a_store_of_another_version_is_refused(state: Path) -> None:
    ledger(state).store.close()
    with pytest.raises(StoreCorrupt, match="schema version 99"):
        tampered(state, "UPDATE meta SET value = '99'")


def test_nothing_is_appended_after_a_row_that_was_tampered_with(state: Path) -> None:
    ledger(state).append("run.opened", "r", {})
    with pytest.raises(LedgerError, match="not in the form"):
        tampered(state, "UPDATE events SET body = '{}  '").append("run.closed", "r", {})


def test_a_folder_open_to_others_is_refused_unless_it_is_ours(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert private_folder(shared) == shared  # empty: made private
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700
    shared.chmod(0o755)
    (shared / "letters.txt").write_text("mine")
    with pytest.raises(StateUnusable, match="open to other users"):
        private_folder(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755


def test_a_state_folder_below_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnusable):
        Store.open(tmp_path / "file" / "state")


def test_an_unreachable_database_url_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{tmp_path}/no/such/folder/x.db")


HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from offboarding.state import run_lock
with run_lock(Path(sys.argv[1]), "r1", datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_holds_a_run_and_the_other_is_told_which(state: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunLocked, match=f"process {holder.pid} .* since 2026-01-01"), run_lock(state, "r1", NOW):
        pass
    with run_lock(state, "r2", NOW):
        pass
    holder.kill()
    holder.communicate()
    with (
        run_lock(state, "r1", NOW),
        pytest.raises(RunLocked, match=f"process {os.getpid()}"),
        run_lock(state, "r1", NOW),
    ):
        pass


@pytest.mark.parametrize("name", ["../outside", "", ".", "a/b", "-x"])
def test_a_run_name_cannot_leave_the_state_folder(state: Path, name: str) -> None:
    with pytest.raises(UsageError):
        run_folder(state, name)


def test_threads_and_processes_that_append_at_once_keep_one_chain(state: Path) -> None:
    other = multiprocessing.get_context("spawn").Process(target=_append_many, args=(state, "other", 20))
    other.start()
    book = ledger(state)
    with ThreadPoolExecutor(30) as pool:
        made = list(pool.map(lambda n: book.append("step.intent", "threads", {"number": n}), range(120)))
    other.join(60)
    assert other.exitcode == 0
    assert book.verify().ok
    kept = {event.seq: event for event in book.events("threads")}
    assert len(kept) == 120
    assert all(kept[event.seq] == event for event in made)


def test_a_batch_that_fails_leaves_nothing_and_tells_everybody(state: Path) -> None:
    book = ledger(state)
    begun, go = threading.Event(), threading.Event()

    def slow(last: AuditEvent | None) -> AuditEvent:
        begun.set()
        assert go.wait(10)
        raise OSError("no clock")

    def add(number: int) -> BaseException | None:
        try:
            book.append("step.acting", "r", {"number": number} if number != 7 else {"number": object()})
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be told
            return error
        return None

    with ThreadPoolExecutor(31) as pool:
        first = pool.submit(lambda: book.store.append(slow))
        assert begun.wait(10)
        waiting = [pool.submit(add, number) for number in range(30)]
        while len(book.store._turns.waiting) < 30:
            time.sleep(0.01)
        go.set()
        assert isinstance(first.exception(), OSError)
    told = [one.result() for one in waiting]
    assert book.events() == []
    assert all(told)
    book.append("step.acting", "r", {"number": 1})
    assert book.verify().ok


def test_an_append_that_is_broken_off_before_its_turn_is_not_written_later(state: Path) -> None:
    book = ledger(state)
    main = threading.main_thread().ident
    assert main
    book.store._turns.lock.acquire()
    threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        book.append("step.acting", "r", {"step": "broken off"})
    book.store._turns.lock.release()
    book.append("step.intent", "r", {"step": "next"})
    assert [event.type for event in book.events()] == ["step.intent"]
