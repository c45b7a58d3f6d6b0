"""Carries out an approved plan: intent, act once, ask again, receipt. Every line is in the ledger before the next.

Providers are worked on side by side, each with one request in flight; a phase ends before the next begins.
A kill at any point loses and repeats nothing (DESIGN rule 9): steps with a receipt are never done again, and a step
that was begun is looked at first. A mutation is never sent twice blindly.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from offboarding.applying import keeping
from offboarding.applying.deadline import STEP_SECONDS, Deadlines
from offboarding.applying.executors import Executors
from offboarding.applying.keeping import WhyNot
from offboarding.applying.step import Credentials, Run, carry_out, executor_of, hand_over, waits_until
from offboarding.approval import approvals as approvals_kept
from offboarding.approval import approve
from offboarding.approval.duties import Duties
from offboarding.asking import lanes
from offboarding.identity.directory import Directory
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger, LedgerError
from offboarding.optouts import history as optouts_told
from offboarding.planning.plan import LAST_PHASE, phase
from offboarding.planning.policy import goes_first
from offboarding.planning.ranks import Rank, rank
from offboarding.rotation import replacing, waiting
from offboarding.rotation.rotator import Rotator
from offkey.errors import Exit, OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import Action, Approval, Plan, Receipt, Step, timestamp

HANGS = "has not answered a step before it"
Progress = Callable[[int, int, str], None]
Lane = Callable[[str, str], None]
"""Who carries out steps, and the one that is being done there now; "" for none."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a step is not begun yet; empty where nothing holds it back."""

    why: str = ""


class ApplyRefused(OffkeyError):
    """Nothing was done: the plan has expired."""

    exit_code = Exit.PLAN_REFUSED


def apply(
    plan: Plan,
    approvals: Sequence[Approval],
    executors: Executors,
    ledger: Ledger,
    *,
    register: Path,
    credentials: Credentials,
    key: OrgKey,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    confirm_seconds: float = 30,
    hand_over_days: int = 7,
    step_seconds: float = STEP_SECONDS,
    assignees: Mapping[str, str] = MappingProxyType({}),
    people: Directory = approve.NOBODY,
    duties: Duties = approve.ANYBODY,
    optouts: WhyNot = keeping.unverified,
    rotators: Mapping[str, Rotator] = MappingProxyType({}),
    progress: Progress = lambda done, total, what: None,
    lane: Lane = lambda name, what: None,
) -> tuple[Receipt, ...]:
    """Do what is still to be done of an approved plan. Returns the receipts in the plan's order, one a step.

    A step that waits for the end of an observation, or for another approver, has none yet: the same call made later
    goes on with it.

    The caller holds the run's lock. `register` is the approvers' file. `credentials` re-reads a value by its address
    (raises Gone). `optouts` says why an opt-out does not hold, and is asked before each step that one keeps. Raises
    ApplyRefused or ApprovalRefused before anything is done, and LedgerError at once when something cannot be recorded;
    the same call made again goes on from there.
    """
    accepted = check_approvals(plan, approvals, ledger, register, now(), people=people, duties=duties)
    run = Run(
        plan=plan,
        allows=_allowed(_holding(plan, accepted, now())),
        executors=executors,
        ledger=ledger,
        credentials=credentials,
        key=key,
        now=now,
        sleep=sleep,
        confirm_seconds=confirm_seconds,
        hand_over=timedelta(days=hand_over_days),
        deadlines=Deadlines(step_seconds),
        assignees=assignees,
        past=past(ledger.events(plan.run)),
        optouts=optouts,
        rotators=rotators,
    )
    receipts, begun = run.past.receipts, run.past.acting
    run = replace(run, plan=keeping.as_it_is(plan, receipts, begun, optouts, now()))
    if all(step.id in receipts for step in plan.steps):
        return tuple(receipts[step.id] for step in plan.steps)
    duties = duties.with_at_least(run.past.four_eyes)
    run.note("apply.started", digest=plan.digest, four_eyes=duties.four_eyes)
    run.past.held.clear()

    def allowed(step: Step) -> frozenset[str] | Held:
        given = _holding(plan, accepted, now())
        lacking = duties.lacking(step, given, people)
        return Held(lacking) if lacking else _allowed(given)

    told = Telling(progress, lane, len(plan.steps))
    go_through(run, allowed, told)
    if any(step.keeps and step.id not in receipts for step in run.plan.steps):  # an opt-out ended meanwhile
        run = replace(run, plan=keeping.as_it_is(plan, receipts, begun, optouts, now()))
        go_through(run, allowed, told)
    progress(len(plan.steps), len(plan.steps), "")
    run.note("apply.finished", digest=plan.digest)
    return tuple(receipts[step.id] for step in plan.steps if step.id in receipts)


def go_through(run: Run, allowed: Callable[[Step], frozenset[str] | Held], told: "Telling") -> None:
    """Do every step of the run's plan that has no receipt yet, turn by turn, executors side by side.

    `allowed` is asked before each step for the extra yeses in force, or why the step is held back; it raises when
    nothing more may begin.
    """

    def one(step: Step) -> None:
        if step.id in run.past.receipts:
            told.was_done()
            return
        with told.about(step):
            given = allowed(step)
            held = given if isinstance(given, Held) else _behind(run, step, given)
            if held.why:
                run.past.held[step.id] = held.why
                run.note("step.held", step=step.id, why=held.why)
            elif not isinstance(given, Held):
                _go_on(replace(run, allows=given), step)

    for _, steps in groupby(sorted(run.plan.steps, key=_turn), key=_turn):
        lanes.run(_by_executor(steps, run.executors), one)


