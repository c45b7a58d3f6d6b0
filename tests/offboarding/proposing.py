"""A repository with two credentials of one person, its remote at a simulated GitHub or GitLab, and a run's mirror.

with hub(folder, "gitlab") as world:
    world.remedy().act(world.step("one"), world.credential("one"))
    world.requests()            # what the forge has now
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.wire import Answer, Request
from offboarding.remedy import github, gitlab
from offboarding.remedy.branch import Author, Remote
from offboarding.remedy.drafting import Target
from offboarding.remedy.executor import ALONE, Beside, Remedy
from offboarding.remedy.forge import Forge
from offboarding.remedy.local import Bundle, LocalBranch
from offkey.http import Gate, Reader, Writer
from offkey.model import Action, Approval, Credential, Exchange, Plan, Step
from offkey.secret import Secret
from revokers.gitlab_admin import Settings
from scanner.repository.git import Git
from tests.builders import BOB, Repo
from tests.offboarding.cases import NOW, leaked, place, plan_of
from tests.simulators.gitlab_requests import GitLabWithProjects

KIND = "slack.user"
MALLORY = ("Mallory Leaver", "mallory@corp.example")
FORBIDDEN = (
    "mallory", "leaver", "corp.example", "mleaver", "depart", "offboard", "terminat", "resign", "former", "left the",
    "employee", "dismiss",
)  # fmt: skip
"""What nothing that is pushed or sent may say: the person's names and address, and words for the reason."""
WriterOf = Callable[[Gate, str], Writer]


class Enterprise(GitHubSimulator):
    """A GitHub Enterprise Server: the same API below /api/v3, and nothing beside it."""

    @property
    def url(self) -> str:
        return f"{super().url}/api/v3"

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/api/v3/"):
            return self.error(404)
        return super().answer(replace(request, path=request.path.removeprefix("/api/v3")))


@dataclass(frozen=True)
class Seen:
    """One request, whichever forge has it."""

    number: int
    state: str
    head: str
    base: str
    title: str
    body: str


