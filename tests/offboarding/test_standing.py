"""A standing approval: what may stand in one, who may sign it, and that nothing else makes a Writer's warrant."""

import ast
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.approval import signing
from offboarding.containment import kept
from offboarding.containment.standing import StandingRefused, covers_in, make, uncovered
from offkey.errors import Exit, UsageError
from offkey.model import Account, Action, Bond, Ownership, Step
from tests import needs
from tests.offboarding.cases import listed
from tests.offboarding.containing import Company

KNOWN = ("aws", "okta", "tailscale", "okta/second")
ROOT = Path(__file__).parents[2]
OKTA = "okta:okta.account:DISABLE"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path) as made:
        yield made


def test_a_wildcard_is_written_out_and_takes_in_only_what_can_be_taken_back() -> None:
    told = [str(cover) for cover in covers_in(["aws:*:*", "okta/second:*:*", OKTA], KNOWN)]
    assert {OKTA, "okta/second:okta.account:DISABLE", "aws:aws.access_key:DISABLE"} <= set(told)
    assert {line.rpartition(":")[2] for line in told} == {"DISABLE"}
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    "text",
    [
        "okta:okta.session:REVOKE",
        "okta:okta.account:REMOVE",
        "okta:*:REVOKE",
        "aws:aws.access_key:REVOKE",
        "okta:okta.grant:*",
    ],
)
def test_what_cannot_be_taken_back_is_refused_at_making(text: str) -> None:
    with pytest.raises(StandingRefused, match="cannot be taken back"):
        covers_in([text, OKTA], KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "*:*:*",
        "github:*:*",
        "okta",
        "okta:*",
        "okta::DISABLE",
        "okta:okta.unheard_of:DISABLE",
        "okta:*:KEEP",
        "okta:*:ROTATE",
        "",
    ],
)
def test_what_offkey_does_not_know_is_refused_at_making(text: str) -> None:
    with pytest.raises(UsageError):
        covers_in([text], KNOWN)


def step(action: Action = Action.DISABLE, *, reversible: bool = True, needs: str = "", **point: Any) -> Step:
    made = replace(listed("AKIAONE"), **point)
    return Step(id="s-1", point=made, action=action, reversible=reversible, needs=needs, reason="")


def test_at_use_every_step_is_held_against_it_again() -> None:
    now = datetime.now(UTC)
    covers = covers_in(["aws:aws.access_key:DISABLE"], KNOWN)
    standing = make(
        "boss@example.com",
        covers,
        now,
        key_id="k",
        valid=timedelta(days=1),
        longest=timedelta(days=1),
        most_per_person=1,
        most_per_day=1,
    )
    assert uncovered(standing, step()) == ""
    # One that claims to be reversible is believed only where the provider's module says so, too.
    for other in (
        step(action=Action.REVOKE, reversible=False),
        step(action=Action.REVOKE, reversible=True),
        step(needs="an extra yes"),
        step(kind="aws.login_profile"),
        step(provider="aws/research"),
        step(ownership=Ownership.SHARED),
        step(ownership=Ownership.UNKNOWN),
        step(bond=Bond.INTRODUCED),
        step(bond=Bond.EXPOSED),
        step(provider_id=""),
        step(holder=Account(provider="aws", id="1", login="sam"), kind="okta.account"),
    ):
        assert uncovered(standing, other), other
    assert uncovered(replace(standing, covers=()), step())


def test_a_longer_time_or_higher_limits_than_the_policys_are_refused(company: Company) -> None:
    company.configure("[standing]\nmax_days = 7\nmost_per_person = 5\nmost_per_day = 9")
    for words in (["--days", "8"], ["--per-person", "6"], ["--per-day", "10", "--per-person", "1"]):
        given = ["--days", "7", "--per-person", "5", "--per-day", "9", *words]
        assert company.offkey("standing", "make", "--cover", OKTA, *given) == Exit.WAITS_FOR_APPROVAL
        assert "limit" in company.said or "allows" in company.said
    assert company.events() == []
    words = ["--per-person", "0", "--days", "7", "--per-day", "9"]
    assert company.offkey("standing", "make", "--cover", OKTA, *words) == Exit.USAGE


