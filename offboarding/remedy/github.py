"""Pull requests at GitHub, and at a GitHub Enterprise Server that is configured by its address, through PyGithub.

https://docs.github.com/rest/pulls/pulls
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from offboarding.remedy import availability
from offboarding.remedy.availability import Availability
from offboarding.remedy.branch import Remote
from offboarding.remedy.forge import Request, State, Text, push_under_gate
from offkey import pygithub
from offkey.http import Gate, NoAnswer, Reader, Writer
from offkey.model import Exchange
from offkey.secret import Secret
from revokers.stores.github import actions
from scanner.repository.git import Git

T = TypeVar("T")
GATE = Gate(
    provider="github",
    hosts=frozenset({"api.github.com"}),
    writes=frozenset({("POST", "/repos/{owner}/{repo}/pulls"), ("PATCH", "/repos/{owner}/{repo}/pulls/{number}")}),
)
NOT_POSSIBLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """One repository, `name` is `owner/name`. A Reader or Writer is made for each use."""

    name: str
    remote: Remote
    token: Secret
    reader: Callable[[], Reader]
    writer: Callable[[], Writer]
    words = "pull request"
    carries_files = False

    def fetch(self, mirror: Git, root: str) -> str:
        return self.remote.fetch(mirror, root)

    def push(self, mirror: Git, oid: str, branch: str, base: str) -> Exchange:
        return push_under_gate(
            self.writer(), ("POST", "/repos/{owner}/{repo}/pulls"), self.remote, self.name, (mirror, oid, branch)
        )

    def requests(self, branch: str) -> list[Request]:
        http = self.reader()
        try:
            repo = self._repo(http)
            head = f"{self.name.split('/')[0]}:{branch}"
            pulls = _asked(lambda: list(repo.get_pulls(state="all", head=head)))
            return [_request(pull) for pull in pulls if pull.head.ref == branch]
        finally:
            http.close()

    def open(self, branch: str, base: str, text: Text) -> tuple[Exchange, ...]:
        http = self.writer()
        try:
            repo = self._repo(http)

            def create(draft: bool) -> object:
                return repo.create_pull(base=base, head=branch, title=text.title, body=text.body, draft=draft)

            status, made = pygithub.ask(lambda: create(text.draft))
            if status == NOT_POSSIBLE and text.draft:  # refused: nothing was made, and not every plan has drafts
                status, made = pygithub.ask(lambda: create(False))
            _answered(status, made)
            return tuple(http.exchanges)
        finally:
            http.close()

    def edit(self, request: Request, body: str) -> tuple[Exchange, ...]:
        http = self.writer()
        try:
            repo = self._repo(http)
            pull = _asked(lambda: repo.get_pull(request.number))
            _asked(lambda: pull.edit(body=body) or True)
            return tuple(http.exchanges)
        finally:
            http.close()

    def available(self, names: Iterable[str]) -> Availability:
        wanted = list(names)
        http = self.reader()
        try:
            return availability.look(actions(http, self.token, self.name), wanted) if wanted else Availability()
        finally:
            http.close()

    def _repo(self, http: Reader) -> Any:
        client = pygithub.client(http, self.token)
        return _asked(lambda: client.get_repo(self.name))


def _request(pull: Any) -> Request:
    state = State.OPEN if pull.state == "open" else State.MERGED if pull.merged_at else State.CLOSED
    return Request(
        number=pull.number, state=state, where=str(pull.html_url), base=str(pull.base.ref), body=str(pull.body or "")
    )


def _asked(question: Callable[[], T]) -> T:
    """Raises NoAnswer with GitHub's status: PyGithub's own errors quote the answer."""
    return _answered(*pygithub.ask(question))


def _answered(status: int, answer: T | None) -> T:
    """The answer. Raises NoAnswer where there is none."""
    if answer is None:
        raise NoAnswer(f"github answered {status} about the pull request", advice="check the token, then try again")
    return answer
