"""Rules in the form that matching needs, loadable from a cache without the loader (the pre-commit hook's way)."""

import marshal
import sys
import zlib

from rules.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rules.rule import Rule, RuleSet

VERSION = (9, sys.hexversion)
"""Of the cache's form, which is Python's own as well."""
_CHECKSUM = 4
GENERIC = "generic."
"""How the kinds begin that are told by a variable's name alone; the others need no further confirmation."""
TOLD = (GENERIC, "jwt.")
"""How those begin that say nothing where made-up values stand: tests are full of tokens that were made for them."""

DRAWN = ("token", "bare", "parameter")
"""Of the modes of `rules.assigned`: those whose values a machine drew."""

IMPORTED = "imported."
"""How the kinds begin that another scanner's rules find, unless their importer named a provider."""


class LightPart(Record):
    """A further part of a credential, searched in the lines around the anchor."""

    name: str
    pattern: bytes
    within_lines: int
    required: bool
    entropy: float


class LightRule(Record):
    """What `rules.match.find` needs of a rule.

    `width` is the most bytes that `pattern` can span, `sight` the same with what it looks at around them; `in_line`
    says that these have a line's end at their own ends only. `literals` are bytes of which every match holds one as it
    is, () where the keywords are the better thing to look for. `context` is as in a Rule. `lead` is the most bytes of a
    match before its value where that must hold a run of `rules.drawn`, else -1. `order` is lower of a rule that goes
    before another (`rules.rule.orders`).
    """

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
    sight: int
    in_line: bool
    literals: tuple[bytes, ...]
    lead: int
    parts: tuple[LightPart, ...]
    context: tuple[bytes, bytes, str, tuple[bytes, ...], tuple[bytes, ...]] | tuple[()] = ()
    order: int = 0


def lighten(rule: "Rule", order: int = 0) -> LightRule:
    """The light view of one rule."""
    from rules.drawn import VALUE
    from rules.literals import worthwhile
    from rules.reading import traits

    width, found, sight, in_line, (lead, least) = traits(rule.pattern)
    mode = rule.context[2] if rule.context else ""
    drawn = mode in DRAWN or (least >= VALUE and (bool(rule.context) or rule.kind.startswith(GENERIC)))
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
        width=width,
        sight=sight,
        in_line=in_line,
        literals=found if worthwhile(found, width, rule.keywords) and not (rule.context and _slight(found)) else (),
        lead=lead if drawn else -1,
        order=order,
        parts=parts,
        context=rule.context,
    )


def _slight(literals: tuple[bytes, ...]) -> bool:
    """Whether literals say less than the name of a provider does."""
    return min(map(len, literals)) < _TELLING


def light(ruleset: "RuleSet") -> tuple[LightRule, ...]:
    """The light views of all rules, in the ruleset's order."""
    from rules.rule import orders

    order = orders(ruleset.rules)
    return tuple(_knowing(lighten(rule, order[rule.kind]), ruleset.prefixes) for rule in ruleset.rules)


def _knowing(rule: LightRule, prefixes: tuple[bytes, ...]) -> LightRule:
    """A rule told by names, with the beginnings of tokens that other rules know."""
    if not rule.context or not rule.kind.startswith(GENERIC):
        return rule
    return rule._replace(context=(*rule.context[:4], prefixes))


_LONG = 20
_TELLING = 4


def superset(pattern: bytes, longest: int = _LONG) -> bytes:
    """A pattern that matches wherever this one does, and is quick for an automaton to compile.

    Bounds keep `re` linear on hostile text, but Hyperscan unrolls them: all bundled patterns take it 56 s as they are
    and 1.3 s with their long repeats open-ended. Use it to find candidates only; `find` confirms with the real one.
    What holds at the content's beginning or end holds at a line's, too: several contents are searched as one.
    """
    import re

    edges = {b"A": b"^", b"Z": b"$"}
    pattern = re.sub(rb"\\(.)", lambda m: edges.get(m[1], m[0]), pattern, flags=re.DOTALL)
    return re.sub(rb"\{(\d+),(\d+)\}", lambda m: b"{%s,}" % m[1] if int(m[2]) > longest else m[0], pattern)


class Shelved(Record):
    """A rule as the hook's cache has it: what tells whether it is worth asking, and the rest, read when it is."""

    keywords: tuple[bytes, ...]
    body: bytes


class Shelf(Record):
    """All rules for the hook: `named`, with a lead of at most `lead`, are read only where a value may stand."""

    plain: tuple[Shelved, ...]
    lead: int
    named: bytes


def shelf(rules: "Iterable[LightRule]") -> Shelf:
    """The rules for the cache."""
    plain: list[Shelved] = []
    named: list[tuple[Any, ...]] = []
    lead = 0
    for rule in rules:
        row: Any = (*rule[:-3], tuple(map(tuple, rule.parts)), *rule[-2:])
        shelved = Shelved(rule.keywords, marshal.dumps(row))
        if rule.lead < 0:
            plain.append(shelved)
        else:
            named.append(tuple(shelved))
            lead = max(lead, rule.lead)
    return Shelf(tuple(plain), lead, marshal.dumps(tuple(named)))


def named(kept: Shelf) -> list[Shelved]:
    """The rules that a name announces."""
    return list(map(Shelved._make, marshal.loads(kept.named)))  # noqa: S302 - as below


def taken(one: Shelved) -> LightRule:
    """The rule from the cache, of which `from_cache` has made sure."""
    row = marshal.loads(one.body)  # noqa: S302 - a private file of ours: see scanner/matching/rulecache.py
    return LightRule._make((*row[:-3], tuple(map(LightPart._make, row[-3])), *row[-2:]))


def everything(kept: Shelf) -> tuple[LightRule, ...]:
    """All rules: those that a name announces last."""
    return tuple(map(taken, (*kept.plain, *named(kept))))


def to_cache(ruleset: "RuleSet") -> bytes:
    """A cache file's content: the rules' digest and light views. It holds no examples and no secrets."""
    kept = shelf(light(ruleset))
    body = marshal.dumps((VERSION, ruleset.digest, tuple(map(tuple, kept.plain)), kept.lead, kept.named))
    return zlib.crc32(body).to_bytes(_CHECKSUM, "big") + body


def from_cache(data: bytes) -> tuple[str, Shelf]:
    """The digest and the rules of a cache file, which the caller has made sure is the user's own.

    Raises ValueError for anything that `to_cache` of this version and Python did not write; rebuild the file then.
    """
    body = data[_CHECKSUM:]
    if zlib.crc32(body).to_bytes(_CHECKSUM, "big") != data[:_CHECKSUM]:
        raise ValueError("not a rules cache")
    try:
        version, digest, plain, lead, rest = marshal.loads(body)  # noqa: S302 - as above
        if version != VERSION:
            raise ValueError("cache of another version")
        return digest, Shelf(tuple(map(Shelved._make, plain)), lead, rest)
    except (EOFError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("not a rules cache") from error
