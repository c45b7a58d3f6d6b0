"""Containment: what a standing approval covers ends at once, and every doubt refuses."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.approval import signing
from offboarding.containment import consent, history, kept
from offboarding.containment.standing import Yes, covers_in, make
from offboarding.demo.simulators.aws import AwsServer
from offkey.errors import Exit
from offkey.model import Outcome, timestamp
from tests import needs
from tests.offboarding.cases import KEY
from tests.offboarding.containing import COVERS, LEAVER, Company

pytestmark = needs.OPENSSH
OFF, ON = (True, True), (False, False)
HOUR = timedelta(hours=1)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path) as made:
        yield made


def soon(hours: int = 48) -> str:
    return timestamp(datetime.now(UTC) + hours * HOUR)


def test_a_leaver_is_contained_at_once_and_nobody_else(company: Company) -> None:
    company.stand()
    assert company.offkey("contain", LEAVER) == Exit.OPEN, company.said
    assert (company.off(), company.off("ann")) == (OFF, ON)
    assert sorted(effect.rpartition("/")[2] for effect in company.effects) == ["suspend", "suspend"]
    assert "First proven end" in company.said
    assert "Left to the full plan" in company.said
    assert company.ledger().verify().ok


def test_keys_are_switched_off_and_not_deleted(company: Company) -> None:
    with AwsServer() as aws:
        aws.create_user("sam")
        keys = [aws.create_key("sam")[0] for _ in range(2)]
        ident, secret = aws.admin
        company.private("aws", f"{ident},".encode() + secret.reveal())
        table = f'account = "{aws.account}"\nurl = "{aws.url}"\nread = "file:aws"\nwrite = "file:aws"'
        company.configure(f"[providers.aws]\n{table}")
        company.people(sam={"accounts": {"aws": "sam"}, **gone()})
        company.stand(covers=("aws:*:*",))
        assert company.offkey("contain", LEAVER) == Exit.OPEN, company.said
        assert [aws.key_status(key) for key in keys] == ["Inactive", "Inactive"]
        kinds = [event.body["step"] for event in company.events("containment.intent")]
        steps = history.so_far(company.events()).steps
        # Sign-in and sessions come before keys.
        assert [steps[ident].point.kind for ident in kinds] == ["aws.user_sessions", "aws.access_key", "aws.access_key"]
    assert company.off() == ON


def test_the_full_plan_is_the_same_run_and_finds_what_was_contained_dead(company: Company) -> None:
    company.stand()
    trigger, plan = str(company.trigger()), str(company.folder / "plan.json")
    company.offkey("contain", "--trigger", trigger)
    (run,) = {event.run for event in company.events("containment.started")}
    assert company.offkey("plan", "--run", run, "-o", plan) in (Exit.WAITS_FOR_APPROVAL, Exit.NOTHING_EXAMINED)
    assert json.loads(Path(plan).read_bytes())["run"] == run
    assert company.offkey("plan", "--trigger", trigger, "-o", plan) == Exit.NOTHING_EXAMINED, company.said
    assert {event.run for event in company.events("plan.made")} == {run}
    ann = company.approvers[0]
    assert company.offkey("approve", plan, "--as", ann.email, "--key", str(ann.key)) == Exit.DONE, company.said
    company.effects.clear()
    company.offkey("apply", plan)
    receipts = {event.body["receipt"]["step"]: event.body["receipt"] for event in company.events("step.receipt")}
    contained = [event.body["receipt"]["step"] for event in company.events("containment.receipt")]
    assert len(contained) == 2
    assert [receipts[ident]["outcome"] for ident in contained] == [Outcome.ALREADY_DEAD] * 2
    assert not any(effect.endswith("/suspend") for effect in company.effects)


def test_what_was_contained_can_be_switched_on_again_with_an_approval(company: Company) -> None:
    company.stand()
    company.offkey("contain", LEAVER)
    (run,) = {event.run for event in company.events("containment.started")}
    plan = company.folder / "plan.json"
    company.offkey("plan", "--run", run, "-o", str(plan))
    ann = company.approvers[0]
    company.offkey("approve", str(plan), "--as", ann.email, "--key", str(ann.key))
    steps = json.loads(plan.read_bytes())["steps"]
    number = next(
        n for n, step in enumerate(steps, 1) if (step["point"]["kind"], step["action"]) == ("okta.account", "DISABLE")
    )
    assert company.offkey("undo", str(plan), str(number), "--reason", "a mistake") == Exit.DONE, company.said
    assert company.off() == (False, True)


def test_the_same_delivery_again_sends_nothing(company: Company) -> None:
    company.stand()
    trigger = str(company.trigger())
    first = company.offkey("contain", "--trigger", trigger)
    before = company.events("containment.receipt")
    company.effects.clear()
    assert company.offkey("contain", "--trigger", trigger) == first
    assert company.effects == []
    assert company.events("containment.receipt") == before
    assert len(company.events("run.opened")) == 1


def test_a_delivery_of_the_same_id_that_says_something_else_is_refused(company: Company) -> None:
    company.stand()
    company.offkey("contain", "--trigger", str(company.trigger()))
    other = company.trigger(effective_at="2026-01-01T00:00:00Z")
    assert company.offkey("contain", "--trigger", str(other)) == Exit.USAGE


@pytest.mark.parametrize(("changes", "code"), [({"type": "leave"}, Exit.PLAN_REFUSED), ({"type": "mover"}, Exit.USAGE)])
def test_who_does_not_leave_gets_no_plan_that_ends_everything(
    company: Company, changes: dict[str, Any], code: Exit
) -> None:
    plan = company.folder / "plan.json"
    roles(company)
    assert company.offkey("plan", "--trigger", str(company.trigger(**changes)), "-o", str(plan)) == code
    assert "role" in company.said
    assert not plan.exists()


@pytest.mark.parametrize(
    ("changes", "options"),
    [({"type": "mover", "role": "sre"}, ()), ({"type": "mover", "role": "lead"}, ("--role", "sre")),
     ({"type": "leave"}, ("--role", "sre"))],
)  # fmt: skip
def test_who_moves_is_planned_for_with_the_role_that_is_told(
    company: Company, changes: dict[str, Any], options: tuple[str, ...]
) -> None:
    path = company.folder / "plan.json"
    company.people(sam={})
    roles(company)
    code = company.offkey("plan", "--trigger", str(company.trigger(**changes)), *options, "-o", str(path))
    assert code == Exit.NOTHING_EXAMINED, company.said
    plan = json.loads(path.read_bytes())
    assert plan["role"] == "sre"
    actions = {step["point"]["kind"]: step["action"] for step in plan["steps"]}
    assert actions["okta.account"] == "KEEP"
    assert set(actions.values()) > {"KEEP"}, "what the role lacks is ended"


def test_a_role_keeps_nothing_of_who_leaves(company: Company) -> None:
    roles(company)
    words = ("--role", "sre", "-o", str(company.folder / "plan.json"))
    assert company.offkey("plan", LEAVER, *words) == Exit.PLAN_REFUSED, company.said
    company.people(sam={})
    assert company.offkey("plan", "--trigger", str(company.trigger()), *words) == Exit.PLAN_REFUSED, company.said
    assert company.events() == []


def test_a_mover_with_a_role_that_is_not_known_is_refused(company: Company) -> None:
    roles(company)
    path = company.folder / "plan.json"
    trigger = company.trigger(type="mover", role="astronaut")
    assert company.offkey("plan", "--trigger", str(trigger), "-o", str(path)) == Exit.USAGE
    assert not path.exists()


def roles(company: Company) -> None:
    """An sre has an account at Okta, and nothing else; a lead has nothing."""
    company.configure('[roles]\nfile = "roles.yaml"')
    okta = '{provider: okta, kind: okta.account, ids: ["*"]}'
    (company.folder / "roles.yaml").write_text(f"- {{name: sre, has: [{okta}]}}\n- {{name: lead}}\n")


def test_nothing_is_applied_before_the_time_unless_that_is_said(company: Company) -> None:
    plan, ann = str(company.folder / "plan.json"), company.approvers[0]
    company.people(sam={"left_at": soon()})
    company.offkey("plan", "--trigger", str(company.trigger(effective_at=soon())), "-o", plan)
    assert "leaves at" in company.said
    company.offkey("approve", plan, "--as", ann.email, "--key", str(ann.key))
    assert company.offkey("apply", plan) == Exit.PLAN_REFUSED
    assert (company.effects, company.off()) == ([], ON)
    assert company.offkey("apply", plan, "--early") == Exit.NOT_ALL_CONFIRMED, company.said
    assert any(effect.endswith("/suspend") for effect in company.effects)
    assert len(company.events("run.advanced")) == 1


def test_nobody_waits_for_a_provider_that_does_not_answer(company: Company) -> None:
    company.stand()
    done, release = threading.Event(), threading.Event()
    company.tailscale.before = lambda _: release.wait(60)
    company.okta.after_write = lambda line: done.set() if line.path.endswith("/suspend") else None
    running = threading.Thread(target=company.offkey, args=("contain", LEAVER))
    running.start()
    try:
        assert done.wait(30)
        for _ in range(300):
            if company.events("containment.receipt"):
                break
            release.wait(0.1)
        assert [event.body["receipt"]["outcome"] for event in company.events("containment.receipt")] == ["DISABLED"]
        assert running.is_alive()
    finally:
        release.set()
        running.join()
    assert company.off() == OFF


def test_a_step_that_hangs_ends_at_the_configured_time_and_is_said(company: Company) -> None:
    company.stand()
    settings = company.folder / "offkey.toml"
    settings.write_text(settings.read_text().replace("confirm_seconds = 3", "confirm_seconds = 1\nstep_seconds = 1"))
    release = threading.Event()
    company.okta.before = lambda request: release.wait(20) if request.path.endswith("/suspend") else None
    try:
        assert company.offkey("contain", LEAVER) == Exit.NOT_ALL_CONFIRMED, company.said
    finally:
        release.set()
    outcomes = {event.body["receipt"]["outcome"] for event in company.events("containment.receipt")}
    assert outcomes == {"DISABLED", "NOT_CONFIRMED"}


def test_a_provider_in_trouble_is_told_and_stops_nobody_else(company: Company) -> None:
    company.stand()
    company.tailscale.fail("GET", "/tailnet", 500, times=100)
    assert company.offkey("contain", LEAVER) == Exit.GAPS, company.said
    assert company.off() == (True, False)
    assert "tailscale" in company.said


def test_the_times_from_the_trigger_to_each_proof_are_in_the_ledger(company: Company) -> None:
    company.stand()
    company.offkey("contain", "--trigger", str(company.trigger()))
    (told,) = company.events("containment.finished")
    assert [step["seconds"] for step in told.body["proven"]] == sorted(
        (step["seconds"] for step in told.body["proven"]), key=float
    )
    assert told.body["first"] == told.body["proven"][0]["seconds"]
    assert (
        0
        < float(told.body["first"])
        < (datetime.now(UTC) - datetime.fromisoformat(told.body["received_at"])).total_seconds()
    )


# --- every path that refuses sends nothing ---


def gone(hours: int = 1) -> dict[str, Any]:
    return {"left_at": timestamp(datetime.now(UTC) - hours * HOUR)}


def unsigned(company: Company) -> None:
    company.made()


def signed_once(company: Company) -> None:
    company.sign(company.made(), 0)


def signed_twice_by_one(company: Company) -> None:
    ident = company.made()
    company.sign(ident, 0)
    company.sign(ident, 0)


def signed_by_one_person_under_two_addresses(company: Company) -> None:
    company.stand()
    company.people(ann={"emails": ["ann@example.com", "bob@example.com"]}, bob={"emails": ["robert@example.com"]})


def a_signature_for_plans(company: Company) -> None:
    """Under the right bytes, but in the namespace of plans."""
    ident = company.made()
    company.sign(ident, 0)
    found = kept.named(company.ledger(), ident)
    bob = company.approvers[1]
    yes = Yes(standing=found.standing.digest, approver=bob.email, at=datetime.now(UTC))
    kept.record_yes(company.ledger(), replace(yes, signature=signing.sign(yes.statement, bob.key)))


def a_signature_of_another(company: Company) -> None:
    """bob's signature of an older standing approval, put under a new one."""
    company.stand("--days", "1")
    (old,) = kept.every(company.ledger()).values()
    ident = company.made()
    company.sign(ident, 0)
    new = kept.named(company.ledger(), ident).standing
    kept.record_yes(company.ledger(), replace(old.yeses["bob@example.com"], standing=new.digest))
    kept.revoke(company.ledger(), old.standing.digest, "over")


