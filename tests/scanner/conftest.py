"""The real rules, one organisation key and one pattern cache for all scanner tests of a process."""

from collections.abc import Callable
from pathlib import Path

import pytest

import rules
from offkey.fingerprint import OrgKey
from offkey.secret import Secret
from rules import RuleSet
from scanner.repository.sources import Target
from scanner.scan import Options, ScanResult, scan

Scan = Callable[..., ScanResult]


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    return rules.load()


@pytest.fixture(scope="session")
def key() -> OrgKey:
    return OrgKey(Secret(b"k" * 32))


@pytest.fixture(scope="session")
def pattern_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("patterns", numbered=True) / "cache"


@pytest.fixture(scope="session")
def look(ruleset: RuleSet, key: OrgKey, pattern_cache: Path) -> Scan:
    """Scan with the real rules: `look(path, jobs=2, ...)`."""

    def run(*targets: str | Path | Target, **options: object) -> ScanResult:
        return scan(targets, ruleset, key, Options(**{"cache": pattern_cache, **options}))  # type: ignore[arg-type]

    return run
