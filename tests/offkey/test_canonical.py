"""Canonical JSON is RFC 8785's, and digests follow from it."""

import hashlib

import pytest
import rfc8785

from offkey.canonical import canonical, content_digest, digest


def test_keys_are_sorted_and_text_is_utf8_without_spaces() -> None:
    assert canonical({"b": [1, None, True], "a": "é\u20ac\n"}) == '{"a":"é\u20ac\\n","b":[1,null,true]}'.encode()


def test_the_standards_own_example_of_key_order() -> None:
    """RFC 8785, section 3.2.3: keys are ordered by their UTF-16 code units."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    made = canonical(dict.fromkeys(keys, 0)).decode()
    assert [made.index(rfc8785.dumps(key).decode()) for key in ordered] == sorted(
        made.index(rfc8785.dumps(key).decode()) for key in ordered
    )


def test_the_order_of_a_dict_does_not_matter_and_of_a_list_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_digests_name_their_algorithm() -> None:
    assert digest({}) == "sha256:" + hashlib.sha256(b"{}").hexdigest()
    assert content_digest(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("odd", [{1: 2}, object(), {"x": {1, 2}}, float("nan"), 2**60])
def test_what_json_cannot_say_exactly_is_refused(odd: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical(odd)
