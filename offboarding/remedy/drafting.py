"""One branch that is to lose its values: where its request stands, and what is still to be committed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from offboarding.remedy import branch, proposal
from offboarding.remedy.branch import Author
from offboarding.remedy.forge import Forge, NothingToPropose, Request, State
from offboarding.remedy.holding import Done, Rewriting, take_out
from offboarding.remedy.proposal import Item
from offkey.model import Credential, Step
from scanner.repository.git import Git

MOST = 50
"""Branch names tried, where earlier requests from the same name have ended."""
NOT_ENDED = "it holds another credential that is not proven dead yet"

Wanted = Sequence[tuple[Step, Credential]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One repository: the run's mirror of it, and where changes are proposed."""

    mirror: Git
    forge: Forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The branch that changes go to: its commit ("" where it is not there yet) and its open request, if there is one.

    `declined` says by step which request, that somebody closed without merging it, had listed it.
    """

    name: str
    tip: str
    request: Request | None
    declined: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be done in one base: `items` of the whole branch as it would be, `commit` the one to push or ""."""

    base: str
    base_tip: str
    home: Home
    items: tuple[Item, ...]
    commit: str = ""
    left: tuple[tuple[str, str], ...] = ()

    def item(self, step: Step) -> Item | None:
        return next((item for item in self.items if item.step == step.id and item.acts), None)

    def proposed(self, step: Step) -> bool:
        """Whether an open request has all that can be done for the step."""
        request = self.home.request
        return not self.commit and request is not None and step.id in proposal.steps_in(request.body)


def home(target: Target, heads: Mapping[str, str], base: str, stem: str, author: Author) -> Home:
    """Where changes of `base` go: the open request of ours; else our branch that has none yet; else a new name.

    A name that was used up (merged, closed, somebody else's) is never used again. Raises NothingToPropose.
    """
    declined: dict[str, str] = {}
    for number in range(1, MOST + 1):
        name = stem if number == 1 else f"{stem}-{number}"
        tip, requests = heads.get(name, ""), target.forge.requests(name)
        if requests is None:
            requests = _as_request(target, name, base, heads)
        opened = next((one for one in requests if one.state is State.OPEN), None)
        if opened and tip and opened.base == base and proposal.steps_in(opened.body):
            listed = proposal.steps_in(opened.body)
            kept = {step: where for step, where in declined.items() if step not in listed}
            return Home(name=name, tip=tip, request=opened, declined=kept)
        for request in requests:
            if request.state is State.CLOSED:
                declined |= dict.fromkeys(proposal.steps_in(request.body), request.where)
        if not requests and (not tip or _ours(target.mirror, heads[base], tip, author)):
            return Home(name=name, tip=tip, request=None, declined=declined)
    raise NothingToPropose(f"{MOST} branches {stem}… exist", advice="delete those that are merged or closed")


def _as_request(target: Target, name: str, base: str, heads: Mapping[str, str]) -> list[Request]:
    """A branch that is its own request: open while it has changes of ours that the base lacks, merged afterwards."""
    if name not in heads:
        return []
    items = proposal.items_in(text for _, text in branch.messages(target.mirror, heads[base], heads[name]))
    state, where = State.OPEN if items else State.MERGED, f"{name} of {target.forge.name}"
    return [Request(number=0, state=state, where=where, base=base, body=proposal.mark(items))]


def _ours(mirror: Git, base: str, tip: str, author: Author) -> bool:
    """Whether every commit that the branch adds is ours: it was pushed, and nobody has worked on it."""
    told = list(branch.messages(mirror, base, tip))
    return bool(told) and all(email == author.email for email, _ in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """Works out the commit for one base. `known` are values that may stand in no file that a bundle carries."""

    target: Target
    author: Author
    known: Callable[[], Sequence[bytes]]
    elsewhere: Callable[[Step, Credential], Sequence[str]]
    """The branches that hold the value, too, and get no request."""

    def draft(self, base: str, base_tip: str, at: Home, wanted: Wanted) -> Draft:
        """The branch as it would be with all `wanted` taken out. Writes commits into the mirror, and nothing else."""
        mirror = self.target.mirror
        start = self._start(base_tip, at)
        messages = [text for _, text in branch.messages(mirror, base_tip, at.tip)] if at.tip else []
        before = {item.step: item for item in proposal.items_in(messages)}
        rewriting = Rewriting(mirror, start)
        done = {step.id: self._take_out(rewriting, step, credential, before) for step, credential in wanted}
        if self.target.forge.carries_files:
            self._leave_unclean(rewriting, done)
        left = tuple(dict.fromkeys(pair for one in done.values() for pair in one.left))
        items = [
            _item(step, done[step.id], tuple(self.elsewhere(step, credential)))
            for step, credential in wanted
            if done[step.id].acts
        ]
        if not items:
            return Draft(base=base, base_tip=base_tip, home=at, items=tuple(before.values()), left=left)
        message = proposal.commit_message(items)
        commit = branch.commit(mirror, start, rewriting.changes, message, self.author)
        whole = proposal.items_in([*messages, message])
        return Draft(base=base, base_tip=base_tip, home=at, items=tuple(whole), commit=commit, left=left)

    def _start(self, base_tip: str, at: Home) -> str:
        """What to build on: the base, or our branch, brought up to date with it where nothing contradicts."""
        mirror = self.target.mirror
        if not at.tip or branch.contains(mirror, base_tip, at.tip):
            return base_tip
        if branch.contains(mirror, at.tip, base_tip):
            return at.tip
        return branch.merge(mirror, at.tip, base_tip, proposal.JOINED, self.author) or at.tip

    def _take_out(self, rewriting: Rewriting, step: Step, credential: Credential, before: Mapping[str, Item]) -> Done:
        others = [item for item in before.values() if item.step != step.id]
        taken = {name for item in others for name, _ in item.names} | rewriting.names
        done = take_out(rewriting, credential, step.point.places, taken)
        rewriting.names |= done.names.keys()
        return done

    def _leave_unclean(self, rewriting: Rewriting, done: Mapping[str, Done]) -> None:
        """Leave files that would still hold a value: what is handed over as files must hold none."""
        values = self.known()
        for path, content in list(rewriting.changes.items()):
            if content is not None and any(value in content for value in values):
                del rewriting.changes[path]
                for one in done.values():
                    one.leave(path, NOT_ENDED)


def _item(step: Step, done: Done, branches: tuple[str, ...]) -> Item:
    return Item(
        step=step.id,
        kind=step.point.kind,
        redacted=step.point.redacted,
        dead=not step.needs,
        names=tuple(done.names.items()),
        changed=tuple(done.changed),
        removed=tuple(done.removed),
        added=tuple(done.added),
        notes=tuple(done.notes),
        left=tuple(done.left),
        branches=branches,
    )
