"""A few inputs of each fuzzer, always the same; `docs/fuzzing.md` says how to run more."""

import random

import pytest

from tests.fuzz.targets import TARGETS
from tests.needs import KERNEL

INPUTS = {"plan": 300, "apply": 1000, "carry": 1000, "trees": 60, "scan": 3, "ci": 400}


@KERNEL
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_readers_keep_their_promises(name: str) -> None:
    drawn = random.Random(name)
    for _ in range(INPUTS[name]):
        TARGETS[name](drawn.randbytes(drawn.choice((8, 40, 150, 600, 2000))))
