"""Evidence of what was kept: the verifier alone finds what was left out without an opt-out that was signed for it.

A forger here has the whole ledger to write anew, with fitting hashes and an approver who signs any plan. What they lack
is an owner who signs exactly that opt-out.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.applying.keeping import WhyNot
from offboarding.approval import signing
from offboarding.evidence import evidence
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import request
from offkey.model import Action, OptOut, Outcome, Plan, Scope, from_json, to_json
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, leaked, plan_of
from tests.offboarding.optouts import AT_AWS, ENDING
from tests.offboarding.test_evidence import kit
from tests.offboarding.test_optouts_applied import Desk

pytestmark = needs.OPENSSH
DAY = timedelta(days=1)


@dataclass
class Kept:
    """A desk at which a run is planned with an opt-out, approved and applied; and what the verifier says of it."""

    desk: Desk

    @property
    def register(self) -> bytes:
        return self.desk.register.read_bytes() + self.desk.who.register.read_bytes()

    def optout(self, **changes: Any) -> OptOut:
        """One that ann has approved, and that outlasts sam's departure."""
        return self.desk.approve(self.desk.ask(**{"allow_after_disable": True, **changes}))

    def run(self, *optouts: OptOut, why_not: WhyNot | None = None) -> Plan:
        """Plan, approve, apply. `why_not` takes the place of the judge."""
        desk, ledger = self.desk, self.desk.ledger
        ledger.append("run.opened", "run-1", {"person": "sam", "trigger": None})
        plan = desk.plan(*optouts)
        ledger.append("plan.approved", plan.run, {"approval": to_json(desk.who.sign(plan))})
        desk.apply(plan, why_not)
        return plan

    def verdict(self, ledger: Ledger | None = None) -> Any:
        folder = self.desk.folder / "evidence"
        evidence.seal(evidence.build((ledger or self.desk.ledger).events(), "run-1", self.register), folder)
        return kit.verify(folder)

    def forged(self, change: Callable[[OptOut], OptOut], at: timedelta = timedelta(0)) -> list[str]:
        """The problems of the same run with another opt-out in its plan, everything else made to fit."""
        told = [event for event in self.desk.ledger.events() if event.run == "run-1"]
        plan = next(from_json(event.body["plan"], Plan) for event in told if event.type == "plan.made")
        (true,) = plan.optouts
        false = change(true)
        steps = tuple(replace(step, how=false.id) if step.keeps else step for step in plan.steps)
        made = replace(plan, optouts=(false,), steps=steps, created_at=plan.created_at + at)
        made = replace(made, expires_at=made.created_at + DAY)
        store = Store.open(self.desk.folder / "forged")
        ledger = Ledger(store, lambda: NOW + at, "offkey")
        for event in told:
            body: Any = json.loads(json.dumps(to_json(event.body)).replace(true.id, false.id))
            if event.type == "plan.made":
                body |= {"digest": made.digest, "plan": to_json(made)}
            elif event.type == "plan.approved":
                body = {"approval": to_json(self.desk.who.sign(made, now=NOW + at))}
            ledger.append(event.type, event.run, body)
        try:
            return list(self.verdict(ledger).problems)
        finally:
            store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    desk = Desk(tmp_path)
    yield Kept(desk)
    desk.ledger.store.close()


def signed(kept: Kept, optout: OptOut, by: str = "ann@example.com", key: Path | None = None) -> OptOut:
    """Named by what it asks for, and signed."""
    bare = request.bare(optout)
    given = request.approved(replace(bare, id=request.ident(bare)), by, NOW)
    return request.signed(given, key or kept.desk.folder / by)


def test_what_was_kept_is_intact_and_the_verifier_says_who_signed(kept: Kept) -> None:
    given = kept.optout()
    kept.run(given)
    said = kept.verdict()
    assert said.problems == []
    assert f"opt-out {given.id} by ann@example.com, signature verified" in said.passed
    assert any("no opt-out was cancelled" in note for note in said.notes)
    assert kept.forged(lambda true: true) == [], "the forgeries are found for what they say"
    assert kept.forged(lambda true: signed(kept, replace(true, reason="legal_hold"))) == []