def _keep(run: Run, step: Step) -> None:
    """Leave out what the plan keeps, if it still may be; what an opt-out has ended for gets no receipt here."""
    told, why = keeping.told(run.plan, step, run.optouts, run.now())
    if step.keeps:
        type, more = (optouts_told.REFUSED, {"why": why}) if why else (optouts_told.USED, {"steps": [step.id]})
        body = {"id": step.how, "run": run.plan.run, "where": "apply", **more}
        run.ledger.append(type, optouts_told.RUN, body)
    if told is None:
        return
    receipt = keeping.checked(step, hand_over(run, step, told))
    run.past.receipts[step.id] = receipt
    run.note("step.receipt", receipt=receipt)


def _go_on(run: Run, step: Step) -> None:
    """Do the step, or note until when it waits."""
    if step.action is Action.KEEP:
        _keep(run, step)
        return
    held = waits_until(run, step) or waiting.verdict(run, step)
    if isinstance(held, datetime):
        run.past.waits[step.id] = held
        run.note("step.waits", step=step.id, until=timestamp(held))
        return
    if held is not None:
        receipt = hand_over(run, step, held)
    else:
        receipt = (replacing.carry_out if step.action is Action.REPLACE else carry_out)(run, step)
    run.past.receipts[step.id] = keeping.checked(step, receipt)
    run.note("step.receipt", receipt=receipt)


def _turn(step: Step) -> tuple[int, bool]:
    """Every step of a turn is done before any of the next: nothing is irreversibly ended while anything is open.

    Sign-in is blocked everywhere before anything else of its phase begins: a living account opens new sessions. A
    rewrite waits for its kill even where the plan puts that later (what people do stands last).
    """
    if step.after and step.action is Action.REWRITE:
        return LAST_PHASE, False
    return phase(step), rank(step) is not Rank.SIGN_IN


def _by_executor(steps: Iterable[Step], executors: Executors) -> dict[Hashable, list[Step]]:
    """The steps that each executor carries out, in their order: it has one request in flight, others need not wait."""
    found: dict[Hashable, list[Step]] = defaultdict(list)
    for step in steps:
        found[id(executors.get(executor_of(step)))].append(step)
    return found


class Telling:
    """Counts the steps that are done, and says what each lane does now; called from all lanes."""

    def __init__(
        self,
        progress: Progress = lambda done, total, what: None,
        lane: Lane = lambda name, what: None,
        total: int = 0,
    ) -> None:
        self._progress, self._lane, self._total = progress, lane, total
        self._done, self._lock = 0, threading.Lock()

    @contextmanager
    def about(self, step: Step) -> Iterator[None]:
        what = f"{step.action.value} {step.point.redacted or step.point.provider_id}"
        with self._lock:
            self._progress(self._done, self._total, what)
            self._lane(executor_of(step), what)
        try:
            yield
        finally:
            with self._lock:
                self._lane(executor_of(step), "")
                self._done += 1

    def was_done(self) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done, self._total, "")


def _behind(run: Run, step: Step, allows: frozenset[str]) -> Held:
    """Why a step waits that comes after a held one, or whose provider hangs: ended now, it would never be done."""
    if run.deadlines.hangs(run.executors.get(executor_of(step))):
        return Held(f"{step.point.provider} {HANGS}")
    held = step.after in run.past.held and step.after not in run.past.receipts
    return Held("the step before it waits" if held and not goes_first(step, allows) else "")


def _holding(plan: Plan, accepted: Sequence[Approval], now: datetime) -> list[Approval]:
    """The approvals in force now. Raises ApprovalRefused when none is: a long run may outlast its yes."""
    holding = [approval for approval in accepted if approval.at <= now < min(approval.expires_at, plan.expires_at)]
    if not holding:
        raise approve.ApprovalRefused(
            "the approval ran out before all steps were done", advice="approve again, then `offkey apply --resume`"
        )
    return holding


def _allowed(holding: Sequence[Approval]) -> frozenset[str]:
    """The extra yeses that they give."""
    return frozenset(word for approval in holding for word in approval.allows)


def check_approvals(
    plan: Plan,
    approvals: Sequence[Approval],
    ledger: Ledger,
    register: Path,
    now: datetime,
    *,
    people: Directory = approve.NOBODY,
    duties: Duties = approve.ANYBODY,
) -> list[Approval]:
    """The approvals that hold for exactly this plan, at least one.

    Raises LedgerError when the ledger was changed, NotThePlan, ApplyRefused, or ApprovalRefused with the reason of the
    last that does not hold.
    """
    whole = ledger.verify()
    if not whole.ok:
        raise LedgerError(whole.text, advice="restore the ledger from a copy; see `offkey ledger verify`")
    approvals_kept.check_made(plan, ledger)
    if now >= plan.expires_at:
        raise ApplyRefused("the plan has expired", advice="make it again with `offkey plan`: things have changed since")
    told = past(ledger.events(plan.run))
    accepted: list[Approval] = []
    refused: OffkeyError | None = None
    for approval in approvals:
        try:
            approvals_kept.check_register(approval, told, register)
            approve.accept(plan, approval, register, now, people, duties=duties)
        except approve.ApprovalRefused as error:
            refused = error
        else:
            accepted.append(approval)
    if not accepted:
        raise refused or approve.ApprovalRefused("the plan has no approval", advice="`offkey approve PLAN --as E-MAIL`")
    return accepted
