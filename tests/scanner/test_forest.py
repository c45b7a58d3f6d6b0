"""Git trees read along their deltas: the commits that they leave out can be left out, and what is absent is told."""

import random
import struct
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkey.model import Place
from scanner.commits.absence import absent_blobs, absent_by_changes
from scanner.commits.attribution import attribute
from scanner.commits.differences import Change, changes
from scanner.commits.forest import Forest
from scanner.commits.near import Near
from scanner.options import Options
from scanner.repository.git import Git
from scanner.repository.objects import CatFileReader, GitObject, ObjectInfo, missing_objects
from scanner.storage.treewalk import NONE, pair, record, tree_kernel
from scanner.workers.examine import Worker
from scanner.workers.tasks import forest_of, pack_tasks
from scanner.workers.work import Setup
from tests.builders import Repo, clean_environment
from tests.needs import KERNEL
from tests.scanner.test_attribution_property import KEYS, Draft, build, histories

pytestmark = KERNEL
LIMIT = 1 << 30


def forest(repo: Repo, wanted: set[str], *, keep: bool = False, compiled: bool = True) -> Forest:
    """What the workers would tell of a repository."""
    git = Git(repo.path)
    result = forest_of(git, 0, Options(limit=LIMIT, compiled=compiled))
    worker = Worker(Setup(gits=(git,), rules=(), digest="", key=b"k" * 32, matcher="keyword", compiled=compiled))
    for task in pack_tasks(result, []):
        result.add(worker.examine(task._replace(keep=keep)))
    for task in result.tasks(wanted):
        result.add(worker.examine(task))
    worker.close()
    return result


def packed(repo: Repo, how: str) -> None:
    if how == "one pack":
        repo.git("repack", "-qadfk", "--depth=40")
    elif how == "several packs":
        loose = sorted(repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())
        for part in (loose[::2], loose[1::2]):
            folder = repo.path / "objects" / "pack" / "pack"
            repo.git("pack-objects", "-q", str(folder), stdin="\n".join(part).encode() + b"\n")
        repo.git("prune-packed", "-q")


PACKINGS = st.sampled_from(["as imported", "one pack", "several packs"])


def blobs_with(repo: Repo, key: str) -> set[str]:
    reader = CatFileReader(Git(repo.path))
    listed = [one for one in reader.list_objects() if isinstance(one, ObjectInfo) and one.type == "blob"]
    read = list(reader.read(listed))
    reader.close()
    return {one.oid for one in read if isinstance(one, GitObject) and key.encode() in one.content}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(drafts=histories(), packing=PACKINGS, data=st.data())
