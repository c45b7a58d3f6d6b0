"""`offkey whois E-MAIL`: which names, addresses and accounts are this person, and why.

Exit code: 0, or 14 when a repository could not be looked at.
"""

import argparse
import json
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from offboarding import authors, config, directory, people
from offboarding.authors import Author
from offboarding.ui import UI
from offkey.errors import Exit
from offkey.model import Identity, Person, timestamp, to_json

MEANING = {
    "certain": "may be acted upon",
    "probable": "need somebody's yes: enter them in people.yaml, under emails or not_me",
    "excluded": "are not, or not only, this person",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey whois`."""
    parser.add_argument("subject", metavar="E-MAIL", help="an address, the id in people.yaml, or provider:login")
    parser.add_argument("repositories", nargs="*", metavar="PATH|URL", help="default: those of the configuration")
    parser.add_argument("--not-me", action="append", default=[], metavar="E-MAIL", help="an address that is not theirs")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Resolve the person from the directory and the configured repositories, and show the three sets."""
    settings = config.load(args.config)
    listed = directory.load(settings.directory.people)
    with ui.progress("Reading authors"):
        seen, gaps = authors.in_repositories(args.repositories or settings.repositories.paths)
    person = people.resolve(args.subject, listed, seen, not_me=args.not_me)
    if args.format == "json":
        text = json.dumps({"person": to_json(person), "gaps": to_json(gaps)}, indent=2, ensure_ascii=False)
        ui.out.print(text, markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(person, seen, ui)
        for gap in gaps:
            ui.err.print(Text(f"could not look at {gap.where}: {gap.why}", style="yellow"))
    return Exit.GAPS if gaps else Exit.DONE


def _show(person: Person, seen: Sequence[Author], ui: UI) -> None:
    known = "in the directory" if person.confirmed_by_directory else "departure NOT confirmed by the directory"
    left = f", left {timestamp(person.left_at)}" if person.left_at else ""
    ui.out.print(
        Text.assemble((person.id, "bold cyan"), f": {', '.join(person.names) or 'no name known'} ({known}{left})")
    )
    commits: dict[tuple[str, str], int] = {}
    for author in seen:
        key = (author.name, author.raw_email)
        commits[key] = commits.get(key, 0) + author.commits
    for title in MEANING:
        _set(title, getattr(person, title), commits, ui)


def _set(title: str, identities: Sequence[Identity], commits: dict[tuple[str, str], int], ui: UI) -> None:
    if not identities:
        ui.out.print(Text.assemble((title, "bold"), ": none"))
        return
    table = Table(title=Text.assemble((title, "bold"), f": {MEANING[title]}"), title_justify="left", title_style="")
    for column in ("name", "address or account", "commits", "evidence"):
        table.add_column(column, overflow="fold", justify="right" if column == "commits" else "left")
    for identity in identities:
        account = identity.account
        shown = (
            f"{account.provider}: {' '.join(filter(None, (account.login, account.id)))}" if account else identity.email
        )
        number = commits.get((identity.name, identity.email), 0)
        cells = (identity.name, shown, str(number or ""), "; ".join(identity.evidence))
        table.add_row(*(Text(cell) for cell in cells))
    ui.out.print(table)
