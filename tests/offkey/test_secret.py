"""A Secret cannot be shown, copied or serialised; equal ones are equal."""

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable

import pytest
import rfc8785

from offkey.canonical import canonical
from offkey.model import Credential, to_json
from offkey.secret import Secret, SecretLeak, redact

VALUE = b"pass-" + b"Zq7" * 5
WAYS: list[Callable[[object], object]] = [pickle.dumps, copy.copy, copy.deepcopy, to_json]


def test_no_text_form_holds_the_value() -> None:
    secret = Secret(VALUE)
    shown = f"{secret} {secret!r} {secret!s} {secret:>40} {[secret]} { ({'a': secret}) }"
    assert VALUE.decode() not in shown
    assert "***" in shown


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_and_a_credential_refuse_to_be_serialised(way: Callable[[object], object]) -> None:
    credential = Credential(kind="example.token", parts={"secret": Secret(VALUE)})
    for held in (Secret(VALUE), credential):
        with pytest.raises(SecretLeak):
            way(held)


def test_json_of_any_sort_refuses_a_secret() -> None:
    with pytest.raises(TypeError):
        json.dumps({"x": Secret(VALUE)})
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"x": Secret(VALUE)})


def test_dataclasses_cannot_copy_it_out() -> None:
    credential = Credential(kind="example.token", parts={"secret": Secret(VALUE)})
    with pytest.raises((SecretLeak, TypeError)):
        dataclasses.asdict(credential)


def test_it_has_no_attributes_to_look_into() -> None:
    assert not hasattr(Secret(VALUE), "__dict__")
    assert hash(Secret(VALUE)) == hash(Secret(b"another"))


def test_equality_is_by_value() -> None:
    assert Secret(VALUE) == Secret(bytearray(VALUE))
    assert Secret(VALUE) != Secret(b"another")
    assert Secret(VALUE) != VALUE


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"ghp_" + b"a" * 36, "ghp_…(40)"),
        (b"SG." + b"a" * 66, "SG.…(69)"),
        (b"A" * 20, "…(20)"),
        (b"a_b", "…(3)"),
        (b"\xff\xfe-" + b"x" * 20, "…(23)"),
        (b"", "…(0)"),
    ],
)
def test_a_redacted_value_shows_a_public_prefix_and_its_length(value: bytes, shown: str) -> None:
    assert redact(value) == shown
