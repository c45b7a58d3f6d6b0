"""Rule files of gitleaks and betterleaks, as drafts.

Sources: https://github.com/gitleaks/gitleaks#configuration and, for what betterleaks adds,
https://github.com/betterleaks/betterleaks/blob/main/docs/config.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules.foreign import filters
from rules.foreign.draft import FAR, Draft, Need
from rules.foreign.regex import Flavour

Table = Mapping[str, Any]
Lost = tuple[str, str]
"""A rule's id ("" for the file as a whole) and what of it is not carried over."""


def told(data: Table) -> bool:
    """Whether a TOML document is one of theirs."""
    rules = data.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and _text(rule, "id") for rule in rules):
        return False
    return any(_text(rule, "regex") or _text(rule, "path") for rule in rules)


def drafts(data: Table, lost: list[Lost]) -> Iterator[Draft]:
    """The rules that have a pattern. What cannot be said by our rules at all goes to `lost`."""
    rules = [rule for rule in data["rules"] if isinstance(rule, dict)]
    known = {str(rule["id"]): rule for rule in rules}
    lost += _of_file(data)
    everywhere = _allowlists(data, "allowlists", "allowlist")
    common = filters.read(_text(data, "filter"))
    lost += [("", f"the filter of all rules: {left}") for left in common.left]
    for rule in rules:
        name = str(rule["id"])
        if not _text(rule, "regex"):
            lost.append((name, "finds files by their path, not values" if rule.get("path") else "has no pattern"))
        elif rule.get("skipReport") is True:
            lost.append((name, "is not reported by itself: only as a part of others"))
        else:
            global_words = [words for words, of in everywhere if not of or name in of]
            yield _draft(rule, known, (*common.reject, *(word for one in global_words for word in one)), common.entropy)


def _draft(rule: Table, known: Mapping[str, Table], reject: Sequence[str], entropy: float) -> Draft:
    notes = []
    own = filters.read(_text(rule, "filter"))
    notes += [f"its filter is not carried over: {left}" for left in own.left]
    if rule.get("path"):
        notes.append("it is for some paths only, which our rules cannot say: it looks everywhere, with low confidence")
    if _text(rule, "validate"):
        notes.append("its validation is not carried over: offkey asks issuers by its own modules")
    if "specificity" in rule:
        notes.append("its specificity is not carried over")
    words = list(reject)
    for allowed in _tables(rule, "allowlists", "allowlist"):
        words += _stopwords(allowed, notes)
    group = rule.get("secretGroup")
    return Draft(
        id=str(rule["id"]),
        name=_text(rule, "description"),
        pattern=_text(rule, "regex"),
        flavour=Flavour.RE2,
        group=group if isinstance(group, int) and group > 0 else None,
        entropy=max(_number(rule.get("entropy")), own.entropy, entropy),
        keywords=_strings(rule.get("keywords")),
        reject=(*words, *own.reject),
        confidence="low" if rule.get("path") else "medium",
        needs=tuple(_needs(rule, known, notes)),
        notes=tuple(notes),
    )


def _needs(rule: Table, known: Mapping[str, Table], notes: list[str]) -> Iterator[Need]:
    for number, need in enumerate((*_rows(rule, "required"), *_rows(rule, "components"))):
        other = known.get(_text(need, "id"))
        lines = need.get("withinLines")
        if other is None or not _text(other, "regex"):
            notes.append(f"the rule {_text(need, 'id')} that it needs, too, is not in this file: it is not asked for")
            continue
        if "withinColumns" in need or "withinColumn" in need:
            notes.append(f"how many columns {need['id']} may be away is not carried over")
        within = lines if isinstance(lines, int) and 0 <= lines <= FAR else FAR
        if within != lines:
            notes.append(f"{need['id']} must stand within {FAR} lines")
        group = other.get("secretGroup")
        yield Need(
            name=f"part_{number + 1}",
            pattern=_text(other, "regex"),
            within_lines=within,
            group=group if isinstance(group, int) else 0,
            required=need.get("optional") is not True,
        )


def _of_file(data: Table) -> list[Lost]:
    found = []
    extend = data.get("extend")
    if isinstance(extend, dict):
        if extend.get("useDefault"):
            found.append(("", "the tool's own rules, which the file builds on: offkey has its own"))
        if other := _text(extend, "path") or _text(extend, "url"):
            found.append(("", f"the file that this one builds on, {other}: name it, too"))
        if extend.get("disabledRules"):
            found.append(("", "which of the tool's own rules are switched off"))
    if _text(data, "prefilter"):
        found.append(("", "the prefilter, which leaves out paths and commits"))
    for allowed in _tables(data, "allowlists", "allowlist"):
        notes: list[str] = []
        _stopwords(allowed, notes)
        found += [("", note) for note in notes]
    return found


def _allowlists(data: Table, *names: str) -> list[tuple[list[str], tuple[str, ...]]]:
    """The stop words of each list for all rules, and for which rules it is (none: all)."""
    return [(_stopwords(allowed, []), _strings(allowed.get("targetRules"))) for allowed in _tables(data, *names)]


def _stopwords(allowed: Table, notes: list[str]) -> list[str]:
    """Texts of which any in a value excuses it. What else the list says goes to `notes`."""
    criteria = [name for name in ("commits", "paths", "regexes", "stopwords") if allowed.get(name)]
    if (_text(allowed, "condition") or "OR").upper() in ("AND", "&&") and len(criteria) > 1:
        notes.append(f"an allowlist that wants {' and '.join(criteria)} at once is not carried over")
        return []
    words = list(_strings(allowed.get("stopwords")))
    for pattern in _strings(allowed.get("regexes")):
        word = filters.plain(pattern) if allowed.get("regexTarget", "secret") in ("secret", "") else ""
        if word:
            words.append(word)
        else:
            notes.append(f"the allowlist's pattern {pattern!r} is not carried over")
    for name in ("commits", "paths"):
        if allowed.get(name):
            notes.append(f"the allowlist's {name} are not carried over: see baselines in docs/ecosystem.md")
    return words


def _tables(data: Table, *names: str) -> list[Table]:
    return [row for name in names for row in _rows(data, name)]


def _rows(data: Table, name: str) -> list[Table]:
    found = data.get(name, [])
    found = [found] if isinstance(found, dict) else found
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _text(data: Table, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
