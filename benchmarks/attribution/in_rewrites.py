"""Scenarios in which history is written anew: the first author is to be named, and once."""

from datetime import timedelta

from benchmarks.attribution.scenario import ANN, BOB, CAT, DAN, EVE, GITHUB, Repo, Stage, Truth, scenario

_GROUP = "rewriting"


def _on_side(stage: Stage) -> Repo:
    """On branch `side`, which is to be rewritten."""
    stage.begin()
    return stage.repo.branch("side")


def _forget(repo: Repo) -> None:
    repo.git("reflog", "expire", "--expire=now", "--all")


@scenario(_GROUP, "Bob picks Ann's commit onto another branch.")
def cherry_pick(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").commit("other", {"o": "1\n"}, author=CAT)
    repo.git("cherry-pick", first, author=BOB)
    return Truth(ANN, first, ((ANN, "cherry-pick"),))


@scenario(_GROUP, "Bob picks Ann's commit with -x and takes the authorship for himself.")
def cherry_pick_by_another(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").commit("other", {"o": "1\n"}, author=CAT)
    repo.git("cherry-pick", "-x", first, author=BOB)
    repo.clock += timedelta(days=1)
    repo.git("commit", "-q", "--amend", "--reset-author", "--no-edit", author=BOB)
    _forget(repo)
    return Truth(ANN, first, ((ANN, "cherry-pick"), (BOB, "cherry-pick")))


@scenario(_GROUP, "Ann's branch is rebased by Bob; her first commit is left dangling.")
def rebase(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").commit("other", {"o": "1\n"}, author=CAT)
    repo.checkout("side").rebase("main", committer=BOB)
    _forget(repo)
    return Truth(ANN, first, ((ANN, "rebase"),))


@scenario(_GROUP, "Rebased onto edits of the same file: the same change, but no object in common.")
def rebase_onto_edits(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").commit("other", {"conf": "# reviewed\n# by Cat\n# in May\n" + stage.plain()}, author=CAT)
    repo.checkout("side").rebase("main", committer=BOB)
    _forget(repo)
    return Truth(ANN, first, ((ANN, "rebase"),), reach=frozenset({"branch", "dangling"}))


@scenario(_GROUP, "Rebased, then the message and the author's date were changed, too.")
def rebase_with_another_date(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").commit("other", {"conf": "# reviewed\n" + stage.plain()}, author=CAT)
    repo.checkout("side").rebase("main", committer=ANN)
    repo.git("commit", "-q", "--amend", "--reset-author", "-m", "add the token of the deployment", author=ANN)
    _forget(repo)
    return Truth(ANN, first, ((ANN, "rebase"), (ANN, "amend")), reach=frozenset({"branch", "dangling"}))


@scenario(_GROUP, "Cat's copy of the value is rebased: Ann is still the first, Cat copied it once.")
def rebase_of_a_copy(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.branch("side").commit("copy", {"copy.conf": stage.text("copy = yes")}, author=CAT)
    repo.checkout("main").commit("other", {"o": "1\n"}, author=DAN)
    repo.checkout("side").rebase("main", committer=CAT)
    _forget(repo)
    return Truth(ANN, first, ((CAT, "copy"), (CAT, "rebase")))


@scenario(_GROUP, "Ann mends the message of her commit.")
def amended_message(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.clock += timedelta(days=1)
    stage.repo.git("commit", "-q", "--amend", "-m", "add the token", author=ANN)
    return Truth(ANN, first, ((ANN, "amend"),))


@scenario(_GROUP, "Ann's commit is amended by Bob, who becomes its author.")
def amended_author(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.clock += timedelta(days=1)
    stage.repo.git("commit", "-q", "--amend", "--reset-author", "--no-edit", author=BOB)
    _forget(stage.repo)
    return Truth(ANN, first, ((BOB, "amend"),))


@scenario(_GROUP, "Ann commits the secret, then amends it away at once; only the reflog remembers.")
def amended_away(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.stage({"conf": stage.plain("token = from-the-vault")})
    stage.repo.git("commit", "-q", "--amend", "--no-edit", author=ANN)
    return Truth(ANN, first, reach=frozenset({"reflog"}), present=False)


@scenario(_GROUP, "Ann's commits on a pull request, still stored as refs/pull, are squashed by GitHub.")
def squash_of_a_pull_request(stage: Stage) -> Truth:
    repo = _on_side(stage)
    repo.commit("begin", {"feature": "1\n"}, author=ANN)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.commit("more", {"feature": "2\n"}, author=CAT)
    repo.git("update-ref", "refs/pull/7/head", "HEAD")
    repo.checkout("main").git("branch", "-q", "-D", "side")
    _forget(repo)
    message = "Add the feature (#7)\n\n* begin\n* add\n* more\n\nCo-authored-by: Cat Cooper <cat@example.com>\n"
    repo.commit(message, {"feature": "2\n", "conf": stage.text()}, author=ANN, committer=GITHUB)
    return Truth(ANN, first, ((ANN, "squash"),))


@scenario(_GROUP, "A squash merge is all there is: Ann opened pull request 12, Cat and Dan wrote parts of it.")
def squash_with_trailers(stage: Stage) -> Truth:
    stage.begin()
    message = (
        "Add the feature (#12)\n\n* begin\n* add\n\nCo-authored-by: Cat Cooper <cat@example.com>\n"
        "Co-authored-by: Dan Dyer <dan@example.com>\n"
    )
    first = stage.repo.commit(message, {"conf": stage.text()}, author=ANN, committer=GITHUB)
    said = ("pull request #12", "Cat Cooper <cat@example.com>", "Dan Dyer <dan@example.com>", "noreply@github.com")
    return Truth(ANN, first, coauthors=(CAT, DAN), said=said)


@scenario(_GROUP, "A pull request is merged whole; the merge alone holds it, and names whose branch it was.")
def merge_of_a_pull_request(stage: Stage) -> Truth:
    repo = _on_side(stage)
    repo.commit("side", {"side": "1\n"}, author=CAT)
    repo.checkout("main").commit("other", {"o": "1\n"}, author=BOB)
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side", author=EVE)
    message = "Merge pull request #31 from catcooper/side\n\nA feature"
    merge = repo.commit(message, {"extra": stage.text()}, author=EVE, committer=GITHUB)
    said = ("pull request #31 from catcooper",)
    return Truth(EVE, merge, said=said, reach=frozenset({"merge"}))


@scenario(_GROUP, "Ann resets her commit away; the reflog still leads to it.")
def reset_away(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("oops", {"conf": stage.text()}, author=ANN)
    stage.repo.git("reset", "-q", "--hard", "HEAD^")
    return Truth(ANN, first, reach=frozenset({"reflog"}), present=False)


@scenario(_GROUP, "Reset away, and the reflog is gone, too.")
def dangling(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("oops", {"conf": stage.text()}, author=ANN)
    stage.repo.git("reset", "-q", "--hard", "HEAD^")
    _forget(stage.repo)
    stage.repo.commit("on", {"README": "2\n"}, author=BOB)
    return Truth(ANN, first, reach=frozenset({"dangling"}), present=False)


@scenario(_GROUP, "Ann's branch is deleted without having been merged.")
def deleted_branch(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    repo.checkout("main").git("branch", "-q", "-D", "side")
    _forget(repo)
    return Truth(ANN, first, reach=frozenset({"dangling"}), present=False)


@scenario(_GROUP, "Ann force-pushes a pull request without the secret; another person's review ref keeps it.")
def force_pushed_pull_request(stage: Stage) -> Truth:
    repo = _on_side(stage)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.git("update-ref", "refs/pull/9/merge", repo.head())
    repo.git("reset", "-q", "--hard", "HEAD^")
    repo.commit("clean", {"feature": "1\n"}, author=ANN)
    repo.git("update-ref", "refs/pull/9/head", repo.head())
    _forget(repo)
    return Truth(ANN, first, reach=frozenset({"ref"}), present=False)


@scenario(_GROUP, "All of history was written anew without a large file; the old one dangles.")
def history_written_anew(stage: Stage) -> Truth:
    stage.begin()
    repo, new = stage.repo, stage.repo.head()
    repo.commit("large", {"large": "x" * 5000}, author=BOB)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    last = repo.commit("edit", {"conf": stage.text("more = 1")}, author=CAT)
    copies = []
    # As git filter-branch and git filter-repo do it: people, dates and messages stay.
    for commit, author, message, days in ((first, ANN, "add", -1), (last, CAT, "edit", 1)):
        repo.clock += timedelta(days=days)
        repo.git("read-tree", commit)
        repo.git("rm", "-q", "--cached", "large")
        new = repo.git("commit-tree", repo.git("write-tree"), "-p", new, "-m", message, author=author)
        copies.append(new)
    repo.git("reset", "-q", "--hard", new)
    _forget(repo)
    # Of commits with equal dates the id decides, which is as good as a coin.
    return Truth(ANN, min(first, copies[0]), ((ANN, "rebase"),))


@scenario(_GROUP, "Ann splits her commit in two; the second half has the secret, the whole one dangles.")
def split_commit(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    first = repo.commit("both", {"conf": stage.text(), "feature": "1\n"}, author=ANN)
    repo.git("reset", "-q", "--hard", "HEAD^")
    _forget(repo)
    repo.commit("feature", {"feature": "1\n"}, author=ANN)
    repo.commit("setting", {"conf": stage.text()}, author=ANN)
    return Truth(ANN, first, ((ANN, "rebase"),))