def test_a_literal_stays_with_its_credential(kept: Kept) -> None:
    given = kept.optout()
    desk = kept.desk
    plan = plan_of(leaked(), optouts=(given,))
    assert Action.REWRITE in {step.keeps for step in plan.steps}
    desk.ledger.append("run.opened", plan.run, {"person": "sam", "trigger": None})
    desk.ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
    desk.ledger.append("plan.approved", plan.run, {"approval": to_json(desk.who.sign(plan))})
    assert {receipt.outcome for receipt in desk.apply(plan)} == {Outcome.SKIPPED}
    assert kept.verdict().problems == []


def test_what_was_planned_and_not_done_yet_is_judged_too(kept: Kept) -> None:
    given = kept.optout()
    kept.desk.ledger.append("run.opened", "run-1", {"person": "sam", "trigger": None})
    kept.desk.plan(given)
    assert kept.verdict().problems == []
    assert any("not in the register" in text for text in kept.forged(lambda true: by_ann_with_another_key(kept, true)))


def test_what_an_opt_out_kept_no_more_needs_none(kept: Kept) -> None:
    """It ended between plan and apply: the steps wait for a person, and nothing rests on it."""
    kept.run(kept.optout(), why_not=lambda one: "it was cancelled")
    assert kept.verdict().problems == []


def unsigned(kept: Kept, true: OptOut) -> OptOut:
    return replace(true, signature="")


def longer_than_was_signed(kept: Kept, true: OptOut) -> OptOut:
    longer = replace(true, expires_at=true.expires_at + DAY)
    return replace(longer, id=request.ident(request.bare(longer)))


def by_another_name(kept: Kept, true: OptOut) -> OptOut:
    renamed = replace(true, id="o-000000000000", signature="")
    return request.signed(renamed, kept.desk.folder / "ann@example.com")


def for_another_purpose(kept: Kept, true: OptOut) -> OptOut:
    text = signing.sign(request.statement(true), kept.desk.folder / "ann@example.com", signing.NAMESPACE)
    return replace(true, signature=text)


def by_ann_with_another_key(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, true, key=stranger(kept).key)


def stranger(kept: Kept) -> Approver:
    return approver(kept.desk.folder / "strangers", "eve@example.com")


def by_who_approves_plans_alone(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, true, kept.desk.who.email, kept.desk.who.key)


def by_who_asked_for_it(kept: Kept, true: OptOut) -> OptOut:
    kept.desk.enter("boss@example.com")
    return signed(kept, true, "boss@example.com")


def by_the_person(kept: Kept, true: OptOut) -> OptOut:
    kept.desk.enter("sam@example.com")
    return signed(kept, true, "sam@example.com")


def of_another_person(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, subject="zoe"))


def of_other_accounts(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, subject_ids=("aws#AIDAANOTHER",)))


def for_another_system(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, scope=replace(AT_AWS, systems=("github",))))


def for_another_kind(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, scope=replace(AT_AWS, kinds=("aws.user_sessions",))))


def for_another_credential(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, scope=replace(AT_AWS, credentials=("aws:AKIATWO",))))


def for_another_action(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, scope=replace(AT_AWS, actions=(Action.ROTATE,))))


def for_half_of_what_belongs_together(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, scope=replace(AT_AWS, actions=(Action.DISABLE, Action.REVOKE))))


def that_has_not_begun(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, not_before=NOW + DAY))


def that_has_ended(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, expires_at=NOW))


def that_ends_with_the_departure(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, allow_after_disable=False))


def approved_before_it_was_asked_for(kept: Kept, true: OptOut) -> OptOut:
    return signed(kept, replace(true, requested_at=NOW + timedelta(seconds=1)))


def approved_later(kept: Kept, true: OptOut) -> OptOut:
    given = replace(true, approved_at=NOW + timedelta(seconds=1), signature="")
    return request.signed(given, kept.desk.folder / "ann@example.com")


