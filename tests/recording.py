"""The contract test's own record, revokers/tested.json: which tests each kind passed, and what was called.

    python -m pytest tests/revokers/test_{contract,identified,garbage,database}.py -n 2 --record

Whether a kind counts as tested is read from there. The record holds the digest of the revoker that was tried: a test
compares it with the revoker as it is.
"""

import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "revokers" / "tested.json"
OPERATIONS = "operations"
NOTHING_TO_TRY = "nothing to try"
"""The property of a test that has nothing to try on its kind: it does not count."""
_TESTS = re.compile(
    r"tests/revokers/(test_contract|test_identified|test_garbage|test_database)\.py::(\w+)\[([\w.]+)\]$"
)
ON_REAL_SERVERS = frozenset({"database.postgres", "database.mysql", "database.redis", "database.role"})
"""Kinds of tests/revokers/test_database.py: the tests that say so are of roles."""


def digest_of(provider: str) -> str:
    """SHA-256 over the sources of a provider's revoker."""
    files = sorted([*ROOT.glob(f"revokers/{provider}.py"), *ROOT.glob(f"revokers/{provider}_*.py")])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def read() -> dict[str, Any]:
    """The record: `kinds`, `operations` and `sources`."""
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


class Recorder:
    """A pytest plugin. Kinds and operations that this run did not try keep what an earlier run recorded of them."""

    def __init__(self) -> None:
        self.passed: dict[str, set[str]] = defaultdict(set)
        self.failed: dict[str, set[str]] = defaultdict(set)
        self.called: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tried = _TESTS.match(report.nodeid)
        if tried is None:
            return
        kind = "database.role" if tried[1] == "test_database" and "role" in tried[2] else tried[3]
        if report.outcome != "passed":
            self.failed[kind].add(tried[2])
        elif report.when == "call":
            self.passed[kind].add(tried[2])
        for name, value in report.user_properties:
            if name == NOTHING_TO_TRY:
                self.passed[tried[3]].discard(tried[2])
            if name == OPERATIONS:
                for provider, method, template, description in value:
                    self.called[provider][f"{method} {template}"] = description

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput") or not self.passed:
            return
        from tests.revokers.contract import CASES, NOT_ARRANGED

        known = read() if RECORD.is_file() else {"kinds": {}, "operations": {}, "sources": {}}
        kinds = {kind: sorted(self.passed[kind] - self.failed[kind]) for kind in self.passed}
        tried = {kind.split(".")[0] for kind in kinds}
        told = {
            "kinds": {
                kind: tests for kind, tests in {**known["kinds"], **kinds}.items() if kind in {*CASES, *ON_REAL_SERVERS}
            },
            "not_arranged": NOT_ARRANGED,
            "operations": {**known["operations"], **self.called},
            "sources": {**known["sources"], **{name: digest_of(name) for name in tried}},
        }
        RECORD.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
