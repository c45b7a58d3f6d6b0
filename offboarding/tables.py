"""Plans and receipts as tables for people. Everything shown is escaped: paths and names come from strangers."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from offboarding.applying.outcomes import SETTLED
from offboarding.configuration.instances import family
from offboarding.planning import forecast
from offboarding.ui import UI
from offkey.model import CLOSED, AccessPoint, Action, Bond, Check, Gap, Liveness, Outcome, Plan, Receipt, Step
from scanner.output.printable import printable

_COLOUR = {
    Action.REVOKE: "red",
    Action.REMOVE: "red",
    Action.DISABLE: "yellow",
    Action.REWRITE: "cyan",
    Action.ROTATE: "magenta",
    Action.REPLACE: "green",
    Action.HAND_OVER: "magenta",
    Action.KEEP: "dim",
}
_BONDS = {Bond.THEIRS: "theirs", Bond.INTRODUCED: "brought in by them", Bond.EXPOSED: "within their reach"}
_ENDING = frozenset({Action.DISABLE, Action.REMOVE, Action.REVOKE})
_BY_HAND = frozenset({Action.ROTATE, Action.HAND_OVER})
_SECTIONS: tuple[tuple[str, Callable[[Step], bool]], ...] = (
    ("Replace: a successor for what others use", lambda step: step.action is Action.REPLACE),
    ("Contain: can be undone", lambda step: step.action in _ENDING and step.reversible),
    ("End for good: cannot be undone", lambda step: step.action in _ENDING and not step.reversible),
    (
        "Take out of the code: one pull request a repository, once it is dead",
        lambda step: step.action is Action.REWRITE,
    ),
    ("For people: offkey does not do this by itself", lambda step: step.action in _BY_HAND),
    ("Left as it is", lambda step: step.action is Action.KEEP),
)
GAPS_SHOWN = 12
EXPOSED_SHOWN = 20
FORECAST_SHOWN = 30


def named(point: AccessPoint) -> str:
    """A credential in a few words, without its value."""
    at = f"at {point.provider}" if point.provider != family(point.provider) else ""
    words = (point.kind, point.provider_id, point.redacted if not point.provider_id else "", at)
    return printable(" ".join(filter(None, words)))


def where(step: Step) -> str:
    """Where the value lies: the first path and how many more, or the account that holds it."""
    places = step.point.places
    if not places:
        return printable(step.point.holder.login or step.point.holder.id) if step.point.holder else ""
    paths = list(dict.fromkeys(f"{Path(p.repo).name}:{p.path or p.object_type}:{p.line}" for p in places))
    return printable(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def show_plan(plan: Plan, ui: UI) -> None:
    """What would be done, in the order of doing, under what kind of doing it is."""
    ui.out.print(
        Text.assemble(("Plan for ", "bold"), (printable(plan.person.id), "bold cyan"), f": {len(plan.steps)} steps")
    )
    show_forecast(plan, ui)
    for heading, wanted in _SECTIONS:
        chosen = [(number, step) for number, step in enumerate(plan.steps, 1) if wanted(step)]
        if not chosen:
            continue
        ui.out.print(Text(f"\n{heading}", style="bold"))
        rows = columns(3)
        for number, step in chosen:
            rows.add_row(str(number), Text(step.action.value, style=_COLOUR[step.action]), _told(step))
        ui.out.print(rows)
    show_exposed(plan.exposed, ui)
    show_gaps(plan.gaps, ui)


def show_exposed(points: Sequence[AccessPoint], ui: UI) -> None:
    """What lay within the person's reach: a list for people to rotate, with no step for any of it."""
    if not points:
        return
    heading = f"\nWithin their reach ({len(points)}): whoever runs these may want to rotate them; no step is planned"
    ui.out.print(Text(heading, style="bold"))
    rows = columns(2)
    for number, point in enumerate(points[:EXPOSED_SHOWN], 1):
        text = Text(named(point), style="bold")
        text.append(f"  {printable(point.evidence[-1])}" if point.evidence[1:] else "", style="not bold")
        text.append(f"\n{printable(point.evidence[0])}" if point.evidence else "", style="not bold dim")
        rows.add_row(str(number), text)
    ui.out.print(rows)
    if len(points) > EXPOSED_SHOWN:
        ui.out.print(f"  and {len(points) - EXPOSED_SHOWN} more, all in the plan file")


