"""What a tool's report is worth.

A credential is found if the tool reports something on a line on which it stands; any one line of several. A text
without a credential is a false alarm if the tool reports anything in it, wherever. What else a tool reports in a file
with a credential counts neither for nor against it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from benchmarks.detection.corpus import Text
from benchmarks.detection.tools import Places

BY: dict[str, Callable[[Text], str]] = {
    "shape": lambda text: text.form,
    "provider": lambda text: text.source,
    "class": lambda text: text.group,
    "kind": lambda text: f"{text.source}.{text.kind}" if text.kind else text.source,
}


@dataclass
class Count:
    """So many texts, and in so many of them something was reported where it counts."""

    texts: int = 0
    reported: int = 0

    @property
    def share(self) -> float:
        return self.reported / self.texts if self.texts else 0.0

    def add(self, reported: bool) -> None:
        self.texts += 1
        self.reported += reported


def _reported(text: Text, lines: set[int]) -> bool:
    return bool(lines & text.lines) if text.label == "credential" else bool(lines)


def hits(texts: Iterable[Text], places: Places) -> dict[int, bool]:
    """`reported` of each text by its number."""
    lines: dict[int, set[int]] = {}
    for number, line in places:
        lines.setdefault(number, set()).add(line)
    return {text.number: _reported(text, lines.get(text.number, set())) for text in texts}


def counts(texts: Iterable[Text], found: Mapping[int, bool], by: str = "") -> dict[str, dict[str, Count]]:
    """Counts by label, and within it by `BY[by]` (or all together under "")."""
    told: dict[str, dict[str, Count]] = {}
    for text in texts:
        name = BY[by](text) if by else ""
        told.setdefault(text.label, {}).setdefault(name, Count()).add(found[text.number])
    return told


def summary(texts: list[Text], found: Mapping[int, bool]) -> dict[str, dict[str, float | int]]:
    """Of each split and label the number of texts, of those reported, and their share."""
    told: dict[str, dict[str, float | int]] = {}
    for split in ("tune", "report", "later", "all"):
        these = [text for text in texts if split in (text.split, "all")]
        for label, named in counts(these, found).items():
            count = named[""]
            told[f"{split} {label}"] = {
                "texts": count.texts, "reported": count.reported, "share": round(count.share, 4),
            }  # fmt: skip
    return told