def revoked(company: Company) -> None:
    company.offkey("standing", "revoke", company.stand(), "--reason", "why not")


def all_revoked(company: Company) -> None:
    company.stand()
    company.offkey("standing", "revoke", "--all", "--reason", "something is wrong")


def expired(company: Company) -> None:
    """Signed in time by both; it was made and ran out before now."""
    signed(company, datetime.now(UTC) - 72 * HOUR, KEY.id)


def made_elsewhere(company: Company) -> None:
    """Signed by both for another installation of theirs, whose instances have the same names, and brought here."""
    signed(company, datetime.now(UTC) - HOUR, "another")


def made_before_keys_were_named(company: Company) -> None:
    signed(company, datetime.now(UTC) - HOUR, "")


def signed(company: Company, before: datetime, key_id: str) -> None:
    standing = make(
        "boss@example.com",
        covers_in(COVERS, ("okta", "tailscale")),
        before,
        key_id=key_id,
        valid=24 * HOUR,
        longest=24 * HOUR,
        most_per_person=9,
        most_per_day=9,
    )
    kept.record(company.ledger(), standing)
    for who in company.approvers[:2]:
        yes = Yes(standing=standing.digest, approver=who.email, at=before)
        kept.record_yes(company.ledger(), consent.sign(yes, who.key))


