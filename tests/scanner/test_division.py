"""Delta trees in pieces: each entry is in one of them, and what is found is the same."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.contents.carry import Searcher
from scanner.matching.matcher import KeywordMatcher
from scanner.scan import Options
from scanner.storage.delta import kernel
from scanner.storage.packs import Pack, open_pack
from scanner.workers import division, examine, tally, tasks
from scanner.workers.deltatrees import Batch, DeltaTrees
from scanner.workers.division import divided
from tests.builders import Repo, token
from tests.fuzz.handmade import BLOB, OFS_DELTA, Made, delta, insert, pack_and_index
from tests.scanner.conftest import Scan

SEARCHER = Searcher((), KeywordMatcher(()))


@st.composite
def trees(draw: st.DrawFn) -> list[Made]:
    """One delta tree of any shape, each entry of its own content and weight."""
    parents = draw(st.lists(st.integers(0, 30), max_size=40))
    made = [Made(BLOB, b"entry 0\n")]
    for number, parent in enumerate(parents, 1):
        base = parent % number
        before = made[base].content or made[base].body
        content = b"entry %d\n" % number + random.Random(number).randbytes(draw(st.integers(0, 60)))
        made.append(Made(OFS_DELTA, delta(len(before), len(content), insert(content)), base=base, content=content))
    return made


def opened(folder: Path, made: list[Made]) -> Pack:
    pack, idx = pack_and_index(made)
    (folder / "p.pack").write_bytes(pack)
    (folder / "p.idx").write_bytes(idx)
    return open_pack(str(folder / "p.pack"), 20)


@settings(deadline=None)
@given(made=trees(), size=st.integers(1, 1500))
def test_every_entry_is_in_one_piece_and_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, made: list[Made], size: int
) -> None:
    pack = opened(tmp_path_factory.mktemp("division"), made)
    pieces = divided(pack, 0, size)
    assert sorted(at for piece in pieces for at in piece.entries) == list(range(len(made)))
    assert sum(piece.size for piece in pieces) == pack.offsets[len(pack)] - pack.offsets[0]
    assert all(piece.size >= size for piece in pieces[:-1])
    found: dict[int, bytes] = {}
    for piece in pieces:
        read: dict[int, bytes] = {}

        def take(batch: Batch, read: dict[int, bytes] = read) -> None:
            read.update(zip(batch.positions, batch.contents, strict=True))

        reader = DeltaTrees(piece.of(pack), SEARCHER, kernel(), 1 << 20)
        reader.objects((piece.path or piece.entries)[:1], take)
        assert sorted(read) == sorted([*piece.path, *piece.entries])
        assert not reader.failed
        found.update({at: read[at] for at in piece.entries})
    assert [found[at] for at in range(len(made))] == [one.content or one.body for one in made]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_found_does_not_depend_on_the_pieces(
    look: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, compiled: bool
) -> None:
    repo = Repo.create(tmp_path / "r")
    lines = [f"line {number}: {random.Random(number).random()}" for number in range(400)]
    for number in range(60):
        lines[random.Random(number).randrange(400)] = f"changed {number}"
        if number % 9 == 4:
            lines[number] = f"key = {token('glpat-', 20, seed=number)}"
        repo.commit(f"change {number}", {"data.txt": "\n".join(lines)})
    repo.git("repack", "-qadf", "--depth=20", "--window=50")
    expected = look(repo.path, jobs=jobs, compiled=compiled)
    assert len(expected.findings) == 7
    for module in (division, tasks, examine, tally):
        for name, size in (("DIVIDED", 300), ("PIECE", 200)):
            monkeypatch.setattr(module, name, size, raising=False)
    monkeypatch.setattr(Options, "in_one_go", False)
    taken: list[int] = []
    real = tasks.divided
    monkeypatch.setattr(tasks, "divided", lambda *told: (pieces := real(*told), taken.append(len(pieces)))[0])
    found = look(repo.path, jobs=jobs, compiled=compiled)
    assert max(taken) > 5
    assert (found.findings, found.gaps, found.examined) == (expected.findings, expected.gaps, expected.examined)
