"""Attacks on the part that can do harm, each written down when it had worked once."""

import base64
from pathlib import Path

import pytest

from offboarding import mirror, wiring
from offboarding.config import Config, Provider, Remedy
from offboarding.remedy import branch
from offboarding.remedy.executor import Target
from offkey.secret import Secret
from tests.builders import Repo
from tests.offboarding.cases import leaked, place, plan_of

TOKEN = Secret(b"the write credential")


def targets(tmp_path: Path, origin: str, *, url: str = "", named: str = "") -> dict[str, Target]:
    """Where the pull request for a repository with this origin would go."""
    repo = Repo.create(tmp_path / "app").config("remote.origin.url", origin).path
    plan = plan_of(leaked(places=(place(str(repo)),)))
    copy = mirror.folder(tmp_path / "state", plan.run, str(repo))
    Repo.create(copy, bare=True)
    config = Config(
        providers={"github": Provider(url=url)}, remedy=Remedy(repositories={str(repo): named} if named else {})
    )
    return wiring.targets(config, plan, tmp_path / "state")


@pytest.mark.parametrize(
    "origin",
    [
        "https://notgithub.com/corp/app.git",
        "https://evil.example/github.com/corp/app.git",
        "https://evil.example:443/x@github.com/corp/app",
        "https://github.com@evil.example/corp/app.git",
        "git@evil.example:github.com/corp/app.git",
        "ext://sh -c whoami/github.com/corp/app",
        "ext::sh -c whoami #github.com/corp/app",
        "--upload-pack=whoami #github.com/corp/app",
        "http://github.com/corp/app.git",
    ],
)
@pytest.mark.parametrize("named", ["", "corp/app"])
def test_a_repositorys_own_configuration_cannot_lead_the_write_credential_elsewhere(
    tmp_path: Path, origin: str, named: str
) -> None:
    assert targets(tmp_path, origin, named=named) == {}


@pytest.mark.parametrize(
    ("origin", "remote"),
    [
        ("https://github.com/corp/app.git", "https://github.com/corp/app.git"),
        ("https://GitHub.com/corp/app", "https://github.com/corp/app"),
        ("git@github.com:corp/app.git", "ssh://git@github.com/corp/app.git"),
        ("ssh://git@github.com/corp/app.git", "ssh://git@github.com/corp/app.git"),
    ],
)
def test_a_repository_at_github_is_recognised_by_its_host(tmp_path: Path, origin: str, remote: str) -> None:
    (target,) = targets(tmp_path, origin).values()
    assert (target.remote, target.full_name) == (remote, "corp/app")


def test_a_repository_at_the_configured_server_is_recognised_and_one_elsewhere_is_not(tmp_path: Path) -> None:
    url = "https://code.corp.example/api/v3"
    (target,) = targets(tmp_path / "1", "https://code.corp.example/corp/app.git", url=url).values()
    assert target.full_name == "corp/app"
    assert targets(tmp_path / "2", "https://github.com/corp/app.git", url=url) == {}


def test_a_credential_in_the_origins_address_goes_no_further(tmp_path: Path) -> None:
    (target,) = targets(tmp_path, "https://sam:s3cr3t-of-sam@github.com/corp/app.git").values()
    assert target.remote == "https://github.com/corp/app.git"


def test_git_gets_a_token_for_the_providers_own_host_alone() -> None:
    given = branch.authorization("https://github.com/corp/app.git", TOKEN, "github.com")
    assert base64.b64encode(b"x-access-token:" + TOKEN.reveal()).decode() in given["GIT_CONFIG_VALUE_0"]
    for remote in ("https://evil.example/corp/app.git", "http://github.com/corp/app.git", "/srv/git/app.git"):
        assert branch.authorization(remote, TOKEN, "github.com") == {}
