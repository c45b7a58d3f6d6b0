"""How one plan differs from another: steps, gaps, identities, the exposed, opt-outs, rules, expiry. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from offkey.model import Gap, Identity, Person, Plan, Step, timestamp, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. `field` is what of it changed; of what was added or removed, `old` or `new` is empty."""

    what: str
    change: str
    name: str
    field: str = ""
    old: str = ""
    new: str = ""

    def data(self) -> dict[str, Any]:
        """JSON data."""
        return {name: getattr(self, name) for name in ("what", "change", "name", "field", "old", "new")}


ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_COMPARED = ("action", "reversible", "reason", "needs", "after", "observe_hours", "breaks", "how", "rotation", "point")
_HEADING = ("run", "requester", "rules_digest", "key_id", "version", "created_at", "expires_at")


def between(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Every difference, steps first. Empty exactly where the plans' digests are equal."""
    found = tuple(
        change
        for told in (_steps(old, new), _people(old.person, new.person), _lists(old, new), _heading(old, new))
        for change in told
    )
    if not found and old.digest != new.digest:
        return (Change(what="plan", change=CHANGED, name="digest", old=old.digest, new=new.digest),)
    return found


def _steps(old: Plan, new: Plan) -> Iterator[Change]:
    before, after = ({step.id: step for step in plan.steps} for plan in (old, new))
    yield from (Change(what="step", change=REMOVED, name=i, old=_words(s)) for i, s in before.items() if i not in after)
    yield from (Change(what="step", change=ADDED, name=i, new=_words(s)) for i, s in after.items() if i not in before)
    both = [ident for ident in before if ident in after]
    order = {ident: number for number, ident in enumerate((i for i in after if i in before), start=1)}
    for number, ident in enumerate(both, start=1):
        if order[ident] != number:
            text = f"{_words(after[ident])}"
            yield Change(what="step", change=CHANGED, name=ident, field="order", old=f"{number}. {text}",
                         new=f"{order[ident]}. {text}")  # fmt: skip
        for field in _COMPARED:
            one, other = (to_json(getattr(plan[ident], field)) for plan in (before, after))
            if one != other:
                yield from _field(before[ident], field, one, other)


def _field(step: Step, field: str, one: Any, other: Any) -> Iterator[Change]:
    """One changed field of a step; of its access point, each field of that."""
    if field != "point":
        yield Change(what="step", change=CHANGED, name=step.id, field=field, old=_text(one), new=_text(other))
        return
    for name in one:
        if one[name] != other[name]:
            old, new = _text(one[name]), _text(other[name])
            yield Change(what="step", change=CHANGED, name=step.id, field=f"point.{name}", old=old, new=new)


def _people(old: Person, new: Person) -> Iterator[Change]:
    for kind in ("certain", "probable", "excluded"):
        before, after = ({_who(one): one for one in getattr(person, kind)} for person in (old, new))
        yield from (Change(what="identity", change=REMOVED, name=n, field=kind) for n in before if n not in after)
        yield from (Change(what="identity", change=ADDED, name=n, field=kind) for n in after if n not in before)
        for name in before:
            if name in after and before[name] != after[name]:
                old_told, new_told = ("; ".join(one[name].evidence) for one in (before, after))
                yield Change(what="identity", change=CHANGED, name=name, field=kind, old=old_told, new=new_told)
    for field in ("id", "names", "emails", "accounts", "left_at", "confirmed_by_directory"):
        one, other = (to_json(getattr(person, field)) for person in (old, new))
        if one != other:
            yield Change(what="person", change=CHANGED, name=field, old=_text(one), new=_text(other))


def _lists(old: Plan, new: Plan) -> Iterator[Change]:
    for field, what in (("gaps", "gap"), ("optouts", "opt-out"), ("exposed", "exposed"), ("mirrors", "repository")):
        before, after = ({_text(to_json(one)): one for one in getattr(plan, field)} for plan in (old, new))
        yield from (Change(what=what, change=REMOVED, name=_named(o)) for key, o in before.items() if key not in after)
        yield from (Change(what=what, change=ADDED, name=_named(o)) for key, o in after.items() if key not in before)


def _heading(old: Plan, new: Plan) -> Iterator[Change]:
    for field in _HEADING:
        one, other = getattr(old, field), getattr(new, field)
        if one != other:
            told = (timestamp(value) if field.endswith("_at") else str(value) for value in (one, other))
            yield Change(what="plan", change=CHANGED, name=field, old=next(told), new=next(told))


def _words(step: Step) -> str:
    point = step.point
    return " ".join(filter(None, (step.action.value, point.kind, point.provider_id or point.redacted)))


def _who(identity: Identity) -> str:
    account = f"{identity.account.provider}:{identity.account.id}" if identity.account else ""
    return " ".join(filter(None, (identity.name, identity.email, account)))


def _named(one: Any) -> str:
    if isinstance(one, Gap):
        return f"{one.where}: {one.why}"
    return one if isinstance(one, str) else str(one.id)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(inner)}" for key, inner in sorted(value.items()) if inner not in ("", None, []))
    return "" if value is None else str(value)
