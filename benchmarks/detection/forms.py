"""Files of many forms, read from templates and filled.

A template is a line `=== name | path | conditions` and the text under it. `«word»` stands for a word of `words.py`, a
random run such as `«h40»` (`values.made`), or `«secret:SHAPE»`, a credential made on the spot. `«»` is nothing: it cuts
what a provider publishes as an example, so that the template does not hold it. The lines on which credentials stand are
counted while the text is filled, so nobody has to search for them.
"""

import base64
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.detection import values

FOLDER = Path(__file__).parent / "forms"
_HEAD = re.compile(r"^=== (.*)$", re.MULTILINE)
_SLOT = re.compile(r"«([^»]*)»")
_BEGIN, _END = "\x02", "\x03"


@dataclass(frozen=True)
class Form:
    """A template: `name` is shared by its variants, `needs` are conditions such as `auth=query` or `id`."""

    name: str
    path: str
    text: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """A file: its path, its text, the credentials as they stand there, and their lines (from 1)."""

    path: str
    text: str
    secrets: tuple[str, ...]
    lines: frozenset[int]


@cache
def forms(file: str) -> tuple[Form, ...]:
    """The templates of `forms/FILE.txt`. Raises ValueError for one without a path or text."""
    parts = _HEAD.split((FOLDER / f"{file}.txt").read_text())[1:]
    found = []
    for head, text in zip(parts[::2], parts[1::2], strict=True):
        name, path, *needs = (part.strip() for part in head.split("|"))
        if not path or not text.strip():
            raise ValueError(f"{file}: {head!r} has no path or no text")
        found.append(Form(name, path, text.removeprefix("\n"), tuple(" ".join(needs).split())))
    return tuple(found)


def filled(form: Form, words: Mapping[str, str], rng: random.Random, value: str = "") -> Filled:
    """A form with its slots filled; `«value»` (and `«value64»`, its base64) is the credential.

    Raises KeyError for a slot that nothing fills.
    """

    def fill(slot: re.Match[str]) -> str:
        name = slot[1]
        if not name:
            return ""
        if name == "value":
            return f"{_BEGIN}{value}{_END}"
        if name == "value64":
            return f"{_BEGIN}{base64.b64encode(value.encode()).decode()}{_END}"
        if name.startswith("secret:"):
            return f"{_BEGIN}{values.made(name.removeprefix('secret:'), rng)}{_END}"
        return words[name] if name in words else values.made(f"{{{name}}}", rng)

    path = _SLOT.sub(fill, form.path)
    return _without_marks(path, _SLOT.sub(fill, form.text))


def _without_marks(path: str, text: str) -> Filled:
    secrets: list[str] = []
    lines: set[int] = set()
    out = ""
    for part in re.split(f"({_BEGIN}.*?{_END})", text, flags=re.DOTALL):
        if part.startswith(_BEGIN):
            secret = part[1:-1]
            first = out.count("\n") + 1
            secrets.append(secret)
            lines.update(range(first, first + secret.count("\n") + 1))
            out += secret
        else:
            out += part
    return Filled(path, out, tuple(secrets), frozenset(lines))