NOT_COVERED = "does not cover step"
FORGED: dict[Callable[[Kept, OptOut], OptOut], str] = {
    unsigned: "there is no SSH signature",
    longer_than_was_signed: "the signature is wrong",
    by_another_name: "not what was asked for",
    for_another_purpose: "for another purpose ('offkey-plan')",
    by_ann_with_another_key: "not in the register",
    by_who_approves_plans_alone: "not in the register",
    by_who_asked_for_it: "by who asked for it",
    by_the_person: "by the person concerned",
    of_another_person: "about another person",
    of_other_accounts: "about another person",
    for_another_system: NOT_COVERED,
    for_another_kind: NOT_COVERED,
    for_another_credential: NOT_COVERED,
    for_another_action: NOT_COVERED,
    for_half_of_what_belongs_together: NOT_COVERED,
    that_has_not_begun: "not in force",
    that_has_ended: "not in force",
    that_ends_with_the_departure: "not in force",
    approved_before_it_was_asked_for: "at a time that cannot be",
    approved_later: "at a time that cannot be",
}


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_a_forged_opt_out_is_found_although_all_hashes_fit(kept: Kept, forge: Callable[[Kept, OptOut], OptOut]) -> None:
    kept.run(kept.optout())
    (problem,) = kept.forged(lambda true: forge(kept, true))
    assert FORGED[forge] in problem


@pytest.mark.parametrize("name", ["aws:AKIAONE", "aws.access_key:AKIAONE"])
def test_a_credential_is_named_by_its_id_or_its_points(kept: Kept, name: str) -> None:
    scope = Scope(systems=("aws",), actions=ENDING, kinds=("aws.access_key",), credentials=("x", name))
    kept.run(kept.optout(scope=scope))
    assert kept.verdict().problems == []


def test_an_opt_out_that_ran_out_before_the_step_was_left_out_is_found(kept: Kept) -> None:
    """In force when the plan was made, and not when it was carried out."""
    kept.run(kept.optout(expires_at=NOW + timedelta(hours=1)))
    told = [event for event in kept.desk.ledger.events() if event.run == "run-1"]
    store = Store.open(kept.desk.folder / "late")
    times = iter([NOW + (timedelta(hours=2) if event.type == "step.receipt" else timedelta(0)) for event in told])
    ledger = Ledger(store, lambda: next(times), "offkey")
    for event in told:
        ledger.append(event.type, event.run, event.body)
    (problem,) = kept.verdict(ledger).problems
    assert "not in force" in problem
    store.close()


@pytest.mark.parametrize(
    ("of_the_step", "of_the_receipt", "problem"),
    [
        ({}, {"optout": ""}, "without the opt-out for it"),
        ({}, {"optout": "o-111111111111"}, "without the opt-out for it"),
        ({"how": "o-111111111111"}, {"optout": "o-111111111111"}, "not in its plan"),
        ({"action": Action.DISABLE, "keeps": None, "how": ""}, {"optout": ""}, "without the opt-out for it"),
        ({"action": Action.DISABLE}, {}, "without the opt-out for it"),
        ({"keeps": None}, {}, "without the opt-out for it"),
    ],
)
def test_what_is_left_out_without_an_opt_out_is_found(
    kept: Kept, of_the_step: dict[str, Any], of_the_receipt: dict[str, Any], problem: str
) -> None:
    kept.run(kept.optout())
    told = [event for event in kept.desk.ledger.events() if event.run == "run-1"]
    store = Store.open(kept.desk.folder / "silent")
    ledger = Ledger(store, lambda: NOW, "offkey")
    plan = next(from_json(event.body["plan"], Plan) for event in told if event.type == "plan.made")
    made = replace(plan, steps=tuple(replace(step, **of_the_step) for step in plan.steps))
    for event in told:
        body: Any = dict(event.body)
        if event.type == "plan.made":
            body |= {"digest": made.digest, "plan": to_json(made)}
        elif event.type == "plan.approved":
            body = {"approval": to_json(kept.desk.who.sign(made))}
        elif event.type == "step.receipt":
            receipt = {**body["receipt"], **of_the_receipt}
            body = {"receipt": {name: value for name, value in receipt.items() if (name, value) != ("optout", "")}}
        ledger.append(event.type, event.run, body)
    (found,) = kept.verdict(ledger).problems
    assert problem in found
    store.close()


def test_a_key_that_it_cannot_judge_counts_as_not_verified(kept: Kept) -> None:
    rita = approver(kept.desk.folder / "rita", "rita@example.com", kind="rsa")
    line = rita.register.read_text().replace("offkey-plan", "offkey-optout")
    kept.desk.register.write_text(kept.desk.register.read_text() + line)
    kept.run(kept.optout())
    assert kept.forged(lambda true: signed(kept, true, rita.email, rita.key)) == [
        "the approvals could not be verified here"
    ]
