"""Which of two rules takes a value that both claim, and rules of which nothing says so.

`rules.match.resolve` decides by what the matches are: how sure, how many parts, how long. Where that is equal the
kind's name would decide, which means nothing: one of the two rules must say that it goes before the other (`over`).
"""

from collections.abc import Iterator, Mapping, Sequence

from rules.examples import expand
from rules.light import GENERIC, IMPORTED, LightRule
from rules.match import Match, find, standing
from rules.rule import Rule


class Others:
    """The rules that need an order, by what they look for: to ask which of them take a value of one rule's examples.

    What goes by a variable's name alone (`generic.`) says of no value whose it is, and what was taken over from other
    scanners was put in no order there: both give way to all others, and among themselves need none.
    """

    def __init__(self, rules: Sequence[LightRule]) -> None:
        self._rules: Mapping[str, LightRule] = {rule.kind: rule for rule in rules if not _free(rule.kind)}
        self._by_word: dict[bytes, list[str]] = {}
        for rule in self._rules.values():
            for word in rule.keywords:
                self._by_word.setdefault(word, []).append(rule.kind)

    def alike(self, rule: Rule) -> dict[str, str]:
        """The kinds that take a value of a rule's examples as the rule does, each with the first such example."""
        found: dict[str, str] = {}
        for index, template in enumerate(() if _free(rule.kind) else rule.examples):
            best: dict[tuple[int, int], list[Match]] = {}
            for match in sorted(self._matches(expand(rule, template, index)), key=standing):
                held = best.setdefault((match.start, match.end), [])
                if not held or standing(held[0]) == standing(match):
                    held.append(match)
            for held in best.values():
                kinds = {match.kind for match in held}
                for kind in sorted(kinds - {rule.kind}) if rule.kind in kinds else ():
                    found.setdefault(kind, template)
        return found

    def _matches(self, content: bytes) -> Iterator[Match]:
        lower = content.lower()
        for kind in sorted({kind for word, kinds in self._by_word.items() if word in lower for kind in kinds}):
            yield from find(self._rules[kind], content)


def _free(kind: str) -> bool:
    return kind.startswith((GENERIC, IMPORTED))
