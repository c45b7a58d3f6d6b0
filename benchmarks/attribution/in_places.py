"""Scenarios outside of files on branches: messages, notes, tags, stashes, other work trees, nothing but an index."""

from benchmarks.attribution.scenario import ANN, BOB, CAT, EVE, FAY, Stage, Truth, scenario

_GROUP = "places"


@scenario(_GROUP, "Ann says it in a commit message.")
def commit_message(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit(f"deploy with {stage.key}", author=ANN)
    return Truth(ANN, first, reach=frozenset({"message"}), present=False)


@scenario(_GROUP, "Ann adds it to a file; Bob quotes it in the message of his removal.")
def quoted_in_a_message(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit(f"remove the token {stage.key}", {"conf": stage.plain()}, author=BOB)
    return Truth(ANN, first, ((BOB, "message"),), reach=frozenset({"branch", "message"}), present=False)


@scenario(_GROUP, "Somebody's tool put it into the e-mail field of the author.")
def author_field(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("deploy", author=("x-access-token", f"{stage.key}@github.com"), committer=ANN)
    who = ("x-access-token", f"{stage.key}@github.com")
    return Truth(who, first, reach=frozenset({"message"}), present=False)


@scenario(_GROUP, "Fay says it in the message of an annotated tag.")
def tag_message(stage: Stage) -> Truth:
    stage.begin()
    tag = stage.repo.tag("v1", f"released with {stage.key}", author=FAY)
    return Truth(FAY, tag, reach=frozenset({"message"}), present=False, said=("tagger",))


@scenario(_GROUP, "Ann adds it, Fay's tag quotes it.")
def quoted_in_a_tag(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.tag("v1", f"oops: {stage.key}", author=FAY)
    return Truth(ANN, first, ((FAY, "tag"),), reach=frozenset({"branch", "message"}))


@scenario(_GROUP, "Fay tags a blob that is in no commit.")
def tag_of_a_blob(stage: Stage) -> Truth:
    stage.begin()
    tag = stage.repo.tag("key", "here it is", stage.repo.loose(stage.text()), author=FAY)
    return Truth(FAY, tag, reach=frozenset({"tag"}), present=False)


@scenario(_GROUP, "Eve writes it into a git note on Bob's commit.")
def note(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("work", {"README": "2\n"}, author=BOB)
    made = stage.repo.note(f"deployed with {stage.key}", author=EVE)
    return Truth(EVE, made, reach=frozenset({"notes"}), present=False)


@scenario(_GROUP, "Cat stashes it, and stashes more on top.")
def stash(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    repo.stash({"conf": stage.text()}, author=CAT)
    # A stash is two commits of one moment and author: the index, and on top of it the work tree.
    first = repo.head("stash@{0}^2")
    repo.commit("work", {"README": "2\n"}, author=BOB)
    repo.stash({"README": "3\n"}, author=BOB)
    return Truth(CAT, first, reach=frozenset({"stash"}), present=False)


@scenario(_GROUP, "Cat stashes it as an untracked file.")
def stash_of_an_untracked_file(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    repo.write({"new.conf": stage.text()})
    repo.git("stash", "push", "-q", "-u", author=CAT)
    return Truth(CAT, repo.head("stash@{0}^3"), reach=frozenset({"stash"}), present=False)


@scenario(_GROUP, "Ann's commit is on an orphan branch, a history of its own.")
def orphan_branch(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    repo.git("checkout", "-q", "--orphan", "pages")
    first = repo.commit("pages", {"conf": stage.text()}, author=ANN)
    repo.checkout("main")
    return Truth(ANN, first)


@scenario(_GROUP, "Ann commits in a second work tree, whose HEAD is on no branch.")
def detached_work_tree(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    repo.git("worktree", "add", "-q", "--detach", "../second")
    second = type(repo)(stage.folder / "second", repo.clock)
    first = second.commit("add", {"conf": stage.text()}, author=ANN)
    return Truth(ANN, first)


@scenario(_GROUP, "Nothing is committed yet: the branch is unborn, the secret is in the index.")
def unborn_branch(stage: Stage) -> Truth:
    stage.repo.stage({"conf": stage.text()})
    (stage.repo.path / "conf").unlink()
    return Truth(None, reach=frozenset({"index"}), present=False, said=("uncommitted",))


@scenario(_GROUP, "A blob that no commit ever held.")
def loose_blob(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.loose(stage.text())
    return Truth(None, reach=frozenset({"dangling"}), present=False, said=("in no commit",))


@scenario(_GROUP, "Ann's commit is reached by a lightweight tag alone.")
def lightweight_tag(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.git("tag", "v1")
    repo.git("reset", "-q", "--hard", "HEAD^")
    return Truth(ANN, first, reach=frozenset({"tag"}), present=False)


@scenario(_GROUP, "Bob has it as a remote branch that he fetched from Ann.")
def remote_branch(stage: Stage) -> Truth:
    stage.begin()
    other = stage.repo.clone(stage.folder / "other")
    first = other.commit("add", {"conf": stage.text()}, author=ANN)
    other.git("push", "-q", "origin", "HEAD:refs/remotes/ann/main")
    return Truth(ANN, first)
