"""Findings for a reader at a terminal: grouped by kind, one row a credential, the gaps after them.

Everything that came from a repository passes `printable`, so that no path or name can drive the terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from offkey.found import Authorship, Confidence, Finding, Gap, Place
from scanner.artefacts.steps import inside
from scanner.output.formats import Reasoned, Secrets
from scanner.output.printable import printable
from scanner.output.words import brief, of_today

NARROW = 100
"""Columns of a terminal below which a credential is shown as a block of lines instead of a row."""
_PLACES = 3
_STYLE = {Confidence.HIGH: "bold red", Confidence.MEDIUM: "yellow", Confidence.LOW: "dim"}
_RANK = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


@dataclass(frozen=True)
class _Look:
    """What of each finding is shown."""

    explain: bool
    name_repo: bool
    secrets: Secrets = field(default_factory=dict)
    reasons: Reasoned = field(default_factory=dict)


def render(
    findings: Sequence[Finding],
    gaps: Sequence[Gap],
    *,
    names: Mapping[str, str],
    width: int,
    explain: bool = False,
    secrets: Secrets | None = None,
    reasons: Reasoned | None = None,
) -> RenderableType:
    """What rich prints. `names` maps a kind to its title; `width` is the terminal's, in columns."""
    blocks: list[RenderableType] = []
    ordered = sorted(findings, key=lambda finding: (_RANK[finding.confidence], finding.kind))
    repos = {place.repo for finding in findings for place in finding.places}
    look = _Look(explain, len(repos) > 1, secrets or {}, reasons or {})
    for kind, group in groupby(ordered, key=lambda finding: finding.kind):
        rows = list(group)
        title = Text(names.get(kind, kind), style="bold")
        title.append(f"  {kind}, {len(rows)}", style="dim")
        blocks += [title, _block(rows, width, look), Text()]
    if gaps:
        blocks += [_gaps(gaps), Text()]
    return Group(*blocks)


def summary(findings: Sequence[Finding], gaps: Sequence[Gap], examined: Mapping[str, int]) -> Text:
    """One line: how many, how many of them new, and over what; `examined` counts by singular noun."""
    new = sum(finding.new for finding in findings)
    text = Text(_count(len(findings), "credential"), style="bold red" if findings else "bold green")
    text.append(f" ({new} new)" if 0 < new < len(findings) else "")
    what = ", ".join(f"{number:,} {noun}{'' if number == 1 else 's'}" for noun, number in examined.items() if number)
    text.append(f" in {what}" if what else "", style="not bold default")
    if gaps:
        text.append(f"; {_count(len(gaps), 'gap')} could not be looked at", style="yellow")
    return text


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _block(findings: Sequence[Finding], width: int, look: _Look) -> RenderableType:
    if width < NARROW or look.secrets:  # a value must stay in one piece to be of use
        return Group(*(Padding(_stacked(one, look), (0, 0, 0, 2), expand=False) for one in findings))
    rows: list[RenderableType] = []
    for finding in findings:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, expand=True, pad_edge=False)
        table.add_column(width=2)
        for ratio in (3, 6, 4):
            table.add_column(ratio=ratio, overflow="fold")
        table.add_row("", _value(finding, look.secrets), _places(finding, look), _who(finding))
        rows.append(table)
        if (look.explain or finding.usage) and (evidence := _evidence(finding, look)):
            rows.append(Padding(evidence, (0, 0, 0, 8), expand=False))
    return Group(*rows)


def _stacked(finding: Finding, look: _Look) -> RenderableType:
    below = [
        _places(finding, look),
        _who(finding),
        *([_evidence(finding, look)] if look.explain or finding.usage else []),
    ]
    parts: list[RenderableType] = [
        _value(finding, look.secrets),
        *(Padding(text, (0, 0, 0, 2), expand=False) for text in below),
    ]
    return Group(*parts)


