"""What `--ci` adds to a finished scan: for each finding the jobs that use it, and all secrets that jobs name."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from offkey.errors import OffkeyError
from offkey.found import Finding, Gap, Setting, Use
from rules import RuleSet
from rules.light import light
from scanner.matching.matcher import default_cache, open_matcher, redacted_text
from scanner.pipelines.settings import setting_order, settings
from scanner.pipelines.survey import survey, survey_folder
from scanner.pipelines.ties import masked, tied
from scanner.pipelines.usage import Survey, use_order
from scanner.repository.sources import Target, expand


@dataclass(frozen=True, slots=True)
class Used:
    """Findings with their usage; secrets named by jobs; what runs by the clock; what could not be looked at; values
    that configuration holds itself."""

    findings: tuple[Finding, ...]
    names: tuple[Use, ...]
    schedules: tuple[Use, ...]
    gaps: tuple[Gap, ...]
    settings: tuple[Setting, ...] = ()


def look(
    targets: Iterable[Target],
    findings: Sequence[Finding],
    rules: RuleSet,
    *,
    worktree: bool = True,
    matcher: str = "auto",
    cache: Path | None = None,
    every: bool = False,
    tell: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Used:
    """Read the configuration of every repository among the targets and in them. Offline, like a scan.

    With `every` the names are those of all variables, and not of those alone that sound like a credential. `tell`
    hears which repository is being read, how many were, and of how many.
    """
    gaps: list[Gap] = []
    surveys: dict[str, Survey] = {}
    sources = [source for source in expand(targets, [], worktree=worktree) if source.content is None]
    for number, source in enumerate(sources):
        tell(f"reading CI configuration of {Path(source.name).name}", number, len(sources))
        try:
            surveys[source.name] = _surveyed(source)
        except OffkeyError as error:
            gaps.append(Gap(where=f"{source.name}: CI configuration", why=str(error), advice=error.advice))
    names = [use for found in surveys.values() for use in (found.in_jobs if every else found.named)]
    schedules = [use for found in surveys.values() for use in found.schedules]
    light_rules = light(rules)
    opened = open_matcher(light_rules, rules.digest, choice=matcher, cache=cache or default_cache())
    mask = lru_cache(maxsize=None)(partial(redacted_text, opened, light_rules))
    told = tied(findings, surveys, gaps, mask)
    held = [one for found in surveys.values() for one in settings(found, findings, mask)]
    gaps += [gap for found in surveys.values() for gap in found.gaps]
    return Used(
        told,
        tuple(sorted(dict.fromkeys(masked(use, mask) for use in names), key=use_order)),
        tuple(sorted(dict.fromkeys(masked(use, mask) for use in schedules), key=use_order)),
        tuple(dict.fromkeys(replace(gap, where=mask(gap.where), why=mask(gap.why)) for gap in gaps)),
        tuple(sorted(held, key=setting_order)),
    )


def _surveyed(source: Target) -> Survey:
    if source.git is not None:
        return survey(source.git, source.name)
    assert source.root is not None
    return survey_folder(source.root, source.files or _below(source.root), source.name)


def _below(root: Path) -> Iterator[str]:
    """The files of a folder, without those of repositories within it, which are targets of their own."""
    for folder, names, files in os.walk(root):
        names.sort()
        if folder != str(root) and ".git" in names + files:
            names.clear()
            continue
        yield from (Path(folder, file).relative_to(root).as_posix() for file in sorted(files))
