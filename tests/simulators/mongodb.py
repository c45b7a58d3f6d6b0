"""MongoDB Atlas: API keys by HTTP Digest (RFC 7616, MD5 as Atlas has it), an organisation's keys and users.

Atlas' official description may not be kept here (CC BY-NC-SA), so none is compared.

https://www.mongodb.com/docs/atlas/api/api-authentication/
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route

REALM = "MMS Public API"
ROOT = "/api/atlas/v2"


def mongodb_public_key(seed: str) -> str:
    return pick(seed, "atlas public", 8, "abcdefghijklmnopqrstuvwxyz")


def mongodb_private_key(seed: str) -> str:
    return str(uuid.UUID(bytes=fold(f"atlas private {seed}").encode()[:16], version=4))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Key:
    id: str
    public: str
    hashed: str  # Digest's own A1: user, realm and password, hashed
    org: str
    role: str


class MongoDBSimulator(RestSimulator):
    PROVIDER = "mongodb"

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Key] = {}
        self.users: dict[str, list[dict[str, Any]]] = {}

    def add_key(self, org: str, seed: str, role: str = "ORG_MEMBER") -> None:
        public = mongodb_public_key(seed)
        number = pick(seed, "atlas key id", 24, HEX)
        hashed = _md5(f"{public}:{REALM}:{mongodb_private_key(seed)}")
        self.keys[number] = Key(number, public, hashed, org, role)

    def add_user(self, org: str, name: str, *roles: str) -> str:
        number = pick(name, "atlas user id", 24, HEX)
        row = {"id": number, "username": f"{name}@example.com", "orgMembershipStatus": "ACTIVE"}
        self.users.setdefault(org, []).append({**row, "roles": {"orgRoles": list(roles or ("ORG_MEMBER",))}})
        return number

    def error(self, status: int) -> Answer:
        return ok({"error": status, "reason": "no", "errorCode": "TROUBLE", "detail": "no"}, status)

    def _asks(self, request: Request) -> Key | None:
        found = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("authorization", "")))
        key = next((one for one in self.keys.values() if one.public == found.get("username")), None)
        if key is None:
            return None
        middle = f"{found['nonce']}:{found['nc']}:{found['cnonce']}:{found['qop']}"
        wanted = _md5(f"{key.hashed}:{middle}:{_md5(f'{request.method}:{request.target}')}")
        return key if wanted == found["response"] else None

    def who(self, request: Request) -> str:
        key = self._asks(request)
        return key.public if key else "nobody"

    def answer(self, request: Request) -> Answer:
        assert request.headers["accept"] == "application/vnd.atlas.2025-02-19+json"
        key = self._asks(request)
        if key is None:
            refused = self.error(401)
            nonce = fold(request.target)
            challenge = f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale=false'
            refused.headers["WWW-Authenticate"] = challenge
            return refused
        if request.path != ROOT and (key.role != "ORG_OWNER" or f"/orgs/{key.org}/" not in request.path):
            return self.error(401)  # as for a missing role
        return super().answer(request)

    @route("GET", ROOT)
    def root(self, request: Request) -> Answer:
        key = self._asks(request)
        assert key
        return ok({"appName": "MongoDB Atlas", "build": "1", "throttling": False, "apiKey": self._shown(key)})

    @staticmethod
    def _shown(key: Key) -> dict[str, Any]:
        roles = [{"orgId": key.org, "roleName": key.role}]
        return {"id": key.id, "publicKey": key.public, "roles": roles, "desc": "ci"}

    def _page(self, rows: list[Any], request: Request) -> Answer:
        shown, _ = self.page(rows, request, number="pageNum")
        return ok({"results": shown, "totalCount": len(rows), "links": []})

    @route("GET", f"{ROOT}/orgs/{{org}}/apiKeys")
    def list_keys(self, request: Request, org: str) -> Answer:
        return self._page([self._shown(key) for key in self.keys.values() if key.org == org], request)

    @route("GET", f"{ROOT}/orgs/{{org}}/apiKeys/{{number}}")
    def show_key(self, request: Request, org: str, number: str) -> Answer:
        key = self.keys.get(number)
        return ok(self._shown(key)) if key and key.org == org else self.error(404)

    @route("DELETE", f"{ROOT}/orgs/{{org}}/apiKeys/{{number}}")
    def end_key(self, request: Request, org: str, number: str) -> Answer:
        return done() if self.keys.pop(number, None) else self.error(404)

    @route("GET", f"{ROOT}/orgs/{{org}}/users")
    def list_users(self, request: Request, org: str) -> Answer:
        return self._page(self.users.get(org, []), request)

    @route("DELETE", f"{ROOT}/orgs/{{org}}/users/{{number}}")
    def remove(self, request: Request, org: str, number: str) -> Answer:
        left = [row for row in self.users[org] if row["id"] != number]
        gone = len(left) < len(self.users[org])
        self.users[org] = left
        return done() if gone else self.error(404)
