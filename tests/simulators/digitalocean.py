"""DigitalOcean: tokens that answer for an account, and the authorization server at its other host.

https://docs.digitalocean.com/reference/api/oauth/
"""

from typing import ClassVar

from offboarding.demo.simulators.tokens import HEX, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

REVOKE = "/cloud.digitalocean.com/v1/oauth/revoke"


def digitalocean_pat(seed: str) -> str:
    return "dop_v1_" + pick(seed, "digitalocean pat", 64, HEX)


def digitalocean_oauth(seed: str) -> str:
    return "doo_v1_" + pick(seed, "digitalocean oauth", 64, HEX)


class DigitalOceanSimulator(RestSimulator):
    """`keeps_pats`: the authorization server accepts to end a personal access token and does not."""

    PROVIDER = "digitalocean"
    CONTRACTS = (("", "digitalocean"),)
    UNDESCRIBED: ClassVar[dict[tuple[str, str, str], str]] = {
        ("digitalocean", "POST", REVOKE): "the OAuth server is documented in prose alone",
    }

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, str] = {}  # folded -> e-mail address
        self.keeps_pats = False

    def add_token(self, value: str, email: str) -> None:
        self.tokens[fold(value)] = email

    def error(self, status: int) -> Answer:
        return ok({"id": {401: "unauthorized", 403: "forbidden"}.get(status, "trouble"), "message": "no"}, status)

    def who(self, request: Request) -> str:
        return self.tokens.get(fold(bearer_of(request)), "nobody")

    def answer(self, request: Request) -> Answer:
        return super().answer(request) if fold(bearer_of(request)) in self.tokens else self.error(401)

    @route("GET", "/v2/account")
    def account(self, request: Request) -> Answer:
        email = self.who(request)
        limits = {"droplet_limit": 25, "floating_ip_limit": 5, "email_verified": True}
        about = {"status": "active", "status_message": "", "team": {"uuid": fold("team"), "name": "acme"}}
        return ok({"account": {"email": email, "uuid": fold(email)[:32], **limits, **about}})

    @route("POST", REVOKE)
    def revoke(self, request: Request) -> Answer:
        value = request.form()["token"]
        if self.keeps_pats and value.startswith("dop_"):
            return ok({})
        return done(200, {}) if self.tokens.pop(fold(value), "") else self.error(401)
