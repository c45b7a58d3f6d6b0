"""Reads the rule files. A rule that could not work is refused here, with its file, kind and what to do."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from offkey.canonical import digest
from offkey.found import Confidence, Ownership
from rules import compact, naming
from rules.checks import CHECKSUMS
from rules.contextual import Context
from rules.examples import problems
from rules.foreign import read as foreign
from rules.foreign.trial import slow
from rules.light import light, lighten
from rules.order import Others
from rules.prefixes import prefixes
from rules.reading import Table, fail
from rules.rule import Part, Provider, Rule, RuleSet

BUNDLED = Path(__file__).parent
GENERIC = "generic"
"""The provider of what is told by names alone."""
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


def load(extra: Sequence[Path] = (), *, generic: bool = False) -> RuleSet:
    """The bundled rules and those of the user's files, which may replace a bundled kind or add to a provider.

    With `generic` the kinds of `generic.toml` tell what is of low confidence, too.
    A user's rules are also tried on their own examples, on text made to make them slow, and on whether another rule
    takes the same values. Raises RuleError for a file that cannot be read or used.
    """
    bundled = _bundled(BUNDLED, generic)
    if not extra:
        return bundled
    rules, providers = {rule.kind: rule for rule in bundled.rules}, dict(bundled.providers)
    mine: dict[str, Path] = {}
    unread: list[str] = []
    for path in extra:
        provider, found, ours = _read(path, unread)
        _merge(path, rules, found, set(mine))
        mine |= {rule.kind: path for rule in found}
        _try_examples(path, found)
        if ours:  # another scanner's were tried when they were read
            _try_speed(path, found)
        known = providers.get(provider.name, provider)
        providers[provider.name] = replace(
            known, console=provider.console or known.console, handover=provider.handover or known.handover
        )
    made = replace(_set(rules, providers), unread=tuple(unread))
    try_order(made, mine)
    return made


@cache
def _bundled(folder: Path, generic: bool) -> RuleSet:
    """Read and checked once a process: it takes half a second."""
    rules: dict[str, Rule] = {}
    providers: dict[str, Provider] = {}
    for path in sorted(folder.glob("*.toml")):
        provider, found = read(path)
        if path.stem == GENERIC and generic:
            found = [replace(rule, lone_confidence=Confidence.LOW) for rule in found]
        if provider.name != path.stem:
            fail(path, "", f"provider is {provider.name!r}", "name the file after its provider")
        _merge(path, rules, found, set(rules))
        providers[provider.name] = provider
    return _set(rules, providers)


def _set(rules: Mapping[str, Rule], providers: dict[str, Provider]) -> RuleSet:
    ordered = tuple(rules[kind] for kind in sorted(rules))
    known = prefixes(rule.pattern for rule in ordered if not rule.context)
    return RuleSet(rules=ordered, providers=MappingProxyType(providers), digest=_digest(ordered), prefixes=known)


def _merge(path: Path, rules: dict[str, Rule], found: list[Rule], taken: set[str]) -> None:
    for rule in found:
        if rule.kind in taken:
            fail(path, rule.kind, "this kind is already defined", "give each rule its own kind, or remove one")
        rules[rule.kind] = rule
        taken = taken | {rule.kind}


def _try_examples(path: Path, rules: list[Rule]) -> None:
    for rule in rules:
        for problem in problems(rule):
            fail(path, rule.kind, problem, "correct the pattern, its checks or the example")


def _try_speed(path: Path, rules: list[Rule]) -> None:
    for number in sorted(slow([lighten(rule) for rule in rules])):
        advice = "bound its repeats more tightly, and let no two of them match the same text one after the other"
        fail(path, rules[number].kind, "its pattern is slow on text made to make it slow", advice)


def try_order(ruleset: RuleSet, mine: Mapping[str, Path]) -> None:
    """Raises RuleError where nothing but its name decides between one of these kinds, by their files, and another."""
    known = {rule.kind: rule for rule in ruleset.rules}
    for kind, path in mine.items():
        for other in known[kind].over:
            if other not in known:
                fail(path, kind, f"over names {other!r}, which is no kind", "see `offkey rules list`")
    try:
        others = Others(light(ruleset))
    except ValueError as error:
        first = next(iter(mine))
        fail(mine[first], first, f"rules go before each other in a circle: {error}", "take one of them out of over")
    for kind, path in mine.items():
        for other, example in others.alike(known[kind]).items():
            fault = f"{other} takes the same value of the example {example!r}, and nothing says which of the two it is"
            fail(path, kind, fault, f'add over = ["{other}"] where this one is right, or tighten its pattern')


def _digest(rules: tuple[Rule, ...]) -> str:
    skipped = {"examples", "counterexamples", "references", "name"}
    return digest(
        [{f.name: _plain(getattr(rule, f.name)) for f in fields(rule) if f.name not in skipped} for rule in rules]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Part):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, float):
        return f"{value:g}"
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def read(path: Path) -> tuple[Provider, list[Rule]]:
    """One rule file, ours or another scanner's. Raises RuleError."""
    return _read(path, [])[:2]


