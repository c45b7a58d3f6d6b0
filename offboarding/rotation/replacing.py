"""One REPLACE step: make a successor, see it alive, put it into its store, see it there.

The value lives in memory between the making and the storing. The ledger holds the successor's id, its keyed fingerprint
and its redacted form, each written before what comes next, so that a kill at any point leaves nothing unknown.
"""

from dataclasses import replace

from offboarding.applying.deed import Told, said
from offboarding.applying.outcomes import Act, act_of
from offboarding.applying.step import Gone, Run, receipt_for, reread
from offboarding.ledger.history import Rotating
from offboarding.rotation.recovery import Ended, discard, note, recover, until
from offboarding.rotation.rotator import Rotator
from offkey.errors import OffkeyError
from offkey.http import Expired
from offkey.model import Check, Liveness, Outcome, Receipt, Step
from offkey.secret import redact
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from revokers.rotation import Held, Made

_NOTHING = "the old one is as it was"


def carry_out(run: Run, step: Step) -> Receipt:
    """Do it, or say why not. Everything but its receipt is in the ledger when this returns. Raises Expired."""
    started = run.now()
    run.note("step.intent", step=step.id, attempt=run.past.attempts[step.id] + 1)
    rotator = run.rotators.get(step.id)
    if rotator is None:
        return receipt_for(run, step, started, _unconfigured(run.past.rotations.get(step.id)))
    mark = len(rotator.exchanges)
    before = None
    try:
        with run.replacing:
            made = _recovered(run, step, rotator)
            if made is None:
                before = _fit(run, step)
                made = _made_and_stored(run, step, rotator)
        told = _seen(run, step, rotator, made)
    except Ended as end:
        told = end.told
    return receipt_for(run, step, started, replace(told, before=before), tuple(rotator.exchanges[mark:]))


def _unconfigured(made: Rotating | None) -> Told:
    """The end where nobody can go on; what an earlier attempt left is named."""
    why = "the maker or the store is not configured"
    if made is None:
        advice = "add the provider and the store's provider, with `write`, to offkey.toml, then plan and apply again"
        return Told(Outcome.FAILED, why, advice)
    left = f"the successor {made.successor} alive" if made.successor else "a successor that nobody has seen, or none"
    stored = f"; {made.redacted} was seen in the store" if made.stored else ""
    return Told(
        Outcome.NOT_CONFIRMED,
        f"{why} any more, and an earlier attempt left {left}{stored}",
        "look whether the store has it; if not, delete it at its provider; then plan again",
    )


def _recovered(run: Run, step: Step, rotator: Rotator) -> Rotating | None:
    try:
        return recover(run, step, rotator)
    except (Ended, Expired):
        raise
    except Exception as error:
        advice = (
            f"look at the keys of the holder of {step.point.provider_id} for one that nobody knows; then plan again"
        )
        raise Ended(
            Outcome.NOT_CONFIRMED, f"cut off before, and nobody can tell how far: {said(error)}", advice
        ) from error


def _fit(run: Run, step: Step) -> Check:
    """What the old one is now; raises Ended where it needs no successor, or none is allowed."""
    try:
        credential = reread(run, step.point)
    except Gone as error:
        raise Ended(Outcome.NOT_IDENTIFIED, str(error), error.advice) from error
    if step.needs not in run.allows:
        advice = "; or: ".join(filter(None, (f"plan again, and approve with --allow {step.needs}", step.how)))
        raise Ended(Outcome.HANDED_OVER, f"no approval allows {step.needs}", advice)
    try:
        check = run.executors[step.point.provider].before(step, credential)
    except Exception as error:
        raise Ended(Outcome.FAILED, f"{said(error)}; nothing was made", "plan again") from error
    if check.liveness is Liveness.DEAD:
        raise Ended(Outcome.ALREADY_DEAD, f"{check.reason}; it needs no successor")
    return check


def _made_and_stored(run: Run, step: Step, rotator: Rotator) -> Rotating:
    """Make it, see it alive, store it. Raises Ended: then there is no successor, or the note names it."""
    held = _prepared(run, step, rotator)
    made = _made(run, step, rotator)
    values = made.credential.parts
    note(
        run,
        step,
        "rotation.made",
        successor=made.provider_id,
        fingerprint=rotator.fingerprint(run.key, step.point.kind, values),
        redacted=redact(made.credential.secret.reveal()),
    )
    alive = _alive(run, rotator, made)
    if alive.liveness is not Liveness.LIVE:
        discard(run, step, rotator, made.provider_id)
        raise Ended(Outcome.FAILED, f"the successor was not seen alive ({alive.reason}) and is deleted", _NOTHING)
    note(run, step, "rotation.storing", versions=list(held.versions))
    return _stored(run, step, rotator, made, held)


