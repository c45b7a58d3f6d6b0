"""Why each finding is held to be a credential: read again from where it stands, when somebody asks for reasons."""

from collections.abc import Callable, Sequence

from offkey.errors import OffkeyError
from offkey.found import Finding
from rules import RuleSet
from rules.light import LightRule, light
from rules.reasons import Reasons, reasons
from rules.rule import Rule
from scanner.claims.around import MOST, Read
from scanner.matching.matcher import masking
from scanner.output.formats import Reasoned

PLACES = 8
"""The most places of one finding that are read, to find one that is as sure as the finding."""
NOT_ASKED = f"not looked at again: there are more than {MOST} findings"
NO_RULE = "no rule of offkey knows it: another scanner reported it"
GONE = "its value could not be read again"


def explained(read: Read, findings: Sequence[Finding], ruleset: RuleSet) -> Reasoned:
    """The reasons for each finding, by its fingerprint; one line that says why where there are none.

    `read` gives the decoded content at a place, or raises OffkeyError.
    """
    known = {rule.kind: (rule, compact) for rule, compact in zip(ruleset.rules, light(ruleset), strict=True)}
    mask = masking(ruleset)

    def shown(name: str) -> bool:
        return mask(name) == name

    told: dict[str, Sequence[str]] = {}
    for number, finding in enumerate(findings):
        if finding.kind not in known:
            told[finding.fingerprint] = (NO_RULE,)
        elif number >= MOST:
            told[finding.fingerprint] = (NOT_ASKED,)
        else:
            told[finding.fingerprint] = _lines(read, finding, known[finding.kind], shown)
    return told


def _lines(read: Read, finding: Finding, rule: tuple[Rule, LightRule], shown: Callable[[str], bool]) -> Sequence[str]:
    """The reasons at the first place that is as sure as the finding, those that stand today before others."""
    first: Reasons | None = None
    for place in sorted(finding.places, key=lambda one: not one.present)[:PLACES]:
        spans = [(span.part, span.start, span.end) for span in place.spans]
        try:
            found = reasons(*rule, read(place), spans, shown)
        except (OffkeyError, ValueError):
            continue
        if found.confidence == finding.confidence.value:
            return found.lines
        first = first or found
    return first.lines if first else (GONE,)
