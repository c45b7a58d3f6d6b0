"""Separation of duties: who may say yes, and how many different people must. Pure.

Without a table of roles everybody in the register may approve. Two addresses of one person, by the directory, are one
pair of eyes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory
from offboarding.planning.policy import goes_first
from offkey.model import Action, Approval, Plan, Step

NOBODY = Directory()
SENDING = frozenset({Action.REVOKE, Action.DISABLE, Action.REMOVE, Action.REPLACE, Action.REWRITE})
"""What sends something. The rest is looked at and left to people."""
POLICIES = ("none", "irreversible", "all")
"""Which steps want two approvers, the mildest first."""


class Role(StrEnum):
    """APPROVER signs plans, OWNER opt-outs, SECURITY sees everything and attests, EXECUTOR runs what others signed."""

    APPROVER = "approver"
    OWNER = "owner"
    SECURITY = "security"
    EXECUTOR = "executor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """`roles` by e-mail address in its normal form; `four_eyes` is one of POLICIES."""

    four_eyes: str = "none"
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)

    def may(self, email: str, role: Role) -> bool:
        """Whether somebody has a role. Where nobody at all has been given it, and none but the register counts."""
        given = any(role in roles for roles in self.roles.values())
        return not given or role in self.roles.get(normal_email(email), frozenset())

    def knows(self, email: str) -> bool:
        """Whether somebody has any role, where roles are given at all."""
        return not self.roles or normal_email(email) in self.roles

    def with_at_least(self, four_eyes: str) -> "Duties":
        """The same, with the stricter of two policies: what a plan was made under cannot be loosened afterwards."""
        return Duties(four_eyes=max(self.four_eyes, four_eyes, key=POLICIES.index), roles=self.roles)

    def wanted(self, step: Step) -> int:
        """How many different people must have approved before this step is begun."""
        if step.action not in SENDING or self.four_eyes == "none":
            return 1
        return 2 if self.four_eyes == "all" or not step.reversible else 1

    def lacking(self, step: Step, approvals: Iterable[Approval], people: Directory = NOBODY) -> str:
        """Why the step has to wait for another approver, "" when it need not. An extra yes wants as many as the step.

        Where nobody gives the extra yes it need not wait either: then the step is not done, and says so.
        """
        given = list(approvals)
        covering = [one for one in given if step.needs in one.allows] if step.needs else []
        counted = humans(covering or given, people)
        if counted >= self.wanted(step):
            return ""
        extra = f" with --allow {step.needs}" if covering else ""
        return f"{self.wanted(step)} different people must approve it{extra}, {counted} did"

    def allowance(self, plan: Plan, approvals: Sequence[Approval], people: Directory = NOBODY) -> "Allowance":
        """Which steps that send something would run with exactly these approvals, and which not, and why."""
        allows = {word for one in approvals for word in one.allows}
        runs: list[int] = []
        waits: list[tuple[int, str]] = []
        left_out: list[tuple[int, str]] = []
        waiting: dict[str, int] = {}
        for number, step in enumerate(plan.steps, start=1):
            if step.action not in SENDING:
                continue
            why = self.lacking(step, approvals, people)
            if not why and step.after in waiting and not goes_first(step, allows):
                why = f"it comes after step {waiting[step.after]}"
            if why:
                waits.append((number, why))
                waiting[step.id] = number
            elif step.needs and step.needs not in allows:
                left_out.append((number, step.needs))
            else:
                runs.append(number)
        return Allowance(runs=tuple(runs), waits=tuple(waits), left_out=tuple(left_out))


def humans(approvals: Iterable[Approval], people: Directory = NOBODY) -> int:
    """How many different people these are."""
    owners = {normal_email(one.approver): people.owner_of(one.approver) for one in approvals}
    return len({owner.id if owner else name for name, owner in owners.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a plan's approvals let happen: step numbers from 1."""

    runs: tuple[int, ...]
    waits: tuple[tuple[int, str], ...]
    left_out: tuple[tuple[int, str], ...]
