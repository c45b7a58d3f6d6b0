"""Merge requests at GitLab: gitlab.com, and every instance that is configured by its address.

A project's list has merge requests of all authors. A draft is one whose title begins with `Draft:`. A second open one
from the same branch to the same target is refused with 409. The token needs the scope `api` and the Developer role; git
takes it as a password, whatever the user's name.

https://docs.gitlab.com/api/merge_requests/
https://docs.gitlab.com/user/project/merge_requests/drafts/
https://docs.gitlab.com/topics/git/clone/#clone-with-https
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from offboarding.remedy import availability
from offboarding.remedy.availability import Availability
from offboarding.remedy.branch import Remote
from offboarding.remedy.forge import Request, State, Text, push_under_gate
from offkey.http import Answer, Gate, NoAnswer, Reader, Writer
from offkey.model import Exchange
from offkey.secret import Secret
from revokers.gitlab_admin import PROVIDER, Settings, signed
from revokers.stores import nothing
from revokers.stores.gitlab import stored
from scanner.repository.git import Git

URL = "https://gitlab.com/api/v4"
LISTED = "/projects/{id}/merge_requests"
ONE = "/projects/{id}/merge_requests/{iid}"
GATE = Gate(
    provider=PROVIDER,
    hosts=frozenset({"gitlab.com"}),
    writes=frozenset({("POST", LISTED), ("PUT", ONE)}),
)
_STATES = {"merged": State.MERGED, "closed": State.CLOSED}
_NEEDED = ("iid", "state", "target_branch", "web_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """One project, `name` is its full path. A Reader or Writer is made for each use."""

    name: str
    remote: Remote
    token: Secret
    settings: Settings
    reader: Callable[[], Reader]
    writer: Callable[[], Writer]
    words = "merge request"
    carries_files = False

    def fetch(self, mirror: Git, root: str) -> str:
        return self.remote.fetch(mirror, root)

    def push(self, mirror: Git, oid: str, branch: str, base: str) -> Exchange:
        return push_under_gate(self.writer(), ("POST", LISTED), self.remote, self.name, (mirror, oid, branch))

    def requests(self, branch: str) -> list[Request]:
        http = self.reader()
        try:
            params = {"state": "all", "source_branch": branch}
            found: list[Request] = []
            for answer in http.pages(LISTED, params=params, **self._options()):
                rows = answer.json
                if answer.status != 200 or not isinstance(rows, list):
                    raise _unclear(answer)
                found += [_request(row, answer) for row in rows if _from_here(row, branch)]
            return found
        finally:
            http.close()

    def open(self, branch: str, base: str, text: Text) -> tuple[Exchange, ...]:
        title = f"Draft: {text.title}" if text.draft else text.title
        body = {"source_branch": branch, "target_branch": base, "title": title, "description": text.body}
        return self._write("POST", LISTED, 201, body)

    def edit(self, request: Request, body: str) -> tuple[Exchange, ...]:
        return self._write("PUT", ONE, 200, {"description": body}, iid=str(request.number))

    def available(self, names: Iterable[str]) -> Availability:
        wanted = list(names)
        http = self.reader()
        try:
            found = stored(http, self.settings, (self.name,), nothing)
            return availability.look(found, wanted, exact=True) if wanted else Availability()
        finally:
            http.close()

    def _write(self, method: str, template: str, good: int, body: dict[str, str], **path: str) -> tuple[Exchange, ...]:
        http = self.writer()
        try:
            answer = http.request(method, template, json=body, **self._options(**path))
            if answer.status != good:
                raise _unclear(answer)
            return tuple(http.exchanges)
        finally:
            http.close()

    def _options(self, **path: str) -> dict[str, Any]:
        return {"path": {"id": self.name, **path}, "headers": signed(self.token), "hide": (self.token,)}


def _from_here(row: Any, branch: str) -> bool:
    """Whether it comes from the project's own branch, not from a fork's of the same name."""
    if not isinstance(row, dict):
        return False
    return row.get("source_branch") == branch and row.get("source_project_id") == row.get("target_project_id")


def _request(row: dict[str, Any], answer: Answer) -> Request:
    if any(row.get(key) is None for key in _NEEDED):
        raise _unclear(answer)
    return Request(
        number=int(row["iid"]),
        state=_STATES.get(str(row["state"]), State.OPEN),
        where=str(row["web_url"]),
        base=str(row["target_branch"]),
        body=str(row.get("description") or ""),
    )


def _unclear(answer: Answer) -> NoAnswer:
    return NoAnswer(
        f"gitlab answered {answer.status} about the merge request",
        advice="check that the token has the scope api and the Developer role, then try again",
    )
