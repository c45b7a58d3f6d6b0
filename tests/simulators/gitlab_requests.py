"""Merge requests of the GitLab simulator: projects that have a real bare repository behind them.

Facts (docs.gitlab.com/api/merge_requests and lib/api/merge_requests.rb): `iid` counts within the project; a list is of
all states unless told, newest first; a second open one from the same branch to the same target is 409 with a list in
`message`; a draft is one whose title begins with `Draft:`; a source branch that is not there is 422. A closed one is
opened again by `state_event` alone. There is no official description at hand (`../shared/contracts` has none).
"""

import subprocess
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.gitlab import API, GitLabSimulator, Token
from tests.simulators.rest import done, ok, route


@dataclass(kw_only=True)
class MergeRequest:
    iid: int
    source: str
    target: str
    title: str
    description: str
    state: str = "opened"
    fork: bool = False


@dataclass(kw_only=True)
class Project:
    id: int
    path: str
    bare: Path
    developers: set[int] = field(default_factory=set)
    requests: dict[int, MergeRequest] = field(default_factory=dict)
    variables: dict[str, bool] = field(default_factory=dict)
    """Name -> whether it is hidden."""


class GitLabWithProjects(GitLabSimulator):
    """Answers for projects by their full path, percent-encoded, as GitLab does."""

    def __init__(self) -> None:
        super().__init__()
        self.code: dict[str, Project] = {}
        self._numbers = count(40)

    def add_project(self, path: str, bare: Path, *developers: int) -> Project:
        made = Project(id=next(self._numbers), path=path, bare=bare, developers=set(developers))
        self.code[path] = made
        return made

    def answer(self, request: Request) -> Answer:
        """A project's path is one segment, with %2F between its parts."""
        for project in self.code.values():
            if f"/projects/{quote(project.path, safe='')}" in request.target:
                short = request.path.replace(f"/projects/{project.path}", f"/projects/{project.id}", 1)
                return super().answer(replace(request, path=short))
        return super().answer(request)

    def _may(self, request: Request, id: str, *scopes: str) -> tuple[Project | None, Answer]:
        """The project, or what GitLab answers instead."""
        token: Token = self._me(request)
        project = next((one for one in self.code.values() if str(one.id) == id), None)
        if project is None or token.user is None or token.user.id not in project.developers:
            return None, Answer(status=404, body={"message": "404 Project Not Found"})
        if not set(scopes) & set(token.scopes):
            return None, Answer(status=403, body={"error": "insufficient_scope", "scope": " ".join(scopes)})
        return project, ok()

    @route("GET", f"{API}/projects/{{id}}")
    def project(self, request: Request, id: str) -> Answer:
        found, refusal = self._may(request, id, "api", "read_api")
        kind = {"kind": "user", "full_path": "somebody"}
        return ok({"id": found.id, "path_with_namespace": found.path, "namespace": kind}) if found else refusal

    @route("GET", f"{API}/projects/{{id}}/variables")
    def variables(self, request: Request, id: str) -> Answer:
        found, refusal = self._may(request, id, "api", "read_api")
        rows = [
            {"key": name, "value": None if hidden else "x", "hidden": hidden, "environment_scope": "*"}
            for name, hidden in (found.variables.items() if found else ())
        ]
        return self._listed(rows, request) if found else refusal

    @route("GET", f"{API}/projects/{{id}}/merge_requests")
    def merge_requests(self, request: Request, id: str) -> Answer:
        found, refusal = self._may(request, id, "api", "read_api")
        if found is None:
            return refusal
        asked = {name: values[-1] for name, values in request.query.items()}
        rows = [
            self._view(found, one)
            for one in reversed(found.requests.values())
            if asked.get("state", "all") in ("all", one.state) and asked.get("source_branch") in (None, one.source)
        ]
        return self._listed(rows, request)

    @route("POST", f"{API}/projects/{{id}}/merge_requests")
    def open(self, request: Request, id: str) -> Answer:
        found, refusal = self._may(request, id, "api")
        told = request.json()
        if found is None:
            return refusal
        if not isinstance(told, dict) or not all(told.get(k) for k in ("source_branch", "target_branch", "title")):
            return Answer(status=400, body={"error": "source_branch is missing, target_branch is missing"})
        if not all(_tip(found.bare, told[name]) for name in ("source_branch", "target_branch")):
            return Answer(status=422, body={"message": ['Source branch "x" does not exist']})
        for one in found.requests.values():
            same = (one.source, one.target, one.state) == (told["source_branch"], told["target_branch"], "opened")
            if same and not one.fork:
                said = f"Another open merge request already exists for this source branch: !{one.iid}"
                return Answer(status=409, body={"message": [said]})
        made = MergeRequest(
            iid=max(found.requests, default=0) + 1,
            source=told["source_branch"],
            target=told["target_branch"],
            title=told["title"],
            description=told.get("description") or "",
        )
        found.requests[made.iid] = made
        return done(201, self._view(found, made))

    @route("PUT", f"{API}/projects/{{id}}/merge_requests/{{iid}}")
    def edit(self, request: Request, id: str, iid: str) -> Answer:
        found, refusal = self._may(request, id, "api")
        if found is None:
            return refusal
        one = found.requests.get(int(iid))
        if one is None:
            return Answer(status=404, body={"message": "404 Not found"})
        told = request.json()
        one.title, one.description = told.get("title", one.title), told.get("description", one.description)
        return done(200, self._view(found, one))

    def merge(self, path: str, iid: int) -> None:
        """As a maintainer would in the browser: the branch's commits, and a merge commit."""
        project = self.code[path]
        one = project.requests[iid]
        _git(project.bare, "update-ref", f"refs/heads/{one.target}", _tip(project.bare, one.source))
        one.state = "merged"

    def _view(self, project: Project, one: MergeRequest) -> dict[str, Any]:
        draft = one.title.startswith(("Draft:", "[Draft]", "(Draft)"))
        return {
            "id": 9000 + one.iid,
            "iid": one.iid,
            "project_id": project.id,
            "title": one.title,
            "description": one.description,
            "state": one.state,
            "source_branch": one.source,
            "target_branch": one.target,
            "source_project_id": project.id + 1000 if one.fork else project.id,
            "target_project_id": project.id,
            "draft": draft,
            "work_in_progress": draft,
            "web_url": f"{self.url}/{project.path}/-/merge_requests/{one.iid}",
        }


def _git(bare: Path, *words: str) -> str:
    done = subprocess.run(["git", f"--git-dir={bare}", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _tip(bare: Path, branch: str) -> str:
    return _git(bare, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
