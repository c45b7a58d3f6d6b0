"""Rules that a name announces are looked for around what may be their values only: see `rules.drawn`.

Names stand all over a text, so an automaton of all of them is many times as slow as one of tokens with a form of their
own. Runs of characters such as keys are made of, with a digit among them, are in a few hundredths of a text.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from rules.contextual import likely
from rules.drawn import BEHIND
from rules.light import LightRule
from scanner.matching import databases
from scanner.matching.building import built
from scanner.matching.expressions import announced, narrow
from scanner.storage.delta import Kernel, kernel

_SLACK = 8
"""The same before a name."""
_APART = b"\0\n"
"""What no pattern of such a rule matches."""
Place = tuple[int, int]
Told = tuple[tuple[int, int], ...]


K = TypeVar("K")
T = TypeVar("T")
_MOST = 1 << 13
_LONG = 4096
"""Bytes: a file may be one line of Base64."""


class Known(Generic[K, T]):
    """What was worked out of texts, some of it: the same lines stand in version after version of a file."""

    def __init__(self) -> None:
        self._kept: dict[K, T] = {}

    def of(self, text: K, size: int, look: Callable[[K], T]) -> T:
        """What `look` gives for a text of so many bytes, or gave; of long ones nothing is kept."""
        if size > _LONG:
            return look(text)
        told = self._kept.get(text)
        if told is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            told = self._kept[text] = look(text)
        return told


class Windows:
    """Where in a content the values of some rules may stand, with all that may announce them."""

    def __init__(self, rules: Sequence[LightRule], indexes: Sequence[int], compiled: Kernel | None = None) -> None:
        self._kernel = compiled or kernel()
        self._before = max((rules[index].lead for index in indexes), default=0) + _SLACK

    def of(self, content: bytes) -> list[Place]:
        """[start, end) of each, in order and apart."""
        bounds = memoryview(self._kernel.drawn(content, self._before, BEHIND)).cast("Q")
        return list(zip(bounds[::2], bounds[1::2], strict=True))


def announced_rules(rules: Sequence[LightRule]) -> list[int]:
    """The indexes of the rules that are looked for in windows."""
    return [index for index, rule in enumerate(rules) if rule.lead >= 0]


class Announced:
    """A database of these rules. Raises ImportError where there is no hyperscan."""

    def __init__(self, rules: Sequence[LightRule], digest: str, cache: Path | None) -> None:
        import hyperscan

        self.indexes = frozenset(announced_rules(rules))
        self._rules = rules
        self._narrow = frozenset(index for index in self.indexes if narrow(rules[index]))
        ordered = sorted(self.indexes)
        self._windows = Windows(rules, ordered)
        self._database: Any = None
        if ordered:

            def build() -> Any:
                return built(rules, {index: announced(rules[index]).text for index in ordered})

            self._database = databases.opened(digest, "announced", cache, build)
            self._database.scratch = hyperscan.Scratch(self._database)
        self._seen: list[tuple[int, int]] = []
        self._known: Known[bytes, Told] = Known()
        self._content = b""
        self._places: dict[int, list[Place]] = {}

    def places(self, content: bytes) -> dict[int, list[Place]]:
        """By rule the windows in which it may find something, in order; rules without one are absent."""
        if content is not self._content:
            found: dict[int, list[Place]] = {}
            for place, told in self._scanned(content):
                for index, _ in told:
                    found.setdefault(index, []).append(place)
            self._content, self._places = content, found
        return self._places

    def first(self, content: bytes) -> int:
        """Up to where nothing ends that one of the rules may find; -1 for nothing at all."""
        for (low, _), told in self._scanned(content):
            return low + min(end for _, end in told)
        return -1

    def _scanned(self, content: bytes) -> Iterator[tuple[Place, Told]]:
        """The windows in which something fits, with (rule, where in the window that ends)."""
        if self._database is None:
            return
        windows = self._windows.of(content)
        texts = [content[low:high] for low, high in windows]
        if not texts or (len(texts) > 1 and not self._fits(_APART.join(texts))):
            return
        for window, text in zip(windows, texts, strict=True):
            if told := self._known.of(text, len(text), self._look):
                yield window, told

    def _fits(self, text: bytes) -> bool:
        self._seen.clear()
        self._database.scan(text, match_event_handler=self._see)
        return bool(self._seen)

    def _look(self, text: bytes) -> Told:
        """What fits in a window and may be taken by `rules.match.find`."""
        if not self._fits(text):
            return ()
        ends = ((i, likely(self._rules[i], text) if i in self._narrow else end) for i, end in self._seen)
        return tuple((index, end) for index, end in ends if end >= 0)

    def _see(self, index: int, start: int, end: int, flags: int, context: object) -> None:
        self._seen.append((index, end))
