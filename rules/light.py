"""Rules in the form that matching needs, loadable from a JSON cache without the loader (the pre-commit hook's way)."""

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rules.rule import Rule, RuleSet

VERSION = 1
GENERIC = "generic."
"""How the kinds begin that are told by a variable's name alone; the others need no further confirmation."""


class LightPart(NamedTuple):
    """A further part of a credential, searched in the lines around the anchor."""

    name: str
    pattern: bytes
    within_lines: int
    required: bool
    entropy: float


class LightRule(NamedTuple):
    """What `rules.match.find` needs of a rule. `width` is the most bytes that `pattern` can span."""

    kind: str
    pattern: bytes
    keywords: tuple[bytes, ...]
    anchor: str
    confidence: str
    lone_confidence: str
    entropy: float
    checksum: str
    near: tuple[bytes, ...]
    near_lines: int
    reject: tuple[bytes, ...]
    width: int
    parts: tuple[LightPart, ...]


def lighten(rule: "Rule") -> LightRule:
    """The light view of one rule."""
    from rules.reading import width

    parts = tuple(LightPart(p.name, p.pattern, p.within_lines, p.required, p.entropy) for p in rule.parts)
    return LightRule(
        kind=rule.kind,
        pattern=rule.pattern,
        keywords=rule.keywords,
        anchor=rule.anchor,
        confidence=rule.confidence.value,
        lone_confidence=rule.lone_confidence.value,
        entropy=rule.entropy,
        checksum=rule.checksum,
        near=rule.near,
        near_lines=rule.near_lines,
        reject=rule.reject,
        width=width(rule.pattern),
        parts=parts,
    )


def light(ruleset: "RuleSet") -> tuple[LightRule, ...]:
    """The light views of all rules, in the ruleset's order."""
    return tuple(lighten(rule) for rule in ruleset.rules)


_LONG_REPEAT = re.compile(rb"\{(\d+),(\d+)\}")
_LONG = 20


def superset(pattern: bytes) -> bytes:
    """A pattern that matches wherever this one does, and is quick for an automaton to compile.

    Bounds keep `re` linear on hostile text, but Hyperscan unrolls them: all bundled patterns take it 56 s as they are
    and 1.3 s with their long repeats open-ended. Use it to find candidates only; `find` confirms with the real one.
    """
    return _LONG_REPEAT.sub(lambda m: b"{%s,}" % m[1] if int(m[2]) > _LONG else m[0], pattern)


def to_json(ruleset: "RuleSet") -> bytes:
    """A cache file's content: the rules' digest and light views. It holds no examples and no secrets."""
    rules = [_plain(rule) for rule in light(ruleset)]
    return json.dumps({"version": VERSION, "digest": ruleset.digest, "rules": rules}).encode()


def from_json(data: bytes) -> tuple[str, tuple[LightRule, ...]]:
    """The digest and the light rules of a cache file.

    Raises ValueError for anything that `to_json` of this version did not write; rebuild the file then.
    """
    try:
        plain = json.loads(data)
        if plain["version"] != VERSION:
            raise ValueError("cache of another version")
        return str(plain["digest"]), tuple(_rule(row) for row in plain["rules"])
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("not a rules cache") from error


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _rule(row: list[object]) -> LightRule:
    if len(row) != len(LightRule._fields):
        raise ValueError("not a rules cache")
    fields = dict(zip(LightRule._fields, row, strict=True))
    for name in ("keywords", "near", "reject"):
        fields[name] = tuple(word.encode("latin-1") for word in fields[name])  # type: ignore[attr-defined]
    fields["pattern"] = fields["pattern"].encode("latin-1")  # type: ignore[attr-defined]
    fields["parts"] = tuple(
        LightPart(name, pattern.encode("latin-1"), *rest)
        for name, pattern, *rest in fields["parts"]  # type: ignore[attr-defined]
    )
    return LightRule(**fields)  # type: ignore[arg-type]