@dataclass
class World:
    """`kind` is github, gitlab, branch or bundle. `name` is the repository's at the forge."""

    folder: Path
    kind: str
    work: Repo
    remote: Repo
    mirror: Repo
    server: Any
    admin: Secret
    values: dict[str, str]
    approval: Approval
    prefix: str = "offkey/"
    branches: tuple[str, ...] = ()
    extra: list[str] = field(default_factory=list)

    def plan(self, *names: str, **changes: Any) -> Plan:
        """A plan that takes the named credentials out of the code, once each is proven dead."""
        where = (place(str(self.work.path), "app.py"),)
        given = [
            replace(leaked(KIND, self.values[name], places=where), id=f"leak:{name}") for name in names or self.values
        ]
        return plan_of(*given, requester="boss@example.com", **changes)

    def step(self, name: str) -> Step:
        (step,) = (s for s in self.plan(name).steps if s.action is Action.REWRITE)
        return step

    def credential(self, name: str) -> Credential:
        return Credential(kind=KIND, parts={"secret": Secret(self.values[name].encode())})

    def beside(self, *names: str) -> Beside:
        return Beside(
            ready=lambda step: [(o, self.credential(n)) for n in names if (o := self.step(n)).id != step.id],
            known=lambda step: [value.encode() for value in self.values.values()],
        )

    def write(self, gate: Gate, base: str) -> Writer:
        return Writer(gate, base, instance=base, approval=self.approval, plan_digest="d")

    def forge(self, write: WriterOf | None = None, remote: Remote | None = None) -> Forge:
        made, there = write or self.write, remote or Remote(address=str(self.remote.path))
        source = Remote(address=str(self.remote.path))
        if self.kind == "branch":
            return LocalBranch(
                name=str(self.work.path), source=source, place=self.folder / "place", prefix=self.prefix,
                permit=lambda: None, now=lambda: NOW,
            )  # fmt: skip
        if self.kind == "bundle":
            return Bundle(
                name=str(self.work.path), source=source, folder=self.folder / "bundles", permit=lambda: None,
                values=lambda: [value.encode() for value in self.values.values()], now=lambda: NOW,
            )  # fmt: skip
        if self.kind == "github":
            base = self.server.url
            return github.GitHub(
                name="example/app", remote=there, token=self.admin,
                reader=lambda: Reader(github.GATE, base, instance=base), writer=lambda: made(github.GATE, base),
            )  # fmt: skip
        base = f"{self.server.url}/api/v4"
        return gitlab.GitLab(
            name="example/team/app", remote=there, token=self.admin, settings=Settings(read=self.admin),
            reader=lambda: Reader(gitlab.GATE, base, instance=base), writer=lambda: made(gitlab.GATE, base),
        )  # fmt: skip

    def remedy(self, forge: Forge | None = None, *, beside: Beside = ALONE, at: datetime = NOW) -> Remedy:
        return Remedy(
            targets={str(self.work.path): Target(mirror=Git(self.mirror.path), forge=forge or self.forge())},
            author=Author(name="offkey", email="offkey@example.com", at=at),
            prefix=self.prefix,
            now=lambda: NOW,
            branches=self.branches,
            beside=beside,
        )

    def act(self, *names: str, **more: Any) -> tuple[Exchange, ...]:
        """The first one's step, with the others proven dead, too."""
        remedy = self.remedy(beside=self.beside(*names), **more)
        return remedy.act(self.step(names[0]), self.credential(names[0]))

    def requests(self) -> list[Seen]:
        if self.kind == "github":
            pulls = self.server.state.repos["example/app"].pulls.values()
            return [Seen(p.number, p.state, p.head, p.base, p.title, p.body or "") for p in pulls]
        found = self.server.code["example/team/app"].requests.values()
        words = {"opened": "open"}
        return [Seen(r.iid, words.get(r.state, r.state), r.source, r.target, r.title, r.description) for r in found]

    def close(self, number: int) -> None:
        """As a reviewer who does not want it."""
        if self.kind == "github":
            self.server.state.repos["example/app"].pulls[number].state = "closed"
        else:
            self.server.code["example/team/app"].requests[number].state = "closed"

    def merge(self, number: int) -> None:
        """As a reviewer who wants it: squashed, so that the branch's own commits are not in the base."""
        one = next(seen for seen in self.requests() if seen.number == number)
        tree = self.remote.head(f"{one.head}^{{tree}}")
        made = self.remote.git("commit-tree", tree, "-p", self.remote.head(one.base), "-m", "squashed")
        self.remote.git("update-ref", f"refs/heads/{one.base}", made)
        if self.kind == "github":
            pull = self.server.state.repos["example/app"].pulls[number]
            pull.state, pull.merged_at = "closed", NOW.isoformat()
        else:
            self.server.code["example/team/app"].requests[number].state = "merged"

    def edit(self, number: int, body: str) -> None:
        if self.kind == "github":
            self.server.state.repos["example/app"].pulls[number].body = body
        else:
            self.server.code["example/team/app"].requests[number].description = body

    def push(self, message: str, files: dict[str, str], *, delete: Sequence[str] = ()) -> None:
        """Somebody's commit on the remote's main."""
        self.work.commit(message, files, author=BOB, delete=tuple(delete))
        self.work.git("push", "-q", str(self.remote.path), "main")

    def file(self, ref: str, path: str) -> str:
        return self.remote.git("show", f"{ref}:{path}")


@contextmanager
def hub(folder: Path, kind: str) -> Iterator[World]:
    """The world, with its server running; "ghes" is a GitHub at an address of its own."""
    values = {name: tokens.slack_user(f"{name} of the world") for name in ("one", "two")}
    work = Repo.create(folder / "work")
    work.commit("begin", {"app.py": f'ONE = "{values["one"]}"\n', "README": "hello\n"}, author=MALLORY)
    both = f'ONE = "{values["one"]}"\nTWO = "{values["two"]}"\n'
    work.commit("more", {"app.py": both, "two.sh": f"curl -H 'X: {values['two']}'\n"}, author=BOB)
    remote = work.clone(folder / "remote.git", "--bare")
    mirror = work.clone(folder / "mirror.git", "--mirror")
    work.clone(folder / "place")
    approval = Approval(
        plan_digest="d", approver="a@example.com", at=NOW, expires_at=datetime.now(UTC) + timedelta(hours=1),
        signature="signed",
    )  # fmt: skip
    admin = Secret(tokens.github_classic("admin").encode())
    made = {"gitlab": GitLabWithProjects, "ghes": Enterprise}.get(kind, GitHubSimulator)()
    with made as server:
        if isinstance(server, GitLabWithProjects):
            boss = server.add_user("boss")
            server.add_token(admin, boss)
            server.add_project("example/team/app", remote.path, boss.id)
        else:
            server.add_user("octo-admin")
            server.add_token("octo-admin", admin, scopes=["repo"])
            server.add_org("example")
            server.add_member("example", "octo-admin", "admin")
            server.add_repo("example/app", remote.path)
        yield World(folder, "github" if kind == "ghes" else kind, work, remote, mirror, server, admin, values, approval)
