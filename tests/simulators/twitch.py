"""Twitch's authorisation server, stateful: validate and revoke.

Facts (dev.twitch.tv/docs/authentication): validate takes `Authorization: OAuth` or Bearer; 401 {"status", "message":
"invalid access token"}; revoke is a form with client_id and token, 200 without a body, 400 {"message": "Invalid
token"}, 404 {"message": "client does not exist"}. No official description exists. Simpler: tokens do not expire.
"""

from dataclasses import dataclass

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route


def access_token(seed: str) -> str:
    return "1a" + tokens.pick(seed, "twitch", 28, tokens.BASE36)


@dataclass(kw_only=True)
class TwitchToken:
    client: str
    login: str


class TwitchSimulator(RestSimulator):
    PROVIDER = "twitch"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, TwitchToken] = {}

    def add_token(self, value: str, login: str, client: str = "client1") -> None:
        self.tokens[fold(value)] = TwitchToken(client=client, login=login)

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"status": status, "message": f"trouble {status}"})

    @route("GET", "/oauth2/validate")
    def validate(self, request: Request) -> Answer:
        found = self.tokens.get(fold(bearer_of(request, "OAuth") or bearer_of(request)))
        if found is None:
            return Answer(status=401, body={"status": 401, "message": "invalid access token"})
        body = {"client_id": found.client, "scopes": ["chat:read"], "expires_in": 5000}
        return ok(body | ({"login": found.login, "user_id": f"id-{found.login}"} if found.login else {}))

    @route("POST", "/oauth2/revoke")
    def revoke(self, request: Request) -> Answer:
        form = request.form()
        if form.get("client_id") not in {token.client for token in self.tokens.values()}:
            return Answer(status=404, body={"status": 404, "message": "client does not exist"})
        found = self.tokens.get(fold(form.get("token", "")))
        if found is None or found.client != form["client_id"]:
            return Answer(status=400, body={"status": 400, "message": "Invalid token"})
        del self.tokens[fold(form["token"])]
        return done(200)
