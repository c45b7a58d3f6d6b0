"""One Shopify shop, stateful: an app's scopes, and the app uninstalling itself.

Facts (shopify.dev): the token goes in X-Shopify-Access-Token; a wrong one is answered 401 {"errors": "[API] Invalid API
key or access token (unrecognized login or wrong password)"}; uninstalling answers 200 and ends all tokens of the app.
There is no official description to hold the answers against.
"""

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, done, fold, ok, route


def access_token(seed: str) -> str:
    return "shpat_" + tokens.pick(seed, "shopify", 32, tokens.HEX)


class ShopifySimulator(RestSimulator):
    PROVIDER = "shopify"

    def __init__(self) -> None:
        super().__init__()
        self.apps: dict[str, str] = {}

    def add_token(self, value: str, app: str) -> None:
        self.apps[fold(value)] = app

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"errors": f"trouble {status}"})

    @route("GET", "/admin/oauth/access_scopes.json")
    def scopes(self, request: Request) -> Answer:
        return ok({"access_scopes": [{"handle": "read_products"}]}) if self._app(request) else _refused()

    @route("DELETE", "/admin/api_permissions/current.json")
    def uninstall(self, request: Request) -> Answer:
        app = self._app(request)
        if not app:
            return _refused()
        self.apps = {value: name for value, name in self.apps.items() if name != app}
        return done(200, {})

    def _app(self, request: Request) -> str:
        return self.apps.get(fold(request.headers.get("x-shopify-access-token", "")), "")


def _refused() -> Answer:
    words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return Answer(status=401, body={"errors": words})
