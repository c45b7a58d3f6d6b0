"""Opt-outs with the ledger and the configuration at hand: who judges them, and what is recorded of them."""

from collections.abc import Callable
from datetime import datetime

import revokers
import rules
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.identity import directory
from offboarding.ledger.ledger import Ledger
from offboarding.optouts import history
from offboarding.optouts.history import Known
from offboarding.optouts.request import NoSuchOptOut
from offboarding.optouts.standing import Judge
from offboarding.planning.forecast import GITHUB
from offkey.model import OptOut, Plan, timestamp


def judge(config: Config, ledger: Ledger, now: Callable[[], datetime]) -> Judge:
    """Holds opt-outs against this configuration, and against directory and register as they are at each question."""
    families = {family(name) for name in config.providers}
    return Judge(
        settings=config.optouts,
        register=config.approvers.register_file,
        configured=frozenset(config.providers),
        kinds=frozenset(kind for name in families for kind in revokers.REGISTRY[name].HANDLES),
        people=lambda: directory.load(config.directory.people, config.directory.exports),
        ledger=ledger,
        now=now,
    )


def is_system(config: Config, name: str) -> bool:
    """Whether an opt-out can name it: an instance of the configuration, or a provider that offkey knows."""
    return name in config.providers or name in revokers.REGISTRY or name in rules.load().providers or name == GITHUB


def one(judge: Judge, name: str) -> Known:
    """The opt-out of this id. Raises NoSuchOptOut."""
    found = judge.known().get(name)
    if found is None:
        raise NoSuchOptOut(f"there is no opt-out {name!r}", advice="`offkey optout list` shows all of them")
    return found


def expire(judge: Judge) -> list[str]:
    """Record the end of each that has come to its end, once: no clock brings it back. Returns their ids."""
    moment, ended = judge.moment(), []
    for known in judge.known().values():
        optout = known.optout
        if optout is not None and moment >= optout.expires_at and not (known.expired or known.cancelled):
            judge.ledger.append(
                history.EXPIRED, history.RUN, {"id": known.id, "expires_at": timestamp(optout.expires_at)}
            )
            ended.append(known.id)
    return ended


def for_plan(judge: Judge, run: str) -> tuple[OptOut, ...]:
    """Those that hold now; each approved one that does not, but should, is recorded as refused.

    Raises LedgerError. A ledger that was changed has none that hold.
    """
    known = judge.known()
    whole = judge.ledger.verify() if known else None

    def refuse(one: Known, why: str) -> None:
        if not one.refused or one.refused[-1][1] != why:
            _refused(judge.ledger, one.id, run, "plan", why)

    if whole is not None and not whole.ok:
        for one in known.values():
            refuse(one, f"the ledger is not whole: {whole.text}")
        return ()
    return judge.standing(refuse)


def _refused(ledger: Ledger, name: str, run: str, where: str, why: str) -> None:
    ledger.append(history.REFUSED, history.RUN, {"id": name, "run": run, "where": where, "why": why})


def refused(judge: Judge, name: str, why: str) -> None:
    """Record a yes that does not count."""
    _refused(judge.ledger, name, "", "approve", why)


def used(judge: Judge, plan: Plan) -> None:
    """Record which opt-outs a plan that was just recorded takes up, and for which steps."""
    for optout in plan.optouts:
        steps = [step.id for step in plan.steps if step.keeps and step.how == optout.id]
        if steps:
            body = {"id": optout.id, "run": plan.run, "where": "plan", "steps": steps}
            judge.ledger.append(history.USED, history.RUN, body)
