"""Limits that a plan must keep, and the words for extra yeses. Plain data: the configuration fills it in."""

from dataclasses import dataclass
from datetime import datetime

from offkey.model import AccessPoint, Account, OptOut, Person

PR_BEFORE_KILL = "pr-before-kill"
"""The extra yes that lets a pull request be opened while its credential is not yet proven dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`break_glass` holds `provider:login` or `provider:id`. Times in the unit of their names."""

    max_steps: int = 100
    plan_valid_hours: int = 72
    hand_over_days: int = 7
    observe_hours: int = 0
    break_glass: tuple[str, ...] = ()

    def protects(self, account: Account) -> bool:
        """Whether this is one of the accounts that nobody may offboard (DESIGN rule 12)."""
        names = {f"{account.provider}:{name}".lower() for name in (account.id, account.login) if name}
        return bool(names & {entry.lower() for entry in self.break_glass})


def opt_out_for(point: AccessPoint, person: Person, optouts: tuple[OptOut, ...], now: datetime) -> OptOut | None:
    """The opt-out in force for this point, or None. Anything doubtful about one means that it does not hold.

    A scope is a point's id, `provider:provider id`, a kind, or a provider: never everything.
    """
    scopes = {point.id, point.kind, point.provider}
    if point.provider_id:
        scopes.add(f"{point.provider}:{point.provider_id}")
    subjects = {person.id.lower(), *(email.lower() for email in person.emails)}
    for optout in sorted(optouts, key=lambda entry: entry.id):
        approver = optout.approver.lower()
        in_force = optout.not_before <= now < optout.expires_at
        four_eyes = bool(approver) and approver != optout.requester.lower() and approver not in subjects
        if in_force and four_eyes and optout.subject.lower() in subjects and optout.scope in scopes:
            return optout
    return None
