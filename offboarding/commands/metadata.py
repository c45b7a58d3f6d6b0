"""`offkey metadata E-MAIL`: where the repositories still name a person as one in charge. Changes no repository.

Exit code: 10 when something names them, 14 when a repository could not be looked at, else 0. With `--edit` bundles take
the person out (ADR 28): 10 when they leave something to a person, 14 as before, 0 when they hold all there is to do.
"""

import argparse
import json
import shlex
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table
from rich.text import Text

from offboarding import tables
from offboarding.configuration import config
from offboarding.configuration.sections import Remedy
from offboarding.identity import authors, directory, overrides, people
from offboarding.identity.population import Population
from offboarding.remedy.metadata import Mark, Words, in_commit
from offboarding.remedy.owners.bundling import Bundler, Outcome
from offboarding.remedy.owners.changes import Who
from offboarding.remedy.owners.editing import Left
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import Gap
from scanner.output.printable import json_printable, printable
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.git import Git


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey metadata`."""
    parser.add_argument("subject", metavar="E-MAIL", help="an address, the id in people.yaml, or provider:login")
    parser.add_argument("repositories", nargs="*", metavar="PATH|URL", help="default: those of the configuration")
    parser.add_argument(
        "--edit", type=Path, metavar="FOLDER",
        help="write a git bundle for each repository that takes the person out, for you to look at and push",
    )  # fmt: skip
    parser.add_argument(
        "--successor", default="", metavar="OWNER",
        help="who takes over where nobody else is left: a login, group/team or address (with --edit)",
    )  # fmt: skip
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Search the default branch of each repository, list what was found by path and line, and edit it if asked to."""
    if args.successor and args.edit is None:
        raise UsageError("--successor is for editing", advice="add --edit FOLDER")
    if args.edit is not None and args.edit.exists() and not args.edit.is_dir():
        raise UsageError(f"{args.edit} is no folder", advice="name a folder for the bundles")
    settings = config.load(args.config)
    places = args.repositories or settings.repositories.paths
    listed = directory.load(settings.directory.people, settings.directory.exports)
    with ui.progress("Reading"):
        seen, unread = authors.in_repositories(places)
        decided = overrides.load(settings.directory.overrides)
        person = people.resolve(args.subject, listed, Population(seen), overrides=decided)
        search = _Search(words := Words.of(person), list(unread))
        if args.edit is not None:
            who = Who.of(person, listed, args.successor)
            search.bundler = _bundler(settings.remedy, args.edit, who, words)
        for place in places:
            search.look(place)
    if args.format == "json":
        text = json_printable(json.dumps(search.told(), indent=2, ensure_ascii=False))
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(search, ui)
        tables.show_gaps(search.gaps, ui)
    if search.remains:
        return Exit.OPEN
    return Exit.GAPS if search.gaps else Exit.DONE


def _bundler(remedy: Remedy, folder: Path, who: Who, words: Words) -> Bundler:
    return Bundler(
        folder=folder,
        prefix=remedy.branch_prefix,
        name=remedy.author_name,
        email=remedy.author_email,
        who=who,
        words=words,
    )


@dataclass
class _Search:
    """What names the person, by repository; `outcomes` are there with a bundler."""

    words: Words
    gaps: list[Gap]
    bundler: Bundler | None = None
    found: dict[str, list[Mark]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def remains(self) -> bool:
        """Whether somebody has to do something that no bundle does."""
        if self.bundler is None:
            return any(self.found.values())
        return any(outcome.left for outcome in self.outcomes.values())

    def look(self, place: str) -> None:
        """Search, and edit, one repository; what cannot be is a gap."""
        repo = without_credentials(place)
        if repo in {gap.where for gap in self.gaps} | self.found.keys():
            return
        self.found[repo] = []
        try:
            with ExitStack() as stack:
                git = stack.enter_context(temporary_mirror(place)) if is_url(place) else Git(Path(place))
                base = git.run("rev-parse", "--verify", "HEAD").decode().strip()
                self.found[repo] = marks = in_commit(git, base, self.words)
                if self.bundler is not None:
                    name = repo if is_url(place) else str(Path(place).resolve())
                    self.outcomes[repo] = self.bundler.propose(git, base, name, marks)
        except OffkeyError as error:
            if self.bundler is not None:
                why = f"no bundle was made: {error}"
                self.outcomes[repo] = Outcome(base="", left=tuple(Left(mark, why) for mark in self.found[repo]))
            self.gaps.append(Gap(where=repo, why=str(error), advice=error.advice))

    def told(self) -> dict[str, object]:
        """All of it as JSON."""
        found = {repo: [asdict(mark) for mark in marks] for repo, marks in self.found.items()}
        told: dict[str, object] = {"found": found, "gaps": [asdict(gap) for gap in self.gaps]}
        return told if self.bundler is None else told | {"edits": dict(map(_told, self.outcomes.items()))}


def _told(row: tuple[str, Outcome]) -> tuple[str, dict[str, object]]:
    repo, outcome = row
    left = [asdict(one.mark) | {"why": one.why} for one in outcome.left]
    return repo, asdict(outcome) | {"left": left}


def _show(search: _Search, ui: UI) -> None:
    table = Table()
    editing = search.bundler is not None
    for column in ("repository", "path", "line", "what", *(["edited"] if editing else [])):
        table.add_column(column, overflow="fold")
    for repo, marks in search.found.items():
        for mark, done in _rows(marks, search.outcomes.get(repo)):
            cells = (Path(repo).name, mark.path, str(mark.line), mark.what, *([done] if editing else []))
            table.add_row(*(Text(printable(cell)) for cell in cells))
    ui.out.print(table if table.row_count else "Nothing names them any more.")
    for outcome in search.outcomes.values():
        if outcome.file:
            said = f"git fetch {shlex.quote(outcome.file)} {outcome.branch}"
            ui.out.print(printable(said), markup=False, highlight=False, soft_wrap=True, emoji=False)


def _rows(marks: list[Mark], outcome: Outcome | None) -> list[tuple[Mark, str]]:
    """Each line with what became of it; one of which a part is left is there twice."""
    if outcome is None:
        return [(mark, "") for mark in marks]
    rows = [(mark, "in the bundle") for mark in outcome.edited] + [(one.mark, f"no: {one.why}") for one in outcome.left]
    return sorted(rows, key=lambda row: (row[0].path, row[0].line))
