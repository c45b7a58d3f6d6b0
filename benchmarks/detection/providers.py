"""The table of providers: how they are written, where their API is, and what their credentials look like.

A line of `providers-*.txt` is `name|display name|prefix of variables|API host|fields`. An empty display name is the
name capitalised, an empty prefix the name in capitals. Fields, parted by `; `:

    kind=shape       a credential (`values.made`); `~` before the shape: the provider publishes no format, and this is
                     one that would be plausible
    id:kind=shape    what stands beside it and is no secret
    @bearer @basic @query:name @header:Name    how requests carry it; without, `X-API-Key` or a bearer token
    @none            in no such way

The formats are from the providers' documentation and official clients, as the author knows it, not from offkey's rules.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
_ENDINGS = re.compile(r"\.(com|org|net|dev)$", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def digest(text: str) -> int:
    """A number that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Kind:
    """One kind of credential: its name in snake case, its shape, and whether the provider publishes that shape."""

    name: str
    shape: str
    published: bool


@dataclass(frozen=True)
class Provider:
    name: str
    display: str
    prefix: str
    host: str
    kinds: tuple[Kind, ...]
    ids: tuple[Kind, ...]
    auth: str

    @property
    def words(self) -> list[str]:
        """The display name's words in lower case, fit for names in code (`New Relic`: new, relic)."""
        said = _ENDINGS.sub("", self.display)
        plain = "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in said).split()
        words = [word.lower() for word in plain]
        return words if words and words[0][0].isalpha() else [self.prefix.partition("_")[0].lower()]


def split_of(name: str) -> str:
    """`tune` or `report`: half each, by a hash of the name alone."""
    return "tune" if digest(f"split of {name}") % 2 else "report"


@cache
def providers() -> tuple[Provider, ...]:
    """All of the table, by name. Raises ValueError for a line that is not of its form or a name that stands twice."""
    found: dict[str, Provider] = {}
    for path in sorted(FOLDER.glob("providers-*.txt")):
        for line in path.read_text().splitlines():
            one = _read(line)
            if one.name in found:
                raise ValueError(f"{path.name} has {one.name} a second time")
            found[one.name] = one
    return tuple(found[name] for name in sorted(found))


def _read(line: str) -> Provider:
    name, display, prefix, host, *more = line.split("|", 4)
    kinds: list[Kind] = []
    ids: list[Kind] = []
    auth = ""
    for field in "".join(more).split("; "):
        if field.startswith("@"):
            auth = field[1:]
            continue
        kind, equals, shape = field.removeprefix("id:").partition("=")
        if not equals or not shape:
            raise ValueError(f"{name}: {field!r} is no field")
        one = Kind(kind, shape.removeprefix("~"), not shape.startswith("~"))
        (ids if field.startswith("id:") else kinds).append(one)
    auth = auth or ("bearer" if digest(name) % 2 else "header:X-API-Key")
    return Provider(name, display or name.capitalize(), prefix or name.upper(), host, tuple(kinds), tuple(ids), auth)
