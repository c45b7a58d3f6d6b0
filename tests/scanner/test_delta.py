"""The pack reader's hot loops: the compiled kernel and its twin in Python give the same, on good and damaged input."""

from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.commits.history import header
from scanner.contents.opening import worth
from scanner.storage.clear import memory
from scanner.storage.deflate import deflate
from scanner.storage.delta import Copy, Python, copies, kernel
from scanner.storage.packs import KINDS, Pack, open_pack
from scanner.storage.patch import FAR
from tests.builders import Repo
from tests.fuzz.handmade import copy, delta, insert, number, without_trees
from tests.needs import KERNEL

COMPILED = kernel()
LIMIT = 1 << 20


def encoded(base: bytes, pieces: list[bytes | tuple[int, int]]) -> tuple[bytes, bytes]:
    """A delta of copies (start, size) and inserts, as git writes it, and its target."""
    body = [insert(piece) if isinstance(piece, bytes) else copy(*piece) for piece in pieces]
    parts = [piece if isinstance(piece, bytes) else base[piece[0] : sum(piece)] for piece in pieces]
    target = b"".join(parts)
    return delta(len(base), len(target), *body), target


bases = st.one_of(
    st.binary(max_size=400), st.lists(st.sampled_from([b"\n", b"a", b"bcd ", b"x" * 30]), max_size=60).map(b"".join)
)