def _prepared(run: Run, step: Step, rotator: Rotator) -> Held:
    """The store as it is, once the holder and what he has were written down. Raises Ended: nothing was changed."""
    try:
        known = rotator.listed()
        held = rotator.look()
    except NotIdentified as error:
        raise Ended(Outcome.NOT_IDENTIFIED, f"{error}; nothing was made", error.advice) from error
    except Exception as error:
        advice = error.advice if isinstance(error, OffkeyError) else "plan again"
        raise Ended(Outcome.FAILED, f"{said(error)}; nothing was made", advice) from error
    note(run, step, "rotation.listed", known=sorted(known))
    return held


def _made(run: Run, step: Step, rotator: Rotator) -> Made:
    try:
        return rotator.create()
    except Expired:
        raise
    except NotIdentified as error:
        end = Ended(Outcome.NOT_IDENTIFIED, f"{error}; nothing was made", error.advice)
    except NotAutomatic as error:
        end = Ended(Outcome.HANDED_OVER, f"{error}; nothing was made", "; or: ".join((error.advice, step.how)))
    except Unclear as error:
        end = Ended(Outcome.FAILED, f"{error}; nothing was made", error.advice)
    except Exception as error:  # noqa: BLE001 - it may have happened all the same: what is new is looked for
        _recovered(run, step, rotator)
        end = Ended(
            Outcome.FAILED, f"{said(error)}; there is no successor", "see the provider's answer, then plan again"
        )
    if step.id in run.past.rotations:
        note(run, step, "rotation.discarded", successor="")
    raise end


def _alive(run: Run, rotator: Rotator, made: Made) -> Check:
    """Ask as the successor until it lives as whose it must be; providers may take a while to know it."""
    holder = rotator.point.holder
    wanted = made.provider_id if rotator.kind.by_name else holder.id if holder else ""

    def ask() -> Check:
        check = rotator.maker.check(rotator.http, made.credential)
        told = check.holder.id if check.holder else ""
        if told and wanted and told != wanted:
            return replace(check, liveness=Liveness.UNKNOWN, reason=f"it is {told}'s")
        return check

    seconds = max(rotator.kind.settles, run.confirm_seconds)
    return until(run, ask, lambda check: check.liveness is Liveness.LIVE, seconds)


def _stored(run: Run, step: Step, rotator: Rotator, made: Made, held: Held) -> Rotating:
    """Write it, once. What surely did not arrive is deleted; what may have, or in part, is left alive, and said."""
    refused = unsent = False
    try:
        sent = rotator.put(made.credential, held)
        refused = act_of(sent) is Act.REFUSED
        why = f"the store answered {sent.status} {sent.summary}".strip()
    except Expired:
        raise
    except (NotIdentified, Unclear) as error:
        unsent, why = True, str(error)
    except Exception as error:  # noqa: BLE001 - it may have arrived all the same: the store is looked at
        why = said(error)
    rotating = run.past.rotations[step.id]
    now = _found(run, step, rotator, rotating, once=refused or unsent)
    if now is not None:
        return note(run, step, "rotation.stored", versions=list(now.versions)) or rotating
    if not unsent and not (refused and _nothing_arrived(rotator, held)):
        raise Ended(
            Outcome.NOT_CONFIRMED,
            f"the successor {made.provider_id} lives, and the store is not seen to hold all of it: {why}",
            f"put what the store had before back, or a new one; delete {made.provider_id}; then plan again",
        )
    discard(run, step, rotator, made.provider_id)
    raise Ended(Outcome.FAILED, f"{why}; the successor is deleted again", _NOTHING)


def _nothing_arrived(rotator: Rotator, held: Held) -> bool:
    """Whether a refused write left nothing: stores that tell values write all at once, others one after the other."""
    try:
        now = rotator.look()
    except Exception:  # noqa: BLE001 - nobody can tell, and so nothing is deleted
        return False
    return now.values is not None or now.versions == held.versions


def _found(run: Run, step: Step, rotator: Rotator, made: Rotating, *, once: bool) -> Held | None:
    """The store once it is seen to hold the successor; None when it was not by the deadline, or at the first look."""

    def ask() -> Held | None:
        try:
            now = rotator.look()
        except Exception:  # noqa: BLE001 - asked again; a store that never answers was not seen to hold it
            return None
        return now if rotator.holds(run.key, step.point.kind, made, now) else None

    return until(run, ask, lambda now: now is not None, 0 if once else None)


def _seen(run: Run, step: Step, rotator: Rotator, made: Rotating) -> Told:
    """The end: its holder has the successor, and the store had it. Raises Ended."""

    def ask() -> str:
        try:
            listed = made.successor in rotator.listed()
        except Exception as error:  # noqa: BLE001 - asked again; what it says at last is in the receipt
            return said(error)
        return "" if listed else "it is not listed for its holder"

    place = " ".join(rotator.rotation.place.values())
    where = f"the successor {made.successor} ({made.redacted}) is in {rotator.rotation.store} {place}"
    if why := until(run, ask, lambda why: not why):
        raise Ended(
            Outcome.NOT_CONFIRMED, f"{where}, and not seen at its provider: {why}", "look there, then plan again"
        )
    after = Check(liveness=Liveness.LIVE, reason=f"{where}, and may be used", at=run.now())
    return Told(Outcome.REPLACED, where, after=after)
