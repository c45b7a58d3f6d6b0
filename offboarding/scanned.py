"""A finished scan on its way to the reader: in the format asked for, to the screen or a private file."""

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from offboarding.ui import UI
from offkey.errors import OffkeyError, UsageError
from offkey.found import Finding, Gap, Place, Setting, Use
from offkey.secret import Secret
from rules import RuleSet
from scanner.matching.encoding import decoded
from scanner.output import formats
from scanner.output.printable import printable
from scanner.scan import ScanResult

if TYPE_CHECKING:
    from rich.console import Console

    from scanner.pipelines.used import Used

FILE_WIDTH = 120
"""Columns of a table that is written to a file."""
_WITHOUT_GAPS = frozenset({"jsonl", "csv"})
_WITH_REASONS = frozenset({"table", "json", "jsonl"})


@dataclass(frozen=True)
class Scanned:
    """A scan's result, and what it takes to read a value again: `clones` leads from a URL to its temporary mirror.

    `used` is what CI configuration names, where it was read.
    """

    result: ScanResult
    clones: Mapping[str, Path]
    stdin: bytes
    used: "Used | None" = None
    _last: dict[tuple[str, ...], bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(self, place: Place) -> bytes:
        """The decoded content at a place. Raises OffkeyError when it is gone."""
        from scanner.values import read_text  # needed to show values and for SARIF alone, and it imports every decoder

        at = (place.repo, place.object, place.path, *place.decoding)
        if at not in self._last:  # findings come file by file: one content is kept
            self._last.clear()
            self._last[at] = self._piped(place) if place.repo == "-" else read_text(place, self.clones.get(place.repo))
        return self._last[at]

    def _piped(self, place: Place) -> bytes:
        from scanner.artefacts.opened import text_at

        text = text_at(self.stdin, place.object, place.decoding)
        return decoded(self.stdin)[0] if text is None else text


@dataclass(frozen=True)
class Report:
    """What is to be shown of a scan: the findings chosen, the rules for their names, and reasons if asked for."""

    scanned: Scanned
    findings: Sequence[Finding]
    ruleset: RuleSet
    reasons: formats.Reasoned = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """How to show findings: one of table, json, jsonl, sarif, csv, and what with it.

    `reasons` tells of each why it is held to be a credential, in the table, json and jsonl.
    """

    format: str
    explain: bool
    show_secrets: bool
    ephemeral: bool
    exit_code: int
    reasons: bool = False


def tell_unread(ui: UI, ruleset: RuleSet) -> None:
    """Say what of other scanners' rule files is not carried over."""
    for line in ruleset.unread:
        ui.err.print(printable(line), style="yellow", markup=False, highlight=False, soft_wrap=True)


def show(ui: UI, look: Look, report: Report, output: Path | None) -> None:
    """Print the findings, or write them to `output`. Raises UsageError when that cannot be written."""
    gaps = list(report.scanned.result.gaps)
    secrets = values(report.scanned, report.findings, gaps) if look.show_secrets else {}
    if look.reasons and look.format in _WITH_REASONS:
        from offboarding.explained import explained  # no other scan needs it

        told = explained(report.scanned.text, report.findings, report.ruleset)
        report = replace(report, reasons=told)
    if look.format == "table":
        from rich.console import Console  # other formats do without, and are read by machines that scan often

        drawn = io.StringIO()
        console = Console(file=drawn, width=FILE_WIDTH) if output else ui.out
        _draw(console, look, report, gaps, secrets)
        text = drawn.getvalue()
    else:
        text = _rendered(look, report, gaps, secrets)
    if output:
        write_private(output, text)
    else:
        _print(ui, text)
    for gap in gaps if look.format in _WITHOUT_GAPS else ():
        line = f"not looked at: {printable(gap.where)}: {printable(gap.why)}"
        ui.err.print(line, markup=False, highlight=False, soft_wrap=True)


def _print(ui: UI, text: str) -> None:
    """Machines read UTF-8, whatever the terminal's encoding is."""
    stream = ui.stream
    stream.flush()
    if (raw := getattr(stream, "buffer", None)) is not None:
        raw.write(text.encode())
    else:
        stream.write(text)
    stream.flush()


def values(scanned: Scanned, findings: Sequence[Finding], gaps: list[Gap]) -> dict[str, dict[str, Secret]]:
    """The parts of each finding's value, from the first place that still holds it; a Gap for one that none holds."""
    found = {}
    for finding in findings:
        why = "it has no place"
        for place in finding.places:
            try:
                text = scanned.text(place)
            except OffkeyError as error:
                why = str(error)
                continue
            found[finding.fingerprint] = {span.part: Secret(text[span.start : span.end]) for span in place.spans}
            break
        else:
            gaps.append(Gap(where=f"the value of {finding.kind} {finding.redacted}", why=why))
    return found


def line_without_values(text: bytes, place: Place) -> bytes:
    """The lines that the place's spans lie on, with the spans cut out."""
    spans = sorted((span.start, span.end) for span in place.spans)
    at = text.rfind(b"\n", 0, spans[0][0]) + 1
    stop = text.find(b"\n", max(end for _, end in spans))
    pieces = []
    for start, end in spans:
        pieces.append(text[at:start])
        at = max(at, end)
    return b"".join([*pieces, text[at : stop if stop >= 0 else len(text)]])


def check_output(path: Path | None) -> None:
    """Raises UsageError when `path` could not be written: better now than after a long scan."""
    if path is None:
        return
    folder = path.absolute().parent
    if _is_device(path) and os.access(path, os.W_OK):
        return
    if os.path.isdir(path) or not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"--output {path} cannot be written", advice="name a file in a folder that you can write")


