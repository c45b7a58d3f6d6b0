"""Carries out a REWRITE step: the life of the one pull request that a repository has (ADR 25).

before   does a branch of the remote hold the value? (DEAD here means: no) Is a request open that takes it out?
act      rewrite the files, commit in the run's mirror, move the shared branch forward, open the request or update it
after    the same question as before

A step stands for one credential in one repository. The first one acts for all of the repository that are proven dead,
in one commit; the others then find their request open.
"""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from offboarding.remedy import branch, drafting, proposal
from offboarding.remedy.branch import Author
from offboarding.remedy.drafting import Draft, Drafter, Target, Wanted
from offboarding.remedy.forge import NothingToPropose, Text
from offboarding.remedy.holding import holding, values_of
from offkey.model import Check, Credential, Exchange, Liveness, Step

PROPOSED = "proposed"
ROOT = "refs/offkey/remote/"
"""Where the remote's branches lie in the run's mirror."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What else the plan has in a step's repository.

    `ready` are the other REWRITE steps there whose credential is proven dead, each with its value. `known` are all
    values of the plan that lie there.
    """

    ready: Callable[[Step], Wanted] = lambda step: ()
    known: Callable[[Step], Sequence[bytes]] = lambda step: ()


ALONE = Beside()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Changes proposed to repositories. `targets` by the repository label of places.

    `branches` are patterns of further branches that get a request of their own where they hold a value.
    """

    targets: Mapping[str, Target]
    author: Author
    prefix: str
    now: Callable[[], datetime]
    branches: tuple[str, ...] = ()
    beside: Beside = ALONE

    def before(self, step: Step, credential: Credential) -> Check:
        """LIVE while any branch of the remote holds the value."""
        look = self._look(step, credential)
        if not look.holders:
            return self._check(Liveness.DEAD, "no branch of the remote holds the value")
        drafts = [self._draft(look, base, ((step, credential),)) for base in look.bases]
        done = [draft.home.request.where for draft in drafts if draft.proposed(step) and draft.home.request]
        if done and all(draft.proposed(step) or draft.item(step) is None for draft in drafts):
            return self._check(Liveness.LIVE, f"{look.target.forge.words} {', '.join(done)} is open", PROPOSED)
        return self._check(Liveness.LIVE, f"held by {', '.join(look.holders[:5])}")

    after = before

    def act(self, step: Step, credential: Credential) -> tuple[Exchange, ...]:
        """Rewrite, commit, push, open or update. Raises `NothingToPropose`, `PushRefused` or the gate's errors."""
        look = self._look(step, credential)
        wanted = ((step, credential), *self.beside.ready(step))
        drafts = [self._draft(look, base, wanted) for base in look.bases]
        useful = [draft for draft in drafts if draft.item(step) is not None]
        if not useful:
            raise _nothing(step, look, drafts)
        return tuple(exchange for draft in useful for exchange in _propose(look.target, draft))

    def _draft(self, look: "_Look", base: str, wanted: Wanted) -> Draft:
        stem = proposal.branch_stem(self.prefix, base, look.default)
        at = drafting.home(look.target, look.heads, base, stem, self.author)
        open_to_us = [(one, value) for one, value in wanted if one.id not in at.declined]
        drafter = Drafter(
            target=look.target,
            author=self.author,
            known=lambda: self.beside.known(wanted[0][0]),
            elsewhere=lambda step, value: [
                name for name in self._holders(look.target, look.heads, step, value) if name not in look.bases
            ],
        )
        return drafter.draft(base, look.heads[base], at, open_to_us)

    def _look(self, step: Step, credential: Credential) -> "_Look":
        """Bring the branches here, and see which hold the value."""
        target = self._target(step)
        default = target.forge.fetch(target.mirror, ROOT)
        heads = branch.tips(target.mirror, ROOT)
        holders = self._holders(target, heads, step, credential)
        wanted = [name for name in holders if any(fnmatch.fnmatchcase(name, one) for one in self.branches)]
        bases = [name for name in dict.fromkeys((default, *wanted)) if name in holders]
        return _Look(target, default, heads, holders, bases)

    def _holders(self, target: Target, heads: Mapping[str, str], step: Step, credential: Credential) -> list[str]:
        """The branches whose tip holds the value, other than those that requests of ours come from."""
        values, places = list(values_of(credential).values()), step.point.places
        ours = proposal.branch_stem(self.prefix, "", "")  # not all that is below the prefix: anybody may push there
        others = {name: tip for name, tip in heads.items() if not name.startswith(ours)}
        return sorted(name for name, tip in others.items() if holding(target.mirror, tip, values, places))

    def _target(self, step: Step) -> Target:
        label = step.point.places[0].repo if step.point.places else ""
        if label not in self.targets:
            raise NothingToPropose(
                f"{label or 'this step'} has no configured GitHub or GitLab repository",
                advice="name it, or a bundle, under [remedy.repositories] in offkey.toml, or remove the value by hand",
            )
        return self.targets[label]

    def _check(self, liveness: Liveness, reason: str, status: str = "") -> Check:
        return Check(liveness=liveness, reason=reason, at=self.now(), status=status)


@dataclass(frozen=True, slots=True)
class _Look:
    """The remote as it is: its branches, those that hold the value, and of these the ones that get a request."""

    target: Target
    default: str
    heads: Mapping[str, str]
    holders: list[str]
    bases: list[str]


def _propose(target: Target, draft: Draft) -> list[Exchange]:
    """Push what is new, then open the request, or say in the open one what it has more."""
    forge, at = target.forge, draft.home
    done = [forge.push(target.mirror, draft.commit, at.name, draft.base_tip)] if draft.commit else []
    listed = proposal.steps_in(at.request.body) if at.request else frozenset()
    if at.request and not draft.commit and {item.step for item in draft.items} <= listed:
        return done
    available = forge.available([name for item in draft.items for name, _ in item.names])
    if at.request:
        return [*done, *forge.edit(at.request, proposal.body(draft.items, available, at.request.body))]
    text = Text(title=proposal.TITLE, body=proposal.body(draft.items, available), draft=bool(available.absent))
    return [*done, *forge.open(at.name, draft.base, text)]


def _nothing(step: Step, look: _Look, drafts: Sequence[Draft]) -> NothingToPropose:
    """Why there is nothing to propose, and what a person can do."""
    declined = next((at for draft in drafts if (at := draft.home.declined.get(step.id))), "")
    if declined:
        return NothingToPropose(
            f"{look.target.forge.words} {declined} was closed without being merged",
            advice="open it again, or remove the value by hand",
        )
    if not look.bases:
        named = ", ".join(look.holders[:5]) or "no branch"
        return NothingToPropose(
            f"nothing can be rewritten: {look.default or 'the default branch'} does not hold it, {named} does",
            advice="name such branches under [remedy] branches, or remove the value by hand",
        )
    reasons = "; ".join(f"{path}: {why}" for draft in drafts for path, why in draft.left)
    return NothingToPropose(f"nothing can be rewritten: {reasons}", advice="remove the value by hand")
