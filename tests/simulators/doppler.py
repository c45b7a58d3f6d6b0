"""Doppler, stateful: `/v3/me` and `/v3/auth/revoke`.

Facts (docs.doppler.com/reference, Doppler's command line): revoking takes the value in the body, without a credential;
a token that is not valid is answered 401 with `messages`. Doppler's description was not to be had.
"""

from offboarding.demo.simulators.tokens import pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

DEVIATIONS = ("trusted addresses do not exist", "every sort of token is revoked alike")
SORTS = {"pt": "personal", "ct": "cli", "st": "service_token", "sa": "service_account"}


def token(seed: str, sort: str = "pt") -> str:
    return f"dp.{sort}." + pick(seed, f"doppler {sort}", 43)


class DopplerSimulator(RestSimulator):
    PROVIDER = "doppler"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, str] = {}

    def add_token(self, value: str | Secret, sort: str = "pt") -> None:
        self.tokens[fold(value)] = sort

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"messages": [f"trouble {status}"], "success": False})

    @route("GET", "/v3/me")
    def me(self, request: Request) -> Answer:
        sort = self.tokens.get(fold(bearer_of(request)))
        if sort is None:
            return Answer(status=401, body={"messages": ["Invalid Auth token"], "success": False})
        told = {"slug": "00000000-0000-4000-8000-000000000000", "name": "laptop", "token_preview": "dp.pt...abcd"}
        return ok({"workplace": {"name": "Acme", "slug": "acme"}, "type": SORTS[sort], **told})

    @route("POST", "/v3/auth/revoke")
    def revoke(self, request: Request) -> Answer:
        self.tokens.pop(fold((request.json() or {}).get("token", "")), None)
        return done(200, {"success": True})
