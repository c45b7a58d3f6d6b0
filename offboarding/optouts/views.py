"""What `offkey optout` shows. Everything is escaped: ids and names come from strangers."""

import argparse
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from offboarding import tables
from offboarding.approval import signing
from offboarding.optouts.due import Due
from offboarding.optouts.history import Known
from offboarding.optouts.scope import words
from offboarding.optouts.standing import PENDING, Judge
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import OptOut, timestamp, to_json
from scanner.output.printable import printable

_STYLE = {"in force": "bold yellow", "waits": "cyan", "void": "bold red", "to come": "cyan"}


def state(judge: Judge, one: Known, at: datetime) -> tuple[str, str]:
    """(in force, waits, to come, ended or void; why) of an opt-out at a moment."""
    held, why = judge.judged(one, at)
    if held is not None:
        return "in force", f"approved by {held.approver}"
    optout = one.optout
    if one.cancelled or one.expired or (optout is not None and at >= optout.expires_at):
        return "ended", why
    if optout is not None and at < optout.not_before and not one.broken:
        return "to come", why
    return ("waits", why) if why == PENDING else ("void", why)


def table(rows: Iterable[tuple[Known, str, str]], ui: UI) -> None:
    """All opt-outs, the newest last."""
    shown = Table()
    for column in ("id", "state", "who", "what stays", "reason", "until"):
        shown.add_column(column, overflow="fold")
    for one, now, why in rows:
        optout = one.optout
        at = Text(now, style=_STYLE.get(now, "dim"))
        at.append(f"\n{printable(why)}", style="not bold dim")
        cells = ("", "", "", "") if optout is None else _cells(optout)
        shown.add_row(Text(printable(one.id)), at, *(Text(printable(cell)) for cell in cells))
    ui.out.print(shown if shown.rows else "There are no opt-outs.")


def _cells(optout: OptOut) -> tuple[str, str, str, str]:
    return optout.subject, words(optout.scope), optout.reason, timestamp(optout.expires_at)


def as_json(one: Known, now: str, why: str) -> dict[str, Any]:
    """One opt-out for programs."""
    uses = [{"at": timestamp(at), "where": where, "run": run} for at, where, run in one.used]
    refusals = [{"at": timestamp(at), "why": said} for at, said in one.refused]
    asked = to_json(one.approvals[-1] if one.approvals else one.optout) if one.optout else None
    return {"id": one.id, "state": now, "why": why, "optout": asked, "used": uses, "refused": refusals}


def show(optout: OptOut, ui: UI) -> None:
    """One opt-out as an owner needs it."""
    lines = [
        ("whose", f"{optout.subject} {' '.join(optout.subject_ids)}"),
        ("what is not done", words(optout.scope)),
        ("why", f"{optout.reason} {optout.ticket}"),
        ("asked for by", f"{optout.requester} at {timestamp(optout.requested_at)}"),
        ("from", timestamp(optout.not_before)),
        ("until", timestamp(optout.expires_at)),
        ("at its end", "the steps run" if optout.on_expiry == "run" else "the steps wait for an approval"),
        ("if they have left", "it holds all the same" if optout.allow_after_disable else "it is void"),
    ]
    if optout.approver:
        lines.append(("approved by", optout.approver))
    ui.out.print(Text(f"Opt-out {printable(optout.id)}", style="bold"))
    grid = Table.grid(padding=(0, 2, 0, 2))
    for name, value in lines:
        grid.add_row(Text(name, style="dim"), Text(printable(value.strip()), overflow="fold"))
    ui.out.print(grid)


def history(one: Known, now: tuple[str, str], ui: UI) -> None:
    """What became of an opt-out."""
    ui.out.print(Text.assemble((now[0], _STYLE.get(now[0], "dim")), f": {printable(now[1])}"))
    for at, where, run in one.used:
        ui.out.print(Text(printable(f"  {timestamp(at)}  used by {where} in run {run}")))
    for at, why in one.refused:
        ui.out.print(Text(printable(f"  {timestamp(at)}  refused: {why}"), style="yellow"))


def due(one: Due) -> Text:
    """Steps that have to run now, with the way to let them."""
    head = f"{one.id} for {one.plan.person.id}, run {one.plan.run}: {one.why}"
    text = Text(printable(head), style="bold yellow")
    for step in one.steps:
        doing = step.keeps.value if step.keeps else ""
        text.append(f"\n  {doing:9} {tables.named(step.point)}", style="not bold default")
    return text.append(f"\n  {printable(one.how)}", style="not bold dim")


def explain(statement: Path, args: argparse.Namespace, ui: UI) -> Exit:
    """How to sign by hand."""
    ui.out.print("Not yet approved. Sign the statement with your own key, then hand in the signature:")
    command = signing.sign_command(Path("YOUR_KEY"), statement, signing.OPT_OUTS)
    again = f"offkey optout approve {args.id} --as {args.approver} --signature {statement}.sig"
    for line in (command, again):
        ui.out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    return Exit.WAITS_FOR_APPROVAL


def tell(trouble: Sequence[str], ui: UI) -> None:
    """Say what could not be told; it is tried again the next time."""
    for line in trouble:
        ui.err.print(Text(printable(f"{line}; it is tried again"), style="yellow"))
