"""Where CI and deployment use secrets, in every version that a repository keeps, and who last changed those jobs.

Each version is parsed once by path and blob. A use is a secret's name in a job; uses that differ in nothing but the
version are one, present when a branch tip has it. A job called from elsewhere also runs when its callers do.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from offkey.found import Authorship, Gap, Use
from scanner.authors import read_credits
from scanner.ci.config import VARIABLE, WHOLE, Config, Name, Part, owners, runs, sounds_secret
from scanner.ci.registry import SYSTEMS, read, systems_of
from scanner.configs import Versions, Write, contents, versions
from scanner.encoding import decoded
from scanner.git import Git
from scanner.history import Node

SCHEDULE = "schedule"
"""The `note` of a use that stands for a workflow's own schedule, and names no secret."""
_CRON = "\0cron"
_MANY = 20
"""Levels of workflows that call workflows: GitHub allows ten."""


class Version(NamedTuple):
    """What one version of a file says to one system, and a digest of each job's text (and of its schedule)."""

    config: Config
    digests: Mapping[str, str]


Key = tuple[str, str, str]
"""System, path, blob."""


@dataclass(frozen=True)
class Mention:
    """A file that a job names: where the mention stands, as a use without a name, and which paths may be meant."""

    use: Use
    targets: tuple[str, ...]
    folder: bool


