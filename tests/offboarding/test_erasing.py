"""A person's contents go for good, and the chain, its checkpoints and its exports stay whole."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from offboarding.approval import approvals
from offboarding.cli import main
from offboarding.containment.kept import kept
from offboarding.containment.standing import Standing
from offboarding.evidence import evidence
from offboarding.ledger import erasing
from offboarding.ledger.chain import ERASED, commitment, erased, next_event, verify_chain
from offboarding.ledger.erasing import NothingToErase, StillOpen
from offboarding.ledger.history import past
from offboarding.ledger.ledger import TAKING_BACK, Ledger
from offboarding.ledger.opening import open_run
from offboarding.ledger.store import Store
from offboarding.optouts import history as optouts
from offkey.errors import Exit, UsageError
from offkey.model import Action, OptOut, Scope, to_json
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
    book.append("optout.requested", "", {"optout": optout("o-sam", SAM)})
    book.append("optout.requested", "", {"optout": optout("o-eve", "eve@example.com")})
    if closed:
        book.append("run.closed", plan.run, {"digest": plan.digest})
    return book, plan.run


def optout(name: str, subject: str) -> OptOut:
    return OptOut(
        id=name,
        subject=subject,
        scope=Scope(systems=("aws",), actions=(Action.REVOKE,)),
        reason="temporary_leave",
        requester="boss@example.com",
        requested_at=NOW,
        not_before=NOW,
        expires_at=NOW + timedelta(days=9),
    )


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
    assert "not erased: the contents of 5 events (run-1)" in capsys.readouterr().err
    assert main(["--yes", "ledger", "erase", SAM, "--reason", "their request", *state]) == Exit.DONE
    capsys.readouterr()
    assert main(["ledger", "export", *state]) == Exit.DONE
    exported = capsys.readouterr().out
    assert SAM not in exported
    lines = [json.loads(line) for line in exported.splitlines()]
    assert list(lines[1]["body"]) == ["committed"]
    assert lines[-1]["body"]["reason"] == "their request"
    assert main(["ledger", "verify", *state]) == Exit.GAPS
    assert "8 events, 5 of them erased: self-consistent" in capsys.readouterr().out
    assert main(["ledger", "erase", *state]) == Exit.DONE
    assert "nothing was left to erase" in capsys.readouterr().out


def test_a_ledger_of_the_former_form_is_read_goes_on_and_says_what_cannot_be_erased(tmp_path: Path) -> None:
    import sqlite3

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


def test_an_opt_out_goes_with_whom_it_was_for_when_it_has_ended(tmp_path: Path) -> None:
    book, _ = told(tmp_path / "s")
    given = replace(optout("o-sam", SAM), approver="ann@example.com", approved_at=NOW)
    book.append(optouts.APPROVED, "", {"optout": given})
    book.append(optouts.USED, "", {"id": "o-sam", "run": "run-1", "where": "plan", "steps": ["s"]})
    with pytest.raises(StillOpen, match="o-sam still holds"):
        erasing.erase(book, erasing.find(book, SAM), "their request")
    book.append(optouts.CANCELLED, "", {"id": "o-sam", "by": "boss@example.com", "why": "not needed"})
    erasing.erase(book, erasing.find(book, SAM), "their request")
    about = book.events("")
    assert [(one.type, erased(one)) for one in about if one.type.startswith("optout.")] == [
        (optouts.REQUESTED, True),
        (optouts.REQUESTED, False),
        (optouts.APPROVED, True),
        (optouts.USED, True),
        (optouts.CANCELLED, False),
    ]
    assert list(optouts.known(about)) == ["o-eve"]
    assert optouts.number_erased(about) == 1
    book.store.close()
    assert SAM.encode() not in files(tmp_path / "s")


def test_what_takes_a_permission_back_cannot_be_erased(tmp_path: Path) -> None:
    """Else whoever can write to the database could revive what was stopped, and the chain would stay whole."""
    assert {optouts.CANCELLED, optouts.EXPIRED, "standing.revoked"} == TAKING_BACK
    book = told(tmp_path / "s")[0]
    for type in sorted(TAKING_BACK):
        event = book.append(type, "", {"id": "o-sam", "standing": "*", "person": "sam"})
        assert book.store.erase([[event.seq, event.seq]]) == 0
        assert event.seq not in erasing.find(book, SAM).numbers


def test_an_erased_use_of_a_standing_approval_counts_for_the_limit_of_the_day() -> None:
    standing = Standing(requester="a", made_at=NOW, expires_at=NOW, covers=(), most_per_person=1, most_per_day=1)
    use = {"standing": standing.digest, "person": "sam", "run": "r", "step": "s"}
    salt = "00" * 32
    made = next_event(None, at=NOW, actor="a", type="standing.made", run="", body={"standing": standing}, salt=salt)
    used = next_event(made, at=NOW, actor="a", type="standing.used", run="", body=use, salt=salt)
    gone = replace(used, salt="", body=commitment(salt, use))
    assert verify_chain([made, gone]).problems
    (before,), (after,) = kept([made, used]).values(), kept([made, gone]).values()
    assert list(before.used.values()) == list(after.used.values()) == [NOW]
    assert [one.person for one in after.used] == [""]


def test_nothing_of_an_erased_run_can_be_gone_on_with(tmp_path: Path) -> None:
    book, run = told(tmp_path / "s")
    plan = past(book.events(run)).plan
    assert plan is not None
    approvals.check_made(plan, book)
    open_run(book, run, "sam", SAM, None)
    erasing.erase(book, erasing.find(book, SAM), "their request")
    size = book.store.size()
    with pytest.raises(approvals.NotThePlan, match="were erased"):
        approvals.check_made(plan, book)
    with pytest.raises(UsageError, match="does not begin again"):
        open_run(book, run, "sam", SAM, None)
    assert book.store.size() == size


def test_one_event_taken_out_of_a_run_stops_it_as_all_of_them_do(tmp_path: Path) -> None:
    """What it would have said, a newer plan or a receipt, is not known."""
    book, run = told(tmp_path / "s")
    plan = past(book.events(run)).plan
    assert plan is not None
    book.store.erase([[4, 4]])
    with pytest.raises(approvals.NotThePlan, match="were erased"):
        approvals.check_made(plan, book)
