"""`offkey inventory E-MAIL`: what a person holds at every configured provider, as the organisation's own lists have it.

Nothing is changed, no repository is read and no value is sent. Exit code: 0 when nothing alive is listed, 10 when
something is, 14 when nothing alive is listed and something could not be looked at. With `--role` it is held against
what the role has: 0 when it is the same, 10 when it differs, 14 when that cannot be told.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from offboarding import tables
from offboarding.asking import asking
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.identity import directory, people
from offboarding.planning import gather, roles
from offboarding.planning.setting import Tell
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import AccessPoint, Gap, timestamp, to_json
from scanner.output.printable import printable


@dataclass(frozen=True)
class _Listing:
    config: Config
    now: datetime
    tell: Tell


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey inventory`."""
    parser.add_argument("subject", metavar="E-MAIL", help="an address, the id in people.yaml, or provider:login")
    parser.add_argument("--role", metavar="NAME", help="show what they have beyond this role, and what they lack")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Ask every configured provider for its list, and show them together."""
    settings = config.load(args.config)
    person = people.resolve(args.subject, directory.load(settings.directory.people, settings.directory.exports), ())
    gaps: list[Gap] = []
    role = roles.named(args.role, settings.roles.file) if args.role else None
    with ui.progress("Listing") as advance:
        listing = _Listing(settings, datetime.now(UTC), lambda what, done, total: advance(done, total, what))
        points = asking.listed(listing, person, gaps)
    drift = roles.drift(role, points, gaps) if role else None
    if args.format == "json":
        told = {"person": person.id, "points": to_json(tuple(points)), "gaps": to_json(tuple(gaps))}
        text = json.dumps(told | ({"drift": _drift_json(drift)} if drift else {}), indent=2)
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(points, ui)
        if drift:
            _show_drift(args.role, drift, ui)
        tables.show_gaps(gaps, ui)
    if drift:
        return Exit.OPEN if drift.extra or drift.missing else Exit.GAPS if gaps else Exit.DONE
    if any(gather.is_alive(point) for point in points):
        return Exit.OPEN
    return Exit.GAPS if gaps else Exit.DONE


def _drift_json(drift: roles.Drift) -> dict[str, Any]:
    missing = [{"provider": one.provider, "kind": one.kind, "id": pattern} for one, pattern in drift.missing]
    unknown = [one.model_dump(mode="json") for one in drift.unknown]
    return {"extra": [point.id for point in drift.extra], "missing": missing, "unknown": unknown}


def _show_drift(role: str, drift: roles.Drift, ui: UI) -> None:
    """What differs from the role, line by line."""
    lines = [f"beyond {role}: {tables.named(point)}" for point in drift.extra]
    lines += [f"missing: {one.kind} {pattern} at {one.provider}" for one, pattern in drift.missing]
    lines += [f"cannot be told: {one.kind} at {one.provider}" for one in drift.unknown]
    for line in lines or [f"It is exactly what {role} has."]:
        ui.out.print(Text(printable(line), style="yellow" if lines else "green"))


def _show(points: Sequence[AccessPoint], ui: UI) -> None:
    table = Table()
    for column in ("kind", "account", "id", "ownership", "state", "last used"):
        table.add_column(column, overflow="fold")
    for point in points:
        who = point.holder.login or point.holder.email or point.holder.id if point.holder else ""
        state = tables.check_words(point.check) if point.check else ""
        used = timestamp(point.last_used)[:10] if point.last_used else ""
        at = f"{point.kind} at {point.provider}" if point.provider != family(point.provider) else point.kind
        cells = (at, who, point.provider_id, point.ownership.value, state, used)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    ui.out.print(table if points else "No configured provider lists anything.")
