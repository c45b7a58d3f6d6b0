"""The evaluation of identities: metrics on clusters made by hand, truths of small repositories, and the targets."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.identity import asking, homonyms, metrics, truth
from benchmarks.identity.__main__ import east_asian, figures, forgeries, share_a_word
from benchmarks.identity.generator import generate
from benchmarks.identity.metrics import Answer
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.people import resolve
from offboarding.identity.seen import Author, Authored
from tests.builders import Repo

ROOT = Path(__file__).parents[2]


def answer(theirs: str, found: str) -> Answer:
    return Answer(frozenset(theirs), frozenset(found))


def same(one: str, other: str) -> bool | None:
    """a b c are one person, x y another; what is said of a `?` is undetermined."""
    if "?" in (one, other):
        return None
    return (one in "abc") == (other in "abc")


def test_pairs_are_counted_within_answers_and_people() -> None:
    count = metrics.pairwise([answer("abc", "abx"), answer("xy", "xy")], same)
    assert (count.right, count.wrong, count.wanted) == (2, 2, 4)
    assert (count.precision, count.recall) == (0.5, 0.5)


def test_undetermined_pairs_count_neither_for_nor_against() -> None:
    count = metrics.pairwise([answer("abc", "ab?")], same)
    assert (count.right, count.wrong, count.wanted) == (1, 0, 3)


def test_a_split_counts_its_pairs_alone() -> None:
    count = metrics.pairwise([answer("abc", "abc")], same, lambda a, b: "c" in (a, b))
    assert (count.right, count.wanted) == (2, 2)


def test_b_cubed_is_the_mean_over_identities() -> None:
    # a and b are found with x: precision 2/3 each, recall 2/3; c is alone: precise, recall 1/3.
    precision, recall = metrics.b_cubed([answer("abc", "abx")], same)
    assert precision == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert metrics.b_cubed([answer("abc", "abc"), answer("xy", "xy")], same) == (1.0, 1.0)


def test_leavers_with_somebody_elses_identity_are_counted_once_each() -> None:
    assert metrics.leavers_hit([answer("abc", "abxy"), answer("xy", "xy"), answer("xy", "x?")], same) == (1, 3)


def test_the_bound_is_clopper_and_pearsons() -> None:
    assert metrics.lower_bound(10, 10) == pytest.approx(0.05**0.1, abs=1e-9)
    assert metrics.lower_bound(598, 598) == pytest.approx(0.995, abs=5e-5)
    assert metrics.lower_bound(9, 10) == pytest.approx(0.6058, abs=1e-4)  # tables of the binomial distribution
    assert metrics.lower_bound(0, 10) == 0.0


def test_words_are_shared_by_names_local_parts_and_logins() -> None:
    assert share_a_word(("Ann Archer", "x@y.z"), ("archer", "7+bob@users.noreply.github.com"))
    assert share_a_word(("Ann Archer", "zebra@y.z"), ("x", "7+zebra@users.noreply.github.com"))
    assert not share_a_word(("Ann Archer", "zebra@corp.example"), ("x", "bob@corp.example"))


@pytest.fixture
def mapped(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "mapped")
    for number, who in enumerate(
        [("Lea Mueller", "lea@corp.example"), ("lea", "lea@home.example"), ("Lea Mueller", "third@x.example"),
         ("Ann Archer", "ann@corp.example"), ("ann", "ann@home.example"), ("Zoe Zimm", "zoe@x.example")]
    ):  # fmt: skip
        repo.commit(str(number), {"a": str(number)}, author=who)
    lines = "Lea Mueller <lea@corp.example> <lea@home.example>\nAnn Archer <ann@corp.example> <ann@home.example>\n"
    repo.commit("map", {".mailmap": lines}, author=("Zoe Zimm", "zoe@x.example"))
    return repo


def test_a_mailmap_is_the_truth_and_hidden_from_the_resolver(mapped: Repo) -> None:
    known = truth.of_mailmap(mapped.path)
    assert known.asserted == {"lea@corp.example", "ann@corp.example"}
    lea, home = ("Lea Mueller", "lea@corp.example"), ("lea", "lea@home.example")
    ann, zoe, third = (
        ("Ann Archer", "ann@corp.example"),
        ("Zoe Zimm", "zoe@x.example"),
        ("Lea Mueller", "third@x.example"),
    )
    assert known.same(lea, home) is True
    assert known.same(lea, ann) is False
    assert (known.same(lea, zoe), known.closed(lea, zoe)) == (None, False)  # the mailmap does not name Zoe
    assert (known.same(lea, third), known.closed(lea, third)) == (None, None)  # one name, no line
    assert all((one.name, one.email) == (one.raw_name, one.raw_email) for one in known.authors)


def test_people_are_asked_for_by_one_name_and_their_busiest_address(mapped: Repo) -> None:
    known = truth.of_mailmap(mapped.path)
    entry = asking.entry("lea@corp.example", known)
    assert entry is not None
    assert (entry.names, entry.emails) == (("Lea Mueller",), ("lea@corp.example",))


def test_stackalytics_users_are_the_truth_of_histories(mapped: Repo, tmp_path: Path) -> None:
    users = [{"emails": ["lea@corp.example", "third@x.example"]}, {"emails": ["ann@corp.example"]}]
    (tmp_path / "data.json").write_text(json.dumps({"users": users}))
    known = truth.of_stackalytics(tmp_path / "data.json", [mapped.path])
    assert known.same(("Lea Mueller", "lea@corp.example"), ("Lea Mueller", "third@x.example")) is True
    assert known.same(("Lea Mueller", "lea@corp.example"), ("Ann Archer", "ann@corp.example")) is False
    assert known.same(("Lea Mueller", "lea@corp.example"), ("Zoe Zimm", "zoe@x.example")) is None


def test_one_seed_makes_one_population_and_another_seed_another() -> None:
    assert generate(60, 7)[0] == generate(60, 7)[0]
    assert generate(60, 7)[0] != generate(60, 8)[0]


def test_the_targets_hold_on_generated_people() -> None:
    known, within, forged = generate(220, 11)
    asked = asking.ask(known)

    def apart_from_forgeries(one: truth.Seen, other: truth.Seen) -> bool | None:
        return None if {one, other} & forged else known.same(one, other)

    told = figures(asked, known, apart_from_forgeries)
    assert told["certain_pairs"]["precision"] >= 0.995
    assert told["certain_pairs"]["recall"] >= 0.5
    assert told["reviewed_recall_sharing_a_word"]["recall"] >= 0.95
    assert told["wrong_person_per_1000_leavers"] <= 5
    assert forgeries(asked, forged)["proven"] == 0
    assert within["homonym"]
    assert east_asian(known) >= within["cjk"]


def test_the_score_of_a_resolver_that_goes_by_names_alone_would_miss_the_target() -> None:
    """The generated homonyms are a trap: who merges by full name falls into it."""
    known, within, _ = generate(220, 11)
    by_name = [
        Answer(
            frozenset((a.name, a.raw_email) for a in known.people[person]),
            frozenset((a.name, a.raw_email) for a in known.authors if a.name == known.people[person][0].name),
        )
        for person in sorted(within["homonym"])
    ]
    assert metrics.pairwise(by_name, known.same).precision < 0.9


SUMMER_AND_WINTER = ((60, 9), (120, 9))
ELSEWHERE = (Authored("https://example.com/app", 20, bytes(20)),)


def history(offsets: tuple[tuple[int, int], ...]) -> truth.Truth:
    """Ada with two addresses, and ten strangers who write in the time zones given; she is the one who is asked for."""
    people = [("ada", "Ada Lovelock", f"{where}@{where}.example") for where in ("work", "home")]
    people += [(f"p{n}", f"Given{n} Sur{n}", f"s{n}@strangers.example") for n in range(10)]
    made = {
        (name, email): (
            person,
            Author(
                name=name, email=email, raw_name=name, raw_email=email, commits=18,
                offsets=SUMMER_AND_WINTER if person == "ada" else offsets,
                authored=() if person == "ada" else ELSEWHERE,
            ),
        )
        for person, name, email in people
    }  # fmt: skip
    clusters: dict[str, tuple[Author, ...]] = {}
    for person, author in made.values():
        clusters[person] = (*clusters.get(person, ()), author)
    owner = {seen: person for seen, (person, _) in made.items()}
    authors = tuple(author for _, author in made.values())
    return truth.Truth("made", authors, clusters, owner, {}, frozenset({"ada"}), frozenset(owner))


@pytest.mark.parametrize(("offsets", "taken"), [(SUMMER_AND_WINTER, homonyms.ROUNDS), (((-480, 18),), 0)])
def test_a_stranger_renamed_to_the_persons_name_counts_where_he_becomes_certain(
    offsets: tuple[tuple[int, int], ...], taken: int
) -> None:
    told = homonyms.certain(history(offsets), seed=1)
    assert (told["made"], told["certain"], told["certain_without_files"]) == (homonyms.ROUNDS, taken, taken)
    assert told["share_95_upper"] == pytest.approx(1.0 if taken else 1 - 0.05 ** (1 / homonyms.ROUNDS), abs=1e-4)


def test_a_renamed_identity_is_no_longer_its_owners() -> None:
    known = history(())
    ((person, (author, name)),) = homonyms.drawn(known, 1)
    assert (person, name) == ("ada", "Ada Lovelock")
    made = homonyms.renamed(known, {(author.name, author.raw_email): name})
    assert author.name not in {one.name for one in made.authors}
    assert known.owner[author.name, author.raw_email] not in made.people
    assert sorted(one.raw_email for one in made.authors if one.name == name) == sorted(
        ["work@work.example", "home@home.example", author.raw_email]
    )


def test_asking_again_in_another_order_gives_the_same() -> None:
    known, _, _ = generate(40, 3)
    shuffled = random.Random(1).sample(known.authors, len(known.authors))
    person = next(iter(known.people.values()))[0]
    listed = Directory(entries=(Entry(id="x", names=(person.raw_name,), emails=(person.raw_email,)),))
    assert resolve("x", listed, shuffled) == resolve("x", listed, known.authors)


def test_the_command_prints_aggregates_and_no_names(mapped: Repo, tmp_path: Path) -> None:
    words = ["--mailmap", str(mapped.path), "--generated", "30", "--output", str(tmp_path / "out.json")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.identity", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report["sets"]) == {"mapped", "generated"}
    assert report["machine"]["processor"]
    assert "example" not in done.stdout
    assert "Lea" not in done.stdout
    assert json.loads((tmp_path / "out.json").read_text()) == report
