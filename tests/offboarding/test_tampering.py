"""Every way to tamper with a ledger that we could think of, on SQLite: found by itself, or with an outside checkpoint.

Prints the matrix: `python -m pytest tests/offboarding/test_tampering.py -s`.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offboarding.ledger import erasing
from offboarding.ledger.chain import ERASED, Checkpoint
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import OffkeyError
from tests.offboarding.ledgers import NOW, filled

EVENTS = 4
COLUMNS = {
    "events": ("seq", "at", "actor", "type", "run", "body", "prev", "hash"),
    "openings": ("seq", "salt", "opened"),
}
STEP = 1 if os.environ.get("OFFKEY_EVERY_BYTE") else 61
"""Of the file every so manieth byte is changed in turn, each at another bit; of rows every character."""


@dataclass(frozen=True)
class Kept:
    """A whole ledger, closed, and the checkpoint that is kept elsewhere."""

    folder: Path
    checkpoint: Checkpoint

    @property
    def content(self) -> bytes:
        return (self.folder / "offkey.db").read_bytes()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept") / "state"
    book = filled(folder, EVENTS)
    checkpoint = book.checkpoint()
    book.store.close()
    assert sorted(file.name for file in folder.iterdir()) == ["offkey.db"]  # nothing is left in a journal
    return Kept(folder, checkpoint)


def judged(folder: Path, checkpoint: Checkpoint | None) -> str:
    """ "found", or what is said of the ledger. An error is found, too: nothing is taken for whole."""
    try:
        store = Store.open(folder)
    except OffkeyError:
        return "found"
    try:
        verdict = Ledger(store, lambda: NOW, "a").verify(*([checkpoint] if checkpoint else []))
    except OffkeyError:
        return "found"
    finally:
        store.close()
    if not verdict.ok:
        return "found"
    return "whole" if verdict.anchored or not checkpoint else "self-consistent"


def run_sql(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "offkey.db")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def copied(kept: Kept, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(kept.folder, to)
    return to


def test_what_was_not_touched_is_whole(kept: Kept, tmp_path: Path) -> None:
    assert judged(copied(kept, tmp_path / "s"), kept.checkpoint) == "whole"
    assert judged(copied(kept, tmp_path / "s"), None) == "whole"


def flips(kept: Kept) -> Iterator[tuple[str, int, str, int]]:
    """Table, event, column and position of every character of every row."""
    connection = sqlite3.connect(kept.folder / "offkey.db")
    for table, columns in COLUMNS.items():
        for row in connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY seq"):
            for column, value in zip(columns, row, strict=True):
                for at in range(len(str(value))):
                    yield table, int(row[0]), column, at
    connection.close()


def test_every_changed_character_of_every_row_is_found(kept: Kept, tmp_path: Path) -> None:
    """In one open file, each change made, judged and taken back, so that all of them can be tried."""
    folder, tried, missed = copied(kept, tmp_path / "s"), 0, []
    store = Store.open(folder)
    book, other = Ledger(store, lambda: NOW, "a"), sqlite3.connect(folder / "offkey.db")
    for table, seq, column, at in flips(kept):
        (value,) = other.execute(f"SELECT {column} FROM {table} WHERE seq = {seq}").fetchone()
        text = str(value)
        changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        if column == "seq" and other.execute(f"SELECT 1 FROM {table} WHERE seq = {int(changed)}").fetchone():
            changed = "9"
        new: str | int = int(changed) if column == "seq" else changed
        other.execute(f"UPDATE {table} SET {column} = ? WHERE seq = ?", (new, seq))
        other.commit()
        tried += 1
        if book.verify().ok:
            missed.append((table, seq, column, at))
        back = int(new) if column == "seq" else seq
        other.execute(f"UPDATE {table} SET {column} = ? WHERE seq = ?", (value, back))
        other.commit()
    assert book.verify(kept.checkpoint).anchored
    other.close()
    store.close()
    print(f"\n{tried} changed characters of rows, {tried - len(missed)} found")
    assert tried > 1000
    assert missed == []


def test_no_changed_byte_of_the_file_changes_what_the_ledger_says(kept: Kept, tmp_path: Path) -> None:
    """A byte of the file is in use, and then its change is found; or it is not, and the events are what they were."""
    original = kept.content
    store = Store.open(copied(kept, tmp_path / "whole"))
    events = store.events()
    store.close()
    folder, found, unused, missed = tmp_path / "s", 0, 0, []
    for at in range(0, len(original), STEP):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        changed = bytearray(original)
        changed[at] ^= 1 << at % 8
        (folder / "offkey.db").write_bytes(changed)
        if judged(folder, kept.checkpoint) == "found":
            found += 1
            continue
        store = Store.open(folder)
        if store.events() == events:
            unused += 1
        else:
            missed.append(at)
        store.close()
    print(f"\n{found + unused} changed bytes of the file: {found} found, {unused} in no use (nothing read differs)")
    assert found > 20
    assert missed == []


def test_an_event_that_an_index_hides_is_found(kept: Kept, tmp_path: Path) -> None:
    """Runs are read by an index: what it leaves out nobody sees, though the chain has it."""
    folder = copied(kept, tmp_path / "s")
    content = bytearray(kept.content)
    connection = sqlite3.connect(folder / "offkey.db")
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_events_run'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    entry = content.rindex(b"r", 0, page * size)  # the run's name in the last entry of that page
    content[entry] = ord("q")
    (folder / "offkey.db").write_bytes(content)
    store = Store.open(folder)
    assert (len(store.events("r")), len(store.events())) == (EVENTS - 1, EVENTS)
    store.close()
    assert judged(folder, kept.checkpoint) == "found"


@pytest.mark.parametrize(
    "spans", [[[2, 10**9]], [[5, 5]], [[3, 1]], [[0, 2]], [[1]], [[1, 2, 3]], [["a", "b"]], "abc", 5, None]
)
def test_nothing_is_erased_but_what_was_there_before(kept: Kept, tmp_path: Path, spans: object) -> None:
    """An event that erases what is to come would let anybody take that out later without a word."""
    store = Store.open(copied(kept, tmp_path / "s"))
    book = Ledger(store, lambda: NOW, "mallory@example.com")
    book.append(ERASED, "", {"spans": spans, "reason": "none"})
    assert "erases what was not there before it" in book.verify(kept.checkpoint).text
    assert erasing.again(book) == 0
    store.close()


def cut(folder: Path, scratch: Path) -> None:
    run_sql(folder, f"DELETE FROM events WHERE seq = {EVENTS}", f"DELETE FROM openings WHERE seq = {EVENTS}")


def delete(folder: Path, scratch: Path) -> None:
    run_sql(folder, "DELETE FROM events WHERE seq = 2", "DELETE FROM openings WHERE seq = 2")


def close_the_gap(folder: Path, scratch: Path) -> None:
    delete(folder, scratch)
    for table in COLUMNS:
        run_sql(folder, *(f"UPDATE {table} SET seq = {n - 1} WHERE seq = {n}" for n in range(3, EVENTS + 1)))


def reorder(folder: Path, scratch: Path) -> None:
    for table in COLUMNS:
        run_sql(folder, *(f"UPDATE {table} SET seq = {b} WHERE seq = {a}" for a, b in ((2, 99), (3, 2), (99, 3))))


def swap_contents(folder: Path, scratch: Path) -> None:
    run_sql(folder, *(f"UPDATE openings SET seq = {b} WHERE seq = {a}" for a, b in ((2, 99), (3, 2), (99, 3))))


def insert(folder: Path, scratch: Path) -> None:
    columns = "at, actor, type, run, body, prev"
    statement = (
        f"INSERT INTO events (seq, {columns}, hash) SELECT {EVENTS + 1}, {columns}, 'sha256:' || hex(randomblob(32))"
    )
    run_sql(folder, f"{statement} FROM events WHERE seq = {EVENTS}")


def repeat(folder: Path, scratch: Path) -> None:
    """The last event once more, its number and its hash made to fit."""
    store = Store.open(folder)
    Ledger(store, lambda: NOW, "sec@example.com").append("step.intent", "r", {"step": EVENTS - 1})
    store.close()
    run_sql(folder, f"UPDATE events SET prev = (SELECT prev FROM events WHERE seq = {EVENTS}) WHERE seq = {EVENTS + 1}")


def hide_contents(folder: Path, scratch: Path) -> None:
    run_sql(folder, "DELETE FROM openings WHERE seq = 2")


def empty(folder: Path, scratch: Path) -> None:
    run_sql(folder, "DELETE FROM events", "DELETE FROM openings")


def replace(folder: Path, scratch: Path) -> None:
    """Another ledger, whole in itself, of as many events and more."""
    shutil.rmtree(folder)
    filled(folder, EVENTS + 3, "mallory@example.com").store.close()


def roll_back(folder: Path, scratch: Path) -> None:
    """The ledger as it was an hour ago, to which something else was then appended."""
    cut(folder, scratch)
    store = Store.open(folder)
    book = Ledger(store, lambda: NOW, "sec@example.com")
    for number in range(3):
        book.append("step.intent", "other", {"step": number})
    store.close()


ALONE, OUTSIDE = "by itself", "with an outside checkpoint"
MATRIX: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "an event deleted in the middle": (delete, ALONE),
    "an event deleted and the gap closed": (close_the_gap, ALONE),
    "two events in each other's place": (reorder, ALONE),
    "two events' contents in each other's place": (swap_contents, ALONE),
    "an event inserted": (insert, ALONE),
    "an event repeated": (repeat, ALONE),
    "an event's contents taken out without an erasure": (hide_contents, ALONE),
    "the tail cut off": (cut, OUTSIDE),
    "everything deleted": (empty, OUTSIDE),
    "replaced by another whole ledger": (replace, OUTSIDE),
    "rolled back, then continued": (roll_back, OUTSIDE),
}


@pytest.mark.parametrize("name", MATRIX)
def test_the_matrix_of_tampering(kept: Kept, tmp_path: Path, name: str) -> None:
    """Found by itself where that is possible at all, and never whole with an outside checkpoint."""
    tamper, how = MATRIX[name]
    folder = copied(kept, tmp_path / "s")
    tamper(folder, tmp_path)
    alone, outside = judged(folder, None), judged(folder, kept.checkpoint)
    print(f"\n| {name} | {'found' if alone == 'found' else 'self-consistent'} | {outside} |")
    assert outside == "found"
    assert (alone == "found") == (how == ALONE)
