"""A person's contents go for good, and the chain, its checkpoints and its exports stay whole."""

import json
from pathlib import Path

import pytest

from offboarding.cli import main
from offboarding.evidence import evidence
from offboarding.ledger import erasing
from offboarding.ledger.chain import ERASED, erased, verify_chain
from offboarding.ledger.erasing import NothingToErase, StillOpen
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import Exit, UsageError
from offkey.model import to_json
from tests.offboarding.cases import plan_of
from tests.offboarding.ledgers import NOW

SAM = "sam@example.com"
NAMES = (b"sam@example.com", b"Sam Rivera", b"samr")


def told(state: Path, *, closed: bool = True) -> tuple[Ledger, str]:
    """A ledger with a run of Sam's between events of Eve's."""
    book = Ledger(Store.open(state), lambda: NOW, "sec@example.com")
    plan = plan_of()
    book.append("run.opened", "eves", {"person": "eve", "subject": "eve@example.com", "trigger": None})
    book.append("run.opened", plan.run, {"person": "sam", "subject": SAM, "trigger": None})
    book.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
    book.append("apply.started", plan.run, {"digest": plan.digest})
    book.append("optout.requested", "", {"subject": SAM, "scope": "aws", "reason": "leave"})
    book.append("optout.requested", "", {"subject": "eve@example.com", "scope": "aws", "reason": "leave"})
    if closed:
        book.append("run.closed", plan.run, {"digest": plan.digest})
    return book, plan.run


def files(state: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(state.iterdir()))


def test_plans_are_found_again_before_and_gone_after(tmp_path: Path) -> None:
    book, run = told(tmp_path / "s")
    plan = past(book.events(run)).plan
    assert plan is not None
    assert plan.person.id == "sam"
    kept = book.checkpoint()
    assert all(name in files(tmp_path / "s") for name in NAMES[:2])
    event = erasing.erase(book, erasing.find(book, SAM), "their request of 2 May")
    assert event.type == ERASED
    assert event.body["spans"] == [[2, 5], [7, 7]]
    assert book.verify(kept).anchored
    after = past(book.events(run))
    assert (after.plan, after.erased) == (None, True)
    assert [erased(one) for one in book.events()] == [False, True, True, True, True, False, True, False]
    book.store.close()
    assert not [name for name in NAMES if name in files(tmp_path / "s")]
    assert b"eve@example.com" in files(tmp_path / "s")


def test_whoever_is_told_nothing_cannot_guess_the_name_from_what_is_left(tmp_path: Path) -> None:
    one, other = told(tmp_path / "a")[0], told(tmp_path / "b")[0]
    first, second = one.events()[0], other.events()[0]
    assert first.body == second.body
    assert first.hash != second.hash  # a salt of its own stands in each


def test_an_evidence_folder_of_what_was_erased_is_refused_with_the_reason(tmp_path: Path) -> None:
    book, run = told(tmp_path / "s")
    erasing.erase(book, erasing.find(book, "sam"), "their request")
    with pytest.raises(evidence.NothingToSeal, match="were erased"):
        evidence.build(book.events(), run, b"")


def test_a_kill_between_recording_and_erasing_is_ended_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, run = told(tmp_path / "s")
    found = erasing.find(book, SAM)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "again", lambda ledger: None)
        erasing.erase(book, found, "their request")
    assert past(book.events(run)).plan is not None
    assert erasing.again(book) == len(found.numbers) == 5
    assert erasing.again(book) == 0
    assert past(book.events(run)).plan is None
    assert book.verify().ok


def test_contents_put_back_from_elsewhere_must_be_the_ones_that_were_committed_to(tmp_path: Path) -> None:
    book, _ = told(tmp_path / "s")
    events = book.events()
    assert verify_chain(events).ok
    from dataclasses import replace

    forged = [replace(one, body={**one.body, "person": "eve"}) if one.seq == 2 else one for one in events]
    assert "event 2 was changed" in verify_chain(forged).text


def test_a_reason_is_needed_and_must_not_name_the_person(tmp_path: Path) -> None:
    book, _ = told(tmp_path / "s")
    found = erasing.find(book, "sam")
    for reason in ("", "  ", "request by Sam@Example.com"):
        with pytest.raises(UsageError):
            erasing.erase(book, found, reason)
    with pytest.raises(NothingToErase):
        erasing.erase(book, erasing.find(book, "nobody@example.com"), "request")


def test_a_run_that_was_begun_and_is_not_closed_is_not_erased(tmp_path: Path) -> None:
    book, _ = told(tmp_path / "s", closed=False)
    with pytest.raises(StillOpen):
        erasing.erase(book, erasing.find(book, SAM), "their request")
    assert not any(map(erased, book.events()))


def test_the_command_erases_and_the_export_shows_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(tmp_path / "s")]
    told(tmp_path / "s")[0].store.close()
    assert main(["ledger", "erase", SAM, "--reason", "their request", *state]) == Exit.USAGE
    assert main(["--yes", "ledger", "erase", SAM, "--reason", "their request", *state]) == Exit.DONE
    capsys.readouterr()
    assert main(["ledger", "export", *state]) == Exit.DONE
    exported = capsys.readouterr().out
    assert SAM not in exported
    lines = [json.loads(line) for line in exported.splitlines()]
    assert list(lines[1]["body"]) == ["committed"]
    assert lines[-1]["body"]["reason"] == "their request"
    assert main(["ledger", "verify", *state]) == Exit.GAPS
    assert main(["ledger", "erase", *state]) == Exit.DONE


def test_a_ledger_of_the_former_form_is_read_goes_on_and_says_what_cannot_be_erased(tmp_path: Path) -> None:
    import sqlite3

    from offboarding.ledger.chain import next_event

    book = Ledger(Store.open(tmp_path / "s"), lambda: NOW, "sec@example.com")
    body = {"person": "sam", "subject": SAM, "trigger": None}
    book.store.append(lambda last: next_event(last, at=NOW, actor="a", type="run.opened", run="r", body=body))
    book.store.close()
    old = sqlite3.connect(tmp_path / "s" / "offkey.db")
    old.execute("DROP TABLE openings")
    old.execute("UPDATE meta SET value = '1'")
    old.commit()
    old.close()
    book = Ledger(Store.open(tmp_path / "s"), lambda: NOW, "sec@example.com")
    book.append("run.closed", "r", {})
    assert book.verify().ok
    found = erasing.find(book, SAM)
    assert (found.numbers, found.fixed) == ((2,), (1,))
