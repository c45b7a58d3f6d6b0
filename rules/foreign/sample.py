"""Texts that a pattern fits, made from the pattern: to see whether a rule is slow, and whether it finds at all."""

import random
from collections.abc import Iterable
from typing import Any

from rules.foreign.words import parser

_LETTERS = b"q7Zk2XwR9mB4tHd6Js8vNfG3pLcY5"
_MORE = 12
"""Times beyond the least that a repeat with an end may occur in a sample."""


def sample(pattern: bytes, chance: random.Random) -> bytes:
    """A text that the pattern mostly fits: what it looks at around a match is left out."""
    return _sequence(parser.parse(pattern), chance)


def _sequence(items: Iterable[Any], chance: random.Random) -> bytes:
    return b"".join(_item(str(code), argument, chance) for code, argument in items)


def _item(name: str, argument: Any, chance: random.Random) -> bytes:
    if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        return _byte(name, argument, chance)
    if name == "BRANCH":
        return _sequence(chance.choice(argument[1]), chance)
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _sequence(argument[-1] if name == "SUBPATTERN" else argument, chance)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, body = argument
        # Mostly the least: a gap between a name and its value is as often empty.
        times = least + (chance.randrange(min(int(most) - least, _MORE) + 1) if chance.random() < 0.5 else 0)
        return b"".join(_sequence(body, chance) for _ in range(times))
    return b""


def _byte(name: str, argument: Any, chance: random.Random) -> bytes:
    if name == "LITERAL":
        return bytes((argument,))
    if name == "IN":
        return bytes((chance.choice(members(argument)),))
    return b"y" if argument == ord("x") else b"x"


def members(told: Iterable[Any]) -> bytes:
    """The bytes of a class, letters and digits before others where it is large."""
    inside: set[int] = set()
    negated = False
    for code, value in told:
        name = str(code)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            inside.add(value)
        elif name == "RANGE":
            inside.update(range(value[0], value[1] + 1))
        else:
            inside.update(_category(str(value)))
    found = set(range(256)) - inside if negated else inside
    usual = bytes(byte for byte in _LETTERS if byte in found)
    return usual or bytes(sorted(found)) or b"x"


def _category(name: str) -> set[int]:
    text = set(range(256))
    digits, space = set(b"0123456789"), set(b" \t\n\r\f\v")
    word = {byte for byte in text if bytes((byte,)).isalnum() and byte < 0x80} | {ord("_")}
    known = {"DIGIT": digits, "SPACE": space, "WORD": word}
    kind = name.removeprefix("CATEGORY_").removeprefix("NOT_")
    return text - known[kind] if "NOT_" in name else known[kind]
