"""What would be done, worked out without doing anything. Pure: the same input gives byte-equal plans (DESIGN rule 8).

Containment first: reversible steps, then irreversible ones, then removal from code, then what people must do. Only
what is personal and provably the person's is ended here; the rest is rotated or handed over (DESIGN rule 12).
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import cattrs

from offboarding.configuration.instances import family
from offboarding.planning import forecast, gather, refusals
from offboarding.planning.keeping import kept
from offboarding.planning.policy import PR_BEFORE_KILL, Policy
from offboarding.planning.ranks import rank
from offboarding.planning.roles import Role
from offboarding.rotation.matching import EXTRA_YES, Replacement
from offkey.canonical import canonical, digest
from offkey.errors import UsageError
from offkey.model import (
    AccessPoint,
    Action,
    Bond,
    Gap,
    OptOut,
    Ownership,
    Person,
    Plan,
    Step,
    from_json,
    to_json,
)
from revokers.protocol import Option

Options = Callable[[AccessPoint], tuple[Option, ...]]
"""What a provider's revoker could do about one point; nothing where there is no revoker."""

_PHASES = {Action.REPLACE: 0, Action.REWRITE: 2, Action.KEEP: 3, Action.ROTATE: 4, Action.HAND_OVER: 5}
LAST_PHASE = 6
PlanRefused = refusals.PlanRefused
NOT_ROTATED: Mapping[str, Replacement] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Which plan it is: whose run, made when and by whom, from which rules, organisation key and copies."""

    run: str
    now: datetime
    requester: str
    rules_digest: str
    key_id: str
    mirrors: Collection[str] = ()


def build(
    person: Person,
    points: Iterable[AccessPoint],
    gaps: Iterable[Gap],
    optouts: Iterable[OptOut],
    policy: Policy,
    *,
    heading: Heading,
    options: Options,
    by_hand: Mapping[str, str],
    replacements: Mapping[str, Replacement] = NOT_ROTATED,
    before_kill: bool = False,
    role: Role | None = None,
) -> Plan:
    """The plan for one person. `options` gives the ways to end a point, `by_hand` per provider what people do,
    `replacements` by a shared point's id its successor. With `before_kill` removal from code need not wait for a proof
    of death, if the approval allows that too. What is merely exposed gets no step; of what is listed, neither gets
    what `role` has. Raises PlanRefused.
    """
    known = sorted(points, key=lambda point: point.id)
    tied = [point for point in known if point.bond in (Bond.THEIRS, Bond.INTRODUCED)]
    active = tuple(sorted((one for one in optouts if one.subject == person.id), key=lambda optout: optout.id))

    def ways(point: AccessPoint) -> list[Step]:
        every = _steps(point, role, options, by_hand, replacements.get(point.id))
        told = [_told(step, policy, before_kill=before_kill) for step in every]
        return kept(told, person, active, heading.now)

    steps = order(step for point in tied for step in ways(point))
    refusals.check(person, steps, policy, key_id=heading.key_id)
    return Plan(
        run=heading.run,
        person=person,
        requester=heading.requester,
        created_at=heading.now,
        expires_at=heading.now + timedelta(hours=policy.plan_valid_hours),
        rules_digest=heading.rules_digest,
        key_id=heading.key_id,
        steps=steps,
        gaps=tuple(sorted(set(gaps), key=lambda gap: (gap.where, gap.why))),
        optouts=active,
        exposed=tuple(_to_rotate(p) for p in known if p.bond is Bond.EXPOSED and gather.is_alive(p)),
        mirrors=tuple(sorted(set(heading.mirrors))),
        role=role.name if role else "",
    )


def _told(step: Step, policy: Policy, *, before_kill: bool) -> Step:
    """The step with what will break, with the time of observation before it, and with the extra yes that it needs."""
    step = replace(step, breaks=(*step.breaks, *forecast.breaks(step)), observe_hours=_observed(step, policy))
    return replace(step, needs=PR_BEFORE_KILL) if before_kill and step.action is Action.REWRITE else step


def _observed(step: Step, policy: Policy) -> int:
    """Hours: what is deleted waits for those whom that breaks to say so, while it can still be switched on again."""
    return policy.observe_hours if step.after and step.action in (Action.REVOKE, Action.REMOVE) else 0


def phase(step: Step) -> int:
    """Containment first: 0 for what can be taken back."""
    return _PHASES.get(step.action, 0 if step.reversible else 1)


def order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Reversible first, then irreversible, removal from code, and last what people must do; within each by rank."""
    # sorted() is stable: a revoker's own order of options holds within a phase and a point
    return tuple(sorted(steps, key=lambda step: (phase(step), rank(step), step.point.provider, step.point.id)))


def _steps(
    point: AccessPoint,
    role: Role | None,
    options: Options,
    by_hand: Mapping[str, str],
    successor: Replacement | None,
) -> list[Step]:
    if role is not None and role.keeps(point):
        return [_step(point, Action.KEEP, True, f"role {role.name} has it")]
    ways = options(point)
    if ways and all(way.action is Action.KEEP for way in ways):
        return [_step(point, Action.KEEP, True, ways[0].reason)]
    mine = point.ownership is Ownership.PERSONAL and point.bond is Bond.THEIRS
    people = _for_people(point, ways, by_hand.get(family(point.provider), ""))
    steps = (_ending(point, ways) if mine else _replacing(point, ways, successor, people)) or [people]
    return [*steps, *_rewrites(point, next(step for step in steps if step.action is not Action.REPLACE))]


