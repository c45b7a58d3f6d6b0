"""Vercel, stateful: `/v2/user`, the token that asks, and a team's members.

Facts (vercel.com/docs/rest-api, @vercel/sdk, Vercel's command line): a token that is not valid is answered 403 with
`invalidToken` in the error; members are listed from the newest on, the next page by `until`. Vercel's description was
not to be had.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

DEVIATIONS = ("a token may do in a team what its owner may; scopes and other teams do not exist",)
TEAM = "team_acme"


@dataclass(kw_only=True)
class Member:
    uid: str
    username: str
    role: str
    created: int
    confirmed: bool = True


class VercelSimulator(RestSimulator):
    PROVIDER = "vercel"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, str] = {}
        self.members: dict[str, Member] = {}
        self.tokens: dict[str, str] = {}

    def add_member(self, username: str, role: str = "MEMBER") -> str:
        number = len(self.users)
        uid = f"uid{number:021d}"
        self.users[uid] = username
        self.members[uid] = Member(uid=uid, username=username, role=role, created=1_700_000_000_000 + number)
        return uid

    def add_token(self, value: str | Secret, uid: str) -> None:
        self.tokens[fold(value)] = uid

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"error": {"code": "forbidden", "message": "Not authorized"}})

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if fold(bearer_of(request)) not in self.tokens:
                error = {"code": "forbidden", "message": "Not authorized", "invalidToken": True}
                return Answer(status=403, body={"error": error})
            return super().answer(request)

    @route("GET", "/v2/user")
    def user(self, request: Request) -> Answer:
        uid = self.tokens[fold(bearer_of(request))]
        name = self.users[uid]
        return ok({"user": {"id": uid, "username": name, "email": f"{name}@example.com", "name": name.title()}})

    @route("DELETE", "/v3/user/tokens/current")
    def end_own(self, request: Request) -> Answer:
        return done(200, {"tokenId": self.tokens.pop(fold(bearer_of(request)))})

    @route("GET", "/v3/teams/{team}/members")
    def listed(self, request: Request, team: str) -> Answer:
        if team != TEAM:
            return self.error(403)
        until = int(request.query.get("until", ["9" * 15])[-1])
        rows = sorted((m for m in self.members.values() if m.created < until), key=lambda m: -m.created)
        page = rows[: self.page_size]
        told = {
            "hasNext": len(rows) > len(page),
            "count": len(page),
            "next": page[-1].created if page else None,
            "prev": page[0].created if page else None,
        }
        return ok({"members": [_view(member) for member in page], "pagination": told})

    @route("DELETE", "/v1/teams/{team}/members/{uid}")
    def remove(self, request: Request, team: str, uid: str) -> Answer:
        if self.members.pop(uid, None) is None:
            return Answer(status=404, body={"error": {"code": "not_found", "message": "User is not a member"}})
        return done(200, {"id": team})


def _view(member: Member) -> dict[str, Any]:
    return {
        "uid": member.uid,
        "username": member.username,
        "email": f"{member.username}@example.com",
        "role": member.role,
        "confirmed": member.confirmed,
        "createdAt": member.created,
    }
