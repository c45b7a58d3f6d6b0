"""Where CI and deployment use secrets, in every version that a repository keeps, and who last changed those jobs.

Each version is parsed once by path and blob. A use is a secret's name in a job; uses that differ in nothing but the
version are one, present when a branch tip has it. A job called from elsewhere also runs when its callers do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from offkey.found import Authorship, Gap, Use
from scanner.ci.config import COMPUTED, PAIRS, REMOTE, TEMPLATE, VARIABLE, Config, Part, owners_of, runs, sounds_secret
from scanner.ci.paths import beside, plain
from scanner.ci.registry import systems_of
from scanner.commits.authors import read_credits
from scanner.commits.history import Node
from scanner.pipelines.callers import bases, callers
from scanner.pipelines.configs import Versions
from scanner.pipelines.includes import Included
from scanner.pipelines.jobs import CRON, Key, Readings, last_change
from scanner.repository.git import Git

SCHEDULE = "schedule"
"""The `note` of a use that stands for a workflow's own schedule, and names no secret."""


@dataclass(frozen=True)
class Mention:
    """A file that a job names: where the mention stands, as a use without a name, and which paths may be meant."""

    use: Use
    targets: tuple[str, ...]
    folder: bool


class Told(NamedTuple):
    """Something in a line of a version. `apart` tells things apart that have name and note in common."""

    name: str
    line: int
    note: str
    apart: object = None


