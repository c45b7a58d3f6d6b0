"""Which shared credentials of a plan the configuration names for rotation. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from offboarding.configuration import instances
from offboarding.ownership.testimony import BROUGHT_IN, FIELDS_ALONE
from offboarding.planning import gather
from offboarding.rotation.entries import Entry, replaceable
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership, Rotation, Step
from revokers.rotation import WHOLE, Replaceable

EXTRA_YES = "rotate"
"""The extra yes without which no successor is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What the plan needs to replace one credential."""

    rotation: Rotation
    kind: Replaceable

    @property
    def words(self) -> str:
        """Where the successor goes."""
        place = ", ".join(f"{name} {value}" for name, value in self.rotation.place.items())
        fields = ", ".join(f"{part} as {name or 'the whole'}" for part, name in self.rotation.fields.items())
        return f"{self.rotation.store}{instances.words(self.rotation.store_at)}: {place} ({fields})"

    @property
    def when(self) -> str:
        """When the old one is switched off."""
        quiet, deadline = self.rotation.quiet_hours, self.rotation.deadline_hours
        return f"once its successor is used and it was not for {quiet} h, or after {deadline} h if it is not used"


def replacements(entries: Sequence[Entry], points: Iterable[AccessPoint], gaps: list[Gap]) -> Mapping[str, Replacement]:
    """By the point's id, what takes the place of each shared credential that exactly one entry names.

    An entry that fits several, and a credential that several entries fit, is left to people: a Gap says so.
    """
    wanted = [point for point in points if _may_be_rotated(point)]
    fitting = {point.id: [entry for entry in entries if entry.fits(point)] for point in wanted}
    found: dict[str, Replacement] = {}
    for ident, fitted in sorted(fitting.items()):
        alone = fitted[:1] and sum(fitted[0] in others for others in fitting.values()) == 1
        kind = replaceable(fitted[0].kind) if fitted else None
        if len(fitted) == 1 and alone and kind is not None:
            found[ident] = Replacement(rotation=fitted[0].rotation(), kind=kind)
        elif fitted:
            why = "several entries fit it" if len(fitted) > 1 else "its entry fits several credentials of this plan"
            gaps.append(_unclear(fitted[0], why))
    for ident in [ident for ident in found if overwrites(ident, found)]:
        gaps.append(_unclear(fitting[ident][0], "another credential of this plan goes into the same field"))
    return {ident: one for ident, one in found.items() if not overwrites(ident, found)}


def overwrites(ident: str, found: Mapping[str, Replacement]) -> bool:
    """Whether another's successor would go into a field of the same secret, or one of the two is the whole of it."""
    mine = found[ident].rotation
    return any(_same_field(mine, one.rotation) for other, one in found.items() if other != ident)


def _same_field(one: Rotation, other: Rotation) -> bool:
    """Two instances may be one store by two names, and GitHub's names are the same in any case: both count as one."""
    if _place(one) != _place(other):
        return False
    mine, theirs = set(one.fields.values()), set(other.fields.values())
    return bool(mine & theirs) or WHOLE in mine | theirs


def _place(rotation: Rotation) -> tuple[str, ...]:
    return rotation.store, *(f"{name}={value}".casefold() for name, value in sorted(rotation.place.items()))


def _may_be_rotated(point: AccessPoint) -> bool:
    """Tied to the person, alive, not his own alone, and nobody contests whose it is.

    That the person brought in what another holds is no such contest: what is shared is mostly that.
    """
    tied = point.bond in (Bond.THEIRS, Bond.INTRODUCED)
    mine = point.ownership is Ownership.PERSONAL and point.bond is Bond.THEIRS
    lines = [line for line in point.evidence if line.startswith("CONFLICT")]
    contested = [line for line in lines if not line.startswith((BROUGHT_IN, FIELDS_ALONE))]
    return tied and not mine and not contested and gather.is_alive(point)


def let_in(step: Step) -> tuple[Account, ...]:
    """Who is given a password, to take the place of the step's holder."""
    name, holder = (step.rotation.successor if step.rotation else ""), step.point.holder
    if not name or holder is None:
        return ()
    ident = f"{holder.id.rpartition('/')[0]}/{name}"
    return (Account(provider=step.point.provider, id=ident, login=name.partition("@")[0]),)


def _unclear(entry: Entry, why: str) -> Gap:
    return Gap(
        where=f"rotation of {entry.kind} {entry.id or entry.holder}{instances.words(entry.at)}",
        why=why,
        advice="let each [[rotation]] name one credential, with `id` where a holder has several; it is left to people",
    )
