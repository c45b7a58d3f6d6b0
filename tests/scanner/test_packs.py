"""The contract of reading packs: the same findings as `--exhaustive`, on every repository, however it is packed."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.scan import ScanResult
from tests.builders import Repo, token
from tests.needs import KERNEL

Scan = Callable[..., ScanResult]
COMPILED = [pytest.param(True, marks=KERNEL, id="compiled"), pytest.param(False, id="python")]


def found(result: ScanResult) -> set[tuple[object, ...]]:
    """What the contract speaks of: kind, secret, object, offsets; and what was decoded."""
    return {
        (
            one.kind,
            one.fingerprint,
            place.object,
            place.object_type,
            place.spans,
            place.line,
            place.column,
            place.decoding,
        )
        for one in result.findings
        for place in one.places
    }


def alike(look: Scan, path: Path, **options: object) -> ScanResult:
    """The result by packs, after comparing it with that of reading every object whole."""
    slow = look(path, exhaustive=True, worktree=False)
    fast = look(path, worktree=False, **options)
    assert found(fast) == found(slow)
    assert (fast.examined.objects, fast.examined.bytes) == (slow.examined.objects, slow.examined.bytes)
    assert fast.findings == slow.findings
    assert {gap.where for gap in fast.gaps} == {gap.where for gap in slow.gaps}
    return fast


def aws(seed: int) -> str:
    return "AKIA" + token("", 16, seed=seed, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def secret(seed: int) -> str:
    return token("", 40, seed=seed)


def lines(count: int, seed: int) -> list[str]:
    random_ = random.Random(seed)
    return [
        " ".join(random_.choices(("alpha", "beta", "gamma", "delta", "twilio", "name = 3"), k=6)) for _ in range(count)
    ]


SNIPPETS: tuple[Callable[[int], str], ...] = (
    lambda n: f'aws_access_key_id = "{aws(n)}"',
    lambda n: f'aws_secret_access_key = "{secret(n)}"',
    lambda n: "\n".join(
        f"TWILIO_{name}={token(prefix, 32, seed=n, alphabet='0123456789abcdef')}"
        for name, prefix in (("ACCOUNT_SID", "AC"), ("AUTH_TOKEN", ""))
    ),
    lambda n: f"postgres://app:{token('', 14, seed=n)}@db.internal.corp/app",
    lambda n: "\n".join(
        [
            "-----BEGIN RSA PRIVATE KEY-----",
            *(token("MII", 61, seed=n + k) for k in range(6)),
            "-----END RSA PRIVATE KEY-----",
        ]
    ),
    lambda n: token("sk_live_", 24, seed=n),
    lambda n: "octopus\nalpha\nbeta\nkey: " + token("API-", 26, seed=n, alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ23456789"),
)


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Steps of a history: what to do, where (in thousandths), with which snippet, with which seed."""
    step = st.tuples(
        st.sampled_from(
            ["insert", "delete", "replace", "split", "duplicate", "move", "rewrite", "long", "binary", "utf16", "typo"]
        ),
        st.integers(0, 999),
        st.integers(0, len(SNIPPETS) - 1),
        st.integers(1, 4),
    )
    return draw(st.lists(step, min_size=3, max_size=14))


