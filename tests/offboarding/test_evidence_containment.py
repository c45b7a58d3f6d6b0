"""Evidence of a run that was contained before it was planned: the verifier alone says who signed, and finds forgeries.

A forger here has the whole ledger to write anew, with hashes, proofs and manifest that fit, and keys of their own. What
they lack are two approvers who sign exactly that.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.approval import signing
from offboarding.containment.standing import Standing, Yes
from offboarding.evidence import evidence
from offboarding.evidence.case import Promptness, case
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.canonical import digest
from offkey.errors import Exit
from offkey.model import AuditEvent, Outcome, from_json, timestamp, to_json
from tests import needs
from tests.offboarding.cases import Approver, approver
from tests.offboarding.containing import Company
from tests.offboarding.test_evidence import kit

pytestmark = needs.OPENSSH
Told = list[dict[str, Any]]
"""A run's events, each with its `type`, `body` and time (`at`), to be told in a ledger of their own."""


@dataclass(frozen=True)
class Run:
    """A run as its ledger tells it, the register, and everybody's key by name: sam leaves, boss asks."""

    name: str
    told: Told
    register: Path
    keys: Mapping[str, Approver]

    def of(self, type: str, told: Told | None = None) -> Told:
        return [event for event in told or self.told if event["type"] == type]

    def signed(self, told: Told, by: tuple[str, ...] = ("ann", "bob"), **changes: Any) -> None:
        """Put a standing approval that differs in `changes` in the place of the true one, signed anew."""
        (started,) = self.of("containment.started", told)
        made = replace(from_json(started["body"]["standing"], Standing), **changes)
        started["body"] |= {"standing": to_json(made), "yeses": [self.yes(made.digest, name) for name in by]}
        for event in self.of("containment.planned", told):
            event["body"]["standing"] = made.digest

    def yes(self, standing: str, name: str, namespace: str = signing.STANDING) -> dict[str, Any]:
        """A signature of somebody's, dated when the true ones were."""
        at = datetime.fromisoformat(self.of("containment.started")[0]["body"]["yeses"][0]["at"])
        given = Yes(standing=standing, approver=self.keys[name].email, at=at)
        signed: dict[str, Any] = to_json(
            replace(given, signature=signing.sign(given.statement, self.keys[name].key, namespace))
        )
        return signed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Contained at Okta and Tailscale, then planned, approved and applied."""
    folder = tmp_path_factory.mktemp("company")
    with Company(folder) as company:
        company.stand()
        assert company.offkey("contain", "--trigger", str(company.trigger())) == Exit.OPEN, company.said
        (name,) = {event.run for event in company.events("containment.started")}
        plan, ann = str(folder / "plan.json"), company.approvers[0]
        assert company.offkey("plan", "--run", name, "-o", plan) == Exit.NOTHING_EXAMINED, company.said
        assert company.offkey("approve", plan, "--as", ann.email, "--key", str(ann.key)) == Exit.DONE, company.said
        company.offkey("apply", plan)
        told = [
            {"type": event.type, "at": event.at, "body": json.loads(json.dumps(to_json(event.body)))}
            for event in company.ledger().events(name)
        ]
        keys = {who.email.partition("@")[0]: who for who in company.approvers}
        keys |= {who: approver(folder / "keys", f"{who}@example.com") for who in ("sam", "boss")}
        register = folder / "keys" / "approvers"
        register.write_text(register.read_text().replace('="offkey-plan" ', '="offkey-plan,offkey-standing" '))
        yield Run(name, told, register, keys | {"eve": approver(folder / "eve", "ann@example.com")})


def written(run: Run, told: Told, folder: Path) -> list[AuditEvent]:
    """The events in a ledger of their own, at their times, after another run's."""
    times = iter([told[0]["at"], *(event["at"] for event in told)])
    ledger = Ledger(Store.open(folder), lambda: next(times), "offkey")
    try:
        ledger.append("run.opened", "another", {"person": "eve", "trigger": None})
        for event in told:
            ledger.append(event["type"], run.name, event["body"])
        return ledger.events()
    finally:
        ledger.store.close()


def verdict(run: Run, told: Told, folder: Path) -> Any:
    """What the verifier says of evidence that offkey itself makes of such a ledger."""
    files = evidence.build(written(run, told, folder / "state"), run.name, run.register.read_bytes())
    evidence.seal(files, folder / "evidence")
    return kit.verify(folder / "evidence")


