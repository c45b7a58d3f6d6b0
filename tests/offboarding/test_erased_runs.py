"""After an erasure every command that reads the ledger still works, and says of what nothing is known any more."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from offboarding.cli import main
from offboarding.formats.export import FORMS
from offboarding.ledger import erasing
from offboarding.mirror import run_folder
from offkey.errors import Exit
from tests.offboarding.test_erasing import SAM, told

PEOPLE = """
- {id: sam, names: [Sam Rivera], emails: [sam@example.com], left_at: 2026-11-01}
- {id: eve, emails: [eve@example.com]}
"""
NOTE = "erased, so that nothing is known of it any more: run run-1"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """A folder with a ledger from which Sam was erased; runs a command in it: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("organisation.key").write_bytes(b"k" * 32)
    Path("organisation.key").chmod(0o600)
    Path("people.yaml").write_text(PEOPLE)
    Path("offkey.toml").write_text(
        '[organisation]\nkey = "file:organisation.key"\nstate = "state"\n[directory]\npeople = "people.yaml"\n'
        '[optouts]\nowners = ["ann@example.com"]\n'
    )
    book, run = told(tmp_path / "state")
    (run_folder(tmp_path / "state", run) / "mirrors" / "app.git").mkdir(parents=True)
    book.store.close()

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--yes", *words])
        return code, *capsys.readouterr()

    assert call("ledger", "erase", SAM, "--reason", "their request")[0] == Exit.DONE
    return call


def test_the_copies_of_repositories_go_with_the_run(office: Call) -> None:
    assert run_folder(Path("state"), "run-1").is_dir()
    assert not (run_folder(Path("state"), "run-1") / "mirrors").exists()


def test_an_erasure_that_is_ended_later_takes_the_copies_too(office: Call) -> None:
    (run_folder(Path("state"), "run-1") / "mirrors").mkdir()
    assert office("ledger", "erase")[:2] == (Exit.DONE, "nothing was left to erase\n")
    assert not (run_folder(Path("state"), "run-1") / "mirrors").exists()


def test_leavers_due_says_why_somebody_looks_as_if_nothing_was_done(office: Call) -> None:
    code, out, err = office("leavers", "due", "--format", "json")
    assert (code, json.loads(out)[0]["status"]) == (Exit.OPEN, "missing")
    assert NOTE in err
    assert NOTE in office("leavers", "due")[2]
    period = ("--from", "2026-10-01", "--to", "2026-12-01")
    code, _, err = office("report", "--population", *period)
    assert (code, NOTE in err) == (Exit.OPEN, True)


def test_checks_go_on_without_the_erased_run(office: Call) -> None:
    code, _, err = office("verify", "--due")
    assert (code, NOTE in err) == (Exit.DONE, True)
    code, _, err = office("verify", "run-1")
    assert (code, "the contents of run run-1 were erased" in err) == (Exit.NOTHING_EXAMINED, True)


def test_a_report_of_the_erased_run_is_refused_with_the_reason(office: Call) -> None:
    code, _, err = office("report", "run-1")
    assert (code, "the contents of run run-1 were erased" in err) == (Exit.NOTHING_EXAMINED, True)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_export_has_a_line_for_each_event_and_no_name(office: Call, form: str) -> None:
    code, out, _ = office("ledger", "export", "--format", form)
    assert (code, len(out.splitlines())) == (Exit.DONE, 8)
    assert "sam" not in out.lower().replace("same", "")
    assert out.count("committed" if form in ("jsonl", "cloudevents") else "(erased)") == 5
    assert "eve" in out


def test_the_gates_list_is_made_and_says_what_it_does_not_know(office: Call) -> None:
    code, out, err = office("gate", "export", "--output", "list.json")
    assert (code, NOTE in err) == (Exit.DONE, True)
    assert "0 credentials of 0 runs" in out


def test_opt_outs_of_others_are_listed_and_the_erased_are_counted(office: Call) -> None:
    code, out, err = office("optout", "list")
    assert (code, "o-eve" in out, "o-sam" in out) == (Exit.DONE, True, False)
    assert "erased with those for whom they were: 1" in err
    assert office("optout", "due")[0] == Exit.DONE
    assert office("optout", "show", "o-sam")[0] == Exit.USAGE


def test_the_note_names_no_more_runs_than_can_be_read() -> None:
    assert erasing.note(()) == ""
    assert erasing.note([f"r{number}" for number in range(25)]).endswith(
        "runs " + ", ".join(f"r{n}" for n in range(20)) + " and 5 more"
    )