def _read(path: Path, unread: list[str]) -> tuple[Provider, list[Rule], bool]:
    """The same, and whether the file is ours. What of another scanner's cannot be said is added to `unread`."""
    data, ours = _data(path, unread)
    table = Table(path, "", data, {"provider", "console", "handover", "rule"})
    provider = Provider(
        name=table.text("provider"), console=table.text("console", ""), handover=table.text("handover", "")
    )
    rows = table.rows("rule")
    if not rows:
        fail(path, "", "holds no [[rule]]", "add one")
    return provider, [_rule(path, provider.name, row) for row in rows], ours


def text_of(path: Path) -> str:
    """The text of a rule file. Raises RuleError."""
    if path.exists() and not path.is_file():
        fail(path, "", "is no file", "name a rule file")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        fail(path, "", f"cannot be read: {error.strerror}", "check the path and its permissions")
    except UnicodeDecodeError:
        fail(path, "", "is not UTF-8 text", "save it as UTF-8")


def _data(path: Path, unread: list[str]) -> tuple[Mapping[str, Any], bool]:
    text = text_of(path)
    if path.parent != BUNDLED and (theirs := foreign.read(path, text)):
        unread += theirs.told(path)
        return theirs.data, False
    try:
        return tomllib.loads(text), True
    except tomllib.TOMLDecodeError as error:
        fail(path, "", f"is not valid TOML: {error}", "correct that line")


_RULE_KEYS = {
    "kind", "name", "pattern", "keywords", "confidence", "lone_confidence", "ownership", "references",
    "checks", "parts", "examples", "counterexamples", "context", "value", "samples", "ordinary",
    "assigned", "before", "next_line", "untried", "over",
}  # fmt: skip
_CHECK_KEYS = {"entropy", "checksum", "near", "near_lines", "reject"}
_PART_KEYS = {"name", "pattern", "within_lines", "required", "entropy"}


def _rule(path: Path, provider: str, row: Mapping[str, Any]) -> Rule:
    kind = row.get("kind") if isinstance(row.get("kind"), str) else "a rule without kind"
    table = Table(path, str(kind), row, _RULE_KEYS)
    if not _KIND.fullmatch(table.text("kind")) or not str(kind).startswith(provider + "."):
        table.fail("is no kind of this provider", f"write {provider}.<what>, in lower case with dots")
    context: Context = ()
    if "context" in row or "assigned" in row:
        row, context = (compact if "context" in row else naming).spelled_out(table)
        table = Table(path, str(kind), row, _RULE_KEYS)
    checks = Table(path, str(kind), table.table("checks"), _CHECK_KEYS)
    pattern = table.pattern("pattern")
    groups = {"secret", "id"} & set(re.compile(pattern).groupindex)
    if len(groups) != 1:
        table.fail("pattern needs one named group: secret, or id", "write (?P<secret>...) around the value")
    checksum = checks.text("checksum", "")
    if checksum and checksum not in CHECKSUMS:
        table.fail(f"unknown checksum {checksum!r}", f"use one of {', '.join(sorted(CHECKSUMS))}")
    confidence = table.choice("confidence", Confidence)
    parts = tuple(_part(path, str(kind), part) for part in table.rows("parts"))
    if len({part.name for part in parts} | groups) != len(parts) + 1:
        table.fail("two parts have one name", "give each part its own")
    rule = Rule(
        kind=table.text("kind"),
        name=table.text("name"),
        provider=provider,
        pattern=pattern,
        keywords=table.words("keywords"),
        confidence=confidence,
        ownership=table.choice("ownership", Ownership),
        entropy=checks.number("entropy"),
        checksum=checksum,
        near=checks.words("near"),
        near_lines=checks.count("near_lines", 3),
        reject=checks.words("reject"),
        parts=parts,
        lone_confidence=table.choice("lone_confidence", Confidence, Confidence.LOW),
        references=table.texts("references"),
        examples=table.texts("examples"),
        counterexamples=table.texts("counterexamples"),
        anchor=groups.pop(),
        context=context,
        over=table.texts("over"),
    )
    if not rule.keywords:
        table.fail("keywords are empty", "name a text that stands in every match: the prefilter looks for it")
    if min(len(rule.examples), len(rule.counterexamples)) < 2 and not table.flag("untried"):
        table.fail("needs two examples and two counterexamples", "show what it finds, and near misses that it must not")
    return rule


def _part(path: Path, kind: str, row: Mapping[str, Any]) -> Part:
    table = Table(path, kind, row, _PART_KEYS)
    pattern = table.pattern("pattern")
    if "secret" not in re.compile(pattern).groupindex:
        table.fail("a part's pattern needs the named group secret", "write (?P<secret>...) around the value")
    return Part(
        name=table.text("name"),
        pattern=pattern,
        within_lines=table.count("within_lines", 3),
        required=table.flag("required"),
        entropy=table.number("entropy"),
    )
