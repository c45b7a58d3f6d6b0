"""What checks came to, on the screen and as JSON. What somebody must know at once comes first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from offboarding import previews, tables
from offboarding.evidence import survivors
from offboarding.ui import UI
from offboarding.verifying.checking import Checked
from offkey.errors import Exit, OffkeyError
from offkey.model import timestamp, to_json
from scanner.output.printable import printable


def show(checked: Sequence[Checked], failed: Mapping[str, OffkeyError], ui: UI) -> None:
    """All incidents, then all that came back, then each run's steps."""
    for one in checked:
        for incident in one.fresh:
            ui.out.print(Text(f"INCIDENT: {printable(incident.words)} (run {one.run})", style="bold red"))
    for one in checked:
        for line in one.lapsed:
            ui.out.print(Text(printable(f"KEPT NO MORE: {line}"), style="bold red"))
    for one in checked:
        _reopened(one, ui)
    for one in checked:
        _steps(one, ui)
    for name, error in failed.items():
        ui.out.print(Text(printable(f"{name} was not checked: {error}"), style="bold yellow"))


def _reopened(one: Checked, ui: UI) -> None:
    for reason in one.reasons:
        word = "ALIVE AGAIN" if reason.what == "alive" else "NEW SINCE THE RUN"
        ui.out.print(Text(f"{word}: {printable(reason.words)}", style="bold red"))
    if one.reasons:
        ui.out.print(
            f"run {one.run} is open again. Plan again: offkey plan {printable(one.plan.person.id)} -o plan.json",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _steps(one: Checked, ui: UI) -> None:
    who = printable(one.plan.person.id)
    ui.out.print(Text.assemble(("Asked again for ", "bold"), (who, "bold cyan"), f"  run {one.run} {one.slot}"))
    numbers = {step.id: number for number, step in enumerate(one.plan.steps, 1)}
    rows = tables.columns(4)
    for seen in one.seen:
        style = {True: "green", False: "bold red", None: "yellow"}[seen.still]
        was = seen.before.outcome.value if seen.before else "open"
        now = Text.assemble((seen.check.liveness.value, style), f" {printable(seen.check.reason)}")
        rows.add_row(str(numbers[seen.step.id]), was, Text(tables.named(seen.step.point)), now)
    ui.out.print(rows)
    tables.show_gaps(one.gaps, ui)
    for note in one.notes:
        ui.out.print(Text(printable(f"note: {note}"), style="yellow"))
    left = survivors.survivors(one.plan, one.told.receipts, one.at, one.told.held)
    previews.show_survivors(one.plan, left, ui)
    for seq, incident in one.known:
        ui.out.print(Text(printable(f"known since event {seq}: {incident.words}"), style="dim"))


def data(
    checked: Sequence[Checked],
    failed: Mapping[str, OffkeyError],
    worst: Exit,
    nearest: tuple[datetime, str] | None = None,
) -> dict[str, Any]:
    """JSON data: {"exit", "runs", "failed", "next"}."""
    return {
        "exit": int(worst),
        "runs": [_run(one) for one in checked],
        "failed": [{"run": name, "why": str(error), "advice": error.advice} for name, error in failed.items()],
        "next": {"at": timestamp(nearest[0]), "run": nearest[1]} if nearest else None,
    }


def _run(one: Checked) -> dict[str, Any]:
    return {
        "run": one.run,
        "person": one.plan.person.id,
        "slot": one.slot,
        "exit": int(one.code),
        "incidents": to_json(one.fresh),
        "known_incidents": [{"event": seq, **to_json(incident)} for seq, incident in one.known],
        "reopened": to_json(one.reasons),
        "kept_no_more": list(one.lapsed),
        "steps": [
            {
                "step": seen.step.id,
                "provider": seen.step.point.provider,
                "kind": seen.step.point.kind,
                "before": seen.before.outcome.value if seen.before else None,
                "still": seen.still,
                "now": to_json(seen.check),
            }
            for seen in one.seen
        ],
        "notes": list(one.notes),
        "gaps": to_json(one.gaps),
    }
