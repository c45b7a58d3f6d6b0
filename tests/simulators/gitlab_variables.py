"""GitLab's CI/CD variables, beside what tests/simulators/gitlab.py has.

Facts (docs.gitlab.com/api/project_level_variables, lib/api/entities/ci/variable.rb): the whole variable is listed with
its value, masked or not; a hidden one's value is null. A project's are for maintainers, a group's for owners, the
instance's for administrators; a person's own namespace is no group. A project's id may be its path, with `%2F`.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.gitlab import API, GitLabSimulator
from tests.simulators.rest import ok, route

SLASH = "!"
"""What stands for a slash within a name while a path is matched."""


@dataclass(kw_only=True)
class Variable:
    key: str
    value: str
    environment_scope: str = "*"
    masked: bool = False
    hidden: bool = False
    protected: bool = False
    variable_type: str = "env_var"

    def view(self) -> dict[str, Any]:
        return {**vars(self), "value": None if self.hidden else self.value, "raw": False, "description": None}


class GitLabVariables(GitLabSimulator):
    """`projects`, `namespaces` and `instance` hold variables; `people` are namespaces that are users."""

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[str, list[Variable]] = {}
        self.namespaces: dict[str, list[Variable]] = {}
        self.instance: list[Variable] = []
        self.people: set[str] = set()

    def answer(self, request: Request) -> Answer:
        path = request.target.partition("?")[0].replace("%2F", SLASH)
        return super().answer(Request(**{**vars(request), "path": path}))

    @route("GET", f"{API}/projects/{{id}}")
    def project(self, request: Request, id: str) -> Answer:
        path = id.replace(SLASH, "/")
        above = path.rpartition("/")[0]
        if path not in self.projects:
            return Answer(status=404, body={"message": "404 Project Not Found"})
        kind = "user" if above in self.people else "group"
        return ok({"id": 7, "path_with_namespace": path, "namespace": {"kind": kind, "full_path": above}})

    @route("GET", f"{API}/projects/{{id}}/variables")
    def of_project(self, request: Request, id: str) -> Answer:
        return self._variables(self.projects.get(id.replace(SLASH, "/")), request)

    @route("GET", f"{API}/groups/{{id}}/variables")
    def of_group(self, request: Request, id: str) -> Answer:
        path = id.replace(SLASH, "/")
        return self._variables(None if path in self.people else self.namespaces.get(path, []), request)

    @route("GET", f"{API}/admin/ci/variables")
    def of_instance(self, request: Request) -> Answer:
        if not self._is_admin(request):
            return Answer(status=403, body={"message": "403 Forbidden"})
        return self._variables(self.instance, request)

    def _variables(self, found: list[Variable] | None, request: Request) -> Answer:
        if found is None:
            return Answer(status=404, body={"message": "404 Not Found"})
        return self._listed([one.view() for one in found], request)
