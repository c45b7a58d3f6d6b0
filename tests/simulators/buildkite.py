"""Buildkite, stateful: `/v2/access-token` and the organisation's members.

Facts (buildkite.com/docs/apis/rest-api): neither call on the token itself needs a scope; members are listed in pages
with a Link header, and have a role. A token that is unknown or revoked is answered 401 with a message. Buildkite
publishes no description of its REST API.
"""

from typing import Any

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

DEVIATIONS = ("scopes, allow-lists of addresses and tokens of other organisations do not exist",)
REFUSED = "Authentication required. Please supply a valid API Access Token: https://buildkite.com/docs/apis/rest-api"


def user_token(seed: str) -> str:
    return "bkua_" + pick(seed, "bkua_", 40, HEX)


class BuildkiteSimulator(RestSimulator):
    PROVIDER = "buildkite"

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}

    def add_member(self, name: str, role: str = "member") -> str:
        number = f"0185dbbf-8447-4f72-ac7e-{len(self.members):012x}"
        self.members[number] = {
            "id": number,
            "name": name.title(),
            "email": f"{name}@example.com",
            "role": role,
            "sso_mode": "optional",
        }
        return number

    def add_token(self, value: str | Secret, member: str) -> None:
        self.tokens[fold(value)] = member

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"message": f"trouble {status}"})

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if fold(bearer_of(request)) not in self.tokens:
                return Answer(status=401, body={"message": REFUSED})
            return super().answer(request)

    @route("GET", "/v2/access-token")
    def own(self, request: Request) -> Answer:
        member = self.members[self.tokens[fold(bearer_of(request))]]
        return ok(
            {
                "uuid": "b63254c0-3271-4a98-8270-7cfbd6c2f14e",
                "scopes": ["read_builds"],
                "description": "a laptop",
                "created_at": "2026-01-02 03:04:05 UTC",
                "user": {"email": member["email"], "name": member["name"]},
            }
        )

    @route("DELETE", "/v2/access-token")
    def end_own(self, request: Request) -> Answer:
        del self.tokens[fold(bearer_of(request))]
        return done()

    @route("GET", "/v2/organizations/{org}/members")
    def listed(self, request: Request, org: str) -> Answer:
        if org != "acme":
            return Answer(status=404, body={"message": "No organization found"})
        rows, more = self.page(list(self.members.values()), request)
        number = int(request.query["page"][-1]) + 1
        return ok(rows, **({"Link": f'<{self.url}{request.path}?page={number}>; rel="next"'} if more else {}))

    @route("DELETE", "/v2/organizations/{org}/members/{user}")
    def remove(self, request: Request, org: str, user: str) -> Answer:
        if self.members.pop(user, None) is None:
            return Answer(status=404, body={"message": "No organization member found"})
        return done()
