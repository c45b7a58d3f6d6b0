"""Packs made by hand that git never writes: what git accepts is read as git reads it, all else is soon a Gap."""

import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scanner.scan import ScanResult
from tests.builders import Repo, clean_environment, token
from tests.fuzz.handmade import (
    BLOB,
    OFS_DELTA,
    REF_DELTA,
    Made,
    copy,
    delta,
    insert,
    install,
    pack_and_index,
)
from tests.needs import KERNEL

Scan = Callable[..., ScanResult]
ROOT = Path(__file__).parents[2]
SECONDS = 10
both = pytest.mark.parametrize(
    "compiled", [pytest.param(True, marks=KERNEL, id="compiled"), pytest.param(False, id="python")]
)


def secret(seed: int = 1) -> bytes:
    return token("sk_live_", 24, seed=seed).encode()


def text(seed: int, lines: int = 200) -> bytes:
    words = random.Random(seed)
    return b"".join(b"%s = %d\n" % (words.choice((b"alpha", b"beta", b"gamma")), n) for n in range(lines))


def changed(base: bytes, content: bytes, start: int, end: int) -> bytes:
    """The delta that replaces base[start:end], so that `content` comes out."""
    tail = len(base) - end
    return delta(
        len(base),
        len(content),
        *([copy(0, start)] if start else []),
        insert(content[start : len(content) - tail]),
        *([copy(end, tail)] if tail else []),
    )


def repository(path: Path, entries: Sequence[Made], **options: str) -> Repo:
    """A repository that holds nothing but these entries, in one pack."""
    repo = Repo.create(path, object_format=options.get("algorithm", "sha1"))
    install(repo.path / ".git", *pack_and_index(entries, **options))
    return repo


def accepted(repo: Repo) -> Repo:
    """The same, after git has found nothing wrong with it."""
    repo.git("fsck", "--full", "--no-dangling")
    return repo


def found(result: ScanResult) -> set[tuple[object, ...]]:
    return {
        (one.kind, one.fingerprint, place.object, place.spans, place.line, place.column, place.decoding)
        for one in result.findings
        for place in one.places
    }


def alike(look: Scan, path: Path, **options: object) -> ScanResult:
    """The result by packs with either kernel, which must be that of reading every object whole."""
    results = [look(path, worktree=False, **options, **how) for how in ({"exhaustive": True}, {}, {"compiled": False})]
    for one in results[1:]:
        assert found(one) == found(results[0])
        assert one.findings == results[0].findings
        assert {gap.where for gap in one.gaps} == {gap.where for gap in results[0].gaps}
    return results[1]


def held(result: ScanResult) -> set[str]:
    """The objects in which something was found."""
    return {place.object for one in result.findings for place in one.places}


def oid(content: bytes) -> str:
    return Made(BLOB, content).named("sha1").hex()


BOUNDED = """
import resource, sys
from pathlib import Path
import rules
from offkey.fingerprint import OrgKey
from offkey.secret import Secret
from scanner.scan import Options, scan
path, compiled, limit, memory = Path(sys.argv[1]), sys.argv[2] == "True", int(sys.argv[3]), int(sys.argv[4])
ruleset = rules.load()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
options = Options(compiled=compiled, worktree=False, matcher="keyword", limit=limit)
result = scan([path], ruleset, OrgKey(Secret(b"k" * 32)), options)
for gap in result.gaps:
    print("gap", gap.where.rpartition(" ")[2], gap.why)
for one in result.findings:
    for place in one.places:
        print("found", place.object)
print("objects", result.examined.objects)
"""


def bounded(repo: Repo, compiled: bool, *, limit: int = 512 << 20, memory: int = 1 << 30) -> list[str]:
    """What a scan says in a process of its own, with little memory and time."""
    if sys.platform != "linux":
        pytest.skip("memory is bounded on Linux alone")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(repo.path), str(compiled), str(limit), str(memory)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        check=False,
    )
    assert not done.returncode, done.stderr[-2000:]
    assert time.monotonic() - began < 3 * SECONDS  # it starts Python twice and shares the machine
    return done.stdout.splitlines()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_pack_made_by_hand_is_one_that_git_accepts(look: Scan, tmp_path: Path, algorithm: str) -> None:
    base = text(1)
    content = base[:500] + b"\n" + secret() + b"\n" + base[500:]
    entries = [
        Made(BLOB, base),
        Made(OFS_DELTA, changed(base, content, 500, 500), base=0, content=content),
        Made(REF_DELTA, changed(content, base + b"end\n", 0, len(content)), base=1, content=base + b"end\n"),
    ]
    repo = accepted(repository(tmp_path / "app", entries, algorithm=algorithm))
    (finding,) = alike(look, repo.path).findings
    assert [place.object for place in finding.places] == [entries[1].named(algorithm).hex()]


