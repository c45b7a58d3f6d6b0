"""Each scenario is a real repository; what is asserted is who is named, through which commit, path and reach."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offkey.model import Place, Reach
from scanner.commits.attribution import Attributed, attribute
from scanner.repository.git import Git
from scanner.repository.objects import object_id
from tests.builders import ANN, BOB, EPOCH, Repo, token

CAT = ("Cat Cooper", "cat@example.com")
EVE = ("Eve Engel", "eve@example.com")
FAY = ("Fay Fisher", "fay@example.com")
KEY = token("glp_", 20)
OTHER = token("glp_", 20, seed=2)


def holders(path: Path, value: str) -> list[Place]:
    """A place for every stored object that holds `value`, found by reading everything through plain git."""
    git = Git(path)
    places = []
    listing = git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").decode()
    for oid, kind in (line.split() for line in listing.splitlines()):
        content = git.run("cat-file", kind, oid, check=False) if kind in {"blob", "commit", "tag"} else b""
        if value.encode() in content:
            line = content[: content.index(value.encode())].count(b"\n") + 1
            places.append(Place(repo=str(path), object=oid, object_type=kind, path="", line=line, column=1, spans=()))
    return places


def attributed(repo: Repo, *values: str) -> Attributed:
    found = {value: holders(repo.path, value) for value in values or (KEY,)}
    return attribute(Git(repo.path), found)


def named(result: Attributed, value: str = KEY) -> tuple[str, str]:
    """Who introduced a value, and through which object."""
    return result.introduced[value].name, result.introduced[value].commit


def seen(result: Attributed, value: str = KEY) -> set[tuple[str, str, Reach, bool]]:
    return {(place.path, place.commit, place.reach, place.present) for place in result.places[value]}


def said(result: Attributed, value: str = KEY) -> str:
    return "\n".join(result.evidence[value])


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "app")
    repo.commit("start", {"README": "hello\n"}, author=FAY)
    return repo


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


class TestThreeSecretsWherePeersGoWrong:
    """An author commits a token, others edit the file; one enters in a merge; one hangs in a reset-away commit."""

    def test_the_first_author_is_named_and_not_the_owner_of_the_path_or_a_later_editor(self, repo: Repo) -> None:
        repo.commit("create", {"conf": text("a", "b")}, author=FAY)
        first = repo.commit("add key", {"conf": text("a", KEY, "b")}, author=ANN)
        second = repo.commit("edit", {"conf": text("A", KEY, "b")}, author=BOB)
        third = repo.commit("edit", {"conf": text("A", KEY, "B")}, author=CAT)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()
        assert seen(result) == {
            ("conf", first, Reach.BRANCH, False),
            ("conf", second, Reach.BRANCH, False),
            ("conf", third, Reach.BRANCH, True),
        }

    def test_a_secret_that_only_a_merge_brings_is_the_mergers(self, repo: Repo) -> None:
        repo.branch("side").commit("side", {"side": "1"}, author=BOB)
        repo.checkout("main").commit("main", {"main": "1"}, author=CAT)
        merge = repo.merge("side", author=EVE, files={"conf": text(KEY)})
        result = attributed(repo)
        assert named(result) == ("Eve Engel", merge)
        assert seen(result) == {("conf", merge, Reach.MERGE, True)}

    def test_a_secret_in_a_reset_away_commit_is_found_through_the_reflog(self, repo: Repo) -> None:
        lost = repo.commit("oops", {"conf": text(KEY)}, author=FAY)
        repo.git("reset", "-q", "--hard", "HEAD^")
        result = attributed(repo)
        assert named(result) == ("Fay Fisher", lost)
        assert seen(result) == {("conf", lost, Reach.REFLOG, False)}

    def test_and_without_a_reflog_as_dangling(self, repo: Repo) -> None:
        lost = repo.commit("oops", {"conf": text(KEY)}, author=FAY)
        repo.git("reset", "-q", "--hard", "HEAD^")
        repo.git("reflog", "expire", "--expire=now", "--all")
        result = attributed(repo)
        assert named(result) == ("Fay Fisher", lost)
        assert seen(result) == {("conf", lost, Reach.DANGLING, False)}


class TestContentIsFollowedAndNotPaths:
    def test_renaming_and_editing_leaves_the_introducer(self, repo: Repo) -> None:
        first = repo.commit("add", {"old": text(KEY, "1", "2")}, author=ANN)
        moved = repo.commit("move", {"old": text("0", KEY, "1")}, rename={"old": "new/name"}, author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert seen(result) == {("old", first, Reach.BRANCH, False), ("new/name", moved, Reach.BRANCH, True)}
        assert [who.name for who in result.carried[KEY]] == ["Bob Baker"]
        assert f"commit {moved[:12]} carries it: a move from another path" in result.evidence[KEY]

    def test_a_copy_of_the_file_is_carried(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        copy = repo.commit("copy", {"b": text(KEY)}, author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert seen(result) == {("a", first, Reach.BRANCH, True), ("b", copy, Reach.BRANCH, True)}
        assert [(who.name, who.commit, who.role) for who in result.carried[KEY]] == [("Bob Baker", copy, "author")]

    def test_a_copied_value_in_another_file_is_carried(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        second = repo.commit("use", {"b": text("something else", KEY)}, author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert [who.commit for who in result.carried[KEY]] == [second]

    def test_removal_and_revert_of_the_removal(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.commit("remove", {"a": "clean\n"}, author=BOB)
        repo.git("revert", "--no-edit", "HEAD", author=CAT)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert seen(result) == {("a", first, Reach.BRANCH, True)}
        assert [(who.name, who.commit) for who in result.carried[KEY]] == [("Cat Cooper", repo.head())]
        assert "a revert that brings it back" in said(result)

    def test_a_root_commit(self, tmp_path: Path) -> None:
        repo = Repo.create(tmp_path / "app")
        root = repo.commit("all at once", {"x/y/z": text(KEY)}, author=BOB)
        assert named(attributed(repo)) == ("Bob Baker", root)

    def test_two_roots_with_the_same_tree(self, repo: Repo) -> None:
        tree = repo.git("rev-parse", f"{repo.commit('add', {'a': text(KEY)}, author=EVE)}^{{tree}}")
        late = repo.git("commit-tree", tree, "-m", "late", author=BOB)
        repo.clock -= timedelta(days=9)
        early = repo.git("commit-tree", tree, "-m", "early", author=ANN)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", early)
        assert late in [who.commit for who in result.carried[KEY]]

    def test_an_orphan_branch_is_a_history_of_its_own(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.git("checkout", "-q", "--orphan", "pages")
        orphan = repo.commit("imported", {"a": text(KEY)}, author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert f"a tie: commit {orphan[:12]} add it too" in said(result)

    def test_unusual_file_names(self, repo: Repo) -> None:
        names = ["tab\there", "line\nbreak", os.fsdecode(b"caf\xe9"), 'quo"te\\', ":100644 x", "sp ace", "ü/ñ"]
        commits = {}
        for number, name in enumerate(names):
            repo.write({name: text(KEY, str(number))}).git("--literal-pathspecs", "add", "-f", "--", name)
            commits[name] = repo.commit("add", author=ANN)
        assert seen(attributed(repo)) == {(name, commit, Reach.BRANCH, True) for name, commit in commits.items()}

    def test_one_object_under_several_paths_is_several_places(self, repo: Repo) -> None:
        first = repo.commit("add", {"b": text(KEY), "a": text(KEY)}, author=ANN)
        second = repo.commit("more", {"c": text(KEY)}, author=BOB)
        places = attributed(repo).places[KEY]
        assert [(place.path, place.commit) for place in places] == [("a", first), ("b", first), ("c", second)]

    def test_a_changed_mode_is_no_new_appearance(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.git("update-index", "--chmod=+x", "a")
        repo.commit("executable", author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()

    def test_submodules_are_passed_over(self, repo: Repo) -> None:
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{'12' * 20},module")
        first = repo.commit("add", {"a": text(KEY), ".gitmodules": '[submodule "module"]\n'}, author=ANN)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.gaps == ()

    def test_a_sha256_repository(self, tmp_path: Path) -> None:
        repo = Repo.create(tmp_path / "app", object_format="sha256")
        repo.commit("start", {"README": "x"}, author=FAY)
        repo.branch("side").commit("side", {"s": "1"})
        repo.checkout("main").commit("m", {"m": "1"})
        merge = repo.merge("side", author=BOB, files={"conf": text(KEY)})
        result = attributed(repo)
        assert named(result) == ("Bob Baker", merge)
        assert len(merge) == 64
        assert seen(result) == {("conf", merge, Reach.MERGE, True)}


class TestMerges:
    def test_a_clean_merge_brings_nothing(self, repo: Repo) -> None:
        repo.branch("side")
        first = repo.commit("add", {"conf": text(KEY)}, author=ANN)
        repo.checkout("main").commit("other", {"o": "1"}, author=BOB)
        repo.merge("side", author=EVE)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()
        assert seen(result) == {("conf", first, Reach.BRANCH, True)}

    def test_a_resolved_conflict_around_the_value_is_no_new_appearance(self, repo: Repo) -> None:
        first = repo.commit("add", {"conf": text("1", KEY, "1")}, author=ANN)
        repo.branch("side").commit("side", {"conf": text("2", KEY, "1")}, author=BOB)
        repo.checkout("main").commit("main", {"conf": text("1", KEY, "3")}, author=CAT)
        merge = repo.merge("side", author=EVE)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()
        assert ("conf", merge, Reach.MERGE, True) in seen(result)

    def test_an_octopus_that_brings_it(self, repo: Repo) -> None:
        tips = []
        for name in ("one", "two", "three"):
            repo.checkout("main").branch(name)
            tips.append(repo.commit(name, {name: "1"}, author=BOB))
        repo.checkout("main").commit("main", {"m": "1"})
        repo.write({"conf": text(KEY)})
        repo.git("add", "conf")
        tree = repo.git("write-tree")
        parents = [word for tip in [repo.head(), *tips] for word in ("-p", tip)]
        octopus = repo.git("commit-tree", tree, *parents, "-m", "octopus", author=EVE)
        repo.git("reset", "-q", "--hard", octopus)
        result = attributed(repo)
        assert named(result) == ("Eve Engel", octopus)
        assert seen(result) == {("conf", octopus, Reach.MERGE, True)}

    def test_a_merge_that_brings_back_what_one_side_had_removed_long_ago(self, repo: Repo) -> None:
        first = repo.commit("add", {"conf": text(KEY)}, author=ANN)
        repo.commit("remove", delete=("conf",), author=BOB)
        repo.branch("side").commit("side", {"s": "1"})
        repo.checkout("main").commit("main", {"m": "1"})
        merge = repo.merge("side", author=EVE, files={"conf": text(KEY)})
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert f"commit {merge[:12]} carries it: a merge" in result.evidence[KEY]


class TestRewrittenAndParallelHistory:
    def test_a_cherry_pick_names_the_original_author_once(self, repo: Repo) -> None:
        repo.branch("side")
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.checkout("main").commit("other", {"o": "1"})
        repo.clock += timedelta(days=3)
        repo.git("cherry-pick", first, author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert [(who.name, who.commit) for who in result.carried[KEY]] == [("Ann Archer", repo.head())]
        assert "the same change, cherry-picked" in said(result)
        assert "a tie" not in said(result)

    def test_a_rebased_copy_leaves_the_dangling_original_as_the_introducer(self, repo: Repo) -> None:
        repo.branch("side")
        original = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.checkout("main").commit("other", {"o": "1"})
        repo.checkout("side")
        copy = repo.rebase("main", committer=BOB)
        repo.git("reflog", "expire", "--expire=now", "--all")
        result = attributed(repo)
        assert named(result) == ("Ann Archer", original)
        assert result.committer[KEY].name == "Ann Archer"
        assert [who.commit for who in result.carried[KEY]] == [copy]
        # The blob itself is reached through the copy.
        assert seen(result) == {("a", original, Reach.BRANCH, True)}

    def test_an_amended_author_is_carried_beside_the_first_one(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.clock += timedelta(days=1)
        repo.git("commit", "-q", "--amend", "--reset-author", "--no-edit", author=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert [who.name for who in result.carried[KEY]] == ["Bob Baker"]

    def test_two_people_on_parallel_branches_are_a_tie_that_is_noted(self, repo: Repo) -> None:
        repo.branch("one")
        later = repo.commit("add", {"a": text(KEY)}, author=ANN, at=EPOCH + timedelta(days=50))
        repo.checkout("main").branch("two")
        earlier = repo.commit("add", {"b": text("x", KEY)}, author=BOB, at=EPOCH + timedelta(days=40))
        repo.merge("one", author=EVE)
        result = attributed(repo)
        assert named(result) == ("Bob Baker", earlier)
        assert f"a tie: commit {later[:12]} add it too" in said(result)
        assert f"commit {later[:12]} carries it: added independently" in result.evidence[KEY]

    def test_topology_goes_before_dates(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN, at=EPOCH + timedelta(days=90))
        repo.commit("copy by a machine with a wrong clock", {"b": text(KEY)}, author=BOB, at=EPOCH)
        assert named(attributed(repo)) == ("Ann Archer", first)


class TestPeople:
    def test_the_committer_and_the_coauthors_are_recorded_apart(self, repo: Repo) -> None:
        message = "add\n\nCo-authored-by: Cat Cooper <cat@example.com>\nco-authored-by: Eve Engel <eve@example.com>\n"
        first = repo.commit(message, {"a": text(KEY)}, author=ANN, committer=BOB)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert (result.committer[KEY].name, result.committer[KEY].role) == ("Bob Baker", "committer")
        assert [(who.name, who.role) for who in result.coauthors[KEY]] == [
            ("Cat Cooper", "co-author"),
            ("Eve Engel", "co-author"),
        ]

    def test_a_name_in_the_middle_of_the_message_is_no_coauthor(self, repo: Repo) -> None:
        repo.commit("add\n\nCo-authored-by: Cat <cat@example.com>\n\nand then more prose.\n", {"a": text(KEY)})
        assert attributed(repo).coauthors[KEY] == ()

    def test_mailmap_changes_the_identity_and_says_so(self, repo: Repo) -> None:
        mailmap = "Ann Married <ann@new.example> <ann@example.com>\nCat C. <c@new.example> <cat@example.com>\n"
        repo.commit("map", {".mailmap": mailmap}, author=EVE)
        repo.commit("add\n\nCo-authored-by: Cat <cat@example.com>\n", {"a": text(KEY)}, author=ANN)
        result = attributed(repo)
        who = result.introduced[KEY]
        assert (who.name, who.email, who.raw_email) == ("Ann Married", "ann@new.example", "ann@example.com")
        assert [(c.name, c.email, c.raw_email) for c in result.coauthors[KEY]] == [
            ("Cat C.", "c@new.example", "cat@example.com")
        ]
        assert ".mailmap turned the committed address ann@example.com into ann@new.example" in said(result)

    def test_only_the_committed_mailmap_counts(self, repo: Repo) -> None:
        repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.write({".mailmap": "Mallory <m@example.com> <ann@example.com>\n"})
        (repo.path.parent / "extra").write_text("Mallory <m@example.com> <ann@example.com>\n")
        repo.config("mailmap.file", str(repo.path.parent / "extra"))
        assert attributed(repo).introduced[KEY].email == "ann@example.com"

    def test_a_bare_repository_uses_the_same_mailmap(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit("add", {"a": text(KEY), ".mailmap": "A. <a@new.example> <ann@example.com>\n"}, author=ANN)
        bare = repo.clone(tmp_path / "bare.git", "--mirror")
        assert attributed(bare).introduced == attributed(repo).introduced
        assert attributed(bare).introduced[KEY].email == "a@new.example"

    def test_noreply_addresses_are_kept_as_they_are(self, repo: Repo) -> None:
        noreply = "12345+ann@users.noreply.github.com"
        repo.commit("add", {"a": text(KEY)}, author=("ann", noreply))
        who = attributed(repo).introduced[KEY]
        assert (who.email, who.raw_email) == (noreply, noreply)

    def test_times_are_utc_whatever_the_zone_of_the_author(self, repo: Repo) -> None:
        repo.commit("add", {"a": text(KEY)}, at=datetime.fromisoformat("2021-03-04T01:02:03+05:30"))
        assert attributed(repo).introduced[KEY].at == datetime(2021, 3, 3, 19, 32, 3, tzinfo=UTC)

    def test_names_in_an_old_encoding_are_read_by_the_commits_header(self, repo: Repo) -> None:
        repo.stage({"a": text(KEY)})
        raw = (
            f"tree {repo.git('write-tree')}\nauthor ".encode()
            + "René".encode("latin-1")
            + b" <rene@example.com> 1600000000 +0200\ncommitter X <x@example.com> 1600000000 +0000\n"
            + b"encoding ISO-8859-1\n\nadd\n"
        )
        repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw)
        assert attributed(repo).introduced[KEY].name == "René"

    @pytest.mark.parametrize("date", ["99999999999999999999 +0000", "garbage", "-5 +0000", ""])
    def test_a_broken_date_does_not_stop_anything_and_yields_to_a_good_one(self, repo: Repo, date: str) -> None:
        repo.stage({"a": text(KEY)})
        people = f"author Bob <bob@example.com> {date}\ncommitter X <x@example.com> 5 +0000"
        raw = f"tree {repo.git('write-tree')}\n{people}\n\nm"
        broken = repo.git("hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=raw.encode())
        result = attributed(repo)
        assert result.introduced[KEY].commit == broken
        assert result.introduced[KEY].raw_email == "bob@example.com"
        assert result.introduced[KEY].at == datetime(1970, 1, 1, tzinfo=UTC)
        assert "no readable author date" in said(result)
        dated = repo.commit("add", author=ANN)
        assert named(attributed(repo)) == ("Ann Archer", dated)

    def test_a_commit_without_an_author_line_names_nobody_by_name(self, repo: Repo) -> None:
        repo.stage({"a": text(KEY)})
        raw = f"tree {repo.git('write-tree')}\ncommitter X <x@example.com> 5 +0000\n\nm".encode()
        repo.git("hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=raw)
        who = attributed(repo).introduced[KEY]
        assert (who.name, who.email) == ("", "")


class TestOutsideOfFiles:
    def test_a_stash(self, repo: Repo) -> None:
        repo.commit("conf", {"conf": "x\n"}, author=BOB)
        repo.stash({"conf": text(KEY)}, author=CAT)
        result = attributed(repo)
        assert result.introduced[KEY].name == "Cat Cooper"
        assert {(path, reach, present) for path, _, reach, present in seen(result)} == {("conf", Reach.STASH, False)}

    @pytest.mark.parametrize(("between", "kind"), [(False, "amend"), (True, "rebase")])
    def test_what_was_stashed_and_then_committed_came_in_with_the_stash(
        self, repo: Repo, tmp_path: Path, between: bool, kind: str
    ) -> None:
        repo.commit("conf", {"conf": "x\n"}, author=BOB)
        repo.stash({"conf": text(KEY)}, author=CAT)
        first = repo.head("stash@{0}^2")
        if between:
            repo.commit("other", {"README": "more\n"}, author=BOB)
        repo.git("stash", "pop", "-q")
        committed = repo.commit("ordinary", {"conf": text(KEY)}, author=CAT)
        result = attributed(repo)
        assert named(result) == ("Cat Cooper", first)
        assert [(one.name, one.commit, one.kind) for one in result.carried[KEY]] == [("Cat Cooper", committed, kind)]
        assert named(attributed(repo.clone(tmp_path / "clone", "--no-local"))) == ("Cat Cooper", committed)

    def test_the_untracked_part_of_an_older_stash(self, repo: Repo) -> None:
        repo.write({"new": text(KEY)})
        repo.git("stash", "push", "-q", "-u", author=CAT)
        repo.commit("conf", {"conf": "x\n"})
        repo.stash({"conf": "y\n"}, author=BOB)
        result = attributed(repo)
        assert result.introduced[KEY].name == "Cat Cooper"
        assert {(path, reach) for path, _, reach, _ in seen(result)} == {("new", Reach.STASH)}

    def test_a_note(self, repo: Repo) -> None:
        target = repo.head()
        note = repo.note(f"token {KEY}", author=EVE)
        result = attributed(repo)
        assert named(result) == ("Eve Engel", note)
        assert seen(result) == {(target, note, Reach.NOTES, False)}

    def test_the_message_of_an_annotated_tag_is_its_taggers(self, repo: Repo) -> None:
        tag = repo.tag("v1", f"release with {KEY}", author=FAY)
        result = attributed(repo)
        assert named(result) == ("Fay Fisher", tag)
        assert result.introduced[KEY].role == "author"
        assert "its tagger is named" in said(result)
        assert seen(result) == {("", repo.head(), Reach.MESSAGE, False)}

    def test_a_tag_that_quotes_what_its_commit_brought_only_carries_it(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        tag = repo.tag("v1", f"oops {KEY}", author=FAY)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert [who.commit for who in result.carried[KEY]] == [tag]

    def test_a_tag_of_a_blob(self, repo: Repo) -> None:
        repo.tag("key", "here it is", repo.loose(text(KEY)), author=FAY)
        result = attributed(repo)
        assert result.introduced[KEY].name == "Fay Fisher"
        assert seen(result) == {("", "", Reach.TAG, False)}

    def test_a_commit_message(self, repo: Repo) -> None:
        commit = repo.commit(f"deploy with {KEY}", author=BOB)
        result = attributed(repo)
        assert named(result) == ("Bob Baker", commit)
        assert seen(result) == {("", commit, Reach.MESSAGE, False)}

    def test_a_blob_in_the_index_only_has_no_author(self, repo: Repo) -> None:
        repo.stage({"dir/conf": text(KEY)})
        result = attributed(repo)
        assert result.introduced == {}
        assert seen(result) == {("dir/conf", "", Reach.INDEX, False)}
        assert "uncommitted" in said(result)

    def test_a_dangling_blob_has_no_author(self, repo: Repo) -> None:
        repo.loose(text(KEY))
        result = attributed(repo)
        assert result.introduced == {}
        assert seen(result) == {("", "", Reach.DANGLING, False)}
        assert "in no commit" in said(result)

    def test_files_are_left_as_they_are(self, repo: Repo) -> None:
        place = Place(
            repo="r", object="sha256:00", object_type="file", path="a", line=1, column=1, spans=(), reach=Reach.WORKTREE
        )
        result = attribute(Git(repo.path), {KEY: [place]})
        assert result.places == {KEY: (place,)}
        assert result.introduced == {}
        assert "uncommitted" in said(result)

    def test_an_empty_repository(self, tmp_path: Path) -> None:
        repo = Repo.create(tmp_path / "app")
        assert attribute(Git(repo.path), {}).places == {}
        repo.loose(text(KEY))
        result = attributed(repo)
        assert result.introduced == {}
        assert result.gaps == ()


class TestWhatIsNotThere:
    def test_a_shallow_clone_says_that_it_may_be_older(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.commit("edit", {"o": "1"}, author=BOB)
        boundary = repo.commit("edit", {"o": "2"}, author=CAT)
        result = attributed(repo.clone(tmp_path / "shallow", "--depth=1"))
        assert named(result) == ("Cat Cooper", boundary)
        assert "may have been introduced earlier" in said(result)
        assert result.gaps == ()

    def test_and_above_the_edge_that_it_may_have_been_there_before(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit("edit", {"o": "2"}, author=CAT)
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        result = attributed(repo.clone(tmp_path / "shallow", "--depth=2"))
        assert named(result) == ("Ann Archer", first)
        assert "may have been there before" in said(result)

    def test_replace_refs_hide_nothing(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.commit("edit", {"o": "1"}, author=BOB)
        repo.checkout("main")
        forged = repo.git("commit-tree", f"{first}^{{tree}}", "-p", f"{first}^", "-m", "x", author=EVE)
        repo.git("replace", first, forged)
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert "replace refs" in said(result)

    def test_grafts_hide_nothing(self, repo: Repo) -> None:
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        repo.commit("edit", {"o": "1"}, author=BOB)
        (repo.path / ".git" / "info" / "grafts").write_text(repo.head() + "\n")
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert result.carried[KEY] == ()
        assert "grafts" in said(result)

    def test_a_missing_tree_is_a_gap_and_the_rest_goes_on(self, repo: Repo) -> None:
        repo.commit("lost", {"d/x": "1"}, author=BOB)
        lost = repo.head("HEAD:d")
        repo.commit("none", delete=("d/x",), author=BOB)
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert len(result.gaps) == 2
        assert all("authorship may be wrong here" in gap.why for gap in result.gaps)

    def test_a_missing_root_tree_is_one_gap_for_all_that_need_it(self, repo: Repo) -> None:
        lost = repo.commit("lost", {"x": "1"}, author=BOB)
        tree = repo.head("HEAD^{tree}")
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        assert first[:12] in self.missed(repo, tree, lost, first)

    @pytest.mark.parametrize("path", ["x", f"a path\n{'1' * 40} {'2' * 40}\nof lines"])
    def test_the_tree_of_the_first_commit_is_missed_too(self, tmp_path: Path, path: str) -> None:
        """Git passes over a pair of trees that it cannot read, and a path may look like the answer it did not give."""
        repo = Repo.create(tmp_path / "app")
        lost = repo.commit("lost", {path: "1"}, author=BOB)
        tree = repo.head("HEAD^{tree}")
        repo.commit("more", {path: "2"}, author=BOB)
        self.missed(repo, tree, lost, repo.commit("add", {"a": text(KEY)}, author=ANN))

    @staticmethod
    def missed(repo: Repo, tree: str, lost: str, first: str) -> str:
        """What the one Gap names once the tree of the commit `lost` is gone; `first` still brought the key."""
        (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert len(result.gaps) == 1
        assert lost[:12] in result.gaps[0].where
        return result.gaps[0].where

    def test_a_damaged_commit_does_not_stop_the_rest(self, repo: Repo) -> None:
        broken = repo.commit("broken", {"x": "1"}, author=BOB)
        first = repo.commit("add", {"a": text(KEY)}, author=ANN)
        path = repo.path / ".git" / "objects" / broken[:2] / broken[2:]
        path.chmod(0o644)
        path.write_bytes(b"")
        result = attributed(repo)
        assert named(result) == ("Ann Archer", first)
        assert "may have been introduced earlier" in said(result)

    def test_a_treeless_clone_gives_gaps_and_no_crash(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit("add", {"a": text(KEY)}, author=ANN)
        for number in range(5):
            repo.commit("edit", {"o": str(number)}, author=BOB)
        result = attributed(repo.clone(tmp_path / "partial", "--filter=tree:0", "--no-checkout", "--bare"))
        assert result.gaps == ()  # nothing was found there, so nothing had to be attributed
        clone = repo.clone(tmp_path / "again", "--filter=tree:0", "--bare")
        place = Place(repo="r", object=repo.blob("a"), object_type="blob", path="", line=1, column=1, spans=())
        result = attribute(Git(clone.path), {KEY: [place]})
        assert result.introduced == {}
        assert result.gaps


def packings() -> list[Callable[[Repo], object]]:
    return [
        lambda repo: repo.pack(),
        lambda repo: repo.git("repack", "-q", "-a", "-d", "-k", "-f", "--depth=2", "--window=2"),
        lambda repo: repo.git("commit-graph", "write", "--reachable", "--changed-paths"),
    ]


def test_two_runs_and_any_pack_layout_give_the_same_result(repo: Repo) -> None:
    for number in range(12):
        repo.commit("edit", {f"f{number % 3}": text(KEY, str(number))}, author=(ANN, BOB, CAT)[number % 3])
    repo.branch("side").commit("side", {"s": text(KEY, OTHER)}, author=EVE)
    repo.checkout("main").commit("main", {"m": text(OTHER)}, author=FAY)
    repo.merge("side", files={"x": text(OTHER, "x")})
    before = attributed(repo, KEY, OTHER)
    assert attributed(repo, KEY, OTHER) == before
    for arrange in packings():
        arrange(repo)
        assert attributed(repo, KEY, OTHER) == before


def test_progress_is_told_up_to_the_last_commit(repo: Repo) -> None:
    repo.commit("add", {"a": text(KEY)})
    heard: list[tuple[int, int]] = []
    attribute(Git(repo.path), {KEY: holders(repo.path, KEY)}, lambda done, of: heard.append((done, of)))
    assert heard[-1] == (2, 2)


def test_the_empty_tree_is_the_one_git_knows(repo: Repo) -> None:
    assert repo.git("hash-object", "-t", "tree", "--stdin") == object_id("tree", b"")


def test_two_authors_without_an_address_are_not_taken_for_one(repo: Repo) -> None:
    repo.stage({"a": text(KEY)})
    tree, start = repo.git("write-tree"), repo.head()
    for message in ("one", "two"):
        raw = f"tree {tree}\nparent {start}\nauthor X <> 1600000000 +0000\ncommitter X <> 5 +0000\n\n{message}\n"
        repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw.encode())
    assert [who.kind for who in attributed(repo).carried[KEY]] == ["independent"]


def test_a_rebase_is_known_by_its_change_though_line_ends_differ_and_a_large_file_is_not_read(repo: Repo) -> None:
    filler = text(*(f"line {number}" for number in range(40_000)))
    for name, more in (("small", ""), ("large", filler)):
        repo.checkout("main").commit("base", {name: f"1\n{more}"}, author=FAY)
        repo.branch(f"old-{name}").commit("add", {name: f"1\n{KEY}\n{more}"}, author=ANN)
        repo.checkout("main").commit("other", {name: f"0\r\n1\r\n{more}"}, author=BOB)
        repo.commit("add it", {name: f"0\r\n1\r\n{KEY}\r\n{more}"}, author=ANN)
        repo.git("branch", "-q", "-D", f"old-{name}")
    kinds = {who.commit: who.kind for who in attributed(repo).carried[KEY]}
    assert kinds[repo.head("main~3")] == "rebase"
    assert kinds[repo.head("main")] != "rebase"
