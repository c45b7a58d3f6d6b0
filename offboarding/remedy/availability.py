"""Whether the secrets that a pull request refers to are in the repository's stores, by name alone.

A secret counts when the repository has it, one of its environments, or what is above it with access for it. Values are
told to nobody, so a stored one may still be the old one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from offkey.errors import OffkeyError
from revokers.stores import Stored, Unread

LEVELS = ("repository", "project", "organisation", "group", "instance")
"""The nearest first. What is in none of them is an environment's."""


@dataclass(frozen=True, slots=True)
class Availability:
    """`stored` says in words where each name is; `absent` are in no store; of `unknown` it could not be read, `why`."""

    stored: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    why: str = ""


def look(listed: Iterable[Stored | Unread], names: Iterable[str], *, exact: bool = False) -> Availability:
    """Compares the names with what the stores list. What cannot be read makes a name unknown, not absent.

    GitHub does not tell upper from lower case; with `exact` it counts.
    """
    wanted = sorted(names)
    if not wanted:
        return Availability()
    found: dict[str, list[Stored]] = defaultdict(list)
    unread: list[str] = []

    def fold(name: str) -> str:
        return name if exact else name.upper()

    try:
        for item in listed:
            if isinstance(item, Unread):
                unread += [f"{item.gap.where}: {item.gap.why}"] if item.projects else []
            else:
                found[fold(item.name)].append(item)
    except OffkeyError as error:
        unread.append(str(error))
    stored = {name: _where(found[fold(name)]) for name in wanted if fold(name) in found}
    lost = tuple(name for name in wanted if name not in stored)
    return Availability(stored, () if unread else lost, lost if unread else (), "; ".join(unread))


def _where(found: Iterable[Stored]) -> str:
    """`the repository`, `the organisation`, or `the environment production alone`."""
    levels = {item.level: item for item in found}
    for level in LEVELS:
        if level in levels:
            return f"the {level}"
    names = sorted(item.environment for item in found)
    return f"the environment{'s' if len(names) > 1 else ''} {', '.join(names)} alone"
