"""CircleCI, read-only: contexts of organisations, their variables, and projects' variables.

Facts (circleci.com/docs/api/v2): lists have `items` and `next_page_token`, which is sent back as `page-token`; a
project's value is `xxxx` and its last four characters, a context's is not told at all; the token is in `Circle-Token`.
"""

from typing import Any, ClassVar

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, fold, ok, route

API = "/api/v2"
_AT = "2026-10-01T02:03:04.000Z"


class CircleCiSimulator(RestSimulator):
    """`contexts[owner][name]` and `projects[slug]` are names of variables."""

    PROVIDER: ClassVar[str] = "circleci"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()
        self.contexts: dict[str, dict[str, list[str]]] = {}
        self.projects: dict[str, list[str]] = {}

    def add_token(self, value: str | Secret) -> None:
        self.tokens.add(fold(value))

    def answer(self, request: Request) -> Answer:
        if fold(request.headers.get("circle-token", "")) not in self.tokens:
            return Answer(status=401, body={"message": "You must log in first."})
        return super().answer(request)

    @route("GET", f"{API}/context")
    def listed(self, request: Request) -> Answer:
        owner = request.query.get("owner-slug", [""])[-1]
        if owner not in self.contexts:
            return Answer(status=404, body={"message": "Not found"})
        named = {f"{owner} {name}".replace("/", "."): name for name in self.contexts[owner]}
        rows = [{"id": ident, "name": name, "created_at": _AT} for ident, name in named.items()]
        return self._paged(rows, request)

    @route("GET", f"{API}/context/{{id}}/environment-variable")
    def variables(self, request: Request, id: str) -> Answer:
        owner, _, name = id.replace(".", "/", 1).rpartition(" ")
        rows = [
            {"variable": one, "context_id": id, "created_at": _AT, "updated_at": _AT}
            for one in self.contexts[owner][name]
        ]
        return self._paged(rows, request)

    @route("GET", f"{API}/project/{{host}}/{{owner}}/{{name}}/envvar")
    def of_project(self, request: Request, host: str, owner: str, name: str) -> Answer:
        slug = f"{host}/{owner}/{name}"
        if slug not in self.projects:
            return Answer(status=404, body={"message": "Project not found"})
        return self._paged([{"name": one, "value": "xxxx1234"} for one in self.projects[slug]], request)

    def _paged(self, rows: list[Any], request: Request) -> Answer:
        shown, following = self.slice(rows, request, offset="page-token")
        return ok({"items": shown, "next_page_token": str(following) if following else None})