def a_signer_without_the_role(company: Company) -> None:
    company.stand()
    company.configure('[approvers.roles]\n"ann@example.com" = "approver"\n"bob@example.com" = "security"')


def stop_file(company: Company) -> None:
    company.stand()
    (company.state / kept.STOP).touch()


def a_signers_key_revoked(company: Company) -> None:
    company.stand()
    register = company.approvers[0].register
    register.with_name("approvers.revoked").write_text((register.parent / "ann@example.com.pub").read_text())


def a_signer_not_in_the_register(company: Company) -> None:
    company.stand()
    register = company.approvers[0].register
    register.write_text("".join(line for line in register.read_text().splitlines(keepends=True) if "ann@" not in line))


def a_signer_not_for_this_use(company: Company) -> None:
    company.stand()
    register = company.approvers[0].register
    register.write_text(register.read_text().replace(",offkey-standing", "", 1))


def a_signer_who_has_left(company: Company) -> None:
    company.stand()
    company.people(ann=gone())


def a_signer_who_asks(company: Company) -> None:
    company.stand()
    file = company.folder / "offkey.toml"
    file.write_text(file.read_text().replace("boss@example.com", "ann@example.com"))


def a_signer_who_leaves(company: Company) -> None:
    company.stand()
    company.people(sam={**gone(), "emails": [LEAVER, "bob@example.com"]}, bob={"emails": ["robert@example.com"]})


