"""Statements of opt-outs to sign elsewhere: another machine, a hardware key without an agent."""

import json
import re
from pathlib import Path

import cattrs

from offboarding.optouts.request import statement
from offboarding.state import private_folder
from offkey.errors import UsageError
from offkey.model import OptOut, from_json

FOLDER = "optouts"


def write_statement(state: Path, optout: OptOut) -> Path:
    """Write the bytes to sign under the state folder. Returns the file."""
    place = _place(state, optout.id, optout.approver)
    private_folder(place.parent)
    place.write_bytes(statement(optout))
    return place


def read_statement(state: Path, name: str, approver: str, signature: Path) -> OptOut:
    """The opt-out whose statement was written before, with the signature that `ssh-keygen` left. Raises UsageError."""
    place = _place(state, name, approver)
    try:
        return from_json({**json.loads(place.read_bytes()), "signature": signature.read_text("utf-8")}, OptOut)
    except OSError as error:
        advice = "run `offkey optout approve` without --signature first, sign, then this"
        raise UsageError(f"{error.filename}: {error.strerror}", advice=advice) from error
    except (ValueError, cattrs.BaseValidationError) as error:
        advice = "run `offkey optout approve` without --signature again"
        raise UsageError(f"{place} or {signature} was edited", advice=advice) from error


def _place(state: Path, name: str, approver: str) -> Path:
    who = re.sub(r"[^A-Za-z0-9@._+-]", "_", approver).lstrip(".")
    return state / FOLDER / f"{re.sub(r'[^a-z0-9-]', '_', name)}.{who}.statement"
