"""Google Workspace's directory, stateful: users, their grants to applications, their application passwords.

Facts (discovery document admin.directory_v1): a user is addressed by id, primary address or alias; lists say their
`kind` also when empty, and have no pages; signing out and deleting answer 204 without a body.
Simpler than Google: a foreign domain's user is 404, as an unknown one.
"""

from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.discovery import DiscoveredSimulator, failed
from tests.simulators.gcp import access_token
from tests.simulators.rest import bearer_of, done, ok, route

_USER = "/admin/directory/v1/users/{user}"


@dataclass
class Member:
    told: dict[str, Any]
    signed_out: int = 0
    grants: dict[str, str] = field(default_factory=dict)
    passwords: dict[int, str] = field(default_factory=dict)


class GoogleSimulator(DiscoveredSimulator):
    """`admin` is the access token of an administrator."""

    PROVIDER = "google"
    DOCUMENTS = (("/admin/directory", "admin.directory_v1"),)

    def __init__(self) -> None:
        super().__init__()
        self.admin = access_token("the directory's administrator")
        self.members: dict[str, Member] = {}
        self.fresh = True
        """Whether the search knows already who is suspended."""

    def add_user(self, name: str, *, admin: bool = False) -> str:
        identity = tokens.pick(name, "google id", 21, "123456789")
        address = f"{name}@example.com"
        told = {"kind": "admin#directory#user", "id": identity, "primaryEmail": address, "suspended": False}
        self.members[identity] = Member({**told, "isAdmin": admin, "aliases": [f"{name}.old@example.com"]})
        return identity

    def who(self, request: Request) -> str:
        return "administrator" if bearer_of(request) == self.admin else "somebody"

    def _find(self, request: Request, key: str) -> Member | Answer:
        if bearer_of(request) != self.admin:
            return failed(401, "Invalid Credentials")
        for identity, member in self.members.items():
            if key.lower() in (identity, member.told["primaryEmail"], *member.told["aliases"]):
                return member
        answer = failed(404, "Resource Not Found: userKey")
        answer.body["error"]["errors"] = [{"message": "Resource Not Found: userKey", "reason": "notFound"}]
        return answer

    @route("GET", "/admin/directory/v1/users")
    def search(self, request: Request) -> Answer:
        if bearer_of(request) != self.admin:
            return failed(401, "Invalid Credentials")
        assert request.query["query"] == ["isAdmin=true isSuspended=false"]
        rows = [member.told for member in self.members.values() if member.told["isAdmin"]]
        rows = [row for row in rows if not row["suspended"]] if self.fresh else rows
        shown, after = self.slice(rows, request, offset="pageToken")
        return ok({"kind": "admin#directory#users", "users": shown, **({"nextPageToken": str(after)} if after else {})})

    @route("GET", _USER)
    def get(self, request: Request, user: str) -> Answer:
        found = self._find(request, user)
        return found if isinstance(found, Answer) else ok(found.told)

    @route("PUT", _USER)
    def update(self, request: Request, user: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        found.told |= request.json()
        return done(200, found.told)

    @route("POST", _USER + "/signOut")
    def sign_out(self, request: Request, user: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        if found.told["suspended"]:
            return failed(412, "User is suspended")
        found.signed_out += 1
        return done(204)

    @route("GET", _USER + "/tokens")
    def grants(self, request: Request, user: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        rows = [
            {"kind": "admin#directory#token", "clientId": client, "displayText": text, "userKey": user, "scopes": ["x"]}
            for client, text in found.grants.items()
        ]
        return ok({"kind": "admin#directory#tokenList", **({"items": rows} if rows else {})})

    @route("DELETE", _USER + "/tokens/{client}")
    def delete_grant(self, request: Request, user: str, client: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        return done(204) if found.grants.pop(client, None) else failed(404, "Resource Not Found: clientId")

    @route("GET", _USER + "/asps")
    def passwords(self, request: Request, user: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        rows = [
            {"kind": "admin#directory#asp", "codeId": code, "name": name, "lastTimeUsed": "1700000000", "userKey": user}
            for code, name in found.passwords.items()
        ]
        return ok({"kind": "admin#directory#aspList", **({"items": rows} if rows else {})})

    @route("DELETE", _USER + "/asps/{code}")
    def delete_password(self, request: Request, user: str, code: str) -> Answer:
        found = self._find(request, user)
        if isinstance(found, Answer):
            return found
        return done(204) if found.passwords.pop(int(code), None) else failed(404, "Resource Not Found: codeId")
