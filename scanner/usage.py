"""Where CI and deployment use secrets, in every version that a repository keeps, and who last changed those jobs.

Each version is parsed once by path and blob. A use is a secret's name in a job; uses that differ in nothing but the
version are one, present when a branch tip has it. A job called from elsewhere also runs when its callers do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

from offkey.canonical import content_digest
from offkey.found import Authorship, Gap, Use
from scanner.authors import read_credits
from scanner.callers import bases, beside, callers, plain
from scanner.ci.config import PAIRS, VARIABLE, Config, Name, Part, owners, owners_of, runs, sounds_secret
from scanner.ci.registry import SYSTEMS, systems_of
from scanner.configs import BYTES, Versions, contents, versions
from scanner.encoding import decoded
from scanner.files import FileItem, read_file
from scanner.git import Git
from scanner.history import Node
from scanner.jobs import CRON, Key, Readings, Version, last_change, readings

SCHEDULE = "schedule"
"""The `note` of a use that stands for a workflow's own schedule, and names no secret."""


@dataclass(frozen=True)
class Mention:
    """A file that a job names: where the mention stands, as a use without a name, and which paths may be meant."""

    use: Use
    targets: tuple[str, ...]
    folder: bool


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
            parts = owners_of(version.config, (file.line for file in version.config.files))
            for file in version.config.files:
                targets = tuple(dict.fromkeys(t for t in (beside(path, file.path), plain(file.path)) if t))
                for part in parts[file.line]:
                    use = self._use(key, part, file.line, f"{file.how} {file.path}")
                    same = (*_same(use), targets)
                    if same not in found or (use.present and not found[same].use.present):
                        found[same] = Mention(use, targets, file.how in _FOLDERS)
        signed = {_unsigned(use): use for use in self._signed(mention.use for mention in found.values())}
        return tuple(replace(mention, use=signed[_unsigned(mention.use)]) for mention in found.values())

    @cached_property
    def schedules(self) -> tuple[Use, ...]:
        """What runs by the clock today, on the default branch if there is one, with whoever last changed the cron."""
        tree = self.told.tips.get(self.told.head) or next(iter(self.told.tips.values()), {})
        found = []
        for (system, path, blob), version in sorted(self.read.items()):
            if version.config.crons and tree.get(path) == blob:
                whole = Part((), job="")
                use = self._use((system, path, blob), whole, version.config.crons[0][1], SCHEDULE)
                when = tuple(f"schedule {cron}" for cron, _ in version.config.crons)
                found.append((replace(use, when=when), last_change(self.told, self.read, (system, path, blob), CRON)))
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
        parts = owners_of(config, (name.line for name in config.names))
        for name in config.names:
            for part in parts[name.line]:
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
        return callers(self.read, self._today)

    @cached_property
    def _today(self) -> Mapping[str, str]:
        return next(iter(self.told.tips.values()), {})

    def _inherited(self) -> list[Use]:
        """Names in templates of other files, for the jobs that extend them (GitLab's `extends` over `include`)."""
        today = [(key, v) for key, v in sorted(self.read.items()) if self._today.get(key[1]) == key[2]]
        templates = {part.job: (key, part) for key, v in today for part in v.config.parts if part.job.startswith(".")}
        found: list[tuple[Use, str, int]] = []
        for key, version in today:
            for part in version.config.parts if len(found) < PAIRS else ():
                for base in bases(part, templates):
                    there, template = templates[base]
                    for name in _inside(self.read[there].config, template):
                        found.append((self._use(key, part, 0, name.how, name.name), there[1], name.line))
        signed = {_unsigned(use): use for use in self._signed(use for use, _, _ in found)}
        return [replace(signed[use], path=path, line=line) for use, path, line in found]

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
        return lru_cache(maxsize=None)(
            lambda system, path, blob, job: last_change(self.told, self.read, (system, path, blob), job)
        )

    def _know(self, commits: Iterable[str]) -> None:
        wanted = sorted(set(commits) - self._credits.keys() - {""})
        if wanted and self.git is not None:
            found, _ = read_credits(self.git, [Node(oid, "commit", "", "", ()) for oid in wanted])
            self._credits.update({oid: credits.author for oid, credits in found.items()})


