"""One step, from intent to receipt: look, act once, look again. Called by `apply` alone."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from offboarding.applying.deadline import STEP_SECONDS, Deadlines
from offboarding.applying.deed import Told, act_once, assignee, said
from offboarding.applying.executors import REMEDY, Executor, Executors
from offboarding.applying.keeping import WhyNot, unverified
from offboarding.applying.outcomes import PROPOSAL_OPEN, Act, already, ended, proves_death, settle
from offboarding.ledger.history import Past
from offboarding.ledger.ledger import Ledger
from offboarding.planning.policy import PR_BEFORE_KILL
from offboarding.rotation.rotator import Rotator
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import (
    AccessPoint,
    Action,
    Check,
    Credential,
    Exchange,
    Liveness,
    Outcome,
    Plan,
    Receipt,
    Step,
)

FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0
BY_PEOPLE = frozenset({Action.HAND_OVER, Action.ROTATE})

Credentials = Callable[[AccessPoint], Credential]
Question = Callable[[Step, Credential | None], Check]


class Gone(OffkeyError):
    """The value is not at its address any more, or another one is."""


@dataclass(frozen=True, kw_only=True)
class Run:
    plan: Plan
    allows: frozenset[str]
    executors: Executors
    ledger: Ledger
    credentials: Credentials
    key: OrgKey
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    confirm_seconds: float
    hand_over: timedelta
    past: Past
    optouts: WhyNot = unverified
    rotators: Mapping[str, Rotator] = field(default_factory=dict)
    """By the id of a REPLACE step, who makes the successor and where it goes."""
    reading: threading.Lock = field(default_factory=threading.Lock)
    """Values are read one at a time: git is quick, and its processes are many."""
    deadlines: Deadlines = field(default_factory=lambda: Deadlines(STEP_SECONDS))
    assignees: Mapping[str, str] = field(default_factory=dict)
    """By provider or instance, who is to do what is handed over there."""
    replacing: threading.Lock = field(default_factory=threading.Lock)
    """Successors are made and stored one at a time: two may go into different fields of one secret."""

    def note(self, type: str, **body: object) -> None:
        self.ledger.append(type, self.plan.run, body)


def executor_of(step: Step) -> str:
    """The name of who carries it out."""
    return REMEDY if step.action is Action.REWRITE else step.point.provider


def waits_until(run: Run, step: Step) -> datetime | None:
    """When the observation after its first half ends; None where it has ended, or there is nothing to observe."""
    first = run.past.receipts.get(step.after)
    if not step.observe_hours or first is None or not proves_death(first):
        return None
    until = first.finished_at + timedelta(hours=step.observe_hours)
    return until if run.now() < until else None


def carry_out(run: Run, step: Step) -> Receipt:
    """Do one step, or say why not. Everything but its receipt is in the ledger when this returns."""
    started = run.now()
    run.note("step.intent", step=step.id, attempt=run.past.attempts[step.id] + 1)
    executor = run.executors.get(executor_of(step))
    waits = _waits(run, step)
    if waits is not None:
        return receipt_for(run, step, started, waits)
    if executor is None:
        return receipt_for(run, step, started, _without_executor(step))
    try:
        credential = reread(run, step.point)
    except Gone as error:
        if step.action in BY_PEOPLE:
            return receipt_for(run, step, started, Told(Outcome.HANDED_OVER, f"{step.reason}; {error}", step.how))
        return receipt_for(run, step, started, Told(Outcome.NOT_IDENTIFIED, str(error), error.advice))
    executor, mark = run.deadlines.within(executor), len(executor.exchanges)
    if step.action is Action.REWRITE and _dead(run, step):
        step = replace(step, needs="")  # with the proof there is nothing left to allow
    told = _with(run, step, executor, credential)
    earlier = run.past.acted.get(step.id, (None, "", ()))[2]
    return receipt_for(run, step, started, told, (*earlier, *executor.exchanges[mark:]))


def _waits(run: Run, step: Step) -> Told | None:
    """A reason not to begin, known without asking anybody."""
    if _taken_back(run, step) and step.id not in run.past.acting:  # what was begun is looked at first
        return Told(Outcome.HANDED_OVER, *_TAKEN_BACK)
    if not step.after or _dead(run, step) or step.needs == PR_BEFORE_KILL:
        return None
    return _first_half(run, step)


_TAKEN_BACK = ("somebody asked to switch it on again", "plan again once it may be ended")


def _taken_back(run: Run, step: Step) -> bool:
    """Whether an undo of the step before was asked for."""
    return step.after in run.past.undoing and step.action is not Action.REWRITE


def _first_half(run: Run, step: Step) -> Told | None:
    """A reason where the step before did not come to its end. Of what is shared that is a successor in its place."""
    first = next((other for other in run.plan.steps if other.id == step.after), None)
    if first is None or first.action is not Action.REPLACE:
        advice = step.how or "end the credential first, then plan again"
        return Told(Outcome.HANDED_OVER, "not begun: the credential is not proven dead", advice)
    placed = run.past.receipts.get(first.id)
    if placed is not None and placed.outcome is Outcome.REPLACED:
        return None
    return Told(Outcome.HANDED_OVER, "not begun: its successor is not in place", "see what became of the step before")


def hand_over(run: Run, step: Step, told: Told) -> Receipt:
    """The receipt of a step that is not begun; its intent is in the ledger."""
    run.note("step.intent", step=step.id, attempt=run.past.attempts[step.id] + 1)
    return receipt_for(run, step, run.now(), told)


def _dead(run: Run, step: Step) -> bool:
    """Whether what this step waits for has happened."""
    return ended(run.plan.steps, run.past.receipts, step)


def _without_executor(step: Step) -> Told:
    if step.action in BY_PEOPLE:
        return Told(Outcome.HANDED_OVER, step.reason, step.how)
    who = "removal from code" if step.action is Action.REWRITE else step.point.provider
    return Told(
        Outcome.FAILED, f"nothing is configured to write for {who}", "add it to offkey.toml, then plan and apply again"
    )


def reread(run: Run, point: AccessPoint) -> Credential | None:
    """The value from its address, compared with what was planned; None for a point that is only an id."""
    if not point.fingerprint or not point.places:
        return None
    advice = "plan again: the run's copy of the repository is gone or was changed"
    try:
        with run.reading:
            credential = run.credentials(point)
    except OffkeyError as error:
        raise Gone(str(error), advice=error.advice or advice) from error
    parts = {name: secret.reveal() for name, secret in credential.parts.items()}
    if run.key.fingerprint(credential.kind, parts) != point.fingerprint:
        raise Gone("another value is at its address now", advice=advice)
    return credential


def _with(run: Run, step: Step, executor: Executor, credential: Credential | None) -> Told:
    before = _before(run, executor, step, credential)
    # What was refused is not ours: no undo may switch on what others switched off since.
    ours = step.id in run.past.acting and run.past.acted.get(step.id, (None,))[0] is not Act.REFUSED
    told = _nothing_to_send(run, step, before, ours=ours, reached=executor.reached(step, before))
    told = told or _switched_on(run, step, before)
    if told is not None:
        return told
    if step.id in run.past.acted:
        act, note, _ = run.past.acted[step.id]
    elif ours and before.liveness is Liveness.UNKNOWN:
        # It may have been sent, and nobody can tell: sending it again would be blind.
        act, note = Act.UNANSWERED, "an earlier attempt was cut off while sending"
    else:
        run.note("step.acting", step=step.id)
        mark = len(executor.exchanges)
        sent = act_once(executor, step, credential)
        if isinstance(sent, Told):
            return replace(sent, before=before)
        act, note = sent
        run.note("step.acted", step=step.id, act=act.value, note=note, exchanges=executor.exchanges[mark:])
    after = _confirm(run, executor, step, credential, once=act is Act.REFUSED)
    outcome = settle(step.action, before, act, after, reached=executor.reached(step, after))
    undone = outcome in (Outcome.FAILED, Outcome.NOT_CONFIRMED)
    advice = "see the provider's answer, then plan again for what is still open" if undone else ""
    return Told(outcome, "; ".join(filter(None, (note, after.reason))), advice, before, after)


def _before(run: Run, executor: Executor, step: Step, credential: Credential | None) -> Check:
    """The first look; at what was switched off already it is repeated until that is seen, or to the deadline."""
    seen = _ask(run, executor.before, step, credential)
    waited, pause = 0.0, FIRST_WAIT
    fresh = _second_half(step) and step.id not in run.past.acting
    while fresh and seen.liveness is not Liveness.DEAD and waited < run.confirm_seconds:
        run.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT)
        seen = _ask(run, executor.before, step, credential)
    return seen


def _second_half(step: Step) -> bool:
    """Whether it ends for good what a step before it has switched off."""
    return bool(step.after) and step.action in (Action.REVOKE, Action.REMOVE)


def _nothing_to_send(run: Run, step: Step, before: Check, *, ours: bool, reached: bool) -> Told | None:
    """The end of a step at the first look: done already, not ours to do, or not allowed."""
    holder = step.point.holder
    if reached:
        note = "sent by an earlier attempt of this run, and dead now" if ours else before.reason
        return Told(already(step.action, ours=ours), note, before=before, after=before)
    if step.action is Action.REWRITE and before.status == PROPOSAL_OPEN:
        return Told(Outcome.PROPOSED, before.reason, before=before, after=before)
    if step.action in BY_PEOPLE:
        return Told(Outcome.HANDED_OVER, step.reason, step.how, before)
    if before.holder and holder and before.holder.id and holder.id and before.holder.id != holder.id:
        note = f"it belongs to account {before.holder.id} now, not to {holder.id} as planned"
        return Told(Outcome.NOT_IDENTIFIED, note, "plan again", before)
    if step.needs and step.needs not in run.allows:
        advice = "; or: ".join(filter(None, (f"plan again, and approve with --allow {step.needs}", step.how)))
        return Told(Outcome.HANDED_OVER, f"no approval allows {step.needs}", advice, before)
    return None


def _switched_on(run: Run, step: Step, before: Check) -> Told | None:
    """Why nothing is ended for good: what was switched off is not seen to be off any more, so somebody needs it."""
    if _taken_back(run, step):
        return Told(Outcome.HANDED_OVER, *_TAKEN_BACK, before)
    sent = step.id in run.past.acted or (step.id in run.past.acting and before.liveness is Liveness.UNKNOWN)
    if not _second_half(step) or before.liveness is Liveness.DEAD or sent:
        return None
    note = f"not ended: it was switched off, and is not seen to be so any more ({before.reason})"
    return Told(Outcome.HANDED_OVER, note, "ask who switched it on again and why, then plan again", before)


def _ask(run: Run, question: Question, step: Step, credential: Credential | None) -> Check:
    try:
        return question(step, credential)
    except Exception as error:  # noqa: BLE001 - one provider's garbage must not end the run; it is in the receipt
        return Check(liveness=Liveness.UNKNOWN, reason=said(error), at=run.now())


def _confirm(run: Run, executor: Executor, step: Step, credential: Credential | None, *, once: bool) -> Check:
    """Ask until the end is seen or the deadline has passed; providers may take a while to carry it out."""
    waited, pause = 0.0, FIRST_WAIT
    while True:
        check = _ask(run, executor.after, step, credential)
        proposed = step.action is Action.REWRITE and check.status == PROPOSAL_OPEN
        if once or proposed or executor.reached(step, check) or waited >= run.confirm_seconds:
            return check
        run.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT)


def receipt_for(run: Run, step: Step, started: datetime, told: Told, exchanges: tuple[Exchange, ...] = ()) -> Receipt:
    """The receipt of a step that ends now; what a person must do has an assignee and a date."""
    finished = run.now()
    people = told.outcome is Outcome.HANDED_OVER
    return Receipt(
        step=step.id,
        outcome=told.outcome,
        before=told.before,
        after=told.after,
        exchanges=exchanges,
        started_at=started,
        finished_at=finished,
        note=told.note,
        advice=told.advice,
        assignee=assignee(run.assignees, step, run.plan.requester) if people else "",
        due=finished + run.hand_over if people else None,
    )
