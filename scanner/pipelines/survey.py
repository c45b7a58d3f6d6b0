"""Reads the configuration of a repository or a folder, and whatever files of it that includes."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from offkey.canonical import content_digest
from offkey.found import Gap
from scanner.ci.registry import SYSTEMS, systems_of
from scanner.matching.encoding import decoded
from scanner.pipelines.configs import BYTES, Versions, contents, versions
from scanner.pipelines.includes import Included, Paths, included, lost, running
from scanner.pipelines.jobs import Key, Version, readings
from scanner.pipelines.usage import Survey
from scanner.pipelines.written import KEPT, MAYBE, kind
from scanner.repository.files import FileItem, read_file
from scanner.repository.git import Git

_NOW = "now"
"""Stands for a branch tip where there is no git."""
_LEVELS = 20
"""Files that include files that include files: Azure allows 20, Travis fewer, and GitLab 150 files in all."""
_FILES = 1_000
"""Included files, over the whole history."""
_ROOM = 64 << 20
"""Bytes that versions of included files may have together. Each counts for some more, since it takes time by itself."""
_EACH = 4096
_AT_ONCE = 500
_LOOK = "look there by hand; docs/ci.md says what is read"

Cell = tuple[str, str]
"""A path and the id of what it holds."""


@dataclass
class _Reading:
    """What has been read so far. `systems` are those of included files; `room` is left for their text."""

    where: str
    told: Versions
    gaps: list[Gap]
    found: dict[Key, Version] = field(default_factory=dict)
    systems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    room: int = field(default_factory=lambda: _ROOM)


More = Callable[[_Reading, Collection[str]], Iterator[tuple[str, str, str]]]
"""Reads all versions of files that are configuration of one more system: path, id and text of each."""


def survey(git: Git, repo: str) -> Survey:
    """All configuration of a repository. What cannot be read, and files of today that do not parse, are Gaps."""
    told = versions(git)
    state = _Reading(f"{repo}: CI configuration", told, list(told.gaps))
    for path, blob, text in _texts(git, sorted(told.all), state.gaps):
        state.found |= readings(path, blob, text, systems_of(path))
    made = _followed(state, Paths(told.paths), partial(_versions_of, git))
    return _surveyed(state, made, (git, git.work_tree), repo)


def survey_folder(root: Path, files: Iterable[str], repo: str) -> Survey:
    """The configuration among the files of a plain folder, as it is now."""
    names = frozenset(files)
    state = _Reading(f"{repo}: CI configuration", Versions((), {}, {_NOW: {}}, ""), [])
    for path, digest, text in _files_of(root, state, {name for name in names if systems_of(name)}):
        state.found |= readings(path, digest, text, systems_of(path))
    known = {name for name in names if systems_of(name) or kind(name.encode("utf-8", "surrogateescape")) == MAYBE}
    made = _followed(state, Paths(known), partial(_files_of, root))
    return _surveyed(state, made, (None, root), repo)


def _surveyed(state: _Reading, made: Included, place: tuple[Git | None, Path | None], repo: str) -> Survey:
    today = {key: tip for key in sorted(state.found) if (tip := made.tip_of(state.told, key))}
    gaps = [*state.gaps, *_unparsed(repo, today, state.found), *_unread(repo, today, state, made.paths)]
    return Survey(*place, repo, state.told, state.found, tuple(dict.fromkeys(gaps)), made)


def _followed(state: _Reading, paths: Paths, more: More) -> Included:
    """Read what configuration includes, then what that includes, each file once for a system."""
    met: set[tuple[str, str]] = set()
    fresh: Sequence[Key] = list(state.found)
    for level in range(_LEVELS + 1):
        new = sorted(set(included(state.found, fresh, paths)) - met)
        if new and (level == _LEVELS or len(met) + len(new) > _FILES):
            kept = 0 if level == _LEVELS else _FILES - len(met)
            why = f"{len(new) - kept} included files are not read, {new[kept][1]} among them: there are more than "
            why += f"{_LEVELS} levels" if level == _LEVELS else f"{_FILES} files"
            state.gaps.append(Gap(where=state.where, why=why, advice=_LOOK))
            paths.left_out.update(path for _, path in new[kept:])
            new = new[:kept]
        if not new:
            break
        met.update(new)
        fresh = _read(state, new, more)
    if met and state.told.others.cut:
        why = f"older versions of included files may be missing: there are more than {KEPT} versions of YAML files"
        state.gaps.append(Gap(where=state.where, why=why, advice=_LOOK))
    return Included(paths, state.systems, running(state.found, state.told.tips, paths))


def _read(state: _Reading, new: Iterable[tuple[str, str]], more: More) -> Sequence[Key]:
    """Read files as configuration of the systems given; the keys of what they say."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for system, path in new:
        wanted[path].append(system)
    fresh: list[Key] = []
    for path, blob, text in more(state, wanted):
        said = readings(path, blob, text, wanted[path])
        state.found |= said
        fresh += said
    for path, systems in wanted.items():
        state.systems[path] = (*state.systems.get(path, ()), *systems)
    return fresh


