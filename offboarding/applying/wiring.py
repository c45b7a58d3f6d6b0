"""Puts executors together from the configuration, for `apply` and `verify`."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import revokers
from offboarding import mirror
from offboarding.applying.executors import REMEDY, Executor, ProviderExecutor, RemedyExecutor
from offboarding.asking import issuers
from offboarding.configuration import providers
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family, inward, is_undecided
from offboarding.remedy.address import git_host, remote_at
from offboarding.remedy.branch import Author
from offboarding.remedy.executor import GATE, Remedies, Remedy, Target
from offboarding.rotation.rotator import Rotator
from offkey.errors import UsageError
from offkey.http import Gate, Reader, Refused, Writer
from offkey.model import AccessPoint, Action, Approval, Gap, Plan
from offkey.secret import Secret
from revokers.protocol import Revoker
from revokers.rotation.registry import MAKERS, STORES
from scanner.repository import gitconfig
from scanner.repository.clone import is_url
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError

Asker = tuple[Revoker, Reader, Any]
"""A revoker, a Reader and its read settings."""


def executors(
    config: Config, plan: Plan, approval: Approval, state: Path, now: Callable[[], datetime]
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
        remedies, missing = _remedies(config, plan, state, now, yes=(approval, plan.digest))
        gaps += missing
        if remedies.each:
            made[REMEDY] = RemedyExecutor(remedies)
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


def watcher(config: Config, plan: Plan, state: Path, now: Callable[[], datetime]) -> Remedies | Gap:
    """What looks whether branches still hold a value, with the read credential; it cannot propose anything."""
    remedies, gaps = _remedies(config, plan, state, now, yes=None)
    return remedies if remedies.each else gaps[0]


def _remedies(
    config: Config, plan: Plan, state: Path, now: Callable[[], datetime], *, yes: tuple[Approval, str] | None
) -> tuple[Remedies, list[Gap]]:
    """Removal from code at each GitHub that has repositories of the plan, and a Gap for each that cannot be reached."""
    made: list[Remedy] = []
    gaps: list[Gap] = []
    names = config.instances_of("github") or ("github",)
    for name in names:
        where = targets(config, plan, state, name)
        if not where and len(names) > 1:
            continue
        settings = config.provider_settings(name, write=yes is not None)
        token = None if isinstance(settings, Gap) else settings.write if yes else settings.read
        if token is not None:
            made.append(_remedy(config, settings, token, plan, where=where, now=now, yes=yes))
        elif isinstance(settings, Gap) and not yes:
            gaps.append(settings)
        else:
            gaps.append(Gap(where="removal from code", why=f"no write credential for {name} is configured"))
    if not made and not gaps:
        gaps.append(Gap(where="removal from code", why="none of the repositories is at a configured GitHub"))
    return Remedies(made), gaps


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


def targets(config: Config, plan: Plan, state: Path, instance: str = "") -> dict[str, Target]:
    """Where the pull request for each repository of the plan goes; those without a GitHub name are left out.

    With `instance` only those that are at this one. A repository's own word on its remote leads to this disk or to the
    configured GitHub, nowhere else.
    """
    found = {}
    for repo in sorted({p.repo for s in plan.steps if Action.REWRITE in (s.action, s.keeps) for p in s.point.places}):
        at, remote, name = _at_github(config, repo)
        copy = mirror.folder(state, plan.run, repo)
        if name and remote and instance in ("", at) and copy.is_dir():
            found[repo] = Target(mirror=Git(copy), remote=remote, full_name=name)
    return found


def readable(config: Config, listed: Iterable[AccessPoint], repos: Iterable[str]) -> frozenset[str]:
    """Those of the repositories that belong to a GitHub organisation which lists the person, by member or collaborator.

    What such a one may read is the organisation's setting, so this says who may have read it, not who has.
    """
    kinds = ("github.membership", "github.outside_collaborator")
    theirs = {_owner(point.provider, point.provider_id) for point in listed if point.kind in kinds}
    mine = sorted(set(repos)) if theirs else ()
    return frozenset(repo for repo in mine if _owner(*github_name(config, repo)) in theirs)


def _owner(instance: str, name: str) -> tuple[str, str]:
    return instance, name.partition("/")[0].casefold()


def github_name(config: Config, repo: str) -> tuple[str, str]:
    """(instance, `owner/name`) of a repository at the configured GitHub, each "" for one that is not there."""
    at, _, name = _at_github(config, repo)
    return (at, name) if name else ("", "")


def _at_github(config: Config, repo: str) -> tuple[str, str, str]:
    """(instance, address of the remote, `owner/name`), each "" where there is none or several may be meant.

    Of several at one host it is the one whose `organisations` name the owner.
    """
    claimed = repo if is_url(repo) else origin(Path(repo))
    meant, _, told = config.remedy.repositories.get(repo, "").rpartition(":")
    found: list[tuple[str, str, str]] = []
    for name in config.instances_of("github") or ("github",):
        table = config.providers.get(name)
        remote, named = remote_at(git_host(table.url if table else ""), claimed)
        if remote and meant in ("", name):
            found.append((name, remote, told or named))
    if len(found) > 1:
        found = [one for one in found if _owner("", one[2])[1] in _organisations(config, one[0])]
    return found[0] if len(found) == 1 else ("", "", "")


def _organisations(config: Config, instance: str) -> frozenset[str]:
    return frozenset(
        str(one).casefold() for one in (config.providers[instance].model_extra or {}).get("organisations", ())
    )


def origin(repo: Path) -> str:
    """The address of a local repository's remote: `origin`, or the only one it has; "" for none.

    Read from its configuration file as text, so that nothing which that names is followed or run.
    """
    try:
        found = gitconfig.remotes((Git(repo).common_dir / "config").read_bytes())
    except (GitError, UsageError, OSError, gitconfig.Unreadable):
        return ""
    return found.get("origin") or (next(iter(found.values())) if len(found) == 1 else "")
