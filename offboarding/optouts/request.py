"""Asking for an opt-out and signing it. The signature covers all of it; its id is a digest of what was asked for."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from offboarding.approval import signing
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory import Directory, Entry
from offboarding.optouts.scope import fault, too_wide
from offboarding.optouts.settings import REASONS, OptOuts
from offkey.canonical import canonical, digest
from offkey.errors import Exit, OffkeyError, UsageError
from offkey.model import OptOut, timestamp, to_json

AFTERWARDS = ("approver", "approved_at", "signature")
"""What is not there yet when an opt-out is asked for."""
ON_EXPIRY = ("run", "approve")


class OptOutRefused(OffkeyError):
    """The opt-out, or the yes to it, does not count."""

    exit_code = Exit.WAITS_FOR_APPROVAL


class NoSuchOptOut(UsageError):
    """An opt-out that the policy does not allow, or none at all."""


def ident(optout: OptOut) -> str:
    """The id that belongs to what was asked for."""
    asked = {key: value for key, value in to_json(optout).items() if key not in (*AFTERWARDS, "id")}
    return "o-" + digest(asked).removeprefix("sha256:")[:12]


def bare(optout: OptOut) -> OptOut:
    """As it was asked for."""
    return replace(optout, approver="", approved_at=None, signature="")


def statement(optout: OptOut) -> bytes:
    """The bytes that the signature covers: the canonical JSON of the opt-out, its approver and time, but itself."""
    return canonical({key: value for key, value in to_json(optout).items() if key != "signature"})


def immutable_ids(entry: Entry) -> tuple[str, ...]:
    """The accounts of a person that the directory knows by an id that nobody else will ever have."""
    return tuple(sorted(f"{one.provider}#{one.id}" for one in entry.account_records if one.id))


def is_theirs(address: str, entry: Entry, people: Directory) -> bool:
    """Whether an address is, or may be, the person's: a doubt refuses."""
    owner = people.owner_of(address)
    every = (entry.id, *entry.emails, *entry.unverified_emails)
    return normal_email(address) in map(normal_email, every) or (owner is not None and owner.id == entry.id)


def asked(wanted: OptOut, settings: OptOuts, people: Directory, configured: set[str], kinds: set[str]) -> OptOut:
    """The opt-out to record, with its subject as the directory has it, and its id. Raises NoSuchOptOut, UsageError.

    `wanted.subject` is anything that names a person; `configured` are the instances of offkey.toml, `kinds` theirs.
    """
    entry = people.find(wanted.subject)
    if entry is None:
        raise NoSuchOptOut(f"{wanted.subject!r} is nobody in the directory", advice=people.suggestion(wanted.subject))
    wrong = unsound(wanted, settings, configured, kinds)
    if wrong:
        raise NoSuchOptOut(wrong, advice="ask for less, by name: docs/optouts.md")
    if wanted.not_before >= wanted.expires_at or wanted.expires_at <= wanted.requested_at:
        raise NoSuchOptOut("the opt-out would end before it begins", advice="give a later --until")
    if is_theirs(wanted.requester, entry, people):
        raise NoSuchOptOut(f"{wanted.requester} is {entry.id}", advice="nobody asks for an opt-out of their own")
    made = replace(bare(wanted), subject=entry.id, subject_ids=immutable_ids(entry))
    return replace(made, id=ident(made))


def unsound(optout: OptOut, settings: OptOuts, configured: set[str], kinds: set[str]) -> str:
    """What the policy as it is now has against an opt-out; empty where nothing."""
    if optout.reason not in REASONS:
        return f"{optout.reason!r} is none of the reasons: {', '.join(REASONS)}"
    if optout.on_expiry not in ON_EXPIRY:
        return f"{optout.on_expiry!r}: at its end an opt-out has steps {' or '.join(ON_EXPIRY)}"
    wrong = fault(optout.scope) or too_wide(optout.scope, configured, kinds)
    if wrong:
        return wrong
    most = settings.longest(optout.reason)
    if optout.expires_at > optout.requested_at + most:
        until = timestamp(optout.requested_at + most)
        return (
            f"it would end more than {most.days} days after it was asked for; the limit for {optout.reason} is {until}"
        )
    return ""


def approved(optout: OptOut, approver: str, now: datetime) -> OptOut:
    """The opt-out with who approves it and when; it still has to be signed."""
    return replace(optout, approver=approver, approved_at=now, signature="")


def signed(optout: OptOut, key: Path) -> OptOut:
    """With a signature by the approver's key file, or by their agent's key when `key` is a public key."""
    return replace(optout, signature=signing.sign(statement(optout), key, signing.OPT_OUTS))
