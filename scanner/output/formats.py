"""Findings as json, jsonl and csv. Pure: records in, text out. SARIF is in `sarif.py`, the table in `table.py`.

One line of jsonl is one Finding with the keys of DESIGN section 8. Values are written only when the caller hands
them in (`--show-secrets`).
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from offkey.found import Authorship, Finding, Gap, Place, Setting, Use, timestamp
from offkey.secret import Secret
from scanner.artefacts import steps
from scanner.output.printable import encodable, json_printable
from scanner.output.words import sentence

Secrets = Mapping[str, Mapping[str, Secret]]
"""The parts of each finding's value by the finding's fingerprint; empty unless secrets are to be shown."""

Reasoned = Mapping[str, Sequence[str]]
"""Why each finding is held to be a credential, by its fingerprint; empty unless reasons are asked for."""

CSV_COLUMNS = (
    "kind", "provider", "rule", "fingerprint", "redacted", "confidence", "new",
    "repo", "object", "object_type", "path", "line", "column", "commit", "reach", "present", "decoding",
    "introduced_name", "introduced_email", "introduced_raw_email", "introduced_at", "introduced_commit",
    "introduced_role", "introduced_person", "usage",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def record(
    finding: Finding, *, ephemeral: bool, secrets: Secrets | None = None, reasons: Reasoned | None = None
) -> dict[str, Any]:
    """One finding as JSON data, keys as in DESIGN section 8.

    The fingerprint of an `ephemeral` key means nothing to anybody later and is None. `secrets` adds `secret`, and
    `parts` for a credential of several; `reasons` adds `reasons`.
    """
    row: dict[str, Any] = {
        "kind": finding.kind,
        "provider": finding.provider,
        "rule": finding.rule,
        "fingerprint": None if ephemeral else finding.fingerprint,
        "redacted": finding.redacted,
        "confidence": finding.confidence.value,
        "new": finding.new,
        "places": [_place(place) for place in finding.places],
        "introduced": _authorship(finding.introduced),
        "carried": [{**(_authorship(one) or {}), "kind": one.kind} for one in finding.carried],
        "evidence": list(finding.evidence),
        "claims": [asdict(claim) for claim in finding.claims],
        "usage": [_use(use) for use in finding.usage],
    }
    if reasons:
        row["reasons"] = list(reasons.get(finding.fingerprint, ()))
    return _encodable(row | _shown(finding, secrets or {}))  # type: ignore[no-any-return]


def jsonl(
    findings: Sequence[Finding], *, ephemeral: bool, secrets: Secrets | None = None, reasons: Reasoned | None = None
) -> str:
    """One JSON object a line."""
    rows = (record(finding, ephemeral=ephemeral, secrets=secrets, reasons=reasons) for finding in findings)
    return "".join(json_printable(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)


def document(
    findings: Sequence[Finding],
    gaps: Sequence[Gap],
    examined: Mapping[str, Any],
    *,
    ephemeral: bool,
    secrets: Secrets | None = None,
    reasons: Reasoned | None = None,
    ci: Mapping[str, Sequence[Use | Setting]] | None = None,
) -> str:
    """One JSON document: the findings (with committer and co-authors), the gaps, and counts of what was examined.

    `ci` adds what was read of CI configuration: lists of uses and settings by name.
    """
    rows = [
        record(finding, ephemeral=ephemeral, secrets=secrets, reasons=reasons)
        | {
            "committer": _encodable(_authorship(finding.committer)),
            "coauthors": [_encodable(_authorship(one)) for one in finding.coauthors],
        }
        for finding in findings
    ]
    whole: dict[str, Any] = {
        "findings": rows,
        "gaps": _encodable([asdict(gap) for gap in gaps]),
        "examined": _encodable(dict(examined)),
    }
    if ci is not None:
        whole["ci"] = {part: [_encodable(_in_ci(one, ephemeral)) for one in told] for part, told in ci.items()}
    return json_printable(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def csv_table(findings: Sequence[Finding], *, ephemeral: bool, secrets: Secrets | None = None) -> str:
    """RFC 4180 with a header, one row a place.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front (it does so in secrets, too).
    """
    text = io.StringIO()
    columns = (*CSV_COLUMNS, "secret", "parts") if secrets else CSV_COLUMNS
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for finding in findings:
        row = record(finding, ephemeral=ephemeral, secrets=secrets)
        introduced = row["introduced"] or {}
        shared = {name: row[name] for name in CSV_COLUMNS[:7]} | {
            f"introduced_{name}": introduced.get(name, "")
            for name in ("name", "email", "raw_email", "at", "commit", "role", "person")
        }
        shared["usage"] = encodable("; ".join(sentence(use) for use in finding.usage))
        if secrets:
            shared |= {"secret": row.get("secret", ""), "parts": json.dumps(row.get("parts", {}), ensure_ascii=False)}
        for place in row["places"]:
            spread = {name: value for name, value in place.items() if name not in ("spans", "inside")}
            spread["decoding"] = " ".join(place["decoding"])
            writer.writerow({name: cell(value) for name, value in (shared | spread).items()})
    return text.getvalue()


def _shown(finding: Finding, secrets: Secrets) -> dict[str, Any]:
    parts = {name: value.reveal().decode("utf-8", "backslashreplace") for name, value in _parts(finding, secrets)}
    if not parts:
        return {}
    secret = parts.get("secret") or next(iter(parts.values()))
    return {"secret": secret} | ({"parts": parts} if len(parts) > 1 else {})


def _parts(finding: Finding, secrets: Secrets) -> list[tuple[str, Secret]]:
    return list(secrets.get(finding.fingerprint, {}).items())


def _place(place: Place) -> dict[str, Any]:
    return {
        "repo": place.repo,
        "object": place.object,
        "object_type": place.object_type,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "commit": place.commit,
        "reach": place.reach.value,
        "present": place.present,
        "decoding": list(place.decoding),
        "spans": [{"part": span.part, "start": span.start, "end": span.end} for span in place.spans],
    } | inside(place)


def inside(place: Place) -> dict[str, str]:
    """`inside`, how the way into an artefact reads, for a place that lies in one."""
    shown, _ = steps.inside(place.path, place.decoding)
    return {"inside": encodable(shown)} if shown != place.path else {}


def _in_ci(one: Use | Setting, ephemeral: bool) -> dict[str, Any]:
    """A use, or a setting: a use with the form of its value and the findings that lie in it."""
    if isinstance(one, Use):
        return _use(one)
    inside = [{"kind": kind, "fingerprint": None if ephemeral else print_} for kind, print_ in one.findings]
    return _use(one.use) | {"form": one.form, "how": one.how, "redacted": one.redacted, "findings": inside}


def _use(use: Use) -> dict[str, Any]:
    return {
        "system": use.system,
        "repo": use.repo,
        "path": use.path,
        "line": use.line,
        "workflow": use.workflow,
        "job": use.job,
        "step": use.step,
        "environment": use.environment,
        "name": use.name,
        "when": list(use.when),
        "present": use.present,
        "commit": use.commit,
        "last": use.last,
        "changed": _authorship(use.changed),
        "note": use.note,
    }


def _authorship(one: Authorship | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "name": one.name,
        "email": one.email,
        "raw_email": one.raw_email,
        "at": timestamp(one.at),
        "commit": one.commit,
        "role": one.role,
        "person": one.person,
    }


def _encodable(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _encodable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_encodable(item) for item in data]
    return encodable(data) if isinstance(data, str) else data


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text