@both
@pytest.mark.parametrize("bases", [(1, 2, 0), (0, 0, 0), (1, 0, 1)], ids=["three", "itself", "two"])
def test_deltas_built_on_each_other_are_gaps_and_git_is_not_asked(
    tmp_path: Path, bases: tuple[int, ...], compiled: bool
) -> None:
    good = b"key = " + secret() + b"\n"
    round_ = [
        Made(REF_DELTA, delta(9, 9, copy(0, 9)), base=at, name=bytes([65 + n]) * 20) for n, at in enumerate(bases)
    ]
    leaning = Made(REF_DELTA, delta(9, 9, copy(0, 9)), base=0, name=b"L" * 20)
    said = bounded(repository(tmp_path / "app", [*round_, leaning, Made(BLOB, good)]), compiled)
    why = "its delta is built on itself, by way of others or at once"
    assert sorted(said) == sorted(
        [*(f"gap {one.name.hex()} {why}" for one in (*round_, leaning) if one.name), f"found {oid(good)}", "objects 1"]
    )


@pytest.mark.parametrize("options", [{"exhaustive": True}, {"whole": True}])
def test_git_is_not_asked_for_a_repository_with_such_deltas(
    look: Scan, tmp_path: Path, options: dict[str, bool]
) -> None:
    lone = Made(REF_DELTA, delta(9, 9, copy(0, 9)), base=0, name=b"A" * 20)
    result = look(repository(tmp_path / "app", [lone]).path, **options)
    assert {gap.where.rpartition(" ")[2] for gap in result.gaps} == {"history", "41" * 20}


@both
def test_a_delta_whose_base_is_nowhere_is_a_gap(look: Scan, tmp_path: Path, compiled: bool) -> None:
    content = b"key = " + secret() + b"\n"
    lost = Made(REF_DELTA, delta(9, 9, copy(0, 9)), base=b"\7" * 20, name=b"\1" * 20)
    repo = repository(tmp_path / "app", [lost, Made(BLOB, content)])
    result = look(repo.path, worktree=False, compiled=compiled)
    assert held(result) == {oid(content)}
    assert any("01" * 20 in gap.where for gap in result.gaps)


def test_a_chain_of_5000_deltas_is_read_to_its_end(look: Scan, tmp_path: Path) -> None:
    content = text(3, 30)
    entries = [Made(BLOB, content)]
    for n in range(5000):
        line = secret() if n in (2000, 4999) else b"line"
        body = delta(len(content), len(content) + len(line) + 1, insert(line + b"\n"), copy(0, len(content)))
        if n % 50 == 49:  # so that it does not grow with its depth
            content, body = text(3, 30), delta(len(content), len(text(3, 30)), insert(text(3, 30)))
        else:
            content = line + b"\n" + content
        entries.append(Made(OFS_DELTA, body, base=n, content=b"%d" % n, name=n.to_bytes(20, "big")))
    repo = repository(tmp_path / "app", entries)
    for compiled in (True, False):
        result = look(repo.path, worktree=False, compiled=compiled)
        assert result.examined.objects == 5001
        assert held(result) == {n.to_bytes(20, "big").hex() for n in range(2000, 2049)}


@both
def test_a_small_delta_that_makes_much_is_a_gap(tmp_path: Path, compiled: bool) -> None:
    base, times = bytes(1 << 16), 1 << 10
    bomb = delta(len(base), times << 16, *[b"\x80"] * times)
    entries = [Made(BLOB, base), Made(OFS_DELTA, bomb, base=0, name=b"B" * 20)]
    said = bounded(repository(tmp_path / "app", entries), compiled, limit=32 << 20)
    assert said == [f"gap {'42' * 20} {times << 16} bytes, above the limit of {32 << 20}", "objects 1"]


