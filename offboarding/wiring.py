"""Puts executors together from the configuration, for `apply` and `verify`."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import revokers
from offboarding import mirror
from offboarding.config import Config
from offboarding.executors import REMEDY, Executor, ProviderExecutor, RemedyExecutor
from offboarding.remedy.address import git_host, remote_at
from offboarding.remedy.branch import Author
from offboarding.remedy.executor import GATE, Remedy, Target
from offboarding.rotation.rotator import Rotator
from offkey.errors import UsageError
from offkey.http import Gate, Reader, Refused, Writer
from offkey.model import AccessPoint, Action, Approval, Gap, Plan
from offkey.secret import Secret
from revokers.rotationregistry import MAKERS, STORES
from scanner import gitconfig
from scanner.clone import is_url
from scanner.git import Git
from scanner.giterrors import GitError


def executors(
    config: Config, plan: Plan, approval: Approval, state: Path, now: Callable[[], datetime]
) -> tuple[dict[str, Executor], list[Gap]]:
    """One executor for each provider the plan needs, and one for removal from code; a Gap for each that is missing."""
    made: dict[str, Executor] = {}
    gaps: list[Gap] = []
    for name in sorted({step.point.provider for step in plan.steps if step.point.provider in revokers.REGISTRY}):
        settings = config.provider_settings(name, write=True)
        if isinstance(settings, Gap):
            gaps.append(settings)
            continue
        http = revokers.writer(name, settings, approval=approval, plan_digest=plan.digest, now=now)
        made[name] = ProviderExecutor(revokers.REGISTRY[name], http, settings)
    if any(step.action is Action.REWRITE for step in plan.steps):
        settings = config.provider_settings("github", write=True)
        if isinstance(settings, Gap) or settings.write is None:
            gaps.append(Gap(where="removal from code", why="no write credential for github is configured"))
        else:
            where = targets(config, plan, state)
            made[REMEDY] = RemedyExecutor(
                _remedy(config, settings, settings.write, plan, where=where, now=now, yes=(approval, plan.digest))
            )
    return made, gaps


def rotators(
    config: Config, plan: Plan, approval: Approval, now: Callable[[], datetime]
) -> tuple[dict[str, Rotator], list[Gap]]:
    """By the id of each REPLACE step, who makes the successor and where it goes; a Gap for each that is missing."""
    made: dict[str, Rotator] = {}
    gaps: list[Gap] = []
    for step in plan.steps:
        if step.rotation is None:
            continue
        maker, store = MAKERS[step.point.provider], STORES[step.rotation.store]
        settings = config.provider_settings(maker.PROVIDER, write=True)
        store_settings = config.provider_settings(store.PROVIDER, write=True)
        missing = [found for found in (settings, store_settings) if isinstance(found, Gap)]
        if missing:
            gaps += missing
            continue

        def writer(gate: Gate, base: str, instance: str) -> Writer:
            digest = plan.digest
            return Writer(gate, instance or base, instance=instance, approval=approval, plan_digest=digest, now=now)

        made[step.id] = Rotator(
            rotation=step.rotation,
            point=step.point,
            maker=maker,
            http=writer(maker.gate, maker.URL, settings.url),
            settings=settings,
            store=store,
            store_http=writer(*store.gate(step.rotation.place), store_settings.url),
            store_settings=store_settings,
        )
    return made, gaps


def watcher(config: Config, plan: Plan, state: Path, now: Callable[[], datetime]) -> Remedy | Gap:
    """What looks whether branches still hold a value, with the read credential; it cannot propose anything."""
    settings = config.provider_settings("github", write=False)
    if isinstance(settings, Gap):
        return settings
    return _remedy(config, settings, settings.read, plan, where=targets(config, plan, state), now=now, yes=None)


def _remedy(
    config: Config,
    settings: Any,
    token: Secret,
    plan: Plan,
    *,
    where: dict[str, Target],
    now: Callable[[], datetime],
    yes: tuple[Approval, str] | None,
) -> Remedy:
    base = settings.url or revokers.REGISTRY["github"].URL

    def writer() -> Writer:
        if yes is None:
            raise Refused("no approval", advice="only `offkey apply` opens pull requests")
        return Writer(GATE, base, instance=settings.url, approval=yes[0], plan_digest=yes[1], now=now)

    return Remedy(
        targets=where,
        reader=lambda: Reader(GATE, base, instance=settings.url, now=now),
        writer=writer,
        token=token,
        author=Author(name=config.remedy.author_name, email=config.remedy.author_email),
        prefix=config.remedy.branch_prefix,
        dated=plan.created_at,
        now=now,
        host=git_host(settings.url),
    )


def targets(config: Config, plan: Plan, state: Path) -> dict[str, Target]:
    """Where the pull request for each repository of the plan goes; those without a GitHub name are left out.

    A repository's own word on its remote leads to this disk or to the configured GitHub, nowhere else.
    """
    found = {}
    for repo in sorted({p.repo for s in plan.steps if s.action is Action.REWRITE for p in s.point.places}):
        remote, name = _at_github(config, repo)
        copy = mirror.folder(state, plan.run, repo)
        if name and remote and copy.is_dir():
            found[repo] = Target(mirror=Git(copy), remote=remote, full_name=name)
    return found


def readable(config: Config, listed: Iterable[AccessPoint], repos: Iterable[str]) -> frozenset[str]:
    """Those of the repositories that belong to a GitHub organisation which lists the person, by member or collaborator.

    What such a one may read is the organisation's setting, so this says who may have read it, not who has.
    """
    kinds = ("github.membership", "github.outside_collaborator")
    theirs = {point.provider_id.partition("/")[0].casefold() for point in listed if point.kind in kinds}
    mine = sorted(set(repos)) if theirs else ()
    return frozenset(repo for repo in mine if github_name(config, repo).partition("/")[0].casefold() in theirs)


def github_name(config: Config, repo: str) -> str:
    """`owner/name` of a repository at the configured GitHub, or "" for one that is not there."""
    return _at_github(config, repo)[1]


def _at_github(config: Config, repo: str) -> tuple[str, str]:
    """(address of the remote, `owner/name`), each "" where there is none."""
    host = git_host(config.providers["github"].url if "github" in config.providers else "")
    remote, told = remote_at(host, repo if is_url(repo) else origin(Path(repo)))
    return remote, config.remedy.repositories.get(repo) or told


def origin(repo: Path) -> str:
    """The address of a local repository's remote: `origin`, or the only one it has; "" for none.

    Read from its configuration file as text, so that nothing which that names is followed or run.
    """
    try:
        found = gitconfig.remotes((Git(repo).common_dir / "config").read_bytes())
    except (GitError, UsageError, OSError, gitconfig.Unreadable):
        return ""
    return found.get("origin") or (next(iter(found.values())) if len(found) == 1 else "")
