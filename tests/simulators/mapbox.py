"""Mapbox, stateful: what a token says of itself, and deleting one by its id.

Facts (docs.mapbox.com/api/accounts/tokens): tokens go in the query; the answer is 200 with a code for a dead token too;
a token that may not delete is answered 401 or 403, an unknown id 404, a deletion 204. No official description exists.
Simpler than Mapbox: two scopes (may write tokens or not), no temporary tokens, no caches.
"""

from dataclasses import dataclass

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def secret_token(seed: str) -> str:
    return f"sk.eyJ{tokens.pick(seed, 'mapbox', 80)}.{tokens.pick(seed, 'mapbox end', 22, tokens.URL_SAFE)}"


@dataclass(kw_only=True)
class MapboxToken:
    id: str
    user: str
    writes: bool
    code: str = "TokenValid"


class MapboxSimulator(RestSimulator):
    PROVIDER = "mapbox"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, MapboxToken] = {}

    def add_token(self, user: str, value: str, *, writes: bool = False) -> MapboxToken:
        made = MapboxToken(id=f"token{len(self.tokens)}", user=user, writes=writes)
        self.tokens[fold(value)] = made
        return made

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"message": f"trouble {status}"})

    @route("GET", "/tokens/v2")
    def itself(self, request: Request) -> Answer:
        found = self._sent(request)
        if found is None:
            return ok({"code": "TokenInvalid"})
        return ok({"code": found.code, "token": {"usage": "sk", "user": found.user, "authorization": found.id}})

    @route("DELETE", "/tokens/v2/{username}/{token_id}")
    def delete(self, request: Request, username: str, token_id: str) -> Answer:
        signer = self._sent(request)
        if signer is None or signer.code != "TokenValid" or not signer.writes or signer.user != username:
            return self.error(403)
        living = (one for one in self.tokens.values() if one.code == "TokenValid")
        found = next((one for one in living if (one.id, one.user) == (token_id, username)), None)
        if found is None:
            return self.error(404)
        found.code = "TokenRevoked"
        return done()

    def _sent(self, request: Request) -> MapboxToken | None:
        return self.tokens.get(fold(request.query.get("access_token", [""])[0]))
