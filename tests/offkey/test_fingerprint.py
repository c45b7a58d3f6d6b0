"""Fingerprints: keyed, framed, stable; a short key is refused."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offkey.fingerprint import KeyUnusable, OrgKey, ephemeral_key
from offkey.secret import Secret

KEY = OrgKey(Secret(bytes(range(32))))
PARTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.binary(max_size=6), min_size=1, max_size=3)


def test_it_is_the_hmac_over_framed_kind_and_parts() -> None:
    """Written out by hand, so that a change of the format is seen: stored fingerprints would no longer match."""
    pieces = [b"aws.access_key", b"id", b"AKIA", b"secret", b"abc"]
    message = b"".join(len(piece).to_bytes(8, "big") + piece for piece in pieces)
    expected = hmac.new(bytes(range(32)), message, hashlib.sha256).hexdigest()
    assert KEY.fingerprint("aws.access_key", {"secret": b"abc", "id": b"AKIA"}) == f"hmac-sha256:{KEY.id}:{expected}"


@given(PARTS, PARTS, st.sampled_from(["k.a", "k.ab"]), st.sampled_from(["k.a", "k.ab"]))
def test_two_different_credentials_never_share_a_fingerprint(
    one: dict[str, bytes], other: dict[str, bytes], kind: str, other_kind: str
) -> None:
    same = KEY.fingerprint(kind, one) == KEY.fingerprint(other_kind, other)
    assert same == ((kind, one) == (other_kind, other))


def test_another_key_gives_another_fingerprint_and_another_id() -> None:
    other = ephemeral_key()
    assert other.ephemeral
    assert other.id != KEY.id
    assert other.fingerprint("k.a", {"secret": b"x"}) != KEY.fingerprint("k.a", {"secret": b"x"})


def test_neither_value_nor_key_shows() -> None:
    printed = KEY.fingerprint("k.a", {"secret": b"hunter2hunter2"}) + repr(KEY) + KEY.id
    assert "hunter2" not in printed
    assert bytes(range(32)).hex()[:16] not in printed


def test_a_short_key_is_refused_with_advice() -> None:
    with pytest.raises(KeyUnusable, match="shorter than 32 bytes") as refusal:
        OrgKey(Secret(b"x" * 31))
    assert "doctor --init" in refusal.value.advice
