"""Configuration that leans on other files of the repository: called workflows, actions, templates, paths. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from scanner.ci.config import INCLUDE, Part, owners, runs
from scanner.pipelines.includes import Included
from scanner.pipelines.jobs import Key, Readings

_MANY = 20
"""Levels of workflows that call workflows: GitHub allows ten."""
_MOST = 200
"""Callers of a file that are told."""


def callers(read: Readings, tip: str, tree: Mapping[str, str], included: Included) -> Mapping[str, tuple[str, ...]]:
    """When workflows, actions and included files run that others of the same tip (its tree: path to blob) name."""
    calls: dict[str, set[_Call]] = defaultdict(set)
    for (system, path, blob), version in read.items():
        if tree.get(path) != blob or not included.runs_in(tip, system, path):
            continue
        config = version.config
        for file in config.files:
            targets = [target for target in included.paths.meant(file) if target in tree]
            word = "included" if file.how == INCLUDE else "called"
            for part in owners(config, file.line)[:_MOST] if targets else ():
                when = (part.when or ()) if included.only(system, path) else runs(config, part)
                call = _Call(word, path, part.job, when)
                for target in targets:
                    if len(calls[target]) < _MOST:
                        calls[target].add(call)
    return {target: tuple(sorted(_called_when(target, calls))) for target in calls}


class _Call(NamedTuple):
    word: str
    path: str
    job: str
    when: tuple[str, ...]


def _called_when(target: str, calls: Mapping[str, Collection[_Call]]) -> set[str]:
    """How the callers of a file, and theirs in turn, are started."""
    found: set[str] = set()
    waiting = [(target, 0)]
    met = {target}
    while waiting:
        here, depth = waiting.pop()
        for word, path, job, when in calls.get(here, ()):
            via = f"{word} by {path}" + (f", job {job}" if job else "")
            if when or not calls.get(path):  # else whoever names that one in turn says when
                found.add(f"{via} ({', '.join(when)})" if when else via)
            if path not in met and depth < _MANY:
                met.add(path)
                waiting.append((path, depth + 1))
    return found


def bases(part: Part, templates: Mapping[str, tuple[Key, Part]]) -> list[str]:
    """Templates in other files that a job is made from, and those that they are made from."""
    found: list[str] = []
    waiting = list(part.bases)
    while waiting and len(found) < _MANY:
        name = waiting.pop(0)
        if name in templates and name not in found:
            found.append(name)
            waiting += templates[name][1].bases
    return found
