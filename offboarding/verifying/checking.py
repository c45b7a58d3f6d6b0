"""One check of one run: ask again, compare, record. Reads providers and repositories, writes the ledger alone.

`incident.found`, `run.reopened` and receipts come first, `run.verified` after them: a check that was cut off is still
due, and the next one repeats nothing of what was recorded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from offboarding import mirror, tables
from offboarding.applying import closing, keeping, wiring
from offboarding.asking import asking
from offboarding.configuration.config import Config
from offboarding.evidence import verify
from offboarding.evidence.evidence import NothingToSeal
from offboarding.evidence.verify import Rechecked
from offboarding.ledger.history import Past, past
from offboarding.ledger.ledger import Ledger
from offboarding.optouts import office
from offboarding.ownership import signatures
from offboarding.planning.setting import Tell
from offboarding.verifying import drift, incidents
from offboarding.verifying.code import Code
from offboarding.verifying.drift import Reason
from offboarding.verifying.incidents import Incident
from offboarding.verifying.record import Record, record
from offkey.errors import Exit
from offkey.fingerprint import OrgKey
from offkey.model import Action, Check, Gap, Liveness, Outcome, Plan, Step, timestamp, to_json


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a check needs besides the run. `code` reads the repositories, once for all runs."""

    config: Config
    ledger: Ledger
    state: Path
    key: OrgKey
    code: Callable[[], Code]
    now: Callable[[], datetime]
    tell: Tell = lambda what, done, total: None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check came to. `fresh` incidents are told for the first time, `known` ones by (event, incident)."""

    run: str
    slot: str
    at: datetime
    plan: Plan
    told: Past
    seen: tuple[Rechecked, ...]
    reasons: tuple[Reason, ...]
    fresh: tuple[Incident, ...]
    known: tuple[tuple[int, Incident], ...]
    lapsed: tuple[str, ...]
    notes: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def code(self) -> Exit:
        """The exit code that the run, as it is now, comes to. A step that nobody has done yet is open."""
        if self.reasons or self.fresh or self.lapsed:
            return Exit.OPEN
        undone = any(step.id not in self.told.receipts for step in self.plan.steps)
        unseen = [one for one in self.seen if one.check.liveness is Liveness.UNKNOWN]
        if undone or any(one.before is None or one.before.outcome is not Outcome.ATTESTED for one in unseen):
            return Exit.NOT_ALL_CONFIRMED
        return closing.code(list(self.told.receipts.values()), [*self.plan.gaps, *self.gaps])


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What is so now."""

    at: datetime
    seen: tuple[Rechecked, ...]
    reasons: tuple[Reason, ...]
    found: tuple[Incident, ...]
    notes: tuple[str, ...]
    gaps: tuple[Gap, ...]


def check(desk: Desk, name: str, slot: str, missed: Sequence[str] = ()) -> Checked:
    """Check a run and record it. The caller holds the run's lock. Raises NothingToSeal for an unknown run."""
    events = desk.ledger.events(name)
    told, known = past(events), record(events)
    if told.erased:
        raise NothingToSeal(f"the contents of run {name} were erased", advice="`offkey ledger export` shows the rest")
    if told.plan is None:
        raise NothingToSeal(f"no plan was made in a run {name!r}", advice="see `offkey ledger export`")
    tidied(desk, name, known)
    judge = office.judge(desk.config, desk.ledger, desk.now)
    lapsed = kept_no_more(told, judge.why_not, desk.now())
    told.plan = keeping.as_it_is(told.plan, told.receipts, told.acting, judge.why_not, desk.now())
    look = _look(desk, told, known)
    _write(desk.ledger, name, known, look)
    desk.ledger.append("run.verified", name, _body(slot, missed, look))
    told = past(desk.ledger.events(name))
    assert told.plan is not None
    if not look.reasons and not lapsed:
        receipts, keep = list(told.receipts.values()), desk.config.verify.keep_mirror_days
        closing.close_if_done(told.plan, receipts, desk.ledger, desk.state, keep_mirror_days=keep)
    cut_off = [known.incidents[key][1] for key in sorted(known.untold)]
    new = [one for one in look.found if one.key not in known.incidents]
    return Checked(
        run=name,
        slot=slot,
        at=look.at,
        plan=told.plan,
        told=told,
        seen=look.seen,
        reasons=look.reasons,
        fresh=(*cut_off, *new),
        known=tuple(known.incidents[key] for key in known.incidents if key not in known.untold),
        lapsed=lapsed,
        notes=look.notes,
        gaps=look.gaps,
    )


def kept_no_more(told: Past, why_not: keeping.WhyNot, now: datetime) -> tuple[str, ...]:
    """Each step that was left out and must not be any more: its opt-out has ended, or it never had one."""
    assert told.plan is not None
    found = []
    for step in told.plan.steps:
        receipt = told.receipts.get(step.id)
        if receipt is None or receipt.outcome is not Outcome.SKIPPED:
            continue
        silent = step.action is not Action.KEEP or (step.keeps is not None and receipt.optout != step.how)
        why = "it was left out without an opt-out" if silent else ""
        if step.keeps and not why:
            why = keeping.fault(told.plan, step, why_not, now)
        if why:
            found.append(f"{tables.named(step.point)}, opt-out {step.how or 'none'}: {why}")
    return tuple(found)


