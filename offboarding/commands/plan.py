"""`offkey plan E-MAIL -o plan.json`: work out what has to be ended. Changes nothing anywhere.

`--show PLAN` shows a plan file again; `--diff OLD NEW` compares two (0 when equal, 10 when not).

Exit code: 11 when the plan waits for approval, 12 when it refuses itself, 3 when nothing was examined, 14 when nothing
has to be done but not everything could be looked at, else 0.
"""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

import rules
from offboarding import mirror, previews, tables
from offboarding.applying.closing import close_if_done
from offboarding.approval import signing
from offboarding.asking import issuers
from offboarding.configuration import config
from offboarding.containment import departure
from offboarding.identity import directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.opening import name_of, open_run, trigger_of
from offboarding.optouts import taken
from offboarding.planning import difference, impact, planning, roles
from offboarding.planning import plan as plans
from offboarding.planning.setting import Setting
from offboarding.scanned import tell_unread
from offboarding.state import run_lock
from offboarding.triggers import files
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Gap, Plan, Trigger, timestamp, to_json
from scanner.output.printable import printable
from scanner.scan import Options


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey plan`."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("subject", nargs="?", metavar="E-MAIL", help="an address, the id in people.yaml, provider:login")
    who.add_argument("--trigger", type=Path, metavar="FILE", help="JSON or CSV: person, effective_at with its zone")
    who.add_argument(
        "--run", dest="opened", metavar="RUN", help="the run that `offkey contain` or a trigger has opened"
    )
    who.add_argument("--show", type=Path, metavar="PLAN", help="show a plan file again, and what it will do to others")
    who.add_argument(
        "--diff", type=Path, nargs=2, metavar=("OLD", "NEW"), help="how one plan file differs from another"
    )
    who.add_argument("--resume-optout", metavar="ID", help="plan for whom this opt-out, which has ended, was")
    parser.add_argument("--role", metavar="NAME", help="they stay, in this role: what it has is kept")
    parser.add_argument("--person", default="", metavar="ID", help="whom to choose where the trigger file has several")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="json: the impact as data")
    parser.add_argument("--output", "-o", type=Path, default=Path("plan.json"), metavar="FILE", help="the plan file")
    parser.add_argument("--before-kill", action="store_true", help="pull requests need not wait for a proof of death")
    parser.add_argument("--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE")
    parser.add_argument("--jobs", "-j", type=int, metavar="N", help="processes (default: one for each processor)")
    parser.add_argument("--at", type=datetime.fromisoformat, metavar="TIME", help="plan as of this time, with its zone")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the run is kept")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Plan, write the file, record it, show it."""
    settings = config.load(args.config)
    if args.diff:
        return _differ(args.diff, args.format, ui)
    if args.show:
        _show(plans.read(args.show), settings, args.format, ui)
        return Exit.DONE
    now = _moment(args.at)
    state = settings.state_dir(args.state)
    trigger = _trigger(args, settings, state, now)
    subject = trigger.subject if trigger else args.subject or taken.resumed(settings, state, args.resume_optout)
    role = _role(args.role, trigger)
    requester = settings.requester()
    run_name = name_of(subject, trigger, now)
    with run_lock(state, run_name, now), ui.progress("Planning") as advance:
        setting = Setting(
            config=settings,
            directory=directory.load(settings.directory.people, settings.directory.exports),
            rules=rules.load(args.rules),
            key=_key(settings.org_key()),
            state=state,
            run=run_name,
            requester=requester,
            now=now,
            options=Options(jobs=args.jobs or _processors(), excuse=False),  # a leaver's comment keeps nothing out
            before_kill=args.before_kill,
            optouts=taken.standing(settings, state, run_name, ui),
            role=roles.named(role, settings.roles.file) if role else None,
            tell=lambda what, done, total: advance(done, total, what),
        )
        tell_unread(ui, setting.rules)
        _refuse_to_keep(subject, setting)
        made = _made(subject, setting)
        unpublished = _record(settings, state, made.plan, subject, trigger, ui=ui)
        plans.write(made.plan, args.output)
    _show(made.plan, settings, args.format, ui)
    if args.format == "table":
        _say(made, args.output, ui)
        _say_when(made.plan, trigger, now, ui)
    publishing.tell(unpublished, ui)
    if made.nothing_examined:
        return Exit.NOTHING_EXAMINED
    if made.plan.steps:
        return Exit.WAITS_FOR_APPROVAL
    return Exit.GAPS if made.plan.gaps or unpublished else Exit.DONE


def _show(plan: Plan, settings: config.Config, form: str, ui: UI) -> None:
    """The impact, counts first, then the plan; or the impact as data."""
    told = impact.of(plan, issuers.options, settings.approvers.duties(settings.policy.four_eyes))
    if form == "json":
        previews.print_json(previews.plan_data(plan, told), ui)
        return
    previews.show_impact(told, ui)
    tables.show_plan(plan, ui)


def _differ(files: Sequence[Path], form: str, ui: UI) -> Exit:
    """0 for equal plans, 10 for others."""
    old, new = map(plans.read, files)
    changes = difference.between(old, new)
    if form == "json":
        previews.print_json([change.data() for change in changes], ui)
    else:
        previews.show_difference(changes, ui)
    return Exit.OPEN if changes else Exit.DONE


def _made(subject: str, setting: Setting) -> planning.Planned:
    """The plan. Where none comes of it, the run's copies of repositories, full of secrets, are not left behind."""
    try:
        return planning.make(subject, setting)
    except BaseException:
        store = opened(setting.config, setting.state)
        try:
            planned_before = past(store.events(setting.run)).plan is not None
        finally:
            store.close()
        if not planned_before:
            mirror.delete(setting.state, setting.run)
        raise


def _trigger(args: argparse.Namespace, settings: config.Config, state: Path, now: datetime) -> Trigger | None:
    """What the run begins with: a delivery in a file, or one that the ledger has; None for a plan by hand."""
    if args.person and not args.trigger:
        raise UsageError("--person chooses from a trigger file", advice="give --trigger FILE too")
    if args.trigger:
        return files.one(args.trigger, now, args.person)
    if not args.opened:
        return None
    store = opened(settings, state)
    try:
        known = trigger_of(Ledger(store, lambda: now, ""), args.opened)
    finally:
        store.close()
    if known is None or name_of("", known, now) != args.opened:
        raise UsageError(f"no trigger has opened a run {args.opened}", advice="`offkey leavers due` lists the runs")
    return known


def _role(given: str | None, trigger: Trigger | None) -> str:
    """The role that the person is to have; "" for a leaver. Raises PlanRefused for who stays, where none is named."""
    role = given or (trigger.role if trigger and trigger.kind == "mover" else "")
    if trigger and trigger.kind != departure.LEAVER and not role:
        raise plans.PlanRefused(
            f"{trigger.subject} does not leave ({trigger.kind}): this plan would end everything",
            advice="name the role that they have from then on with --role: what it has is kept",
        )
    if trigger and trigger.kind == departure.LEAVER and role:
        raise plans.PlanRefused(
            f"{trigger.subject} leaves, and --role would keep what the role has",
            advice="plan without --role, or from a delivery of the type mover",
        )
    return role


def _refuse_to_keep(subject: str, setting: Setting) -> None:
    """Raise PlanRefused for a role of somebody who has left, by the directory: only opt-outs keep anything then."""
    role = setting.role
    entry = setting.directory.find(subject) if role else None
    if role and entry and entry.left_at and entry.left_at <= setting.now:
        raise plans.PlanRefused(
            f"{entry.id} has left, by the directory, and the role {role.name} would keep what it has",
            advice="plan without --role; `offkey optout add` asks to keep something for a while",
        )


def _moment(given: datetime | None) -> datetime:
    if given is None:
        return datetime.now(UTC)
    if given.tzinfo is None:
        raise UsageError("a time needs its zone", advice="write 2026-11-20T17:00:00+01:00")
    if given > datetime.now(UTC):
        raise UsageError(
            "--at is a time to come: the plan would hold for longer than plan_valid_hours", advice="plan as of now"
        )
    return given.astimezone(UTC)


def _key(key: OrgKey | None) -> OrgKey:
    if key is None:
        raise plans.PlanRefused(
            "there is no organisation key to compare values with", advice="run `offkey doctor --init`"
        )
    return key


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _under(settings: config.Config) -> dict[str, str]:
    """The policy and the register of approvers under which a plan is made; neither can be loosened for it later."""
    register = settings.approvers.register_file
    told = {"four_eyes": settings.policy.four_eyes}
    return told | ({"register": signing.register_digest(register)} if register and register.is_file() else {})


def _record(
    settings: config.Config, state: Path, plan: Plan, subject: str, trigger: Trigger | None, *, ui: UI
) -> tuple[Gap, ...]:
    """One opening a run, and each different plan once: the same plan made again adds nothing. Then a checkpoint.

    Whatever time a plan is made as of, its events bear the clock's: opt-outs end by the latest time in the ledger.
    """
    store = opened(settings, state)
    try:
        ledger = Ledger(store, lambda: datetime.now(UTC), plan.requester)
        open_run(ledger, plan.run, plan.person.id, subject, trigger)
        new = past(ledger.events(plan.run)).plan_digest != plan.digest
        if new:
            ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan), **_under(settings)})
        if not plan.steps:
            close_if_done(plan, (), ledger, state)
        mirror.sweep(state, {*store.runs(), plan.run}, plan.created_at)
        if new:
            taken.up(settings, state, plan, ui)
        return publishing.publish(ledger, settings, state)
    finally:
        store.close()
    return new


def _say_when(plan: Plan, trigger: Trigger | None, now: datetime, ui: UI) -> None:
    """That the person has not left yet, and what of it follows."""
    at = departure.effective_at(plan.person, trigger)
    if at is None or at <= now:
        return
    sooner = "involuntary: it may be applied at once" if trigger and trigger.involuntary else "not applied before that"
    ui.out.print(Text(f"{printable(plan.person.id)} leaves at {timestamp(at)}; {sooner}."), style="yellow")


def _say(made: planning.Planned, output: Path, ui: UI) -> None:
    plan = made.plan
    if made.left_out:
        ui.out.print(f"{made.left_out} more credentials were found and left out: nothing ties them to the person")
    if made.canaries:
        ui.out.print(f"{made.canaries} listed canaries were found, and neither asked about nor touched")
    if not plan.person.confirmed_by_directory and not plan.role:
        ui.out.print("The directory does not confirm that this person leaves.", style="yellow")
    lines = (f"run {plan.run}", f"plan {output}, {plan.digest}")
    for line in lines:
        ui.out.print(line, markup=False, highlight=False, soft_wrap=True)
    if not plan.steps:
        ui.out.print("Nothing has to be done.")
        return
    extra = "".join(f" --allow {need}" for need in sorted({step.needs for step in plan.steps if step.needs}))
    ui.out.print(
        f"Nothing was changed. Next, somebody else: offkey approve {output} --as E-MAIL --key KEY{extra}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