def switched_off(company: Company) -> None:
    company.stand()
    company.configure("[standing]\nenabled = false")


def a_ledger_that_was_changed(company: Company) -> None:
    """Somebody takes the revocation out of it."""
    revoked(company)
    with sqlite3.connect(company.state / "offkey.db") as database:
        database.execute("UPDATE events SET type = 'standing.noted' WHERE type = 'standing.revoked'")


REFUSED: dict[Callable[[Company], None], str] = {
    unsigned: "signed by 0 approvers",
    signed_once: "signed by 1 approvers",
    signed_twice_by_one: "signed by 1 approvers",
    signed_by_one_person_under_two_addresses: "signed by 1 approvers",
    a_signature_for_plans: "does not hold",
    a_signature_of_another: "does not hold",
    revoked: "revoked: why not",
    all_revoked: "revoked: something is wrong",
    expired: "expired at",
    made_elsewhere: "another organisation key",
    made_before_keys_were_named: "another organisation key",
    a_signer_without_the_role: "does not have the role of an approver",
    stop_file: "standing.stop is there",
    a_signers_key_revoked: "signed by 1 approvers",
    a_signer_not_in_the_register: "is not in the register",
    a_signer_not_for_this_use: "does not let ann@example.com sign for offkey-standing",
    a_signer_who_has_left: "ann@example.com has left",
    a_signer_who_asks: "ann@example.com asked for this plan",
    a_signer_who_leaves: "bob@example.com has left",
    switched_off: "is not enabled",
    a_ledger_that_was_changed: "event 4",
}


@pytest.mark.parametrize("spoil", REFUSED, ids=lambda spoil: spoil.__name__)
def test_a_standing_approval_in_doubt_refuses_and_nothing_is_sent(
    company: Company, spoil: Callable[[Company], None]
) -> None:
    spoil(company)
    code = company.offkey("contain", LEAVER)
    assert REFUSED[spoil] in " ".join(company.said.split())
    assert code in (Exit.ERROR, Exit.WAITS_FOR_APPROVAL, Exit.GAPS)
    assert company.effects == []
    assert company.off() == ON


def test_who_leaves_later_does_not_sign_for_their_own_departure(company: Company) -> None:
    company.stand("--early")
    company.people(sam={"left_at": soon(), "emails": [LEAVER, "bob@example.com"]}, bob={"emails": ["b@example.com"]})
    assert company.offkey("contain", "--trigger", str(company.trigger(involuntary=True))) == Exit.GAPS
    assert "bob@example.com is the person whom the plan is about" in company.said
    assert company.effects == []