@dataclass(frozen=True)
class Survey:
    """One repository: every use by name, files that are named, schedules of today, and how to read more of it."""

    git: Git
    repo: str
    told: Versions
    read: Mapping[Key, Version]
    gaps: tuple[Gap, ...]
    _credits: dict[str, Authorship] = field(default_factory=dict, repr=False)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Names that jobs refer to, sorted; `note` says how each is referred to."""
        found: dict[tuple[str, ...], Use] = {}
        order = self._order
        for key in sorted(self.read, key=lambda key: order.get(key[1:], len(order))):
            self._collect(key, found)
        own = self._signed(found.values())
        more = [use for use in self._inherited() if _same(use) not in found]
        return tuple(sorted((*own, *more), key=use_order))

    @cached_property
    def named(self) -> tuple[Use, ...]:
        """The uses that name a secret, or a variable that sounds like one."""
        running = (use for use in self.uses if use.system not in _NO_JOBS)
        return tuple(use for use in running if use.note != VARIABLE or sounds_secret(use.name))

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Files that jobs of any version name."""
        found: dict[tuple[object, ...], Mention] = {}
        for key, version in sorted(self.read.items()):
            system, path, blob = key
            for file in version.config.files:
                targets = tuple(dict.fromkeys(t for t in (_beside(path, file.path), _plain(file.path)) if t))
                for part in owners(version.config, file.line):
                    use = self._use(key, part, file.line, f"{file.how} {file.path}")
                    same = (*_same(use), targets)
                    if same not in found or (use.present and not found[same].use.present):
                        found[same] = Mention(use, targets, file.how in _FOLDERS)
        signed = {_unsigned(use): use for use in self._signed(mention.use for mention in found.values())}
        return tuple(replace(mention, use=signed[_unsigned(mention.use)]) for mention in found.values())

    @cached_property
    def schedules(self) -> tuple[Use, ...]:
        """What runs by the clock today: on the default branch where there is one, with whoever last changed the cron."""
        tree = self.told.tips.get(self.told.head) or next(iter(self.told.tips.values()), {})
        found = []
        for (system, path, blob), version in sorted(self.read.items()):
            if version.config.crons and tree.get(path) == blob:
                whole = Part((), job="")
                use = self._use((system, path, blob), whole, version.config.crons[0][1], SCHEDULE)
                when = tuple(f"schedule {cron}" for cron, _ in version.config.crons)
                found.append((replace(use, when=when), self.last_change((system, path, blob), _CRON)))
        self._know(commit for _, commit in found)
        return tuple(replace(use, changed=self._credits.get(commit)) for use, commit in found)

    def place(self, key: Key, line: int, note: str, name: str = "") -> tuple[Use, ...]:
        """The jobs that hold a line of a version, with whoever last changed them; nothing for a version not read."""
        version = self.read.get(key)
        if version is None:
            return ()
        return self._signed(self._use(key, part, line, note, name) for part in owners(version.config, line))

    @cached_property
    def _order(self) -> Mapping[tuple[str, str], int]:
        """Versions by age, the newest first."""
        found: dict[tuple[str, str], int] = {}
        for number, write in enumerate(self.told.writes):
            found.setdefault((write.path, write.new), number)
        return found

    def _collect(self, key: Key, found: dict[tuple[str, ...], Use]) -> None:
        """Add one version's names; newer versions came before, older ones make the first commit earlier."""
        config = self.read[key].config
        for name in config.names:
            for part in owners(config, name.line):
                use = self._use(key, part, name.line, name.how, name.name)
                known = found.setdefault(_same(use), use)
                if known is not use:
                    kept = use if use.present and not known.present else known
                    found[_same(use)] = replace(kept, commit=self._earlier(known.commit, use.commit), last=known.last)

    def _earlier(self, one: str, other: str) -> str:
        return max((one, other), key=lambda commit: self._ages.get(commit, -1))

    @cached_property
    def _ages(self) -> Mapping[str, int]:
        return {write.commit: number for number, write in enumerate(self.told.writes)}

    def _use(self, key: Key, part: Part, line: int, note: str, name: str = "") -> Use:
        system, path, blob = key
        config = self.read[key].config
        first, last = self._written.get((path, blob), ("", ""))
        present = bool(self.told.tip_of(path, blob))
        when = runs(config, part)
        if present and (callers := self._callers.get(path, ())):
            when = tuple(dict.fromkeys((*when, *callers)))
        return Use(
            system=system, repo=self.repo, path=path, line=line, workflow=config.workflow, job=part.job,
            step=part.step, environment=part.environment, name=name, when=when, present=present,
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
    def _callers(self) -> Mapping[str, tuple[str, ...]]:
        """When workflows and actions run that others of the same tip call."""
        calls: dict[str, list[tuple[str, str, tuple[str, ...]]]] = defaultdict(list)
        tree = self._today
        for (_, path, blob), version in sorted(self.read.items()):
            if tree.get(path) != blob:
                continue
            for file in version.config.files:
                for target in _CALLED.get(file.how, lambda _: ())(file.path):
                    for part in owners(version.config, file.line) if target in tree else ():
                        calls[target].append((path, part.job, runs(version.config, part)))
        return {target: tuple(sorted(_called_when(target, calls))) for target in calls}

    @cached_property
    def _today(self) -> Mapping[str, str]:
        return next(iter(self.told.tips.values()), {})

    def _inherited(self) -> list[Use]:
        """Names in templates of other files, for the jobs that extend them (GitLab's `extends` over `include`)."""
        today = [(key, v) for key, v in sorted(self.read.items()) if self._today.get(key[1]) == key[2]]
        templates = {part.job: (key, part) for key, v in today for part in v.config.parts if part.job.startswith(".")}
        found = []
        for key, version in today:
            for part in version.config.parts:
                for base in _bases(part, templates):
                    there, template = templates[base]
                    for name in _inside(self.read[there].config, template):
                        (use,) = self._signed([self._use(key, part, 0, name.how, name.name)])
                        found.append(replace(use, path=there[1], line=name.line))
        return found

    def last_change(self, key: Key, job: str) -> str:
        """The newest commit, below a tip that has this version, that changed a job's text; "" where none is known."""
        system, path, blob = key
        tip = self.told.tip_of(path, blob)
        wanted = self._digest(key, job)
        if not tip or wanted is None:
            return ""
        below = self.told.ancestors(tip)
        met: set[str] = set()
        while path not in met:
            met.add(path)
            write = self._bringer(system, path, job, wanted, below)
            if write is None:
                return ""
            moved = None if any(write.olds) else self._moved_from(system, write, job, wanted)
            if moved is None:
                return write.commit
            path = moved
        return ""

    def _bringer(self, system: str, path: str, job: str, wanted: str, below: frozenset[str]) -> Write | None:
        for write in self.told.by_path.get(path, ()):
            if write.commit in below and write.new and self._digest((system, path, write.new), job) == wanted:
                olds = (self._digest((system, path, old), job) for old in write.olds if old)
                if wanted not in olds:
                    return write
        return None

    def _moved_from(self, system: str, write: Write, job: str, wanted: str) -> str | None:
        """The path that the same commit took away, and that had the same job."""
        for gone in self.told.removed.get(write.commit, ()):
            if any(old and self._digest((system, gone.path, old), job) == wanted for old in gone.olds):
                return gone.path
        return None

    def _digest(self, key: Key, job: str) -> str | None:
        version = self.read.get(key)
        return version.digests.get(job) if version is not None else None

    def _signed(self, uses: Iterable[Use]) -> tuple[Use, ...]:
        """The uses of today with whoever last changed the job, all in order."""
        ordered = sorted(uses, key=use_order)
        commits = {}
        for use in ordered:
            if use.present:
                commits[use] = self._changed(use.system, use.path, use.job)
        self._know(commits.values())
        return tuple(replace(use, changed=self._credits.get(commits.get(use, ""))) for use in ordered)

    def _changed(self, system: str, path: str, job: str) -> str:
        for tree in self.told.tips.values():
            if path in tree and (found := self._last(system, path, tree[path], job)):
                return found
        return ""

    @cached_property
    def _last(self) -> Callable[[str, str, str, str], str]:
        return lru_cache(maxsize=None)(lambda system, path, blob, job: self.last_change((system, path, blob), job))

    def _know(self, commits: Iterable[str]) -> None:
        wanted = sorted(set(commits) - self._credits.keys() - {""})
        if wanted:
            found, _ = read_credits(self.git, [Node(oid, "commit", "", "", ()) for oid in wanted])
            self._credits.update({oid: credits.author for oid, credits in found.items()})


_NO_JOBS = frozenset(("dotenv",))
"""Systems whose files set variables and run nothing."""
_FOLDERS = frozenset(("COPY", "ADD", "mounted file"))
_CALLED: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "called workflow": lambda path: (path,),
    "local action": lambda path: (f"{path.rstrip('/')}/action.yml", f"{path.rstrip('/')}/action.yaml"),
    "include": lambda path: (path,),
}


