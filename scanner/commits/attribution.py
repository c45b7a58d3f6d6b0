"""Who introduced a secret: the author of the earliest commit in which its value appears.

Found from the set of objects that hold the value, never from one path. A commit brings the value when its difference
to all its parents adds such an object at a path that held none before. Every first appearance is of that kind, so
the introducers are the bringers with no other bringer among their ancestors. The names are claims (DESIGN section 4).
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from offkey.found import Authorship, Gap, Place, Reach
from scanner.commits.authors import read_credits
from scanner.commits.bringers import ways_in
from scanner.commits.carriers import Brought, Compared
from scanner.commits.differences import Change, Progress, changes
from scanner.commits.forest import Forest
from scanner.commits.history import History, read
from scanner.commits.lines import ChangedLines
from scanner.commits.near import Near
from scanner.commits.past import Past
from scanner.commits.reach import STRENGTH, Cells, Hints, Tips, present, reach_of, reaches, tips
from scanner.commits.verdict import SHOWN, Verdict, judge, rank
from scanner.repository.git import Git
from scanner.repository.giterrors import GitError
from scanner.repository.refs import read_refs
from scanner.repository.worktree import staged_paths

_IN_HISTORY = frozenset({"blob", "commit", "tag"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """All by fingerprint. A key is absent from `introduced` and `committer` where there is no author to name.

    `carried` are the authors of other commits that add the value again, each with its kind (a Carrier);
    `evidence` says in plain sentences why this commit was named, and who else may stand behind it.
    """

    places: dict[str, tuple[Place, ...]]
    introduced: dict[str, Authorship]
    committer: dict[str, Authorship]
    coauthors: dict[str, tuple[Authorship, ...]]
    carried: dict[str, tuple[Authorship, ...]]
    evidence: dict[str, tuple[str, ...]]
    gaps: tuple[Gap, ...]
    past: Past | None = field(default=None, compare=False, repr=False)
    """What the next attribution can go on from."""


@dataclass(frozen=True)
class _Facts:
    """What was read from the repository. `at` lists, for an object and a path, the nodes that bring it there."""

    history: History
    tips: Tips
    bits: Sequence[int]
    by_object: Mapping[str, Sequence[Change]]
    removing: Mapping[int, Sequence[Change]]
    at: Mapping[tuple[str, bytes], frozenset[int]]
    now: Collection[tuple[str, bytes]]
    staged: Mapping[str, Sequence[str]]
    notes: tuple[str, ...]
    past: Past | None


def attribute(
    git: Git,
    places: Mapping[str, Sequence[Place]],
    progress: Progress | None = None,
    *,
    jobs: int = 2,
    forest: Forest | None = None,
    past: Past | None = None,
    near: Near | None = None,
    alike: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Attributed:
    """Fill path, commit, reach and present of the places of each fingerprint, and name who introduced its value.

    Places in files, the index and the configuration are kept as they are. `progress` hears (commits done, of how
    many); `jobs` is how many git processes may run at a time. A `forest` knows the commits, and which of them can
    matter; of a `past` only the fresh commits are asked: the answer is the same without. `near`
    spares git what it can answer itself. Places of the fingerprints that are `alike` count for each other, as they
    hold the same value. What cannot be read is a
    Gap; nothing is raised for it.
    """
    if not any(place.object_type in _IN_HISTORY for found in places.values() for place in found):
        return _unattributed(places, ())
    gaps: list[Gap] = []
    try:
        facts = _facts(git, places, gaps, progress=progress, jobs=jobs, forest=forest, past=past, near=near)
    except GitError as error:
        why = f"nobody can be named for what was found: {error}"
        return _unattributed(places, (Gap(where=f"{git.path}: history", why=why, advice=error.advice),))
    brought, first_at = ways_in(facts.history, _joined(places, alike), facts.by_object, facts.removing, facts.at)
    numbers = {
        number for nodes in (*(one.bringers for one in brought.values()), *first_at.values()) for number in nodes
    }
    records = near.records if near is not None else None
    credits, unnamed = read_credits(git, [facts.history.nodes[number] for number in numbers], records)
    with ChangedLines(git) as lines:
        known = Compared(facts.history, credits, facts.bits, lines)
        judged = {
            fingerprint: _verdict(facts, known, found, brought[fingerprint]) for fingerprint, found in places.items()
        }
    firsts = {key: min(nodes, key=partial(rank, facts.history, credits)) for key, nodes in first_at.items()}
    return Attributed(
        places={fingerprint: _placed(facts, firsts, found) for fingerprint, found in places.items()},
        introduced={key: verdict.credits.author for key, verdict in judged.items() if verdict.credits},
        committer={
            key: verdict.credits.committer
            for key, verdict in judged.items()
            if verdict.credits and verdict.credits.committer
        },
        coauthors={key: verdict.credits.coauthors if verdict.credits else () for key, verdict in judged.items()},
        carried={key: verdict.carried for key, verdict in judged.items()},
        evidence={key: verdict.evidence for key, verdict in judged.items()},
        gaps=(*gaps, *unnamed),
        past=facts.past,
    )


def _joined(
    places: Mapping[str, Sequence[Place]], alike: Mapping[str, Collection[str]]
) -> Mapping[str, Sequence[Place]]:
    more = {key: [place for one in sorted(others) for place in places[one]] for key, others in alike.items()}
    return {key: [*found, *more.get(key, ())] for key, found in places.items()} if more else places


def _unattributed(places: Mapping[str, Sequence[Place]], gaps: tuple[Gap, ...]) -> Attributed:
    said = "" if gaps else "uncommitted: no git object holds the value, so git knows no author"
    return Attributed(
        places={fingerprint: tuple(found) for fingerprint, found in places.items()},
        introduced={},
        committer={},
        coauthors=dict.fromkeys(places, ()),
        carried=dict.fromkeys(places, ()),
        evidence=dict.fromkeys(places, (said,) if said else ()),
        gaps=gaps,
    )


def _facts(
    git: Git,
    places: Mapping[str, Sequence[Place]],
    gaps: list[Gap],
    *,
    progress: Progress | None,
    jobs: int,
    forest: Forest | None,
    past: Past | None,
    near: Near | None,
) -> _Facts:
    blobs = {place.object for found in places.values() for place in found if place.object_type == "blob"}
    only: Collection[int] | None = None
    signatures: Mapping[str, int | None] | None = None
    if past is not None:
        history, only = past.history, past.unasked
    elif forest is None:
        history = read(git, jobs=jobs)
    else:
        history = forest.history
        own = {place.object for found in places.values() for place in found if place.object_type in {"commit", "tag"}}
        signatures, candidates = forest.signatures, forest.candidates
        if candidates is not None:
            only = candidates | {history.index[oid] for oid in own if oid in history.index}
    ends = forest.tips if forest is not None else tips(git, history, read_refs(git))
    by_object: dict[str, list[Change]] = defaultdict(list)
    removing: dict[int, list[Change]] = defaultdict(list)
    at: dict[tuple[str, bytes], set[int]] = defaultdict(set)
    told: Sequence[Change | Gap] | None = near.changes(history, blobs, only) if near is not None else None
    if told is None and forest is not None and forest.wanted >= blobs:
        told = forest.compared
    if told is None:
        told = list(changes(git, history, blobs, jobs=jobs, progress=progress, only=only))
    found = [change for change in (*told, *(past.changes if past else ())) if isinstance(change, Change)]
    found = [change for change in found if change.new in blobs or not blobs.isdisjoint(change.olds)]
    for change in found:
        if change.new in blobs:
            by_object[change.new].append(change)
            at[change.new, change.path].add(change.node)
        if not blobs.isdisjoint(change.olds):
            removing[change.node].append(change)
    unread = [gap for gap in told if isinstance(gap, Gap)]
    paths = {change.path for change in found} - {b""} if not unread and not history.gaps else None
    hints = Hints(signatures, past.present if past else {}, paths, near.cells if near is not None else None)
    held, unseen = present(git, history, ends, blobs, hints)
    gaps[:] = [*unread, *history.gaps, *ends.gaps, *unseen]
    return _Facts(
        history=history,
        tips=ends,
        bits=forest.bits if forest is not None else reaches(history, ends),
        by_object=by_object,
        removing=removing,
        at={key: frozenset(nodes) for key, nodes in at.items()},
        now={cell for cells in held.values() for cell in cells},
        staged=staged_paths(git, blobs - by_object.keys()),
        notes=_notes(git, ends),
        past=_past(history, blobs, found, held=held, forest=forest, past=past) if not gaps else None,
    )


def _past(
    history: History,
    blobs: Collection[str],
    found: Sequence[Change],
    *,
    held: Mapping[str, Cells],
    forest: Forest | None,
    past: Past | None,
) -> Past | None:
    absent = past.absent if past is not None else forest.absent if forest is not None and forest.whole else None
    if absent is None:
        return None
    graph = past.graph if past is not None else None
    return Past(history, frozenset(blobs), tuple(found), held, absent, graph=graph)


def _notes(git: Git, tips: Tips) -> tuple[str, ...]:
    notes = []
    if tips.replaced:
        notes.append("this repository has replace refs: history was read as stored, not as they show it")
    if os.path.exists(git.common_dir / "info" / "grafts"):
        notes.append("this repository has grafts: history was read as stored, not as they show it")
    return tuple(notes)


def _verdict(facts: _Facts, known: Compared, places: Sequence[Place], brought: Brought) -> Verdict:
    if not brought.bringers:
        return Verdict(None, (), tuple(_outside(facts, places)))
    verdict = judge(known, brought)
    return replace(verdict, evidence=(*verdict.evidence, *facts.notes))


def _outside(facts: _Facts, places: Sequence[Place]) -> list[str]:
    """Why nobody is named: where the value lies, if not in a commit or tag."""
    blobs = sorted({place.object for place in places if place.object_type == "blob"})
    staged = [oid for oid in blobs if oid in facts.staged]
    lines = [f"uncommitted: blob {oid[:12]} is in the index only, so git knows no author" for oid in staged[:SHOWN]]
    loose = [oid for oid in blobs if oid not in facts.staged]
    lines += [f"blob {oid[:12]} is in no commit that is stored here, so git knows no author" for oid in loose[:SHOWN]]
    return lines or ["uncommitted: no git object holds the value, so git knows no author"]


def _placed(facts: _Facts, first_at: Mapping[tuple[str, bytes], int], places: Sequence[Place]) -> tuple[Place, ...]:
    placed = {new: None for place in places for new in _settled(facts, first_at, place)}
    return tuple(sorted(placed, key=lambda p: (p.path, p.line, p.column, p.object_type, p.object, p.decoding)))


def _settled(facts: _Facts, first_at: Mapping[tuple[str, bytes], int], place: Place) -> Iterator[Place]:
    """The place once for each path that holds its object, with commit, reach and present."""
    if place.object_type in {"commit", "tag"}:
        yield replace(place, commit=_commit_of(facts.history, place.object), reach=Reach.MESSAGE, present=False)
    elif place.object_type != "blob":
        yield place
    elif place.object in facts.by_object:
        for path in sorted({change.path for change in facts.by_object[place.object]}):
            key = (place.object, path)
            yield replace(
                place,
                path=_text(path),
                commit=_commit_of(facts.history, facts.history.ids[first_at[key]]),
                reach=reach_of(facts.history, facts.bits, facts.at[key]),
                present=key in facts.now,
            )
    elif place.object in facts.staged:
        for name in facts.staged[place.object]:
            yield replace(place, path=name, reach=Reach.INDEX)
    else:
        yield replace(
            place, reach=next((r for r in STRENGTH if r in facts.tips.objects.get(place.object, ())), Reach.DANGLING)
        )


def _commit_of(history: History, oid: str) -> str:
    """The commit that an id names, through annotated tags; empty where a tag leads to none."""
    number = history.index.get(oid)
    while number is not None and history.is_tag(number):
        number = next(iter(history.parents[number]), None)
    return "" if number is None else history.ids[number]


def _text(path: bytes) -> str:
    """A path as Python names files: bytes that are no UTF-8 become lone surrogates, so that they can be turned back."""
    return path.decode("utf-8", errors="surrogateescape")
