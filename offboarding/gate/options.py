"""The gate's part of the command line of `offkey scan`. Light: every scan reads it."""

import argparse
from datetime import timedelta
from pathlib import Path

from offkey.errors import UsageError

_TITLE = "gate before a commit or a deployment: only what is a departed person's (docs/gate.md)"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The gate's options."""
    gate = parser.add_argument_group(_TITLE)
    gate.add_argument("--departed", action="store_true", help="known by the directory's leaving dates and the ledger")
    gate.add_argument("--departed-list", type=Path, metavar="FILE", help="known by a list of `offkey gate export`")
    gate.add_argument(
        "--within", type=days, default=timedelta(0), metavar="DAYS", help="also of who leaves within so many days"
    )
    gate.add_argument("--block-dead", action="store_true", help="also what is proven dead")


def days(text: str) -> timedelta:
    """A number of days, as an argument."""
    if not (text.isascii() and text.isdecimal()) or int(text) > 3650:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days")
    return timedelta(days=int(text))


def wanted(args: argparse.Namespace) -> bool:
    """Whether only what is a departed person's is wanted. Raises UsageError for what would let some of it pass."""
    if not args.departed and args.departed_list is None:
        if args.within or args.block_dead:
            raise UsageError("--within and --block-dead go with --departed", advice="add --departed")
        return False
    if args.new_only or args.person is not None or args.confidence is not None:
        raise UsageError(
            "--departed looks at everything: it does not go with --new-only, --person or --confidence",
            advice="leave them out",
        )
    if args.baseline is not None:
        raise UsageError("the gate excuses nothing: it reads no baseline", advice="leave out --baseline")
    if args.departed and args.departed_list is not None:
        raise UsageError("--departed and --departed-list are two ways to know who has departed", advice="choose one")
    if args.departed_list is not None and args.within:
        raise UsageError(
            "who is on the list was decided when it was made", advice="use `offkey gate export --within DAYS`"
        )
    return True
