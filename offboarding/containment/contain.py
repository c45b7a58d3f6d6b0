"""Contains a leaver at once: what a standing approval covers, by `apply`'s own machinery, before anything is scanned.

Every provider is a lane of its own, from its list to its last receipt: none waits for another. Before each step
everything is asked again: switches, signatures, the directory, limits (DESIGN rule 1).
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from offboarding.applying.apply import Telling, go_through
from offboarding.applying.deadline import Deadlines
from offboarding.applying.deed import said
from offboarding.applying.executors import ProviderExecutor
from offboarding.applying.step import Gone, Run
from offboarding.asking import asking, issuers, lanes
from offboarding.configuration import providers
from offboarding.configuration.config import Config
from offboarding.containment import kept
from offboarding.containment.grounds import Grounds
from offboarding.containment.history import PLANNED, Containing, SoFar, so_far, times
from offboarding.containment.kept import Use
from offboarding.containment.standing import StandingRefused, rank, uncovered
from offboarding.ledger.ledger import LedgerError
from offboarding.ledger.opening import open_run
from offboarding.optouts import office
from offboarding.planning import gather, plan
from offboarding.planning.setting import Tell
from offkey.errors import OffkeyError
from offkey.http import Writer
from offkey.model import AccessPoint, Action, Gap, Plan, Receipt, Step, timestamp, to_json
from offkey.warrant import Warrant

REST = Gap(
    where="everything else",
    why="containment looks at the person's own accounts alone: no repository was scanned, nothing was ended for good",
    advice="make the full plan: `offkey plan`",
)
NO_RULES = "none"
"""Stands in a plan of containment in the place of the rules' digest: nothing was searched for."""


@dataclass(frozen=True)
class Contained:
    """What became of it, in this call and in earlier ones of the run; steps and receipts by the step's id.

    `left` are steps that the full plan still needs, each with why; `gaps` what was not looked at; `refused` providers
    at which it ended before its time, each with why.
    """

    steps: Mapping[str, Step]
    receipts: Mapping[str, Receipt]
    left: Sequence[tuple[Step, str]]
    gaps: Sequence[Gap]
    refused: Sequence[Gap]


@dataclass(frozen=True)
class _Listing:
    config: Config
    now: datetime
    tell: Tell = lambda what, done, total: None


def contain(grounds: Grounds, told: Callable[[Step, Receipt], None], sleep: Callable[[float], None]) -> Contained:
    """Do what is covered and not done yet. The caller holds the run's lock.

    `told` is called with each step as it comes to its end. Raises StandingRefused, NotConfirmed, TooEarly before
    anything is done, LedgerError at once when something cannot be recorded; the same call made again goes on.
    """
    setting, ledger, person = grounds.setting, grounds.setting.ledger, grounds.person()
    whole = ledger.verify()
    if not whole.ok:
        raise LedgerError(whole.text, advice="restore the ledger from a copy; see `offkey ledger verify`")
    if why := grounds.stopped():
        raise StandingRefused(f"{grounds.standing.id} was stopped: {why}", advice="`offkey standing list`")
    grounds.holding(grounds.kept())
    open_run(ledger, setting.run, person.id, setting.subject, setting.trigger)
    events = ledger.events(setting.run)
    state = so_far(events)
    if not any(e.type == "containment.started" and e.body["standing"] == to_json(grounds.standing) for e in events):
        received = setting.trigger.received_at
        ledger.append("containment.started", setting.run, _beginning(grounds, received))
    work = _Work(grounds, state, told, sleep)
    covered = sorted({cover.provider for cover in grounds.standing.covers})
    lanes.run({name: [name] for name in covered}, work.provider)
    if work.new:
        _measured(grounds)
    final = so_far(ledger.events(setting.run))
    left = [(step, why) for step, why in work.left if gather.is_alive(step.point)]
    return Contained(final.steps, final.past.receipts, left, work.gaps, work.refused)


def _measured(grounds: Grounds) -> None:
    """Record how long it took from the trigger to each proof, in seconds."""
    ledger, run = grounds.setting.ledger, grounds.setting.run
    told = times(ledger.events(run))
    assert told is not None
    proven = [{"step": one.step.id, "seconds": f"{one.seconds:.3f}"} for one in told.proven]
    first = "" if told.first is None else f"{told.first:.3f}"
    body = {"received_at": timestamp(told.received_at), "first": first, "proven": proven}
    ledger.append("containment.finished", run, body)


def _beginning(grounds: Grounds, received: datetime) -> dict[str, object]:
    """What stands behind all that follows: who signed what, and what the directory says."""
    person, held = grounds.person(), grounds.kept()
    return {
        "received_at": timestamp(received),
        "person": person.id,
        "left_at": timestamp(person.left_at) if person.left_at else "",
        "early": grounds.setting.early,
        "standing": to_json(held.standing),
        "yeses": [to_json(yes) for _, yes in sorted(held.yeses.items())],
    }