def show_forecast(plan: Plan, ui: UI) -> None:
    """The jobs that will break, before anything is ended."""
    told = forecast.lines(plan)
    if not told:
        return
    ui.out.print(Text("\nWhat will break", style="bold"))
    rows = columns(2)
    for text, numbers in told[:FORECAST_SHOWN]:
        rows.add_row("", Text.assemble(printable(text), (f"  step {', '.join(map(str, numbers))}", "dim")))
    if len(told) > FORECAST_SHOWN:
        rows.add_row("", f"and {len(told) - FORECAST_SHOWN} more, all in the plan file")
    ui.out.print(rows)


def columns(number: int) -> Table:
    """A table without lines whose first column is a step's number; the second keeps one width over many tables."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="dim", min_width=4)
    for index in range(number - 1):
        table.add_column(overflow="fold", min_width=9 if index == 0 else None)
    return table


def _told(step: Step) -> Text:
    """One step in a few lines: what and where, whose and how that is known, what it costs."""
    point = step.point
    text = Text(named(point), style="bold")
    text.append(f"  {where(step)}", style="not bold")
    lines = [] if step.action is Action.REWRITE else [step.reason]  # its reason is the place, which stands above
    known = point.evidence[0] if point.evidence else ""
    if step.action not in (Action.REWRITE, Action.KEEP) and not (known and known in step.reason):
        lines.append(": ".join(filter(None, (_BONDS.get(point.bond, ""), known))))
    if step.action in (Action.ROTATE, Action.HAND_OVER) and step.how:
        lines.append(f"how: {step.how}")
    for line in dict.fromkeys(lines):
        text.append(f"\n{printable(line)}", style="not bold")
    jobs = forecast.breaks(step)
    told = [line for line in step.breaks if line not in jobs]
    told += ["jobs of CI and deployment, foretold above"] if jobs else []
    if told:
        text.append(f"\nbreaks: {printable('; '.join(told))}", style="not bold dim")
    if step.needs:
        text.append(f"\nneeds an extra yes: {step.needs}", style="not bold yellow")
    return text


def show_gaps(gaps: Sequence[Gap], ui: UI) -> None:
    """What could not be looked at."""
    if gaps:
        ui.out.print(f"Could not be looked at ({len(gaps)}):", style="bold yellow")
    for gap in gaps[:GAPS_SHOWN]:
        ui.out.print(Text(printable(f"  {gap.where}: {gap.why}" + (f" ({gap.advice})" if gap.advice else ""))))
    if len(gaps) > GAPS_SHOWN:
        ui.out.print(f"  and {len(gaps) - GAPS_SHOWN} more, all in the plan file")


def show_erased(note: str, ui: UI) -> None:
    """What was erased, on standard error; a person of an erased run looks as if they had none."""
    if note:
        ui.err.print(Text(printable(note), style="yellow"), soft_wrap=True)


def show_receipts(plan: Plan, receipts: Iterable[Receipt], ui: UI) -> None:
    """What became of each step with its proof."""
    by_step = {receipt.step: receipt for receipt in receipts}
    ui.out.print(Text.assemble(("What was done for ", "bold"), (printable(plan.person.id), "bold cyan")))
    rows = columns(4)
    for number, step in enumerate(plan.steps, 1):
        outcome, proof = _proof(by_step.get(step.id))
        rows.add_row(str(number), outcome, Text(named(step.point)), proof)
    ui.out.print(rows)


def _proof(receipt: Receipt | None) -> tuple[Text, Text]:
    """(outcome, "LIVE -> DEAD (Inactive)")."""
    if receipt is None:
        return Text("open", style="yellow"), Text("")
    good = receipt.outcome in CLOSED
    style = "green" if good else "cyan" if receipt.outcome in SETTLED else "yellow"
    told = [check_words(check) for check in (receipt.before, receipt.after) if check is not None]
    if receipt.outcome is Outcome.PROPOSED:
        told = ["a request is open"]
    return Text(receipt.outcome.value, style=style), Text(" -> ".join(told), style="dim")


def check_words(check: Check) -> str:
    """A check in a word or two: LIVE, or `DEAD (deleted)`."""
    plain = check.liveness is Liveness.LIVE or not (check.status or check.reason)
    return check.liveness.value if plain else printable(f"{check.liveness.value} ({check.status or check.reason})")
