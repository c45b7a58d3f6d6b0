"""Whether the secrets that a pull request refers to are in the repository's GitHub stores, by name alone.

A secret counts when the repository has it, one of its environments, or its organisation with access for it. Values are
told to nobody, so a stored one may still be the old one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.secret import Secret
from revokers.stores import Stored, Unread
from revokers.stores.github import actions


@dataclass(frozen=True, slots=True)
class Availability:
    """`stored` says in words where each name is; `absent` are in no store; of `unknown` it could not be read, `why`."""

    stored: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    why: str = ""


def look(http: Reader, token: Secret, project: str, names: Iterable[str]) -> Availability:
    """Reads the stores that `owner/name` may use. What cannot be read makes a name unknown, not absent."""
    wanted = sorted(names)
    if not wanted:
        return Availability()
    found: dict[str, list[Stored]] = defaultdict(list)
    unread: list[str] = []
    try:
        for item in actions(http, token, project):
            if isinstance(item, Unread):
                unread.append(f"{item.gap.where}: {item.gap.why}")
            else:
                found[item.name.upper()].append(item)
    except OffkeyError as error:
        unread.append(str(error))
    stored = {name: _where(found[name.upper()]) for name in wanted if name.upper() in found}
    lost = tuple(name for name in wanted if name not in stored)
    return Availability(stored, () if unread else lost, lost if unread else (), "; ".join(unread))


def _where(found: Iterable[Stored]) -> str:
    """`the repository`, `the organisation`, or `the environment production alone`."""
    levels = {item.level: item for item in found}
    for level in ("repository", "organisation"):
        if level in levels:
            return f"the {level}"
    names = sorted(item.environment for item in found)
    return f"the environment{'s' if len(names) > 1 else ''} {', '.join(names)} alone"
