"""The scores in words: Markdown tables, and the lists to work by."""

from collections.abc import Mapping
from typing import Any

from benchmarks.detection.corpus import Text
from benchmarks.detection.score import Count

_LABELS = ("credential", "plain", "near")


def scores(told: Mapping[str, Any], splits: tuple[str, ...]) -> str:
    """One row for a tool and split: found, false alarms in plain texts and in near misses."""
    lines = [
        "| | split | found | false alarms: plainly not secrets | near misses | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for tool, result in told["tools"].items():
        for split in splits:
            cells = [_share(result["scores"].get(f"{split} {label}")) for label in _LABELS]
            lines.append(f"| {tool} | {split} | {' | '.join(cells)} | {result['seconds']:.0f} |")
    return "\n".join(lines) + "\n"


def _share(one: Mapping[str, float] | None) -> str:
    return f"{one['share']:.1%} ({one['reported']} of {one['texts']})" if one else "none"


def by(counts: Mapping[str, Mapping[str, Count]], what: str) -> str:
    """Tables by shape, provider, class or kind: the worst first."""
    blocks = []
    for label, named in counts.items():
        worst = sorted(named.items(), key=lambda row: (row[1].share * (1 if label == "credential" else -1), row[0]))
        rows = [f"| {name} | {one.reported} | {one.texts} | {one.share:.0%} |" for name, one in worst]
        blocks.append("\n".join([f"| {label} by {what} | reported | texts | share |", "|---|---|---|---|", *rows]))
    return "\n\n".join(blocks) + "\n"


def wrong(texts: list[Text], found: Mapping[int, bool], number: int, *, values: bool) -> str:
    """The first so many credentials that were missed and texts that raised a false alarm, one a line.

    With `values` the whole text follows: its credentials are random and open nothing.
    """
    missed = [text for text in texts if text.label == "credential" and not found[text.number]][:number]
    alarms = [text for text in texts if text.label != "credential" and found[text.number]][:number]
    rows = []
    for title, these in (("missed", missed), ("false alarm", alarms)):
        for text in these:
            rows.append(f"{title}: {text.number:05}/{text.path} [{text.source} {text.kind} {text.form} {text.split}]")
            if values:
                rows += [f"    {line}" for line in text.text.splitlines()]
    return "\n".join(rows) + "\n"