def _value(finding: Finding, secrets: Secrets) -> Text:
    text = Text(printable(finding.redacted), style=_STYLE[finding.confidence])
    text.append(f" {finding.confidence.value}", style="dim")
    if finding.new:
        text.append(" new", style="cyan")
    for name, part in secrets.get(finding.fingerprint, {}).items():
        shown = printable(part.reveal().decode("utf-8", "backslashreplace"))
        text.append(f"\n{name}: {shown}", style="reverse")
    return text


def _places(finding: Finding, look: _Look) -> Text:
    text = Text()
    ordered = sorted(finding.places, key=lambda place: not place.present)
    shown = ordered if look.explain else ordered[:_PLACES]
    for number, place in enumerate(shown):
        text.append("\n" if number else "")
        text.append_text(_place(place, look.name_repo))
    if len(ordered) > len(shown):
        text.append(f"\nand {_count(len(ordered) - len(shown), 'more place')}", style="dim")
    return text


def _place(place: Place, name_repo: bool) -> Text:
    repo = place.repo.rstrip("/").rpartition("/")[2] + ": " if name_repo else ""
    path, steps = inside(place.path, place.decoding) if place.path else (f"{place.object_type} {place.object[:10]}", ())
    text = Text(printable(f"{repo}{path}:{place.line}"), style="" if place.present else "dim")
    where = [] if place.present else [place.reach.value]
    where += [place.commit[:10]] if place.commit and not place.present else []
    where += list(steps if place.path else place.decoding)
    text.append(f"  {printable(' '.join(where))}" if where else "", style="dim italic")
    return text


def _who(finding: Finding) -> Text:
    one = finding.introduced
    if one is None:
        return Text("not committed" if not any(place.commit for place in finding.places) else "", style="dim")
    text = Text("brought in by ", style="dim")
    text.append(_name(one), style="not dim")
    if one.person:
        text.append(f" = {printable(one.person)}", style="not dim magenta")
    text.append(f"\n{one.at:%Y-%m-%d} with {one.commit[:10]}")
    return text


def _name(one: Authorship) -> str:
    return printable(f"{one.name} <{one.email}>")


def _evidence(finding: Finding, look: _Look) -> Text:
    """Why it is held to be so, and (all of it, or what stands in a branch tip) where it is used."""
    used = finding.usage if look.explain else of_today(finding.usage)
    shown = used if look.explain else used[:_PLACES]
    lines = [f"used in {line}" for line in brief(shown, len(shown))]
    if len(used) > len(shown):
        lines.append(f"and {_count(len(used) - len(shown), 'more use')}")
    if not look.explain:
        return Text("\n".join(printable(line) for line in lines), style="italic")
    below = tuple(f"commit {one.commit[:12]} carries it" for one in finding.carried)
    lines = [f"because {line}" for line in finding.evidence if not line.startswith(below)] + lines
    lines = [f"credential: {line}" for line in look.reasons.get(finding.fingerprint, ())] + lines
    author, committer = finding.introduced, finding.committer
    if committer and (author is None or _name(committer) != _name(author)):
        lines.append(f"committed by {_name(committer)}")
    lines += [f"with {_name(one)}" for one in finding.coauthors]
    lines += [f"carried by {_name(one)}, {one.kind or 'again'} in {one.commit[:10]}" for one in finding.carried]
    return Text("\n".join(printable(line) for line in lines), style="italic")


def _gaps(gaps: Sequence[Gap]) -> RenderableType:
    """Gaps of one reason together: a snapshot may lack hundreds of objects for the same one."""
    text = Text("Could not be looked at", style="bold yellow")
    ordered = sorted(gaps, key=lambda gap: (gap.why, gap.advice))
    for (why, advice), group in groupby(ordered, key=lambda gap: (gap.why, gap.advice)):
        places = [printable(gap.where) for gap in group]
        text.append(f"\n  {printable(why)}", style="not bold")
        for place in places[:_PLACES]:
            text.append(f"\n    {place}", style="not bold")
        if len(places) > _PLACES:
            text.append(f"\n    and {len(places) - _PLACES} more; --format json lists them all", style="not bold")
        text.append(f"\n    -> {printable(advice)}" if advice else "", style="not bold dim")
    return text
