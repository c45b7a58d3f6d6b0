"""Puts executors together from the configuration, for `apply` and `verify`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from offboarding.applying.executors import REMEDY, Executor, ProviderExecutor, RemedyExecutor
from offboarding.asking import issuers
from offboarding.configuration import providers
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family, inward, is_undecided
from offboarding.remedy.equipping import Equipping
from offboarding.remedy.executor import ALONE, Beside, Remedy
from offboarding.rotation.rotator import Rotator
from offkey.http import Gate, Reader, Writer
from offkey.model import Action, Approval, Gap, Plan
from revokers.protocol import Revoker
from revokers.rotation.registry import MAKERS, STORES

Asker = tuple[Revoker, Reader, Any]
"""A revoker, a Reader and its read settings."""


def executors(
    config: Config,
    plan: Plan,
    approval: Approval,
    state: Path,
    now: Callable[[], datetime],
    *,
    beside: Beside = ALONE,
) -> tuple[dict[str, Executor], list[Gap]]:
    """One executor for each provider the plan needs, and one for removal from code; a Gap for each that is missing."""
    made: dict[str, Executor] = {}
    gaps: list[Gap] = []
    for name in sorted({step.point.provider for step in plan.steps if providers.known(step.point.provider)}):
        executor = _executor(config, name, plan, approval, now)
        if isinstance(executor, Gap):
            gaps.append(executor)
        else:
            made[name] = executor
    if any(Action.REWRITE in (step.action, step.keeps) for step in plan.steps):
        equipping = Equipping(
            config=config, plan=plan, state=state, now=now, yes=(approval, plan.digest), beside=beside
        )
        remedy = equipping.remedy()
        gaps += equipping.gaps
        if remedy.targets:
            made[REMEDY] = RemedyExecutor(remedy)
    return made, gaps


def _executor(
    config: Config, name: str, plan: Plan, approval: Approval, now: Callable[[], datetime]
) -> ProviderExecutor | Gap:
    if is_undecided(name):
        asked = issuers.asker(config, name, now)
        return asked if isinstance(asked, Gap) else ProviderExecutor(*asked, None)
    settings = config.provider_settings(name, write=True)
    if isinstance(settings, Gap):
        return settings
    http = providers.writer(name, settings, approval=approval, plan_digest=plan.digest, now=now)
    return ProviderExecutor(providers.revoker(name), http, settings)


def rotators(
    config: Config, plan: Plan, approval: Approval, now: Callable[[], datetime]
) -> tuple[dict[str, Rotator], list[Gap]]:
    """By the id of each REPLACE step, who makes the successor and where it goes; a Gap for each that is missing."""
    made: dict[str, Rotator] = {}
    gaps: list[Gap] = []
    for step in plan.steps:
        if step.rotation is None:
            continue
        name = step.point.provider
        maker, store = MAKERS[family(name)], STORES[step.rotation.store]
        settings = config.provider_settings(name, write=True)
        store_settings = config.provider_settings(step.rotation.store_at or store.PROVIDER, write=True)
        missing = [found for found in (settings, store_settings) if isinstance(found, Gap)]
        if missing:
            gaps += missing
            continue

        def writer(gate: Gate, base: str, instance: str) -> Writer:
            digest = plan.digest
            return Writer(gate, instance or base, instance=instance, approval=approval, plan_digest=digest, now=now)

        made[step.id] = Rotator(
            rotation=step.rotation,
            point=inward(name, step.point),
            maker=maker,
            http=writer(maker.gate, maker.URL, settings.url),
            settings=settings,
            store=store,
            store_http=writer(*store.gate(step.rotation.place), store_settings.url),
            store_settings=store_settings,
        )
    return made, gaps


def askers(config: Config, plan: Plan, now: Callable[[], datetime]) -> tuple[dict[str, Asker], list[Gap]]:
    """By instance of the plan: its revoker, a Reader and its read settings; a Gap for each that cannot be asked."""
    made: dict[str, Asker] = {}
    gaps: list[Gap] = []
    for name in sorted({step.point.provider for step in plan.steps if providers.known(step.point.provider)}):
        asked = issuers.asker(config, name, now) if is_undecided(name) else None
        settings = None if asked else config.provider_settings(name, write=False)
        if isinstance(asked, Gap) or isinstance(settings, Gap):
            gaps += [gap for gap in (asked, settings) if isinstance(gap, Gap)]
        elif asked:
            made[name] = (*asked, None)
        else:
            made[name] = (providers.revoker(name), providers.reader(name, settings), settings)
    return made, gaps


def watcher(config: Config, plan: Plan, state: Path, now: Callable[[], datetime]) -> Remedy | Gap:
    """What looks whether branches still hold a value, with the read credential; it cannot propose anything."""
    made = Equipping(config=config, plan=plan, state=state, now=now)
    remedy = made.remedy()
    nowhere = Gap(where="removal from code", why="there are no repositories to look at")
    return remedy if remedy.targets else next(iter(made.gaps), nowhere)
