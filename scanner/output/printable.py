"""Text that may be shown on a terminal. Light: the pre-commit hook imports this."""

import re

# C0 and C1 controls and DEL start escape sequences; the others hide text or change its order on screen.
_OTHERS = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x1f{_OTHERS}]")
_IN_JSON = re.compile(f"[{_OTHERS}]")


def _escape(hit: re.Match[str]) -> str:
    code = ord(hit[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, as `surrogateescape` keeps it
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text: str) -> str:
    r"""The text with each control, invisible or order-changing character written out (`\x1b`, `\u202e`).

    A path or a name is a stranger's text: printed raw it could move the cursor, hide lines or forge our output.
    """
    return _UNSAFE.sub(_escape, text)


def encodable(text: str) -> str:
    r"""The text with each byte that was no UTF-8 written out (`\xff`), so that every JSON reader accepts it."""
    return text if text.isascii() else re.sub("[\ud800-\udfff]", _escape, text)


def json_printable(text: str) -> str:
    r"""JSON with each such character as `\u009b`, which says the same: JSON itself escapes only C0's controls."""
    return text if text.isascii() and "\x7f" not in text else _IN_JSON.sub(lambda hit: f"\\u{ord(hit[0]):04x}", text)
