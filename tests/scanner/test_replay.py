import base64
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.light import light
from rules.loader import load
from scanner.contents.opening import Layer
from scanner.contents.replay import replay
from scanner.contents.unpack import unpacked
from scanner.matching.encoded import Encodings
from scanner.matching.runs import decode, runs

ENCODINGS = Encodings(light(load())[:40])
MARKS = [
    *ENCODINGS.literals,
    b"%67%68%70%5f",
    b"\\x67\\x68\\x70",
    b"\\u0041\\u0042\\u0043",
    b":\\/\\/",
    b"H4sIA" + b"A" * 20,
]


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=400))
def test_what_was_unpacked_replays(text: bytes) -> None:
    content = gzip.compress(text)
    layers = [one for one in unpacked(content) if isinstance(one, Layer)]
    assert layers[0].text == text
    assert all(replay(content, one.steps) == one.text for one in layers)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(MARKS), st.binary(max_size=30)), max_size=12).map(b"".join))
def test_what_was_decoded_replays(content: bytes) -> None:
    for run in runs(content, ENCODINGS.find(content)):
        step = f"{run.form}:{run.start}:{run.end}"
        assert replay(content, (step,)) == decode(content[run.start : run.end], run.form)


@pytest.mark.parametrize(
    "steps", [("gzip",), ("base64:0:999",), ("base64:0",), ("hex:0:4",), ("nonsense",), ("zip:a",)]
)
def test_steps_that_do_not_fit_are_refused(steps: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"step|form|shorter|holds nothing|not hex"):
        replay(b"plain words", steps)


def test_steps_follow_one_another() -> None:
    run = base64.b64encode(b"words")
    assert replay(gzip.compress(b"= " + run), ("gzip", f"base64:2:{2 + len(run.rstrip(b'='))}")) == b"words"
