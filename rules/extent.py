"""How far around a match lies what decides over it: whoever searches parts of a text must know."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_LINE_END = ord("\n")
_WITH_LINE_END = ("CATEGORY_SPACE", "CATEGORY_NOT_DIGIT", "CATEGORY_NOT_WORD")
_LOOKS = ("ASSERT", "ASSERT_NOT")
_BYTE = ("LITERAL", "NOT_LITERAL", "IN", "ANY")


def sight(parsed: Any) -> int:
    """The most bytes that a match of a parsed pattern can span, and all that the pattern may look at around it."""
    return int(parsed.getwidth()[1] + sum(inner.getwidth()[1] for inner in _looks(parsed)))


def in_line(parsed: Sequence[Any]) -> bool:
    """Whether no match of a parsed pattern holds a line's end, but as its first or last byte, nor looks past one.

    What is in doubt is not.
    """
    last = len(parsed) - 1
    return not any(_edge(item) if at in (0, last) else _crosses(item) for at, item in enumerate(parsed))


def _looks(items: Iterable[Any]) -> Iterator[Any]:
    """Every look ahead and behind."""
    for item in items:
        for inner in _below(item) or ():
            if str(item[0]) in _LOOKS:
                yield inner
            yield from _looks(inner)


def _below(item: Any) -> list[Any] | None:
    """The sequences that an item consists of; None for one that stands for a byte, or is not known here."""
    name, argument = str(item[0]), item[1]
    if name == "BRANCH":
        return list(argument[1])
    if name in ("SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT", *_LOOKS):
        return [argument[-1]]
    if name == "ATOMIC_GROUP":
        return [argument]
    if name == "GROUPREF_EXISTS":
        return [one for one in argument[1:] if one is not None]
    return [] if name == "AT" else None


def _crosses(item: Any) -> bool:
    """Whether an item may match a line's end, or look past one."""
    below = _below(item)
    if below is None:
        return _may_end_line(item)
    if str(item[0]) in _LOOKS and sight(item[1][1]) <= 1:
        return False
    return any(_crosses(inner) for one in below for inner in one)


def _edge(item: Any) -> bool:
    """The same of the first or last item, of which one byte may be a line's end."""
    if str(item[0]) in ("BRANCH", "SUBPATTERN"):
        return any(_edge(one[0]) if len(one) == 1 else any(map(_crosses, one)) for one in _below(item) or ())
    return str(item[0]) not in _BYTE and _crosses(item)


def _may_end_line(item: Any) -> bool:
    """Whether what stands for one byte may be a line's end."""
    name, argument = str(item[0]), item[1]
    if name == "LITERAL":
        return bool(argument == _LINE_END)
    if name == "NOT_LITERAL":
        return bool(argument != _LINE_END)
    if name == "IN":
        named = any(_member(str(code), value) for code, value in argument)
        return named != (str(argument[0][0]) == "NEGATE")
    return True


def _member(name: str, value: Any) -> bool:
    if name == "RANGE":
        return bool(value[0] <= _LINE_END <= value[1])
    return value == _LINE_END if name == "LITERAL" else str(value) in _WITH_LINE_END
