"""`[[rotation]]` of offkey.toml: what may be rotated without a person's hands, and where its successor goes.

Nothing else is ever rotated, and nothing is written to a place that was read from a finding.
"""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from offboarding.schema import Table
from offkey.model import AccessPoint, Rotation

if TYPE_CHECKING:
    from revokers.rotation import Replaceable

_LONGEST = 24 * 30


class Entry(Table):
    """One credential, by its holder's name or its id at the provider, and the secret that its successor goes into."""

    kind: str
    holder: str = ""
    id: str = ""
    successor: str = ""
    """Who takes the holder's place, of a kind of which a holder has only one."""
    store: str
    place: dict[str, str]
    fields: dict[str, str]
    quiet_hours: Annotated[int, Field(ge=0, le=_LONGEST)] = 4
    """The old one is switched off once the new one is used and the old one was not for so long."""
    deadline_hours: Annotated[int, Field(ge=1, le=_LONGEST)] = 48
    """The longest wait for that: then what was not used is switched off, and what still is, is handed to people."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        from revokers.rotation.registry import STORES

        if not self.holder and not self.id:
            raise ValueError("needs `holder` or `id`: one credential, never all of a kind")
        if self.quiet_hours > self.deadline_hours:
            raise ValueError("quiet_hours must not be more than deadline_hours")
        if self.store not in STORES:
            raise ValueError(f"store must be one of: {', '.join(sorted(STORES))}")
        if wrong := _wrong_fields(self) or _wrong_place(self):
            raise ValueError(wrong)
        return self

    def rotation(self) -> Rotation:
        """What the plan holds of it."""
        return Rotation(
            store=self.store,
            place=dict(sorted(self.place.items())),
            fields=dict(sorted(self.fields.items())),
            quiet_hours=self.quiet_hours,
            deadline_hours=self.deadline_hours,
            successor=self.successor,
        )

    def fits(self, point: AccessPoint) -> bool:
        """Whether this is the credential that is meant; one whose holder nobody knows never is."""
        holder = point.holder
        if point.kind != self.kind or holder is None:
            return False
        named = not self.holder or self.holder in (holder.login, holder.id)
        return named and (not self.id or self.id == point.provider_id)


def replaceable(kind: str) -> "Replaceable | None":
    """How a kind is replaced; None where nothing here makes successors of it."""
    from revokers.rotation.registry import MAKERS

    return next((maker.KINDS[kind] for maker in MAKERS.values() if kind in maker.KINDS), None)


def _wrong_fields(entry: Entry) -> str:
    from revokers.rotation.registry import MAKERS

    known = replaceable(entry.kind)
    if known is None:
        kinds = sorted(kind for maker in MAKERS.values() for kind in maker.KINDS)
        return f"kind must be one of: {', '.join(kinds)}"
    if frozenset(entry.fields) not in known.parts:
        allowed = " or ".join("/".join(sorted(parts)) for parts in known.parts)
        return f"fields of {entry.kind} must name exactly: {allowed}"
    if known.by_name != bool(entry.successor) or (entry.successor and entry.successor == entry.holder):
        named = "needs `successor`, the second role" if known.by_name else "takes no `successor`"
        return f"{entry.kind} {named}"
    twice = len(set(entry.fields.values())) < len(entry.fields)
    return "fields must have different names in the store" if twice else ""


def _wrong_place(entry: Entry) -> str:
    from revokers.rotation.registry import STORES

    store = STORES[entry.store]
    if frozenset(entry.place) not in store.PLACES:
        allowed = " or ".join(", ".join(sorted(keys)) for keys in store.PLACES)
        return f"place of {entry.store} must have exactly: {allowed}"
    return store.refusal(entry.place, entry.fields)