def _is_device(path: Path) -> bool:
    """Whether a pipe, terminal or device is meant (`/dev/stdout`): it is written to, never replaced by a file."""
    if path.absolute().parts[1:2] == ("dev",):
        return os.path.exists(path) and not os.path.isdir(path)
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that whoever looks sees all of it or the old one. Raises UsageError."""
    draft = ""
    try:
        if _is_device(path):
            with open(path, "w", encoding="utf-8", newline="") as device:
                device.write(text)
            return
        descriptor, draft = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")  # made with 0600
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except OSError as error:
        if draft:
            with suppress(OSError):
                os.unlink(draft)
        raise UsageError(f"{path}: {error.strerror}", advice="name a file in a folder that you can write") from error


def _draw(console: "Console", look: Look, report: Report, gaps: Sequence[Gap], secrets: formats.Secrets) -> None:
    from scanner.output import ci, table

    names = {rule.kind: rule.name for rule in report.ruleset.rules}
    examined = report.scanned.result.examined
    found = table.render(
        report.findings,
        gaps,
        names=names,
        width=console.width,
        explain=look.explain,
        secrets=secrets,
        reasons=report.reasons,
    )
    console.print(found, end="")
    if (used := report.scanned.used) is not None:
        shown = {finding.fingerprint for finding in report.findings}
        console.print(ci.render(used.settings, used.names, used.schedules, shown=shown), end="")
    counts = {"object": examined.objects, "file": examined.files}
    console.print(table.summary(report.findings, gaps, counts))


def _rendered(look: Look, report: Report, gaps: Sequence[Gap], secrets: formats.Secrets) -> str:
    findings, ephemeral, reasons = report.findings, look.ephemeral, report.reasons
    if look.format == "jsonl":
        return formats.jsonl(findings, ephemeral=ephemeral, secrets=secrets, reasons=reasons)
    if look.format == "csv":
        return formats.csv_table(findings, ephemeral=ephemeral, secrets=secrets)
    if look.format == "json":
        examined = asdict(report.scanned.result.examined)
        used = report.scanned.used
        ci: dict[str, Sequence[Use | Setting]] | None = None
        if used is not None:
            ci = {"settings": used.settings, "names": used.names, "schedules": used.schedules}
        return formats.document(findings, gaps, examined, ephemeral=ephemeral, secrets=secrets, reasons=reasons, ci=ci)

    from scanner.output import sarif
    from scanner.values import ValueGone

    def line(place: Place) -> bytes | None:
        try:
            return line_without_values(report.scanned.text(place), place)
        except ValueGone:
            return None

    return sarif.log(
        findings,
        gaps,
        rules={
            rule.kind: sarif.RuleNote(rule.name, rule.provider, rule.confidence, rule.references)
            for rule in report.ruleset.rules
        },
        ephemeral=ephemeral,
        line_without_value=line,
        exit_code=look.exit_code,
    )
