"""`offkey standing make|approve|list|revoke`: what may be switched off at once when somebody leaves (DESIGN rule 1).

Exit code: of make 11, since two approvers still have to sign; of approve 0 when the signature is recorded, 11 when it
still has to be made or is not given; of list 0 when one holds now, 11 when none does; of revoke 0.
"""

import argparse
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.text import Text

from offboarding.approval import signing
from offboarding.approval.duties import Duties
from offboarding.configuration import config
from offboarding.configuration.config import Config
from offboarding.containment import consent, kept
from offboarding.containment.kept import Kept
from offboarding.containment.standing import StandingRefused, Yes, covers_in, make
from offboarding.identity import directory
from offboarding.identity.directory import Directory
from offboarding.ledger import publishing
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import Ledger
from offboarding.ui import UI
from offkey.errors import Exit, UsageError
from offkey.fingerprint import KeyUnusable
from offkey.model import timestamp
from offkey.warrant import LEAST_APPROVERS
from scanner.output.printable import printable


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offkey standing`."""
    what = parser.add_subparsers(dest="what", metavar="make|approve|list|revoke", required=True)
    made = what.add_parser("make", help="say what may be done at once; nothing holds until two approvers signed it")
    made.add_argument(
        "--cover",
        action="append",
        required=True,
        metavar="P:KIND:ACTION",
        help="such as okta:okta.account:DISABLE, aws:*:*",
    )
    made.add_argument("--days", type=_days, default=30, metavar="N", help="how long it holds (default: 30)")
    made.add_argument("--per-person", type=int, default=20, metavar="N", help="most steps for one person (default: 20)")
    made.add_argument("--per-day", type=int, default=100, metavar="N", help="most steps in 24 hours (default: 100)")
    made.add_argument(
        "--early", action="store_true", help="also before the time at which the directory says they leave"
    )
    yes = what.add_parser("approve", help="sign one, as an approver of the register")
    yes.add_argument("id", metavar="ID")
    yes.add_argument("--as", dest="approver", required=True, metavar="E-MAIL", help="who you are in the register")
    how = yes.add_mutually_exclusive_group()
    how.add_argument("--key", type=Path, metavar="FILE", help="sign with this SSH key, or a public key of your agent's")
    how.add_argument("--statement", type=Path, metavar="FILE", help="write the bytes to sign here, to sign by hand")
    yes.add_argument("--signature", type=Path, metavar="FILE", help="with --statement: take the signature made by hand")
    what.add_parser("list", help="show them all, and which hold now")
    gone = what.add_parser("revoke", help="end one for good, or all: the kill switch")
    which = gone.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID")
    which.add_argument("--all", action="store_true", help="every standing approval that there is")
    gone.add_argument("--reason", required=True, help="why; it is recorded")
    for each in (made, yes, gone, what.choices["list"]):
        each.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def _days(text: str) -> int:
    """Days that a time can be counted by; the policy's maximum is far below."""
    if not re.fullmatch(r"-?\d{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days")
    return int(text)


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Make, sign, show or end standing approvals."""
    settings = config.load(args.config)
    state = settings.state_dir(args.state)
    store = opened(settings, state)
    try:
        ledger = Ledger(store, lambda: datetime.now(UTC), getattr(args, "approver", settings.organisation.requester))
        deed = {"make": _make, "approve": _approve, "list": _list, "revoke": _revoke}[args.what]
        code = deed(args, settings, ledger, ui)
        return code if args.what == "list" else publishing.finish(ledger, settings, state, ui, code)
    finally:
        store.close()


def _make(args: argparse.Namespace, settings: Config, ledger: Ledger, ui: UI) -> Exit:
    table = settings.standing
    for given, limit, what in (
        (args.per_person, table.most_per_person, "most_per_person"),
        (args.per_day, table.most_per_day, "most_per_day"),
    ):
        if given > limit:
            raise StandingRefused(
                f"{given} steps are more than {what} allows ({limit})",
                advice=f"ask for fewer, or raise {what} under [standing]",
            )
    standing = make(
        settings.requester(),
        covers_in(args.cover, sorted(settings.providers)),
        ledger.now(),
        key_id=_key_id(settings),
        valid=timedelta(days=args.days),
        longest=timedelta(days=table.max_days),
        most_per_person=args.per_person,
        most_per_day=args.per_day,
        early=args.early,
    )
    kept.record(ledger, standing)
    _show(Kept(standing=standing), "waits for signatures", ui)
    ui.out.print(
        f"Once {LEAST_APPROVERS} approvers signed it holds: offkey standing approve {standing.id} --as E-MAIL --key K",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return Exit.WAITS_FOR_APPROVAL


def _approve(args: argparse.Namespace, settings: Config, ledger: Ledger, ui: UI) -> Exit:
    register, found = _register(settings), kept.named(ledger, args.id)
    _show(found, "to sign", ui)
    yes = _yes(args, found, ledger.now(), ui)
    if yes is None:
        return Exit.WAITS_FOR_APPROVAL
    consent.check_holds(found, ledger.now(), _key_id(settings))
    consent.check_yes(found.standing, yes, register, ledger.now(), _people(settings), duties=_duties(settings))
    kept.record_yes(ledger, yes)
    ui.out.print(Text(f"{printable(yes.approver)} signed {found.standing.id}"))
    return Exit.DONE


def _yes(args: argparse.Namespace, found: Kept, now: datetime, ui: UI) -> Yes | None:
    """The signed yes; None where it is left to be signed by hand, or was not given."""
    if args.signature:
        return _by_hand(args)
    yes = Yes(standing=found.standing.digest, approver=args.approver, at=now)
    if args.statement:
        args.statement.write_bytes(yes.statement)
        command = signing.sign_command(Path("YOUR_KEY"), args.statement, signing.STANDING)
        ui.out.print("Not yet signed. Sign it with your own key, then hand in the signature:")
        again = f"offkey standing approve {args.id} --as {args.approver} --statement {args.statement}"
        for line in (command, f"{again} --signature {args.statement}.sig"):
            ui.out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
        return None
    if not args.key:
        raise UsageError("say how you sign", advice="--key KEY, or --statement FILE to sign by hand")
    if not ui.confirm(f"Let this be done without further approval until {timestamp(found.standing.expires_at)}?"):
        ui.err.print("not signed: say yes on a terminal, or give --yes")
        return None
    return consent.sign(yes, args.key.expanduser())


def _by_hand(args: argparse.Namespace) -> Yes:
    """The statement that was written before, with its signature. Raises UsageError."""
    if not args.statement:
        raise UsageError("a signature belongs to a statement", advice="give --statement FILE too")
    return consent.read_yes(args.statement, args.signature)


def _list(args: argparse.Namespace, settings: Config, ledger: Ledger, ui: UI) -> Exit:
    register, people = settings.approvers.register_file, _people(settings)
    any_holds, key_id = False, _key_id(settings)
    for one in kept.every(ledger).values():
        why = kept.stopped(settings.state_dir(args.state), ledger, one.standing.digest)
        why = why or ("" if settings.standing.enabled else "[standing] is not enabled")
        try:
            consent.holding(
                one, register or Path("approvers"), ledger.now(), people, key_id=key_id, duties=_duties(settings)
            )
        except StandingRefused as error:
            why = why or str(error)
        any_holds = any_holds or not why
        _show(one, f"does not hold: {why}" if why else "holds", ui)
    if not any_holds:
        ui.out.print("No standing approval holds: `offkey contain` would refuse.", style="yellow")
    return Exit.DONE if any_holds else Exit.WAITS_FOR_APPROVAL


def _revoke(args: argparse.Namespace, settings: Config, ledger: Ledger, ui: UI) -> Exit:
    digest = kept.ALL if args.all else kept.named(ledger, args.id).standing.digest
    kept.revoke(ledger, digest, args.reason)
    ui.out.print("Revoked: nothing more is begun under it, not by a containment that is under way either.")
    return Exit.DONE


def _show(one: Kept, state: str, ui: UI) -> None:
    standing = one.standing
    ui.out.print(Text.assemble((standing.id, "bold"), f"  {printable(state)}"))
    signed = ", ".join(printable(yes.approver) for yes in one.yeses.values()) or "nobody"
    persons = {use.person for use in one.used if use.person}
    lines = [
        f"for the organisation key {printable(standing.key_id)}",
        f"made by {printable(standing.requester)}, until {timestamp(standing.expires_at)}, signed by {signed}",
        f"at most {standing.most_per_person} steps a person and {standing.most_per_day} a day"
        + ("; also before somebody's last day" if standing.early else ""),
        f"used for {len(one.used)} steps of {len(persons)} persons",
        *(f"covers {cover}" for cover in standing.covers),
    ]
    for line in lines:
        ui.out.print(Text(f"  {line}"), soft_wrap=True)


def _register(settings: Config) -> Path:
    if settings.approvers.register_file is None:
        raise UsageError("no register of approvers is configured", advice="set `register` under [approvers]")
    return settings.approvers.register_file


def _duties(settings: Config) -> Duties:
    return settings.approvers.duties(settings.policy.four_eyes)


def _key_id(settings: Config) -> str:
    key = settings.org_key()
    if key is None:
        raise KeyUnusable("there is no organisation key", advice="run `offkey doctor --init`")
    return key.id


def _people(settings: Config) -> Directory:
    return directory.load(settings.directory.people, settings.directory.exports)
