"""`offkey whois E-MAIL`: which names, addresses and accounts are this person, and why.

`--confirm` and `--reject` record somebody's yes or no on an address in the overrides file, which wins over all else.
Exit code: 0, or 14 when a repository could not be looked at, an export leaves something open, or decisions name nobody.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from rich.table import Table
from rich.text import Text

import rules
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.identity import authors, changes, directory, overrides, people, proofs
from offboarding.identity.addresses import PLATFORM_ADDRESSES, is_bot, is_impersonal, normal_email
from offboarding.identity.directory import Directory
from offboarding.identity.edges import PROVEN
from offboarding.identity.overrides import Decision, Overrides, Verdict
from offboarding.identity.population import Population
from offboarding.identity.seen import Author
from offboarding.ownership import facts
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.model import Identity, Person, timestamp, to_json
from scanner.matching.matcher import masking
from scanner.output.printable import json_printable, printable
from scanner.repository.clone import is_url

LONGEST = 200
"""Characters shown of a name or an address."""
MEANING = {
    "certain": "may be acted upon",
    "probable": "need somebody's yes or no: --confirm or --reject ADDRESS",
    "excluded": "are not, or not only, this person",
}
BY_COMMITS = "by commits only"
"""What is certain by claims that bear each other out: it ties commits to the person, no accounts."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey whois`."""
    parser.add_argument("subject", metavar="E-MAIL", help="an address, the id in people.yaml, or provider:login")
    parser.add_argument("repositories", nargs="*", metavar="PATH|URL", help="default: those of the configuration")
    parser.add_argument("--not-me", action="append", default=[], metavar="E-MAIL", help="an address that is not theirs")
    parser.add_argument(
        "--confirm", action="append", default=[], metavar="ADDRESS", help="record that an address is theirs"
    )
    parser.add_argument(
        "--reject", action="append", default=[], metavar="ADDRESS", help="record that an address is not theirs"
    )
    parser.add_argument("--by", metavar="E-MAIL", help="who decides; default: the configuration's requester")
    parser.add_argument("--note", default="", help="why, for --confirm and --reject")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Resolve the person from the directory and the configured repositories, and show the three sets."""
    settings = config.load(args.config)
    listed = directory.load(settings.directory.people, settings.directory.exports)
    decided = _decided(args, settings, listed)
    with ui.progress("Reading authors"):
        places = args.repositories or settings.repositories.paths
        seen, gaps = authors.in_repositories(places)
        proven, unread = proofs.in_repositories([p for p in places if not is_url(p)], _sources(settings), listed)
        gaps += tuple(gap for gap in unread if gap.where not in {known.where for known in gaps})
        gaps += (*listed.gaps, *overrides.unheeded(decided, listed, settings.directory.overrides))
        ask = partial(people.resolve, args.subject, listed, Population(seen), args.not_me)
        person, untold = changes.resolved(partial(ask, overrides=decided, proofs=proven), seen)
        gaps += untold
    mask = masking(rules.load())
    if args.format == "json":
        person = people.masked(person, mask)
        text = json.dumps({"person": to_json(person), "gaps": to_json(gaps)}, indent=2, ensure_ascii=False)
        ui.out.print(json_printable(text), markup=False, highlight=False, soft_wrap=True, emoji=False)
    else:
        _show(person, seen, mask, ui)
        for gap in gaps:
            advice = f" ({gap.advice})" if gap.advice else ""
            ui.err.print(Text(printable(f"could not look at {gap.where}: {gap.why}{advice}"), style="yellow"))
    return Exit.GAPS if gaps else Exit.DONE


def _sources(settings: Config) -> facts.Sources:
    told = settings.directory
    return facts.sources(told.allowed_signers, told.gpg_keyring, told.push_log)


def _decided(args: argparse.Namespace, settings: Config, listed: Directory) -> Overrides:
    """The recorded decisions, with those of this call. Raises UsageError for one that the directory speaks against."""
    file = settings.directory.overrides
    wanted = [(address, Verdict.THEIRS) for address in args.confirm]
    wanted += [(address, Verdict.NOT_THEIRS) for address in args.reject]
    if not wanted:
        return overrides.load(file)
    if file is None:
        raise UsageError(
            "there is no file to record it in", advice='set `overrides = "overrides.yaml"` under [directory]'
        )
    person = people.resolve(args.subject, listed, ()).id
    by, at = args.by or settings.requester(), datetime.now(UTC).replace(microsecond=0)
    decisions = [
        Decision(person=person, address=address, verdict=verdict, by=by, at=at, note=args.note)
        for address, verdict in wanted
    ]
    for one in decisions:
        _check(one, listed)
    return [overrides.record(file, one) for one in decisions][-1]


def _check(one: Decision, listed: Directory) -> None:
    address = normal_email(one.address)
    if "@" not in address:
        raise UsageError(f"{one.address!r} is no e-mail address", advice="name an address as whois shows it")
    if one.verdict is Verdict.NOT_THEIRS:
        return
    owner = listed.owner_of(address)
    if owner and owner.id != one.person:
        raise UsageError(f"the directory gives {one.address} to {owner.id}", advice="mend the directory first")
    if address in PLATFORM_ADDRESSES or is_bot("", address) or is_impersonal(address.partition("@")[0]):
        raise UsageError(
            f"{one.address} is a machine's or shared address",
            advice="if it really is theirs alone, list it under `emails` in the directory",
        )


def _show(person: Person, seen: Sequence[Author], mask: Callable[[str], str], ui: UI) -> None:
    known = "in the directory" if person.confirmed_by_directory else "departure NOT confirmed by the directory"
    left = f", left {timestamp(person.left_at)}" if person.left_at else ""
    names = ", ".join(map(_short, map(mask, person.names)))
    ui.out.print(
        Text.assemble((printable(person.id), "bold cyan"), f": {printable(names) or 'no name known'} ({known}{left})")
    )
    commits: dict[tuple[str, str], int] = {}
    for author in seen:
        key = (author.name, author.raw_email)
        commits[key] = commits.get(key, 0) + author.commits
    for title in MEANING:
        _set(title, getattr(person, title), commits, mask, ui)


def _set(
    title: str,
    identities: Sequence[Identity],
    commits: dict[tuple[str, str], int],
    mask: Callable[[str], str],
    ui: UI,
) -> None:
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
        sure = not identity.basis or identity.basis in PROVEN or title != "certain"
        said = "; ".join(identity.evidence if sure else (BY_COMMITS, *identity.evidence))
        cells = (_short(mask(identity.name)), _short(mask(shown)), str(number or ""), mask(said))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    ui.out.print(table)


def _short(text: str) -> str:
    """The beginning of a name: a stranger's may be as long as a book."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