def edited(text: list[str], edit: tuple[str, int, int, int]) -> list[str]:
    what, where, which, seed = edit
    at = where * (len(text) + 1) // 1000
    snippet = SNIPPETS[which](seed).split("\n")
    if what in ("insert", "utf16", "binary"):
        return text[:at] + snippet + text[at:]
    if what == "delete":
        return text[:at] + text[at + 1 + seed :]
    if what == "replace":
        return [*text[:at], "changed", *text[at + 1 :]]
    if what == "split" and text:
        line = text[min(at, len(text) - 1)]
        return [*text[:at], line[: len(line) // 2] + "x", line[len(line) // 2 :], *text[at + 1 :]]
    if what == "typo" and text:
        at = min(at, len(text) - 1)
        mended = text[at].replace("!", "a")
        half = len(text[at]) // 2
        return [
            *text[:at],
            mended if "!" in text[at] else text[at][:half] + "!" + text[at][half + 1 :],
            *text[at + 1 :],
        ]
    if what == "duplicate":
        return text + text[at : at + 30]
    if what == "move":
        return text[at:] + text[:at]
    if what == "long":
        return [*text[:at], "z" * 3000 + snippet[0] + " " + "y" * 3000, *text[at:]]
    return lines(80, seed)


def build(path: Path, steps: list[tuple[str, int, int, int]]) -> Repo:
    repo = Repo.create(path)
    text = lines(120, 0)
    for number, step in enumerate(steps):
        text = edited(text, step)
        content = "\n".join(text).encode()
        if step[0] == "utf16":
            content = b"\xff\xfe" + content.decode().encode("utf-16-le")
        elif step[0] == "binary":
            content = content[:50] + b"\0" + content[50:]
        repo.commit(f"step {number} {SNIPPETS[5](number) if step[1] % 5 == 0 else ''}", {"settings.txt": content})
    return repo


PACKINGS: tuple[tuple[str, ...], ...] = (
    ("repack", "-q", "-adf", "--depth=50", "--window=20"),
    ("-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf"),
    ("repack", "-q", "-adf", "--depth=0"),
    ("repack", "-q", "-adf", "--window-memory=0", "--depth=4095"),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    steps=edits(),
    packing=st.sampled_from(PACKINGS),
    compiled=st.booleans(),
    together=st.sampled_from([1, 200, 3000, 1 << 16]),
)
def test_any_history_gives_the_same_findings_as_reading_every_object(
    look: Scan,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, int, int]],
    packing: tuple[str, ...],
    compiled: bool,
    together: int,
) -> None:
    repo = build(tmp_path_factory.mktemp("history") / "app", steps)
    repo.git(*packing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scanner.workers.deltatrees.TOGETHER", together)
        alike(look, repo.path, compiled=compiled)


FIXED = [
    (what, 111 * n % 1000, n % len(SNIPPETS), 1 + n % 3)
    for n, what in enumerate(
        ["insert"] * 9
        + ["move", "split", "duplicate", "delete", "utf16", "insert", "binary", "insert", "long", "insert", "insert"]
    )
]


@pytest.mark.parametrize("compiled", COMPILED)
def test_several_packs_loose_objects_and_objects_in_two_packs(look: Scan, tmp_path: Path, compiled: bool) -> None:
    repo = build(tmp_path / "app", FIXED[:8])
    repo.git("repack", "-q", "-d")
    repo.commit("more", {"more.txt": SNIPPETS[0](7)})
    repo.git("repack", "-q", "-d")
    repo.git("pack-objects", "-q", "--all", ".git/objects/pack/pack")
    repo.commit("loose", {"loose.txt": SNIPPETS[5](8)})
    assert len(list((repo.path / ".git/objects/pack").glob("*.pack"))) == 3
    result = alike(look, repo.path, compiled=compiled)
    assert len(result.findings) > 3


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_value_that_a_single_changed_byte_completes_is_found(
    look: Scan, tmp_path: Path, snippet: Callable[[int], str], compiled: bool
) -> None:
    repo = Repo.create(tmp_path / "app")
    before, value, after = lines(60, 1), snippet(1), lines(60, 2)
    for part in range(8):
        at = part * len(value) // 8
        broken = value[:at] + "!" + value[at + 1 :]
        repo.commit(f"broken {part}", {"a.txt": "\n".join([*before, broken, *after])})
        repo.commit(f"mended {part}", {"a.txt": "\n".join([*before, value + f" # {part}", *after])})
    repo.git("repack", "-q", "-adf")
    assert alike(look, repo.path, compiled=compiled).findings


@pytest.mark.parametrize("compiled", COMPILED)
def test_a_sha256_repository_with_a_multi_pack_index(look: Scan, tmp_path: Path, compiled: bool) -> None:
    repo = Repo.create(tmp_path / "app", object_format="sha256")
    for n in range(12):
        repo.commit(f"commit {n}", {"a.txt": "\n".join([*lines(60, n // 6), SNIPPETS[n % 3](1)])})
    repo.git("repack", "-q", "-adf")
    repo.commit("one more", {"b.txt": SNIPPETS[5](1)})
    repo.git("repack", "-q", "-d")
    repo.git("multi-pack-index", "write")
    assert alike(look, repo.path, compiled=compiled).findings


def test_objects_of_alternates_and_dangling_ones(look: Scan, tmp_path: Path) -> None:
    repo = build(tmp_path / "app", FIXED[:6])
    repo.git("repack", "-q", "-adf")
    borrower = Repo.create(tmp_path / "borrower")
    (borrower.path / ".git/objects/info/alternates").write_text(f"{repo.path}/.git/objects\n")
    borrower.loose(SNIPPETS[0](9))
    assert len(alike(look, borrower.path).findings) > 2


def test_the_one_who_introduced_is_named_though_git_stores_the_newest_whole(look: Scan, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    text = lines(200, 1)
    repo.commit("begin", {"a.txt": "\n".join(text)})
    first = repo.commit("the secret comes", {"a.txt": "\n".join([*text, SNIPPETS[5](1)])})
    for n in range(10):
        repo.commit(f"more {n}", {"a.txt": "\n".join([*text, SNIPPETS[5](1), *lines(n * 3 + 1, 3)])})
    repo.git("repack", "-q", "-adf")
    (finding,) = alike(look, repo.path).findings
    assert finding.introduced is not None
    assert finding.introduced.commit == first
    assert len({place.object for place in finding.places}) == 11


def _spoil(pack: Path, at: int, value: int) -> None:
    content = bytearray(pack.read_bytes())
    content[at] = value
    pack.chmod(0o644)
    pack.write_bytes(bytes(content))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    where=st.integers(12, 100_000),
    value=st.integers(0, 255),
    compiled=st.booleans(),
    index=st.booleans(),
    cut=st.booleans(),
)
def test_a_damaged_pack_ends_in_gaps_and_never_in_a_crash(
    look: Scan, tmp_path_factory: pytest.TempPathFactory, where: int, value: int, compiled: bool, index: bool, cut: bool
) -> None:
    repo = build(tmp_path_factory.mktemp("damaged") / "app", FIXED[:5])
    repo.git("repack", "-q", "-adf")
    (pack,) = (repo.path / ".git/objects/pack").glob("*.idx" if index else "*.pack")
    size = pack.stat().st_size
    if cut:
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[: where % size])
    else:
        _spoil(pack, where % size, value)
    result = look(repo.path, worktree=False, compiled=compiled)
    assert isinstance(result, ScanResult)


def test_an_entry_that_claims_to_be_huge_takes_no_memory(look: Scan, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"bomb.bin": bytes(50 << 20), "a.txt": SNIPPETS[5](1)})
    repo.git("repack", "-q", "-adf")
    result = look(repo.path, worktree=False, limit=1 << 20)
    assert [gap.why for gap in result.gaps] == [f"{50 << 20} bytes, above the limit of {1 << 20}"]
    assert [one.kind for one in result.findings] == ["stripe.secret_key"] or result.findings
