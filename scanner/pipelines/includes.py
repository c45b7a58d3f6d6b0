"""Configuration that includes other files of its repository, wherever they lie. Pure.

A file is configuration of a system in all its versions as soon as one version of that system's configuration includes
its path. What an include means is looked up among the paths that the repository has, and opened nowhere.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from scanner.ci.config import COMPUTED, INCLUDE, REMOTE, Reference
from scanner.ci.paths import matches, plain
from scanner.ci.registry import SYSTEMS
from scanner.pipelines.configs import Versions
from scanner.pipelines.jobs import Key, Readings

CALLED, LOCAL = "called workflow", "local action"
_FILES = 100_000
"""Files that patterns may stand for altogether."""
_STEPS = 20_000_000
"""What comparing patterns with paths may cost altogether, as the product of their lengths: some seconds."""


class Paths:
    """The paths of a repository, and which of them a mention means."""

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known = frozenset(known)
        self._meant: dict[tuple[str, str], tuple[str, ...]] = {}
        self._left, self._room = _STEPS, _FILES
        self.given_up: set[str] = set()
        """Patterns that there was no time to compare with all paths."""
        self.left_out: set[str] = set()
        """Files that are included and not read, because there are too many."""

    def meant(self, file: Reference) -> tuple[str, ...]:
        """The configuration that a mention starts, if it does, in order; of a local action what might be it."""
        if file.how not in (INCLUDE, CALLED, LOCAL):
            return ()
        key = (file.how, file.path)
        if key not in self._meant:
            self._meant[key] = tuple(self._found(file))
        return self._meant[key]

    def _found(self, file: Reference) -> Iterable[str]:
        if _outside(file.path):
            return ()
        path = plain(file.path)
        if file.how == LOCAL:
            names = ("action.yml", "action.yaml", "Dockerfile")
            return (one for name in names if (one := plain(f"{path}/{name}")) in self._known)
        if "*" in path and file.how == INCLUDE:
            return self._matching(path)
        return (path,) if path in self._known else ()

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._known)

    def _matching(self, pattern: str) -> Iterator[str]:
        front = pattern[: pattern.index("*")]
        end = pattern[pattern.rindex("*") + 1 :]
        for number in range(bisect_left(self._sorted, front), len(self._sorted)):
            path = self._sorted[number]
            if not path.startswith(front):
                return
            if path.endswith(end):
                self._left -= len(path) * len(pattern)
                if self._left < 0 or self._room < 0:
                    self.given_up.add(pattern)
                    return
                if matches(pattern, path):
                    self._room -= 1
                    yield path


@dataclass(frozen=True)
class Included:
    """Which files are configuration only because some other includes them.

    `systems` by path; `running` by (system, path) the tips in which others include it, directly or through others.
    """

    paths: Paths = field(default_factory=Paths)
    systems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    running: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    def only(self, system: str, path: str) -> bool:
        """Whether nothing but an include makes the file configuration of the system."""
        return system in self.systems.get(path, ())

    def runs_in(self, tip: str, system: str, path: str) -> bool:
        """Whether a file of a tip's tree is configuration there."""
        return not self.only(system, path) or tip in self.running.get((system, path), ())

    def tip_of(self, told: Versions, key: Key) -> str:
        """A branch tip in which a version is configuration, HEAD's if it is there; "" when in none."""
        system, path, blob = key
        if not self.only(system, path):
            return told.tip_of(path, blob)
        tips = self.running.get((system, path), ())
        return next((tip for tip in tips if told.tips[tip].get(path) == blob), "")


def _outside(path: str) -> bool:
    return path.startswith("/") or (".." in path.split("/") and not plain(path))


def included(read: Readings, keys: Iterable[Key], paths: Paths) -> Iterator[tuple[str, str]]:
    """(system, path) of what versions include at paths which are not those of their system anyway."""
    for key in keys:
        for file in read[key].config.files:
            if file.how == INCLUDE:
                mine = SYSTEMS[key[0]].mine
                yield from ((key[0], path) for path in paths.meant(file) if not mine(path))


def running(
    read: Readings, trees: Mapping[str, Mapping[str, str]], paths: Paths
) -> Mapping[tuple[str, str], Sequence[str]]:
    """By (system, path) of what configuration includes, directly or through others, the tips in whose trees it does."""
    leaning = {key: frozenset(here) for key in read if (here := list(included(read, [key], paths)))}
    roots = [key for key in leaning if SYSTEMS[key[0]].mine(key[1])]
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tip, tree in trees.items() if roots else ():
        waiting = [key for key in roots if tree.get(key[1]) == key[2]]
        met: set[tuple[str, str]] = set()
        while waiting:
            new = {(system, path) for system, path in leaning.get(waiting.pop(), ()) if path in tree} - met
            met |= new
            waiting += [(system, path, tree[path]) for system, path in new]
        for one in met:
            found[one].append(tip)
    return found


def lost(read: Readings, key: Key, tree: Mapping[str, str], paths: Paths) -> str:
    """In words what a version includes and cannot be read, with the reason; "" when all of it is."""
    reasons: dict[str, list[str]] = {}
    for file in read[key].config.files:
        if file.how in (INCLUDE, CALLED, LOCAL, *_NOWHERE) and (why := _why_lost(file, tree, paths)):
            reasons.setdefault(why, []).append(_shown(file.path))
    return "; ".join(f"{_few(sorted(set(names)))} ({why})" for why, names in sorted(reasons.items()))


_NOWHERE = {REMOTE: "of another repository or a server", COMPUTED: "known only when it runs"}


def _why_lost(file: Reference, tree: Mapping[str, str], paths: Paths) -> str:
    if file.how in _NOWHERE:
        return _NOWHERE[file.how]
    if _outside(file.path):
        return "outside the repository"
    meant = paths.meant(file)
    if plain(file.path) in paths.given_up:
        return "there are too many files to compare it with"
    if any(path in paths.left_out for path in meant):
        return "more levels or more files than are followed"
    if ("*" in file.path and file.how == INCLUDE) or any(path in tree for path in meant):
        return ""
    return "not in the repository, or a link or no YAML or Groovy file there"


_SHOWN = 3
_LONGEST = 200


def _shown(name: str) -> str:
    name = "".join(char if char.isprintable() else "?" for char in name)
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
