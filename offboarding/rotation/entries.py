"""`[[rotation]]` of offkey.toml: what may be rotated without a person's hands, and where its successor goes.

Nothing else is ever rotated, and nothing is written to a place that was read from a finding.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from offboarding.configuration.instances import family
from offboarding.configuration.schema import Table
from offkey.model import AccessPoint, Rotation

if TYPE_CHECKING:
    from revokers.rotation import Maker, Replaceable

_LONGEST = 24 * 30


class Entry(Table):
    """One credential, by its holder's name or its id at the provider, and the secret that its successor goes into."""

    kind: str
    at: str = ""
    """The instance of the credential's provider that has it; needed where there are several."""
    holder: str = ""
    id: str = ""
    successor: str = ""
    """Who takes the holder's place, of a kind of which a holder has only one."""
    store: str
    store_at: str = ""
    """The same of the store's provider."""
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
            store_at=self.store_at,
        )

    def fits(self, point: AccessPoint) -> bool:
        """Whether this is the credential that is meant; one whose holder nobody knows never is."""
        holder = point.holder
        if point.kind != self.kind or point.provider != self.at or holder is None:
            return False
        named = not self.holder or self.holder in (holder.login, holder.id)
        return named and (not self.id or self.id == point.provider_id)


def replaceable(kind: str) -> "Replaceable | None":
    """How a kind is replaced; None where nothing here makes successors of it."""
    maker = _maker(kind)
    return maker.KINDS[kind] if maker else None


def _maker(kind: str) -> "Maker | None":
    from revokers.rotation.registry import MAKERS

    return next((maker for maker in MAKERS.values() if kind in maker.KINDS), None)


def at_instances(entries: Iterable[Entry], configured: Collection[str]) -> tuple[Entry, ...]:
    """The entries, each with the instances of its credential and its store: the only one, or the one it names.

    Raises ValueError where it names none of several, or one that is not configured.
    """
    from revokers.rotation.registry import STORES

    found = []
    for entry in entries:
        maker, store = _maker(entry.kind), STORES[entry.store]
        at = {
            "at": _instance("at", entry.at, maker.PROVIDER if maker else "", configured),
            "store_at": _instance("store_at", entry.store_at, store.PROVIDER, configured),
        }
        found.append(entry.model_copy(update=at))
    return tuple(found)


def _instance(key: str, wanted: str, provider: str, configured: Collection[str]) -> str:
    there = sorted(name for name in configured if family(name) == provider) or [provider]
    if wanted not in there and (wanted or len(there) > 1):
        raise ValueError(f"{key} must be one of: {', '.join(there)}")
    return wanted or there[0]


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
