"""A Vault server: tokens with children, accessors, entities. `openbao` makes it answer as OpenBao does.

What a dead token is told differs: Vault says "permission denied" and "invalid token", OpenBao "permission denied"
alone, as it says to every token that may not ask. Both answer `lookup` of a dead value with 403 "bad token", and
`lookup-accessor` of a dead accessor with 400 "invalid accessor". Errors without a token are 403 too. No official
description may be kept here (MPL-2.0), so none is compared.

https://developer.hashicorp.com/vault/docs/concepts/tokens#error-responses
https://github.com/openbao/openbao/blob/main/internal/vault/token_store.go
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.tokens import URL_SAFE, pick
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route

DENIED = "1 error occurred:\n\t* permission denied\n\n"
INVALID = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"


def vault_service(seed: str) -> str:
    """`hvs.` and what the server's own encoding makes of 90 characters or so; no checksum is documented."""
    return "hvs." + pick(seed, "vault", 90, URL_SAFE)


def vault_legacy(seed: str) -> str:
    return "s." + pick(seed, "vault legacy", 24)


@dataclass
class Token:
    folded: str
    accessor: str
    name: str
    entity: str
    policies: tuple[str, ...]
    parent: str
    uses: int


class VaultSimulator(RestSimulator):
    PROVIDER = "vault"

    def __init__(self, *, openbao: bool = False) -> None:
        super().__init__()
        self.openbao = openbao
        self.tokens: dict[str, Token] = {}  # by accessor
        self.entities: dict[str, dict[str, Any]] = {}
        self.roles: list[str] = []
        """Roles for making tokens. A token's policy `create/ROLE` lets it make some under that role alone."""
        self.kept: dict[str, list[dict[str, Any]]] = {}  # by mount and path, its versions
        self.unversioned = False

    def add_entity(self, name: str) -> str:
        number = pick(name, "entity", 32, "0123456789abcdef")
        self.entities[number] = {"id": number, "name": name, "disabled": False, "policies": []}
        return number

    def add_token(
        self,
        value: str,
        name: str,
        *,
        entity: str = "",
        policies: tuple[str, ...] = (),
        parent: str = "",
        uses: int = 0,
    ) -> str:
        accessor = pick(value, "accessor", 24)
        policies = ("default", *policies)
        self.tokens[accessor] = Token(fold(value), accessor, name, entity, policies, parent, uses)
        return accessor

    def error(self, status: int) -> Answer:
        return ok({"errors": [DENIED if status == 403 else f"trouble {status}"]}, status)

    def _of(self, value: str) -> Token | None:
        return next((token for token in self.tokens.values() if token.folded == fold(value)), None)

    def _asks(self, request: Request) -> Token | None:
        token = self._of(request.headers.get("x-vault-token", ""))
        return None if token and self.entities.get(token.entity, {}).get("disabled") else token

    def who(self, request: Request) -> str:
        return getattr(self._of(request.headers.get("x-vault-token", "")), "name", "nobody")

    def answer(self, request: Request) -> Answer:
        token = self._asks(request)
        if token is None:
            dead = self._of(request.headers.get("x-vault-token", "")) is None and not self.openbao
            return ok({"errors": [INVALID if dead else DENIED]}, 403)
        listing = request.path.endswith("/token/roles") and "lister" in token.policies
        if not (request.path.endswith("-self") or listing or {"root", "offkey"} & set(token.policies)):
            return self.error(403)
        if token.uses:
            token.uses -= 1
            if not token.uses:
                self._end(token)
        return super().answer(request)

    def _end(self, token: Token) -> None:
        self.tokens.pop(token.accessor, None)
        for child in [one for one in self.tokens.values() if one.parent == token.accessor]:
            self._end(child)

    def _shown(self, token: Token) -> Answer:
        body = {
            "accessor": token.accessor,
            "display_name": token.name,
            "entity_id": token.entity,
            "id": "",
            "meta": None,
            "num_uses": token.uses,
            "orphan": not token.parent,
            "path": f"auth/userpass/login/{token.name}",
            "policies": list(token.policies),
            "ttl": 2764790,
        }
        return ok({"data": body})

    @route("GET", "/v1/auth/token/lookup-self")
    def own(self, request: Request) -> Answer:
        token = self._asks(request)
        return self._shown(token) if token else self.error(403)

    @route("POST", "/v1/auth/token/lookup")
    def look_up(self, request: Request) -> Answer:
        token = self._of(request.json()["token"])
        return self._shown(token) if token else ok({"errors": ["bad token"]}, 403)

    @route("POST", "/v1/auth/token/lookup-accessor")
    def look_up_accessor(self, request: Request) -> Answer:
        token = self.tokens.get(request.json()["accessor"])
        return self._shown(token) if token else ok({"errors": ["1 error occurred:\n\t* invalid accessor\n\n"]}, 400)

    @route("GET", "/v1/auth/token/accessors")
    def accessors(self, request: Request) -> Answer:
        assert request.query["list"] == ["true"]
        return ok({"data": {"keys": list(self.tokens)}})

    @route("GET", "/v1/auth/token/roles")
    def list_roles(self, request: Request) -> Answer:
        assert request.query["list"] == ["true"]
        return ok({"data": {"keys": self.roles}}) if self.roles else ok({"errors": []}, 404)

    @route("POST", "/v1/sys/capabilities-self")
    def may(self, request: Request) -> Answer:
        return self._may(self._asks(request), request)

    @route("POST", "/v1/sys/capabilities-accessor")
    def accessor_may(self, request: Request) -> Answer:
        return self._may(self.tokens.get(request.json()["accessor"]), request)

    @staticmethod
    def _may(token: Token | None, request: Request) -> Answer:
        held = set(token.policies) if token else set()
        makes = {path: {"root", "maker", path.removeprefix("auth/token/")} & held for path in request.json()["paths"]}
        found = {path: ["create", "update"] if may else ["deny"] for path, may in makes.items()}
        return ok({"capabilities": ["deny"], "data": found, **found})

    @route("POST", "/v1/auth/token/revoke-self")
    def end_own(self, request: Request) -> Answer:
        token = self._asks(request)
        assert token
        self._end(token)
        return done()

    @route("POST", "/v1/auth/token/revoke-accessor")
    def end_accessor(self, request: Request) -> Answer:
        token = self.tokens.get(request.json()["accessor"])
        if token is None:
            return ok({"data": None, "warnings": ["No token found with this accessor"]})
        self._end(token)
        return done()

    @route("GET", "/v1/identity/entity/id/{number}")
    def entity(self, request: Request, number: str) -> Answer:
        return ok({"data": self.entities[number]}) if number in self.entities else ok({"errors": []}, 404)

    @route("GET", "/v1/identity/entity/name/{name}")
    def entity_by_name(self, request: Request, name: str) -> Answer:
        found = next((one for one in self.entities.values() if one["name"] == name), None)
        return ok({"data": found}) if found else ok({"errors": []}, 404)

    @route("POST", "/v1/identity/entity/id/{number}")
    def change_entity(self, request: Request, number: str) -> Answer:
        self.entities[number] |= request.json()
        return done()

    @route("GET", "/v1/{mount}/data/{a}")
    @route("GET", "/v1/{mount}/data/{a}/{b}")
    def read_secret(self, request: Request, mount: str, a: str, b: str = "") -> Answer:
        versions = self.kept.get("/".join(filter(None, (mount, a, b))))
        if not versions:
            return ok({"errors": []}, 404)
        if self.unversioned:
            return ok({"data": versions[-1]})
        return ok({"data": {"data": versions[-1], "metadata": self._metadata(versions)}})

    @route("POST", "/v1/{mount}/data/{a}")
    @route("POST", "/v1/{mount}/data/{a}/{b}")
    def write_secret(self, request: Request, mount: str, a: str, b: str = "") -> Answer:
        if self._asks(request) is None:
            return self.error(403)
        versions, body = self.kept.setdefault("/".join(filter(None, (mount, a, b))), []), request.json()
        if body.get("options", {}).get("cas", len(versions)) != len(versions):
            told = "check-and-set parameter did not match the current version"
            return ok({"errors": [told]}, 400)
        versions.append(body["data"])
        return done(200, {"data": self._metadata(versions)})

    @staticmethod
    def _metadata(versions: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "version": len(versions),
            "created_time": "2026-01-02T03:04:05Z",
            "deletion_time": "",
            "destroyed": False,
        }