def test_bases_that_wait_for_further_objects_do_not_fill_the_memory(
    look: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = text(5, 60_000)  # so that what waits is more than the rules take
    entries = [Made(BLOB, content)]
    for n in range(60):
        # On each object a leaf is built and the next such object: the leaf waits, and with it its base.
        leaf, more = b"%d " % n + secret(n % 3), b"%08d" % n + content[8:]
        entries.append(Made(OFS_DELTA, delta(len(content), len(leaf), insert(leaf)), base=2 * n, content=leaf))
        entries.append(Made(OFS_DELTA, changed(content, more, 0, 8), base=2 * n, content=more))
        content = more
    repo = accepted(repository(tmp_path / "app", entries))
    peaks = []
    for most in (1 << 20, 1 << 40):
        monkeypatch.setattr("scanner.storage.grow.HELD", most)
        tracemalloc.start()
        result = look(repo.path, worktree=False, compiled=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(held(result)) == 60
        assert not result.gaps
        assert result.examined.objects == 121
    assert peaks[1] - peaks[0] > 20 * len(content)


@both
@pytest.mark.parametrize("pieces", [b"\x91\x00\x01", b"\x01\n"], ids=["copies", "inserts"])
def test_a_delta_of_millions_of_pieces_takes_no_memory(tmp_path: Path, pieces: bytes, compiled: bool) -> None:
    many = 6 << 20 if compiled else 2 << 20
    body = delta(1, many, pieces * many)
    entries = [Made(BLOB, b"\n"), Made(OFS_DELTA, body, base=0, content=b"\n" * many)]
    said = bounded(repository(tmp_path / "app", entries), compiled, memory=128 << 20)
    assert said == ["objects 2"]  # read through git, as there is nothing wrong with it


@both
@pytest.mark.parametrize("claim", [1 << 31, 1 << 40, (1 << 59) + 1])
def test_sizes_beyond_belief_are_gaps(tmp_path: Path, claim: int, compiled: bool) -> None:
    good = b"key = " + secret() + b"\n"
    entries = [
        Made(BLOB, good),
        Made(BLOB, b"small", size=claim, name=_name(1)),
        Made(OFS_DELTA, delta(claim, 4, insert(b"tiny")), base=0, name=_name(2)),
        Made(OFS_DELTA, delta(len(good), claim, copy(0, len(good))), base=0, name=_name(3)),
        Made(OFS_DELTA, delta(len(good), 4, insert(b"tiny")), base=0, size=claim, name=_name(4)),
    ]
    said = bounded(repository(tmp_path / "app", entries), compiled)
    assert {line.split()[1] for line in said if line.startswith("gap")} == {_name(n).hex() for n in range(1, 5)}
    assert f"found {oid(good)}" in said


def _damaged(idx: bytes, at: int, value: bytes) -> bytes:
    return idx[:at] + value + idx[at + len(value) :]


def _table(idx: bytes) -> int:
    return 8 + 1024 + int.from_bytes(idx[1028:1032], "big") * 24


INDEXES: dict[str, Callable[[bytes], bytes]] = {
    "a fan-out table of garbage": lambda idx: _damaged(idx, 8, b"\xff\x13\x37" * 340),
    "a count beyond the file": lambda idx: _damaged(idx, 1028, b"\xff\xff\xff\xff"),
    "a count of one less": lambda idx: _damaged(
        idx, 1028, (int.from_bytes(idx[1028:1032], "big") - 1).to_bytes(4, "big")
    ),
    "a fan-out table that goes down": lambda idx: _damaged(idx, 8, b"\0\0\0\2" * 100),
    "an offset behind the pack": lambda idx: _damaged(idx, _table(idx), b"\x7f\0\0\0"),
    "a 64-bit offset that is not there": lambda idx: _damaged(idx, _table(idx), b"\x80\0\0\7"),
    "a 64-bit offset behind the pack": lambda idx: (
        _damaged(idx, _table(idx), b"\x80\0\0\0")[:-40] + b"\x7f" + bytes(7) + idx[-40:]
    ),
    "one entry named twice": lambda idx: _damaged(idx, _table(idx), idx[_table(idx) + 4 : _table(idx) + 8]),
    "an index cut off": lambda idx: idx[:-50],
    "nothing": lambda _: b"",
}


@both
@pytest.mark.parametrize("what", INDEXES)
def test_a_broken_index_ends_in_gaps_never_in_silence(look: Scan, tmp_path: Path, what: str, compiled: bool) -> None:
    contents = [b"%d = " % n + secret(n) + b"\n" for n in range(6)]
    pack, idx = pack_and_index([Made(BLOB, content) for content in contents])
    repo = Repo.create(tmp_path / "app")
    install(repo.path / ".git", pack, INDEXES[what](idx))
    result = look(repo.path, worktree=False, compiled=compiled)
    assert result.gaps or held(result) == {oid(content) for content in contents}


@both
def test_the_index_of_a_shorter_pack_hides_nothing_in_silence(look: Scan, tmp_path: Path, compiled: bool) -> None:
    entries = [Made(BLOB, b"%d = " % n + secret(n) + b"\n") for n in range(6)]
    repo = Repo.create(tmp_path / "app")
    install(repo.path / ".git", pack_and_index(entries)[0], pack_and_index(entries[:3])[1])
    result = look(repo.path, worktree=False, compiled=compiled)
    assert result.gaps or len(held(result)) == 6


def _utf16(content: bytes) -> bytes:
    return b"\xff\xfe" + content.decode().encode("utf-16-le")


@pytest.mark.parametrize("plain_first", [False, True])
def test_a_plain_blob_built_on_a_utf_16_one_and_the_other_way_round(
    look: Scan, tmp_path: Path, plain_first: bool
) -> None:
    # The token lies far from the change. Read as UTF-16 its bytes are none, so what is known of the base says nothing.
    rest = text(7) + b"key = " + secret(1) + b"\n" + text(8)
    plain, wide = b"##" + rest + bytes(len(rest) % 2), b"\xff\xfe" + rest + bytes(len(rest) % 2)
    wider = _utf16(text(9) + b"key = " + secret(2) + b"\n" + text(10))
    edited = wider[:40] + _utf16(b"changed")[2:] + wider[44:]
    whole, built = (plain, wide) if plain_first else (wide, plain)
    entries = [
        Made(BLOB, whole),
        Made(OFS_DELTA, changed(whole, built, 0, 2), base=0, content=built),
        Made(OFS_DELTA, changed(built, b"%%" + rest, 0, len(built)), base=1, content=b"%%" + rest),
        Made(BLOB, wider),
        Made(OFS_DELTA, changed(wider, edited, 40, 44), base=3, content=edited),
    ]
    repo = accepted(repository(tmp_path / "app", entries))
    assert held(alike(look, repo.path)) >= {oid(plain), oid(b"%%" + rest), oid(wider), oid(edited)}


def test_copies_that_overlap_and_come_out_of_order(look: Scan, tmp_path: Path) -> None:
    half = secret(1)[:16], secret(1)[16:]
    base = b"first\n" + half[1] + b"\n" + text(11) + b"\nkey = " + half[0] + b"\n" + text(12)
    first, second = base.index(half[0]), base.index(half[1])
    joined = b"key = " + half[0] + half[1] + b"\n"
    instructions = [
        copy(0, 400),
        copy(200, 400),  # overlaps what was taken before
        copy(first - 6, 6 + len(half[0])),
        copy(second, len(half[1]) + 1),  # out of order: the two halves meet
        copy(0, len(base)),
        copy(100, 300),
    ]
    content = base[:400] + base[200:600] + joined + base + base[100:400]
    entries = [
        Made(BLOB, base),
        Made(OFS_DELTA, delta(len(base), len(content), *instructions), base=0, content=content),
        Made(
            OFS_DELTA, delta(len(content), 2 * len(content), *[copy(0, len(content))] * 2), base=1, content=content * 2
        ),
    ]
    result = alike(look, accepted(repository(tmp_path / "app", entries)).path)
    assert held(result) == {oid(content), oid(content * 2)}
    assert len([place for one in result.findings for place in one.places if place.object == oid(content * 2)]) == 2


def test_empty_blobs_and_what_is_built_on_them(look: Scan, tmp_path: Path) -> None:
    content = b"key = " + secret() + b"\n"
    entries = [
        Made(BLOB, b""),
        Made(OFS_DELTA, delta(0, len(content), insert(content)), base=0, content=content),
        Made(OFS_DELTA, delta(len(content), len(text(1)), insert(text(1))), base=1, content=text(1)),
    ]
    result = alike(look, accepted(repository(tmp_path / "app", entries)).path)
    assert result.examined.objects == 3
    assert held(result) == {oid(content)}


@both
def test_a_delta_to_nothing_is_read_though_git_refuses_it(look: Scan, tmp_path: Path, compiled: bool) -> None:
    content = b"key = " + secret() + b"\n"
    entries = [Made(BLOB, content), Made(OFS_DELTA, delta(len(content), 0), base=0, content=b"")]
    result = look(repository(tmp_path / "app", entries).path, worktree=False, compiled=compiled)
    assert (result.examined.objects, result.gaps) == (2, ())


def test_blobs_at_the_size_limit_are_read_and_those_above_it_are_gaps(look: Scan, tmp_path: Path) -> None:
    limit = 10_000
    line = b"\nkey = " + secret() + b"\n"
    exact = text(1, 2000)[: limit - len(line)] + line
    above = b"x" + exact
    entries = [
        Made(BLOB, exact),
        Made(OFS_DELTA, changed(exact, above, 0, 0), base=0, content=above),
        Made(OFS_DELTA, changed(above, b"y" + exact[1:], 0, 2), base=1, content=b"y" + exact[1:]),
        Made(BLOB, above + b"y"),
    ]
    result = alike(look, accepted(repository(tmp_path / "app", entries)).path, limit=limit)
    assert held(result) == {oid(exact), oid(b"y" + exact[1:])}
    assert {gap.where.rpartition(" ")[2] for gap in result.gaps} == {oid(above), oid(above + b"y")}


def _name(n: int) -> bytes:
    return n.to_bytes(20, "big")