_SHOWN = 3
_NOW = "now"
"""Stands for a branch tip where there is no git."""
_NO_JOBS = frozenset(("dotenv",))
"""Systems whose files set variables and run nothing."""
_FOLDERS = frozenset(("COPY", "ADD", "mounted file"))


def survey(git: Git, repo: str) -> Survey:
    """All configuration of a repository. What cannot be read, and files of today that do not parse, are Gaps."""
    told = versions(git)
    gaps = list(told.gaps)
    found: dict[Key, Version] = {}
    paths: dict[str, list[str]] = defaultdict(list)
    for path, blob in sorted(told.all):
        paths[blob].append(path)
    for blob, content in contents(git, paths, gaps):
        text = decoded(content)[0].decode("utf-8", "replace")
        for path in paths[blob]:
            found |= readings(path, blob, text)
    gaps += [*_unparsed(repo, told, found), *_unread(repo, told, found)]
    return Survey(git, git.work_tree, repo, told, found, tuple(dict.fromkeys(gaps)))


def survey_folder(root: Path, files: Iterable[str], repo: str) -> Survey:
    """The configuration among the files of a plain folder, as it is now."""
    found: dict[Key, Version] = {}
    now: dict[str, str] = {}
    gaps: list[Gap] = []
    for path in files:
        if not systems_of(path):
            continue
        content = read_file(FileItem(str(root), path, "file", "worktree", ""), BYTES)
        if isinstance(content, bytes):
            now[path] = content_digest(content)
            found |= readings(path, now[path], decoded(content)[0].decode("utf-8", "replace"))
        elif content is not None:
            gaps.append(content)
    told = Versions((), {}, {_NOW: now}, "")
    gaps += [*_unparsed(repo, told, found), *_unread(repo, told, found)]
    return Survey(None, root, repo, told, found, tuple(gaps))


def _unparsed(repo: str, told: Versions, found: Readings) -> Iterable[Gap]:
    for (system, path, blob), version in sorted(found.items()):
        if version.config.problem and told.tip_of(path, blob):
            why = f"as {SYSTEMS[system].TITLE}: {version.config.problem}; only names in its lines are known"
            yield Gap(where=f"{repo}: {path}", why=why, advice="mend the file if it is in use")


def _unread(repo: str, told: Versions, found: Readings) -> Iterable[Gap]:
    """Files that configuration of today includes, and whose paths are not those of its system."""
    for (system, path, blob), version in sorted(found.items()):
        included = {file.path for file in version.config.files if file.how == "include"}
        lost = sorted(one for one in included if not _known(system, beside(path, one), plain(one)))
        if lost and told.tip_of(path, blob):
            more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
            why = f"it includes {', '.join(lost[:_SHOWN])}{more}, of which no secret is read: the path is unusual"
            yield Gap(
                where=f"{repo}: {path}", why=why, advice="look there by hand; docs/ci.md has the paths that are read"
            )


def _known(system: str, *paths: str) -> bool:
    return any(system in systems_of(path) for path in paths if path)


def _same(use: Use) -> tuple[str, ...]:
    return (use.system, use.path, use.job, use.step, use.environment, use.name, use.note)


def _unsigned(use: Use) -> Use:
    return replace(use, changed=None)


def use_order(use: Use) -> tuple[object, ...]:
    """Uses of today first, then by place."""
    return (not use.present, use.repo, use.path, use.line, use.job, use.step, use.name, use.note, use.system)


def _inside(config: Config, part: Part) -> list[Name]:
    return [name for name in config.names if any(first <= name.line <= last for first, last in part.lines)]
