"""Random histories: attribution, which works from tree differences, against an oracle that lists every tree whole."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkey.model import Place, Reach
from scanner.commits.attribution import Attributed, attribute
from scanner.commits.carrier import Carrier
from scanner.commits.carriers import REWRITTEN
from scanner.repository.git import Git
from tests.builders import Repo, clean_environment, token

KEYS = (token("glp_", 20), token("glp_", 20, seed=2))
CONTENTS = ("plain", "other", KEYS[0], f"{KEYS[0]} x", f"{KEYS[0]} y", KEYS[1], f"{KEYS[0]} {KEYS[1]}")
PATHS = ("a", "b", "d/a", "d/e/b")

Cell = tuple[str, str]


@dataclass(frozen=True)
class Draft:
    """A commit to be: numbers of its parents among the earlier ones, file contents, author and dates."""

    parents: tuple[int, ...]
    files: dict[str, int]
    author: int
    authored: int
    committed: int


@st.composite
def histories(draw: st.DrawFn) -> list[Draft]:
    drafts: list[Draft] = []
    for number in range(draw(st.integers(1, 9))):
        earlier = st.integers(max(0, number - 4), max(0, number - 1))
        parents = draw(st.lists(earlier, unique=True, max_size=3)) if number else []
        base = dict(drafts[parents[0]].files) if parents else {}
        edits = draw(st.dictionaries(st.sampled_from(PATHS), st.integers(-1, len(CONTENTS) - 1), max_size=2))
        files = {path: content for path, content in (base | edits).items() if content >= 0}
        moments = [draw(st.integers(1, 3)) for _ in range(2)]
        drafts.append(Draft(tuple(parents), files, draw(st.integers(0, 2)), moments[0], moments[1]))
    return drafts


def build(path: Path, drafts: list[Draft], kept: dict[int, str]) -> Repo:
    """Write the drafts with `git fast-import`; `kept` says which of them a ref of which kind goes on naming."""
    lines: list[str] = []
    for number, draft in enumerate(drafts):
        lines += [f"commit refs/build/{number}", f"mark :{number + 1}"]
        lines += [f"author P{draft.author} <p{draft.author}@example.com> {draft.authored * 86400} +0000"]
        lines += [f"committer C <c@example.com> {draft.committed * 86400} +0000", "data 1", "m"]
        lines += [f"{'merge' if at else 'from'} :{parent + 1}" for at, parent in enumerate(draft.parents)]
        lines += ["deleteall"]
        for name, content in draft.files.items():
            lines += [f"M 100644 inline {name}", f"data {len(CONTENTS[content])}", CONTENTS[content]]
    repo = Repo.create(path, bare=True)
    environment = clean_environment()
    stream = "\n".join(lines) + "\n"
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, env=environment, input=stream.encode(), check=True)
    updates = [f"create {prefix}/{number} {repo.head(f'refs/build/{number}')}" for number, prefix in kept.items()]
    updates += [f"delete refs/build/{number}" for number in range(len(drafts))]
    repo.git("update-ref", "--stdin", stdin="\n".join(updates).encode() + b"\n")
    return repo


class Oracle:
    """What is true of a repository, read in the most laborious way."""

    def __init__(self, repo: Repo) -> None:
        listing = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").splitlines()
        by_type = [line.split() for line in listing]
        self.blobs = {oid: repo.git("cat-file", "blob", oid) for kind, oid in by_type if kind == "blob"}
        self.commits = [oid for kind, oid in by_type if kind == "commit"]
        self.tree = {commit: self._tree(repo, commit) for commit in self.commits}
        shown = repo.git("show", "-s", "--format=%H %at %ct %ae %P", *self.commits).splitlines()
        facts = {fields[0]: fields[1:] for fields in map(str.split, shown)}
        self.author = {commit: fields.pop(2) for commit, fields in facts.items()}
        self.parents = {commit: fields[2:] for commit, fields in facts.items()}
        self.rank = {c: (int(fields[0]), int(fields[1]), c) for c, fields in facts.items()}
        self.above = {commit: self._above(commit) for commit in self.commits}
        refs = [line.split() for line in repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()]
        self.tips = [(name, oid) for name, oid in refs]

    @staticmethod
    def _tree(repo: Repo, commit: str) -> dict[str, str]:
        entries = [line.split("\t") for line in repo.git("ls-tree", "-r", commit).splitlines()]
        return {path: fields.split()[2] for fields, path in entries}

    def _above(self, commit: str) -> set[str]:
        """The commit and all its ancestors."""
        found, left = set(), [commit]
        while left:
            found.add(one := left.pop())
            left += [parent for parent in self.parents[one] if parent not in found]
        return found

    def earliest(self, holders: set[str]) -> str:
        """Of the commits without another holder among their ancestors, the one that the dates put first."""
        first = [c for c in holders if not (self.above[c] - {c}) & holders]
        return min(first, key=self.rank.__getitem__)

    def bringers(self, blobs: set[str]) -> set[str]:
        """Commits with one of the blobs at a path where no parent has one."""
        return {
            commit
            for commit in self.commits
            for path, oid in self.tree[commit].items()
            if oid in blobs and all(self.tree[parent].get(path) not in blobs for parent in self.parents[commit])
        }

    def reach(self, cell: Cell) -> Reach:
        bringers = {
            commit
            for commit in self.commits
            if self.tree[commit].get(cell[1]) == cell[0]
            and all(self.tree[parent].get(cell[1]) != cell[0] for parent in self.parents[commit])
        }
        for prefix, reach in (
            ("refs/heads/", Reach.BRANCH),
            ("refs/tags/", Reach.TAG),
            ("refs/pull/", Reach.OTHER_REF),
        ):
            reached = set().union(*(self.above[oid] for name, oid in self.tips if name.startswith(prefix)))
            if found := bringers & reached:
                merged = reach is Reach.BRANCH and all(len(self.parents[commit]) > 1 for commit in found)
                return Reach.MERGE if merged else reach
        return Reach.DANGLING

    def present(self, cell: Cell) -> bool:
        return any(self.tree[oid].get(cell[1]) == cell[0] for name, oid in self.tips if name.startswith("refs/heads/"))


def check_kinds(oracle: Oracle, result: Attributed, key: str, blobs: set[str]) -> None:
    """Each carrier's kind follows from what its commit does; one made anew has an earlier commit to be made from."""
    bringers = sorted(oracle.bringers(blobs), key=oracle.rank.__getitem__)
    for who in result.carried[key]:
        earlier = [one for one in bringers if one != who.commit and not _later(oracle, result, key, one, who.commit)]
        if Carrier(who.kind) in REWRITTEN:
            assert any(_remade(oracle, who.commit, one, blobs) for one in earlier), (who.kind, who.commit)
        else:
            assert who.kind == plain_kind(oracle, who.commit, blobs).value
            assert not any(_surely_remade(oracle, who.commit, one, blobs) for one in earlier), who.commit


