"""Opt-outs for `offkey plan`: which hold when it begins, and that it took them up."""

from datetime import UTC, datetime
from pathlib import Path

from offboarding.configuration.config import Config
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.optouts import notices, office, views
from offboarding.optouts.request import NoSuchOptOut
from offboarding.ui import UI
from offkey.errors import UsageError
from offkey.model import OptOut, Plan


def standing(config: Config, state: Path, run: str, ui: UI) -> tuple[OptOut, ...]:
    """Anybody's opt-outs that hold now, each verified anew. What has ended, or does not count, is recorded and told."""
    store = opened(config, state)
    try:
        ledger = Ledger(store, _now, "offkey")
        judge = office.judge(config, ledger, _now)
        office.expire(judge)
        held = office.for_plan(judge, run)
        views.tell(notices.tell(config.optouts, state, ledger, _now), ui)
        return held
    finally:
        store.close()


def up(config: Config, state: Path, plan: Plan, ui: UI) -> None:
    """Record that a new plan takes up its opt-outs, and tell it."""
    store = opened(config, state)
    try:
        ledger = Ledger(store, _now, "offkey")
        office.used(office.judge(config, ledger, _now), plan)
        views.tell(notices.tell(config.optouts, state, ledger, _now), ui)
    finally:
        store.close()


def resumed(config: Config, state: Path, name: str) -> str:
    """Whose opt-out of this id was, which has ended. Raises NoSuchOptOut, and UsageError while it holds."""
    store = opened(config, state)
    try:
        judge = office.judge(config, Ledger(store, _now, "offkey"), _now)
        known = office.one(judge, name)
        held, _ = judge.judged(known, judge.moment())
        if held is not None:
            raise UsageError(f"{name} still holds", advice=f"`offkey optout cancel {name} --why ...` ends it")
        if known.optout is None:
            raise NoSuchOptOut(f"the ledger does not say whose {name} was", advice="plan for the person by e-mail")
        return known.optout.subject
    finally:
        store.close()


def _now() -> datetime:
    return datetime.now(UTC)