def test_whoever_is_named_is_named_without_comparing_every_commit(
    drafts: list[Draft], packing: str, data: st.DataObject
) -> None:
    kinds = st.sampled_from(["refs/heads", "refs/tags", "refs/pull"])
    kept = data.draw(st.dictionaries(st.integers(0, len(drafts) - 1), kinds, max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        repo = build(Path(folder) / "r", drafts, kept)
        packed(repo, packing)
        held = {key: sorted(blobs_with(repo, key)) for key in KEYS}
        places = {
            key: [Place(repo="r", object=o, object_type="blob", path="", line=1, column=1, spans=()) for o in oids]
            for key, oids in held.items()
            if oids
        }
        git = Git(repo.path)
        told = forest(repo, {oid for oids in held.values() for oid in oids})
        named = attribute(git, places)
        assert attribute(git, places, forest=told) == named
        for keep in (True, False):
            told = forest(repo, {oid for oids in held.values() for oid in oids}, keep=keep)
            near = Near(told)
            assert attribute(git, places, forest=told, near=near) == named
            assert near.changes(told.history, set(), told.candidates) == []


def big_history(path: Path, seed: int, commits: int) -> Repo:
    """Many files in nested folders, changed a few at a time, so that git stores trees as deltas of trees."""
    chance = random.Random(seed)
    names = [f"{a}/{b}/file{n}" for a in ("lib", "test") for b in ("core", "more", "old") for n in range(12)]
    names += [f"top{n}" for n in range(30)]
    files = {name: f"{name} 0" for name in names}
    lines: list[str] = []
    for number in range(commits):
        lines += ["commit refs/heads/main", f"mark :{number + 1}", f"committer C <c@example.com> {number} +0000"]
        lines += ["data 1", "m"] + ([f"from :{number}"] if number else [])
        if number > 4 and chance.random() < 0.2:
            lines += [f"merge :{chance.randrange(1, number)}"]
        for _ in range(chance.randint(0, 3)):
            name = chance.choice(names)
            files[name] = f"{name} {chance.choice(['hot', 'hot2', str(number)])}"
            if chance.random() < 0.15:
                files.pop(name)
        lines += ["deleteall"]
        for name, content in sorted(files.items()):
            lines += [f"M 100644 inline {name}", f"data {len(content)}", content]
    repo = Repo.create(path, bare=True)
    stream = "\n".join(lines).encode() + b"\n"
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, env=clean_environment(), input=stream, check=True)
    return repo


@pytest.mark.parametrize("packing", ["one pack", "several packs"])
@pytest.mark.parametrize("seed", range(4))
def test_only_commits_that_change_something_wanted_are_compared(tmp_path: Path, seed: int, packing: str) -> None:
    repo = big_history(tmp_path / "r", seed, 120)
    packed(repo, packing)
    wanted = blobs_with(repo, "hot")
    told = forest(repo, wanted)
    signatures = told.signatures
    only = told.candidates
    assert signatures is not None
    assert only is not None
    complete = {one for one in changes(Git(repo.path), told.history, wanted) if isinstance(one, Change)}
    assert {one.node for one in complete if one.new in wanted} <= only
    assert len(only) < len(told.history.nodes) * 3 // 4
    told_by_these = set(changes(Git(repo.path), told.history, wanted, only=only))
    assert {one for one in complete if one.new in wanted} == {
        one for one in told_by_these if isinstance(one, Change) and one.new in wanted
    }


def test_a_pack_of_trees_has_deltas_here(tmp_path: Path) -> None:
    """Else the tests above would compare whole trees only."""
    repo = big_history(tmp_path / "r", 0, 120)
    packed(repo, "one pack")
    pack = forest_of(Git(repo.path), 0, Options(limit=LIMIT)).packs[0]
    assert sum(kind == 2 and base >= 0 for kind, base in zip(pack.types, pack.bases, strict=True)) > 100


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(drafts=histories(), data=st.data())
def test_absent_blobs_in_reach_are_those_that_git_misses(drafts: list[Draft], data: st.DataObject) -> None:
    kept = data.draw(st.dictionaries(st.integers(0, len(drafts) - 1), st.just("refs/heads"), max_size=3))
    with tempfile.TemporaryDirectory() as folder:
        repo = build(Path(folder) / "r", drafts, kept)
        subset = {oid for key in KEYS for oid in blobs_with(repo, key)}
        lost = data.draw(st.sets(st.sampled_from(sorted(subset)))) if subset else set()
        left = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
        oids = "\n".join(oid for oid in left if oid not in lost).encode() + b"\n"
        old = list((repo.path / "objects" / "pack").iterdir())
        if old:
            repo.git("pack-objects", "-q", str(repo.path / "objects" / "pack" / "pack"), stdin=oids)
            for file in old:
                file.unlink()
        else:
            for oid in lost:
                (repo.path / "objects" / oid[:2] / oid[2:]).unlink()
        expected = sorted(map(str, missing_objects(Git(repo.path))))
        assert absent_blobs(forest(repo, set()), 1) == expected
        assert absent_by_changes(forest(repo, set(), compiled=False), 1) == expected


def test_what_the_index_names_and_nobody_has_is_told(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit("one", {"a": "kept"})
    told = forest(repo, set())
    told.index = {repo.blob("a"), "1" * 40}
    assert absent_blobs(told, 1) == ["1" * 40]


def test_an_absent_tree_is_left_to_git(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit("one", {"d/a": "kept"})
    tree = repo.git("rev-parse", "HEAD:d").strip()
    (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    told = forest(repo, set())
    assert absent_blobs(told, 1) is None
    assert told.signatures is None


def test_trees_whose_bases_need_them_in_turn_are_named() -> None:
    kernel = tree_kernel(True)
    assert kernel is not None
    # tree 0 leans on tree 1 as its base, and tree 1 holds tree 0
    records = record(0, 1, b"", b"") + record(1, NONE, pair(7, 0) + pair(8, 2), b"")
    known = struct.pack("=2Q", 2, 99)
    _, circular = kernel.signatures((records,), 3, known, struct.pack("=Q", 1), 5)
    assert set(struct.unpack(f"={len(circular) // 8}Q", circular)) == {0}
    whole = record(0, NONE, pair(8, 2), b"")
    sums, circular = kernel.signatures((records, whole), 3, known, struct.pack("=2Q", 0, 1), 5)
    assert circular == b""
    assert 0 not in struct.unpack("=2Q", sums)


@given(base=st.binary(max_size=200), tree=st.binary(max_size=200))
def test_no_bytes_upset_the_comparison_of_trees(base: bytes, tree: bytes) -> None:
    kernel = tree_kernel(True)
    assert kernel is not None
    index = b"\xfftOc\0\0\0\2" + bytes(1024 + 40)
    with suppress(ValueError):
        kernel.differing(base, tree, (index, bytes(8192), 20, 0, 1))


@given(records=st.binary(max_size=400), total=st.integers(0, 50))
def test_no_bytes_upset_the_sums(records: bytes, total: int) -> None:
    kernel = tree_kernel(True)
    assert kernel is not None
    with suppress(ValueError):
        kernel.signatures((records,), total, b"", struct.pack("=Q", 0), 1)
