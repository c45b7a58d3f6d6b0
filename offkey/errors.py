"""The one base of all errors that offkey raises on purpose.

Families live beside the code that raises them. Each error says what to do next (`advice`) and which
documented exit code it ends in; only the command line turns an error into an exit.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, as documented in README."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOTHING_EXAMINED = 3
    OPEN = 10
    WAITS_FOR_APPROVAL = 11
    PLAN_REFUSED = 12
    NOT_ALL_CONFIRMED = 13
    GAPS = 14


class OffkeyError(Exception):
    """Something a person can act on: `str(error)` says what, `error.advice` says what to do."""

    exit_code = Exit.ERROR

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UsageError(OffkeyError):
    """The call itself is wrong: a bad argument, an unreadable file named by the user."""

    exit_code = Exit.USAGE
