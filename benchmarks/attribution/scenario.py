"""What a scenario is: a story, a repository that plays it, and what is true of the secret in it.

    @scenario("files", "Bob renames the file that Ann put it in.")
    def renamed(stage: Stage) -> Truth:
        first = stage.commit(stage.lines(), {"old": stage.text()}, author=ANN)
        ...
        return Truth(ANN, first, carried=((BOB, "move"),))

The token is made at run time from the scenario's name; it has a valid checksum and was never issued.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rules.checks import BASE62, crc32_base62
from tests.builders import ANN, BOB, Person, Repo

CAT: Person = ("Cat Cooper", "cat@example.com")
DAN: Person = ("Dan Dyer", "dan@example.com")
EVE: Person = ("Eve Engel", "eve@example.com")
FAY: Person = ("Fay Fisher", "fay@example.com")
GITHUB: Person = ("GitHub", "noreply@github.com")
DEPENDABOT: Person = ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")
RENOVATE: Person = ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com")
ACTIONS: Person = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
PEOPLE = (ANN, BOB, CAT, DAN, EVE, FAY)
Carried = tuple[tuple[Person, str], ...]


@dataclass(frozen=True)
class Truth:
    """`person` is the author of the earliest commit that holds the value (None: no commit does), `commit` its id.

    `carried` are the authors of the other commits that bring it, with how each does, in any order. `email` is the
    introducer's address where a `.mailmap` changes it. `reach` are the ways in which the places of the value are
    reached, `present` whether a branch holds it today. Each of `said` stands in the evidence. `forms` are all the
    ways in which the value is written in objects, for whoever checks this truth with git alone; None where git alone
    cannot tell (archives).
    """

    person: Person | None
    commit: str = ""
    carried: Carried = ()
    email: str = ""
    coauthors: tuple[Person, ...] = ()
    reach: frozenset[str] = frozenset({"branch"})
    present: bool = True
    said: tuple[str, ...] = ()
    forms: tuple[bytes, ...] | None = ()
    target: Path | None = None
    """What is to be scanned where that is not the repository itself."""

    @property
    def address(self) -> str:
        return self.email or (self.person[1] if self.person else "")


def github_token(name: str) -> str:
    """A GitHub token's form with its checksum, always the same for a name."""
    body = bytes(random.Random(f"attribution {name}").choices(BASE62, k=30))
    return f"{'gh'}p_{(body + crc32_base62(body)).decode()}"


@dataclass
class Stage:
    """An empty repository at `repo`, room for more beside it, and the secret of the scenario."""

    folder: Path
    key: str
    repo: Repo = field(init=False)

    def __post_init__(self) -> None:
        self.repo = Repo.create(self.folder / "repo")

    def begin(self) -> None:
        """A first commit without the secret."""
        self.repo.commit("start", {"README": "An application.\n", "conf": self.plain()}, author=FAY)

    def plain(self, *lines: str) -> str:
        """A configuration without the secret."""
        return "".join(f"{line}\n" for line in ("[server]", "host = db.internal", "port = 5432", *lines, "[end]"))

    def text(self, *lines: str, key: str = "") -> str:
        """A configuration with it, and more lines."""
        return self.plain(f"github_token = {key or self.key}", *lines)


Build = Callable[[Stage], Truth]


@dataclass(frozen=True)
class Scenario:
    name: str
    group: str
    story: str
    build: Build

    def made(self, folder: Path) -> tuple[Stage, Truth]:
        """Play it below `folder`."""
        stage = Stage(folder / self.name, github_token(self.name))
        return stage, self.build(stage)


SCENARIOS: dict[str, Scenario] = {}


def scenario(group: str, story: str) -> Callable[[Build], Build]:
    """Register a builder; its name, with dashes, is the scenario's."""

    def register(build: Build) -> Build:
        name = build.__name__.replace("_", "-")
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are called {name}")
        SCENARIOS[name] = Scenario(name, group, story, build)
        return build

    return register


__all__ = [
    "ACTIONS", "ANN", "BOB", "CAT", "DAN", "DEPENDABOT", "EVE", "FAY", "GITHUB", "PEOPLE", "RENOVATE", "SCENARIOS",
    "Person", "Repo", "Scenario", "Stage", "Truth", "github_token", "scenario",
]  # fmt: skip
