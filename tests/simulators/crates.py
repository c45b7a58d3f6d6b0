"""A crates.io registry, stateful: what a token's owner follows, and the token revoking itself.

Facts (rust-lang/crates.io): the token stands alone in Authorization; a bad one is answered 403 {"errors": [{"detail":
"authentication failed"}]}, one restricted to other endpoints 403 with another detail, none 400; revoking answers 204.
"""

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def token(seed: str) -> str:
    return "cio" + tokens.pick(seed, "crates", 32)


class CratesSimulator(RestSimulator):
    PROVIDER = "crates"
    CONTRACTS = (("", "crates-io"),)

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, bool] = {}

    def add_token(self, value: str, *, restricted: bool = False) -> None:
        self.tokens[fold(value)] = restricted

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"errors": [{"detail": f"trouble {status}"}]})

    @route("GET", "/api/v1/crates")
    def following(self, request: Request) -> Answer:
        return self._refused(request) or ok({"crates": [], "meta": {"total": 0, "next_page": None, "prev_page": None}})

    @route("DELETE", "/api/v1/tokens/current")
    def revoke(self, request: Request) -> Answer:
        if refused := self._refused(request):
            return refused
        del self.tokens[fold(request.headers["authorization"])]
        return done()

    def _refused(self, request: Request) -> Answer | None:
        restricted = self.tokens.get(fold(request.headers.get("authorization", "")))
        if restricted is None:
            return Answer(status=403, body={"errors": [{"detail": "authentication failed"}]})
        detail = "this token does not have the required permissions to perform this action"
        return Answer(status=403, body={"errors": [{"detail": detail}]}) if restricted else None
