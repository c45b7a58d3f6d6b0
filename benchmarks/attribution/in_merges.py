"""Scenarios with merges: what a merge brings by itself, and what it only passes on."""

from benchmarks.attribution.scenario import ANN, BOB, CAT, DAN, EVE, Repo, Stage, Truth, scenario

_GROUP = "merges"


def _apart(stage: Stage) -> Repo:
    """Branches `main` and `side` with a commit each, neither with the secret; on `main`."""
    stage.begin()
    repo = stage.repo.branch("side")
    repo.commit("side", {"side": "1\n"}, author=BOB)
    repo.checkout("main").commit("main", {"main": "1\n"}, author=CAT)
    return repo


@scenario(_GROUP, "Ann adds it on a branch that Eve merges.")
def clean_merge(stage: Stage) -> Truth:
    repo = _apart(stage).checkout("side")
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").merge("side", author=EVE)
    return Truth(ANN, first)


@scenario(_GROUP, "Eve adds it in the merge itself, in a file that neither side had.")
def merge_only(stage: Stage) -> Truth:
    merge = _apart(stage).merge("side", author=EVE, files={"extra.conf": stage.text()})
    return Truth(EVE, merge, reach=frozenset({"merge"}))


@scenario(_GROUP, "Both sides changed the file; Eve puts the secret into it while she merges.")
def evil_merge(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo.branch("side")
    repo.commit("side", {"conf": "# side\n" + stage.plain()}, author=BOB)
    repo.checkout("main").commit("main", {"conf": stage.plain("tail = 1")}, author=CAT)
    merge = repo.merge("side", author=EVE, files={"conf": "# side\n" + stage.text("tail = 1")})
    return Truth(EVE, merge, reach=frozenset({"merge"}))


@scenario(_GROUP, "Bob and Cat edit around it on two sides; the merge makes a version that neither had.")
def merge_of_edits(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text("a = 1")}, author=ANN)
    repo = stage.repo.branch("side")
    repo.commit("side", {"conf": "# side\n" + stage.text("a = 1")}, author=BOB)
    repo.checkout("main").commit("main", {"conf": stage.text("a = 1", "b = 2")}, author=CAT)
    repo.merge("side", author=EVE, files={"conf": "# side\n" + stage.text("a = 1", "b = 2")})
    return Truth(ANN, first, reach=frozenset({"branch", "merge"}))


@scenario(_GROUP, "Eve joins four branches in one merge, which adds it.")
def octopus(stage: Stage) -> Truth:
    stage.begin()
    repo, tips = stage.repo, []
    for name, who in (("one", ANN), ("two", BOB), ("three", CAT)):
        repo.checkout("main").branch(name)
        tips.append(repo.commit(name, {name: "1\n"}, author=who))
    repo.checkout("main").commit("main", {"m": "1\n"}, author=DAN)
    tree = repo.stage({"conf": stage.text()}).git("write-tree")
    parents = [word for tip in [repo.head(), *tips] for word in ("-p", tip)]
    merge = repo.git("commit-tree", tree, *parents, "-m", "octopus", author=EVE)
    repo.git("reset", "-q", "--hard", merge)
    return Truth(EVE, merge, reach=frozenset({"merge"}))


@scenario(_GROUP, "Ann adds it on one of three branches that Eve joins in one merge.")
def octopus_of_branches(stage: Stage) -> Truth:
    stage.begin()
    repo, made = stage.repo, {}
    for name, who, text in (("one", BOB, "1\n"), ("two", ANN, stage.text()), ("three", CAT, "3\n")):
        repo.checkout("main").branch(name)
        made[name] = repo.commit(name, {name: text}, author=who)
    repo.checkout("main")
    repo.git("merge", "-q", "--no-ff", "-m", "octopus", "one", "two", "three", author=EVE)
    return Truth(ANN, made["two"])


@scenario(_GROUP, "Bob removed it long ago; Eve's merge has it again although neither side does.")
def merge_brings_it_back(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo = stage.repo
    repo.commit("remove", {"conf": stage.plain()}, author=BOB)
    repo.branch("side").commit("side", {"side": "1\n"}, author=CAT)
    repo.checkout("main").commit("main", {"main": "1\n"}, author=DAN)
    repo.merge("side", author=EVE, files={"conf": stage.text("back = yes")})
    return Truth(ANN, first, ((EVE, "merge"),), reach=frozenset({"branch", "merge"}))


@scenario(_GROUP, "Eve's merge takes it from one file and puts it into another.")
def moved_in_a_merge(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo = stage.repo.branch("side")
    repo.commit("side", {"side": "1\n"}, author=BOB)
    repo.checkout("main").commit("main", {"main": "1\n"}, author=CAT)
    repo.merge("side", author=EVE, files={"conf": stage.plain(), "new.conf": stage.text("moved = yes")})
    return Truth(ANN, first, ((EVE, "merge"),), reach=frozenset({"branch", "merge"}))


@scenario(_GROUP, "Bob removes it on one side, Cat edits the file on the other; Eve resolves for Cat's side.")
def conflict_keeps_it(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo = stage.repo.branch("side")
    repo.commit("remove", {"conf": stage.plain("safe = yes")}, author=BOB)
    repo.checkout("main").commit("edit", {"conf": stage.text("debug = no")}, author=CAT)
    repo.clock = repo.clock.replace(year=repo.clock.year + 1)
    repo.git("merge", "-q", "-s", "ours", "--no-ff", "-m", "merge", "side", author=EVE)
    return Truth(ANN, first)


@scenario(_GROUP, "Another project, in which Dan added it, is merged in below a folder.")
def subtree_merge(stage: Stage) -> Truth:
    stage.begin()
    other = Repo.create(stage.folder / "library")
    other.commit("start", {"lib.c": "int a;\n"}, author=BOB)
    first = other.commit("add", {"lib.conf": stage.text()}, author=DAN)
    repo = stage.repo
    repo.clock = other.clock
    repo.git("fetch", "-q", str(other.path), "main")
    repo.git("merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "FETCH_HEAD", author=EVE)
    repo.git("read-tree", "--prefix=vendor/lib/", "-u", "FETCH_HEAD")
    repo.commit("merge the library as vendor/lib", author=EVE)
    return Truth(DAN, first, ((EVE, "merge"),), reach=frozenset({"branch", "merge"}))


@scenario(_GROUP, "Two branches are merged into each other both ways; Ann's commit is on one of them.")
def criss_cross(stage: Stage) -> Truth:
    repo = _apart(stage).checkout("side")
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.merge("main", author=BOB)
    repo.checkout("main")
    repo.git("merge", "-q", "--no-ff", "-m", "the other way", first, author=CAT)
    repo.commit("edit", {"conf": stage.text("more = 1")}, author=DAN)
    repo.git("merge", "-q", "--no-ff", "-m", "and again", "side", author=EVE)
    return Truth(ANN, first)
