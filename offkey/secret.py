"""A value that must not be shown.

`Secret` has no text form, cannot be pickled, copied or turned to JSON; `.reveal()` is the one way in and is
easy to grep for. A dataclass field with `repr=False` would not do: `dataclasses.asdict` still copies it out.
"""

import hmac
from typing import NoReturn


class SecretLeak(TypeError):
    """Code tried to show, serialise or copy a Secret: a bug in offkey, never the user's fault."""


class Secret:
    """Holds the bytes of one credential part in memory."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves. Every caller is a place to review."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        # A constant: equal secrets hash alike, and the hash tells nothing about the value.
        return 0

    def _refuse(self, *_: object) -> NoReturn:
        raise SecretLeak("a Secret cannot be serialised or copied")

    __reduce_ex__ = __reduce__ = __getstate__ = __copy__ = __deepcopy__ = _refuse


def redact(value: bytes) -> str:
    """What may be shown of a value: a public type prefix if it has one, and its length.

    `redact(b"ghp_" + 36 letters)` gives `ghp_…(40)`. At most four leading characters, and only when they end in
    a separator that token formats use for their public prefix; never a character of the random part.
    """
    text = value.decode("latin-1")
    head = next((text[: i + 1] for i in range(min(4, len(text) // 4) - 1, 0, -1) if text[i] in "_-."), "")
    if not head.isascii() or not head.isprintable():
        head = ""
    return f"{head}…({len(value)})"
