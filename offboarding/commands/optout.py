"""`offkey optout add|approve|list|show|cancel|due`: what of a person's access stays for a while, on whose word.

Exit code: of add 11, since it waits for an owner's approval; of approve 0 when it is signed and recorded, 11 when it
still has to be signed or does not count; of due 10 when steps that were kept have to run now; else 0.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.moments import moment
from offboarding.optouts import due, history, notices, office, request, signatures, views
from offboarding.optouts.request import NoSuchOptOut, OptOutRefused
from offboarding.optouts.scope import ACTIONS
from offboarding.optouts.settings import REASONS
from offboarding.optouts.standing import Judge
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import Action, OptOut, Scope, timestamp


@dataclass(frozen=True)
class _Call:
    """One call with all that it needs."""

    args: argparse.Namespace
    settings: Config
    state: Path
    judge: Judge
    ui: UI


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey optout`."""
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    _asking(what.add_parser("add", help="ask for an opt-out"))
    yes = what.add_parser("approve", help="sign an opt-out as an owner of its systems")
    yes.add_argument("id", metavar="ID")
    yes.add_argument("--as", dest="approver", required=True, metavar="E-MAIL", help="who you are in the register")
    how = yes.add_mutually_exclusive_group()
    how.add_argument("--key", type=Path, metavar="FILE", help="sign with this SSH key, or a public key of your agent's")
    how.add_argument("--signature", type=Path, metavar="FILE", help="take the signature that you made by hand")
    every_one = what.add_parser("list", help="all opt-outs, and whether each holds; always open")
    every_one.add_argument("--format", choices=("table", "json"), default="table")
    show = what.add_parser("show", help="one opt-out with all that became of it")
    show.add_argument("id", metavar="ID")
    cancel = what.add_parser("cancel", help="end an opt-out before its time")
    cancel.add_argument("id", metavar="ID")
    cancel.add_argument("--why", required=True, metavar="TEXT")
    cancel.add_argument(
        "--by", default="", metavar="E-MAIL", help="who cancels; default: the configuration's requester"
    )
    what.add_parser("due", help="steps that an opt-out kept and keeps no more")