@needs.OPENSSH
def test_a_number_of_days_that_no_calendar_has_is_a_wrong_call(company: Company) -> None:
    with pytest.raises(SystemExit):
        company.offkey("standing", "make", "--cover", "okta:*:*", "--days", "9" * 12)


def test_who_made_it_does_not_sign_it_and_a_stranger_cannot(company: Company) -> None:
    ident = company.made()
    file = company.folder / "offkey.toml"
    file.write_text(file.read_text().replace("boss@example.com", "cleo@example.com"))
    second = company.made("--days", "2")
    assert company.sign(second, 2) == Exit.WAITS_FOR_APPROVAL
    assert "made this standing approval" in company.said
    assert company.sign(ident, 2) == Exit.DONE
    bob = company.approvers[1]
    assert company.offkey("standing", "approve", ident, "--as", "ann@example.com", "--key", str(bob.key)) == 11
    assert company.offkey("standing", "approve", ident, "--as", "eve@example.com", "--key", str(bob.key)) == 11
    assert list(kept.named(company.ledger(), ident).yeses) == ["cleo@example.com"]


@needs.OPENSSH
def test_it_can_be_signed_by_hand_and_an_edited_statement_is_not(company: Company) -> None:
    ident = company.made()
    bob, file = company.approvers[1], company.folder / "statement"
    words = ["standing", "approve", ident, "--as", bob.email, "--statement", str(file)]
    assert company.offkey(*words) == Exit.WAITS_FOR_APPROVAL
    command = signing.sign_command(bob.key, file, signing.STANDING)
    assert shlex.split(command)[:5] == ["ssh-keygen", "-Y", "sign", "-n", "offkey-standing"]
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    content = file.read_bytes()
    file.write_bytes(content.replace(b"bob@", b"ann@"))
    assert company.offkey(*words, "--signature", f"{file}.sig") == Exit.WAITS_FOR_APPROVAL
    file.write_bytes(content)
    assert company.offkey(*words, "--signature", f"{file}.sig") == Exit.DONE, company.said


@needs.OPENSSH
def test_the_list_says_which_hold_and_why_others_do_not(company: Company) -> None:
    ident = company.stand()
    other = company.made("--days", "2")
    assert company.offkey("standing", "list") == Exit.DONE
    told = " ".join(company.said.split())
    assert f"{ident} holds" in told
    assert f"{other} does not hold: {other} is signed by 0" in told
    assert company.offkey("standing", "revoke", ident, "--reason", "over") == Exit.DONE
    assert company.offkey("standing", "list") == Exit.WAITS_FOR_APPROVAL
    assert "revoked: over" in company.said
    assert company.sign(ident, 2) == Exit.WAITS_FOR_APPROVAL  # another signature does not bring it back
    assert company.offkey("standing", "list") == Exit.WAITS_FOR_APPROVAL


@needs.OPENSSH
def test_a_key_for_standing_approvals_alone_approves_no_plan(company: Company) -> None:
    register = company.approvers[0].register
    register.write_text(register.read_text().replace("offkey-plan,", "", 1))
    ann = company.approvers[0]
    with pytest.raises(signing.SignatureRefused, match="does not let"):
        signing.verify(b"x", signing.sign(b"x", ann.key), ann.email, register, datetime.now(UTC))


def test_only_the_module_that_verifies_both_signatures_makes_a_warrant() -> None:
    makers = set()
    for layer in ("offkey", "rules", "scanner", "revokers", "offboarding"):
        for path in (ROOT / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and "Warrant" in ast.dump(node.func):
                    makers.add(path.relative_to(ROOT).as_posix())
    assert makers == {"offboarding/containment/consent.py"}
