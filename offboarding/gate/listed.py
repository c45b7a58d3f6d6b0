"""The list of departed people's credentials for machines that have neither the ledger nor the organisation key.

It holds scrypt digests (RFC 7914) under one random salt: of values that runs know, and of leavers' addresses. Nothing
can be read from it, but whoever has it can try guesses, each at the cost of one scrypt: an address of a known
colleague is guessed at once. So the file is for CI's own secret store, not for a public repository.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from offboarding.gate.judging import Tie
from offboarding.identity import whose
from offboarding.identity.addresses import normal_email
from offkey.errors import UsageError
from offkey.model import Finding, Gap, timestamp
from offkey.secret import Secret

FORMAT = "offkey-departed/1"
COST = {"n": 1 << 14, "r": 8, "p": 1}
"""16 MiB and some 50 ms for each candidate."""
_MOST = {"n": 1 << 20, "r": 32, "p": 16}
_AGAIN = "make it again with `offkey gate export`"


class ListBroken(UsageError):
    """The file is no list of departed people's credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`id` names the credential to the next export alone: a part of its keyed fingerprint."""

    digest: str
    run: str = ""
    dead: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`missing` counts credentials not proven dead whose values could not be read for the list; `kinds` are those of
    the ones that are not proven dead.
    """

    made_at: datetime
    valid_until: datetime
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    cost: Mapping[str, int] = field(default_factory=lambda: dict(COST))
    credentials: tuple[Item, ...] = ()
    addresses: tuple[Item, ...] = ()
    missing: int = 0
    kinds: tuple[str, ...] = ()

    def digests(self, texts: Iterable[bytes]) -> dict[bytes, str]:
        """The digest of each text, some at a time."""
        every = sorted(set(texts))
        with ThreadPoolExecutor(max_workers=4) as pool:
            return dict(zip(every, pool.map(self._digest, every), strict=True))

    def _digest(self, text: bytes) -> str:
        memory = 256 * self.cost["n"] * self.cost["r"]
        made = hashlib.scrypt(text, salt=self.salt, **self.cost, maxmem=memory, dklen=32)
        return base64.b64encode(made).decode()

    def text(self) -> str:
        """The file."""
        told = {
            "format": FORMAT,
            "made_at": timestamp(self.made_at),
            "valid_until": timestamp(self.valid_until),
            "salt": base64.b64encode(self.salt).decode(),
            "scrypt": dict(self.cost),
            "credentials": [asdict(item) for item in sorted(self.credentials, key=lambda item: item.digest)],
            "addresses": [asdict(item) for item in sorted(self.addresses, key=lambda item: item.digest)],
            "missing": self.missing,
            "kinds": sorted(self.kinds),
        }
        return json.dumps(told, indent=1) + "\n"


def read(path: Path) -> Listed:
    """The list in a file. Raises UsageError when it cannot be read, ListBroken when it is none."""
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != FORMAT:
            raise ListBroken(f"{path} is of another version: {str(told['format'])[:40]!r}", advice=_AGAIN)
        return _structured(told)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="name the file that `offkey gate export` wrote") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ListBroken(f"{path} is no list of departed people's credentials", advice=_AGAIN) from None


def _structured(told: Any) -> Listed:
    cost = {name: int(told["scrypt"][name]) for name in COST}
    if any(not 1 <= cost[name] <= most for name, most in _MOST.items()):
        raise ValueError("a cost that nobody can pay")
    made = Listed(
        made_at=datetime.fromisoformat(told["made_at"]),
        valid_until=datetime.fromisoformat(told["valid_until"]),
        salt=base64.b64decode(told["salt"], validate=True),
        cost=cost,
        credentials=tuple(Item(**item) for item in told["credentials"]),
        addresses=tuple(Item(**item) for item in told["addresses"]),
        missing=int(told["missing"]),
        kinds=tuple(map(str, told.get("kinds", ()))),
    )
    if made.valid_until.tzinfo is None or not all(isinstance(item.digest, str) for item in made.credentials):
        raise ValueError("a time without a zone, or a digest that is none")
    return made


def of_value(parts: Mapping[str, Secret]) -> bytes:
    """What is digested of a credential: the part that authenticates, else all parts; whatever kind it was found as."""
    if "secret" in parts:
        return b"credential\0" + parts["secret"].reveal()
    return b"credentials" + b"".join(b"\0" + parts[name].reveal() for name in sorted(parts))


def of_address(address: str) -> bytes:
    """What is digested of an address."""
    return b"address\0" + normal_email(address).encode("utf-8", "surrogatepass")


def ties(
    listed: Listed, findings: Sequence[Finding], values: Mapping[str, Mapping[str, Secret]]
) -> dict[str, list[Tie]]:
    """By fingerprint, those that are on the list, or whose introducing commit or own value names an address on it."""
    named = {finding.fingerprint: _addresses(finding) for finding in findings}
    texts = {fingerprint: of_value(parts) for fingerprint, parts in values.items() if parts}
    digests = listed.digests([*texts.values(), *(of_address(one) for every in named.values() for one in every)])
    known = {item.digest: item for item in listed.credentials}
    people = {item.digest: item for item in listed.addresses}
    found: dict[str, list[Tie]] = {}
    for finding in findings:
        text = texts.get(finding.fingerprint)
        if text is not None and (item := known.get(digests[text])) is not None:
            found.setdefault(finding.fingerprint, []).append(_tie(item))
        for address, how in named[finding.fingerprint].items():
            if (item := people.get(digests[of_address(address)])) is not None:
                run = f" (run {item.run})" if item.run else ""
                found.setdefault(finding.fingerprint, []).append(Tie(f"{how} a departed person's{run}", address))
    return found


def _tie(item: Item) -> Tie:
    state = "proven dead" if item.dead else "not proven dead when the list was made"
    why = f"a departed person's credential: it is in run {item.run}, {state}"
    return Tie(why, "", known=True, dead=item.dead, todo=f"run {item.run} says how far it is" if not item.dead else "")


def _addresses(finding: Finding) -> dict[str, str]:
    """Whom a finding names, and how."""
    said = {claim.subject: "the credential itself names an address that is" for claim in finding.claims}
    named = {
        address: "the commit that brought it in is"
        for one in whose.credited(finding)
        for address in (one.email, one.raw_email)
    }
    return {address: how for address, how in (said | named).items() if "@" in address}


def doubts(listed: Listed, now: datetime) -> list[Gap]:
    """What the list itself leaves open."""
    gaps = []
    if now > listed.valid_until:
        why = f"it was made at {timestamp(listed.made_at)} and was to be renewed by {timestamp(listed.valid_until)}"
        gaps.append(Gap(where="the list of departed people", why=why, advice=_AGAIN))
    if listed.missing:
        why = f"{listed.missing} credentials of runs are not on it, since their values could not be read any more"
        gaps.append(Gap(where="the list of departed people", why=why, advice=f"plan those runs again; then {_AGAIN}"))
    return gaps
