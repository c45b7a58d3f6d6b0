"""Markdown of the scenarios and of their scores."""

from collections.abc import Mapping
from typing import Any

from benchmarks.attribution.catalogue import SCENARIOS

BEGIN, END = "<!-- scenarios: python docs/refresh.py -->\n", "<!-- end of scenarios -->\n"


def renewed(page: str) -> str:
    """A page with the stories as they are between BEGIN and END."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("the page has no place for the scenarios")
    return f"{before}{BEGIN}\n{stories()}\n{END}{after}"


def stories() -> str:
    """All scenarios with their stories, a table for each group."""
    blocks = []
    for group in dict.fromkeys(one.group for one in SCENARIOS.values()):
        rows = [f"| {one.name} | {one.story} |" for one in SCENARIOS.values() if one.group == group]
        blocks.append(
            "\n".join([f"### {group.capitalize()} ({len(rows)})", "", "| scenario | story |", "|---|---|", *rows])
        )
    return "\n\n".join(blocks) + "\n"


def scores(told: Mapping[str, Any]) -> str:
    """Totals of a result of `python -m benchmarks.attribution`, then each scenario that not all got right."""
    tools = [*told["totals"]]
    columns = ("right", "right_author_and_commit", "among", "nobody", "wrong", "missed")
    lines = [
        "| | right author | and right commit | among several | nobody named | wrong | missed |",
        "|---|" + "---|" * 6,
    ]
    lines += [f"| {tool} | " + " | ".join(str(told["totals"][tool][one]) for one in columns) + " |" for tool in tools]
    lines += ["", "| scenario | " + " | ".join(tools) + " |", "|---|" + "---|" * len(tools)]
    for name, row in told["scenarios"].items():
        cells = [_cell(row["scores"][tool]) for tool in tools]
        if set(cells) != {"right"}:
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(one: Mapping[str, Any]) -> str:
    grade = str(one["grade"])
    return grade if grade != "right" or one["right_commit"] else "right, other commit"
