"""Passwords and keys that no specific rule knows, by their variable's name: `offkey scan --generic`.

The rule `generic.assignment` names candidates; detect-secrets says which of them count: its KeywordDetector for names
such as `password` and `api_key`, its entropy detectors for the vaguer `token` and `access_key`, some of its heuristic
filters against false alarms. Only their functions on text are called: no settings are read or changed, and nothing is
verified (https://github.com/Yelp/detect-secrets, version 1.5). Not for the pre-commit hook: the import takes 130 ms.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from offkey.found import Finding
from rules.light import GENERIC
from rules.match import Match

if TYPE_CHECKING:
    from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
    from detect_secrets.plugins.keyword import KeywordDetector

_BEFORE = 160
"""Bytes before a value in which its name is looked for."""
_AFTER = 200
_NAME = re.compile(r"[\w$.-]{1,80}[\"'\]]{0,2}[ \t]{0,8}(?::=|=>|={1,3}|:)[ \t]{0,8}@?[\"'`]?\Z")
_ALONE = re.compile(r"\s*(?:(?:export|ENV|ARG|set|-)\s+){0,2}[\"']?\Z")
"""What may stand on a line before the name of an unquoted value: else it is code, and the value an expression."""
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*=\Z")
_CODE = re.compile(r"[(){}\[\]<>;,|&*]|\A\w+\.\w|\A[/~]")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.:-]*")
_DIGITS = 3
_SHORTEST = 8
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?\Z")


def confirmed(content: bytes, candidates: Iterable[Match], specific: Sequence[Match]) -> list[Match]:
    """The candidates that detect-secrets takes for secrets, without those that touch a specific rule's match."""
    taken: list[list[int]] = []
    for start, end in sorted(span[1:] for match in specific for span in match.spans):
        if taken and start <= taken[-1][1]:
            taken[-1][1] = max(taken[-1][1], end)
        else:
            taken.append([start, end])
    return [match for match in candidates if not _touches(match, taken) and _counts(content, match)]


def _touches(match: Match, taken: Sequence[Sequence[int]]) -> bool:
    """Whether a match overlaps one of the spans, which are sorted and apart from each other."""
    at = bisect_left(taken, match.end, key=lambda span: span[0])
    return at > 0 and taken[at - 1][1] > match.start


def without_noise(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings; generic ones without their places in lock files, API descriptions and files that are no text."""
    told = (
        replace(finding, places=tuple(place for place in finding.places if not _noise(place.path)))
        if finding.kind.startswith(GENERIC)
        else finding
        for finding in findings
    )
    return tuple(finding for finding in told if finding.places)


def _noise(path: str) -> bool:
    from detect_secrets.filters import heuristic

    return any(test(path) for test in (heuristic.is_lock_file, heuristic.is_swagger_file, heuristic.is_non_text_file))


def _counts(content: bytes, match: Match) -> bool:
    low = content.rfind(b"\n", max(0, match.start - _BEFORE), match.start) + 1 or max(0, match.start - _BEFORE)
    before = content[low : match.start].decode("utf-8", "replace")
    rest = content[match.end : match.end + _AFTER].partition(b"\n")[0].decode("utf-8", "replace")
    value = content[match.start : match.end].decode("utf-8", "replace")
    name = _NAME.search(before)
    # In `"AWS::SecretsManager::Secret": "..."` the name is a type's.
    if name is None or len(value) < _SHORTEST or before[: name.start()].endswith("::"):
        return False
    quote = before[-1] if before[-1] in "\"'`" else ""
    if quote and not rest.startswith(quote):
        return False
    if not quote and not (_ALONE.fullmatch(before[: name.start()]) and _plain(name[0], value, rest)):
        return False
    return _detected(name[0], value, quote) and not _unlikely(name[0], value)


def _plain(name: str, value: str, rest: str) -> bool:
    """Whether an unquoted value that ends its line is text rather than an expression of code."""
    if rest.strip() or _CODE.search(value):
        return False
    if _ENVIRONMENT.fullmatch(name) or not _IDENTIFIER.fullmatch(value):
        return True
    return "_" not in value and sum(letter.isdigit() for letter in value) >= _DIGITS


def _detected(name: str, value: str, quote: str) -> bool:
    """Whether detect-secrets sees the value, by the variable's name or by its randomness."""
    from detect_secrets.plugins import keyword

    named, random = _detectors()
    table = None if quote else keyword.CONFIG_DENYLIST_REGEX_TO_GROUP
    if ":=" in name:
        table = keyword.GOLANG_DENYLIST_REGEX_TO_GROUP
    if value in named.analyze_string(name + value + quote, table):
        return True
    return any(
        plugin.calculate_shannon_entropy(text) > plugin.entropy_limit
        for plugin in random
        for text in plugin.analyze_string(f'"{value}"')
    )


@cache
def _detectors() -> "tuple[KeywordDetector, tuple[HighEntropyStringsPlugin, ...]]":
    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString
    from detect_secrets.plugins.keyword import KeywordDetector

    return KeywordDetector(), (HexHighEntropyString(), Base64HighEntropyString())


def _unlikely(name: str, value: str) -> bool:
    """Whether one of detect-secrets' heuristics takes the value for an id or a row of characters.

    Its tests for templates, references and values without letters could never fire: the rule's own check and `_plain`
    have refused those before.
    """
    from detect_secrets.filters import heuristic

    return (
        _DATE.match(value) is not None
        or heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_likely_id_string(value, name + value)
    )
