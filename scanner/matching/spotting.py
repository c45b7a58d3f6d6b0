"""Where the rules that go by names and are not looked for in windows (`announced`) stand, by an automaton.

Names such as `password` are all over a text of code, and asking `re` at each of them takes a hundred times as long as
this. The large database only says whether a rule may match (`scanner.matching.matcher`).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rules.assigned import MODES
from rules.contextual import likely
from rules.light import LightRule, superset
from scanner.matching import databases
from scanner.matching.expressions import narrow

Spots = list[tuple[int, int]] | None


class Spotting:
    """A database of these rules. Raises ImportError where there is no hyperscan.

    Of a rule that a provider's name announces the name is looked for, of another the whole assignment.
    """

    def __init__(self, rules: Sequence[LightRule], digest: str, cache: Path | None) -> None:
        import hyperscan

        self._widths = {i: rule.width for i, rule in enumerate(rules) if rule.context and rule.lead < 0}
        self.narrow = frozenset(index for index in self._widths if narrow(rules[index]))
        self._rules = rules
        self._database: Any = None
        if self._widths:
            patterns = [_pattern(rules[i]) for i in self._widths]
            self._database = databases.opened(digest, "names", cache, lambda: _compiled(patterns, list(self._widths)))
            self._database.scratch = hyperscan.Scratch(self._database)
        self._ends: list[tuple[int, int]] = []
        self._content = b""
        self._key = 0

    def first(self, index: int, content: bytes) -> int:
        """Where the first value ends that the rule may take; -1 for none."""
        rule = self._rules[index]
        return min(
            (end for place in self.places(index, content) or () if (end := likely(rule, content, *place)) >= 0),
            default=-1,
        )

    def places(self, index: int, content: bytes) -> Spots:
        """Where alone the rule's pattern can fit, as far as it reaches; None for a rule of another make."""
        if index not in self._widths:
            return None
        if content is not self._content:
            self._ends.clear()
            self._database.scan(content, match_event_handler=self._see)
            self._content = content
        width = self._widths[index]
        places: list[tuple[int, int]] = []
        for number, end in self._ends:
            low, high = max(0, end - width), min(len(content), end + width)
            if number != index:
                continue
            if places and low <= places[-1][1]:
                places[-1] = (places[-1][0], max(high, places[-1][1]))
            else:
                places.append((low, high))
        return places

    def _see(self, index: int, start: int, end: int, flags: int, context: object) -> None:
        self._ends.append((index, end))


def _pattern(rule: LightRule) -> bytes:
    if rule.context and rule.context[2] in MODES:
        return superset(rule.pattern)
    return b"(?i:" + b"|".join(re.escape(word) for word in rule.keywords) + b")"


def _compiled(patterns: Sequence[bytes], numbers: list[int]) -> Any:
    import hyperscan as hs

    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    flags = hs.HS_FLAG_PREFILTER | hs.HS_FLAG_ALLOWEMPTY | hs.HS_FLAG_MULTILINE
    database.compile(expressions=list(patterns), ids=numbers, flags=[flags] * len(patterns))
    return database