def _asking(add: argparse.ArgumentParser) -> None:
    def several(name: str, meaning: str, metavar: str = "NAME", choices: Sequence[str] | None = None) -> None:
        add.add_argument(name, action="extend", nargs="+", default=[], metavar=metavar, choices=choices, help=meaning)

    names = sorted(action.value for action in ACTIONS)
    add.add_argument("subject", metavar="E-MAIL", help="whose access stays: an address, or the id in people.yaml")
    several("--system", "a provider or instance; several may be given")
    several("--action", f"what is not to be done: {', '.join(names)}", choices=names)
    several("--kind", "only these kinds of access", "KIND")
    several("--credential", "only these: a point's id, provider:id, a fingerprint", "ID")
    add.add_argument("--reason", required=True, choices=REASONS)
    add.add_argument("--until", required=True, metavar="TIME", help="when it ends: a date, or a time with its zone")
    add.add_argument("--from", dest="begin", metavar="TIME", help="when it begins (default: now)")
    add.add_argument("--ticket", default="", metavar="URL|ID")
    add.add_argument("--on-expiry", choices=request.ON_EXPIRY, default="approve", help="what becomes of the steps then")
    add.add_argument("--allow-after-disable", action="store_true", help="it holds for somebody who has left, too")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Do one of these, then tell everybody who is to know."""
    settings = config.load(args.config)
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, _now, getattr(args, "approver", "") or settings.organisation.requester or "offkey")
        call = _Call(args, settings, state, office.judge(settings, ledger, _now), ui)
        try:
            code = COMMANDS[args.what](call)
        finally:
            if args.what not in READING:
                views.tell(notices.tell(settings.optouts, state, ledger, _now), ui)
        return code if args.what in READING else publishing.finish(ledger, settings, state, ui, code)
    finally:
        store.close()


def _add(call: _Call) -> Exit:
    args, settings, judge, ui = call.args, call.settings, call.judge, call.ui
    now = _now()
    scope = Scope(
        systems=_sorted(args.system),
        actions=tuple(sorted({Action(name) for name in args.action})),
        kinds=_sorted(args.kind),
        credentials=_sorted(args.credential),
    )
    unknown = [name for name in scope.systems if not office.is_system(settings, name)]
    if unknown:
        raise NoSuchOptOut(f"{unknown[0]!r} is no system", advice="name an instance of offkey.toml, or a provider")
    wanted = OptOut(
        id="",
        subject=args.subject,
        scope=scope,
        reason=args.reason,
        requester=settings.requester(),
        requested_at=now,
        not_before=_moment(args.begin) if args.begin else now,
        expires_at=_moment(args.until),
        ticket=args.ticket,
        allow_after_disable=args.allow_after_disable,
        on_expiry=args.on_expiry,
    )
    made = request.asked(wanted, settings.optouts, judge.people(), set(judge.configured), set(judge.kinds))
    judge.ledger.append(history.REQUESTED, history.RUN, {"optout": made})
    views.show(made, ui)
    ui.out.print(
        f"It holds when an owner has approved it: offkey optout approve {made.id} --as E-MAIL --key KEY",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return Exit.WAITS_FOR_APPROVAL


def _approve(call: _Call) -> Exit:
    args, judge = call.args, call.judge
    office.expire(judge)
    known = office.one(judge, args.id)
    try:
        return _signed(call, known)
    except OptOutRefused as error:
        office.refused(judge, known.id, f"{args.approver}: {error}")
        raise


def _signed(call: _Call, known: history.Known) -> Exit:
    args, judge, ui = call.args, call.judge, call.ui
    whole = judge.ledger.verify()
    why = judge.asked_fault(known) if whole.ok else f"the ledger is not whole: {whole.text}"
    if why or known.optout is None:
        raise OptOutRefused(why or "nobody asked for it", advice="ask for a new one: `offkey optout add`")
    if args.signature:
        given = signatures.read_statement(call.state, known.id, args.approver, args.signature)
    else:
        given = request.approved(known.optout, args.approver, _now())
        why = judge.approver_fault(given, judge.moment())
        if why:
            raise OptOutRefused(why, advice="another owner must approve it: see [optouts] in offkey.toml")
    views.show(given, ui)
    if not args.key and not args.signature:
        return views.explain(signatures.write_statement(call.state, given), args, ui)
    if not args.signature and not ui.confirm(f"Approve this opt-out as {args.approver}?"):
        ui.err.print("not approved: say yes on a terminal, or give --yes")
        return Exit.WAITS_FOR_APPROVAL
    if args.key:
        ui.err.print("ssh-keygen signs now; touch your key if it blinks", style="dim")
        given = request.signed(given, args.key.expanduser())
    try:
        why = judge.approval_fault(known, given, judge.moment())
    except OffkeyError as error:
        raise OptOutRefused(str(error), advice=error.advice) from error
    if why:
        raise OptOutRefused(why, advice="approve it as it was asked for")
    judge.ledger.append(history.APPROVED, history.RUN, {"optout": given})
    ui.out.print(f"approved; it ends at {timestamp(given.expires_at)}", markup=False)
    return Exit.DONE


def _list(call: _Call) -> Exit:
    args, judge, ui = call.args, call.judge, call.ui
    whole, at = judge.ledger.verify(), judge.moment()
    rows = [(one, *views.state(judge, one, at)) for one in judge.known().values()]
    if not whole.ok:
        rows = [(one, "void", f"the ledger is not whole: {whole.text}") for one, *_ in rows]
    if args.format == "json":
        text = json.dumps([views.as_json(*row) for row in rows], indent=2)
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        views.table(rows, ui)
    if gone := history.number_erased(judge.ledger.events(history.RUN)):
        ui.err.print(f"erased with those for whom they were: {gone}", style="dim")
    return Exit.DONE


def _show(call: _Call) -> Exit:
    args, judge, ui = call.args, call.judge, call.ui
    known = office.one(judge, args.id)
    shown = known.approvals[-1] if known.approvals else known.optout
    if shown is not None:
        views.show(shown, ui)
    views.history(known, views.state(judge, known, judge.moment()), ui)
    return Exit.DONE


def _cancel(call: _Call) -> Exit:
    args, settings, judge, ui = call.args, call.settings, call.judge, call.ui
    known = office.one(judge, args.id)
    if known.cancelled or known.expired:
        raise UsageError(f"{known.id} has ended already", advice="`offkey optout show` tells when")
    by = args.by or settings.requester()
    judge.ledger.append(history.CANCELLED, history.RUN, {"id": known.id, "by": by, "why": args.why})
    ui.out.print(f"{known.id} is cancelled; `offkey optout due` lists what has to be done now.", markup=False)
    return Exit.DONE


def _due(call: _Call) -> Exit:
    judge, ui = call.judge, call.ui
    office.expire(judge)
    found = list(due.due(judge, judge.ledger.events()))
    for one in found:
        ui.out.print(views.due(one))
    if not found:
        ui.out.print("No step waits that an opt-out kept.")
    return Exit.OPEN if found else Exit.DONE


COMMANDS: dict[str, Callable[[_Call], Exit]] = {
    "add": _add,
    "approve": _approve,
    "list": _list,
    "show": _show,
    "cancel": _cancel,
    "due": _due,
}
READING = frozenset({"list", "show"})
"""They tell nobody and record nothing: they are open even where nothing can be written."""


def _sorted(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _moment(text: str) -> datetime:
    """A date alone is its midnight in UTC: an opt-out until a day does not cover that day."""
    try:
        told: datetime = moment(text)
    except ValueError as error:
        advice = "write 2026-12-24, or 2026-12-24T17:00:00+01:00"
        raise UsageError(f"{text!r} is no time: {error}", advice=advice) from error
    return told


def _now() -> datetime:
    return datetime.now(UTC)
