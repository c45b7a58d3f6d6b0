"""Makes the list of departed people's credentials: reads their values where they still are, and keeps digests alone."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from offboarding import mirror, scanned
from offboarding.gate import known, leavers, listed
from offboarding.gate.check import Sources
from offboarding.gate.known import Run
from offboarding.gate.listed import Item, Listed
from offboarding.scanned import Scanned
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import AccessPoint, Gap
from offkey.secret import Secret
from rules import RuleSet
from scanner.repository.clone import is_url
from scanner.scan import scan
from scanner.values import read_credential

Values = dict[str, bytes]
"""By fingerprint what is digested of a credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where the runs' copies lie, and what their values are recognised by."""

    state: Path
    key: OrgKey
    ruleset: RuleSet
    now: datetime
    within: timedelta
    valid: timedelta


def export(told: Sources, setting: Setting, before: Listed | None, *, with_addresses: bool) -> tuple[Listed, list[Gap]]:
    """The list, and a Gap for each run of which a value that may still live could not be read.

    From the list `before` its salt is kept, and what it holds of credentials whose values cannot be read any more.
    """
    values = {fingerprint: text for run in told.runs for fingerprint, text in _values(run, setting).items()}
    fates = known.by_fingerprint(told.runs)
    kept = {item.id: item.digest for item in before.credentials} if before else {}
    salt = {"salt": before.salt, "cost": before.cost} if before else {}
    made = Listed(made_at=setting.now, valid_until=setting.now + setting.valid, **salt)  # type: ignore[arg-type]
    digests = made.digests(values.values())
    items, missing = [], set()
    for fingerprint, every in fates.items():
        digest = digests[values[fingerprint]] if fingerprint in values else kept.get(_id(fingerprint), "")
        dead = known.is_dead(every)
        if digest:
            items.append(Item(digest=digest, run=every[-1].run, dead=dead, id=_id(fingerprint)))
        elif not dead:
            missing.add(fingerprint)
    people = _addresses(made, told, setting) if with_addresses else []
    full = Listed(
        made_at=made.made_at,
        valid_until=made.valid_until,
        salt=made.salt,
        cost=made.cost,
        credentials=tuple(items),
        addresses=tuple(people),
        missing=len(missing),
        kinds=tuple(known.living_kinds(told.runs)),
    )
    return full, list(_gaps(told.runs, missing))


def _id(fingerprint: str) -> str:
    return fingerprint.rpartition(":")[2][:16]


def _values(run: Run, setting: Setting) -> Values:
    """What can be read of a run's credentials: at their addresses, else by looking through what the run looked at."""
    read = mirror.reader(setting.state, run.name, setting.key)
    points, found = known.points(run), {}
    for point in points:
        with suppress(OffkeyError):
            found[point.fingerprint] = listed.of_value(_value(point, read, setting.key))
    left = {point.fingerprint for point in points} - found.keys()
    return found | _looked_for(run, left, setting) if left else found


def _value(point: AccessPoint, read: mirror.Read, key: OrgKey) -> dict[str, Secret]:
    try:
        return dict(read(point).parts)
    except OffkeyError:
        return dict(read_credential(point.kind, point.fingerprint, point.places, key).parts)


def _looked_for(run: Run, wanted: Iterable[str], setting: Setting) -> Values:
    """What was merely exposed has no address in the plan: the run's copies are scanned once more for it."""
    assert run.told.plan is not None
    copies = {name: mirror.folder(setting.state, run.name, name) for name in run.told.plan.mirrors}
    targets = [str(copy) if copy.is_dir() else name for name, copy in copies.items()]
    there = [target for target in targets if not is_url(target) and Path(target).exists()]
    if not there:
        return {}
    with suppress(OffkeyError):
        result = scan(there, setting.ruleset, setting.key)
        named = [finding for finding in result.findings if finding.fingerprint in set(wanted)]
        parts = scanned.values(Scanned(result, {}, b""), named, [])
        return {fingerprint: listed.of_value(every) for fingerprint, every in parts.items()}
    return {}


def _addresses(made: Listed, told: Sources, setting: Setting) -> list[Item]:
    run_of: dict[bytes, str] = {}
    for leaver in leavers.leavers(told.directory, told.runs, setting.now, setting.within):
        for address in leavers.addresses(leaver, told.directory):
            run_of[listed.of_address(address)] = leaver.runs[-1] if leaver.runs else ""
    digests = made.digests(run_of)
    return [Item(digest=digests[text], run=run) for text, run in run_of.items()]


def _gaps(runs: Sequence[Run], missing: set[str]) -> Iterable[Gap]:
    for run in runs:
        held = {point.fingerprint for point in known.points(run)}
        if lost := held & missing:
            why = f"{len(lost)} of {len(held)} values cannot be read any more, and are not proven dead"
            yield Gap(where=f"run {run.name}", why=why, advice="plan the person again, then export")
