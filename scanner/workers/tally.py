"""Running sums over what the workers send, by target; and what is known of each target's objects and history."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from offkey.found import Gap
from scanner.commits.absence import absent_blobs, absent_by_changes
from scanner.commits.attribution import Attributed
from scanner.commits.differences import Progress
from scanner.commits.forest import Forest
from scanner.commits.past import Dumped
from scanner.contents.hits import Hit
from scanner.repository.giterrors import GitError
from scanner.repository.sources import Target
from scanner.storage.packs import KINDS, open_pack
from scanner.workers import pool
from scanner.workers.division import PIECE, divided
from scanner.workers.increment import Increment
from scanner.workers.memory import Kept
from scanner.workers.state import Objects
from scanner.workers.work import Outcome, Task

MISSING_SHOWN = 100
"""Missing objects that get a Gap of their own per repository; one more Gap counts the rest."""
SUMS = ("objects", "files", "bytes", "suppressed")


@dataclass
class Share:
    """What the objects of one target gave. `broken` when a worker died over some."""

    hits: list[Hit] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    sums: Counter[str] = field(default_factory=Counter)
    broken: bool = False


@dataclass
class Whole:
    """What one worker learned of one target: of its objects, of its files, and who brought in what was found.

    `store` and `past` are what the next scan is to know of it.
    """

    target: int
    share: Share
    files: list[Hit]
    gaps: list[Gap]
    sums: Mapping[str, int]
    told: Attributed | None
    store: Objects | None
    past: Dumped | None


class Tally:
    """`gaps` collects what concerns no object in particular; `forests`, `increments` and `wholes` are by target."""

    def __init__(self, gaps: list[Gap], sources: Sequence[Target]) -> None:
        self.gaps = gaps
        self.forests: dict[int, Forest] = {}
        self.increments: dict[int, Increment] = {}
        self.wholes: dict[int, Whole] = {}
        self._sources = sources
        self._shares: defaultdict[int, Share] = defaultdict(Share)
        self._files: list[Hit] = []
        self._held: set[tuple[int, str]] = set()
        self._sums: Counter[str] = Counter()
        """Of all shares and files together: asked for with each outcome."""

    def _anew(self, target: int, share: Share) -> None:
        self._sums.subtract(self._shares[target].sums)
        self._sums.update(share.sums)
        self._shares[target] = share

    def share(self, target: int) -> Share:
        """What the objects of a target gave so far."""
        return self._shares[target]

    def recall(self, target: int, kept: Kept) -> None:
        """Take over what an earlier scan found in the objects of a target."""
        hits = [hit._replace(target=target) for hit in kept.hits]
        self._anew(target, Share(hits, list(kept.gaps), list(kept.missing), Counter(kept.sums)))

    def forget(self, target: int) -> None:
        """Leave out what was found in the objects of a target: they are looked at again."""
        self._anew(target, Share())
        self.increments.pop(target, None)
        self.forests.pop(target, None)

    def whole(self, target: int, *, told: Attributed | None, store: Objects | None, past: Dumped | None) -> Whole:
        """All of a target, the only one that was looked at."""
        return Whole(target, self._shares[target], self._files, self.gaps, self.sums(), told, store, past)

    def add(self, outcome: Outcome | Whole | pool.Lost[Task]) -> None:
        """Take over what a worker sent, or note what was lost with one."""
        if isinstance(outcome, pool.Lost):
            self._lost(outcome.task)
            return
        if isinstance(outcome, Whole):
            self._shares[outcome.target] = outcome.share
            self._files += outcome.files
            self.gaps += outcome.gaps
            self._sums.update(outcome.sums)
            self.wholes[outcome.target] = outcome
            return
        share = self._shares[outcome.target]
        if outcome.held:
            self.gaps += outcome.gaps
            self._held |= {(hit.target, hit.fingerprint) for hit in outcome.hits}
            return
        if outcome.of_files:
            self.gaps += outcome.gaps
            self._files += outcome.hits
            self._sums.update(_sums(outcome))
            return
        for known in (self.forests.get(outcome.target), self.increments.get(outcome.target)):
            if known is not None:
                known.add(outcome)
        share.hits += outcome.hits
        share.gaps += outcome.gaps
        share.missing += outcome.missing
        share.sums.update(_sums(outcome))
        self._sums.update(_sums(outcome))

    @property
    def broken(self) -> bool:
        """Whether a worker died over something."""
        return any(share.broken for share in self._shares.values())

    def hits(self) -> list[Hit]:
        """Those whose value no held object of the same target has."""
        found = [hit for _, share in sorted(self._shares.items()) for hit in share.hits] + self._files
        return [hit for hit in found if (hit.target, hit.fingerprint) not in self._held]

    def all_gaps(self) -> list[Gap]:
        """Every gap, with those for missing objects."""
        found = list(self.gaps)
        for number, share in sorted(self._shares.items()):
            found += [*share.gaps, *_missing(share.missing, self._sources[number].name)]
        return found

    def doubtful(self, target: int, jobs: int, progress: Progress | None = None) -> bool:
        """Whether git must walk the history to see what is absent; if not, what is so is noted here."""
        forest = self.forests[target]
        forest.wanted = frozenset(self.blobs(target))
        try:
            absent = absent_blobs(forest, jobs) if forest.whole else absent_by_changes(forest, jobs, progress)
        except GitError:  # which the walk meets, too, and tells
            absent = None
        self._shares[target].missing += absent or []
        return absent is None

    def blobs(self, target: int) -> set[str]:
        """Ids of a target's blobs in which something was found."""
        return {hit.object for hit in self._shares[target].hits if hit.object_type == "blob"}

    def sums(self) -> dict[str, int]:
        """How much was looked at, by the names in SUMS."""
        return {name: self._sums[name] for name in SUMS}

    def _lost(self, task: Task) -> None:
        if task.whole:
            return  # it is looked at again, piece by piece
        self.gaps += _lost(task, self._sources)
        self._shares[task.target].broken = True
        if task.target in self.forests:
            self.forests[task.target].lost()
        self.increments.pop(task.target, None)