def _later(oracle: Oracle, result: Attributed, key: str, one: str, other: str) -> bool:
    """Whether `one` is ranked behind `other`: the introducer is before all."""
    return one != result.introduced[key].commit and oracle.rank[one] > oracle.rank[other]


def _brought(oracle: Oracle, commit: str, blobs: set[str]) -> dict[str, str]:
    """The paths to which a commit brings one of the blobs."""
    above = [oracle.tree[parent] for parent in oracle.parents[commit]]
    held = oracle.tree[commit].items()
    return {path: oid for path, oid in held if oid in blobs and all(tree.get(path) not in blobs for tree in above)}


def _remade(oracle: Oracle, commit: str, one: str, blobs: set[str]) -> bool:
    """A necessary condition: one author at one moment, or the same paths by one author or on the same parents."""
    same_paths = _brought(oracle, commit, blobs).keys() == _brought(oracle, one, blobs).keys()
    at_once = oracle.rank[commit][0] == oracle.rank[one][0]
    mine = oracle.author[commit] == oracle.author[one]
    return (mine and (at_once or same_paths)) or (same_paths and oracle.parents[commit] == oracle.parents[one])


def _surely_remade(oracle: Oracle, commit: str, one: str, blobs: set[str]) -> bool:
    """A sufficient condition: one author and moment, and the same blobs where there was the same before."""
    if oracle.author[commit] != oracle.author[one] or oracle.rank[commit][0] != oracle.rank[one][0]:
        return False
    mine, theirs = _brought(oracle, commit, blobs), _brought(oracle, one, blobs)
    before = [[oracle.tree[p].get(path) for p in oracle.parents[it] for path in sorted(mine)] for it in (commit, one)]
    return mine == theirs and before[0] == before[1] and len(oracle.parents[commit]) == len(oracle.parents[one])


def plain_kind(oracle: Oracle, commit: str, blobs: set[str]) -> Carrier:
    """The kind of a commit that is no other one made anew."""
    parents, mine = oracle.parents[commit], oracle.tree[commit]
    if len(parents) > 1:
        return Carrier.MERGE
    if any(
        mine.get(path) not in blobs for parent in parents for path, oid in oracle.tree[parent].items() if oid in blobs
    ):
        return Carrier.MOVE
    bringers = oracle.bringers(blobs) & oracle.above[commit] - {commit}
    if not bringers:
        return Carrier.INDEPENDENT
    paths = _brought(oracle, commit, blobs)
    again = any(paths.keys() & _brought(oracle, one, blobs).keys() for one in bringers)
    return Carrier.ADDED_AGAIN if again else Carrier.COPY


def check(oracle: Oracle, result: Attributed, key: str) -> None:
    blobs = {oid for oid, content in oracle.blobs.items() if key in content}
    holding = {commit for commit in oracle.commits if blobs & set(oracle.tree[commit].values())}
    introducer = oracle.earliest(holding)
    assert result.introduced[key].commit == introducer
    assert {who.commit for who in result.carried[key]} == oracle.bringers(blobs) - {introducer}
    check_kinds(oracle, result, key, blobs)
    cells = {(oid, path) for tree in oracle.tree.values() for path, oid in tree.items() if oid in blobs}
    expected = {}
    for oid, path in cells:
        at = {commit for commit in oracle.commits if oracle.tree[commit].get(path) == oid}
        expected[oid, path] = (oracle.earliest(at), oracle.reach((oid, path)), oracle.present((oid, path)))
    found = {(p.object, p.path): (p.commit, p.reach, p.present) for p in result.places[key]}
    assert found == expected
    assert len(result.places[key]) == len(cells)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(drafts=histories(), data=st.data())
def test_attribution_agrees_with_the_oracle_on_any_history(drafts: list[Draft], data: st.DataObject) -> None:
    kinds = st.sampled_from(["refs/heads", "refs/tags", "refs/pull"])
    kept = data.draw(st.dictionaries(st.integers(0, len(drafts) - 1), kinds, max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        repo = build(Path(folder) / "r", drafts, kept)
        oracle = Oracle(repo)
        places = {
            key: [
                Place(repo="r", object=oid, object_type="blob", path="", line=1, column=1, spans=())
                for oid, content in sorted(oracle.blobs.items())
                if key in content
            ]
            for key in KEYS
        }
        result = attribute(Git(repo.path), {key: found for key, found in places.items() if found})
        assert result.gaps == ()
        for key in result.places:
            check(oracle, result, key)