def test_the_verifier_accepts_it_and_says_who_signed(run: Run, tmp_path: Path) -> None:
    said = verdict(run, run.told, tmp_path)
    assert said.problems == []
    (line,) = (text for text in said.passed if "contained" in text)
    assert "signed by ann@example.com and bob@example.com, signatures verified: 2 steps" in line
    assert any("only the ledger itself can show" in text for text in said.notes)


def test_it_accepts_what_the_forgeries_are_made_with(run: Run, tmp_path: Path) -> None:
    """Or they would be found for how they are made, and not for what they say."""
    told = deepcopy(run.told)
    run.signed(told, most_per_day=77)
    planned(run, told, lambda plan: plan | {"expires_at": later(plan["expires_at"], hours=1)})
    assert verdict(run, told, tmp_path).problems == []


def later(moment: str, **delta: int) -> str:
    return timestamp(datetime.fromisoformat(moment) + timedelta(**delta))


def planned(run: Run, told: Told, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change each plan of containment, and give it the digest that fits."""
    for event in run.of("containment.planned", told):
        made = change(event["body"]["plan"])
        event["body"] |= {"plan": made, "digest": digest(made)}


def points(run: Run, told: Told, **changes: Any) -> None:
    """Change every point that was contained."""
    planned(run, told, lambda plan: plan | {"steps": [s | {"point": s["point"] | changes} for s in plan["steps"]]})


def steps(run: Run, told: Told, **changes: Any) -> None:
    planned(run, told, lambda plan: plan | {"steps": [step | changes for step in plan["steps"]]})


def person(run: Run, told: Told, **changes: Any) -> None:
    planned(run, told, lambda plan: plan | {"person": plan["person"] | changes})


def one_signature(run: Run, told: Told) -> None:
    run.signed(told, ("ann",))


def no_signature(run: Run, told: Told) -> None:
    run.signed(told, ())


def the_same_approver_twice(run: Run, told: Told) -> None:
    run.signed(told, ("ann", "ann"))


def the_same_approver_in_capitals(run: Run, told: Told) -> None:
    ann = run.keys["ann"]
    capitals = replace(run, keys={**run.keys, "ANN": replace(ann, email=ann.email.upper())})
    capitals.signed(told, ("ann", "ANN"))


def the_leaver(run: Run, told: Told) -> None:
    run.signed(told, ("ann", "sam"))


def the_leaver_by_an_address_in_that_plan_alone(run: Run, told: Told) -> None:
    person(run, told, emails=["sam@example.com", "bob@example.com"])


def who_made_it(run: Run, told: Told) -> None:
    run.signed(told, ("ann", "boss"))


def a_key_that_is_not_in_the_register(run: Run, told: Told) -> None:
    """eve's, by ann's name."""
    run.signed(told, ("eve", "bob"))


def another_purpose(run: Run, told: Told) -> None:
    (started,) = run.of("containment.started", told)
    bob = run.yes(digest(started["body"]["standing"]), "bob", signing.NAMESPACE)
    started["body"]["yeses"] = [started["body"]["yeses"][0], bob]


def a_limit_that_was_raised_after_signing(run: Run, told: Told) -> None:
    (started,) = run.of("containment.started", told)
    yeses = started["body"]["yeses"]
    run.signed(told, most_per_person=99)
    started["body"]["yeses"] = [yes | {"standing": digest(started["body"]["standing"])} for yes in yeses]


def signatures_of_another(run: Run, told: Told) -> None:
    (started,) = run.of("containment.started", told)
    yeses = started["body"]["yeses"]
    run.signed(told, most_per_person=99)
    started["body"]["yeses"] = yeses


def signed_after_the_beginning(run: Run, told: Told) -> None:
    (started,) = run.of("containment.started", told)
    started["at"] = datetime.fromisoformat(started["body"]["yeses"][0]["at"]) - timedelta(seconds=1)


def a_step_that_is_not_listed(run: Run, told: Told) -> None:
    (started,) = run.of("containment.started", told)
    made = from_json(started["body"]["standing"], Standing)
    run.signed(told, covers=tuple(cover for cover in made.covers if cover.provider != "tailscale"))


def what_cannot_be_taken_back(run: Run, told: Told) -> None:
    steps(run, told, reversible=False)


def what_needs_a_yes_of_its_own(run: Run, told: Told) -> None:
    steps(run, told, needs="public-revoke")


def what_is_shared(run: Run, told: Told) -> None:
    points(run, told, ownership="SHARED")


def what_the_person_only_brought_in(run: Run, told: Told) -> None:
    points(run, told, bond="introduced")


def what_has_no_name_at_its_issuer(run: Run, told: Told) -> None:
    points(run, told, provider_id="")


def somebody_else(run: Run, told: Told) -> None:
    person(run, told, id="ann")


def who_is_not_said_to_leave(run: Run, told: Told) -> None:
    person(run, told, confirmed_by_directory=False)


def an_act_after_its_end(run: Run, told: Told) -> None:
    acting = min(event["at"] for event in run.of("containment.acting"))
    run.signed(told, expires_at=acting)


def an_act_before_it_was_made(run: Run, told: Told) -> None:
    acting = max(event["at"] for event in run.of("containment.acting"))
    run.signed(told, made_at=acting + timedelta(seconds=1))


def an_act_after_the_end_of_its_plan(run: Run, told: Told) -> None:
    acting = min(event["at"] for event in run.of("containment.acting"))
    planned(run, told, lambda plan: plan | {"expires_at": timestamp(acting)})


def an_act_before_the_last_day(run: Run, told: Told) -> None:
    person(run, told, left_at=timestamp(datetime.now(UTC) + timedelta(days=1)))


def more_than_its_limit(run: Run, told: Told) -> None:
    run.signed(told, most_per_person=1)


def an_act_without_a_plan(run: Run, told: Told) -> None:
    told[:] = [event for event in told if event["type"] != "containment.planned"]


def a_receipt_without_a_plan(run: Run, told: Told) -> None:
    steps(run, told, id="another")
    told[:] = [event for event in told if event["type"] not in ("containment.acting", "containment.acted")]


def a_plan_of_another_digest(run: Run, told: Told) -> None:
    """One that nothing was done under: the tables do not tell."""
    at, event = next((n, deepcopy(e)) for n, e in enumerate(told) if e["type"] == "containment.planned")
    event["body"]["plan"]["steps"] = []
    told.insert(at, event)


def an_act_without_a_standing_approval(run: Run, told: Told) -> None:
    told[:] = [event for event in told if event["type"] != "containment.started"]


def an_act_that_was_not_announced(run: Run, told: Told) -> None:
    told[:] = [event for event in told if event["type"] != "containment.intent"]


def an_end_without_an_act(run: Run, told: Told) -> None:
    told[:] = [event for event in told if event["type"] not in ("containment.acting", "containment.acted")]


def a_standing_approval_of_another_installation(run: Run, told: Told) -> None:
    run.signed(told, key_id="another")


UNSIGNED = "not signed by two approvers"
NEVER = "plans what no standing approval may cover"
FORGED: dict[Callable[[Run, Told], None], str] = {
    one_signature: UNSIGNED,
    no_signature: UNSIGNED,
    the_same_approver_twice: UNSIGNED,
    the_same_approver_in_capitals: UNSIGNED,
    the_leaver: UNSIGNED,
    the_leaver_by_an_address_in_that_plan_alone: "the person has signed",
    who_made_it: UNSIGNED,
    a_key_that_is_not_in_the_register: UNSIGNED,
    another_purpose: "for another purpose ('offkey-plan')",
    a_limit_that_was_raised_after_signing: "the signature is wrong",
    signatures_of_another: "of another standing approval",
    signed_after_the_beginning: "later than its use",
    a_step_that_is_not_listed: "does not list",
    what_cannot_be_taken_back: NEVER,
    what_needs_a_yes_of_its_own: NEVER,
    what_is_shared: NEVER,
    what_the_person_only_brought_in: NEVER,
    what_has_no_name_at_its_issuer: NEVER,
    somebody_else: "another person",
    who_is_not_said_to_leave: "does not say that they leave",
    an_act_after_its_end: "outside the time",
    an_act_before_it_was_made: "outside the time",
    an_act_after_the_end_of_its_plan: "outside the time",
    an_act_before_the_last_day: "before the person's last day",
    more_than_its_limit: "allows fewer",
    an_act_without_a_plan: "not planned",
    a_receipt_without_a_plan: "not planned",
    a_plan_of_another_digest: "another digest",
    an_act_without_a_standing_approval: "not here",
    an_act_that_was_not_announced: "was not announced",
    an_end_without_an_act: "was not announced",
    a_standing_approval_of_another_installation: "another organisation key",
}


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_a_forged_containment_is_found_although_all_hashes_fit(
    run: Run, tmp_path: Path, forge: Callable[[Run, Told], None]
) -> None:
    told = deepcopy(run.told)
    forge(run, told)
    (problem,) = verdict(run, told, tmp_path).problems
    assert FORGED[forge] in problem


def test_two_signatures_count_beside_one_that_it_cannot_judge_and_one_does_not(run: Run, tmp_path: Path) -> None:
    rita = approver(tmp_path / "rita", "rita@example.com", kind="rsa")
    with_rita = replace(run, keys={**run.keys, "rita": rita})
    for number, by in enumerate((("rita", "ann", "bob"), ("rita", "ann"))):
        told = deepcopy(run.told)
        with_rita.signed(told, by)
        said = verdict(run, told, tmp_path / str(number))
        assert said.problems == ([] if number == 0 else ["the approvals could not be verified here"])


def test_the_case_has_what_was_contained_with_its_hour_and_the_page_shows_it(run: Run, tmp_path: Path) -> None:
    events = written(run, run.told, tmp_path / "state")
    mine = [event for event in events if event.run == run.name]
    told = case(past(mine), mine)
    contained = {e["body"]["receipt"]["step"]: e["body"]["receipt"] for e in run.of("containment.receipt")}
    ended = [one for one in told.controls if one.plan.digest != told.plan.digest]
    assert {one.step.id: timestamp(one.proven_at) for one in ended if one.proven_at} == {
        step: receipt["after"]["at"] for step, receipt in contained.items()
    }
    assert {one.promptness for one in ended} == {Promptness.IN_TIME}
    again = [one for one in told.controls if one.plan.digest == told.plan.digest and one.step.id in contained]
    assert {one.promptness for one in again} == {Promptness.DEAD_BEFORE}
    assert told.first_proven_at == min(one.proven_at for one in ended if one.proven_at)
    files = evidence.build(events, run.name, b"")
    rows = list(csv.DictReader(io.StringIO(files["steps.csv"].decode())))
    assert [row["outcome"] for row in rows if row["step"] in contained] == [
        *[Outcome.DISABLED] * 2,
        *[Outcome.ALREADY_DEAD] * 2,
    ]
    page = files["report.html"].decode()
    assert f"{told.counted(Promptness.IN_TIME)} in time" in page
    assert "contained under a standing approval signed by ann@example.com, bob@example.com" in page
    assert "containment began" in page


def test_what_an_earlier_plan_of_containment_ended_is_not_lost_when_a_later_one_has_the_rest(
    run: Run, tmp_path: Path
) -> None:
    """A second look at the same provider plans what did not end the first time, and that alone."""
    told = deepcopy(run.told)
    first = run.of("containment.planned", told)[0]
    again = deepcopy(first)
    again["body"]["plan"]["steps"] = [step | {"id": "later"} for step in first["body"]["plan"]["steps"]]
    again["body"]["digest"] = digest(again["body"]["plan"])
    last = max(n for n, event in enumerate(told) if event["type"] == "containment.receipt")
    told.insert(last + 1, again | {"at": told[last]["at"]})
    mine = [event for event in written(run, told, tmp_path / "case") if event.run == run.name]
    seen = case(past(mine), mine)
    assert sum(one.plan.digest != seen.plan.digest for one in seen.controls) == 2
    assert verdict(run, told, tmp_path).problems == []


def test_a_run_that_was_only_contained_has_no_evidence_yet_and_is_told_how_to_get_it(run: Run, tmp_path: Path) -> None:
    told = [event for event in run.told if event["type"].partition(".")[0] in ("run", "containment")]
    with pytest.raises(evidence.NothingToSeal, match="was contained, and has no full plan yet") as caught:
        evidence.build(written(run, told, tmp_path), run.name, b"")
    assert f"offkey plan --run {run.name}" in caught.value.advice
    assert caught.value.exit_code == Exit.NOTHING_EXAMINED
