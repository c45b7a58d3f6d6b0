"""PyPI: a token is read, never sent; its owner removes it by hand.

A token is a macaroon: the index it is for, an identifier, and restrictions ("caveats") that PyPI checks in order. One
restriction can prove death without a request: an expiry that has passed. Whether a token without one lives, this module
does not ask: there is no registry's address in it, and no call that tells of a token without using it to upload.
Whoever holds a token can add restrictions to a copy, so the user that one names is no proof of an owner.

https://github.com/pypi/warehouse: docs/user/api/secrets.md, warehouse/macaroons/caveats
https://github.com/rescrv/libmacaroons: doc/format.txt
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offkey.http import Gate, Operation, Reader
from offkey.model import Check, Credential
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import answered, by_hand, dead, text, unknown
from revokers.protocol import Option, Unclear

PROVIDER = "pypi"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    "pypi.token": by_hand(
        "Its owner removes it at https://pypi.org/manage/account/ (API tokens; for test.pypi.org there), where it is "
        "then listed no more. An owner of the project removes the person under Collaborators, which ends what the "
        "token may upload there."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the index the tokens are for; nothing is sent to it."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


_END, _LOCATION, _IDENTIFIER = 0, 1, 2


@answered
def check(http: Reader, credential: Credential) -> Check:
    """Decoded here; nothing is sent."""
    value = text(credential.secret).removeprefix("pypi-")
    told = list(_fields(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))))
    where = next((content.decode() for kind, content in told if kind == _LOCATION), "")
    named = [content for kind, content in told if kind == _IDENTIFIER]
    if not where or not named:
        raise Unclear("this is no token of PyPI's")
    caveats: list[Any] = [json.loads(content) for content in named[1:]]
    # [0, not after, not before], in seconds since 1970
    ends = [int(caveat[1]) for caveat in caveats if isinstance(caveat, list) and caveat[0] == 0]
    if ends and min(ends) <= http.now().timestamp():
        when = datetime.fromtimestamp(min(ends), UTC)
        return dead(http, f"a token for {where} that expired on {when:%Y-%m-%d}", status="expired")
    return unknown(http, f"a token for {where} with {len(caveats)} restrictions; it is not sent anywhere")


def _fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, content) of a version 2 macaroon: type and length are a byte or more, a zero ends each section.

    Raises Unclear for anything else.
    """
    if raw[:1] != b"\x02":
        raise Unclear("this is no macaroon of version 2")
    at = 1
    while at < len(raw):
        kind, at = raw[at], at + 1
        if kind == _END:
            continue
        length, at = _number(raw, at)
        if at + length > len(raw):
            raise Unclear("the macaroon is cut short")
        yield kind, raw[at : at + length]
        at += length


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """A length in seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while at < len(raw):
        value |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not raw[at - 1] & 0x80:
            return value, at
    raise Unclear("the macaroon is cut short")


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
state = by_itself.by_value(check)
revoke = by_itself.refused(HANDLES)
