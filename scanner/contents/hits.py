"""From what a text holds to hits: where each value stands, whether its line is excused, and its fingerprint."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from offkey.fingerprint import OrgKey
from offkey.secret import redact
from rules.light import GENERIC
from rules.match import Match
from scanner.contents.inline import Inner
from scanner.contents.layers import Text
from scanner.matching.matcher import settled
from scanner.matching.pragma import allowed

T = TypeVar("T")
_BINARY_LOOK = 8000
_VALUES = 4096
"""Values of which is remembered what may be shown."""
Parts = tuple[tuple[str, bytes], ...]


class Hit(NamedTuple):
    """One match at one address. `spans` are offsets in the content after the `decoding` steps.

    `line` and `column` are of that content, too; but of a run within a text they say where the run begins in the text.
    `claims` are (source, subject, grade) of what the credential says of its owner (`scanner.claims`).
    """

    target: int
    kind: str
    fingerprint: str
    redacted: str
    confidence: str
    object: str
    object_type: str
    path: str
    reach: str
    line: int
    column: int
    spans: tuple[tuple[str, int, int], ...]
    decoding: tuple[str, ...]
    value: str
    """A keyed fingerprint of the secret part alone, whatever its kind; empty for a credential without one."""
    claims: tuple[tuple[str, str, str], ...] = ()


class Spot(NamedTuple):
    """Where a match stands in the content after the `decoding` steps."""

    text: bytes
    decoding: tuple[str, ...]
    line: int
    column: int


Make = Callable[[Match, Spot], Hit]
Shown = Callable[[str, Parts, bytes], tuple[str, str, str]]


def showing(key: OrgKey) -> Shown:
    """What tells of a credential of a kind, by its parts and, if none is secret, all its bytes, what may be shown.

    That is its fingerprint, its redacted form, and the fingerprint of its secret part alone. Some are remembered:
    one value stands in version after version of a file.
    """

    @lru_cache(maxsize=_VALUES)
    def show(kind: str, parts: Parts, whole: bytes) -> tuple[str, str, str]:
        named = dict(parts)
        secret = named.get("secret")
        alone = "" if secret is None else key.fingerprint("", {"secret": secret})
        return key.fingerprint(kind, named), redact(secret or whole), alone

    return show


def hits(texts: Sequence[Text], make: Make, *, excuse: bool = True) -> tuple[list[Hit], int]:
    """The hits in the texts of one object, and the number suppressed by an inline `pragma: allowlist secret`.

    None is suppressed without `excuse`.
    """
    found: list[tuple[tuple[str, ...], Hit]] = []
    suppressed = 0
    for text in texts:
        here, excused = _of_text(text, make, excuse=excuse)
        found += [(text.steps, hit) for hit in here]
        suppressed += excused
    return ([hit for _, hit in found] if len(texts) == 1 else _distinct(found)), suppressed


def _distinct(found: Sequence[tuple[tuple[str, ...], Hit]]) -> list[Hit]:
    """The hits without those that show one value twice: in an archive as it stands and in its member.

    The member tells more. Of a notebook the text as it stands does: it can be mended in place.
    """
    by_value: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for steps, hit in found:
        by_value.setdefault((hit.kind, hit.fingerprint), set()).add(steps)

    def again(steps: tuple[str, ...], others: set[tuple[str, ...]]) -> bool:
        if steps[-1:] == ("notebook",):
            return steps[:-1] in others
        size = len(steps)
        return any(len(one) > size and one[:size] == steps and one[size] != "notebook" for one in others)

    return [hit for steps, hit in found if not again(steps, by_value[hit.kind, hit.fingerprint])]


def _of_text(text: Text, make: Make, *, excuse: bool) -> tuple[list[Hit], int]:
    matches = settled([match for kept in text.held.values() for match in kept.matches])
    inner = sorted(one for kept in text.held.values() for one in kept.inner if one.matches)
    matches = [match for match in matches if not _shown_inside(match, inner)]
    # Text that was UTF-16 has no zero bytes any more.
    binary = b"\0" in text.content[:_BINARY_LOOK]
    told: list[Hit] = []
    suppressed = 0
    shown: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for match, at, excused in _lines(text.content, matches, [match.start for match in matches]):
        if binary and match.confidence == "low":
            continue
        if excused and excuse:
            suppressed += 1
            continue
        told.append(make(match, Spot(text.content, text.steps, *at)))
        shown.setdefault((match.kind, told[-1].fingerprint), []).append((match.start, match.end))
    for run, at, excused in _lines(text.content, inner, [one.low for one in inner]):
        if excused and excuse:
            suppressed += len(run.matches)
            continue
        for hit in _of_run(text, run, at, binary, make):
            # A run may hold values as they are, and reads in two alphabets: each value once.
            places = shown.setdefault((hit.kind, hit.fingerprint), [])
            if not any(low < run.high and run.low < high for low, high in places):
                places.append((run.low, run.high))
                told.append(hit)
    return told, suppressed


def _shown_inside(match: Match, inner: Sequence[Inner]) -> bool:
    """Whether what a name alone tells is encoded text in which something better known was found."""
    return match.kind.startswith(GENERIC) and any(run.low < match.end and match.start < run.high for run in inner)


def _lines(text: bytes, items: Sequence[T], starts: Sequence[int]) -> Iterator[tuple[T, tuple[int, int], bool]]:
    """Each item with its line and column, and whether the line is excused by a pragma."""
    seen, excused = -1, False
    for item, start, (line, column) in zip(items, starts, positions(text, starts), strict=True):
        begin = start - column + 1
        if begin != seen:  # one look at each line: a line may be as long as its file
            seen, excused = begin, allowed(text, begin)
        yield item, (line, column), excused


def _of_run(text: Text, run: Inner, at: tuple[int, int], binary: bool, make: Make) -> Iterator[Hit]:
    from scanner.contents.replay import replay

    decoded = replay(text.content, run.steps)
    binary = binary or b"\0" in decoded[:_BINARY_LOOK]
    for match in run.matches:
        if not binary or match.confidence != "low":
            yield make(match, Spot(decoded, (*text.steps, *run.steps), *at))


def positions(text: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Line and column of each of the ascending offsets, both from 1; the column counts bytes.

    The text is gone over once, however many offsets there are.
    """
    line, begin, at = 1, 0, 0
    for offset in offsets:
        line += text.count(b"\n", at, offset)
        begin = max(begin, text.rfind(b"\n", at, offset) + 1)
        at = offset
        yield line, offset - begin + 1
