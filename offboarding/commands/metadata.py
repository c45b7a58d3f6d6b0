"""`offkey metadata E-MAIL`: where the repositories still name a person as one in charge. Changes nothing.

Exit code: 10 when something names them, 14 when a repository could not be looked at, else 0.
"""

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from offboarding import tables
from offboarding.configuration import config
from offboarding.identity import authors, directory, overrides, people
from offboarding.identity.population import Population
from offboarding.remedy.metadata import Mark, Words, in_commit
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError
from offkey.model import Gap
from scanner.output.printable import json_printable, printable
from scanner.repository.clone import is_url, temporary_mirror, without_credentials
from scanner.repository.git import Git


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey metadata`."""
    parser.add_argument("subject", metavar="E-MAIL", help="an address, the id in people.yaml, or provider:login")
    parser.add_argument("repositories", nargs="*", metavar="PATH|URL", help="default: those of the configuration")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Search the default branch of each repository, and list what was found by path and line."""
    settings = config.load(args.config)
    places = args.repositories or settings.repositories.paths
    listed = directory.load(settings.directory.people, settings.directory.exports)
    with ui.progress("Reading"):
        seen, unread = authors.in_repositories(places)
        decided = overrides.load(settings.directory.overrides)
        words = Words.of(people.resolve(args.subject, listed, Population(seen), overrides=decided))
        gaps = list(unread)
        known = {gap.where for gap in gaps}
        found = {
            repo: _look(repo, words, gaps) for place in places if (repo := without_credentials(place)) not in known
        }
    if args.format == "json":
        told = {"found": {repo: [asdict(mark) for mark in marks] for repo, marks in found.items()},
                "gaps": [asdict(gap) for gap in gaps]}  # fmt: skip
        text = json_printable(json.dumps(told, indent=2, ensure_ascii=False))
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(found, ui)
        tables.show_gaps(gaps, ui)
    if any(found.values()):
        return Exit.OPEN
    return Exit.GAPS if gaps else Exit.DONE


def _look(repo: str, words: Words, gaps: list[Gap]) -> list[Mark]:
    try:
        with ExitStack() as stack:
            git = stack.enter_context(temporary_mirror(repo)) if is_url(repo) else Git(Path(repo))
            return in_commit(git, git.run("rev-parse", "--verify", "HEAD").decode().strip(), words)
    except OffkeyError as error:
        gaps.append(Gap(where=repo, why=str(error), advice=error.advice))
        return []


def _show(found: dict[str, list[Mark]], ui: UI) -> None:
    table = Table()
    for column in ("repository", "path", "line", "what"):
        table.add_column(column, overflow="fold")
    for repo, marks in found.items():
        for mark in marks:
            cells = (Path(repo).name, mark.path, str(mark.line), mark.what)
            table.add_row(*(Text(printable(cell)) for cell in cells))
    ui.out.print(table if table.row_count else "Nothing names them any more.")
