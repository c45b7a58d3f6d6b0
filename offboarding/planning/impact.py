"""What a plan will do to others: counts, and for each what it is about, with step numbers from 1. Pure.

Who is mailed is what the providers' modules say (`Option.mails`), and for pull requests that GitHub tells whoever
watches the repository. Nothing known is not nobody: a provider may write to people without documenting it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offboarding.approval.duties import SENDING, Duties
from offboarding.planning import forecast
from offkey.model import AccessPoint, Action, Plan, Step
from revokers.protocol import Option

Options = Callable[[AccessPoint], tuple[Option, ...]]
Lines = tuple[tuple[str, tuple[int, ...]], ...]
"""Sentences, each with the numbers of its steps."""
_PEOPLE = frozenset({Action.ROTATE, Action.HAND_OVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """`survives` is what is still open when all that offkey does by itself has been done."""

    counts: Mapping[str, int]
    breaks: Lines
    mailed: Lines
    irreversible: Lines
    waits: Lines
    survives: Lines

    def data(self) -> dict[str, Any]:
        """JSON data."""
        names = ("breaks", "mailed", "irreversible", "waits", "survives")
        lists = {name: [{"text": text, "steps": list(ids)} for text, ids in getattr(self, name)] for name in names}
        return {"counts": dict(self.counts), **lists}


def of(plan: Plan, options: Options, duties: Duties | None = None) -> Impact:
    """The impact of a plan. `options` are the providers' own words on a point, `duties` who must say yes."""
    steps = list(enumerate(plan.steps, start=1))
    sent = [(number, step) for number, step in steps if step.action in SENDING]
    final = [(n, step) for n, step in sent if not step.reversible]
    made = Impact(
        counts={},
        breaks=(*forecast.lines(plan), *_grouped((n, text) for n, step in steps for text in _other_breaks(step))),
        mailed=_grouped((n, text) for n, step in sent for text in _mails(step, options)),
        irreversible=_grouped((n, f"{step.action.value} {_named(step.point)}") for n, step in final),
        waits=_grouped((n, text) for n, step in sent for text in _waits(step, duties or Duties())),
        survives=_grouped((n, text) for n, step in steps for text in _survives(step)),
    )
    return Impact(
        counts={
            "steps": len(steps),
            "can be undone": sum(step.reversible and step.action is not Action.REWRITE for _, step in sent),
            "cannot be undone": len(final),
            "pull requests": sum(step.action is Action.REWRITE for _, step in sent),
            "left to people": sum(step.action in _PEOPLE for _, step in steps),
            "kept": sum(step.action is Action.KEEP for _, step in steps),
            "jobs that break": len(forecast.lines(plan)),
            "mails known of": len(made.mailed),
            "extra yeses wanted": len({step.needs for _, step in sent if step.needs}),
            "exposed, for others to rotate": len(plan.exposed),
            "not looked at": len(plan.gaps),
        },
        breaks=made.breaks,
        mailed=made.mailed,
        irreversible=made.irreversible,
        waits=made.waits,
        survives=made.survives,
    )


def _grouped(told: Iterable[tuple[int, str]]) -> Lines:
    found: dict[str, list[int]] = {}
    for number, text in told:
        found.setdefault(text, []).append(number)
    return tuple((text, tuple(numbers)) for text, numbers in found.items())


def _other_breaks(step: Step) -> tuple[str, ...]:
    """What breaks besides jobs, which the forecast names."""
    jobs = forecast.breaks(step)
    return tuple(text for text in step.breaks if text not in jobs) if step.action is not Action.KEEP else ()


def _mails(step: Step, options: Options) -> Iterable[str]:
    if step.action is Action.REWRITE:
        for repo in sorted({place.repo for place in step.point.places}):
            yield f"whoever watches {Path(repo).name}: GitHub tells of a new pull request"
        return
    same = [way for way in options(step.point) if way.action is step.action and way.needs == step.needs]
    yield from dict.fromkeys(f"{way.mails}, by {step.point.provider}" for way in same if way.mails)


def _waits(step: Step, duties: Duties) -> Iterable[str]:
    if step.needs:
        yield f"the extra yes {step.needs}"
    if duties.wanted(step) > 1:
        yield f"{duties.wanted(step)} different approvers (four_eyes)"
    if step.observe_hours:
        yield f"{step.observe_hours} hours of observation after it was switched off"


def _survives(step: Step) -> Iterable[str]:
    if step.action is Action.KEEP:
        yield f"{_named(step.point)} is kept: {step.reason}"
    elif step.action in _PEOPLE:
        yield f"{_named(step.point)} lives until a person ends it: {step.reason}"
    elif step.needs:
        yield f"{_named(step.point)} lives on without the extra yes {step.needs}"


def _named(point: AccessPoint) -> str:
    return " ".join(filter(None, (point.kind, point.provider_id or point.redacted)))