@st.composite
def deltas(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """(base, delta, target)."""
    base = draw(bases)
    pieces: list[bytes | tuple[int, int]] = []
    for _ in range(draw(st.integers(0, 8))):
        if base and draw(st.booleans()):
            start = draw(st.integers(0, len(base) - 1))
            pieces.append((start, draw(st.integers(1, len(base) - start))))
        else:
            pieces.append(draw(st.binary(min_size=1, max_size=200)))
    return base, *encoded(base, pieces)


@pytest.mark.parametrize(
    "kernels", [pytest.param(COMPILED, marks=KERNEL, id="compiled"), pytest.param(Python(), id="python")]
)
@given(made=deltas(), reach=st.integers(0, 40))
def test_a_delta_gives_its_target_and_every_byte_it_adds(
    kernels: object, made: tuple[bytes, bytes, bytes], reach: int
) -> None:
    base, delta, target = made
    got, around = kernels.apply(base, delta, reach, LIMIT)  # type: ignore[attr-defined]
    assert got == target
    if target == base and len(copies(delta)) <= 1 and copies(delta)[:1] == ([(0, 0, len(base))] if base else []):
        assert around == b""
    elif target:
        assert around


def searched(target: bytes, copied: list[Copy], before: int, reach: int) -> list[bytes]:
    """What the definition says: of each run of copies all but what is out of reach of the changes at its ends."""
    left = bytearray(b"\1" * len(target))
    for source, start, size in copied:
        low, high = start, start + size
        if source or start:
            low += reach if b"\n" in target[start : start + reach] else FAR * reach
        if source + size != before or start + size != len(target):
            high -= reach if b"\n" in target[max(0, high - reach) : high] else FAR * reach
        if low < high:
            left[low:high] = bytes(high - low)
    pieces, at = [], 0
    while (begin := left.find(1, at)) >= 0:
        end = left.find(0, begin)
        at = end if end >= 0 else len(target)
        pieces.append(target[begin:at])
    return pieces


@given(made=deltas(), reach=st.integers(1, 40))
def test_what_is_searched_lies_near_the_changes(made: tuple[bytes, bytes, bytes], reach: int) -> None:
    base, delta, target = made
    _, around = COMPILED.apply(base, delta, reach, LIMIT)
    if target:
        pieces = searched(target, copies(delta), len(base), reach)
        assert around == b"".join(piece + b"\n" for piece in pieces)


@KERNEL
@given(made=deltas(), reach=st.integers(0, 40))
def test_both_kernels_apply_alike(made: tuple[bytes, bytes, bytes], reach: int) -> None:
    base, delta, _ = made
    assert COMPILED.apply(base, delta, reach, LIMIT) == Python().apply(base, delta, reach, LIMIT)


@KERNEL
@given(base=bases, delta=st.binary(max_size=60), reach=st.integers(0, 5))
def test_both_kernels_refuse_the_same_garbage(base: bytes, delta: bytes, reach: int) -> None:
    def outcome(one: object) -> object:
        try:
            return one.apply(base, number(len(base)) + delta, reach, 4096)  # type: ignore[attr-defined]
        except ValueError as error:
            return str(error)

    assert outcome(COMPILED) == outcome(Python())


@KERNEL
@given(made=deltas(), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_both_kernels_carry_stretches_alike(made: tuple[bytes, bytes, bytes], cuts: list[int]) -> None:
    base, delta, _ = made
    marks = sorted({cut for cut in cuts if cut <= len(base)})
    spans = array("Q", [bound for pair in zip(marks[::2], marks[1::2], strict=False) for bound in pair]).tobytes()
    assert COMPILED.carry(delta, spans) == Python().carry(delta, spans)


@given(made=deltas(), low=st.integers(0, 399), size=st.integers(1, 50))
def test_a_carried_stretch_stands_where_it_is_said_to(made: tuple[bytes, bytes, bytes], low: int, size: int) -> None:
    base, delta, target = made
    high = min(low + size, len(base))
    if low >= high:
        return
    (shifts,) = COMPILED.carry(delta, array("Q", [low, high]).tobytes())
    for by in shifts or ():
        assert target[low + by : high + by] == base[low:high]


def test_a_delta_bomb_is_refused_before_memory_is_taken() -> None:
    delta = number(1) + number(1 << 40) + b"\x91\x00\x01"
    for one in (COMPILED, Python()):
        with pytest.raises(ValueError, match="size limit"):
            one.apply(b"x", delta, 10, LIMIT)


@KERNEL
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_both_kernels_plan_real_packs_alike(tmp_path: Path, object_format: str) -> None:
    repo = Repo.create(tmp_path / "app", object_format=object_format)
    for n in range(30):
        repo.commit(
            f"commit {n}", {"a.txt": "".join(f"line {i} {n if i == n else ''}\n" for i in range(60)), f"f{n}": f"{n}"}
        )
    repo.tag("v1", "release")
    for option in ("true", "false"):
        repo.git("-c", f"repack.useDeltaBaseOffset={option}", "repack", "-q", "-adf")
        (idx,) = (repo.path / ".git/objects/pack").glob("*.idx")
        arguments = idx.read_bytes(), idx.with_suffix(".pack").read_bytes(), 20 if object_format == "sha1" else 32
        assert planned(COMPILED, arguments) == planned(Python(), arguments)
        reverse = reverse_index(repo, idx)
        assert planned(Python(), arguments, 1, reverse) == planned(Python(), arguments)
        torn = reverse[:12] + reverse[16:20] * 2 + reverse[20:]
        assert planned(Python(), arguments, 1, torn) == planned(Python(), arguments)


def reverse_index(repo: Repo, idx: Path) -> bytes:
    """What git writes beside a pack since 2.41 without being asked."""
    repo.git("index-pack", "--rev-index", str(idx.with_suffix(".pack")))
    return idx.with_suffix(".rev").read_bytes()


def planned(one: Any, arguments: tuple[Any, ...], *more: Any) -> list[bytes]:
    """A plan; for git trees without children and siblings, which the one in Python leaves out."""
    return without_trees([bytes(array) for array in one.plan(*arguments, *more)])


@given(where=st.integers(0, 1 << 14), bits=st.integers(1, 255), which=st.booleans(), end=st.integers(0, 1 << 14))
def test_both_kernels_plan_damaged_packs_alike(
    pack_and_index: tuple[bytes, bytes], where: int, bits: int, which: bool, end: int
) -> None:
    files = [bytearray(one) for one in pack_and_index]
    hurt = files[which]
    hurt[where % len(hurt)] ^= bits
    if end % 7 == 0:
        del hurt[end % len(hurt) :]

    def outcome(one: object) -> object:
        try:
            return planned(one, (bytes(files[1]), bytes(files[0]), 20))
        except ValueError as error:
            return str(error)

    assert outcome(COMPILED) == outcome(Python())


@pytest.fixture(scope="module")
def pack_and_index(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    repo = Repo.create(tmp_path_factory.mktemp("packs") / "app")
    for n in range(20):
        repo.commit(f"commit {n}", {"a.txt": "".join(f"line {i} {n if i == n else ''}\n" for i in range(40))})
    repo.git("repack", "-q", "-adf")
    (idx,) = (repo.path / ".git/objects/pack").glob("*.idx")
    return idx.with_suffix(".pack").read_bytes(), idx.read_bytes()


def grown(one: Any, pack: Pack, together: int) -> tuple[list[Any], list[tuple[int, int]], set[bytes]]:
    """What `grow` hands on: objects with their changes, in order; how many at a time; commits by their line of ids."""
    objects: list[Any] = []
    batches: list[tuple[int, int]] = []
    commits: set[bytes] = set()

    def sink(
        contents: list[bytes], deltas: list[bytes], texts: tuple[bytes, bytes], rows: bytes, lines: bytes
    ) -> bytes:
        changes, _ = texts
        table = array("q", rows)
        at = 0
        for n, content in enumerate(contents):
            position, base, end, _, odd = table[5 * n : 5 * n + 5]
            kind = KINDS[pack.types[position]]
            commit = header(pack.oid(position), kind, content)[0] if kind in {"commit", "tag"} else b""
            ordinary = commit if kind == "commit" else kind == "blob"
            assert odd or (ordinary and not worth(content))
            told = not odd or not (worth(content) or not ordinary)
            objects.append((position, base, content, deltas[n], changes[at:end], odd if not told else None))
            at = end
        assert at == len(changes)
        commits.update(line + b"\n" for line in lines.split(b"\n") if line)
        batches.append((len(contents), len(changes)))
        return bytes(len(contents))

    roots = array("i", [root for share in pack.shares() for root in share.roots]).tobytes()
    plan = (*pack.plan, pack.types, pack.idx, pack.hash_size)
    assert one.grow((deflate.decompress, pack.inflate, LIMIT), plan, roots, (20, together, 5), (memory(), sink)) == []
    return objects, batches, commits


@KERNEL
@pytest.mark.parametrize("together", [1, 500, 1 << 16])
def test_both_kernels_grow_real_packs_alike(tmp_path: Path, together: int) -> None:
    repo = Repo.create(tmp_path / "app")
    for n in range(25):
        lines = [f"line {m * (n % 7)} {n if m % 9 == 0 else ''}" for m in range(60)]
        repo.commit(f"{n}", {"text": "\n".join(lines), "data": b"PK\0" + bytes([n]) * 90, "x.ipynb": '{"cells": []}'})
    repo.git("tag", "-a", "-m", "a tag", "v1")
    repo.git("repack", "-q", "-adf")
    (path,) = (tmp_path / "app/.git/objects/pack").glob("*.pack")
    pack = open_pack(str(path), 20)
    fast, slow = (grown(one, pack, together) for one in (COMPILED, Python()))
    assert fast == slow
    assert len(fast[0]) == 25 * 4 + 1 - 24
    assert len(fast[2]) == 25


@KERNEL
def test_what_a_sink_raises_ends_the_work(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "b"})
    repo.git("repack", "-q", "-adf")
    (path,) = (tmp_path / "app/.git/objects/pack").glob("*.pack")
    pack = open_pack(str(path), 20)
    plan = (*pack.plan, pack.types, pack.idx, pack.hash_size)
    roots = array("i", [root for share in pack.shares() for root in share.roots]).tobytes()

    def sink(*told: object) -> None:
        raise KeyError(len(told))

    for one in (COMPILED, Python()):
        with pytest.raises(KeyError, match="5"):
            one.grow((deflate.decompress, pack.inflate, LIMIT), plan, roots, (20, 1, 5), (memory(), sink))
