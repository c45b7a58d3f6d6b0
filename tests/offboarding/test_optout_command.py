"""`offkey optout` as a user meets it: real files, real keys, the real command line."""

import io
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from offboarding import cli, ui
from offboarding.commands import optout as command
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import taken
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from tests import needs

pytestmark = needs.OPENSSH

CONFIG = """
[organisation]
state = "state"
requester = "boss@example.com"
[directory]
people = "people.yaml"
[approvers]
register = "approvers"
[optouts]
owners = ["ann@example.com"]
stream = "told.jsonl"
[providers.vercel]
[providers.slack]
"""
PEOPLE = """
- {id: sam, emails: [sam@example.com], accounts: {github: samr, github.id: 77}}
- {id: boss, emails: [boss@example.com]}
"""
ASK = ("add", "sam@example.com", "--system", "vercel", "--action", "REVOKE", "REMOVE", "--reason", "temporary_leave")
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        public = " ".join(self.key.with_suffix(".pub").read_text().split()[:2])
        (folder / "approvers").write_text(f'ann@example.com namespaces="offkey-plan,offkey-optout" {public}\n')
        (folder / "offkey.toml").write_text(CONFIG)
        (folder / "people.yaml").write_text(PEOPLE)

    def call(self, *words: str, yes: bool = True) -> tuple[Exit, str]:
        """Run `offkey optout`; an error that the command line would show is raised."""
        out = io.StringIO()
        args = cli.parser("optout").parse_args(["--config", str(self.folder / "offkey.toml"), "optout", *words])
        shown = UI(Console(file=out, width=200), Console(file=out, width=200), yes)
        return command.run(args, shown), out.getvalue()

    def code(self, *words: str) -> int:
        """The exit code of the whole command line."""
        return cli.main(["--config", str(self.folder / "offkey.toml"), "--yes", "optout", *words])

    def listed(self) -> list[dict[str, str]]:
        _, text = self.call("list", "--format", "json")
        found: list[dict[str, str]] = json.loads(text)
        return found

    def ask(self, *more: str) -> str:
        assert self.call(*ASK, "--until", TOMORROW, *more)[0] is Exit.WAITS_FOR_APPROVAL
        return self.listed()[-1]["id"]

    def approve(self, name: str, *more: str) -> tuple[Exit, str]:
        return self.call("approve", name, "--as", "ann@example.com", "--key", str(self.key), *more)

    def told(self) -> list[str]:
        lines = (self.folder / "told.jsonl").read_text().splitlines()
        return [json.loads(line)["type"].rpartition(".")[2] for line in lines]

    def types(self) -> list[str]:
        store = Store.open(self.folder / "state")
        try:
            return [event.type for event in Ledger(store, lambda: datetime.now(UTC), "x").events()]
        finally:
            store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def states(desk: Desk) -> Sequence[str]:
    return [one["state"] for one in desk.listed()]


def test_an_opt_out_is_asked_for_approved_listed_and_cancelled(desk: Desk) -> None:
    name = desk.ask("--ticket", "OPS-1")
    assert states(desk) == ["waits"]
    code, text = desk.approve(name)
    assert code is Exit.DONE
    assert "REMOVE, REVOKE at vercel" in text
    assert states(desk) == ["in force"]
    assert desk.call("cancel", name, "--why", "done")[0] is Exit.DONE
    assert states(desk) == ["ended"]
    assert desk.types() == ["optout.requested", "optout.approved", "optout.cancelled"]
    assert desk.told() == ["requested", "approved", "cancelled"]
    code, text = desk.call("show", name)
    assert "cancelled by boss@example.com: done" in text
    assert "OPS-1" in text


def test_it_can_be_signed_by_hand(desk: Desk) -> None:
    name = desk.ask()
    code, text = desk.call("approve", name, "--as", "ann@example.com")
    assert code is Exit.WAITS_FOR_APPROVAL
    (statement,) = (desk.folder / "state" / "optouts").iterdir()
    assert "-n offkey-optout" in text
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "offkey-optout", "-f", str(desk.key), str(statement)], check=True
    )
    signature = str(statement.with_name(statement.name + ".sig"))
    assert desk.call("approve", name, "--as", "ann@example.com", "--signature", signature)[0] is Exit.DONE
    assert states(desk) == ["in force"]


