"""What the fuzzers run: each target takes any bytes and raises unless the readers keep their promises on them.

The promises: what cannot be read is ValueError, Unplanned or a Gap; both kernels agree; what is given is within
bounds and true. A crash, a hang or a request for much memory is for the driver to notice.
"""

import os
import random
from array import array
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from scanner.ci import registry
from scanner.ci.config import PAIRS, owners_of
from scanner.storage.delta import Python, kernel
from tests.fuzz.damage import TEXT, Draw, any_delta, hostile
from tests.fuzz.handmade import without_trees
from tests.scanner.ci.cases import CASES

LIMIT = 1 << 20
Target = Callable[[bytes], None]


def _outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except ValueError as error:
        return str(error)


def _both(name: str, *args: Any) -> Any:
    """What both kernels give; raises where they differ."""
    ours = _outcome(lambda: getattr(Python, name)(*args))
    theirs = _outcome(lambda: getattr(kernel(), name)(*args))
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        ours, theirs = [bytes(one) for one in ours], [bytes(one) for one in theirs]
    if ours != theirs:
        raise AssertionError(f"{name}: the kernels differ: {str(ours)[:100]} and {str(theirs)[:100]}")
    return ours


def plan(data: bytes) -> None:
    """Plans of damaged packs: alike, and with nothing that points outside or round in a circle."""
    pack, idx = hostile(Draw(data))
    found = _outcome(lambda: [bytes(one) for one in kernel().plan(idx, pack, 20)])
    ours = _outcome(lambda: list(Python.plan(idx, pack, 20)))
    if isinstance(found, str) or isinstance(ours, str):
        assert found == ours
        return
    assert without_trees(ours) == without_trees(found), "plan: the kernels differ"
    offsets, starts = array("Q", found[0]), array("Q", found[1])
    types, (bases, first, following, roots) = found[4], (array("i", one) for one in found[5:])
    count = len(types)
    assert list(offsets) == sorted(offsets)
    assert all(a <= start <= b for (a, b), start in zip(pairwise(offsets), starts, strict=True))
    assert all(-1 <= one < count for one in (*first, *following))
    reached = [0] * count
    for root in range(count):
        waiting = [root] if roots[root] == root else []
        while waiting:
            at = waiting.pop()
            assert roots[at] == root
            reached[at] += 1
            child = first[at]
            while child >= 0:
                assert bases[child] == at
                waiting.append(child)
                child = following[child]
    assert reached == [int(root >= 0) for root in roots]
    for trees in (False, True):
        _both("shares", memoryview(found[0]).cast("Q"), memoryview(found[8]).cast("i"), types, 100, trees)


def apply(data: bytes) -> None:
    """Deltas good and bad: alike, the target is the right one, and what is to be searched covers what is new."""
    draw = Draw(data)
    base = draw.one((TEXT, draw.bytes(300), b""))
    delta, target = any_delta(draw, base)
    reach = draw.one((-1, 0, 1, 10, 300))
    found = _both("apply", base, delta, reach, draw.one((LIMIT, 100, 0)))
    if isinstance(found, str):
        return
    assert target is None or found[0] == target
    if reach >= 0 and found[0]:
        assert all(piece in found[0] for piece in found[1].split(b"\n"))


def carry(data: bytes) -> None:
    """Stretches along deltas good and bad: alike, and where they are said to be."""
    draw = Draw(data)
    base = draw.one((TEXT, draw.bytes(300)))
    delta, target = any_delta(draw, base)
    marks = sorted({draw.number(0, len(base)) for _ in range(draw.number(0, 8))})
    spans = list(zip(marks[::2], marks[1::2], strict=False))
    found = _both("carry", delta, array("Q", [bound for span in spans for bound in span]).tobytes())
    if isinstance(found, str) or target is None:
        return
    for (low, high), shifts in zip(spans, found, strict=True):
        for by in shifts or ():
            assert target[low + by : high + by] == base[low:high]


def trees(data: bytes) -> None:
    """Whole packs, damaged: both kernels read the same objects, and find in each what a search of all of it finds."""
    from scanner.storage.packs import Unplanned, planned
    from scanner.storage.treewalk import Look, tree_kernel, walk

    path = _stored(*hostile(Draw(data)))
    results = []
    for compiled in (True, False):
        try:
            pack = planned(str(path), 20, compiled)
        except Unplanned as error:
            results.append(str(error))
            continue
        results.append(_read(pack, kernel(compiled)))
        if compiled:
            walker = tree_kernel(True)
            assert walker is not None
            wanted = b"".join(bytes.fromhex(pack.oid(n)) for n in range(len(pack)) if n % 3)
            for _, roots in pack.shares(trees=True):
                walked = walk(walker, pack, roots, Look(wanted, 0, 12345), LIMIT)
                asked = array("Q", range(len(pack))).tobytes()
                walker.signatures((walked.records,), len(pack), b"", asked, 12345)
    assert results[0] == results[1], str(results)[:500]


