"""Who takes up the versions of files that another left, as hardly anybody does: certain for commits and no more."""

import itertools
import math
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from offboarding.identity import authors, changes
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.edges import PROVEN
from offboarding.identity.handover import Change, Changes, Trail, met, tail
from offboarding.identity.people import resolve
from offboarding.planning import gather
from offkey.model import Account, Person
from tests.builders import Repo, clean_environment

Who = tuple[str, str]
Edit = tuple[Who, dict[str, str]]
"""Who commits, and the files with their new content."""

ADA: Who = ("Ada Lovelock", "ada.lovelock@corp.example")
HOME: Who = ("Ada Lovelock", "x1@home.example")
BOB: Who = ("Bob Baker", "bob@corp.example")
DIRECTORY = Directory(entries=(Entry(id="ada", names=(ADA[0],), emails=(ADA[1],)),))
STRANGERS = 150


def history(
    path: Path, edits: Sequence[Edit], *, strangers: int = STRANGERS, hot: bool = False, east: Sequence[Who] = (ADA,)
) -> Repo:
    """A bare repository: `strangers` commit once each, to a file of their own or (`hot`) to one that all edit, then
    the edits are made. `east` write in a time zone that nobody else has.
    """
    first = [((f"Given{n} Sur{n}", f"s{n}@strangers.example"), {"hot" if hot else f"own/{n}": f"{n}"})
             for n in range(strangers)]  # fmt: skip
    lines: list[str] = []
    for number, ((name, email), files) in enumerate((*first, *edits)):
        zone = "+0530" if (name, email) in east else "+0000"
        who = f"{name} <{email}> {1_600_000_000 + 86400 * number} {zone}"
        lines += ["commit refs/heads/main", f"author {who}", f"committer {who}", "data 1", "m"]
        for file, content in files.items():
            lines += [f"M 100644 inline {file}", f"data {len(content)}", content]
    repo = Repo.create(path, bare=True)
    stream = "".join(f"{line}\n" for line in lines).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, env=clean_environment(), input=stream, check=True)
    return repo


def turns(*who: Who, files: Sequence[str] = ("src/a", "src/b", "src/c"), times: int = 1) -> list[Edit]:
    """Each edits each file in turn, one file a commit."""
    order = itertools.product(range(times), files, who)
    return [(one, {file: f"{number}"}) for number, (_, file, one) in enumerate(order)]


def ask(repo: Repo, who: str = "ada", directory: Directory = DIRECTORY) -> Person:
    seen, gaps = authors.in_repositories([str(repo.path)])
    assert not gaps
    person, gaps = changes.resolved(partial(resolve, who, directory, seen), seen)
    assert not gaps
    return person


def found(person: Person, who: Who) -> tuple[str, str, str]:
    """(set, basis, evidence) of an identity."""
    for title in ("certain", "probable", "excluded"):
        for identity in getattr(person, title):
            if (identity.name, identity.email) == who:
                return title, identity.basis, "; ".join(identity.evidence)
    return "unrelated", "", ""


