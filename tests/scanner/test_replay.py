import base64
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.light import light
from rules.loader import load
from scanner.encoded import Encodings
from scanner.replay import replay
from scanner.unpack import Layer, unpacked

ENCODINGS = Encodings(light(load())[:40])


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=400))
def test_what_was_unpacked_replays(text: bytes) -> None:
    content = gzip.compress(text)
    layers = [one for one in unpacked(content) if isinstance(one, Layer)]
    assert layers[0].text == text
    assert all(replay(content, one.steps) == one.text for one in layers)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40), st.sampled_from(ENCODINGS.literals), st.binary(max_size=40))
def test_what_was_decoded_replays(before: bytes, literal, after: bytes) -> None:
    content = before + literal.text + after
    for layer in ENCODINGS.layers(content, literal, len(before)):
        assert replay(content, layer.steps) == layer.text


@pytest.mark.parametrize(
    "steps", [("gzip",), ("base64:0:999",), ("base64:0",), ("hex:0:4",), ("nonsense",), ("zip:a",)]
)
def test_steps_that_do_not_fit_are_refused(steps: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"step|form|shorter|holds nothing|not hex"):
        replay(b"plain words", steps)


def test_steps_follow_one_another() -> None:
    run = base64.b64encode(b"words")
    assert replay(gzip.compress(b"= " + run), ("gzip", f"base64:2:{2 + len(run.rstrip(b'='))}")) == b"words"
