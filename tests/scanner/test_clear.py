"""What is remembered to hold nothing (`scanner.storage.clear`), with packs that git wrote."""

import random
import re
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner.storage.clear import memory
from scanner.storage.deflate import deflate
from scanner.storage.delta import kernel
from scanner.storage.packs import Pack, open_pack
from tests.builders import Repo
from tests.needs import KERNEL

pytestmark = KERNEL
LIMIT = 1 << 20
REACH = 24
WANTED = re.compile(rb"needle|over\n\n?two lines|it is\nin\nthree")
"""No match that crosses a line's end is longer than REACH."""
LINES = ("plain", "over", "two lines", "two  lines", "it is", "in", "three", "", "needle", "x" * 60, "the end", "need")


class Handed(NamedTuple):
    """A batch: its changes and what of them is not known."""

    changes: bytes
    unknown: bytes


def packed(repo: Repo) -> Pack:
    repo.git("repack", "-q", "-adf", "--depth=50", "--window=50")
    (path,) = (repo.path / ".git/objects/pack").glob("*.pack")
    return open_pack(str(path), 20)


def grown(pack: Pack, known: bytearray, clear: Callable[[bytes], bool], together: int = 200) -> list[Handed]:
    """All batches; `clear` says of an object's changes whether the sink is to tell that nothing is in them."""
    batches = []

    def sink(contents: list[bytes], deltas: list[bytes], texts: tuple[bytes, bytes], rows: bytes, _: bytes) -> bytes:
        changes, unknown = texts
        columns = array("q", rows)
        assert list(columns[3::5]) == sorted(columns[3::5])
        assert columns[-2] == len(unknown)
        batches.append(Handed(changes, unknown))
        starts = (0, *columns[2::5])
        return bytes(clear(changes[start:end]) for start, end in pairwise(starts))

    plan = (*pack.plan, pack.types, pack.idx, pack.hash_size)
    roots = array("i", [root for share in pack.shares() for root in share.roots]).tobytes()
    bounds = (REACH, together, 5)
    assert kernel().grow((deflate.decompress, pack.inflate, LIMIT), plan, roots, bounds, (known, sink)) == []
    return batches


def holds_nothing(changes: bytes) -> bool:
    return WANTED.search(changes) is None


@pytest.mark.parametrize("seed", range(12))
def test_what_can_be_found_in_changes_can_be_found_in_what_is_not_known(tmp_path: Path, seed: int) -> None:
    """Also where a text is changed so that old lines come to stand one behind the other."""
    rng = random.Random(seed)
    repo = Repo.create(tmp_path / "app")
    rare = [line for line in LINES if line != "needle"]
    files = {f"{n}.txt": rng.choices(rare, k=80) for n in range(3)}
    for number in range(40):
        for lines in files.values():
            at = rng.randrange(len(lines))
            lines[at : at + rng.randrange(3)] = rng.choices(LINES if number % 9 == 8 else rare, k=rng.randrange(3))
        repo.commit(f"{number}", {name: "\n".join(lines) for name, lines in files.items()})
    known = memory()
    batches = grown(packed(repo), known, holds_nothing, rng.choice([1, 100, 4000]))
    found = [bool(WANTED.search(one.changes)) for one in batches]
    assert [bool(WANTED.search(one.unknown)) for one in batches] == found
    assert any(found)
    if not all(found):
        assert sum(len(one.unknown) for one in batches) < sum(len(one.changes) for one in batches)


@pytest.fixture
def versions(tmp_path: Path) -> Pack:
    repo = Repo.create(tmp_path / "app")
    for number in range(8):
        repo.commit(f"{number}", {"a": "".join(f"line {line} {number * (line == 9)}\n" for line in range(40))})
    return packed(repo)


def test_text_in_which_nothing_was_found_is_not_handed_on_again(versions: Pack) -> None:
    known = memory()
    first = grown(versions, known, lambda changes: True)
    assert any(one.unknown for one in first)
    again = grown(versions, known, lambda changes: True)
    assert [one.changes for one in again] == [one.changes for one in first]
    assert not any(one.unknown for one in again)


def test_text_in_which_something_was_found_is_handed_on_each_time(versions: Pack) -> None:
    known = memory()
    first = grown(versions, known, lambda changes: False)
    again = grown(versions, known, lambda changes: False)
    assert again == first
    assert known[16:].count(0) == len(known) - 16


def test_text_of_which_a_sink_does_not_say_anything_is_not_known(versions: Pack) -> None:
    known = memory()

    def broken(changes: bytes) -> bool:
        raise KeyError(len(changes))

    with pytest.raises(KeyError):
        grown(versions, known, broken)
    assert known[16:].count(0) == len(known) - 16


@pytest.mark.parametrize("answer", [None, True, b"", b"\1" * 10_000])
def test_a_sink_that_does_not_answer_for_each_object_is_refused(versions: Pack, answer: object) -> None:
    plan = (*versions.plan, versions.types, versions.idx, versions.hash_size)
    roots, known = array("i", [versions.shares()[0].roots[0]]).tobytes(), memory()
    reading = (deflate.decompress, versions.inflate, LIMIT)
    with pytest.raises(ValueError, match="of each object"):
        kernel().grow(reading, plan, roots, (REACH, 200, 5), (known, lambda *told: answer))
    assert known[16:].count(0) == len(known) - 16


def test_each_memory_hashes_with_a_secret_of_its_own(versions: Pack) -> None:
    one, other = memory(), memory()
    for known in (one, other):
        grown(versions, known, lambda changes: True)
    assert one[16:] != other[16:]


@pytest.mark.parametrize("size", [0, 16, 23, 16 + 8 * 3, 16 + 8 * 1000])
def test_memory_of_another_form_is_refused(versions: Pack, size: int) -> None:
    with pytest.raises(ValueError, match="memory of another form"):
        grown(versions, bytearray(size), lambda changes: True)


def test_the_smallest_memory_serves(versions: Pack) -> None:
    assert grown(versions, bytearray(24), holds_nothing)
