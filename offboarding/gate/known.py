"""What the ledger's runs know of credentials: which they are, whether they are dead, and their pull requests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from offboarding.ledger.chain import legible
from offboarding.ledger.history import Past, past
from offkey.model import DEATHS, AccessPoint, Action, AuditEvent, Gap, Liveness, Outcome, Receipt, Step, timestamp

_NO_END = frozenset({Action.REWRITE, Action.KEEP, Action.REPLACE})
"""Actions that end no credential."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `alive` are the steps whose credential was seen alive after its end had been proven."""

    name: str
    told: Past
    alive: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What one run knows of a credential. `dead` says how its end was proven, or is empty, and `died` when; `lived` is
    when its plan has it living; `next` is what is to do.
    """

    run: str
    dead: str
    alive: bool
    next: str
    died: datetime | None = None
    lived: datetime | None = None


def read(name: str, events: Sequence[AuditEvent]) -> Run | None:
    """A run from its events; None for one that has no plan."""
    told = past(events)
    alive: set[str] = set()
    for event in legible(events):
        if event.type == "run.verified":
            for result in event.body["results"]:
                (alive.add if result["liveness"] == "LIVE" else alive.discard)(result["step"])
        elif event.type == "step.receipt":
            alive.discard(event.body["receipt"]["step"])
    return Run(name, told, frozenset(alive)) if told.plan is not None else None


def points(run: Run) -> tuple[AccessPoint, ...]:
    """The credentials of a run that have a value: those of its steps, and those that were merely exposed."""
    assert run.told.plan is not None
    found = {point.fingerprint: point for point in reversed(run.told.plan.exposed)}
    for step in reversed(run.told.plan.steps):
        held = found.get(step.point.fingerprint)
        if held is None or len(step.point.places) >= len(held.places):  # removal from code names one repository's
            found[step.point.fingerprint] = step.point
    return tuple(point for fingerprint, point in sorted(found.items()) if fingerprint)


def living_kinds(runs: Sequence[Run]) -> frozenset[str]:
    """The kinds of the runs' credentials that are not proven dead."""
    fates = by_fingerprint(runs)
    every = (point for run in runs for point in points(run))
    return frozenset(point.kind for point in every if not is_dead(fates.get(point.fingerprint, ())))


def unsought(kinds: Iterable[str], sought: Collection[str]) -> list[Gap]:
    """A Gap where runs know of credentials of kinds that were not looked for: they were found by further rules."""
    missing = sorted(set(kinds) - set(sought))
    if not missing:
        return []
    why = f"runs know of credentials of kinds that were not looked for: {', '.join(missing)}"
    return [Gap(where="the gate's rules", why=why, advice="give the rules by which they were found with --rules")]


def by_fingerprint(runs: Iterable[Run]) -> Mapping[str, tuple[Known, ...]]:
    """What runs know of each credential, in the order of the runs."""
    found: dict[str, tuple[Known, ...]] = {}
    for run in runs:
        for point in points(run):
            found[point.fingerprint] = (*found.get(point.fingerprint, ()), _known(run, point.fingerprint))
    return found


def is_dead(known: Iterable[Known]) -> bool:
    """Whether a run has proven the end and none has seen the credential alive since."""
    every = tuple(known)
    died = max((one.died for one in every if one.died), default=None)
    since = any(one.lived > died for one in every if one.lived and died)
    return died is not None and not since and not any(one.alive for one in every)


def _known(run: Run, fingerprint: str) -> Known:
    assert run.told.plan is not None
    steps = [step for step in run.told.plan.steps if step.point.fingerprint == fingerprint]
    alive = any(step.id in run.alive for step in steps)
    death = None if alive else next(filter(None, (_death(run, step) for step in steps)), None)
    dead = f"{death.outcome.value} at {timestamp(death.finished_at)}" if death else ""
    here = (*(step.point for step in steps), *(one for one in run.told.plan.exposed if one.fingerprint == fingerprint))
    lived = [one.check.at for one in here if one.check is not None and one.check.liveness is Liveness.LIVE]
    return Known(
        run=run.name,
        dead=dead,
        alive=alive,
        next=_next(run, steps, dead),
        died=death.finished_at if death else None,
        lived=max(lived, default=None),
    )


def _death(run: Run, step: Step) -> Receipt | None:
    """The receipt that proves a credential's end, None where the step has none."""
    receipt = run.told.receipts.get(step.id)
    if receipt is None or step.action in _NO_END or receipt.outcome not in DEATHS:
        return None
    return receipt


def _next(run: Run, steps: Sequence[Step], dead: str) -> str:
    """What is to be done about the credential, as far as the run has come."""
    said = []
    if not dead:
        ending = [step for step in steps if step.action not in _NO_END]
        done = [receipt.outcome.value for step in ending if (receipt := run.told.receipts.get(step.id))]
        way = ", ".join(dict.fromkeys(step.action.value for step in ending))
        state = f"{way}: {', '.join(dict.fromkeys(done)) or 'not done yet'}" if ending else "exposed: rotate it"
        said.append(f"run {run.name}, {state}")
    for step in steps:
        receipt = run.told.receipts.get(step.id) if step.action is Action.REWRITE else None
        if receipt is not None and receipt.outcome is Outcome.PROPOSED and receipt.after is not None:
            said.append(receipt.after.reason)
        elif receipt is not None and receipt.outcome is Outcome.REMOVED:
            said.append("it was taken out of the branches: update this one from them")
    return "; ".join(dict.fromkeys(said)) or "take it out of the code"