@dataclass(frozen=True)
class Survey:
    """One repository: every use by name, files that are named, schedules of today, and how to read more of it.

    Of a plain folder there is no `git`, and nobody is known to have changed anything. `root` is where files lie.
    """

    git: Git | None
    root: Path | None
    repo: str
    told: Versions
    read: Readings
    gaps: tuple[Gap, ...]
    included: Included = field(default_factory=Included)
    _credits: dict[str, Authorship] = field(default_factory=dict, repr=False)

    def systems(self, path: str) -> tuple[str, ...]:
        """The systems that a path belongs to, by itself or because it is included."""
        return (*systems_of(path), *self.included.systems.get(path, ()))

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Names that jobs refer to, sorted; `note` says how each is referred to."""
        return self.signed(self.gathered(_names).values())

    def gathered(self, told: Callable[[Config], Sequence[Told]]) -> Mapping[tuple[object, ...], Use]:
        """What all versions tell, one use for what differs in nothing but the version.

        The keys are those of uses, with what `told` adds to tell them apart at the end.
        """
        found: dict[tuple[object, ...], Use] = {}
        order = self._order
        for key in sorted(self.read, key=lambda key: order.get(key[1:], len(order))):
            self._collect(key, told(self.read[key].config), found)
        return found

    @cached_property
    def named(self) -> tuple[Use, ...]:
        """The uses that name a secret, or a variable that sounds like one."""
        return tuple(use for use in self.in_jobs if use.note != VARIABLE or sounds_secret(use.name))

    @property
    def in_jobs(self) -> tuple[Use, ...]:
        """The uses in files that run something."""
        return tuple(use for use in self.uses if use.system not in _NO_JOBS)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Files that jobs of any version name."""
        found: dict[tuple[object, ...], Mention] = {}
        for key, version in sorted(self.read.items()):
            path = key[1]
            files = [file for file in version.config.files if file.how not in (REMOTE, COMPUTED)]
            held = self._held(key, (file.line for file in files))
            for file in files:
                targets = tuple(dict.fromkeys(t for t in (beside(path, file.path), plain(file.path)) if t))
                for home, part in held[file.line]:
                    use = self._use(home, part, file.line, f"{file.how} {file.path}", path=path)
                    same = (*_same(use), targets)
                    if same not in found or (use.present and not found[same].use.present):
                        found[same] = Mention(use, targets, file.how in _FOLDERS)
        signed = {unsigned(use): use for use in self.signed(mention.use for mention in found.values())}
        return tuple(replace(mention, use=signed[unsigned(mention.use)]) for mention in found.values())

    @cached_property
    def schedules(self) -> tuple[Use, ...]:
        """What runs by the clock today, on the default branch if there is one, with whoever last changed the cron."""
        first = next(iter(self.told.tips), "")
        tip = self.told.head if self.told.tips.get(self.told.head) else first
        tree = self.told.tips.get(tip, {})
        found = []
        for (system, path, blob), version in sorted(self.read.items()):
            if version.config.crons and tree.get(path) == blob and self.included.runs_in(tip, system, path):
                whole = Part((), job="")
                use = self._use((system, path, blob), whole, version.config.crons[0][1], SCHEDULE)
                when = tuple(f"schedule {cron}" for cron, _ in version.config.crons)
                found.append((replace(use, when=when), last_change(self.told, self.read, (system, path, blob), CRON)))
        self._know(commit for _, commit in found)
        return tuple(replace(use, changed=self._credits.get(commit)) for use, commit in found)

    def place(self, key: Key, line: int, note: str, name: str = "") -> tuple[Use, ...]:
        """The jobs that hold a line of a version, with whoever last changed them; nothing for a version not read."""
        if key not in self.read:
            return ()
        held = self._held(key, [line])[line]
        return self.signed(self._use(home, part, line, note, name, path=key[1]) for home, part in held)

    @cached_property
    def _order(self) -> Mapping[tuple[str, str], int]:
        """Versions by age, the newest first."""
        found: dict[tuple[str, str], int] = {}
        for number, write in enumerate(self.told.writes):
            found.setdefault((write.path, write.new), number)
        return found

    def _collect(self, key: Key, told: Sequence[Told], found: dict[tuple[object, ...], Use]) -> None:
        """Add one version's; newer versions came before, older ones make the first commit earlier."""
        held = self._held(key, (one.line for one in told))
        for one in told:
            for home, part in held[one.line]:
                use = self._use(home, part, one.line, one.note, one.name, path=key[1])
                same = (*_same(use), one.apart)
                known = found.setdefault(same, use)
                if known is not use:
                    kept = use if use.present and not known.present else known
                    found[same] = replace(kept, commit=self._earlier(known.commit, use.commit), last=known.last)

    def _earlier(self, one: str, other: str) -> str:
        return max((one, other), key=lambda commit: self._ages.get(commit, -1))

    @cached_property
    def _ages(self) -> Mapping[str, int]:
        return {write.commit: number for number, write in enumerate(self.told.writes)}

    def _held(self, key: Key, lines: Iterable[int]) -> Mapping[int, Sequence[tuple[Key, Part]]]:
        """The jobs that lines of a version belong to, each with the version it stands in.

        Those of templates belong also to the jobs of other files that are made from them.
        """
        config = self.read[key].config
        heirs = [(template, self._heirs.get((key, template.job), ())) for template in config.templates]
        found: dict[int, list[tuple[Key, Part]]] = {}
        for line, parts in owners_of(config, lines).items():
            others = [heir for one, those in heirs if those and _holds(one, line) for heir in those]
            own = [(key, part) for part in parts if part != TEMPLATE or not others]
            found[line] = list(dict.fromkeys((*own, *others)))
        return found

    @cached_property
    def _heirs(self) -> Mapping[tuple[Key, str], Sequence[tuple[Key, Part]]]:
        """The jobs of today that are made from templates of other files (`extends` over `include` in GitLab)."""
        tip, tree = next(iter(self.told.tips.items()), ("", {}))
        here = (key for key in sorted(self.read) if tree.get(key[1]) == key[2])
        today = [(key, self.read[key]) for key in here if self.included.runs_in(tip, *key[:2])]
        templates = {part.job: (key, part) for key, v in today for part in v.config.templates}
        weights = {name: _weight(self.read[key].config, part) for name, (key, part) in templates.items()}
        found: dict[tuple[Key, str], list[tuple[Key, Part]]] = defaultdict(list)
        room = PAIRS
        for key, version in today:
            for part in version.config.parts if templates else ():
                for base in bases(part, templates):
                    room -= weights[base]
                    if room > 0:
                        found[templates[base][0], base].append((key, part))
        return found

    @cached_property
    def _homes(self) -> Mapping[tuple[str, str], str]:
        """The file in which a job stands whose template is in another: by that other's path, and the job."""
        found = {(there[1], part.job): key[1] for (there, _), heirs in self._heirs.items() for key, part in heirs}
        own = {(key[1], part.job) for key, _ in self._heirs for part in self.read[key].config.parts}
        return {place: home for place, home in found.items() if place not in own}

    def _use(self, key: Key, part: Part, line: int, note: str, name: str = "", *, path: str = "") -> Use:
        """A line of the file at `path`, which is the job's own file unless the line is that of a template elsewhere."""
        system, home, blob = key
        config = self.read[key].config
        first, last = self._written.get((home, blob), ("", ""))
        tip = self.included.tip_of(self.told, key)
        when = (part.when or ()) if self.included.only(system, home) else runs(config, part)
        if tip and part != TEMPLATE:
            when = tuple(dict.fromkeys((*when, *self._callers(tip).get(home, ()))))
        return Use(
            system=system, repo=self.repo, path=path or home, line=line, workflow=config.workflow, job=part.job,
            step=part.step, environment=part.environment, name=name, when=when, present=bool(tip),
            commit=first, last=last, note=note,
        )  # fmt: skip

    @cached_property
    def _written(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """The first and the last commit that gave a path a content."""
        found: dict[tuple[str, str], tuple[str, str]] = {}
        for write in self.told.writes:
            key = (write.path, write.new)
            found[key] = (write.commit, found[key][1] if key in found else write.commit)
        return found

    @cached_property
    def _callers(self) -> Callable[[str], Mapping[str, tuple[str, ...]]]:
        """By tip when the files run that others in it call or include."""
        return lru_cache(maxsize=None)(lambda tip: callers(self._calling, tip, self.told.tips[tip], self.included))

    @cached_property
    def _calling(self) -> Readings:
        """The versions that call or include others."""
        return {key: v for key, v in sorted(self.read.items()) if any(map(self.included.paths.meant, v.config.files))}

    def signed(self, uses: Iterable[Use]) -> tuple[Use, ...]:
        """The uses of today with whoever last changed the job, all in order."""
        ordered = sorted(uses, key=use_order)
        commits = {}
        for use in ordered:
            if use.present:
                commits[use] = self._changed(use.system, use.path, use.job)
        self._know(commits.values())
        return tuple(replace(use, changed=self._credits.get(commits.get(use, ""))) for use in ordered)

    def _changed(self, system: str, path: str, job: str) -> str:
        path = self._homes.get((path, job), path)
        for tree in self.told.tips.values():
            if path in tree and (found := self._last(system, path, tree[path], job)):
                return found
        return ""

    @cached_property
    def _last(self) -> Callable[[str, str, str, str], str]:
        return lru_cache(maxsize=None)(
            lambda system, path, blob, job: last_change(self.told, self.read, (system, path, blob), job)
        )

    def _know(self, commits: Iterable[str]) -> None:
        wanted = sorted(set(commits) - self._credits.keys() - {""})
        if wanted and self.git is not None:
            found, _ = read_credits(self.git, [Node(oid, "commit", "", "", ()) for oid in wanted])
            self._credits.update({oid: credits.author for oid, credits in found.items()})


def _names(config: Config) -> Sequence[Told]:
    return [Told(name.name, name.line, name.how) for name in config.names]


_NO_JOBS = frozenset(("dotenv",))
"""Systems whose files set variables and run nothing."""
_FOLDERS = frozenset(("COPY", "ADD", "mounted file"))


def _same(use: Use) -> tuple[str, ...]:
    return (use.system, use.path, use.job, use.step, use.environment, use.name, use.note)


def unsigned(use: Use) -> Use:
    """The use without whoever changed it."""
    return replace(use, changed=None)


def use_order(use: Use) -> tuple[object, ...]:
    """Uses of today first, then by place."""
    return (not use.present, use.repo, use.path, use.line, use.job, use.step, use.name, use.note, use.system)


def _holds(part: Part, line: int) -> bool:
    return any(first <= line <= last for first, last in part.lines)


def _weight(config: Config, part: Part) -> int:
    """How many uses a job gets from a template."""
    lines = [*(name.line for name in config.names), *(file.line for file in config.files)]
    return 1 + sum(_holds(part, line) for line in lines)
