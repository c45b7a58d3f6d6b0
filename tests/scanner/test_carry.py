"""What is known of a delta's base spares searching its target, and hides nothing."""

import pytest

from rules.light import LightRule
from scanner.contents.carry import Searcher
from scanner.matching.expressions import DELTA_REACH, expressions
from scanner.matching.matcher import HyperscanMatcher
from scanner.storage.delta import Kernel, Python, kernel
from scanner.storage.patch import FAR
from tests.fuzz.handmade import copy, delta, insert
from tests.needs import KERNEL

pytest.importorskip("hyperscan")
KERNELS = [pytest.param(kernel(), marks=KERNEL, id="compiled"), pytest.param(Python(), id="python")]
FILL = b"alpha beta\n" * 400


def rule(pattern: bytes, width: int, *, line: bool, reject: tuple[bytes, ...] = ()) -> LightRule:
    return LightRule(
        kind="test.token",
        pattern=pattern,
        keywords=(b"tok_",),
        anchor="secret",
        confidence="high",
        lone_confidence="high",
        entropy=0.0,
        checksum="",
        near=(),
        near_lines=0,
        reject=reject,
        width=width,
        sight=width,
        in_line=line,
        literals=(b"tok_",),
        lead=-1,
        parts=(),
    )


def changed(used: Kernel, one: LightRule, base: bytes, at: int, cut: int, new: bytes) -> list[tuple[int, int]]:
    """Where the rule's values stand in a base with bytes [at, at + cut) replaced, as carried over from that base."""
    searcher = Searcher((one,), HyperscanMatcher((one,), "test"))
    whole = base[:at] + new + base[at + cut :]
    orders = [copy(0, at)] if at else []
    orders += [insert(new)] if new else []
    steps = delta(len(base), len(whole), *orders, copy(at + cut, len(base) - at - cut))
    target, around = used.apply(base, steps, DELTA_REACH, 1 << 20)
    assert target == whole
    held = searcher.changed(target, around, searcher.whole(base), used.carry, steps)
    expected = searcher.whole(target)
    found = [(match.start, match.end) for match in held[0].matches] if held else []
    assert found == ([(match.start, match.end) for match in expected[0].matches] if expected else [])
    return found


@pytest.mark.parametrize("used", KERNELS)
def test_what_a_rejected_stretch_hid_shows_when_that_goes(used: Kernel) -> None:
    """The hidden one ends beyond what is searched, and the change does not touch it."""
    one = rule(rb"tok_(?P<secret>[a-z_\n]{200})", 204, line=False, reject=(b"refused",))
    hidden = b"tok_" + (b"kwzqpfmxj\n" * 20)
    base = FILL + b"\n!tok_" + b"refused" + b"xwqvzj\nmpk" * 16 + hidden + b"!\n" + FILL
    assert len(hidden) == 204
    at = base.index(b"tok_")
    assert base.index(hidden) + len(hidden) > at + 4 + DELTA_REACH
    assert base.index(hidden) < at + 204
    assert changed(used, one, base, at, 4, b"xok_") == [(base.index(hidden) + 4, base.index(hidden) + 204)]


@pytest.mark.parametrize("used", KERNELS)
@pytest.mark.parametrize("size", [40, DELTA_REACH, 2 * DELTA_REACH, FAR * DELTA_REACH - 5])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_long_value_in_one_line_is_found_by_any_of_its_bytes(used: Kernel, size: int, where: str) -> None:
    one = rule(rb"tok_(?P<secret>[A-Za-z0-9]{%d})" % size, size + 4, line=True)
    value = b"tok_" + (b"Kwz3Qpf7MxJ0Rb" * size)[:size]
    at = {"first": 0, "middle": 4 + size // 2, "last": 3 + size}[where]
    base = FILL + value[:at] + b"!" + value[at + 1 :] + b"\n" + FILL
    start = len(FILL)
    assert changed(used, one, base, start + at, 1, value[at : at + 1]) == [(start + 4, start + len(value))]


@pytest.mark.parametrize("used", KERNELS)
def test_a_value_over_lines_is_found_by_any_of_its_bytes(used: Kernel) -> None:
    one = rule(rb"tok_(?P<secret>(?:[a-z]{9}\n){40})", 404, line=False)
    value = b"tok_" + b"kwzqpfmxj\n" * 40
    for at in range(0, len(value), 7):
        base = FILL + value[:at] + b"!" + value[at + 1 :] + FILL
        assert changed(used, one, base, len(FILL) + at, 1, value[at : at + 1]) == [(len(FILL) + 4, len(FILL) + 404)]


@pytest.mark.parametrize("used", KERNELS)
def test_a_value_that_joins_two_lines_is_found(used: Kernel) -> None:
    one = rule(rb"tok_(?P<secret>[A-Za-z0-9]{300})", 304, line=True)
    value = b"tok_" + (b"Kwz3Qpf7MxJ0Rb" * 30)[:300]
    for at in (2, 5, 150, 303):
        base = FILL + value[:at] + b"\n" + value[at:] + b"\n" + FILL
        assert changed(used, one, base, len(FILL) + at, 1, b"") == [(len(FILL) + 4, len(FILL) + 304)]


FRONTED = rule(rb"tok_[a-z]{3,9}=(?P<secret>[a-z\n]{100,400})END", 417, line=False)


@pytest.mark.parametrize("used", KERNELS)
@pytest.mark.parametrize("at", [0, 3, 5, 7, 8, 107, 108, 109, 250, 307, 308, 310])
def test_a_value_whose_front_alone_is_looked_for_is_found_by_any_of_its_bytes(used: Kernel, at: int) -> None:
    assert not expressions([FRONTED])[0].by_keyword
    value = b"tok_abc=" + b"kwzqpfmxj\n" * 30 + b"END"
    base = FILL + value[:at] + b"!" + value[at + 1 :] + FILL
    assert changed(used, FRONTED, base, len(FILL) + at, 1, value[at : at + 1]) == [(len(FILL) + 8, len(FILL) + 308)]


@pytest.mark.parametrize("used", KERNELS)
def test_what_makes_a_value_fit_far_behind_its_front_is_seen(used: Kernel) -> None:
    long = b"tok_abc=" + b"kwzqpfmxj\n" * 45 + b"END"
    start = len(FILL)
    assert changed(used, FRONTED, FILL + long + FILL, start + 390, 60, b"") == [(start + 8, start + 398)]
    assert changed(used, FRONTED, FILL + long + FILL, start + 390, 60, b"!") == []
    short = b"tok_abc=" + b"kwzqpfmxj\n" * 9 + b"END"
    assert changed(used, FRONTED, FILL + short + FILL, start + 90, 0, b"kwzqpfmxj\n") == [(start + 8, start + 108)]
