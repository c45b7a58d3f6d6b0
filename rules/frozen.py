"""A whole RuleSet in Python's own form: reading it back takes a thirtieth of reading and checking the rule files."""

import marshal
import sys
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from offkey.found import Confidence, Ownership
from rules.reading import know, traits
from rules.rule import Part, Provider, Rule, RuleSet

VERSION = (8, sys.hexversion)
"""Of the form, which is Python's own as well."""
_WRONG = (EOFError, KeyError, TypeError, AttributeError, IndexError)


def freeze(ruleset: RuleSet) -> bytes:
    """The rule set as bytes. They hold examples, which are templates, and no secrets."""
    rules = [tuple(_plain(value) for value in _values(rule)) for rule in ruleset.rules]
    providers = [_values(provider) for provider in ruleset.providers.values()]
    known = {rule.pattern: traits(rule.pattern) for rule in ruleset.rules}
    return marshal.dumps((VERSION, _names(), ruleset.digest, rules, providers, known, ruleset.unread, ruleset.prefixes))


def thaw(data: bytes) -> RuleSet:
    """The rule set in bytes that the caller knows to be the user's own.

    Raises ValueError for anything that `freeze` of this version and Python did not write.
    """
    try:
        told = marshal.loads(data)  # noqa: S302 - see scanner/matching/rulecache.py
        version, names, digest, rules, providers, known, unread, prefixes = told
        if (version, names) != (VERSION, _names()):
            raise ValueError("rules of another version")
        know(known)
        made = tuple(_rule(dict(zip(names[0], row, strict=True))) for row in rules)
        named = {row[0]: Provider(name=row[0], console=row[1], handover=row[2]) for row in providers}
        return RuleSet(rules=made, providers=MappingProxyType(named), digest=digest, unread=unread, prefixes=prefixes)
    except _WRONG as error:
        raise ValueError("no rules") from error


def _names() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(field.name for field in fields(kind)) for kind in (Rule, Part, Provider))


def _values(record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, field.name) for field in fields(record))


def _plain(value: Any) -> Any:
    if isinstance(value, Confidence | Ownership):
        return value.value
    if isinstance(value, tuple):
        return tuple(_values(item) if isinstance(item, Part) else item for item in value)
    return value


def _rule(row: dict[str, Any]) -> Rule:
    parts = tuple(Part(**dict(zip(Part.__slots__, part, strict=True))) for part in row["parts"])
    confidence, lone = Confidence(row["confidence"]), Confidence(row["lone_confidence"])
    row |= {"parts": parts, "confidence": confidence, "lone_confidence": lone, "ownership": Ownership(row["ownership"])}
    return Rule(**row)
