"""Rule files of Kingfisher (YAML), as drafts.

Source: https://github.com/mongodb/kingfisher/blob/main/docs/RULES.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.foreign.draft import Draft
from rules.foreign.regex import Flavour, Untranslatable, translate

Table = Mapping[str, Any]
_WORDS = {"min_digits": "digits", "min_uppercase": "capital letters", "min_lowercase": "small letters"}
_TESTS = {
    frozenset(_WORDS): "mixed",
    frozenset({"min_digits", "min_lowercase"}): "letters-and-digits",
    frozenset({"min_digits", "min_uppercase"}): "letters-and-digits",
    frozenset({"min_uppercase", "min_lowercase"}): "mixed-case",
}
_OTHERS = {
    "validation": "its validation is not carried over: offkey asks issuers by its own modules",
    "revocation": "its revocation is not carried over: offkey ends credentials by its own modules",
    "depends_on_rule": "the rules that it depends on serve its validation, and are not carried over",
}


def told(data: Any) -> bool:
    """Whether a YAML document is one of theirs."""
    rules = data.get("rules") if isinstance(data, dict) else None
    return isinstance(rules, list) and rules != [] and all(isinstance(one, dict) and "pattern" in one for one in rules)


def drafts(data: Table, lost: list[tuple[str, str]]) -> Iterator[Draft]:
    """The rules that report something. What cannot be said by our rules at all goes to `lost`."""
    for rule in data["rules"]:
        name = _text(rule, "id") or _text(rule, "name") or "a rule without id"
        if rule.get("visible") is False:
            lost.append((name, "is not reported by itself: only as a part of others"))
        elif not isinstance(rule["pattern"], str):
            lost.append((name, "has no pattern"))
        else:
            yield _draft(name, rule)


def _draft(name: str, rule: Table) -> Draft:
    notes = [words for key, words in _OTHERS.items() if rule.get(key)]
    wanted = rule.get("pattern_requirements")
    wanted = wanted if isinstance(wanted, dict) else {}
    confidence = _text(rule, "confidence")
    entropy = rule.get("min_entropy", 0)
    return Draft(
        id=name,
        name=_text(rule, "name") or name,
        pattern=rule["pattern"].strip("\n"),
        flavour=Flavour.RUST,
        group=_token(rule["pattern"]),
        entropy=float(entropy) if isinstance(entropy, int | float) else 0.0,
        reject=_strings(wanted.get("ignore_if_contains")),
        checksum=_looks(wanted, notes),
        confidence=confidence if confidence in ("low", "medium", "high") else "medium",
        references=_strings(rule.get("references")),
        examples=_strings(rule.get("examples")),
        counterexamples=_strings(rule.get("negative_examples")),
        notes=tuple(notes),
    )


def _token(pattern: str) -> int | None:
    """The group TOKEN, else the first without a name; None where only that or none is there."""
    try:
        groups = translate(pattern, Flavour.RUST).groups
    except Untranslatable:
        return None
    if "TOKEN" in groups:
        return groups.index("TOKEN") + 1
    return groups.index("") + 1 if "" in groups else None


def _looks(wanted: Table, notes: list[str]) -> str:
    """The test of ours that comes nearest to what characters a value must hold; the rest goes to `notes`."""
    least = {name: wanted.get(name) for name in _WORDS if isinstance(wanted.get(name), int) and wanted[name] > 0}
    if wanted.get("checksum"):
        notes.append("its checksum is not carried over")
    if wanted.get("min_special_chars"):
        notes.append("how many special characters a value must hold is not carried over")
    if not least:
        return ""
    test = _TESTS.get(frozenset(least), "")
    if not test:
        notes.append(f"the {' and '.join(_WORDS[name] for name in least)} that a value must hold are not asked for")
    elif any(isinstance(count, int) and count > 1 for count in least.values()):
        notes.append("of several characters of a sort that a value must hold one is asked for")
    return test


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _text(data: Table, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