def _versions_of(git: Git, state: _Reading, paths: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Every version of the files in a repository, those of today first."""
    state.told = state.told.including([path for path in paths if path not in state.systems])
    tips = state.told.tips.values()
    today = sorted({(path, tree[path]) for tree in tips for path in paths if path in tree})
    writes = (write for path in sorted(paths) for write in state.told.by_path.get(path, ()))
    older = [(write.path, blob) for write in writes for blob in (write.new, *write.olds) if blob]
    cells = list(dict.fromkeys((*today, *older)))
    for start in range(0, len(cells), _AT_ONCE):
        for path, blob, text in _texts(git, cells[start : start + _AT_ONCE], state.gaps):
            state.room -= len(text) + _EACH
            yield path, blob, text
        if state.room < 0 and start + _AT_ONCE < len(cells):
            why = f"{len(cells) - start - _AT_ONCE} versions of included files are not read: all are too large together"
            state.gaps.append(Gap(where=state.where, why=why, advice=_LOOK))
            return


def _texts(git: Git, cells: Iterable[Cell], gaps: list[Gap]) -> Iterator[tuple[str, str, str]]:
    paths: dict[str, list[str]] = defaultdict(list)
    for path, blob in cells:
        paths[blob].append(path)
    for blob, content in contents(git, paths, gaps):
        text = decoded(content)[0].decode("utf-8", "replace")
        for path in paths[blob]:
            yield path, blob, text


def _files_of(root: Path, state: _Reading, paths: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """The files in a folder as they are."""
    now: dict[str, str] = {}
    for path in sorted(paths):
        content = read_file(FileItem(str(root), path, "file", "worktree", ""), BYTES)
        if isinstance(content, bytes):
            now[path] = content_digest(content)
            yield path, now[path], decoded(content)[0].decode("utf-8", "replace")
        elif content is not None:
            state.gaps.append(content)
    state.told = replace(state.told, tips={_NOW: {**state.told.tips[_NOW], **now}})


def _unparsed(repo: str, today: Iterable[Key], found: Mapping[Key, Version]) -> Iterator[Gap]:
    for key in today:
        system, path, _ = key
        if problem := found[key].config.problem:
            why = f"as {SYSTEMS[system].TITLE}: {problem}; only names in its lines are known"
            yield Gap(where=f"{repo}: {path}", why=why, advice="mend the file if it is in use")


def _unread(repo: str, today: Mapping[Key, str], state: _Reading, paths: Paths) -> Iterator[Gap]:
    """What configuration of today includes and cannot be read."""
    for key, tip in today.items():
        if what := lost(state.found, key, state.told.tips[tip], paths):
            why = f"no secret is read of what it includes: {what}"
            yield Gap(where=f"{repo}: {key[1]}", why=why, advice=_LOOK)
