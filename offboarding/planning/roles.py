"""What a role is expected to have: the access that a mover keeps, and the measure of what they have too much.

- name: backend
  has:
    - {provider: github, kind: github.membership, ids: [example, example/*]}
    - {provider: aws, kind: aws.group, ids: [developers]}
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from offboarding.configuration.schema import Beside, SettingsError, Table, validated
from offboarding.planning.gather import is_alive
from offkey.errors import UsageError
from offkey.model import AccessPoint, Bond, Gap, Ownership

Name = Annotated[str, Field(min_length=1)]


class Roles(Table):
    """The table [roles] of offkey.toml."""

    file: Beside | None = None


def fits(ident: str, pattern: str) -> bool:
    """Whether an id is one of a pattern's; a bracket stands for itself, as ids have them (`app[bot]`)."""
    return fnmatchcase(ident, pattern.replace("[", "[[]"))


class Expected(Table):
    """One kind of access at one instance, by ids or patterns of ids (`*` and `?`; case counts)."""

    provider: Name
    kind: Name
    ids: Annotated[tuple[Name, ...], Field(min_length=1)]

    def matches(self, point: AccessPoint) -> bool:
        same = point.provider == self.provider and point.kind == self.kind
        return same and any(fits(point.provider_id, pattern) for pattern in self.ids)


class Role(Table):
    name: Name
    has: tuple[Expected, ...] = ()

    def covers(self, point: AccessPoint) -> bool:
        """Whether the role has this very access."""
        return bool(point.provider_id) and any(one.matches(point) for one in self.has)

    def keeps(self, point: AccessPoint) -> bool:
        """Whether a mover keeps it: never what has leaked, which is ended or replaced whoever may have one."""
        return not point.places and not point.fingerprint and self.covers(point)


class _File(Table):
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What a person has beyond a role, what the role has and they lack, and what of that nobody could look at."""

    extra: tuple[AccessPoint, ...]
    missing: tuple[tuple[Expected, str], ...]
    unknown: tuple[Expected, ...]


def drift(role: Role, points: Iterable[AccessPoint], gaps: Sequence[Gap]) -> Drift:
    """The person's own living access held against the role. An instance with a gap may have what is not seen."""
    mine = [p for p in points if is_alive(p) and p.ownership is not Ownership.SHARED and p.bond is not Bond.NONE]
    unread = {re.split(r"[\s:]", gap.where, maxsplit=1)[0] for gap in gaps}
    lacking = [
        (one, pattern)
        for one in role.has
        for pattern in one.ids
        if not any(one.matches(p) and fits(p.provider_id, pattern) for p in mine)
    ]
    return Drift(
        extra=tuple(point for point in mine if not role.covers(point)),
        missing=tuple((one, pattern) for one, pattern in lacking if one.provider not in unread),
        unknown=tuple(dict.fromkeys(one for one, _ in lacking if one.provider in unread)),
    )


def named(name: str, file: Path | None) -> Role:
    """The role in a roles.yaml. Raises UsageError, SettingsError."""
    if file is None:
        raise UsageError("no roles are configured", advice='set `file = "roles.yaml"` under [roles]')
    every = {role.name: role for role in load(file)}
    if name not in every:
        known = ", ".join(sorted(every)) or "none"
        raise UsageError(f"there is no role {name!r}", advice=f"roles in {file}: {known}")
    return every[name]


def load(file: Path) -> tuple[Role, ...]:
    """The roles in a YAML file. Raises SettingsError for what is none, or a name that stands there twice."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", advice="set `file` under [roles] in offkey.toml") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{file} is no YAML in UTF-8", advice="mend the file and try again") from error
    roles = validated(_File, {"roles": data or []}, file).roles
    names = [role.name for role in roles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsError(f"{file}: the role {twice!r} stands there twice", advice="keep one of them")
    return roles
