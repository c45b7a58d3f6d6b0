"""Hugging Face, stateful: `/api/whoami-v2` and `/api/credentials/revoke`.

Facts (huggingface.co/docs/hub/security-tokens): revoking takes no credential, answers 202 to any list of values, ends
each that exists at once, and mails its owner once. whoami-v2 answers 401 with an `error` to a token that is not valid.
Hugging Face's description of its API was not to be had.
"""

from dataclasses import dataclass

from offboarding.demo.simulators.tokens import UPPER, pick
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

DEVIATIONS = ("organisations' policies and the permissions of fine-grained tokens do not exist",)


def org_token(seed: str) -> str:
    return "api_org_" + pick(seed, "api_org_", 34, UPPER + UPPER.lower())


@dataclass(kw_only=True)
class Owner:
    id: str
    name: str
    type: str = "user"
    mails: int = 0


class HuggingFaceSimulator(RestSimulator):
    PROVIDER = "huggingface"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, Owner] = {}

    def add_token(self, value: str | Secret, name: str, type: str = "user") -> Owner:
        owner = Owner(id=f"{len(self.tokens):024x}", name=name, type=type)
        self.tokens[fold(value)] = owner
        return owner

    @route("GET", "/api/whoami-v2")
    def whoami(self, request: Request) -> Answer:
        owner = self.tokens.get(fold(bearer_of(request)))
        if owner is None:
            return Answer(status=401, body={"error": "Invalid credentials in Authorization header"})
        told = {"type": owner.type, "id": owner.id, "name": owner.name, "fullname": owner.name.title()}
        return ok({**told, "email": f"{owner.name}@example.com"} if owner.type == "user" else told)

    @route("POST", "/api/credentials/revoke")
    def revoke(self, request: Request) -> Answer:
        if "authorization" in request.headers:
            return self.error(400)
        for value in (request.json() or {}).get("credentials", ()):
            if owner := self.tokens.pop(fold(value), None):
                owner.mails += 1
        return done(202, {})
