"""What a step came to, from what was asked before, how the act went, and what was asked after (DESIGN rule 5). Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from offkey.model import CLOSED, DEATHS, Action, Check, Exchange, Liveness, Outcome, Receipt, Step

DONE = {
    Action.REVOKE: Outcome.REVOKED,
    Action.DISABLE: Outcome.DISABLED,
    Action.REMOVE: Outcome.REMOVED,
    Action.ROTATE: Outcome.ROTATED,
    Action.REPLACE: Outcome.REPLACED,
    Action.REWRITE: Outcome.REMOVED,
    Action.HAND_OVER: Outcome.ALREADY_DEAD,
}
PROPOSAL_OPEN = "proposed"
"""The status by which the executor of REWRITE says that a pull request waits."""

SETTLED = CLOSED | {Outcome.PROPOSED, Outcome.SKIPPED, Outcome.ATTESTED}
"""Outcomes after which nothing is left to do: what was kept is covered by an opt-out, what is proposed is dead, and of
what was attested somebody has signed that it is ended."""


class Act(StrEnum):
    """How the one request went, told apart because only an accepted one may be called acknowledged."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


def act_of(exchange: Exchange) -> Act:
    """A status of 0 means that no answer came: it may or may not have happened."""
    if exchange.status == 0:
        return Act.UNANSWERED
    return Act.ACCEPTED if 200 <= exchange.status < 300 else Act.REFUSED


def settle(action: Action, before: Check, act: Act, after: Check, *, reached: bool) -> Outcome:
    """The outcome after an act. `reached`: the re-check shows this very action's end."""
    if reached:
        # Refused, and not seen alive before: it was so already, and no undo may switch on what others switched off.
        ours = act is not Act.REFUSED or before.liveness is Liveness.LIVE or action is Action.REWRITE
        return DONE[action] if ours else Outcome.ALREADY_DEAD
    if action is Action.REWRITE and after.status == PROPOSAL_OPEN:
        return Outcome.PROPOSED
    if act is Act.REFUSED:
        return Outcome.FAILED
    if after.liveness is Liveness.UNKNOWN and before.liveness is Liveness.UNKNOWN and act is Act.ACCEPTED:
        return Outcome.ACKNOWLEDGED
    return Outcome.NOT_CONFIRMED


def already(action: Action, *, ours: bool) -> Outcome:
    """The outcome where the first look already shows the end; `ours`: an earlier attempt of this run had sent it."""
    if ours or action is Action.REWRITE:
        return DONE[action]
    return Outcome.ALREADY_DEAD


def proves_death(receipt: Receipt | None) -> bool:
    """Whether a receipt shows that its credential cannot be used any more."""
    return receipt is not None and receipt.outcome in DEATHS


def ended(steps: Sequence[Step], receipts: Mapping[str, Receipt], step: Step) -> bool:
    """Whether what a step waits for has happened.

    Any receipt that proves this credential dead will do for a rewrite; a deletion needs its own first half.
    """
    first = next((other for other in steps if other.id == step.after), None)
    same = [
        other.id for other in steps if first and other.point.id == first.point.id and other.action is not Action.REWRITE
    ]
    needed = same if step.action is Action.REWRITE else [step.after]
    return any(proves_death(receipts.get(ident)) for ident in needed)


def words(outcome: Outcome) -> str:
    """One line in plain words for tables and the report."""
    return {
        Outcome.REVOKED: "ended at its issuer, and seen dead afterwards",
        Outcome.DISABLED: "switched off at its issuer, and seen off afterwards",
        Outcome.REMOVED: "taken away, and seen gone afterwards",
        Outcome.ROTATED: "replaced, and the old value seen dead",
        Outcome.REPLACED: "has a successor, seen alive and stored; the old value still lives",
        Outcome.ALREADY_DEAD: "was dead before anything was done",
        Outcome.PROPOSED: "a pull request, merge request, branch or bundle waits",
        Outcome.ACKNOWLEDGED: "accepted by the issuer; its end cannot be observed",
        Outcome.NOT_CONFIRMED: "asked for, but not seen dead",
        Outcome.NOT_IDENTIFIED: "not touched: it could not be named exactly",
        Outcome.SKIPPED: "kept, by an opt-out",
        Outcome.HANDED_OVER: "waits for a person",
        Outcome.UNDONE: "switched on again, on somebody's word",
        Outcome.ATTESTED: "done by a person, on their signed word",
        Outcome.FAILED: "not done: the issuer refused",
    }[outcome]