def _sums(outcome: Outcome) -> dict[str, int]:
    return {name: getattr(outcome, name) for name in SUMS}


def _lost(task: Task, sources: Sequence[Target]) -> Iterator[Gap]:
    name = sources[task.target].name
    why, advice = "the process that looked at it died, twice", "give it more memory, or lower the size limit to skip it"
    if task.walk:
        yield Gap(where=f"{name}: history", why=why, advice=advice)
    if task.look is not None:
        return  # git compares all commits instead, and says itself what it cannot read
    for info in task.objects:
        yield Gap(where=f"{name}: {info.type} {info.oid}", why=why, advice=advice)
    git = sources[task.target].git
    if task.roots and git is not None:
        pack = open_pack(task.pack, git.hash_size)
        piece = divided(pack, task.roots[0], PIECE)[task.piece].entries if task.piece >= 0 else None
        for position in piece or (below for root in task.roots for below in pack.below(root)):
            yield Gap(where=f"{name}: {KINDS[pack.types[position]]} {pack.oid(position)}", why=why, advice=advice)
    for oid in task.loose:
        yield Gap(where=f"{name}: object {oid}", why=why, advice=advice)
    for item in task.files:
        yield Gap(where=f"{name}/{item.path}", why=why, advice=advice)


def _missing(oids: Sequence[str], name: str) -> Iterator[Gap]:
    advice = "fetch it from the repository's origin (`git fetch --refetch`) and scan again"
    for oid in sorted(set(oids))[:MISSING_SHOWN]:
        yield Gap(where=f"{name}: object {oid}", why="missing from the repository", advice=advice)
    if len(oids) > MISSING_SHOWN:
        why = f"{len(oids) - MISSING_SHOWN} more objects are missing from the repository"
        yield Gap(where=f"{name}: objects", why=why, advice=advice)
