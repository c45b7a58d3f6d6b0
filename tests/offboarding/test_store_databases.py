"""The store alike on SQLite and on a real PostgreSQL: one chain, nothing changed unseen, what is erased is gone."""

import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy

from offboarding.configuration import config
from offboarding.database import StoreCorrupt, StoreError
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger, LedgerError
from offboarding.ledger.store import Store
from offkey.errors import Exit
from tests.offboarding import ledgers
from tests.offboarding.ledgers import NOW, filled
from tests.revokers import servers


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not servers.POSTGRES:
        pytest.skip("there is no PostgreSQL server program here")
    with ledgers.postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+pysqlite:///{tmp_path / 'ledger.db'}"
    return ledgers.emptied(request.getfixturevalue("server"))


def run_sql(where: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(where)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def book_at(where: str) -> Ledger:
    return Ledger(Store.open(where), lambda: NOW, "sec@example.com")


def test_events_come_back_and_go_on_after_opening_again(where: str) -> None:
    book = filled(where, 3)
    first = book.append("plan.made", "r2", {"text": 'ü "quoted" \\ \n line, \u2028', "none": None, "yes": True})
    kept = book.checkpoint()
    book.store.close()
    again = book_at(where)
    assert again.events("r2") == [first]
    assert again.runs() == ["r", "r2"]
    again.append("run.closed", "r", {})
    assert [event.seq for event in again.events()] == [1, 2, 3, 4, 5]
    assert again.verify(kept).anchored
    assert (again.store.size(), again.store.newest(excepting=("run.closed",))) == (5, 4)
    assert [event.seq for event in again.store.stream("r", backwards=True)] == [5, 3, 2, 1]
    again.store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE openings SET opened = replace(opened, '1', '2') WHERE seq = 2",
        "UPDATE openings SET opened = opened || ' ' WHERE seq = 2",
        "UPDATE openings SET salt = upper(salt) WHERE seq = 2",
        "UPDATE openings SET salt = salt || '00' WHERE seq = 2",
        "DELETE FROM openings WHERE seq = 2",
        "UPDATE events SET body = replace(body, 'a', 'b') WHERE seq = 2",
        "UPDATE events SET at = replace(at, 'Z', '+00:00') WHERE seq = 2",
        "UPDATE events SET hash = upper(hash) WHERE seq = 2",
        "UPDATE events SET seq = 9 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
    ],
)
def test_a_change_made_with_other_tools_is_found(where: str, statement: str) -> None:
    filled(where).store.close()
    run_sql(where, statement)
    book = book_at(where)
    assert not book.verify().ok
    book.store.close()


def test_a_cut_tail_is_found_with_a_checkpoint_alone(where: str) -> None:
    book = filled(where)
    kept = book.checkpoint()
    run_sql(where, "DELETE FROM events WHERE seq > 3")
    assert book.verify().ok
    assert "cut off" in book.verify(kept).text
    book.store.close()


def _append_many(where: str, name: str, count: int) -> None:
    book = Ledger(Store.open(where), lambda: NOW, name)
    for number in range(count):
        book.append("step.intent", name, {"number": number})
    book.store.close()


def test_processes_and_threads_that_append_at_once_keep_one_chain(where: str) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(where, f"w{n}", 10)) for n in range(2)]
    for worker in workers:
        worker.start()
    book = book_at(where)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: book.append("step.intent", "threads", {"number": n}), range(40)))
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [event.seq for event in book.events()] == list(range(1, 61))
    assert book.verify().ok
    book.store.close()


def test_writers_take_turns_whatever_isolation_the_server_has_by_default(server: str) -> None:
    strict = ledgers.emptied(server) + "?options=-c%20default_transaction_isolation%3Dserializable"
    books = [book_at(strict) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        told = [pool.submit(lambda book: [book.append("a", "r", {"n": n}) for n in range(25)], book) for book in books]
    assert [len(one.result()) for one in told] == [25, 25]
    assert [event.seq for event in books[0].events()] == list(range(1, 51))
    for book in books:
        book.store.close()


def test_an_event_that_cannot_be_made_leaves_nothing(where: str) -> None:
    book = filled(where, 2)
    with pytest.raises(Exception, match="object"):
        book.append("step.acting", "r", {"number": object()})
    assert book.store.size() == 2
    book.append("step.acting", "r", {})
    assert book.verify().ok
    book.store.close()


def test_what_is_erased_is_gone_and_the_rest_is_not(where: str) -> None:
    book = filled(where)
    assert book.store.erase([[2, 3]]) == 2
    assert book.store.erase([[2, 3]]) == 0
    assert [set(event.body) for event in book.events()] == [{"step"}, {"committed"}, {"committed"}, {"step"}]
    assert not book.verify().ok  # no event says so
    book.append("ledger.erased", "", {"spans": [[2, 3]], "reason": "x"})
    assert book.verify().ok
    book.store.close()


def test_a_store_of_another_version_is_refused(where: str) -> None:
    filled(where).store.close()
    run_sql(where, "UPDATE meta SET value = '99'")
    with pytest.raises(StoreCorrupt, match="schema version 99"):
        Store.open(where)


def test_a_store_that_is_refused_leaves_no_connection_behind(server: str) -> None:
    filled(ledgers.emptied(server)).store.close()
    run_sql(server, "UPDATE meta SET value = '99'")
    with pytest.raises(StoreCorrupt) as refused:
        Store.open(server)
    engine = sqlalchemy.create_engine(server)
    with engine.connect() as connection:
        query = sqlalchemy.text(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        for _ in range(50):  # the server takes a moment to notice that a connection was closed
            left = connection.scalar(query)
            if not left:
                break
            time.sleep(0.1)
    engine.dispose()
    assert (left, refused.value.exit_code) == (0, Exit.ERROR)


def test_the_configured_database_is_the_ledger(server: str, tmp_path: Path) -> None:
    reference = tmp_path / "database"
    reference.write_text(ledgers.emptied(server) + "\n")
    reference.chmod(0o600)
    (tmp_path / "offkey.toml").write_text('[ledger]\ndatabase = "file:database"\n')
    settings = config.load(tmp_path / "offkey.toml")
    store = opened(settings, tmp_path / "state")
    Ledger(store, lambda: NOW, "a").append("run.opened", "r", {})
    store.close()
    again = Store.open(server)
    assert again.runs() == ["r"]
    assert again.where.count("***") == 1  # the password is not told
    again.close()
    assert not (tmp_path / "state" / "offkey.db").exists()


@pytest.mark.parametrize("url", ["mysql://a@b/c", "nonsense", "oracle+nothing://x", ""])
def test_a_database_that_is_none_of_ours_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        Store.open(url)


def test_a_server_that_is_not_there_is_an_error_with_advice() -> None:
    port = servers.free_port()
    with pytest.raises((StoreError, LedgerError)) as caught:
        Store.open(f"postgresql+psycopg://a:{'x' * 9}@127.0.0.1:{port}/b")
    assert caught.value.advice
    assert "x" * 9 not in str(caught.value)
    assert sys.modules["psycopg"]
