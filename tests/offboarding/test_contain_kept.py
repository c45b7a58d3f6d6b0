"""Containment leaves alone what an opt-out in force keeps, and says so; one that does not hold keeps nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding.containment import kept as standing
from offboarding.containment.standing import StandingRefused
from offboarding.optouts import history, request
from offkey.errors import Exit
from offkey.model import OptOut, from_json, timestamp
from tests import needs
from tests.offboarding.containing import LEAVER, Company

pytestmark = needs.OPENSSH
DAY = timedelta(days=1)
AT_OKTA = ("--system", "okta", "--action", "DISABLE", "REVOKE", "REMOVE", "--reason", "service_continuity")
OUTLASTS = "--allow-after-disable"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path) as made:
        made.configure('[optouts]\nowners = ["ann@example.com"]')
        register = made.approvers[0].register
        register.write_text(register.read_text().replace(',offkey-standing"', ',offkey-standing,offkey-optout"'))
        made.stand()
        yield made


def asked(company: Company, *more: str) -> OptOut:
    """An opt-out for sam's account at Okta that nobody has approved yet."""
    until = timestamp(datetime.now(UTC) + 10 * DAY)
    assert company.offkey("optout", "add", LEAVER, *AT_OKTA, "--until", until, *more) == Exit.WAITS_FOR_APPROVAL
    return from_json(company.events(history.REQUESTED)[-1].body["optout"], OptOut)


def kept(company: Company, *more: str) -> str:
    """One that ann has approved; its id."""
    ann, name = company.approvers[0], asked(company, *more).id
    code = company.offkey("optout", "approve", name, "--as", ann.email, "--key", str(ann.key))
    assert code == Exit.DONE, company.said
    return name


def test_what_an_opt_out_keeps_is_left_alone_and_that_is_said(company: Company) -> None:
    name = kept(company, OUTLASTS)
    assert company.offkey("contain", LEAVER) == Exit.OPEN, company.said
    assert company.off() == (False, True)
    assert [effect.rpartition("/")[2] for effect in company.effects] == ["suspend"]
    lines = [line for line in company.said.splitlines() if name in line]
    assert any("okta" in line for line in lines), company.said
    assert all("KEEP" in line and "service_continuity" in line for line in lines)
    assert all(event.body["provider"] != "okta" for event in company.events("containment.planned"))


def unapproved(company: Company) -> None:
    asked(company, OUTLASTS)


def cancelled(company: Company) -> None:
    assert company.offkey("optout", "cancel", kept(company, OUTLASTS), "--why", "moved") == Exit.DONE


def ended_by_the_departure(company: Company) -> None:
    """It was approved while sam was still there."""
    company.people(sam={})
    kept(company)
    company.people()


def run_out(company: Company) -> None:
    """Asked for, and approved in time, twelve days ago; it ended two days ago."""
    then = datetime.now(UTC) - 12 * DAY
    one = replace(asked(company, OUTLASTS), requested_at=then, not_before=then, expires_at=then + 10 * DAY)
    one = replace(one, id=request.ident(one))
    given = request.signed(request.approved(one, "ann@example.com", then), company.approvers[0].key)
    company.ledger().append(history.REQUESTED, history.RUN, {"optout": one})
    company.ledger().append(history.APPROVED, history.RUN, {"optout": given})


@pytest.mark.parametrize(
    "lapse", [unapproved, cancelled, ended_by_the_departure, run_out], ids=lambda lapse: lapse.__name__
)
def test_an_opt_out_that_does_not_hold_keeps_nothing(company: Company, lapse: Callable[[Company], None]) -> None:
    lapse(company)
    assert company.offkey("contain", LEAVER) == Exit.OPEN, company.said
    assert company.off() == (True, True)


def test_an_opt_out_that_came_after_a_cut_is_heeded_when_it_goes_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*given: object) -> None:
        raise StandingRefused("cut off when all was planned and nothing begun")

    with monkeypatch.context() as patch:
        patch.setattr(standing, "reserve", cut)
        company.offkey("contain", LEAVER)
    assert (company.off(), len(company.events("containment.planned"))) == ((False, False), 2)
    kept(company, OUTLASTS)
    company.offkey("contain", LEAVER)
    assert company.off() == (False, True), company.said


def test_what_was_kept_is_contained_when_the_opt_out_has_ended(company: Company) -> None:
    name = kept(company, OUTLASTS)
    company.offkey("contain", LEAVER)
    assert company.offkey("optout", "cancel", name, "--why", "moved") == Exit.DONE
    company.effects.clear()
    assert company.offkey("contain", LEAVER) == Exit.OPEN, company.said
    assert company.off() == (True, True)
    assert len(company.effects) == 1
