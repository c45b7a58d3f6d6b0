"""Near misses: values that are no credentials, to be put where a provider's credential would stand."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection import values
from benchmarks.detection.providers import Kind, Provider
from benchmarks.detection.words import Words

LINES, EACH_LINE, EACH_WRONG = Path(__file__).parent / "near.txt", 8, 90
WRONG = ("length", "alphabet", "cut", "prefix", "repeated", "sequence")
_SLOT = re.compile(r"«([^»]+)»")
_PLAIN_SLOT = re.compile(r"\{([hHu])(\d\d)\}\Z")
_STAIRS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Case:
    """`family` is what the split goes by; `template` a line of near.txt, or the way in which a value is wrong."""

    family: str
    template: str
    provider: Provider
    kind: str
    shape: str


def cases(table: Sequence[Provider]) -> Iterator[Case]:
    """Each line of near.txt with some providers, then what is wrong in its form with providers that publish theirs."""
    for line in LINES.read_text().splitlines():
        family, _, template = line.partition("|")
        rng = random.Random(f"near {line}")
        for provider in rng.sample(table, EACH_LINE):
            kind = rng.choice(provider.kinds)
            yield Case(f"{family}:{template}", template, provider, kind.name, kind.shape)
    for way in WRONG:
        rng = random.Random(f"near {way}")
        fit = [(provider, kind) for provider in table for kind in provider.kinds if _can_be_wrong(way, kind)]
        for provider, kind in rng.sample(fit, min(EACH_WRONG, len(fit))):
            yield Case(f"wrong {way}:{provider.name}", way, provider, kind.name, kind.shape)


def value(case: Case, said: Words, rng: random.Random) -> str:
    if case.template in WRONG:
        return _wrong(case.template, case.shape, rng)
    return _SLOT.sub(
        lambda slot: said[slot[1]] if slot[1] in said else values.made(f"{{{slot[1]}}}", rng), case.template
    )


def _can_be_wrong(way: str, kind: Kind) -> bool:
    if not kind.published or kind.name.endswith("url"):
        return False
    if way in ("length", "alphabet"):
        return _PLAIN_SLOT.match(kind.shape) is not None
    if way in ("cut", "prefix"):
        return re.match(r"[A-Za-z0-9]+[-_.]\w*[-_]?\{[a-zA-Z]\d\d\}\Z", kind.shape) is not None
    return re.match(r"[\w.-]*\{[a-z]\d\d\}\Z", kind.shape) is not None


def _wrong(way: str, shape: str, rng: random.Random) -> str:
    """Of the shape but for one thing. `cut` ends early with an ellipsis, `prefix` has a third of the length."""
    prefix, _, rest = shape.partition("{")
    name, size = rest[0], int(rest[1:-1])
    body = values.run(values.ALPHABETS[name], size, rng)
    if way == "length":
        return body[: -rng.choice((1, 2, 3))] if rng.random() < 0.5 else body + body[: rng.choice((1, 2, 3))]
    if way == "alphabet":
        at = rng.randrange(4, size - 4)
        return body[:at] + rng.choice("ghjkmnpqrtvwxyz" if name == "h" else "ghjkmnpqrtvwxyz_") + body[at + 1 :]
    if way == "cut":
        return f"{prefix}{body[:3]}…{body[-3:]}" if rng.random() < 0.5 else f"{prefix}{body[:4]}..."
    if way == "prefix":
        return prefix + body[: max(4, size // 4)]
    if way == "repeated":
        return prefix + (body[:2] * size)[:size]
    return prefix + (_STAIRS * 9)[:size]
