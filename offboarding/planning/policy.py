"""Limits that a plan must keep, and the words for extra yeses. Plain data: the configuration fills it in."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from offboarding.identity.addresses import normal_email
from offboarding.optouts.scope import keeping
from offkey.model import AccessPoint, Account, Action, OptOut, Person, Step

PR_BEFORE_KILL = "pr-before-kill"
"""The extra yes that lets a pull request be opened while its credential is not yet proven dead."""


def goes_first(step: Step, allows: Collection[str]) -> bool:
    """Whether a removal from code need not wait for what it comes after: plan and approval both say so."""
    return step.needs == PR_BEFORE_KILL and step.needs in allows


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


def opt_out_for(
    point: AccessPoint,
    action: Action,
    person: Person,
    optouts: Iterable[OptOut],
    now: datetime,
    *,
    with_its_end: bool = False,
) -> OptOut | None:
    """The opt-out in force that keeps `action` from being done to this point, or None.

    Anything doubtful about one means that it does not hold. Its signature is not looked at here.
    """
    return keeping((one for one in optouts if _may_hold(one, person, now)), point, action, with_its_end=with_its_end)


def _may_hold(optout: OptOut, person: Person, now: datetime) -> bool:
    approver = normal_email(optout.approver)
    identities = (*person.certain, *person.probable)
    theirs = {normal_email(address) for address in (person.id, *person.emails, *(one.email for one in identities))}
    ids = {f"{one.provider}#{one.id}" for one in person.accounts}
    four_eyes = bool(approver) and approver != normal_email(optout.requester) and approver not in theirs
    theirs_alone = optout.subject == person.id and set(optout.subject_ids) <= ids
    return optout.not_before <= now < optout.expires_at and four_eyes and theirs_alone
