import base64
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import load
from rules.light import light
from scanner.encoded import Encodings, cased, decode, runs
from scanner.inline import Allowance, inside
from scanner.matcher import HyperscanMatcher, KeywordMatcher
from scanner.replay import replay
from tests.builders import token

pytest.importorskip("hyperscan")
RULES = light(load())
FAST = HyperscanMatcher(RULES, "d")
SLOW = KeywordMatcher(RULES)
VALUE = b"token: " + token("glpat-", 20).encode() + b" end"

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "twice": lambda text: base64.b64encode(base64.b64encode(text)),
    "hex": lambda text: text.hex().encode(),
    "HEX": lambda text: text.hex().upper().encode(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text).encode(),
    "escapes": lambda text: "".join(f"\\u{byte:04x}" for byte in text).encode(),
    "bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text).encode(),
    "lines": base64.encodebytes,
    "indented lines": lambda text: base64.encodebytes(text).replace(b"\n", b"\r\n    "),
}


def values(content: bytes) -> list[tuple[tuple[str, ...], bytes]]:
    """The steps and the bytes of what is found in a content's runs, after comparing both matchers."""
    by_both = [inside(matcher, RULES, content, Allowance()).found for matcher in (FAST, SLOW)]
    assert by_both[0] == by_both[1]
    return [
        (one.steps, replay(content, one.steps)[match.start : match.end]) for one in by_both[0] for match in one.matches
    ]


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"x" * 200])
@pytest.mark.parametrize("form", ENCODE)
def test_a_value_is_found_in_each_form_at_each_alignment(form: str, before: bytes) -> None:
    content = b'a = "' + ENCODE[form](before + VALUE) + b'"\n'
    if "lines" in form:
        content = b"a: |\n    " + ENCODE[form](before + VALUE)
    assert {value for _, value in values(content)} == {VALUE.split()[1]}
