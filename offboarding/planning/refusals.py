"""Why a plan refuses itself: every reason at once, each with the number, the limit and the way out. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offboarding.planning import gather
from offboarding.planning.policy import Policy
from offboarding.rotation.matching import let_in
from offkey.errors import Exit, OffkeyError
from offkey.model import Account, Action, Bond, Ownership, Person, Plan, Step
from revokers.protocol import LAST_OWNER

_ENDING = frozenset({Action.REVOKE, Action.DISABLE, Action.REMOVE})
_ACTING = _ENDING | {Action.ROTATE, Action.REPLACE}
_NAMED = 5
BREAK_GLASS = "break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason. `found` is more, or in case of identities less, than `limit` allows."""

    rule: str
    what: str
    found: int
    limit: int
    way_out: str


class PlanRefused(OffkeyError):
    """The plan would be unsafe, and is not made. Says of each reason the number, the limit and the way out."""

    exit_code = Exit.PLAN_REFUSED

    def __init__(self, message: str, *, advice: str = "", refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(message, advice=advice)
        self.refusals = tuple(refusals)


def check(person: Person, steps: Sequence[Step], policy: Policy, *, key_id: str) -> None:
    """Raise PlanRefused with every reason for which these steps must not be planned."""
    found = [*unfounded(person, key_id), *unsafe(person, steps, policy)]
    if len(found) == 1:
        raise PlanRefused(found[0].what, advice=found[0].way_out, refusals=found)
    if found:
        reasons = "; ".join(f"({number}) {one.what}" for number, one in enumerate(found, 1))
        ways = "; ".join(f"({number}) {one.way_out}" for number, one in enumerate(found, 1))
        raise PlanRefused(f"the plan is refused for {len(found)} reasons: {reasons}", advice=ways, refusals=found)


def unfounded(person: Person, key_id: str) -> Iterator[Refusal]:
    """What is missing before anything can be told to be the person's."""
    if not key_id:
        yield Refusal(
            rule="organisation-key",
            what="there is no organisation key to compare values with",
            found=0,
            limit=1,
            way_out="run `offkey doctor --init`",
        )
    if not person.certain and not person.accounts:
        probable = f", {len(person.probable)} are probable" if person.probable else ""
        yield Refusal(
            rule="identification",
            what=f"no certain identity is known of {person.id} (0 found{probable}; 1 is needed)",
            found=0,
            limit=1,
            way_out="enter the person's addresses in people.yaml"
            + (", or say which of the probable ones are theirs with `offkey whois --confirm`" if probable else ""),
        )


def check_break_glass(plan: Plan, policy: Policy) -> None:
    """Raise PlanRefused where a plan that was made before touches what is a break-glass account by now."""
    for one in unsafe(plan.person, plan.steps, policy):
        if one.rule == BREAK_GLASS:
            raise PlanRefused(one.what, advice=one.way_out, refusals=(one,))


def unsafe(person: Person, steps: Sequence[Step], policy: Policy) -> Iterator[Refusal]:
    """What the steps would do that must never be done (DESIGN rules 4 and 12)."""
    protected = [account for account in gather.accounts(person) if policy.protects(account)]
    acting = [step for step in steps if (step.keeps or step.action) in _ACTING]
    touched = [one for step in acting for one in (step.point.holder, *let_in(step)) if one is not None]
    names = sorted({_account(one) for one in (*protected, *touched) if policy.protects(one)})
    if names:
        several = f"break-glass accounts ({len(names)} found; none may be)"
        yield Refusal(
            rule=BREAK_GLASS,
            what=f"{names[0]} is a break-glass account (1 found; none may be)"
            if len(names) == 1
            else f"{_listed(names)} are {several}",
            found=len(names),
            limit=0,
            way_out="break-glass accounts are never offboarded: name another person, or change [break_glass]",
        )
    left = [step for step in steps if step.action is not Action.KEEP or step.keeps]
    alone = sorted({_point(step) for step in left if LAST_OWNER in step.point.evidence})
    if alone:
        yield Refusal(
            rule="last-owner",
            what=f"{_listed(alone)}: nobody else owns it, and ending it locks all out "
            f"({len(alone)} found; none may be)",
            found=len(alone),
            limit=0,
            way_out="make somebody else an owner first, then plan again",
        )
    yield from _inexact(steps)
    if len(steps) > policy.max_steps:
        yield Refusal(
            rule="max-steps",
            what=f"the plan has {len(steps)} steps; the limit is {policy.max_steps}",
            found=len(steps),
            limit=policy.max_steps,
            way_out="check that this is one person; if it is, raise max_steps under [policy] for this run",
        )


def _inexact(steps: Sequence[Step]) -> Iterator[Refusal]:
    """What would end others' access, or something that nobody can name: no revoker's options may lead there."""
    ending = [step for step in steps if (step.keeps or step.action) in _ENDING]
    replaced = {step.id for step in steps if step.action is Action.REPLACE}
    behind = {step.id for step in ending if step.after in replaced}
    behind |= {step.id for step in ending if step.after in behind}
    shared = sorted({_point(step) for step in ending if not _theirs(step) and step.id not in behind})
    if shared:
        yield Refusal(
            rule="shared-credential",
            what=f"{_listed(shared)}: held to be shared, and would be ended without a successor "
            f"({len(shared)} found; none may be)",
            found=len(shared),
            limit=0,
            way_out="let its owner rotate it, or name a successor for it under [[rotation]]",
        )
    unnamed = sorted({_point(step) for step in ending if not (step.point.provider_id or step.point.fingerprint)})
    if unnamed:
        yield Refusal(
            rule="identification",
            what=f"{_listed(unnamed)}: nothing names it exactly ({len(unnamed)} found; none may be)",
            found=len(unnamed),
            limit=0,
            way_out="end it by hand at its provider, and plan again",
        )


def _theirs(step: Step) -> bool:
    return step.point.ownership is Ownership.PERSONAL and step.point.bond is Bond.THEIRS


def _account(one: Account) -> str:
    return f"{one.provider}:{one.login or one.id}"


def _point(step: Step) -> str:
    return f"{step.point.provider} {step.point.provider_id or step.point.id}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
