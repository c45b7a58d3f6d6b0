"""In which order what shares of work are made: first what is known from the start, then what follows from it."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from offkey.found import Gap
from scanner.commits.differences import Progress
from scanner.commits.past import Dumped
from scanner.options import Options
from scanner.repository.clone import is_url
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.sources import Target
from scanner.storage.packs import Unplanned
from scanner.storage.treewalk import tree_kernel
from scanner.workers import state
from scanner.workers.increment import Increment, Known, table, unknown_objects
from scanner.workers.memory import Kept, Memory
from scanner.workers.pool import AHEAD
from scanner.workers.state import Objects
from scanner.workers.tally import Tally
from scanner.workers.tasks import (
    circular,
    file_tasks,
    forest_of,
    new_object_tasks,
    object_tasks,
    pack_tasks,
    staged_tasks,
    whole_size,
)
from scanner.workers.work import Task

log = logging.getLogger(__name__)


@dataclass
class Rounds:
    """The shares of work of one scan.

    By target: the object stores that were looked at, the files to look at, what attribution learned of the history,
    and the checksums of packs that an earlier scan wrote down. `numbers` are the targets that are left to look at.
    """

    sources: Sequence[Target]
    options: Options
    tally: Tally
    memory: Memory | None
    stores: dict[int, Objects] = field(default_factory=dict)
    files: dict[int, list[Task]] = field(default_factory=dict)
    pasts: dict[int, Dumped] = field(default_factory=dict)
    known: dict[int, frozenset[str]] = field(default_factory=dict)
    numbers: Sequence[int] = ()
    afresh: bool = False
    """Whether nothing that is remembered counts."""
    attributing: Progress | None = None
    """Hears of commits that are compared: how many are done, of how many."""

    def __post_init__(self) -> None:
        self.numbers = self.numbers or range(len(self.sources))

    def list_files(self) -> None:
        """Find the files to look at now, not while others are looked at."""
        for number in range(len(self.sources)):
            self.files[number] = list(self._files(number))

    def _files(self, number: int) -> Iterable[Task]:
        source = self.sources[number]
        if number in self.files:
            return self.files[number]
        if source.content is not None or not (self.options.worktree or source.git is None):
            return ()
        history = self.options.history == "all"
        return file_tasks(source, number, history=history, known=history, gaps=self.tally.gaps)

    def state(self) -> state.State | None:
        """What the result rests on; None where that cannot be told from names, sizes and times."""
        states = []
        for number, source in enumerate(self.sources):
            if source.content is not None:
                return None
            told: object = ()
            if source.git is not None:
                try:
                    told = state.objects_of(source.git)
                except (Unplanned, OSError):
                    return None
                states.append(state.refs_of(source.git, index=not self.files[number]))
            states.append(state.files_of(item for task in self.files[number] for item in task.files))
            states.append(state.joined((), told))
        return state.joined(states, [gap.where for gap in self.tally.gaps])

    def __iter__(self) -> Iterator[Iterator[Task]]:
        if tasks := self._wholes():
            yield iter(tasks)
            for number, whole in self.tally.wholes.items():
                if whole.store is not None:
                    self.stores[number] = whole.store
                if whole.past is not None:
                    self.pasts[number] = whole.past
            self.numbers = [number for number in self.numbers if number not in self.tally.wholes]
        yield self._first()
        yield (task for increment in list(self.tally.increments.values()) for task in increment.tasks())
        yield self._again()
        yield self._trees()
        yield self._walks()

    def keep(self) -> None:
        """Remember what the objects of each target gave, and what is known of its history."""
        for number, now in self.stores.items():
            git, share = self.sources[number].git, self.tally.share(number)
            if self.memory is None or git is None or share.broken:
                continue
            name = self._name(number)
            missing = sorted(set(share.missing))
            kept = Kept(now.packs, now.loose, now.lfs, share.hits, share.gaps, missing, dict(share.sums))
            self.memory.keep_objects(name, kept)
            for pack, checksum in now.packs.items():
                if number not in self.known or checksum not in self.known[number]:
                    with suppress(OSError, ValueError):
                        self.memory.keep_column("ids", checksum, table(pack, git.hash_size))
            if number in self.pasts:
                data, graph = self.pasts[number]
                if graph is not None:
                    self.memory.keep_column("graph", name, graph)
                self.memory.keep_column("past", name, _tag(now) + data)

    def _name(self, number: int) -> str:
        git = self.sources[number].git
        assert git is not None
        name = self.sources[number].name
        return name if is_url(name) else f"{name}\0{git.common_dir}"  # the clone of a URL lies elsewhere each time

    def _wholes(self) -> list[Task]:
        """Tasks that each do all that a small target needs, where there are enough of them to keep all busy."""
        options = self.options
        if self.afresh or not (options.in_one_go and options.history == "all" and options.by_packs):
            return []
        sizes = {number: size for number in self.numbers if (size := whole_size(self.sources[number])) is not None}
        if self.memory is not None:
            sizes = {n: size for n, size in sizes.items() if self.memory.objects(self._name(n)) is None}
        if len(sizes) < 2 * options.jobs:
            return []
        return [Task(number, whole=True) for number in sorted(sizes, key=lambda number: -sizes[number])]

    def _first(self) -> Iterator[Task]:
        alone = sum(not source.inner for source in self.sources) == 1
        for number in self.numbers:
            source = self.sources[number]
            if source.git is not None:
                try:
                    yield from self._git_tasks(source.git, number)
                except GitError as error:
                    if alone and not source.inner:
                        raise
                    gap = Gap(where=f"{source.name}: history", why=str(error), advice="scan it by itself")
                    self.tally.gaps.append(gap)
            forest = self.tally.forests.get(number)
            for task in self._files(number):
                if forest is not None:
                    forest.index.update(item.known for item in task.files if item.known)
                yield task

    def _git_tasks(self, git: Git, number: int) -> Iterator[Task]:
        if self.options.history == "all":
            yield from self._history_tasks(git, number)
        if self.options.staged:
            yield from staged_tasks(git, number, self.tally.gaps)

    def _history_tasks(self, git: Git, number: int) -> Iterator[Task]:
        if self.options.by_packs:
            try:
                yield from self._remembered(git, number) or self._full(git, number)
            except Unplanned as error:
                log.info("%s: reading through git: %s", git.path, error)
            else:
                return
        if endless := list(circular(git, compiled=self.options.compiled)):
            why = "git would not end over deltas that are built on themselves, so nothing is read through it"
            advice = "scan it without --exhaustive and --since, which reads all else"
            self.tally.gaps += [*endless, Gap(where=f"{git.path}: history", why=why, advice=advice)]
            return
        since = self.options.since
        yield Task(number, walk=since is None)
        yield from object_tasks(git, number, since, self.tally.gaps)

    def _full(self, git: Git, number: int) -> Iterator[Task]:
        """Tasks over all objects of the packs. Raises Unplanned before the first."""
        self.tally.forget(number)
        self.stores.pop(number, None)
        now = state.objects_of(git) if self.memory is not None else None  # before: what comes in between is new
        forest = forest_of(git, number, self.options)
        if now is not None and forest.whole:
            self.stores[number] = now
        self.tally.forests[number] = forest
        return pack_tasks(forest, self.tally.share(number).gaps)

    def _remembered(self, git: Git, number: int) -> Iterator[Task] | None:
        """Tasks over what is new since the scan that is remembered; None where there is none, or it is of no use."""
        kernel = tree_kernel(self.options.compiled)
        if self.afresh or self.memory is None or kernel is None:
            return None
        before = self.memory.objects(self._name(number))
        if before is None:
            return None
        memory, name = self.memory, self._name(number)
        old = Objects(dict(before.packs), list(before.loose), before.lfs)
        try:
            now = state.objects_of(git)
            unknown = unknown_objects(git, kernel, old, now, lambda checksum: memory.column("ids", checksum))
            tables = [table(pack, git.hash_size) for pack in now.packs]
        except (OSError, ValueError):
            return None
        if unknown is None:
            return None
        past = memory.column("past", name)
        fits = past is not None and past.startswith(_tag(old))
        kept = (past[len(_tag(old)) :], memory.column("graph", name)) if past is not None and fits else None
        known = Known(kernel, tables, now.loose, git.hash_size)
        self.stores[number] = now
        self.known[number] = frozenset(before.packs.values())
        self.tally.recall(number, before)
        self.tally.increments[number] = Increment(git, number, unknown, known, kept)
        return new_object_tasks(self.tally.increments[number], self.tally.share(number).gaps)

    def _again(self) -> Iterator[Task]:
        """All objects after all, where what is new does not fit what is remembered."""
        for number, increment in list(self.tally.increments.items()):
            if not increment.fits(self.tally.share(number).missing):
                yield from self._full(increment.git, number)

    def _trees(self) -> Iterator[Task]:
        """The git trees, as it is known what to look for; of an increment whose past does not know it."""
        for number, increment in list(self.tally.increments.items()):
            wanted = self.tally.blobs(number)
            if self.tally.share(number).hits and not (increment.past and increment.past.knows(wanted)):
                git = increment.git
                forest = forest_of(git, number, self.options)
                forest.searched = False
                forest.find_trees()
                self.tally.forests[number] = forest
                del self.tally.increments[number]
        for number, forest in self.tally.forests.items():
            tasks = forest.tasks(self.tally.blobs(number))
            yield from islice(tasks, self.options.jobs * AHEAD - 1)
            if forest.whole:
                forest.prepare()  # while the workers are busy
            yield from tasks

    def _walks(self) -> Iterator[Task]:
        """Walks of histories that may lead to what is absent."""
        for number in sorted(self.tally.forests):
            if self.tally.doubtful(number, self.options.jobs, self.attributing):
                self.stores.pop(number, None)
                yield Task(number, walk=True)


def _tag(objects: Objects) -> bytes:
    """Ties a history to the objects that it was read from."""
    told: Mapping[str, object] = {"packs": sorted(objects.packs.values()), "loose": sorted(objects.loose)}
    return state.joined((), told).digest.encode()
