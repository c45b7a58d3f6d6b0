"""The scorer of the attribution benchmark on right and wrong answers, how output is read, and planting."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.attribution import planting, table
from benchmarks.attribution.checks import problems
from benchmarks.attribution.scenario import ANN, BOB, CAT, Truth, github_token
from benchmarks.attribution.score import Answer, Grade, Named, Score, best, score, totals
from benchmarks.attribution.tools import TOOLS, Case
from tests.benchmarks.git_oracle import GitOracle
from tests.builders import Repo

ROOT = Path(__file__).parents[2]
TRUTH = Truth(ANN, "a" * 40)
KEY = github_token("a test")


def named(*people: tuple[str, str], commit: str = "a" * 40) -> Answer:
    return Answer(True, tuple(Named(address, commit) for _, address in people))


def test_the_right_author_and_commit_is_perfect() -> None:
    assert score(TRUTH, named(ANN)).perfect


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        pytest.param(named(BOB), Grade.WRONG, id="another person"),
        pytest.param(named(BOB, CAT), Grade.WRONG, id="two others"),
        pytest.param(named(ANN, BOB), Grade.AMONG, id="the right one and another"),
        pytest.param(Answer(True), Grade.NOBODY, id="found without an author"),
        pytest.param(Answer(False), Grade.MISSED, id="not found"),
    ],
)
def test_any_other_answer_is_not_right(answer: Answer, grade: Grade) -> None:
    told = score(TRUTH, answer)
    assert told.grade is grade
    assert not told.perfect


def test_the_right_author_of_another_commit_is_told_apart() -> None:
    told = score(TRUTH, named(ANN, commit="b" * 40))
    assert (told.grade, told.commit, told.perfect) == (Grade.RIGHT, False, False)


def test_a_right_commit_among_others_is_no_right_commit() -> None:
    assert not score(TRUTH, Answer(True, (Named(ANN[1], "a" * 40), Named(ANN[1], "b" * 40)))).commit


def test_what_is_wrong_beside_the_name_is_not_perfect_either() -> None:
    assert not score(TRUTH, Answer(True, (Named(ANN[1], "a" * 40),), ("carried: ...",))).perfect


def test_where_nobody_can_be_named_a_name_is_wrong() -> None:
    nobody = Truth(None)
    assert score(nobody, Answer(True)).perfect
    assert score(nobody, named(ANN)).grade is Grade.WRONG
    assert score(nobody, Answer(False)).grade is Grade.MISSED


def test_of_several_ways_the_best_counts() -> None:
    ways = [score(TRUTH, answer) for answer in (Answer(False), named(BOB), named(ANN), Answer(True))]
    assert best(ways) == score(TRUTH, named(ANN))


def test_totals_count_every_scenario_once() -> None:
    told = totals([score(TRUTH, answer) for answer in (named(ANN), named(BOB), named(ANN, commit="b" * 40))])
    assert told == {
        "scenarios": 3, "right": 2, "among": 0, "nobody": 0, "wrong": 1, "missed": 0, "right_author_and_commit": 1,
    }  # fmt: skip


def test_each_part_of_offkeys_answer_is_held_against_the_truth() -> None:
    place = {"object_type": "blob", "reach": "branch", "present": True}
    right = {
        "introduced": {"email": ANN[1], "raw_email": ANN[1], "commit": "a" * 40},
        "carried": [{"raw_email": BOB[1], "kind": "copy"}],
        "places": [place],
        "evidence": ["because"],
        "redacted": "...",
    }
    truth = Truth(ANN, "a" * 40, ((BOB, "copy"),), said=("because",))
    assert problems(truth, right) == []
    for part, other in (
        ("introduced", {"email": BOB[1], "raw_email": ANN[1], "commit": "a" * 40}),
        ("introduced", {"email": ANN[1], "raw_email": ANN[1], "commit": "b" * 40}),
        ("introduced", None),
        ("carried", [{"raw_email": BOB[1], "kind": "move"}]),
        ("carried", []),
        ("places", [place | {"reach": "dangling"}]),
        ("places", [place | {"present": False}]),
        ("evidence", ["something else"]),
    ):
        assert problems(truth, right | {part: other}), (part, other)


def case(tmp_path: Path) -> Case:
    return Case(tmp_path, tmp_path, KEY, TRUTH, tmp_path / "report")


ANN_LOUD = ANN[1].title()
READ = {
    "kingfisher": json.dumps(
        {"finding": {"snippet": KEY, "git_metadata": {"commit": {"id": "a" * 40, "author": {"email": ANN_LOUD}}}}}
    ),
    "trufflehog": json.dumps(
        {"Raw": KEY, "SourceMetadata": {"Data": {"Git": {"commit": "a" * 40, "email": "Ann Archer <ann@example.com>"}}}}
    ),
    "gitleaks": json.dumps([{"Secret": KEY, "Commit": "a" * 40, "Author": "Ann Archer", "Email": "ann@example.com"}]),
}  # fmt: skip


@pytest.mark.parametrize("tool", READ)
def test_the_answer_of_a_peer_is_read(tool: str, tmp_path: Path) -> None:
    answer = TOOLS[tool].read(READ[tool].encode(), case(tmp_path))
    assert score(TRUTH, answer).perfect
    assert not TOOLS[tool].read(READ[tool].replace(KEY, "x").encode(), case(tmp_path)).found


@pytest.mark.parametrize("tool", TOOLS)
def test_output_that_cannot_be_read_is_nothing_found(tool: str, tmp_path: Path) -> None:
    for output in (b"", b"no JSON", b"{", b"[]", b"{}\n{}", b"null"):
        assert not TOOLS[tool].read(output, case(tmp_path)).found


def test_the_command_scores_scenarios_and_names_the_machine(tmp_path: Path) -> None:
    output, scores = tmp_path / "told.json", tmp_path / "scores.md"
    command = [
        sys.executable,
        "-m",
        "benchmarks.attribution",
        "--tools",
        "offkey",
        "gitleaks",
        "--scenario",
        "rebase",
        "note",
    ]
    done = subprocess.run(
        [*command, "--output", str(output), "--table", str(scores)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(output.read_text())
    assert {"processor", "git", "date"} <= told["machine"].keys()
    assert told["totals"]["offkey"]["right_author_and_commit"] == 2
    assert ("gitleaks" in told["not_installed"]) != ("gitleaks" in told["totals"])
    assert "| offkey | 2 | 2 |" in scores.read_text()
    assert b"gh" + b"p_" not in output.read_bytes()


def test_a_scenario_can_be_played_and_left_to_look_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.attribution", "--play", str(tmp_path), "--scenario", "rebase"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Ann's branch is rebased by Bob" in done.stdout
    assert Repo(tmp_path / "rebase" / "repo").git("log", "-1", "--format=%cn", "side") == "Bob Baker"


def test_the_scores_are_one_line_for_each_tool_and_each_scenario_that_not_all_got_right() -> None:
    def row(*grades: str) -> dict[str, object]:
        return {
            "scores": {tool: {"grade": grade, "right_commit": True} for tool, grade in zip("ab", grades, strict=True)}
        }

    counts = totals([Score(Grade.RIGHT, True)])
    shown = table.scores(
        {"totals": {"a": counts, "b": counts}, "scenarios": {"x": row("right", "right"), "y": row("right", "wrong")}}
    )
    assert "| y | right | wrong |" in shown
    assert "| x |" not in shown


class TestPlanting:
    @pytest.fixture
    def history(self, tmp_path: Path) -> Repo:
        repo = Repo.create(tmp_path / "history")
        for number in range(12):
            text = "".join(f"line {number} {line}\n" for line in range(40))
            repo.commit(
                "edit", {f"file{number % 3}": text}, author=(ANN, BOB, CAT, ("Zoë", "z@example.com"))[number % 4]
            )
        return repo

    def test_what_is_planted_is_true_by_git_alone_and_the_original_is_left_as_it_was(
        self, history: Repo, tmp_path: Path
    ) -> None:
        before = sorted((path, path.stat().st_mtime_ns) for path in history.path.rglob("*"))
        copy = planting.copied(history.path, tmp_path / "copy.git")
        planted = planting.plant(copy, 2 * len(planting.WAYS), seed=3)
        assert {one.way for one in planted} == {way.__name__ for way in planting.WAYS}
        for one in planted:
            oracle = GitOracle(copy, {one.key.encode()})
            assert one.truth.person is not None
            assert oracle.introducer() == (one.truth.commit, one.truth.person[1]), one.way
            assert len(oracle.bringers()) == 1 + len(one.truth.carried), one.way
            assert oracle.present() == one.truth.present, one.way
        assert sorted((path, path.stat().st_mtime_ns) for path in history.path.rglob("*")) == before

    def test_the_command_plants_scores_and_times(self, history: Repo, tmp_path: Path) -> None:
        output = tmp_path / "told.json"
        command = [sys.executable, "-m", "benchmarks.attribution", "--tools", "offkey", "--large", str(history.path)]
        done = subprocess.run(
            [*command, "--plant", "15", "--runs", "1", "--output", str(output)],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (told,) = json.loads(output.read_text())["large"]
        assert told["offkey"]["all_right"]
        assert told["offkey"]["right_author_and_commit"] == 15
        assert told["others_unchanged"]
        assert told["seconds"]["planted"]["findings"] == 15
        assert "example.com" not in output.read_text()
