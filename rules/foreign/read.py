"""One rule file of another scanner, recognised by what it holds, as tables of a rule file of ours."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.foreign import gitleaks, kingfisher
from rules.foreign.draft import Carried, Draft, NotCarried, carry, narrower
from rules.foreign.gitleaks import Lost
from rules.foreign.trial import slow
from rules.light import IMPORTED
from rules.reading import fail

PROVIDER = IMPORTED[:-1]
"""The provider of rules that were taken over from another scanner's file, unless another one is named."""
LARGEST = 16 << 20
"""Bytes of a rule file."""
_YAML = re.compile(r"^[\"']?rules[\"']?\s*:", re.MULTILINE)
_HANDOVER = (
    "Found by a rule taken over from another scanner, and offkey has no revoker for it: ask whoever made that rule "
    "which service issues it, have it ended there, then remove it from the code."
)


@dataclass(frozen=True)
class Imported:
    """What a file of a `tool` became. `lost` are the rules, and settings of the file, that are not carried over."""

    tool: str
    provider: str
    carried: tuple[Carried, ...]
    lost: tuple[Lost, ...]

    @property
    def data(self) -> dict[str, Any]:
        """What our own rule file would hold."""
        head = {"provider": self.provider} | ({"handover": _HANDOVER} if self.provider == PROVIDER else {})
        return {**head, "rule": [dict(one.row) for one in self.carried]}

    def told(self, path: Path) -> list[str]:
        """One line on the rules that are not carried over; none where all are."""
        if not (count := len(self.missing)):
            return []
        total = count + len(self.carried)
        return [f"{path}: {count} of {total} rules of {self.tool} are not carried over: `offkey rules import` says why"]

    @property
    def missing(self) -> tuple[Lost, ...]:
        """The rules that are not carried over at all."""
        return tuple(one for one in self.lost if one[0])


def read(path: Path, text: str, provider: str = PROVIDER) -> Imported | None:
    """The rules in a file's text; None for one that is no other scanner's. Raises RuleError for what cannot be read.

    A pattern that hostile text makes slow is narrowed, and left out where that does not help.
    """
    if len(text) > LARGEST:
        fail(path, "", f"is larger than {LARGEST >> 20} MiB", "name a rule file")
    data = _data(path, text)
    lost: list[Lost] = []
    if isinstance(data, dict) and gitleaks.told(data):
        theirs = "betterleaks" if _of_betterleaks(data) else "gitleaks"
        found = list(gitleaks.drafts(data, lost))
    elif kingfisher.told(data):
        theirs, found = "Kingfisher", list(kingfisher.drafts(data, lost))
    else:
        return None
    carried = _tried(list(_carried(found, provider, lost)), lost)
    return Imported(theirs, provider, tuple(carried), tuple(lost))


def _data(path: Path, text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        if path.suffix.lower() not in (".yml", ".yaml") and not _YAML.search(text):
            return {}
    import yaml  # no file of ours is YAML

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  a safe loader
    except (yaml.YAMLError, RecursionError) as error:
        fail(path, "", f"is neither TOML nor YAML: {' '.join(str(error).split())[:200]}", "correct that line")


def _of_betterleaks(data: Mapping[str, Any]) -> bool:
    words = {"filter", "prefilter", "betterleaksMinVersion"}
    return bool(words & set(data)) or any({"filter", "validate", "components"} & set(rule) for rule in data["rules"])


def _carried(found: Sequence[Draft], provider: str, lost: list[Lost]) -> Iterator[Carried]:
    taken: set[str] = set()
    for draft in found:
        kind = _kind(provider, draft.id, taken)
        try:
            yield carry(draft, kind)
        except NotCarried as error:
            lost.append((draft.id, str(error)))
        else:
            taken.add(kind)


def _kind(provider: str, name: str, taken: set[str]) -> str:
    """`provider.name` in the form of kinds, with a number behind it where two rules would have one."""
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "rule"
    base = kind = f"{provider}.{words if words[0].isalpha() else 'rule_' + words}"
    number = 2
    while kind in taken:
        kind, number = f"{base}_{number}", number + 1
    return kind


def _tried(carried: list[Carried], lost: list[Lost]) -> list[Carried]:
    """The rules that hostile text does not make slow, those that it would with tighter bounds."""
    asked = list(range(len(carried)))
    gone: set[int] = set()
    while asked:
        heavy = [asked[number] for number in sorted(slow([carried[number].rule for number in asked]))]
        asked = []
        for number in heavy:
            if (less := narrower(carried[number])) is None:
                gone.add(number)
                lost.append((carried[number].draft.id, "its pattern is slow on text made to make it slow"))
            else:
                carried[number] = less
                asked.append(number)
    return [one for number, one in enumerate(carried) if number not in gone]
