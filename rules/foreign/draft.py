"""What another scanner's rule says, before it is one of ours; and the making of ours, with what was lost on the way."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from offkey.found import Confidence, Ownership
from rules.checks import accepts
from rules.foreign.regex import BOUNDS, Flavour, Translated, Untranslatable, translate
from rules.foreign.sample import sample
from rules.foreign.words import LEAST, fixed, related
from rules.light import LightRule, lighten
from rules.match import find
from rules.reading import MAX_WIDTH, traits
from rules.rule import Part, Rule

FAR = 100
"""Lines around a value in which a word is looked for that others look for in the whole file."""
_SAMPLES = 40
_LEADING = re.compile(r"\A((?:\(\?[a-z]+\))*)(?:\[(?:[^\]\\\[]|\\.)+\]|\\[wWsSdD])(?:\*|\?|\{0,\d*\})\??")
"""What may, but need not stand before all else: without it the same values are found, in a fiftieth of the time."""


class NotCarried(ValueError):
    """Why a rule cannot be one of ours."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """A pattern that must be found, too."""

    name: str
    pattern: str
    within_lines: int
    group: int = 0
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A rule as its file says it. `group` numbers the capturing group of the value; None: as the tool chooses.

    `notes` say what of it is not carried over, in plain words.
    """

    id: str
    name: str
    pattern: str
    flavour: Flavour
    group: int | None = None
    entropy: float = 0.0
    keywords: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    checksum: str = ""
    confidence: str = "medium"
    needs: tuple[Need, ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Carried:
    """A rule of ours as a table of a rule file, and what of the other's it does not say."""

    kind: str
    row: Mapping[str, Any]
    notes: tuple[str, ...]
    draft: Draft
    bound: int

    @property
    def rule(self) -> LightRule:
        return lighten(rule_of(self.row))


def carry(draft: Draft, kind: str, bounds: Sequence[int] = BOUNDS) -> Carried:
    """The rule of ours with the widest of the bounds that is possible. Raises NotCarried."""
    whole = _translated(draft.pattern, draft.flavour)
    group, notes = _group(draft, whole)
    if group and (shorter := _LEADING.sub(r"\1", draft.pattern)) != draft.pattern:
        whole = _translated(shorter, draft.flavour)
    bound, pattern = _bounded(whole, group, bounds)
    if whole.endless:
        notes.append(f"repeats without an end are bounded at {bound}")
    keywords, near = _words(draft, pattern.encode(), notes)
    checks: dict[str, Any] = {"entropy": min(8.0, draft.entropy)} if draft.entropy > 0 else {}
    if near:
        checks |= {"near": list(near), "near_lines": FAR}
    if draft.reject:
        checks["reject"] = sorted({word.lower() for word in draft.reject if word})
    if draft.checksum:
        checks["checksum"] = draft.checksum
    row: dict[str, Any] = {
        "kind": kind,
        "name": draft.name.strip() or draft.id,
        "pattern": pattern,
        "keywords": list(keywords),
        # What nobody tried here does not push aside a rule that somebody did.
        "confidence": "low" if draft.confidence == "low" else "medium",
        "ownership": "unknown",
        "untried": True,
    }
    row |= {"references": list(draft.references)} if draft.references else {}
    row |= {"checks": checks} if checks else {}
    row |= {"parts": [_part(need, draft.flavour, bounds) for need in draft.needs]} if draft.needs else {}
    _find_one(row)
    row = _with_examples(row, draft, notes)
    return Carried(kind, row, (*draft.notes, *notes), draft, bound if whole.endless else 0)


def _translated(pattern: str, flavour: Flavour) -> Translated:
    try:
        return translate(pattern, flavour)
    except Untranslatable as error:
        raise NotCarried(f"its pattern is {flavour}: {error}") from None


def _group(draft: Draft, whole: Translated) -> tuple[int, list[str]]:
    count = len(whole.groups)
    if draft.group is not None:
        if draft.group > count:
            raise NotCarried(f"its value is in group {draft.group}, and the pattern has {count}")
        return draft.group, []
    if count > 1:
        return 1, ["the first of its groups is taken for the value"]
    return min(1, count), []


def _bounded(whole: Translated, group: int, bounds: Sequence[int]) -> tuple[int, str]:
    """The widest pattern of those that may be, and its bound."""
    for bound in bounds:
        pattern = whole.pattern(group, bound)
        try:
            re.compile(pattern.encode("ascii"))
            width = traits(pattern.encode("ascii"))[0]
        except (re.error, OverflowError, RecursionError, UnicodeEncodeError) as error:
            raise NotCarried(f"its pattern is none for Python's re: {error}") from None
        if width <= MAX_WIDTH:
            return bound, pattern
    raise NotCarried(f"a match of its pattern may span more than {MAX_WIDTH} bytes, however its repeats are bounded")


def _words(draft: Draft, pattern: bytes, notes: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keywords, and near words: texts that need not stand in the match, as other scanners' keywords need not."""
    found = tuple(word.decode("latin-1") for word in fixed(pattern) if word.isascii())
    named = tuple(dict.fromkeys(word.lower() for word in draft.keywords if word))
    told = [word for word in named if word.isascii()]
    if not named:
        if not found:
            raise NotCarried(f"no text of {LEAST} bytes stands in each of its matches, and it names no keyword")
        return found, ()
    if found and related(pattern, [word.encode() for word in told]):
        return found, ()
    if len(told) < len(named):
        raise NotCarried("a keyword holds a character beyond ASCII")
    notes.append(f"one of its keywords must stand within {FAR} lines of the value, not anywhere in the file")
    return found or named, named


def _part(need: Need, flavour: Flavour, bounds: Sequence[int]) -> dict[str, Any]:
    whole = _translated(need.pattern, flavour)
    _, pattern = _bounded(whole, need.group or min(1, len(whole.groups)), bounds)
    return {"name": need.name, "pattern": pattern, "within_lines": need.within_lines, "required": need.required}


def rule_of(row: Mapping[str, Any]) -> Rule:
    """The rule that a table says, without its examples."""
    checks, provider = row.get("checks", {}), str(row["kind"]).partition(".")[0]
    parts = tuple(
        Part(
            name=part["name"],
            pattern=part["pattern"].encode(),
            within_lines=part["within_lines"],
            required=part["required"],
            entropy=0.0,
        )
        for part in row.get("parts", ())
    )
    return Rule(
        kind=row["kind"],
        name=row["name"],
        provider=provider,
        pattern=row["pattern"].encode(),
        keywords=tuple(word.encode() for word in row["keywords"]),
        confidence=Confidence(row["confidence"]),
        ownership=Ownership.UNKNOWN,
        entropy=checks.get("entropy", 0.0),
        checksum=checks.get("checksum", ""),
        near=tuple(word.encode() for word in checks.get("near", ())),
        near_lines=checks.get("near_lines", 3),
        reject=tuple(word.encode() for word in checks.get("reject", ())),
        parts=parts,
        lone_confidence=Confidence.LOW,
        references=(),
        examples=(),
        counterexamples=(),
        anchor="secret",
    )


def _find_one(row: Mapping[str, Any]) -> None:
    """Raises NotCarried where the rule finds none of many texts that were made to fit its pattern.

    Its words, its value or its pattern would then not be what the other scanner means. Checks on a value's looks are
    left out: what is made by chance may well fail them.
    """
    rule = lighten(rule_of(row))._replace(entropy=0.0, checksum="", reject=(), parts=())
    chance = random.Random(str(row["kind"]))  # noqa: S311  the same texts each time
    before = b"".join(word + b" " for word in rule.near[:1])
    for _ in range(_SAMPLES):
        text = before + b" " + sample(rule.pattern, chance) + b" "
        hit = re.search(rule.pattern, text)
        # A stand-in by our own measure is no sign against a rule: what is made by chance may be one.
        if hit and hit["secret"] and (find(rule, text) or not accepts(hit["secret"])):
            return
    raise NotCarried("no text was found that its pattern fits")


def _with_examples(row: Mapping[str, Any], draft: Draft, notes: list[str]) -> dict[str, Any]:
    """The row with those of the file's examples that hold here, too."""
    rule = lighten(rule_of(row))
    good = [text for text in draft.examples if find(rule, text.encode())]
    bad = [text for text in draft.counterexamples if not find(rule, text.encode())]
    if missed := len(draft.examples) - len(good):
        notes.append(f"{missed} of its {len(draft.examples)} examples are not found here")
    if missed := len(draft.counterexamples) - len(bad):
        notes.append(f"{missed} of its {len(draft.counterexamples)} counter-examples are found here")
    told = {"examples": good, "counterexamples": bad}
    made = {**row, **{key: texts for key, texts in told.items() if texts}}
    if len(good) >= 2 and len(bad) >= 2:
        del made["untried"]
    return made


def narrower(carried: Carried) -> Carried | None:
    """The same rule with the next bound for its endless repeats; None where there is none left."""
    less = tuple(bound for bound in BOUNDS if bound < carried.bound)
    if not less:
        return None
    try:
        return carry(carried.draft, carried.kind, less)
    except NotCarried:
        return None


def with_note(draft: Draft, *notes: str) -> Draft:
    """The draft with more to say."""
    return replace(draft, notes=(*draft.notes, *notes))
