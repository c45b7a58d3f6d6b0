"""Configuration that leans on other files of the repository: called workflows, actions, templates, paths. Pure."""

from collections import defaultdict
from collections.abc import Mapping

from scanner.ci.config import Part, Reference, owners, runs
from scanner.jobs import Key, Readings

_MANY = 20
"""Levels of workflows that call workflows: GitHub allows ten."""


def _targets(file: Reference) -> tuple[str, ...]:
    """The configuration that a mention starts, if it does."""
    if file.how in ("called workflow", "include"):
        return (file.path,)
    folder = file.path.rstrip("/")
    return (f"{folder}/action.yml", f"{folder}/action.yaml") if file.how == "local action" else ()


def callers(read: Readings, tree: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """When workflows and actions run that others of the same tip (path to blob) call."""
    calls: dict[str, list[tuple[str, str, tuple[str, ...]]]] = defaultdict(list)
    for (_, path, blob), version in sorted(read.items()):
        if tree.get(path) != blob:
            continue
        for file in version.config.files:
            for target in _targets(file):
                for part in owners(version.config, file.line) if target in tree else ():
                    calls[target].append((path, part.job, runs(version.config, part)))
    return {target: tuple(sorted(_called_when(target, calls))) for target in calls}


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


def plain(path: str) -> str:
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


def beside(path: str, named: str) -> str:
    return plain(f"{path.rpartition('/')[0]}/{named}")
