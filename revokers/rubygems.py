"""RubyGems.org and gem servers of its kind: a key is asked about at the one that the user configured; ended by hand.

There is no registry's address in this module. `GET /api/v1/gems.json` lists the gems of the key's owner, for a key with
the scope index_rubygems; it names nobody. Without that scope the answer is 403, which says nothing here, as does an
empty list. A key that the server does not know, or that has expired, gets 401 "Access Denied. Please sign up ...": it
has ended, or is another server's, so it is proof of a key that answered before. Another 401 asks for a one-time code.
No call deletes a key; what GitHub reports to RubyGems.org as leaked is deleted there, and its owner is mailed.

https://guides.rubygems.org/rubygems-org-api/
https://guides.rubygems.org/api-key-scopes/
https://github.com/rubygems/rubygems.org: app/controllers/api/base_controller.rb, config/locales/en.yml
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Gate, Operation, Reader
from offkey.model import AccessPoint, Check, Credential
from offkey.secret import Secret
from revokers import by_itself
from revokers.parts import answered, by_hand, ended, live, refused, rows, text, unexpected, unknown
from revokers.protocol import Option

PROVIDER = "rubygems"
URL = ""
HOSTS: frozenset[str] = frozenset()
READS: frozenset[Operation] = frozenset()
WRITES: frozenset[Operation] = frozenset()
NEEDS: Mapping[str, str] = {}
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

_UNKNOWN_THERE = "Access Denied. Please sign up for an account"
HANDLES: Mapping[str, tuple[Option, ...]] = {
    "rubygems.api_key": by_hand(
        "Its owner deletes it at https://rubygems.org/profile/api_keys, where it is listed no more. If the owner has "
        "left, another owner of the gems takes them off with `gem owner GEM --remove E-MAIL`."
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the server that keys are asked about at, `https://rubygems.org`."""

    url: str
    read: Secret | None = None
    write: Secret | None = None


@answered
def check(http: Reader, credential: Credential) -> Check:
    """LIVE without a holder: the answer names the owner's gems, not the owner."""
    headers = {"Authorization": text(credential.secret)}
    answer = http.request("GET", "/api/v1/gems.json", headers=headers, hide=(credential.secret,))
    if answer.status == 401 and answer.text.startswith(_UNKNOWN_THERE):
        return refused(http, "401 Access Denied")
    if answer.status != 200:
        return unexpected(http, answer.status)
    gems = len(list(rows([answer], "GET /api/v1/gems.json", "name")))
    if not gems:
        return unknown(http, "the list of gems is empty, which says nothing")
    return live(http, f"lists {gems} gems of its owner")


@answered
def state(http: Reader, settings: Any, point: AccessPoint, credential: Credential | None = None) -> Check:
    return ended(http, point, check(http, credential)) if credential else unknown(http, "the value is not at hand")


options = by_itself.by_kind(HANDLES)
inventory = by_itself.nothing_listed
revoke = by_itself.refused(HANDLES)
