"""Which findings are sure enough to be shown."""

from collections.abc import Sequence

from offboarding.ui import UI
from offkey.found import Finding

LEVELS = ("low", "medium", "high")
USUAL = "medium"


def enough(findings: Sequence[Finding], least: str, ui: UI) -> tuple[Finding, ...]:
    """The findings of a confidence or a higher one; how many others there are is said on standard error."""
    wanted = LEVELS.index(least)
    shown = tuple(finding for finding in findings if LEVELS.index(finding.confidence) >= wanted)
    if hidden := len(findings) - len(shown):
        lower = " or ".join(LEVELS[:wanted])
        what = f"{hidden} finding{'s' * (hidden > 1)} of {lower} confidence not shown: --confidence {LEVELS[0]}"
        ui.err.print(what, style="dim", markup=False)
    return shown
