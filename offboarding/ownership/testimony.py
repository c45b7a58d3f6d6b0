"""Whom each piece of evidence names, what it is worth, and where it contradicts another. Pure.

Three kinds of voices. An *owner* voice says whose the credential is and cannot be put on a working one by a committer:
the issuer's answer, an administrator's list, a name inside the credential. A *proven* voice says who brought it in: a
verified signature, the provider's push log. A *written* voice is anything that whoever made the file or the commit can
write. Each names the person (`mine`) or somebody else; what could be either is no voice.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from offboarding.configuration.instances import family
from offkey.model import Account, Authorship, Bond, Claim, Finding

ISSUED = "issued"
AROUND = "file: "
"""How the sources begin of what `scanner.claims.around` tells."""
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]{2,}")
_MACHINES = (".gserviceaccount.com", ".local", ".lan", ".internal", ".localdomain")
"""Where an address is no person's: a service account's, or a user at a machine, as ssh-keygen comments keys."""
_JWT, _PRINCIPALS = "JWT ", ("email", "upn", "preferred_username", "sub")
_PUBLIC_HALF = "SSH public key"
_USER_IDS = {"PyPI user id": "pypi"}
_LOGINS = {"Mapbox user": "mapbox"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was looked up about the introduction of one finding.

    `signed_by` is the address of a verified signer; `exposed` says whether the person worked in the repository while
    the value was in it, None when that is not known. `notes` are the sentences for all of it.
    """

    signed_by: str = ""
    pushed_by: Account | None = None
    exposed: bool | None = None
    notes: tuple[str, ...] = ()


NO_FACTS = Facts()


class Voice(NamedTuple):
    """What one piece of evidence says, and whether it names the person."""

    words: str
    mine: bool


class Known(NamedTuple):
    """How to tell the person: whether an address, or an account, is the person's; None when that is open."""

    address: Callable[[str], bool | None]
    account: Callable[[Account], bool | None]


class Heard(NamedTuple):
    """All voices about one credential. With `holder` the first owner voice is the provider's own, and decides."""

    owners: Sequence[Voice]
    proven: Sequence[Voice]
    written: Sequence[Voice]
    holder: bool


class Verdict(NamedTuple):
    """`blocked`: the owner voices contradict each other, so nothing is ended on their word."""

    bond: Bond
    lines: tuple[str, ...]
    blocked: bool


BROUGHT_IN = "CONFLICT: introduced by the person"
FIELDS_ALONE = "CONFLICT: only fields that any committer can write name the person"
"""Contradictions on who brought a credential in, or between that and whose it is; whose it is, nobody contests."""


def inside(finding: Finding, known: Known) -> Iterator[tuple[bool, Voice]]:
    """(is it issued, voice) for what a finding's value says of somebody who can be told.

    The issued names of one value are of one principal, who may have addresses that nobody listed: one voice, the
    person's if any of them is. The file around a value belongs to many: that it names others contradicts nothing.
    """
    issued: list[Voice] = []
    for claim in finding.claims:
        mine = _names(claim, known, finding.provider)
        if mine is None or not (mine or not claim.source.startswith(AROUND)):
            continue
        voice = Voice(f"{claim.source} names {claim.subject}", mine)
        if claim.grade == ISSUED:
            issued.append(voice)
        else:
            yield False, voice
    if issued:
        yield True, Voice(_joined(issued, []), any(voice.mine for voice in issued))


def _names(claim: Claim, known: Known, at: str) -> bool | None:
    """Whether a claim names the person; accounts are those of the instance that the value is at."""
    if provider := _USER_IDS.get(claim.source):
        return known.account(Account(provider=at if family(at) == provider else provider, id=claim.subject))
    if provider := _LOGINS.get(claim.source):
        there = at if family(at) == provider else provider
        return known.account(Account(provider=there, id="", login=claim.subject))
    if claim.source.startswith(_JWT) and claim.source.removeprefix(_JWT) not in _PRINCIPALS:
        return None  # who issued it, and for whom it is meant
    found = _ADDRESS.search(claim.subject)
    if found is None or found[0].lower().endswith(_MACHINES):
        return None
    return known.address(found[0])


def public_half(finding: Finding) -> str:
    """The fingerprint of a private key's public half, `SHA256:...`; "" for anything else, and where it is not known."""
    told = (claim.subject for claim in finding.claims if (claim.source, claim.grade) == (_PUBLIC_HALF, ISSUED))
    return next(told, "")


def introduction(facts: Facts, known: Known) -> Iterator[Voice]:
    """Who brought it in, by what no committer can write."""
    if facts.signed_by and (mine := known.address(facts.signed_by)) is not None:
        yield Voice(f"the commit that brought it in is signed by {facts.signed_by}", mine)
    if facts.pushed_by is not None and (mine := known.account(facts.pushed_by)) is not None:
        who = facts.pushed_by.login or facts.pushed_by.id
        yield Voice(f"{facts.pushed_by.provider} account {who} pushed the commit that brought it in", mine)


def weigh(heard: Heard, *, named: bool, exposed: bool, author: Authorship | None) -> Verdict:
    """The bond, and a line for each contradiction. `named`: the first commit's fields name the person.

    Without an owner voice a proven introduction ties the credential to the person, but never makes it personal.
    """
    deciding = heard.owners or heard.proven
    theirs = bool(deciding) and (deciding[0].mine if heard.holder else all(voice.mine for voice in deciding))
    brought = named or any(voice.mine for voice in heard.proven)
    spoken = any(voice.mine for voice in (*heard.owners, *heard.written))
    if theirs:
        bond = Bond.THEIRS
    elif brought:
        bond = Bond.INTRODUCED
    else:
        bond = Bond.EXPOSED if exposed or spoken else Bond.NONE
    blocked = len({voice.mine for voice in heard.owners}) > 1
    return Verdict(bond, tuple(_contradictions(heard, author, named=named, theirs=theirs, blocked=blocked)), blocked)


def _contradictions(
    heard: Heard, author: Authorship | None, *, named: bool, theirs: bool, blocked: bool
) -> Iterator[str]:
    first = [f"its first commit names {author.name} <{author.raw_email or author.email}>"] if author else []
    if blocked:
        yield f"CONFLICT: {_joined((*heard.owners, *heard.proven), first)}"
        return
    others = [voice for voice in (*heard.owners[1:], *heard.written) if voice.mine is not theirs]
    if theirs and others:
        yield f"at odds with that: {_joined(others, [])}"
    brought = named or any(voice.mine for voice in heard.proven)
    strangers = [voice for voice in (*heard.owners[heard.holder :], *heard.written) if not voice.mine]
    if brought and not theirs and strangers:
        yield f"{BROUGHT_IN}; {_joined(strangers, [])}"
    if named and heard.proven and not any(voice.mine for voice in heard.proven):
        yield f"{FIELDS_ALONE}; {_joined(heard.proven, [])}"


def _joined(voices: Iterable[Voice], more: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys([*(voice.words for voice in voices), *more]))