def survey(git: Git, repo: str) -> Survey:
    """Read all configuration of a repository. Present files that cannot be parsed, and what cannot be read, are Gaps."""
    told = versions(git)
    gaps = list(told.gaps)
    found: dict[Key, Version] = {}
    paths: dict[str, list[str]] = defaultdict(list)
    for path, blob in sorted(told.all):
        paths[blob].append(path)
    for blob, content in contents(git, paths, gaps):
        text = decoded(content)[0].decode("utf-8", "replace")
        for path in paths[blob]:
            _add(found, path, blob, text)
    for (system, path, blob), version in sorted(found.items()):
        if version.config.problem and told.tip_of(path, blob):
            why = f"as {SYSTEMS[system].TITLE}: {version.config.problem}; only names in its lines are known"
            gaps.append(Gap(where=f"{repo}: {path}", why=why, advice="mend the file if it is in use"))
    return Survey(git, repo, told, found, tuple(dict.fromkeys(gaps)))


def _add(found: dict[Key, Version], path: str, blob: str, text: str) -> None:
    for system in systems_of(path):
        config = read(system, path, text)
        if config != Config():
            found[system, path, blob] = Version(config, _digests(config, text))


def _digests(config: Config, text: str) -> dict[str, str]:
    """A digest of each job's lines, of all lines as "", and of the schedule."""
    lines = text.replace("\r\n", "\n").split("\n")
    made = {"": _hash(lines)}
    jobs: dict[str, list[str]] = defaultdict(list)
    for part in config.parts:
        if part.job and (not part.step or part.job not in jobs):
            jobs[part.job] += [line.rstrip() for first, last in part.lines for line in lines[first - 1 : last]]
    made |= {job: _hash(told) for job, told in jobs.items()}
    if config.crons:
        made[_CRON] = _hash([cron for cron, _ in config.crons])
    return made


def _hash(lines: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _same(use: Use) -> tuple[str, ...]:
    return (use.system, use.path, use.job, use.step, use.environment, use.name, use.note)


def _unsigned(use: Use) -> Use:
    return replace(use, changed=None)


def use_order(use: Use) -> tuple[object, ...]:
    """Uses of today first, then by place."""
    return (not use.present, use.repo, use.path, use.line, use.job, use.step, use.name, use.note, use.system)


def _plain(path: str) -> str:
    """A path from the root in its shortest form; "" for one that leads out of it."""
    parts: list[str] = []
    for piece in path.split("/"):
        if piece == "..":
            if not parts:
                return ""
            parts.pop()
        elif piece not in ("", "."):
            parts.append(piece)
    return "/".join(parts)


def _beside(path: str, named: str) -> str:
    return _plain(f"{path.rpartition('/')[0]}/{named}")


def _called_when(target: str, calls: Mapping[str, list[tuple[str, str, tuple[str, ...]]]]) -> set[str]:
    """How the callers of a file, and theirs in turn, are started."""
    found: set[str] = set()
    waiting = [(target, 0)]
    met = {target}
    while waiting:
        here, depth = waiting.pop()
        for path, job, when in calls.get(here, ()):
            via = f"called by {path}" + (f", job {job}" if job else "")
            found.add(f"{via} ({', '.join(when)})" if when else via)
            if path not in met and depth < _MANY:
                met.add(path)
                waiting.append((path, depth + 1))
    return found


def _bases(part: Part, templates: Mapping[str, tuple[Key, Part]]) -> list[str]:
    """Templates in other files that a job is made from, and those that they are made from."""
    found: list[str] = []
    waiting = list(part.bases)
    while waiting and len(found) < _MANY:
        name = waiting.pop(0)
        if name in templates and name not in found:
            found.append(name)
            waiting += templates[name][1].bases
    return found


def _inside(config: Config, part: Part) -> list[Name]:
    return [name for name in config.names if any(first <= name.line <= last for first, last in part.lines)]


__all__ = ["SCHEDULE", "WHOLE", "Mention", "Survey", "survey", "use_order"]
