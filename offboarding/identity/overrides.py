"""The overrides file: what somebody decided about one address of one person, with who and when. It wins over all else.

- person: ann
  address: ann@home.example
  verdict: theirs            # or not_theirs
  by: bob@corp.example
  at: 2026-11-20T09:00:00Z
  note: asked her

The last decision on a person and an address holds. `offkey whois --confirm` and `--reject` write it.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BeforeValidator

from offboarding.configuration.schema import SettingsError, Table, validated
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory
from offboarding.moments import moment
from offkey.errors import UsageError
from offkey.model import Gap, timestamp


class Verdict(StrEnum):
    THEIRS = "theirs"
    NOT_THEIRS = "not_theirs"


class Decision(Table):
    person: str
    address: str
    verdict: Verdict
    by: str
    at: Annotated[datetime, BeforeValidator(moment)]
    note: str = ""

    @property
    def sentence(self) -> str:
        """What the decision says to a reader."""
        said = "is the person's" if self.verdict is Verdict.THEIRS else "is not the person's"
        note = f": {self.note}" if self.note else ""
        return f"{self.by} decided on {self.at.astimezone(UTC):%Y-%m-%d} that this address {said}{note}"


class Overrides(Table):
    decisions: tuple[Decision, ...] = ()

    @cached_property
    def _last(self) -> dict[tuple[str, str], Decision]:
        return {(one.person, normal_email(one.address)): one for one in self.decisions}

    def on(self, person: str, address: str) -> Decision | None:
        """The decision that holds for a person's id and an address in normal form."""
        return self._last.get((person, address))

    def of(self, person: str) -> tuple[Decision, ...]:
        """The decisions that hold for a person's id, by address."""
        return tuple(one for (who, _), one in sorted(self._last.items()) if who == person)

    def given_to(self, address: str) -> str:
        """The id of the person to whom an address (in normal form) was given, or empty."""
        mine = (who for (who, at), one in sorted(self._last.items()) if at == address and one.verdict is Verdict.THEIRS)
        return next(mine, "")


def load(path: Path | None) -> Overrides:
    """The decisions in a file; none for None or a file that is not there yet.

    Raises SettingsError, also where an address was given to two people; UsageError when the file cannot be read.
    """
    if path is None or not path.exists():
        return Overrides()
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", advice="set `overrides` under [directory] in offkey.toml"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no YAML", advice="check quotes and indentation") from error
    except (ValueError, RecursionError) as error:  # a date that is none, or lists in lists without end
        raise SettingsError(f"{path} is no YAML: {error}", advice="mend the file and try again") from error
    if not isinstance(data or [], list):
        raise SettingsError(f"{path}: must be a list of decisions", advice="see docs/configuration.md")
    found = validated(Overrides, {"decisions": data or []}, path)
    _check(found, path)
    return found


def unheeded(decided: Overrides, listed: Directory, path: Path | None) -> tuple[Gap, ...]:
    """A Gap for each person whom decisions in the file name, and whom nobody can ask for by that id.

    An address is an id only while the directory gives it to nobody.
    """
    ids = {entry.id for entry in listed.entries}
    gaps = []
    for who in sorted({one.person for one in decided.decisions} - ids):
        owner = listed.owner_of(who)
        if "@" in who and owner is None:
            continue
        number = sum(one.person == who for one in decided.decisions)
        why = f"what was decided about {who!r} ({number}) counts for nobody: the directory has no person of that id"
        advice = f"write `person: {owner.id}`" if owner else listed.suggestion(who)
        gaps.append(Gap(where=str(path), why=why, advice=advice))
    return tuple(gaps)


def _check(found: Overrides, path: Path) -> None:
    given: dict[str, str] = {}
    for (who, address), one in found._last.items():
        if one.verdict is Verdict.THEIRS and given.setdefault(address, who) != who:
            raise SettingsError(
                f"{path}: {address} was given to both {given[address]} and {who}", advice="take it from one of them"
            )


def record(path: Path, decision: Decision) -> Overrides:
    """The file with one more decision, replaced whole; what it said before stays in it. Returns what it says now.

    Raises SettingsError when the address was given to somebody else, UsageError when the file cannot be written.
    """
    with _alone(path):
        return _record(path, decision)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else records beside it meanwhile: who comes second reads what the first has written."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{path.parent}: {error.strerror}", advice="name a file in a writable folder") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _record(path: Path, decision: Decision) -> Overrides:
    before = load(path)
    after = Overrides(decisions=(*before.decisions, decision))
    _check(after, path)
    rows = [
        {key: value for key, value in _row(one).items() if value or key in ("person", "address")}
        for one in after.decisions
    ]
    text = "# What somebody decided about addresses. The last decision on a person and an address holds.\n"
    text += yaml.safe_dump(rows, sort_keys=False, allow_unicode=True)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a file in a writable folder") from error
    return after


def _row(one: Decision) -> dict[str, str]:
    return {
        "person": one.person,
        "address": one.address,
        "verdict": one.verdict.value,
        "by": one.by,
        "at": timestamp(one.at),
        "note": one.note,
    }
