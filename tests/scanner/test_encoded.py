import base64

import pytest

from rules.light import light
from rules.loader import load
from scanner.encoded import Encodings, cased
from scanner.replay import replay

RULES = light(load())
ENCODINGS = Encodings(RULES)
VALUE = b"token: glpat-" + b"abcDEF0123456789xyzQ" + b" end"


def texts(content: bytes) -> list[bytes]:
    found = []
    for hit in ENCODINGS.expression().finditer(content):
        for literal in (one for one in ENCODINGS.literals if one.text == hit.group()):
            for layer in ENCODINGS.layers(content, literal, hit.start()):
                assert replay(content, layer.steps) == layer.text
                found.append(layer.text)
    return found


@pytest.mark.parametrize("before", [b"", b"x", b"xy"])
@pytest.mark.parametrize(
    "encode",
    [
        base64.b64encode,
        base64.urlsafe_b64encode,
        lambda text: base64.b64encode(base64.b64encode(text)),
        lambda text: text.hex().encode(),
        lambda text: "".join(f"%{byte:02X}" for byte in text).encode(),
        lambda text: "".join(f"\\u{byte:04x}" for byte in text).encode(),
        lambda text: "".join(f"\\x{byte:02x}" for byte in text).encode(),
    ],
)
def test_a_value_is_found_in_each_form_at_each_alignment(encode, before: bytes) -> None:
    assert any(VALUE in text for text in texts(b'a = "' + encode(before + VALUE) + b'"\n'))


def test_a_keyword_has_its_patterns_case_even_when_it_is_spread_over_alternatives() -> None:
    kinds = {rule.kind: rule for rule in RULES}
    assert cased(kinds["circleci.token"]) == {b"CCIPAT_", b"CCIPRJ_"}
    assert cased(kinds["aws.access_key"]) == {b"AKIA"}
