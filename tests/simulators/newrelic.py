"""NerdGraph, stateful: the asking user, the search of user keys, and their deletion.

Facts (docs.newrelic.com; the public schema as in newrelic-client-go): one address takes every operation; a key that is
not known is refused with 401; errors come with status 200 too; the search says count and nextCursor and shows whole
keys; keys are deleted by id. There is no official description to hold the answers against.
Simpler than New Relic: a query is told by its name, its fields are not looked at.
"""

import re
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import DIGITS, UPPER, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def user_key(seed: str) -> str:
    return "NRAK-" + pick(seed, "NRAK-", 27, UPPER + DIGITS)


@dataclass(kw_only=True)
class Key:
    """The search shows whole keys, so `value` is held as a Secret."""

    id: str
    value: Secret
    user: int
    account: int = 1


class NewRelicSimulator(RestSimulator):
    """`alone`: the asking user may see only their own keys. `masked`: the search shows shortened keys."""

    PROVIDER = "newrelic"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[int, str] = {}
        self.keys: dict[str, Key] = {}
        self.alone = self.masked = False
        self.hidden: set[int] = set()
        """Accounts in which the asking user may not see others' keys."""

    def add_user(self, name: str) -> int:
        self.users[1000 + len(self.users)] = name
        return 999 + len(self.users)

    def add_key(self, user: int, value: str | Secret) -> Key:
        held = value if isinstance(value, Secret) else Secret(value.encode())
        made = Key(id=f"KEY{len(self.keys) + 1:04d}", value=held, user=user)
        self.keys[made.id] = made
        return made

    def label(self, request: Request) -> str:
        """The address with the operation's name, as the gate tells them apart."""
        named = re.match(r"(?:query|mutation) (\w+)", str((request.json() or {}).get("query", "")))
        return f"{request.path}#{named[1] if named else ''}"

    def template(self, request: Request) -> str:
        return self.label(request)

    @route("POST", "/graphql")
    def graphql(self, request: Request) -> Answer:
        folded = fold(request.headers.get("api-key", ""))
        asker = next((one for one in self.keys.values() if fold(one.value) == folded), None)
        if asker is None:
            return Answer(status=401, body={"errors": [{"message": "Unauthorized"}]})
        variables = (request.json() or {}).get("variables", {})
        name = self.label(request).partition("#")[2]
        if name == "actor":
            return ok({"data": {"actor": {"user": self._user(asker.user)}}})
        if name == "keySearch":
            return ok({"data": {"actor": {"apiAccess": {"keySearch": self._search(asker, variables)}}}})
        return self._delete(asker, variables["keys"]["userKeyIds"])

    def _user(self, number: int) -> dict[str, Any]:
        return {"id": number, "email": f"{self.users[number]}@example.com", "name": self.users[number]}

    def _search(self, asker: Key, variables: dict[str, Any]) -> dict[str, Any]:
        seen = [one for one in self.keys.values() if one.account not in self.hidden or one.user == asker.user]
        rows = [one for one in seen if not self.alone or one.user == asker.user]
        at = int(variables.get("cursor") or 0)
        end = at + self.page_size
        return {
            "count": len(rows),
            "nextCursor": str(end) if end < len(rows) else None,
            "keys": [self._view(one) for one in rows[at:end]],
        }

    def _view(self, one: Key) -> dict[str, Any]:
        whole = one.value.reveal().decode()
        shown = f"{whole[:8]}***" if self.masked else whole
        return {
            "id": one.id,
            "key": shown,
            "name": one.id,
            "type": "USER",
            "accountId": one.account,
            "userId": one.user,
        }

    def _delete(self, asker: Key, wanted: list[str]) -> Answer:
        gone = [i for i in wanted if i in self.keys and (not self.alone or self.keys[i].user == asker.user)]
        for identity in gone:
            del self.keys[identity]
        errors = [{"message": "not found", "type": "USER"} for identity in wanted if identity not in gone]
        told = {"deletedKeys": [{"id": identity} for identity in gone], "errors": errors}
        body = {"data": {"apiAccessDeleteKeys": told}}
        return done(200, body) if gone else ok(body)