class TestName:
    """A rare full name and the same files."""

    def test_a_rare_name_that_takes_up_the_files_is_certain_for_commits(self, tmp_path: Path) -> None:
        title, basis, said = found(ask(history(tmp_path / "r", turns(ADA, HOME))), HOME)
        assert (title, basis) == ("certain", "corroborated")
        assert "next to the person's in the same files in 3 of 3 commits, where of 150 by others 0 are" in said

    def test_the_name_with_files_of_its_own_stays_probable(self, tmp_path: Path) -> None:
        edits = turns(ADA) + turns(HOME, files=("lib/x", "lib/y", "lib/z"))
        assert found(ask(history(tmp_path / "r", edits)), HOME)[0] == "probable"

    def test_the_same_files_long_after_others_edited_them_stay_probable(self, tmp_path: Path) -> None:
        edits = turns(ADA) + [(BOB, {file: "bob"}) for file in ("src/a", "src/b", "src/c")] + turns(HOME)[::-1]
        edits[-3:] = [(HOME, {file: f"home {file}"}) for file in ("src/a", "src/b", "src/c")]
        assert found(ask(history(tmp_path / "r", edits)), HOME)[0] == "probable"

    def test_where_everybody_edits_one_file_after_another_it_says_nothing(self, tmp_path: Path) -> None:
        edits = [(who, {"hot": f"{n} {who[1]}"}) for n in range(STRANGERS // 2)
                 for who in ((f"Given{n} Sur{n}", f"s{n}@strangers.example"), ADA)]  # fmt: skip
        repo = history(tmp_path / "r", [*edits, (HOME, {"hot": "home"})], hot=True)
        assert found(ask(repo), HOME)[0] == "probable"

    def test_few_others_to_compare_with_are_not_enough(self, tmp_path: Path) -> None:
        assert found(ask(history(tmp_path / "r", turns(ADA, HOME)[:2], strangers=20)), HOME)[0] == "probable"

    def test_a_name_that_a_colleague_has_too_is_not_told_apart_by_files(self, tmp_path: Path) -> None:
        twin = Entry(id="ada2", names=(ADA[0],), emails=("ada2@corp.example",))
        both = Directory(entries=(*DIRECTORY.entries, twin))
        repo = history(tmp_path / "r", turns(ADA, HOME))
        assert found(ask(repo, directory=both), HOME)[0] == "excluded"

    def test_nor_is_one_who_has_a_handle_in_common_with_her(self, tmp_path: Path) -> None:
        main, home = (ADA[0], "zebracrossing@corp.example"), (ADA[0], "zebracrossing@home.example")
        both = Directory(
            entries=(
                Entry(id="ada", names=(ADA[0],), emails=(main[1],)),
                Entry(id="ada2", names=(ADA[0],), emails=("ada2@corp.example",)),
            )
        )
        repo = history(tmp_path / "r", turns(main, home, times=3))
        assert found(ask(repo, directory=both), home)[0] == "probable"
        assert found(ask(repo, directory=Directory(entries=both.entries[:1])), home)[0] == "certain"

    def test_another_name_in_the_same_files_is_a_colleague(self, tmp_path: Path) -> None:
        """Who sits beside her, whatever else they have in common."""
        carl = ("Carl Clay", "ada.lovelock@home.example")
        repo = history(tmp_path / "r", turns(ADA, carl, times=3), east=(ADA, carl))
        assert found(ask(repo), carl)[0] == "probable"

    def test_a_common_name_is_not_enough_with_the_files_alone(self, tmp_path: Path) -> None:
        wei, home = ("Wei Zhang", "wei.zhang@corp.example"), ("Wei Zhang", "x1@home.example")
        directory = Directory(entries=(Entry(id="wei", names=("Wei Zhang",), emails=(wei[1],)),))
        repo = history(tmp_path / "r", turns(wei, home, times=3))
        assert found(ask(repo, "wei", directory), home)[0] == "probable"

    def test_a_login_of_the_name_needs_more_than_the_files(self, tmp_path: Path) -> None:
        login = ("alovelock", "alovelock@laptop")
        assert found(ask(history(tmp_path / "r", turns(ADA, login, times=3))), login)[0] == "probable"


class TestImports:
    """What Subversion and Bazaar kept: a login or an address, and nothing beside it."""

    def test_a_login_that_stands_in_the_persons_address_is_hers_with_the_same_files(self, tmp_path: Path) -> None:
        nina, login = ("Nina Oakhurst", "noakhurst@corp.example"), ("noakhurst", "")
        directory = Directory(entries=(Entry(id="nina", names=(nina[0],), emails=(nina[1],)),))
        repo = history(tmp_path / "r", turns(nina, login, times=2))
        assert found(ask(repo, "nina", directory), login)[:2] == ("certain", "corroborated")
        alone = history(tmp_path / "s", turns(nina) + turns(login, files=("x", "y")))
        assert found(ask(alone, "nina", directory), login)[0] == "probable"

    def test_an_address_for_a_name_is_that_address(self, tmp_path: Path) -> None:
        person = ask(history(tmp_path / "r", [(ADA, {"a": "1"}), ((ADA[1], ""), {"b": "1"})]))
        assert found(person, (ADA[1], ""))[:2] == ("certain", "directory")
        assert person.emails == (ADA[1],)


class TestForging:
    """Somebody commits to the victim's files under the victim's name, in the victim's rhythm."""

    EVIL: Who = ("Ada Lovelock", "ada@evil.example")

    def test_a_forger_is_certain_for_commits_at_most_and_ties_no_account(self, tmp_path: Path) -> None:
        person = ask(history(tmp_path / "r", turns(ADA, self.EVIL, times=9)))
        title, basis, said = found(person, self.EVIL)
        assert (title, basis) == ("certain", "corroborated")
        assert basis not in PROVEN
        assert "what any committer could write" in said
        assert (person.emails, person.names) == ((ADA[1],), (ADA[0],))
        holder = Account(provider="aws", id="AIDA1", email=self.EVIL[1])
        assert not gather.is_theirs(person, holder)
        assert gather.is_theirs(person, Account(provider="aws", id="AIDA1", email=ADA[1]))

    def test_a_colleagues_address_stays_the_colleagues(self, tmp_path: Path) -> None:
        forged = ("Ada Lovelock", BOB[1])
        listed = Directory(entries=(*DIRECTORY.entries, Entry(id="bob", names=(BOB[0],), emails=(BOB[1],))))
        repo = history(tmp_path / "r", turns(ADA, forged, times=9))
        assert found(ask(repo, directory=listed), forged)[:2] == ("excluded", "directory")

    def test_an_address_that_commits_more_under_another_name_is_not_taken(self, tmp_path: Path) -> None:
        """Nobody lists Bob: his own commits speak for him."""
        bob, forged = ("Bob Baker", "bob@home.example"), ("Ada Lovelock", "bob@home.example")
        bobs = turns(bob, files=("bob/a", "bob/b"), times=5)
        person = ask(history(tmp_path / "r", bobs + turns(ADA, forged)))
        assert found(person, forged)[0] == "probable"
        assert found(person, bob)[0] != "certain"
        without = ask(history(tmp_path / "s", turns(ADA, forged)))
        assert found(without, forged)[0] == "certain"

    def test_the_forger_who_leaves_does_not_take_the_victims_address_with_him(self, tmp_path: Path) -> None:
        eve = ("Eve Evil", "eve@corp.example")
        listed = Directory(entries=(*DIRECTORY.entries, Entry(id="eve", names=(eve[0],), emails=(eve[1],))))
        person = ask(history(tmp_path / "r", turns(eve, ADA, ("Eve Evil", ADA[1]), times=9)), "eve", listed)
        assert found(person, ("Eve Evil", ADA[1]))[:2] == ("excluded", "directory")
        assert ADA[1] not in gather.commit_emails(person)


class TestReading:
    """Which commits are compared, and how."""

    def test_versions_are_those_before_and_after(self, tmp_path: Path) -> None:
        repo = Repo.create(tmp_path / "r").config("log.showRoot", "false")
        first = repo.commit("one", {"a b": "1", "\N{SNOWMAN}": "2"})
        old = repo.blob("a b")
        second = repo.commit("two", {"a b": "3"})
        third = repo.commit("three", delete=("a b",))
        told = dict(changes.compared(authors.Git(repo.path), [third, second, first]))
        assert (len(told[first].before), len(told[first].after)) == (0, 2)
        assert told[second] == Change(frozenset({old.encode() + b"a b"}), told[third].before)
        assert told[third].after == frozenset()

    def test_merges_and_imports_are_left_out(self, tmp_path: Path) -> None:
        repo = Repo.create(tmp_path / "r")
        base = repo.commit("one", {"a": "1"})
        many = repo.commit("many", {f"f{n}": "1" for n in range(changes.FILES + 1)})
        most = repo.commit("most", {f"f{n}": "2" for n in range(changes.FILES)})
        repo.branch("side").commit("side", {"b": "1"})
        repo.checkout("main").commit("more", {"c": "1"})
        merge = repo.merge("side")
        assert set(dict(changes.compared(authors.Git(repo.path), [merge, many, most, base]))) == {most, base}

    def test_who_has_few_commits_leaves_more_to_the_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(changes, "LIMIT", 12)
        repo = history(tmp_path / "r", turns(ADA, times=10) + turns(HOME, files=("x",), times=2))
        seen, _ = authors.in_repositories([str(repo.path)])
        chosen = changes.chosen(resolve("ada", DIRECTORY, seen), seen)
        assert {who: len(commits) for who, commits in chosen.of.items()} == {HOME: 2, ADA: 10}
        mine = repo.git("log", "--format=%H", f"--author={ADA[1]}", "main").splitlines()
        assert [oid for _, oid in chosen.of[ADA]] == mine[:5] + mine[-5:]

    def test_nothing_is_read_where_nobody_is_probable(self, tmp_path: Path) -> None:
        seen, _ = authors.in_repositories([str(history(tmp_path / "r", turns(ADA)).path)])
        assert list(changes.chosen(resolve("ada", DIRECTORY, seen), seen).commits) == []

    def test_a_repository_that_cannot_be_read_any_more_is_a_gap(self, tmp_path: Path) -> None:
        repo = history(tmp_path / "r", turns(ADA, HOME))
        seen, _ = authors.in_repositories([str(repo.path)])
        repo.path.rename(tmp_path / "gone")
        person, gaps = changes.resolved(partial(resolve, "ada", DIRECTORY, seen), seen)
        assert found(person, HOME)[0] == "probable"
        assert [gap.where for gap in gaps] == [str(repo.path)]

    def test_commits_of_one_identity_in_two_repositories_are_read_in_both(self, tmp_path: Path) -> None:
        one = history(tmp_path / "one", turns(ADA, HOME)[:2])
        two = history(tmp_path / "two", turns(ADA, HOME, files=("other",)), strangers=0)
        seen, _ = authors.in_repositories([str(one.path), str(two.path)])
        person, _ = changes.resolved(partial(resolve, "ada", DIRECTORY, seen), seen)
        assert "in 2 of 2 commits" in found(person, HOME)[2]


@pytest.mark.parametrize(
    ("hits", "tries", "share"), [(0, 3, 0.5), (1, 1, 0.25), (2, 5, 0.125), (5, 5, 0.5), (3, 40, 0.03125)]
)
def test_the_tail_is_the_binomial_one(hits: int, tries: int, share: float) -> None:
    p = Fraction(share)
    exact = sum(math.comb(tries, i) * p**i * (1 - p) ** (tries - i) for i in range(hits, tries + 1))
    assert tail(hits, tries, share) == pytest.approx(float(exact), rel=1e-9)


def test_the_persons_own_other_names_are_no_strangers() -> None:
    change = Change(frozenset({b"1"}), frozenset({b"2"}))
    known = Changes({HOME: (change,)}, ((BOB, change), (("Lovelock, Ada", "y"), change)))
    trail = Trail([Change(frozenset({b"0"}), frozenset({b"1"}))])
    assert met(trail, HOME, known, lambda raw: "Lovelock" in raw[0])[:4] == (1, 1, 1, 1)
    assert met(trail, BOB, known, lambda raw: False).chance == 1.0


@pytest.mark.parametrize(
    ("before", "after", "meets"),
    [("1", "9", True), ("9", "0", True), ("9", "1", True), ("0", "9", False), ("9", "8", False)],
)
def test_a_change_meets_what_it_starts_from_leads_to_or_makes_again(before: str, after: str, meets: bool) -> None:
    trail = Trail([Change(frozenset({b"0"}), frozenset({b"1"}))])
    assert trail.meets(Change(frozenset({before.encode()}), frozenset({after.encode()}))) is meets
