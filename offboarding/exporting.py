"""Known findings as a baseline of detect-secrets: entries that its own detectors make for values that ours found.

Its hashes are bare SHA-1, so that a value which can be guessed at is as good as written in it: such are left out.
Source: https://github.com/Yelp/detect-secrets, docs/design.md; version 1.5.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import get_settings, transient_settings

from offboarding.excused import of_today, value_of
from offkey.found import Finding, Place, timestamp
from rules import RuleSet
from rules.checks import entropy
from rules.light import GENERIC

BITS = 80
"""Below which a value may be guessed at from its SHA-1: entropy by its own characters, times its length."""


@dataclass(frozen=True)
class Exported:
    """The text, and how many findings are in it, could be guessed at, or are seen by none of its detectors."""

    text: str
    written: int
    guessable: int
    unseen: int


def detect_secrets(
    folder: Path, findings: Sequence[Finding], text_of: Callable[[Place], bytes], ruleset: RuleSet, now: datetime
) -> Exported:
    """The baseline for files below `folder`. Nothing is verified, and no setting of a repository is read."""
    passwords = {rule.kind for rule in ruleset.rules if rule.checksum.startswith("password")}
    wanted: dict[str, dict[str, list[Finding]]] = {}
    guessable = 0
    for finding in findings:
        value = value_of(finding, text_of)
        if value is None or finding.kind in passwords or guessable_value(finding.kind, value):
            guessable += 1
            continue
        for path in {place.path for place in finding.places if of_today(place) and place.path}:
            wanted.setdefault(path, {}).setdefault(value.decode("utf-8", "replace"), []).append(finding)
    detectors: Iterable[type] = get_mapping_from_secret_type_to_class().values()
    plugins = [{"name": detector.__name__} for detector in detectors]
    seen: set[str] = set()
    results: dict[str, list[dict[str, Any]]] = {}
    with transient_settings({"plugins_used": plugins}):
        for path in sorted(wanted):
            rows = [row for row in _rows(folder, path) if row[0] in wanted[path]]
            if rows:
                results[path] = [told for _, told in rows]
            seen |= {finding.fingerprint for value, _ in rows for finding in wanted[path][value]}
        document = {"version": "1.5.0", **get_settings().json(), "results": results, "generated_at": timestamp(now)}
    asked = {finding.fingerprint for values in wanted.values() for ones in values.values() for finding in ones}
    return Exported(json.dumps(document, indent=2) + "\n", len(seen), guessable, len(asked - seen))


def guessable_value(kind: str, value: bytes) -> bool:
    """Whether so little chance is in a value that trying all of its sort is possible."""
    return kind.startswith(GENERIC) or entropy(value) * len(value) < BITS or math.log2(95) * len(value) < BITS


def _rows(folder: Path, path: str) -> list[tuple[str, dict[str, Any]]]:
    """What detect-secrets finds in a file: each value with its entry."""
    found = SecretsCollection(root=str(folder))
    found.scan_file(path)
    rows: list[tuple[str, dict[str, Any]]] = [
        (secret.secret_value, {**secret.json(), "filename": path}) for secret in found[path] if secret.secret_value
    ]
    return sorted(rows, key=lambda row: (row[1].get("line_number", 0), row[1]["type"], row[1]["hashed_secret"]))
