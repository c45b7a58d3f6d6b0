"""The fast way to canonical JSON writes what the reference implementation of RFC 8785 writes."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from offkey.canonical import canonical

WHOLE = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
DATA = st.recursive(
    st.none() | st.booleans() | WHOLE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(DATA)
def test_any_data_is_written_as_the_reference_writes_it(data: Any) -> None:
    assert canonical(data) == rfc8785.dumps(data)


@pytest.mark.parametrize("data", [2**53, -(2**60), float("nan"), {1: "x"}, object(), {"a": b"x"}, "\ud800", ["\udfff"]])
def test_what_is_no_json_is_refused_as_before(data: Any) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical(data)


def test_fractions_and_keys_beyond_ascii_are_left_to_the_reference() -> None:
    data = {"\U0001f600": 1, "\ufb33": 2, "é": 0.5, "z": 1e21}
    assert canonical(data) == rfc8785.dumps(data)