def _look(desk: Desk, told: Past, known: Record) -> _Look:
    assert told.plan is not None
    started, tolerance = desk.now(), timedelta(minutes=desk.config.verify.tolerance_minutes)
    gaps: list[Gap] = []
    notes: list[str] = []
    found: list[Incident] = []
    seen = list(_asked(desk, told, gaps))
    reasons = list(drift.of_steps(seen))
    if told.started or told.closed:
        listed = asking.listed(_Listing(desk.config, started, desk.tell), told.plan.person, gaps, exactly=True)
        found += incidents.find(told, listed, known.checked, tolerance)
        reasons += drift.of_lists(told.plan, listed)
        reasons += _in_code(desk, told, seen, notes, gaps)
    return _Look(
        at=started,
        seen=tuple(seen),
        reasons=tuple(reasons),
        found=tuple(found),
        notes=tuple(notes),
        gaps=tuple(dict.fromkeys(gaps)),
    )


@dataclass(frozen=True)
class _Listing:
    config: Config
    now: datetime
    tell: Tell


def _asked(desk: Desk, told: Past, gaps: list[Gap]) -> Iterator[Rechecked]:
    """Each step asked anew; of removal from code, where nothing can look any more, that this is so."""
    assert told.plan is not None
    ask, unasked = wiring.askers(desk.config, told.plan, desk.now)
    gaps += unasked
    watcher = wiring.watcher(desk.config, told.plan, desk.state, desk.now)
    remedy = None if isinstance(watcher, Gap) else watcher
    credentials = mirror.reader(desk.state, told.plan.run, desk.key)
    for number, one in enumerate(verify.recheck(told, ask, credentials, desk.now, remedy), start=1):
        desk.tell(tables.named(one.step.point), number, len(told.plan.steps))
        yield one


def _in_code(desk: Desk, told: Past, seen: list[Rechecked], notes: list[str], gaps: list[Gap]) -> Iterator[Reason]:
    """Values and commits in the configured repositories. Adds to `seen` the removals that nothing else looked at."""
    assert told.plan is not None
    config = desk.config
    code = desk.code() if config.verify.code and config.repositories.paths else None
    elsewhere = {one.step.id for one in seen if one.step.action is Action.REWRITE and one.still is not None}
    seen += [_removal(step, told, code, desk.now()) for step in _unseen(told, seen)]
    if code is None:
        return
    gaps += code.gaps
    signers = signatures.load(config.directory.allowed_signers, config.directory.gpg_keyring)
    after = drift.left(told.plan) + timedelta(minutes=config.verify.tolerance_minutes)
    reasons, named = drift.of_commits(told.plan.person, code.commits, signers, after)
    notes += named
    yield from drift.of_values(told, code.values, elsewhere)
    yield from reasons


def _unseen(told: Past, seen: Sequence[Rechecked]) -> list[Step]:
    """Removals from code that nobody looked at: the run's copies are gone."""
    assert told.plan is not None
    looked = {one.step.id for one in seen}
    return [step for step in told.plan.steps if step.action is Action.REWRITE and step.id not in looked]


def _removal(step: Step, told: Past, code: Code | None, now: datetime) -> Rechecked:
    """By the fingerprint, in the configured repositories as they lie here."""
    repos = {place.repo for place in step.point.places}
    proof = told.proven.get(step.id)
    last = f"; last proof {timestamp(proof)}" if proof else ""
    if code is None or not repos <= code.read or step.point.kind not in code.kinds:
        check = Check(liveness=Liveness.UNKNOWN, reason=f"its repository was not looked at{last}", at=now)
    elif found := code.values.get(step.point.fingerprint):
        check = Check(liveness=Liveness.LIVE, reason=f"a branch tip holds it: {found}", at=now)
    elif any(_in(gap, repo) for gap in code.gaps for repo in repos):
        why = f"not all of its repository could be read{last}"
        check = Check(liveness=Liveness.UNKNOWN, reason=why, at=now)
    else:
        check = Check(liveness=Liveness.DEAD, reason="no branch tip of the configured repository holds it", at=now)
    still = None if check.liveness is Liveness.UNKNOWN else check.liveness is Liveness.DEAD
    return Rechecked(step=step, before=told.receipts.get(step.id), check=check, still=still)


def _in(gap: Gap, repo: str) -> bool:
    """Whether a gap is of the repository, or of something in it."""
    return gap.where == repo or gap.where.startswith((f"{repo}/", f"{repo}:"))


def _write(ledger: Ledger, name: str, known: Record, look: _Look) -> None:
    """What is new: incidents, reasons and ends that were not yet seen. Each once, whatever was cut off before."""
    for incident in look.found:
        if incident.key not in known.incidents:
            ledger.append("incident.found", name, to_json(incident))
    new = tuple(reason for reason in look.reasons if reason.key not in known.standing)
    if new:
        ledger.append("run.reopened", name, {"reasons": to_json(new)})
    for one in look.seen:
        if one.settled_now and one.before is not None:
            ledger.append("step.receipt", name, {"receipt": verify.receipt_of(one, look.at)})


def _body(slot: str, missed: Sequence[str], look: _Look) -> dict[str, object]:
    results = [
        {"step": r.step.id, "liveness": r.check.liveness.value, "status": r.check.status, "reason": r.check.reason}
        for r in look.seen
    ]
    return {
        "slot": slot,
        "missed": list(missed),
        "results": results,
        "drift": sorted(reason.key for reason in look.reasons),
        "incidents": sorted(incident.key for incident in look.found),
        "notes": list(look.notes),
        "gaps": to_json(look.gaps),
    }


def tidied(desk: Desk, name: str, known: Record) -> bool:
    """Delete the copies of a closed run that has kept them for long enough, between checks, too."""
    if not closing.outlived(known.closed, desk.now(), desk.config.verify.keep_mirror_days):
        return False
    mirror.delete(desk.state, name)
    return True
