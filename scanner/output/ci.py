"""What CI and deployment configuration holds and names, for a reader at a terminal: values, references, schedules."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from offkey.found import Setting, Use
from scanner.ci.judged import LITERAL, STAND_IN
from scanner.output.printable import printable
from scanner.output.words import of_today


def render(
    settings: Sequence[Setting], names: Sequence[Use], schedules: Sequence[Use], *, shown: Collection[str]
) -> RenderableType:
    """Values that stand in configuration, then what it names, then what runs by the clock; one line a job and name.

    `shown` are the fingerprints of the findings that the reader sees.
    """
    blocks: list[RenderableType] = [_held(settings, shown), Text()]
    blocks += [_uses("References: secrets that CI and deployment name", names)]
    if schedules:
        blocks += [Text(), _uses("What runs by the clock", schedules)]
    return Group(*blocks, Text())


def _held(settings: Sequence[Setting], shown: Collection[str]) -> Text:
    """The values of branch tips, grouped by file; of stand-ins and of history alone only how many there are."""
    text = Text("Literals: credentials that stand in CI and deployment configuration", style="bold")
    today = [one for one in settings if one.use.present and one.form != STAND_IN]
    _grouped(text, ((one.use, _value(one, shown)) for one in today))
    if not today:
        text.append("\n  none", style="not bold")
    history = sum(not one.use.present and one.form != STAND_IN for one in settings)
    stand_ins = sum(one.form == STAND_IN for one in settings)
    for number, what in (
        (history, "value in history alone"),
        (stand_ins, "placeholder, which a manual or anybody has"),
    ):
        if number:
            noun, comma, rest = what.partition(",")
            noun = noun if number == 1 else noun.replace("value", "values").replace("placeholder", "placeholders")
            text.append(f"\n  and {number} {noun}{comma}{rest}; --format json lists them all", style="not bold dim")
    return text


def _value(one: Setting, shown: Collection[str]) -> str:
    """`DB_PASSWORD …(12) literal, told by its name alone`."""
    if one.form != LITERAL:
        return f"{one.use.name}  {one.form} ({one.how})"
    kinds = sorted({kind for kind, print_ in one.findings if print_ in shown})
    hidden = sorted({kind for kind, _ in one.findings})
    why = "told by its name alone"
    if hidden:
        why = f"a finding of {', '.join(kinds)}" if kinds else f"a finding that is not shown, of {', '.join(hidden)}"
    return f"{one.use.name}  {one.redacted} {one.form}, {why}"


def _uses(title: str, uses: Sequence[Use]) -> Text:
    """The uses of branch tips, grouped by file; of those in history alone only how many there are."""
    text = Text(title, style="bold")
    today = of_today(uses)
    _grouped(text, ((use, use.name or "schedule") for use in today))
    left = len(uses) - len(today)
    if left:
        what = f"{left} use{'' if left == 1 else 's'} in history alone"
        text.append(f"\n  and {what}; --format json lists them all", style="not bold dim")
    if not uses:
        text.append("\n  none", style="not bold")
    return text


def _grouped(text: Text, rows: Iterable[tuple[Use, str]]) -> None:
    """Add the rows under their files, each once, with the job, when that runs and who last changed it."""
    for (repo, path), group in groupby(rows, key=lambda row: (row[0].repo, row[0].path)):
        text.append(f"\n  {printable(f'{repo}: {path}')}", style="not bold")
        lines: dict[str, None] = {}
        for use, told in group:
            job = " / ".join(filter(None, (use.job, use.step, use.environment and f"environment {use.environment}")))
            one = use.changed
            who = f", last changed by {one.name} <{one.email}> on {one.at:%Y-%m-%d}" if one else ""
            when = f" on {', '.join(use.when)}" if use.when else ""
            lines[f"{told}  {job}{when}{who}"] = None
        for line in lines:
            text.append(f"\n    {printable(line)}", style="not bold")