def test_nothing_is_signed_without_a_yes(desk: Desk) -> None:
    name = desk.ask()
    args = ("approve", name, "--as", "ann@example.com", "--key", str(desk.key))
    assert desk.call(*args, yes=False)[0] is Exit.WAITS_FOR_APPROVAL
    assert states(desk) == ["waits"]


def test_an_approval_that_does_not_count_is_refused_and_recorded(desk: Desk) -> None:
    name = desk.ask()
    assert desk.code("approve", name, "--as", "boss@example.com", "--key", str(desk.key)) == Exit.WAITS_FOR_APPROVAL
    assert desk.types()[-1] == "optout.refused"
    assert desk.told()[-1] == "refused"
    other = desk.folder / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    assert desk.code("approve", name, "--as", "ann@example.com", "--key", str(other)) == Exit.WAITS_FOR_APPROVAL
    assert states(desk) == ["waits"]


def test_what_is_cancelled_is_not_approved_any_more(desk: Desk) -> None:
    name = desk.ask()
    desk.call("cancel", name, "--why", "no need")
    assert desk.code("approve", name, "--as", "ann@example.com", "--key", str(desk.key)) == Exit.WAITS_FOR_APPROVAL
    assert states(desk) == ["ended"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "sam@example.com", "--reason", "legal_hold", "--until", TOMORROW), "at least one system"),
        ((*ASK, "--until", "2026-13-45"), "is no time"),
        ((*ASK, "--until", "2020-01-01"), "end before it begins"),
        ((*ASK, "--until", "2026-12-24T17:00:00"), "needs its zone"),
        ((*ASK, "--until", TOMORROW, "--system", "vercell"), "is no system"),
        ((*ASK, "--until", TOMORROW, "--system", "slack"), "every configured system"),
        (("approve", "o-nothing", "--as", "ann@example.com"), "there is no opt-out"),
        (("cancel", "o-nothing", "--why", "x"), "there is no opt-out"),
        (("show", "o-nothing"), "there is no opt-out"),
    ],
)
def test_a_wrong_call_is_refused_and_records_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    assert desk.code(*words) == Exit.USAGE
    assert why in capsys.readouterr().err
    assert desk.types() == []


def test_the_list_is_open_without_owners_register_or_directory(desk: Desk) -> None:
    desk.approve(desk.ask())
    (desk.folder / "people.yaml").unlink()
    (desk.folder / "approvers").unlink()
    (one,) = desk.listed()
    assert one["state"] == "void"
    assert "cannot be verified" in one["why"]


def test_a_changed_ledger_has_no_opt_outs_that_hold(desk: Desk) -> None:
    name = desk.ask()
    desk.approve(name)
    store = Store.open(desk.folder / "state")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET actor = 'eve' WHERE seq = 1")
    store.close()
    assert states(desk) == ["void"]
    other = desk.code("approve", name, "--as", "ann@example.com", "--key", str(desk.key))
    assert other == Exit.WAITS_FOR_APPROVAL


def test_plan_takes_up_what_holds_and_goes_on_for_whom_one_was_when_it_has_ended(desk: Desk) -> None:
    from offboarding.configuration import config

    name = desk.ask()
    settings, state = config.load(desk.folder / "offkey.toml"), desk.folder / "state"
    screen = ui.make()
    assert taken.standing(settings, state, "r1", screen) == ()
    desk.approve(name)
    (held,) = taken.standing(settings, state, "r1", screen)
    assert held.id == name
    with pytest.raises(UsageError, match="still holds"):
        taken.resumed(settings, state, name)
    desk.call("cancel", name, "--why", "x")
    assert taken.resumed(settings, state, name) == "sam"
    assert taken.standing(settings, state, "r1", screen) == ()


def test_names_of_strangers_do_not_drive_the_terminal(desk: Desk) -> None:
    name = desk.ask("--ticket", "\x1b[31mred[bold]")
    _, text = desk.call("show", name)
    assert "\x1b" not in text
    assert "[bold]" in text
