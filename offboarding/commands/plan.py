"""`offkey plan E-MAIL -o plan.json`: work out what has to be ended. Changes nothing anywhere.

Exit code: 11 when the plan waits for approval, 12 when it refuses itself, 3 when nothing was examined, 14 when nothing
has to be done but not everything could be looked at, else 0.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import rules
from offboarding import mirror, tables
from offboarding.commands.apply import close_if_done
from offboarding.configuration import config
from offboarding.identity import directory
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import taken
from offboarding.planning import plan as plans
from offboarding.planning import planning, roles
from offboarding.planning.setting import Setting
from offboarding.state import run_lock
from offboarding.ui import UI
from offkey.canonical import digest
from offkey.errors import Exit, UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Plan, Trigger, timestamp, to_json
from scanner.scan import Options

_TRIGGER_KEYS = {"person", "effective_at", "source", "delivery_id"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey plan`."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("subject", nargs="?", metavar="E-MAIL", help="an address, the id in people.yaml, provider:login")
    who.add_argument("--trigger", type=Path, metavar="FILE", help="JSON: person, effective_at, source, delivery_id")
    who.add_argument("--resume-optout", metavar="ID", help="plan for whom this opt-out, which has ended, was")
    parser.add_argument("--role", metavar="NAME", help="they stay, in this role: what it has is kept")
    parser.add_argument("--output", "-o", type=Path, default=Path("plan.json"), metavar="FILE", help="the plan file")
    parser.add_argument("--before-kill", action="store_true", help="pull requests need not wait for a proof of death")
    parser.add_argument("--rules", nargs="+", action="extend", default=[], type=Path, metavar="FILE")
    parser.add_argument("--jobs", "-j", type=int, metavar="N", help="processes (default: one for each processor)")
    parser.add_argument("--at", type=datetime.fromisoformat, metavar="TIME", help="plan as of this time, with its zone")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the run is kept")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Plan, write the file, record it, show it."""
    settings = config.load(args.config)
    now = _moment(args.at)
    trigger = read_trigger(args.trigger, now) if args.trigger else None
    state = settings.state_dir(args.state)
    subject = trigger.subject if trigger else args.subject or taken.resumed(settings, state, args.resume_optout)
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
            options=Options(jobs=args.jobs or _processors()),
            before_kill=args.before_kill,
            optouts=taken.standing(settings, state, run_name, ui),
            role=roles.named(args.role, settings.roles.file) if args.role else None,
            tell=lambda what, done, total: advance(done, total, what),
        )
        made = _made(subject, setting)
        if _record(state, made.plan, subject, trigger, now):
            taken.up(settings, state, made.plan, ui)
        plans.write(made.plan, args.output)
    tables.show_plan(made.plan, ui)
    _say(made, args.output, ui)
    if made.nothing_examined:
        return Exit.NOTHING_EXAMINED
    if made.plan.steps:
        return Exit.WAITS_FOR_APPROVAL
    return Exit.GAPS if made.plan.gaps else Exit.DONE


def _made(subject: str, setting: Setting) -> planning.Planned:
    """The plan. Where none comes of it, the run's copies of repositories, full of secrets, are not left behind."""
    try:
        return planning.make(subject, setting)
    except BaseException:
        store = Store.open(setting.state)
        try:
            planned_before = past(store.events(setting.run)).plan is not None
        finally:
            store.close()
        if not planned_before:
            mirror.delete(setting.state, setting.run)
        raise


def name_of(subject: str, trigger: Trigger | None, now: datetime) -> str:
    """The run's name: the same delivery twice is the same run; a plan made by hand is a run of its moment."""
    told = [trigger.source, trigger.delivery_id] if trigger else ["by hand", timestamp(now)]
    return f"{now:%Y%m%d}-{digest([subject.lower(), *told])[7:19]}" if not trigger else f"t-{digest(told)[7:23]}"


def read_trigger(path: Path, now: datetime) -> Trigger:
    """A trigger file: one JSON object. Raises UsageError naming what is wrong."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name a JSON file") from error
    except ValueError as error:
        raise UsageError(f"{path} is no JSON", advice=f"one object with {', '.join(sorted(_TRIGGER_KEYS))}") from error
    if not isinstance(data, dict) or set(data) != _TRIGGER_KEYS or not all(isinstance(v, str) for v in data.values()):
        raise UsageError(f"{path}: needs exactly the texts {', '.join(sorted(_TRIGGER_KEYS))}", advice="mend the file")
    try:
        effective = _moment(datetime.fromisoformat(data["effective_at"]))
    except ValueError as error:
        raise UsageError(f"{path}: effective_at is no time", advice="write 2026-11-20T17:00:00+01:00") from error
    return Trigger(
        source=data["source"],
        delivery_id=data["delivery_id"],
        subject=data["person"],
        effective_at=effective,
        received_at=now,
    )


def _moment(given: datetime | None) -> datetime:
    if given is None:
        return datetime.now(UTC)
    if given.tzinfo is None:
        raise UsageError("a time needs its zone", advice="write 2026-11-20T17:00:00+01:00")
    return given.astimezone(UTC)


def _key(key: OrgKey | None) -> OrgKey:
    if key is None:
        raise plans.PlanRefused(
            "there is no organisation key to compare values with", advice="run `offkey doctor --init`"
        )
    return key


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _record(state: Path, plan: Plan, subject: str, trigger: Trigger | None, now: datetime) -> bool:
    """One opening a run, and each different plan once: the same plan made again adds nothing. Says whether it did."""
    store = Store.open(state)
    try:
        ledger = Ledger(store, lambda: now, plan.requester)
        events = ledger.events(plan.run)
        if not events:
            opened = to_json(trigger) if trigger else None
            ledger.append("run.opened", plan.run, {"person": plan.person.id, "subject": subject, "trigger": opened})
        new = past(events).plan_digest != plan.digest
        if new:
            ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
        if not plan.steps:
            close_if_done(plan, (), ledger, state)
        mirror.sweep(state, {*store.runs(), plan.run}, now)
    finally:
        store.close()
    return new


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
