"""Which systems there are, which of them a path belongs to, and what a file says to them."""

from collections.abc import Mapping
from typing import Protocol

from scanner.ci import (
    ansible,
    argocd,
    azure_pipelines,
    bitbucket,
    buildkite,
    circleci,
    cloud_build,
    compose,
    docker,
    dotenv,
    drone,
    github_actions,
    gitlab,
    given,
    jenkins,
    kubernetes,
    package_managers,
    terraform,
    travis,
)
from scanner.ci.config import Config, distinct, variables
from scanner.ci.tree import LIMIT, Unreadable


class System(Protocol):
    """A module of this package. The texts stand in docs/ci.md."""

    TITLE: str
    FILES: str
    READS: str
    DOCS: str

    def mine(self, path: str, /) -> bool:
        """Whether a file at this path (from the root, with `/`) is the system's."""

    def parse(self, path: str, text: str, /) -> Config:
        """What the file says; an empty Config when it is not the system's after all. Raises Unreadable."""


SYSTEMS: Mapping[str, System] = {
    "github-actions": github_actions,
    "gitlab-ci": gitlab,
    "jenkins": jenkins,
    "circleci": circleci,
    "azure-pipelines": azure_pipelines,
    "bitbucket-pipelines": bitbucket,
    "travis": travis,
    "drone": drone,
    "buildkite": buildkite,
    "cloud-build": cloud_build,
    "argo": argocd,
    "dockerfile": docker,
    "compose": compose,
    "kubernetes": kubernetes,
    "terraform": terraform,
    "ansible": ansible,
    "package-manager": package_managers,
    "dotenv": dotenv,
}


def systems_of(path: str) -> tuple[str, ...]:
    """The systems that a path may belong to; several where only the content decides."""
    return tuple(name for name, system in SYSTEMS.items() if system.mine(path))


def read(name: str, path: str, text: str) -> Config:
    """What a file says to a system. One that cannot be parsed still gives the names that its lines show."""
    system = SYSTEMS[name]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        return distinct(system.parse(path, text))
    except Unreadable as error:
        short = text[:LIMIT]
        names = github_actions.names(short) if name == "github-actions" else tuple(variables(short))
        if name == "azure-pipelines":
            names = azure_pipelines.names(short)
        told = tuple(given.in_text(short, program=False))
        return distinct(Config(workflow=path.rpartition("/")[2], names=names, problem=str(error), given=told))


def table() -> str:
    """The table of systems in docs/ci.md."""
    rows = [f"| [{system.TITLE}]({system.DOCS}) | {system.FILES} | {system.READS} |\n" for system in SYSTEMS.values()]
    return "| system | files | what is read |\n|---|---|---|\n" + "".join(rows)
