"""Every scenario of the attribution benchmark: offkey says what is true of it, and git alone says that it is true."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import rules
from benchmarks.attribution.catalogue import GROUPS, SCENARIOS
from benchmarks.attribution.checks import problems
from benchmarks.attribution.scenario import Stage, Truth
from offkey.fingerprint import OrgKey
from offkey.model import Finding
from offkey.secret import Secret
from rules import RuleSet
from scanner.commits.carrier import Carrier
from scanner.options import Options
from scanner.output.formats import record
from scanner.scan import scan
from tests.benchmarks.git_oracle import GitOracle
from tests.needs import KERNEL

KEY = OrgKey(Secret(b"a" * 32))
COMPRESSED = {"zip-archive", "gzip-file"}
Scan = Callable[..., tuple[Finding, ...]]


class Played(NamedTuple):
    stage: Stage
    truth: Truth

    @property
    def target(self) -> Path:
        return self.truth.target or self.stage.repo.path


class Shelf(dict[str, bytes]):
    """A vault in memory."""

    def load(self, key: str) -> bytes | None:
        return self.get(key)

    def save(self, key: str, data: bytes) -> None:
        self[key] = data


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


class Theatre(dict[str, Played]):
    """Scenarios by name, each played when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> Played:
        self[name] = Played(*SCENARIOS[name].made(self._folder))
        return self[name]

    def all(self) -> dict[str, Played]:
        return {name: self[name] for name in SCENARIOS}


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture
def played(theatre: Theatre) -> dict[str, Played]:
    return theatre.all()


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    ruleset: RuleSet = rules.load()
    cache = tmp_path_factory.mktemp("patterns")

    def run(*targets: Path, vault: Shelf | None = None, **options: object) -> tuple[Finding, ...]:
        return scan(targets, ruleset, KEY, Options(**{"cache": cache, **options}), vault=vault).findings  # type: ignore[arg-type]

    return run


def wrong(played: Played, findings: tuple[Finding, ...]) -> list[str]:
    """What is wrong with what was found in a scenario."""
    prints = {KEY.fingerprint(one.kind, {"secret": played.stage.key.encode()}) for one in findings}
    records = [_record(one, played.stage.key) for one in findings if one.fingerprint in prints]
    return [line for row in records for line in problems(played.truth, row)] if records else ["not found"]


def _record(finding: Finding, key: str) -> dict[str, Any]:
    coauthors = [{"email": one.email} for one in finding.coauthors]
    return record(finding, ephemeral=False) | {"secret": key, "coauthors": coauthors}


@pytest.mark.parametrize("name", SCENARIOS)
def test_offkey_says_what_is_true(name: str, theatre: Theatre, look: Scan) -> None:
    assert wrong(theatre[name], look(theatre[name].target)) == []


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"jobs": 2}, id="many-in-one-call"),
        pytest.param({"exhaustive": True, "jobs": 2}, id="exhaustive"),
        pytest.param({"compiled": False}, id="without-the-kernel"),
    ],
)
def test_every_way_of_scanning_says_the_same(options: dict[str, Any], played: dict[str, Played], look: Scan) -> None:
    findings = look(*(one.target for one in played.values()), **options)
    assert {name: lines for name, one in played.items() if (lines := wrong(one, findings))} == {}


@KERNEL
def test_a_second_scan_says_the_same_from_memory(played: dict[str, Played], look: Scan) -> None:
    shelf = Shelf()
    targets = [one.target for one in played.values()]
    first = look(*targets, vault=shelf)
    assert look(*targets, vault=shelf) == first
    assert {name: lines for name, one in played.items() if (lines := wrong(one, first))} == {}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in COMPRESSED])
def test_git_alone_says_the_same(name: str, theatre: Theatre) -> None:
    """The truth of a scenario is written by hand; here it is read off all objects, in the most laborious way."""
    stage, truth = theatre[name]
    oracle = GitOracle(theatre[name].target, {stage.key.encode(), *(truth.forms or ())})
    assert oracle.introducer() == (truth.commit, truth.person[1] if truth.person else "")
    later = oracle.bringers() - {truth.commit}
    assert sorted(map(oracle.address, later)) == sorted(person[1] for person, _ in truth.carried)
    assert oracle.present() == truth.present


def test_only_compressed_values_are_hidden_from_git(played: dict[str, Played]) -> None:
    assert {name for name, one in played.items() if one.truth.forms is None} == COMPRESSED


def test_there_are_enough_scenarios_and_each_has_a_story_of_one_sentence_or_two() -> None:
    assert len(SCENARIOS) >= 40
    assert len({one.story for one in SCENARIOS.values()}) == len(SCENARIOS)
    assert all(one.story.endswith(".") and len(one.story) < 120 for one in SCENARIOS.values())
    assert len({one.group for one in SCENARIOS.values()}) == len(GROUPS)


def test_every_kind_of_carrier_within_one_repository_is_played(played: dict[str, Played]) -> None:
    told = {kind for one in played.values() for _, kind in one.truth.carried}
    assert told == {kind.value for kind in Carrier} - {Carrier.OTHER_REPOSITORY}


def test_no_token_stands_in_a_file() -> None:
    folder = Path(__file__).parents[2] / "benchmarks" / "attribution"
    assert not [path.name for path in folder.glob("*.py") if b"gh" + b"p_" in path.read_bytes()]
