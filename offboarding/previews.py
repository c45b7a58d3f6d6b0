"""What a plan will do, how it differs from another, and what an approval lets happen: counts first, then details.

Everything shown is escaped: paths and names come from strangers.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text

from offboarding import tables
from offboarding.approval.duties import Allowance
from offboarding.evidence.survivors import Survivor
from offboarding.planning.difference import Change
from offboarding.planning.impact import Impact, Lines
from offboarding.ui import UI
from offkey.model import Plan
from scanner.output.printable import json_printable, printable

SHOWN = 15
_LONGEST = 200
_SECTIONS = (
    ("mailed", "Who is mailed, as far as is known"),
    ("irreversible", "What cannot be undone"),
    ("waits", "What waits"),
    ("survives", "What will survive, and why"),
)


def show_impact(impact: Impact, ui: UI) -> None:
    """Counts, then who is mailed, what cannot be undone, what waits, what will survive. What breaks, the plan shows."""
    counts = ", ".join(f"{number} {name}" for name, number in impact.counts.items() if number)
    ui.out.print(Text.assemble(("Impact: ", "bold"), counts or "nothing to do"))
    for name, heading in _SECTIONS:
        _lines(heading, getattr(impact, name), ui)
    ui.out.print()


def _lines(heading: str, told: Lines, ui: UI) -> None:
    if not told:
        return
    ui.out.print(Text(f"\n{heading} ({len(told)})", style="bold"))
    rows = tables.columns(2)
    for text, numbers in told[:SHOWN]:
        rows.add_row("", Text.assemble(printable(text), (f"  step {_numbers(numbers)}", "dim")))
    if len(told) > SHOWN:
        rows.add_row("", f"and {len(told) - SHOWN} more: `offkey plan --show PLAN --format json` has all")
    ui.out.print(rows)


def plan_data(plan: Plan, impact: Impact) -> dict[str, Any]:
    """The preview as JSON data."""
    person = plan.person.id
    return {"run": plan.run, "digest": plan.digest, "person": person, "requester": plan.requester, **impact.data()}


def print_json(data: Any, ui: UI) -> None:
    """JSON on standard output, as it is."""
    ui.stream.write(json_printable(json.dumps(data, indent=2, ensure_ascii=False)) + "\n")


def show_allowance(allowed: Allowance, title: str, ui: UI) -> None:
    """What these approvals let happen, and what not."""
    ui.out.print(Text(f"\n{title}", style="bold"))
    rows = tables.columns(2)
    rows.add_row("", f"{len(allowed.runs)} steps may be done{_steps(allowed.runs)}")
    for why, numbers in _by_reason(allowed.waits):
        rows.add_row("", Text(f"{len(numbers)} wait{_steps(numbers)}: {printable(why)}", style="yellow"))
    for need, numbers in _by_reason(allowed.left_out):
        text = f"{len(numbers)} are left out{_steps(numbers)}: they need --allow {need}"
        rows.add_row("", Text(printable(text), style="yellow"))
    ui.out.print(rows)


def _by_reason(told: Iterable[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for number, why in told:
        found.setdefault(why, []).append(number)
    return list(found.items())


def _steps(numbers: Sequence[int]) -> str:
    return f" ({_numbers(numbers)})" if numbers else ""


def _numbers(numbers: Sequence[int]) -> str:
    more = len(numbers) - SHOWN
    return ", ".join(map(str, numbers[:SHOWN])) + (f" and {more} more" if more > 0 else "")


def show_difference(changes: Sequence[Change], ui: UI) -> None:
    """One line a change: what, which, and from what to what."""
    if not changes:
        ui.out.print("The plans are equal.")
        return
    ui.out.print(Text(f"{len(changes)} differences", style="bold"))
    rows = tables.columns(3)
    colours = {"added": "green", "removed": "red", "changed": "yellow"}
    for number, change in enumerate(changes, start=1):
        text = Text(printable(f"{change.what} {change.name}"), style="bold")
        told = " -> ".join(filter(None, (_short(change.old), _short(change.new))))
        line = ": ".join(filter(None, (change.field, told)))
        text.append(f"\n{printable(line)}" if line else "", style="not bold")
        rows.add_row(str(number), Text(change.change, style=colours[change.change]), text)
    ui.out.print(rows)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def show_survivors(plan: Plan, found: Sequence[Survivor], ui: UI) -> None:
    """What survives, and why: who must act comes first, then what was kept, proposed or attested."""
    if not found:
        ui.out.print(Text("\nNothing survives: the end of every step is proven.", style="bold green"))
    for heading, chosen, style in (
        ("What survives, and why: somebody must act", [one for one in found if one.open], "bold yellow"),
        (
            "What survives, and why: kept, proposed, or ended on a person's word",
            [one for one in found if not one.open],
            "bold",
        ),
    ):
        if chosen:
            ui.out.print(Text(f"\n{heading} ({len(chosen)})", style=style))
        for one in chosen:
            ui.out.print(_survivor(one))
    late = sum(one.overdue for one in found)
    if late:
        ui.out.print(f"{late} hand-overs are OVERDUE: end them, then `offkey attest STEP`", style="bold red")
    if plan.exposed:
        ui.out.print(f"{len(plan.exposed)} credentials that lay within the person's reach are for others to rotate.")
    if plan.gaps:
        ui.out.print(f"{len(plan.gaps)} places were not looked at: what lives there, nobody knows.", style="yellow")


def _survivor(one: Survivor) -> Any:
    row = tables.columns(2)
    text = Text(tables.named(one.step.point), style="bold")
    text.append(f"  {one.words}", style="not bold yellow")
    for line in filter(None, dict.fromkeys((one.why, one.do))):
        text.append(f"\n{printable(line)}", style="not bold")
    if one.due and one.open:
        late = "  OVERDUE" if one.overdue else ""
        text.append(f"\n{printable(one.who)}, by {one.due:%Y-%m-%d}", style="not bold dim")
        text.append(late, style="bold red")
    row.add_row(str(one.number), text)
    return row
