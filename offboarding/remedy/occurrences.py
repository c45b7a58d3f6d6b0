"""Where a value stands in a text. Pure.

A token is looked for everywhere. A password that is a word (`billing`, `orders2024`) or very short stands in any code
by chance: it is the credential only where the text around it says so, in the userinfo of a URL or behind such a name.
"""

import re

SHORT, LONGEST_WORD = 8, 20
WORD = re.compile(r"[0-9]+|(?:[A-Za-z]+[-_.]?)+[0-9]{0,4}[!?.#$@*]?")
_BEFORE = re.compile(
    r"://[^\s:/@\"'`<>\\]{0,64}:$"
    r"|(?:pass(?:w(?:or)?d|phrase)?|pwd|secret|token|api[-_]?key)[0-9]{0,2}[\"'`]?\]?\s{0,8}(?:[:=]|=>|:=)\s{0,8}[\"'`]?$"
    r"|\bpassword\s{1,8}[\"'`]?$",
    re.IGNORECASE | re.ASCII,
)
_GOES_ON = re.compile(r"[\w-]", re.ASCII)
_WINDOW = 128


def by_chance(value: str) -> bool:
    """Whether other text may well hold the value without being about it."""
    return len(value) < SHORT or (len(value) < LONGEST_WORD and WORD.fullmatch(value) is not None)


def spans(text: str, value: str) -> list[tuple[int, int]]:
    """Every place [start, end) where the text holds the value itself."""
    found = [match.span() for match in re.finditer(re.escape(value), text)]
    return [span for span in found if _meant(text, *span)] if found and by_chance(value) else found


def holds(content: bytes, value: bytes) -> bool:
    """The same of bytes in any encoding that has ASCII in it."""
    return value in content and bool(spans(content.decode("latin-1"), value.decode("latin-1")))


def _meant(text: str, start: int, end: int) -> bool:
    told, behind = _BEFORE.search(text[max(start - _WINDOW, 0) : start]), text[end : end + 1]
    if told is None or _GOES_ON.match(behind):
        return False
    return behind == "@" or not told[0].startswith("://")