def _replacing(point: AccessPoint, ways: Sequence[Option], new: Replacement | None, people: Step) -> list[Step]:
    """A successor first, then what ends the old one; nothing where the provider forbids it for this very point."""
    if new is None or all(way.action is Action.HAND_OVER for way in ways):
        return []
    ending = _ending(point, new.kind.ends)
    if not ending:
        return []
    reason = f"{people.reason}; a successor is made and put into {new.words}"
    first = replace(
        _step(point, Action.REPLACE, False, reason, how=people.how, salt=new.words),
        breaks=new.kind.breaks,
        needs=EXTRA_YES,
        rotation=new.rotation,
    )
    ending[0] = replace(ending[0], reason=f"{ending[0].reason}: {new.when}")
    return [first, *(replace(step, after=step.after or first.id) for step in ending)]


def _ending(point: AccessPoint, ways: Sequence[Option]) -> list[Step]:
    """One step for each way that can name this exact credential; an irreversible one waits for its reversible one."""
    steps: list[Step] = []
    for way in ways:
        usable = bool(point.fingerprint and point.places) if way.by == "value" else bool(point.provider_id)
        if not usable or way.action in (Action.HAND_OVER, Action.KEEP):
            continue
        first = next((step.id for step in steps if step.reversible), "") if not way.reversible else ""
        reason = way.reason or f"personal, and the person's own: {_why(point)}"
        step = _step(point, way.action, way.reversible, reason, how=way.how, salt=f"{way.by}:{way.needs}")
        steps.append(replace(step, breaks=way.breaks, needs=way.needs, after=first))
    return steps


def _for_people(point: AccessPoint, ways: Sequence[Option], by_hand: str) -> Step:
    """What may not be ended on its own: it could be others' too, or there is no revoker, or it cannot be named."""
    told = next((way for way in ways if way.action is Action.HAND_OVER), None)
    how = (told.how if told else "") or by_hand or f"ask who runs {point.provider} to replace or end this {point.kind}"
    if not gather.is_alive(point):
        return _step(point, Action.HAND_OVER, False, "its issuer calls it dead; proven again at apply", how=how)
    if point.ownership is Ownership.PERSONAL and point.bond is Bond.THEIRS:
        unnamed = "it cannot be named exactly at its issuer" if ways else f"there is no revoker for {point.kind}"
        why = (told.reason or f"{point.provider} leaves this to a person") if told else unnamed
        return _step(point, Action.HAND_OVER, False, why, how=how)
    shared = "shared" if point.ownership is Ownership.SHARED else "not shown to be personal, so held to be shared"
    action = Action.ROTATE if point.places else Action.HAND_OVER
    breaks = ("everything that still uses the present value",) if point.places else ()
    return replace(_step(point, action, False, f"{shared}: {_why(point)}", how=how), breaks=breaks)


def _rewrites(point: AccessPoint, kill: Step) -> list[Step]:
    """One step for each repository in whose branch tips the literal still stands."""
    tips: dict[str, list[str]] = defaultdict(list)
    for place in point.places:
        if place.present and place.object_type == "blob":
            tips[place.repo].append(place.path)
    return [
        replace(
            _step(
                replace(point, places=tuple(p for p in point.places if p.repo == repo and p.path in paths)),
                Action.REWRITE,
                True,
                f"the literal still stands in {', '.join(sorted(set(paths)))}",
                salt=repo,
            ),
            after=kill.id,
        )
        for repo, paths in sorted(tips.items())
    ]


def _to_rotate(point: AccessPoint) -> AccessPoint:
    """An exposed credential in short: there may be thousands."""
    paths = list(dict.fromkeys(f"{Path(p.repo).name}:{p.path or p.object_type}:{p.line}" for p in point.places))
    where = paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "") if paths else ""
    return replace(point, places=(), usage=(), evidence=tuple(filter(None, (_why(point), where))))


def _step(point: AccessPoint, action: Action, reversible: bool, reason: str, *, how: str = "", salt: str = "") -> Step:
    ident = digest([point.id, action.value, salt]).removeprefix("sha256:")[:12]
    return Step(id=f"s-{ident}", point=point, action=action, reversible=reversible, reason=reason, how=how)


def _why(point: AccessPoint) -> str:
    return next((line for line in point.evidence if line.startswith("CONFLICT")), (point.evidence or ("",))[0])


def to_bytes(plan: Plan) -> bytes:
    """The plan file: RFC 8785 JSON and nothing else, so that `sha256sum plan.json` is the plan's digest."""
    return canonical(to_json(plan))


def write(plan: Plan, path: Path) -> None:
    """Write the plan file for its owner alone (mode 0600), replacing an older one. Raises UsageError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(to_bytes(plan))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a file that you can write") from error


def read(path: Path) -> Plan:
    """The plan in a file. Raises UsageError when it is no plan file. Whether it is *the* plan, its digest says."""
    try:
        return from_json(json.loads(path.read_bytes()), Plan)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name the file that `offkey plan -o` wrote") from error
    except (ValueError, cattrs.BaseValidationError, RecursionError) as error:
        raise UsageError(
            f"{path} is no plan of this version, or was edited", advice="make it again with `offkey plan`"
        ) from error
