"""A writer that is killed, and a journal whose end is torn: the ledger opens whole; what was acknowledged is in it."""

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from tests.offboarding.ledgers import NOW, filled

KILLS = 5
WRITE = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from offboarding.ledger.ledger import Ledger
    from offboarding.ledger.store import Store
    book = Ledger(Store.open(Path(sys.argv[1])), lambda: datetime(2026, 1, 1, tzinfo=UTC), "a")
    print("begun", flush=True)
    number = book.store.size()
    while True:
        number += 1
        book.append("step.intent", "r", {"number": number, "filler": "x" * (number % 5000)})
        print(number, flush=True)
    """
)


def test_writers_killed_at_random_moments_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    state, chance, acknowledged = tmp_path / "s", random.Random(11), 0
    for _ in range(KILLS):
        worker = subprocess.Popen([sys.executable, "-c", WRITE, state], stdout=subprocess.PIPE, text=True)
        assert worker.stdout
        assert worker.stdout.readline() == "begun\n"
        told = [worker.stdout.readline() for _ in range(chance.randrange(6))]
        time.sleep(chance.random() * 0.02)
        worker.kill()
        told += worker.stdout.readlines()
        worker.wait()
        acknowledged = max([acknowledged, *(int(line) for line in told if line.endswith("\n"))])
        store = Store.open(state)
        book = Ledger(store, lambda: NOW, "a")
        assert book.verify().ok
        # One more than acknowledged is possible: written, and killed before it was said.
        assert store.size() in (acknowledged, acknowledged + 1)
        acknowledged = store.size()
        store.close()
    assert acknowledged > KILLS


def journal(folder: Path) -> tuple[bytes, bytes, bytes]:
    """The database, its journal with four events acknowledged, and with the fifth."""
    book = filled(folder, 4)
    before = (folder / "offkey.db-wal").read_bytes()
    book.append("step.intent", "r", {"step": 4, "filler": "x" * 3000})
    after = (folder / "offkey.db-wal").read_bytes()
    content = (folder / "offkey.db").read_bytes()
    book.store.close()
    return content, before, after


def reopened(folder: Path, content: bytes, wal: bytes) -> Ledger:
    folder.mkdir(mode=0o700)
    (folder / "offkey.db").write_bytes(content)
    (folder / "offkey.db-wal").write_bytes(wal)
    return Ledger(Store.open(folder), lambda: NOW, "a")


@pytest.mark.parametrize("how", ["torn", "flipped", "zeroed"])
def test_a_torn_last_write_loses_that_event_alone_and_the_ledger_goes_on(tmp_path: Path, how: str) -> None:
    content, before, after = journal(tmp_path / "s")
    assert after[: len(before)] == before
    chance = random.Random(5)
    for number in range(12):
        at = chance.randrange(len(before), len(after))
        wal = {
            "torn": after[:at],
            "flipped": after[:at] + bytes([after[at] ^ 0x40]) + after[at + 1 :],
            "zeroed": after[:at] + bytes(len(after) - at),
        }[how]
        book = reopened(tmp_path / f"{how}-{number}", content, wal)
        assert book.verify().ok
        # The last frame of a transaction commits it; whatever is missing before that takes the whole event with it.
        assert book.store.size() in ((4,) if wal != after else (5,))
        book.append("run.closed", "r", {})
        assert book.verify().ok
        book.store.close()


def test_a_journal_cut_among_what_was_acknowledged_is_a_cut_tail_that_a_checkpoint_finds(tmp_path: Path) -> None:
    book = filled(tmp_path / "s", 4)
    kept = book.checkpoint()
    content = (tmp_path / "s" / "offkey.db").read_bytes()
    wal = (tmp_path / "s" / "offkey.db-wal").read_bytes()
    book.store.close()
    sizes = set()
    for number, at in enumerate(range(len(wal) // 3, len(wal), len(wal) // 9)):
        torn = reopened(tmp_path / f"t{number}", content, wal[:at])
        assert torn.verify().ok
        sizes.add(torn.store.size())
        assert torn.verify(kept).ok == (torn.store.size() >= 4)
        torn.store.close()
    assert min(sizes) < 4