class _Work:
    """One containment: what each lane does, and what all of them found."""

    def __init__(
        self,
        grounds: Grounds,
        state: SoFar,
        told: Callable[[Step, Receipt], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.grounds, self.state, self.sleep, self._told = grounds, state, sleep, told
        self.left: list[tuple[Step, str]] = []
        self.gaps: list[Gap] = []
        self.refused: list[Gap] = []
        self.new = 0
        self._lock = threading.Lock()

    def provider(self, name: str) -> None:
        """One provider from its list to its last receipt. What goes wrong here stops nobody else."""
        try:
            cut_off = self.state.begun(name, self.grounds.setting.ledger.now())
            if cut_off:
                self._carry_out(name, *cut_off)
            made = self._planned(name)
            looked_at = {step.id for step in cut_off[1]} if cut_off else set()
            steps = tuple(step for step in made.steps if step.id not in looked_at)
            if steps:
                self._carry_out(name, replace(made, steps=steps), steps)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's garbage must not keep other providers from ending
            advice = error.advice if isinstance(error, OffkeyError) else "see `offkey -vv contain`"
            gap = Gap(where=name, why=said(error), advice=advice)
            body = {"provider": name, "why": gap.why}
            self.grounds.setting.ledger.append("containment.refused", self.grounds.setting.run, body)
            with self._lock:
                self.refused.append(gap)

    def _planned(self, name: str) -> Plan:
        """What this provider lists that is covered, and was not proven dead in this run before."""
        setting = self.grounds.setting
        moment = setting.ledger.now()
        person = self.grounds.person()
        found = list(asking.listed_at(name, _Listing(setting.config, moment), person))
        gaps = [item for item in found if isinstance(item, Gap)]
        points = [asking.steady(item, moment) for item in found if isinstance(item, AccessPoint)]
        full = self._whole(moment, points, gaps)
        reasons = {step.id: _why_kept(step) or uncovered(self.grounds.standing, step) for step in full.steps}
        chosen = [step for step in full.steps if not reasons[step.id] and not self.state.is_dead(step)]
        with self._lock:
            self.gaps += gaps
            self.left += [(step, reasons[step.id]) for step in full.steps if reasons[step.id]]
        return replace(full, steps=tuple(sorted(chosen, key=lambda step: (rank(step), step.point.id))))

    def _whole(self, moment: datetime, points: Iterable[AccessPoint], gaps: Iterable[Gap]) -> Plan:
        """The plan of all that this provider lists, which may refuse itself as the full plan would."""
        setting, person = self.grounds.setting, self.grounds.person()
        return plan.build(
            person,
            gather.gather(person, (), points, {}, ownership={}, ids={}),
            [*gaps, REST],
            office.for_plan(office.judge(setting.config, setting.ledger, setting.ledger.now), setting.run),
            setting.config.limits(),
            heading=plan.Heading(
                run=setting.run,
                now=moment,
                requester=setting.config.requester(),
                rules_digest=NO_RULES,
                key_id=setting.key.id,
            ),
            options=issuers.options,
            by_hand={},
        )

    def _carry_out(self, name: str, made: Plan, steps: tuple[Step, ...]) -> None:
        """Do these steps of a plan, under a warrant for all of it."""
        setting, ledger = self.grounds.setting, self.grounds.setting.ledger
        warrant = self.grounds.warrant(made)
        executor = self._executor(name, made, warrant)
        if self.state.plans.get(name) != made:
            body = {"provider": name, "digest": made.digest, "plan": to_json(made), "standing": warrant.standing}
            ledger.append(PLANNED, setting.run, body)
            self.state.forget(made)
        policy = setting.config.policy
        run = Run(
            plan=replace(made, steps=steps),
            allows=frozenset(),
            executors={name: executor},
            ledger=Containing(ledger.store, ledger.now, ledger.actor, under=ledger, told=self._receipt(made)),
            credentials=_no_value,
            key=setting.key,
            now=ledger.now,
            sleep=self.sleep,
            confirm_seconds=policy.confirm_seconds,
            hand_over=timedelta(days=policy.hand_over_days),
            deadlines=Deadlines(policy.step_seconds),
            assignees=policy.assignees,
            past=self.state.past,
        )
        go_through(run, lambda step: self._allowed(made, step), Telling())

    def _executor(self, name: str, made: Plan, warrant: Warrant) -> ProviderExecutor:
        settings = self.grounds.setting.config.provider_settings(name, write=True)
        if isinstance(settings, Gap):
            raise StandingRefused(settings.why, advice=settings.advice)
        now = self.grounds.setting.ledger.now
        http: Writer = providers.writer(name, settings, approval=warrant, plan_digest=made.digest, now=now)
        return ProviderExecutor(providers.revoker(name), http, settings)

    def _allowed(self, made: Plan, step: Step) -> frozenset[str]:
        """Asked before every step: all that `warrant` asks, and the limits. It never gives an extra yes."""
        setting = self.grounds.setting
        self.grounds.warrant(made)
        use = Use(person=made.person.id, run=setting.run, step=step.id)
        kept.reserve(setting.state, setting.ledger, self.grounds.standing, use)
        return frozenset()

    def _receipt(self, made: Plan) -> Callable[[Receipt], None]:
        steps = {step.id: step for step in made.steps}

        def told(receipt: Receipt) -> None:
            with self._lock:
                self.new += 1
                self._told(steps[receipt.step], receipt)

        return told


def _why_kept(step: Step) -> str:
    """Why a step is left as it is, or ""."""
    return step.reason if step.action is Action.KEEP else ""


def _no_value(point: AccessPoint) -> NoReturn:
    raise Gone(f"{point.id}: containment reads no value", advice="make the full plan: `offkey plan`")
