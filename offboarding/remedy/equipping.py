"""Puts a `Remedy` together from the configuration: for `apply` with an approval, for `verify` without one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import revokers
from offboarding import mirror
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.remedy import github, gitlab, locating
from offboarding.remedy.address import git_host
from offboarding.remedy.branch import Author, Remote
from offboarding.remedy.drafting import Target
from offboarding.remedy.executor import ALONE, Beside, Remedy
from offboarding.remedy.forge import Forge
from offboarding.remedy.github import GitHub
from offboarding.remedy.gitlab import GitLab
from offboarding.remedy.local import Bundle, LocalBranch, Permit
from offboarding.remedy.locating import BRANCH, BUNDLE, Where
from offkey.http import Gate, Reader, Refused, Writer
from offkey.model import Action, Approval, Gap, Plan, Step
from offkey.secret import Secret
from scanner.repository.git import Git

Yes = tuple[Approval, str]
"""An approval, and the digest of the plan that is carried out."""
_HERE = Gate(provider="local", hosts=frozenset({"localhost"}))
"""The gate of what is written on this disk: a Writer of it sends nothing, and is refused without an approval."""
_GITLAB_USER = "oauth2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipping:
    """Without `yes` nothing can be proposed, and only read credentials are looked at."""

    config: Config
    plan: Plan
    state: Path
    now: Callable[[], datetime]
    yes: Yes | None = None
    beside: Beside = ALONE
    gaps: list[Gap] = field(default_factory=list)

    def remedy(self) -> Remedy:
        """Every repository that changes can be proposed to; `gaps` says of which they cannot."""
        settings = self.config.remedy
        return Remedy(
            targets=dict(self._targets()),
            author=Author(name=settings.author_name, email=settings.author_email, at=self.plan.created_at),
            prefix=settings.branch_prefix,
            now=self.now,
            branches=settings.branches,
            beside=self.beside,
        )

    def _targets(self) -> Iterator[tuple[str, Target]]:
        steps = {p.repo: s for s in self.plan.steps if s.action is Action.REWRITE for p in s.point.places}
        reached = 0
        for repo, step in sorted(steps.items()):
            copy = mirror.folder(self.state, self.plan.run, repo)
            where = locating.find(self.config, repo)
            if where is None or not copy.is_dir():
                continue
            reached += 1
            forge = self._forge(where, repo, step)
            if forge is not None:
                yield repo, Target(mirror=Git(copy), forge=forge)
        if steps and not reached:
            self._lacks("none of the repositories is at a configured GitHub or GitLab")

    def _forge(self, where: Where, repo: str, step: Step) -> Forge | None:
        if where.at == BRANCH:
            return LocalBranch(
                name=repo,
                source=Remote(address=where.remote),
                place=Path(where.name),
                prefix=self.config.remedy.branch_prefix,
                permit=self._permit(),
                now=self.now,
            )
        if where.at == BUNDLE:
            return Bundle(
                name=repo,
                source=Remote(address=where.remote),
                folder=Path(where.name),
                values=lambda: self.beside.known(step),
                permit=self._permit(),
                now=self.now,
            )
        settings = self.config.provider_settings(where.at, write=self.yes is not None)
        if isinstance(settings, Gap):
            self.gaps.append(settings) if self.yes is None else self._lacks_write(where.at)
            return None
        token = settings.write if self.yes else settings.read
        if token is None:
            self._lacks_write(where.at)
            return None
        return (_gitlab if family(where.at) == "gitlab" else _github)(self, where, settings, token)

    def _permit(self) -> Permit:
        return lambda: self.writer(_HERE, "https://localhost", "").close()

    def reader(self, gate: Gate, base: str, instance: str) -> Reader:
        return Reader(gate, base, instance=instance, now=self.now)

    def writer(self, gate: Gate, base: str, instance: str) -> Writer:
        if self.yes is None:
            raise Refused("no approval", advice="only `offkey apply` proposes changes")
        return Writer(gate, base, instance=instance, approval=self.yes[0], plan_digest=self.yes[1], now=self.now)

    def _lacks_write(self, name: str) -> None:
        self._lacks(f"no write credential for {name} is configured")

    def _lacks(self, why: str) -> None:
        gap = Gap(where="removal from code", why=why)
        if gap not in self.gaps:
            self.gaps.append(gap)


def _github(made: Equipping, where: Where, settings: Any, token: Secret) -> GitHub:
    base = settings.url or revokers.REGISTRY["github"].URL
    return GitHub(
        name=where.name,
        remote=Remote(address=where.remote, token=token, host=git_host(settings.url)),
        token=token,
        reader=lambda: made.reader(github.GATE, base, settings.url),
        writer=lambda: made.writer(github.GATE, base, settings.url),
    )


def _gitlab(made: Equipping, where: Where, settings: Any, token: Secret) -> GitLab:
    base = settings.url or gitlab.URL
    return GitLab(
        name=where.name,
        remote=Remote(address=where.remote, token=token, host=git_host(base), user=_GITLAB_USER),
        token=token,
        settings=settings,
        reader=lambda: made.reader(gitlab.GATE, base, settings.url),
        writer=lambda: made.writer(gitlab.GATE, base, settings.url),
    )
