"""Findings as SARIF 2.1.0 (OASIS Standard with Errata 01), for code-scanning services.

One result is one Finding. Its first place is the result's location (`locations` would mean that every one of them has
to be changed at once), the others are related locations. Nothing in the log depends on the clock.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from offkey import __version__
from offkey.found import Confidence, Finding, Gap, Place
from scanner.output.formats import inside
from scanner.output.printable import encodable, json_printable
from scanner.output.words import sentence

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Confidence.HIGH: "error", Confidence.MEDIUM: "warning", Confidence.LOW: "note"}
# GitHub sorts by this: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/
# sarif-support-for-code-scanning#reportingdescriptor-object (over 9.0 critical, 7.0 high, 4.0 medium).
_SEVERITY = {Confidence.HIGH: "9.1", Confidence.MEDIUM: "7.0", Confidence.LOW: "4.0"}

LineReader = Callable[[Place], bytes | None]
"""Gives the line(s) of a place with the value taken out, or None where they cannot be read again."""


class RuleNote(NamedTuple):
    """What a reader of the report needs to know of a rule."""

    name: str
    provider: str
    confidence: Confidence
    references: tuple[str, ...] = ()


def log(
    findings: Sequence[Finding],
    gaps: Sequence[Gap],
    *,
    rules: Mapping[str, RuleNote],
    ephemeral: bool,
    line_without_value: LineReader,
    exit_code: int,
) -> str:
    """The SARIF log as text.

    `rules` maps a kind to its note. With an organisation key `partialFingerprints` holds the keyed fingerprint as
    `offkey/v1`; with an `ephemeral` one `offkeyLine/v1`, taken from rule, path and the line without the value.
    """
    kinds = sorted({finding.kind for finding in findings})
    bases = _bases(findings)
    run: dict[str, Any] = {
        "tool": {"driver": _driver(kinds, rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {base: {"description": {"text": repo}} for repo, base in bases.items()},
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": exit_code,
                "toolExecutionNotifications": [_notification(gap) for gap in gaps],
            }
        ],
        "results": [
            _result(finding, kinds, rules, bases, line_without_value if ephemeral else None) for finding in findings
        ],
    }
    whole = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_printable(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def _bases(findings: Sequence[Finding]) -> dict[str, str]:
    """A base id for each scanned root: SRCROOT, SRCROOT2, ..."""
    repos = sorted({place.repo for finding in findings for place in finding.places}) or ["the scanned folder"]
    return {encodable(repo): "SRCROOT" + (str(n) if n > 1 else "") for n, repo in enumerate(repos, start=1)}


def _driver(kinds: list[str], rules: Mapping[str, RuleNote]) -> dict[str, Any]:
    return {
        "name": "offkey",
        "semanticVersion": __version__,
        "rules": [_rule(kind, rules.get(kind)) for kind in kinds],
    }


def _rule(kind: str, note: RuleNote | None) -> dict[str, Any]:
    name = note.name if note else kind
    described: dict[str, Any] = {
        "id": kind,
        "name": "".join(word.capitalize() for word in kind.replace("_", ".").split(".")),
        "shortDescription": {"text": name},
        "fullDescription": {"text": f"A credential of the kind {kind} ({name})."},
        "help": {
            "text": "Revoke the credential at its issuer first; then take it out of the code. "
            "Removing it from the code alone leaves it usable to everyone who has a copy."
        },
    }
    if note:
        described |= {"helpUri": note.references[0]} if note.references else {}
        described["defaultConfiguration"] = {"level": _LEVELS[note.confidence]}
        described["properties"] = {
            "tags": ["security", "secret", note.provider],
            "precision": {"high": "very-high", "medium": "medium", "low": "low"}[note.confidence.value],
            "security-severity": _SEVERITY[note.confidence],
        }
    return described


def _result(
    finding: Finding,
    kinds: list[str],
    rules: Mapping[str, RuleNote],
    bases: Mapping[str, str],
    reader: LineReader | None,
) -> dict[str, Any]:
    first, *others = sorted(finding.places, key=lambda place: not place.present)
    note = rules.get(finding.kind)
    state = "is still present" if first.present else "is no longer in a branch tip, but in the history"
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": kinds.index(finding.kind),
        "level": _LEVELS[finding.confidence],
        "message": {"text": f"{note.name if note else finding.kind} {finding.redacted} {state}."},
        "locations": [_location(first, bases)],
        "properties": _properties(finding, first),
    }
    if prints := _fingerprints(finding, first, reader):
        result["partialFingerprints"] = prints
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(place, bases), "properties": _where(place)}
            for number, place in enumerate(others, start=1)
        ]
    return result


def _properties(finding: Finding, first: Place) -> dict[str, Any]:
    more: dict[str, Any] = {"confidence": finding.confidence.value, "new": finding.new, **_where(first)}
    if finding.introduced:
        one = finding.introduced
        more["introduced"] = {
            "name": encodable(one.name), "email": encodable(one.email), "commit": one.commit, "role": one.role,
        }  # fmt: skip
    if finding.evidence:
        more["evidence"] = [encodable(text) for text in finding.evidence]
    if finding.usage:
        more["usage"] = [encodable(sentence(use)) for use in finding.usage]
    return more


def _where(place: Place) -> dict[str, Any]:
    """What tells a historical place from one in the work tree."""
    where: dict[str, Any] = {
        "object": place.object,
        "objectType": place.object_type,
        "reach": place.reach.value,
        "present": place.present,
    }
    return where | ({"commit": place.commit} if place.commit else {}) | inside(place)


def _location(place: Place, bases: Mapping[str, str]) -> dict[str, Any]:
    region = {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)}
    if not place.path:
        name = f"{place.object_type} {place.object}"
        return {"logicalLocations": [{"name": name, "fullyQualifiedName": name, "kind": place.reach.value}]}
    uri = quote(place.path.encode("utf-8", "surrogateescape"), safe="/")
    base = bases[encodable(place.repo)]
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}, "region": region}}


def _fingerprints(finding: Finding, place: Place, reader: LineReader | None) -> dict[str, str]:
    if reader is None:
        return {"offkey/v1": finding.fingerprint}
    line = reader(place)
    if line is None:
        return {}
    pieces = (finding.rule.encode(), place.path.encode("utf-8", "surrogateescape"), line)
    framed = b"".join(len(piece).to_bytes(8, "big") + piece for piece in pieces)
    return {"offkeyLine/v1": hashlib.sha256(framed).hexdigest()}


def _notification(gap: Gap) -> dict[str, Any]:
    text = f"{gap.where}: {gap.why}" + (f" ({gap.advice})" if gap.advice else "")
    return {"level": "warning", "message": {"text": encodable(text)}, "descriptor": {"id": "gap"}}
