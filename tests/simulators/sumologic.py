"""Sumo Logic, stateful: users, access keys, own keys.

Facts (api.sumologic.com/docs, Sumo Logic's Terraform provider): lists answer {"data", "next"} and go on with `token`;
an update of a key carries `disabled`, of a user firstName, lastName, isActive and roleIds; a refused credential is
answered 401 with code "unauthorized". There is no official description to hold the answers against.
Simpler than Sumo Logic: no service accounts, no throttling; a deactivated user's keys are refused.
"""

from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, basic_of, done, fold, ok, route


def access_key(seed: str) -> tuple[str, str]:
    """Access id and key."""
    return "su" + tokens.pick(seed, "sumo id", 12), tokens.pick(seed, "sumo key", 64)


@dataclass(kw_only=True)
class SumoKey:
    id: str
    folded: str
    maker: str
    disabled: bool = False
    origins: list[str] = field(default_factory=lambda: ["https://dash.example.com"])


class SumoLogicSimulator(RestSimulator):
    PROVIDER = "sumologic"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, SumoKey] = {}
        self.admins: set[str] = set()
        self.owner = "00000000000000FF"

    def add_user(self, name: str, *, admin: bool = False) -> str:
        ident = f"{len(self.users) + 1:016X}"
        self.users[ident] = {
            "id": ident, "firstName": name, "lastName": "Doe", "email": f"{name}@example.com",
            "roleIds": ["0000000000000001"], "isActive": True,
        }  # fmt: skip
        if admin:
            self.admins.add(ident)
        return ident

    def add_key(self, maker: str, pair: tuple[str, str]) -> SumoKey:
        made = SumoKey(id=pair[0], folded=fold(pair[1]), maker=maker)
        self.keys[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return _error(status, "trouble")

    @route("GET", "/accessKeys")
    def all_keys(self, request: Request) -> Answer:
        return self._refused(request) or self._list(request, [_view(key) for key in self.keys.values()])

    @route("GET", "/accessKeys/personal")
    def own_keys(self, request: Request) -> Answer:
        who = self._signer(request)
        rows = [_view(key) for key in self.keys.values() if key.maker == who]
        return ok({"data": rows}) if who else _error(401, "unauthorized")

    @route("PUT", "/accessKeys/{id}")
    def update_key(self, request: Request, id: str) -> Answer:
        found, body = self.keys.get(id), request.json()
        if refused := self._refused(request) or (None if found else _error(404, "not_found")):
            return refused
        assert found
        found.disabled, found.origins = body["disabled"], body.get("corsHeaders", [])
        return done(200, _view(found))

    @route("DELETE", "/accessKeys/{id}")
    def delete_key(self, request: Request, id: str) -> Answer:
        if refused := self._refused(request) or (None if id in self.keys else _error(404, "not_found")):
            return refused
        del self.keys[id]
        return done()

    @route("GET", "/users")
    def all_users(self, request: Request) -> Answer:
        address = request.query.get("email", [""])[0]
        rows = [row for row in self.users.values() if address in ("", row["email"])]
        return self._refused(request) or self._list(request, rows)

    @route("GET", "/account/accountOwner")
    def account_owner(self, request: Request) -> Answer:
        return self._refused(request) or ok(self.owner)

    @route("GET", "/users/{id}")
    def one_user(self, request: Request, id: str) -> Answer:
        found = self.users.get(id)
        return self._refused(request) or (ok(found) if found else _error(404, "not_found"))

    @route("PUT", "/users/{id}")
    def update_user(self, request: Request, id: str) -> Answer:
        if refused := self._refused(request) or (None if id in self.users else _error(404, "not_found")):
            return refused
        body = request.json()
        if set(body) != {"firstName", "lastName", "isActive", "roleIds"}:
            return _error(400, "bad_request")
        self.users[id] |= body
        return done(200, self.users[id])

    def _list(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        found, following = self.slice(rows, request, offset="token")
        return ok({"data": found, "next": None if following is None else str(following)})

    def _signer(self, request: Request) -> str:
        """The id of the user whose living key this is."""
        name, value = basic_of(request)
        key = self.keys.get(name)
        right = key is not None and not key.disabled and key.folded == fold(value)
        return key.maker if key and right and self.users[key.maker]["isActive"] else ""

    def _refused(self, request: Request) -> Answer | None:
        who = self._signer(request)
        if not who:
            return _error(401, "unauthorized")
        return None if who in self.admins else _error(403, "forbidden")


def _view(key: SumoKey) -> dict[str, Any]:
    return {
        "id": key.id, "label": "a key", "corsHeaders": key.origins, "disabled": key.disabled, "createdBy": key.maker,
        "createdAt": "2025-01-01T00:00:00Z", "modifiedAt": "2025-01-01T00:00:00Z",
    }  # fmt: skip


def _error(status: int, code: str) -> Answer:
    return Answer(status=status, body={"id": "A-B-C", "errors": [{"code": code, "message": "no"}]})