def test_without_any_standing_approval_nothing_is_asked_of_anybody(company: Company) -> None:
    assert company.offkey("contain", LEAVER) == Exit.WAITS_FOR_APPROVAL
    assert company.okta.requests == company.tailscale.requests == []


@pytest.mark.parametrize(
    ("changes", "trigger", "options"),
    [
        ({"sam": {}}, {}, []),
        ({"sam": {}}, {}, ["--early"]),
        ({"sam": {"left_at": soon()}}, {}, []),
        ({"sam": {"left_at": soon()}}, {"involuntary": True}, []),
        ({"sam": {"left_at": soon()}}, {}, ["--early"]),
        ({}, {"effective_at": soon()}, []),
        ({}, {"type": "leave"}, []),
        ({}, {"type": "mover", "role": "sre"}, []),
        ({}, {"person": "stranger@example.com"}, []),
    ],
    ids=[
        "the directory does not confirm it", "nor does --early", "not yet, by the directory",
        "involuntary, and the standing approval is not for before", "--early, and the standing approval is not for it",
        "not yet, by the trigger", "a leave", "a mover", "nobody in the directory",
    ],
)  # fmt: skip
def test_a_departure_in_doubt_refuses_and_nothing_is_sent(
    company: Company, changes: dict[str, Any], trigger: dict[str, Any], options: list[str]
) -> None:
    company.stand()
    company.people(**changes)
    code = company.offkey("contain", "--trigger", str(company.trigger(**trigger)), *options)
    assert code in (Exit.PLAN_REFUSED, Exit.GAPS), company.said
    assert company.effects == []


@pytest.mark.parametrize(("trigger", "options"), [({"involuntary": True}, []), ({}, ["--early"])])
def test_before_their_last_day_somebody_is_contained_where_the_standing_approval_says_so(
    company: Company, trigger: dict[str, Any], options: list[str]
) -> None:
    company.stand("--early")
    company.people(sam={"left_at": soon()})
    company.offkey("contain", "--trigger", str(company.trigger(**trigger)), *options)
    assert company.off() == OFF, company.said


def test_a_break_glass_account_is_never_contained(company: Company) -> None:
    company.stand()
    company.people(sam={"accounts": {"okta": "sam@example.com"}, **gone()})
    company.configure('[break_glass]\naccounts = ["okta:sam@example.com"]')
    assert company.offkey("contain", LEAVER) == Exit.PLAN_REFUSED
    assert company.effects == []


def test_what_is_not_covered_is_left(company: Company) -> None:
    company.stand(covers=("okta:okta.account:DISABLE",))
    company.offkey("contain", LEAVER)
    assert company.off() == (True, False)
    assert not any("tailscale" in event.body.get("provider", "") for event in company.events())


def test_the_limit_for_a_person_holds_over_all_providers_and_runs(company: Company) -> None:
    company.stand("--per-person", "1")
    assert company.offkey("contain", LEAVER) == Exit.NOT_ALL_CONFIRMED, company.said
    assert sorted(company.off()) == [False, True]
    assert "limit for a person is 1" in company.said
    company.offkey("contain", "--trigger", str(company.trigger()))
    assert sorted(company.off()) == [False, True]


def test_the_limit_for_a_day_holds_over_all_persons(company: Company) -> None:
    company.add("dan")
    company.people(sam=gone(), dan=gone())
    company.stand("--per-day", "3")
    company.offkey("contain", LEAVER)
    company.offkey("contain", "dan@example.com")
    assert company.off() == OFF
    assert sorted(company.off("dan")) == [False, True]
    assert "limit for a day is 3" in company.said


def pull(company: Company) -> None:
    (company.state / kept.STOP).touch()


def switch_off(company: Company) -> None:
    company.configure("[standing]\nenabled = false")


def take_back(company: Company) -> None:
    kept.revoke(company.ledger(), kept.ALL, "stop")


def rehire(company: Company) -> None:
    company.people(sam={})


@pytest.mark.parametrize("stop", [pull, switch_off, take_back, rehire], ids=lambda stop: stop.__name__)
def test_what_changes_on_the_way_stops_the_next_step(company: Company, stop: Callable[[Company], None]) -> None:
    company.stand()
    stopped = threading.Event()

    def first(line: object) -> None:
        stop(company)
        stopped.set()

    # The second provider has listed sam by then, and is about to be asked for the state before the deed.
    company.okta.after_write = first
    company.tailscale.before = lambda _: stopped.wait(30)
    code = company.offkey("contain", LEAVER)
    assert code in (Exit.GAPS, Exit.NOT_ALL_CONFIRMED), company.said
    assert company.off() == (True, False)