def _read(pack: Any, used: Any) -> Any:
    from scanner.contents.carry import Searcher
    from scanner.contents.layers import look
    from scanner.matching.matcher import KeywordMatcher
    from scanner.workers.deltatrees import DeltaTrees

    rules = _rules()
    searcher = Searcher(rules, KeywordMatcher(rules))
    reader = DeltaTrees(pack, searcher, used, LIMIT)
    found: list[Any] = []

    def take(batch: Any) -> None:
        told = {seen.position: seen.looked for seen in batch.told}
        for position, content in zip(batch.positions, batch.contents, strict=True):
            matches = _matches(told[position]) if position in told else []
            assert matches == _matches(look(searcher, content)), matches
            found.append((position, content, matches))

    reader.objects([root for share in pack.shares() for root in share.roots], take)
    roots = sorted(below for share in pack.shares() for root in share.roots for below in pack.below(root))
    assert sorted([*reader.failed, *(one[0] for one in found)]) == roots
    return found, sorted(reader.failed), list(pack.left), list(pack.circular)


def _matches(looked: Any) -> list[Any]:
    return sorted((text.steps, match) for text in looked.texts for kept in text.held.values() for match in kept.matches)


@lru_cache(maxsize=1)
def _rules() -> tuple[Any, ...]:
    """A narrow rule, two that look at the words around, one of them known by a literal, and one that is wide."""
    from rules.light import LightRule

    def rule(
        kind: str, pattern: bytes, word: bytes, width: int, *, near: tuple[bytes, ...] = (), literals: Any = ()
    ) -> LightRule:
        reach = 2 * bool(near)
        return LightRule(
            kind,
            pattern,
            (word,),
            "value",
            "high",
            "high",
            0.0,
            "",
            near,
            reach,
            (),
            width,
            width,
            False,
            literals,
            -1,
            (),
        )

    return (
        rule("a.narrow", rb"tok_(?P<value>[a-z]{8})", b"tok_", 12),
        rule("b.near", rb"key-(?P<value>[0-9]{6})", b"near", 10, near=(b"near",)),
        rule("c.wide", rb"<begin(?P<value>[ -~\n]{1,700})end>", b"<begin", 710, literals=(b"<begin",)),
        rule("d.literal", rb"key-(?P<value>[0-9]{6})", b"near", 10, near=(b"near",), literals=(b"key-",)),
    )


@lru_cache(maxsize=1)
def _folder() -> Path:
    return Path(mkdtemp(prefix="fuzz", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


def _stored(pack: bytes, idx: bytes) -> Path:
    path = _folder() / "pack-fuzz.pack"
    for file, content in ((path, pack), (path.with_suffix(".idx"), idx)):
        file.unlink(missing_ok=True)  # what is mapped still must not change under the reader
        file.write_bytes(content)
    return path


def whole(data: bytes) -> None:
    """A scan of a repository with such a pack, in a process of its own with little memory and time."""
    from tests.fuzz.whole import scanned

    scanned(Draw(data))


def ci(data: bytes) -> None:
    """CI configuration of words of all systems: parsed soon; lines that exist, uses within the bound, one answer."""
    draw = random.Random(data)
    case = draw.choice(CASES)
    words = [*draw.choice(CASES).text.split(" "), "\n", "{", "}", "&a", "*a", "<<:", "{{", "'", '"']
    pieces = list(case.text.split(" "))
    for _ in range(draw.randrange(20)):
        at = draw.randrange(len(pieces))
        pieces[at : at + draw.randrange(3)] = draw.choices(words, k=draw.randrange(1, 4))
    text = " ".join(pieces) + data.decode("utf-8", "replace")
    config = registry.read(case.system, case.path, text)
    count = text.replace("\r\n", "\n").count("\n") + 1
    lines = [*(name.line for name in config.names), *(file.line for file in config.files)]
    assert all(1 <= line <= count for line in lines), "a line that is not there"
    assert sum(map(len, owners_of(config, lines).values())) <= PAIRS + len(lines), "more uses than allowed"
    assert config == registry.read(case.system, case.path, text), "two answers"


TARGETS: dict[str, Target] = {"plan": plan, "apply": apply, "carry": carry, "trees": trees, "scan": whole, "ci": ci}
