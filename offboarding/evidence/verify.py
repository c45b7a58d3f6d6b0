"""Is it still so? Re-checks what a run ended, read-only. What came back to life is named first.

By the provider's own list where there is an id, else by the value while the run's copies exist, else UNKNOWN with the
time of the last proof.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.applying.deed import said
from offboarding.applying.outcomes import DONE
from offboarding.ledger.history import Past
from offboarding.remedy.executor import Remedy
from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.model import CLOSED, AccessPoint, Action, Check, Credential, Liveness, Outcome, Receipt, Step, timestamp
from revokers.protocol import Revoker, reached

Ask = Mapping[str, tuple[Revoker, Reader, Any]]
"""By provider: its module, a Reader and its read settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """`still` is True where the step's end is seen again, False where it came back, None where nobody can tell."""

    step: Step
    before: Receipt | None
    check: Check
    still: bool | None

    @property
    def settled_now(self) -> bool:
        """The step was open, and its end is seen now."""
        open_before = self.before is None or self.before.outcome not in CLOSED | {Outcome.SKIPPED}
        return bool(self.still) and open_before


def recheck(
    told: Past,
    ask: Ask,
    credentials: Callable[[AccessPoint], Credential],
    now: Callable[[], datetime],
    remedy: Remedy | None = None,
) -> Iterator[Rechecked]:
    """Each step that ends something, asked anew, in the plan's order; with `remedy` also removal from code."""
    assert told.plan is not None
    for step in told.plan.steps:
        # Of what was replaced, the steps that end it tell.
        if step.action in (Action.KEEP, Action.REPLACE) or (step.action is Action.REWRITE and remedy is None):
            continue
        yield look(step, told, ask, credentials, now, remedy=remedy)


def look(
    step: Step,
    told: Past,
    ask: Ask,
    credentials: Callable[[AccessPoint], Credential],
    now: Callable[[], datetime],
    *,
    remedy: Remedy | None = None,
) -> Rechecked:
    """One step, asked anew; a removal from code without `remedy` is UNKNOWN."""
    before = told.receipts.get(step.id)
    if step.action is not Action.REWRITE:
        check = _ask(step.point, ask, credentials, now, told.proven.get(step.id))
        return Rechecked(step=step, before=before, check=check, still=_still(step, check, ask))
    if remedy is None:
        check = Check(liveness=Liveness.UNKNOWN, reason="nothing here can look into the repository", at=now())
    else:
        check = _in_code(step, remedy, credentials, now)
    known = None if check.liveness is Liveness.UNKNOWN else check.liveness is Liveness.DEAD
    return Rechecked(step=step, before=before, check=check, still=known)


def _in_code(
    step: Step, remedy: Remedy, credentials: Callable[[AccessPoint], Credential], now: Callable[[], datetime]
) -> Check:
    """Whether any branch still holds the value: DEAD when none does."""
    try:
        return remedy.before(step, credentials(step.point))
    except Exception as error:  # noqa: BLE001 - one provider's garbage must not end the asking; it is in the answer
        return Check(liveness=Liveness.UNKNOWN, reason=said(error), at=now())


def _ask(
    point: AccessPoint,
    ask: Ask,
    credentials: Callable[[AccessPoint], Credential],
    now: Callable[[], datetime],
    last: datetime | None,
) -> Check:
    proof = f"; last proof {timestamp(last)}" if last else ""
    if point.provider not in ask:
        why = f"nothing here can ask {point.provider}{proof}"
        return Check(liveness=Liveness.UNKNOWN, reason=why, at=now())
    revoker, reader, settings = ask[point.provider]
    credential, why = None, ""
    if point.fingerprint and point.places:
        try:
            credential = credentials(point)
        except OffkeyError:
            why = "the run's copy of the value is gone"
    try:
        check = revoker.state(reader, settings, point, credential)
    except Exception as error:  # noqa: BLE001 - as above
        check = Check(liveness=Liveness.UNKNOWN, reason=said(error), at=now())
    if check.liveness is Liveness.UNKNOWN:
        words = "; ".join(filter(None, (check.reason, why))) + proof
        return Check(liveness=Liveness.UNKNOWN, reason=words, at=check.at, status=check.status)
    return check


def _still(step: Step, check: Check, ask: Ask) -> bool | None:
    if check.liveness is Liveness.UNKNOWN:
        return None
    ways = ask[step.point.provider][0].HANDLES.get(step.point.kind, ()) if step.point.provider in ask else ()
    same = [way for way in ways if way.action is step.action and way.needs == step.needs]
    if same:
        return any(reached(way, check) for way in same)
    final = [way for way in ways if not way.reversible]
    return check.liveness is Liveness.DEAD and (not final or any(reached(way, check) for way in final))


def receipt_of(seen: Rechecked, started: datetime) -> Receipt:
    """The receipt for a step whose end is seen only now: somebody did it, or the provider took its time."""
    return Receipt(
        step=seen.step.id,
        outcome=DONE[seen.step.action],
        before=seen.before.before if seen.before else None,
        after=seen.check,
        exchanges=(),
        started_at=started,
        finished_at=seen.check.at,
        note=f"seen when the run was verified: {seen.check.reason}",
    )
