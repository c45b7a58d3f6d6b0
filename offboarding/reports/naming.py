"""Which kind a reported value is: by rules of ours that know its form where another tool's rule names the provider.

A tool's word alone never makes a value one of a provider's: it would then be sent to that provider.
"""

import re
from collections.abc import Sequence

from offboarding.reports.formats import Reported
from rules.light import GENERIC, IMPORTED, LightRule
from scanner.matching.matcher import KeywordMatcher, matches

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_ENDINGS = re.compile(r"(?:_(?:api|app|access|auth|personal|secret|token|key|credentials?|v\d+))+\Z", re.IGNORECASE)
_MORE = ("", "_token", "_key", "_secret", "_api_key", "_app_key", "_api_token", "_access_token", "_client_secret")


class Namer:
    """Asks our rules."""

    def __init__(self, rules: Sequence[LightRule]) -> None:
        self._rules = [rule for rule in rules if not rule.kind.startswith(GENERIC)]
        self._matcher = KeywordMatcher(self._rules)

    def kind(self, reported: Reported, value: bytes) -> str:
        """The one kind of ours whose rule takes the whole value for one of its own; else `imported.tool.rule`."""
        name = _OTHER.sub("_", _CAMEL.sub("_", reported.rule)).strip("_")
        names = dict.fromkeys(one + more for one in (name, _ENDINGS.sub("", name)) for more in _MORE)
        found = set()
        for one in names:
            text = one.encode() + b' = "' + value + b'"\n'
            found |= {
                match.kind
                for match in matches(self._matcher, self._rules, text)
                if match.confidence != "low"
                and [part for part, _, _ in match.spans] == ["secret"]
                and text[match.start : match.end] == value
            }
        return found.pop() if len(found) == 1 else imported(reported)


def imported(reported: Reported) -> str:
    """The kind of a value that no rule of ours knows."""
    name = _OTHER.sub("_", reported.rule.lower()).strip("_") or "rule"
    return f"{IMPORTED}{reported.tool}.{name if name[0].isalpha() else f'rule_{name}'}"
