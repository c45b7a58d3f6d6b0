"""Scenarios of how a repository is stored: parts that are missing, replaced, elsewhere, or of another hash."""

from benchmarks.attribution.scenario import ANN, BOB, CAT, DAN, EVE, Repo, Stage, Truth, scenario

_GROUP = "stores"


@scenario(
    _GROUP, "A shallow clone ends above Ann's commit: whoever stands at its edge is named, and the doubt is said."
)
def shallow_clone(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    edge = stage.repo.commit("edit", {"README": "2\n"}, author=BOB)
    clone = stage.repo.clone(stage.folder / "clone", "--depth=1")
    return Truth(BOB, edge, said=("may have been introduced earlier",), target=clone.path)


@scenario(_GROUP, "A shallow clone that reaches below Ann's commit.")
def shallow_clone_below(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("work", {"README": "2\n"}, author=CAT)
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    clone = stage.repo.clone(stage.folder / "clone", "--depth=3")
    return Truth(ANN, first, said=("may have been there before",), target=clone.path)


@scenario(_GROUP, "A graft cuts Ann's commit off from what git shows.")
def grafts(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    (stage.repo.path / ".git" / "info" / "grafts").write_text(stage.repo.head() + "\n")
    return Truth(ANN, first, said=("grafts",))


@scenario(_GROUP, "A replace ref shows Eve as the author of Ann's commit.")
def replace_refs(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    forged = repo.git("commit-tree", f"{first}^{{tree}}", "-p", f"{first}^", "-m", "mine", author=EVE)
    repo.git("replace", first, forged)
    return Truth(ANN, first, ((EVE, "independent"),), said=("replace refs",))


@scenario(_GROUP, "A repository of SHA-256.")
def sha256(stage: Stage) -> Truth:
    repo = Repo.create(stage.folder / "sha256", object_format="sha256")
    repo.commit("start", {"conf": stage.plain()}, author=DAN)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    return Truth(ANN, first, target=repo.path)


@scenario(_GROUP, "Ann's objects lie in another repository, from which this one borrows.")
def alternates(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    path = stage.folder / "borrower"
    stage.repo.git("clone", "-q", "--shared", str(stage.repo.path), str(path))
    borrower = Repo(path, stage.repo.clock)
    borrower.commit("on", {"README": "3\n"}, author=CAT)
    return Truth(ANN, first, target=path)


@scenario(_GROUP, "A clone without large blobs: the secret's are there, another file's are not.")
def partial_clone(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("large", {"large": "x" * 20_000}, author=CAT)
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    clone = stage.repo.clone(stage.folder / "clone", "--bare", "--filter=blob:limit=10k")
    return Truth(ANN, first, target=clone.path)


@scenario(_GROUP, "A long history in one pack, deltas upon deltas.")
def one_pack(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    more = [f"line{number} = {number * 7919}" for number in range(200)]
    repo.commit("grow", {"conf": stage.plain(*more)}, author=DAN)
    first = repo.commit("add", {"conf": stage.text(*more)}, author=ANN)
    for number in range(12):
        more[number * 9] = f"line{number} = changed"
        repo.commit("edit", {"conf": stage.text(*more)}, author=(BOB, CAT, DAN)[number % 3])
    repo.git("repack", "-q", "-a", "-d", "-f", "--depth=50")
    return Truth(ANN, first)


@scenario(_GROUP, "A bare mirror, as a server keeps it.")
def bare_mirror(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("move", rename={"conf": "etc/conf"}, author=BOB)
    clone = stage.repo.clone(stage.folder / "mirror.git", "--mirror")
    return Truth(ANN, first, ((BOB, "move"),), target=clone.path)


@scenario(_GROUP, "A commit-graph with changed paths, and many packs.")
def commit_graph(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.pack()
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    stage.repo.git("repack", "-q")
    stage.repo.git("commit-graph", "write", "--reachable", "--changed-paths")
    return Truth(ANN, first)


@scenario(_GROUP, "The checkout has a folder of another clone inside; only that one holds it.")
def nested_repository(stage: Stage) -> Truth:
    stage.begin()
    inner = Repo.create(stage.repo.path / "vendor" / "lib")
    inner.commit("start", {"a": "1\n"}, author=CAT)
    first = inner.commit("add", {"conf": stage.text()}, author=ANN)
    inner.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    return Truth(ANN, first, target=inner.path)
