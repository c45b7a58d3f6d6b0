"""offkey's rules as a plugin of detect-secrets: `detect-secrets scan -p <the path of this file>`.

Source: https://github.com/Yelp/detect-secrets, docs/plugins.md. It gives its plugins a line at a time, with five lines
before and after: a pair is found there, a longer private key is left to its own detector. Nothing is verified.
"""

from collections.abc import Generator
from functools import cache
from typing import Any

from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.plugins.base import BasePlugin

from rules.light import everything
from rules.match import find, resolve
from scanner.matching.pragma import allowed
from scanner.matching.rulecache import load
from scanner.repository.gitenv import user_cache

_RANK = {"low": 1, "medium": 2, "high": 3}


class OffkeyDetector(BasePlugin):
    """Every kind that offkey knows, at medium confidence or above. Its auditing wants one type for all of them."""

    secret_type = "Credential known to offkey"  # noqa: S105  a type's name

    def __init__(self, confidence: str = "medium") -> None:
        """`confidence` is the least to report: low, medium or high."""
        if confidence not in _RANK:
            raise ValueError(f"confidence {confidence!r}: use low, medium or high")
        self._confidence = confidence

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        """The values in a text."""
        for value, _ in _found(string, self._confidence):
            yield value

    def analyze_line(
        self, filename: str, line: str, line_number: int = 0, context: Any = None, **kwargs: Any
    ) -> set[PotentialSecret]:
        """What stands in a line, seen with the lines around it."""
        lines, at = ([line], 0) if context is None else (list(context.lines), context.target_index)
        if at >= len(lines) or lines[at].rstrip("\n") != line.rstrip("\n"):
            lines, at = [line], 0
        before = "".join(f"{one.rstrip(chr(10))}\n" for one in lines[:at])
        text = before + "".join(f"{one.rstrip(chr(10))}\n" for one in lines[at:])
        low = len(before.encode())
        high = low + len(line.rstrip("\n").encode()) + 1
        return {
            PotentialSecret(type=self.secret_type, filename=filename, secret=value, line_number=line_number)
            for value, start in _found(text, self._confidence)
            if low <= start < high
        }

    def json(self) -> dict[str, Any]:
        """The settings that a baseline keeps."""
        return {"name": type(self).__name__, "confidence": self._confidence}


@cache
def _rules() -> Any:
    return everything(load((), user_cache()))


def _found(text: str, confidence: str) -> list[tuple[str, int]]:
    """Value and offset in bytes of each match, but for those that a comment excuses."""
    data = text.encode("utf-8", "surrogateescape")
    lower = data.lower()
    likely = [rule for rule in _rules() if any(word in lower for word in rule.keywords)]
    found = []
    for match in resolve(match for rule in likely for match in find(rule, data)):
        spans = {part: (start, end) for part, start, end in match.spans}
        start, end = spans.get("secret", (match.start, match.end))
        if _RANK[match.confidence] >= _RANK[confidence] and not any(allowed(data, at) for at, _ in spans.values()):
            found.append((data[start:end].decode("utf-8", "replace"), start))
    return found
