"""Finds again what reports name: by offkey's own scan, and for what its rules do not know, by the values themselves.

Both ways give findings of the one sort: each place in the whole history, and who brought the value in first. Values are
held in memory only: no rule, cache or database with one of them reaches a disk.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType

from offboarding.reports.formats import Reported
from offboarding.reports.locating import Located, locate
from offboarding.reports.naming import Namer
from offboarding.scanned import Scanned
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.found import Confidence, Finding, Gap, Ownership, Place
from offkey.secret import Secret
from rules import Provider, Rule, RuleSet
from rules.checks import placeholder
from rules.light import IMPORTED, light
from scanner.findings import without_values
from scanner.matching.matcher import masking
from scanner.repository.sources import Target
from scanner.scan import Options, ScanResult, scan

SHORTEST = 6
"""Bytes of a value that is looked for everywhere; a shorter one stands in many places where nobody put it."""
_ALIKE = 12
"""Bytes that a value must have to be the same as a longer one that holds it."""
_COMPILED = 1000
"""Bytes of the longest value that Hyperscan is asked for."""
_ADVICE = "look at the report's place by hand; the value may still be valid at its issuer"
_HANDOVER = (
    "Found by another scanner; no rule of offkey knows it. Ask whoever brought it in which service issued it, have it "
    "ended there, then remove it from the code."
)


@dataclass(frozen=True)
class Again:
    """The findings that stand for the report's, the names of their kinds, and what was not found again.

    `missed` counts what was reported and not found.
    """

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    ruleset: RuleSet
    missed: int


def find(
    reports: Sequence[Reported],
    done: Scanned,
    targets: Sequence[Target],
    ruleset: RuleSet,
    *,
    key: OrgKey,
    options: Options,
) -> Again:
    """The findings that reports name. `done` is a scan of the targets with our own rules. Raises what `scan` does."""
    known = _Known(done)
    gaps: list[Gap] = []
    by_finding: dict[str, list[Reported]] = {}
    left: list[tuple[Reported, bytes]] = []
    for one in reports:
        located = locate(one, targets)
        if found := known.of(one, located):
            for fingerprint in found:
                by_finding.setdefault(fingerprint, []).append(one)
        elif isinstance(located.value, Secret):
            left.append((one, located.value.reveal()))
        else:
            gaps.append(_gap(one, located.why or "the report gives no value, and no rule of offkey finds one there"))
    chosen = [finding for finding in done.result.findings if finding.fingerprint in by_finding]
    more, added = _by_value(left, targets, ruleset, key, options, by_finding=by_finding, gaps=gaps)
    mask = masking(ruleset)
    findings = [_told(finding, by_finding[finding.fingerprint], mask) for finding in (*chosen, *more.findings)]
    shown = tuple(_masked(gap, mask) for gap in gaps)
    return Again(tuple(findings), (*more.gaps, *shown), added, len(gaps))


class _Known:
    """What our own scan found, by value and by place."""

    def __init__(self, done: Scanned) -> None:
        self._findings = done.result.findings
        self._values: dict[str, tuple[bytes, ...]] = {}
        for finding in self._findings:
            for place in finding.places:
                with suppress(OffkeyError):  # gone since: the next place may still have it
                    text = done.text(place)
                    spans = place.spans
                    self._values[finding.fingerprint] = tuple(text[span.start : span.end] for span in spans)
                    break

    def of(self, one: Reported, located: Located) -> list[str]:
        """The fingerprints of our findings that are what the report means."""
        if one.value is None:
            there = [f.fingerprint for f in self._findings if any(_is_at(place, one, located) for place in f.places)]
            if there or located.value is None:
                return there
        value = located.value.reveal() if located.value is not None else b""
        same = [mark for mark, parts in self._values.items() if value in parts]
        return same or [mark for mark, parts in self._values.items() if any(_holds(value, part) for part in parts)]


def _holds(value: bytes, part: bytes) -> bool:
    """Whether one is a part of the other, and long enough to be no accident."""
    return min(len(value), len(part)) >= _ALIKE and (value in part or part in value)


def _is_at(place: Place, one: Reported, located: Located) -> bool:
    if located.blob:
        there = place.object == located.blob
    else:
        there = bool(one.path) and (one.path == place.path or one.path.endswith("/" + place.path)) and bool(place.path)
    return there and one.line <= place.line <= max(one.end_line, one.line)


def _by_value(
    left: Sequence[tuple[Reported, bytes]],
    targets: Sequence[Target],
    ruleset: RuleSet,
    key: OrgKey,
    options: Options,
    *,
    by_finding: dict[str, list[Reported]],
    gaps: list[Gap],
) -> tuple[ScanResult, RuleSet]:
    """A scan for the values themselves, and the names of all kinds."""
    namer = Namer(light(ruleset))
    wanted: dict[str, list[Reported]] = {}
    made: dict[str, Rule] = {}
    for one, value in left:
        if len(value) < SHORTEST or placeholder(value):
            gaps.append(_gap(one, "its value is too short to be looked for, or looks like a stand-in for one"))
            continue
        kind = namer.kind(one, value)
        fingerprint = key.fingerprint(kind, {"secret": value})
        wanted.setdefault(fingerprint, []).append(one)
        made[fingerprint] = _rule(kind, one, value, ruleset)
    result = _scanned(list(made.values()), targets, key, options, longest=max((len(v) for _, v in left), default=0))
    found = {finding.fingerprint for finding in result.findings}
    for fingerprint, ones in wanted.items():
        if fingerprint in found:
            by_finding[fingerprint] = ones
        else:
            gaps += [_gap(one, "its value is not in the repository any more, or was never") for one in ones]
    return result, _named(ruleset, made.values())


def _rule(kind: str, one: Reported, value: bytes, ruleset: RuleSet) -> Rule:
    """A rule that finds one value and nothing else; it lives as long as this process."""
    known = next((rule for rule in ruleset.rules if rule.kind == kind), None)
    before = rb"(?<![A-Za-z0-9])" if value[:1].isalnum() else b""
    after = rb"(?![A-Za-z0-9])" if value[-1:].isalnum() else b""
    return Rule(
        kind=kind,
        name=known.name if known else f"{one.tool}: {one.rule}",
        provider=known.provider if known else IMPORTED[:-1],
        pattern=before + b"(?P<secret>" + re.escape(value) + b")" + after,
        keywords=(value.lower(),),
        confidence=known.confidence if known else Confidence.MEDIUM,
        ownership=known.ownership if known else Ownership.UNKNOWN,
        entropy=0.0,
        checksum="",
        near=(),
        near_lines=0,
        reject=(),
        parts=(),
        lone_confidence=Confidence.LOW,
        references=known.references if known else (),
        examples=(),
        counterexamples=(),
        anchor="secret",
    )


def _scanned(
    made: Sequence[Rule], targets: Sequence[Target], key: OrgKey, options: Options, *, longest: int
) -> ScanResult:
    rules = RuleSet(rules=tuple(made), providers=MappingProxyType({}), digest="")
    if not made:
        return scan((), rules, key, replace(options, cache=None, matcher="keyword"))
    matcher = "keyword" if longest > _COMPILED else options.matcher
    return scan(targets, rules, key, replace(options, cache=None, matcher=matcher))


def _named(ruleset: RuleSet, made: Iterable[Rule]) -> RuleSet:
    """The rules with the kinds of other tools, which are named and find nothing: their values stay where they are."""
    added = {rule.kind: replace(rule, pattern=b"(?P<secret>(?!))", keywords=(b"\0",)) for rule in made}
    rules = (*ruleset.rules, *(rule for kind, rule in added.items() if kind.startswith(IMPORTED)))
    theirs = Provider(name=IMPORTED[:-1], console="", handover=_HANDOVER)
    providers: Mapping[str, Provider] = {theirs.name: theirs, **ruleset.providers}
    return replace(ruleset, rules=rules, providers=MappingProxyType(dict(providers)))


def _told(finding: Finding, reports: Iterable[Reported], mask: Callable[[str], str]) -> Finding:
    lines = dict.fromkeys(f"reported by {one.said_by} at {one.where}" for one in reports)
    named = finding.kind.startswith(IMPORTED)
    note = ("no rule of offkey knows this value: a person has to end it",) if named else ()
    return without_values(replace(finding, evidence=(*finding.evidence, *lines, *note)), mask)


def _gap(one: Reported, why: str) -> Gap:
    return Gap(where=f"{one.said_by} at {one.where}", why=why, advice=_ADVICE)


def _masked(gap: Gap, mask: Callable[[str], str]) -> Gap:
    return replace(gap, where=mask(gap.where), why=mask(gap.why))
