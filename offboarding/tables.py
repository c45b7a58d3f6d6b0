"""Plans and receipts as tables for people. Everything shown is escaped: paths and names come from strangers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from offboarding.outcomes import SETTLED, words
from offboarding.ui import UI
from offkey.model import CLOSED, AccessPoint, Action, Gap, Outcome, Plan, Receipt, Step

_COLOUR = {
    Action.REVOKE: "red",
    Action.REMOVE: "red",
    Action.DISABLE: "yellow",
    Action.REWRITE: "cyan",
    Action.ROTATE: "magenta",
    Action.HAND_OVER: "magenta",
    Action.KEEP: "dim",
}
GAPS_SHOWN = 12


def named(point: AccessPoint) -> str:
    """A credential in a few words, without its value."""
    return " ".join(filter(None, (point.kind, point.provider_id, point.redacted if not point.provider_id else "")))


def where(step: Step) -> str:
    """Where the value lies: the first path and how many more, or the account that holds it."""
    places = step.point.places
    if not places:
        return step.point.holder.login or step.point.holder.id if step.point.holder else ""
    paths = list(dict.fromkeys(f"{Path(p.repo).name}:{p.path or p.object_type}:{p.line}" for p in places))
    return paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def show_plan(plan: Plan, ui: UI) -> None:
    """What would be done, in the order of doing."""
    if plan.steps:
        table = Table(title=f"Plan for {plan.person.id}: {len(plan.steps)} steps", title_justify="left")
        for column in ("do", "what", "where", "whose, and why", "undo", "breaks, needs"):
            table.add_column(column, overflow="fold")
        for step in plan.steps:
            needs = f"extra yes: {step.needs}" if step.needs else ""
            cells = (
                Text(step.action.value, style=_COLOUR[step.action]),
                Text(named(step.point)),
                Text(where(step)),
                Text(f"{step.point.bond.value}, {step.point.ownership.value.lower()}: {step.reason}"),
                Text("yes" if step.reversible else "no"),
                Text("; ".join(filter(None, (*step.breaks, needs)))),
            )
            table.add_row(*cells)
        ui.out.print(table)
    show_gaps(plan.gaps, ui)


def show_gaps(gaps: Sequence[Gap], ui: UI) -> None:
    """What could not be looked at."""
    if gaps:
        ui.out.print(f"Could not be looked at ({len(gaps)}):", style="bold yellow")
    for gap in gaps[:GAPS_SHOWN]:
        ui.out.print(Text(f"  {gap.where}: {gap.why}" + (f" ({gap.advice})" if gap.advice else "")))
    if len(gaps) > GAPS_SHOWN:
        ui.out.print(f"  and {len(gaps) - GAPS_SHOWN} more, all in the plan file")


def show_receipts(plan: Plan, receipts: Iterable[Receipt], ui: UI) -> None:
    """What became of each step, and what somebody still has to do."""
    by_step = {receipt.step: receipt for receipt in receipts}
    table = Table(title=f"What was done for {plan.person.id}", title_justify="left")
    for column in ("do", "what", "outcome", "before", "after"):
        table.add_column(column, overflow="fold")
    for step in plan.steps:
        receipt = by_step.get(step.id)
        table.add_row(Text(step.action.value), Text(named(step.point)), *_proof(receipt))
    ui.out.print(table)
    for step in plan.steps:
        receipt = by_step.get(step.id)
        if receipt is not None and receipt.outcome not in SETTLED:
            ui.out.print(Text(f"{named(step.point)}: {words(receipt.outcome)}: {receipt.note}", style="yellow"))
            if receipt.advice:
                ui.out.print(Text(f"  {receipt.advice}"))
            if receipt.due:
                ui.out.print(Text(f"  {receipt.assignee}, by {receipt.due:%Y-%m-%d}"), style="dim")


def _proof(receipt: Receipt | None) -> tuple[Text, Text, Text]:
    if receipt is None:
        return Text("open", style="yellow"), Text(""), Text("")
    good = receipt.outcome in CLOSED
    style = "green" if good else "cyan" if receipt.outcome in (Outcome.PROPOSED, Outcome.SKIPPED) else "yellow"
    before = receipt.before.liveness.value if receipt.before else ""
    after = f"{receipt.after.liveness.value} {receipt.after.status}".strip() if receipt.after else ""
    return Text(receipt.outcome.value, style=style), Text(before), Text(after)
