"""`offkey stores` at GitHub: a real repository, its workflows, and the stores they get their secrets from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offkey.errors import Exit
from offkey.secret import Secret
from tests.builders import BOB, Repo

LEAKED = tokens.github_classic("in the repository")
DEPLOY, NIGHTLY = ".github/workflows/deploy.yml", ".github/workflows/nightly.yml"
WORKFLOWS = {
    DEPLOY: """
on: {push: {branches: [main]}}
jobs:
  ship:
    environment: production
    steps:
      - run: ./ship
        env:
          KEY: ${{ secrets.deploy_key }}
          ORG: ${{ secrets.SHARED }}
          NONE: ${{ secrets.NOWHERE }}
          REGION: ${{ vars.REGION_TOKEN }}
  test:
    steps:
      - run: ./test
        env: {KEY: "${{ secrets.DEPLOY_KEY }}"}
""",
    NIGHTLY: """
on: {schedule: [{cron: '0 3 * * *'}]}
jobs:
  sweep:
    steps:
      - run: ./sweep $SWEEP_TOKEN
        env: {SWEEP_TOKEN: "${{ secrets.SWEEP_TOKEN }}"}
""",
    ".github/workflows/called.yml": """
on: {workflow_call: {secrets: {PASSED: {required: true}}}}
jobs: {one: {steps: [{run: x, env: {P: "${{ secrets.PASSED }}"}}]}}
""",
    ".env": f"SWEEP_TOKEN={LEAKED}\n",
}
CONFIGURATION = """
[repositories]
paths = ["shop"]
[providers.github]
url = "{url}"
read = "env:HUB"
organisations = ["acme"]
"""


@dataclass
class Office:
    """The repository acme/shop, its stores, and what `offkey stores` says of them."""

    hub: GitHubSimulator
    repo: Repo
    capsys: pytest.CaptureFixture[str]

    def stores(self, *more: str) -> tuple[int, Any]:
        code = cli.main(["stores", "--format", "json", *more])
        self.printed = self.capsys.readouterr().out
        return code, json.loads(self.printed)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled rules are kept for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def office(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    repo = Repo.create(tmp_path / "shop")
    repo.commit("begin", WORKFLOWS)
    with GitHubSimulator() as hub:
        admin = Secret(tokens.github_classic("admin").encode())
        hub.add_user("ann")
        hub.add_token("ann", admin, scopes=["repo", "admin:org"])
        hub.add_org("acme")
        hub.add_member("acme", "ann", "admin")
        hub.add_repo("acme/shop", repo.path / ".git")
        repo.git("remote", "add", "origin", "https://127.0.0.1/acme/shop.git")
        (tmp_path / "offkey.toml").write_text(CONFIGURATION.format(url=hub.url))
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("HUB", admin.reveal().decode())
        monkeypatch.chdir(tmp_path)
        yield Office(hub, repo, capsys)


def users(told: Any, name: str, level: str = "") -> list[list[tuple[str, str]]]:
    """For each stored secret of a name the (path, job)s that get it."""
    return [
        [(use["path"], use["job"]) for use in one["uses"]]
        for one in told["stored"]
        if one["name"] == name and level in ("", one["level"])
    ]


def test_a_job_gets_the_nearest_secret_of_a_name(office: Office) -> None:
    for where in ("acme", "acme/shop", "acme/shop production"):
        office.hub.add_secret(where, "DEPLOY_KEY")
    office.hub.add_secret("acme", "SHARED")
    _, told = office.stores()
    assert users(told, "DEPLOY_KEY", "environment") == [[(DEPLOY, "ship")]]
    assert users(told, "DEPLOY_KEY", "repository") == [[(DEPLOY, "test")]]
    assert users(told, "DEPLOY_KEY", "organisation") == [[]]
    assert users(told, "SHARED") == [[(DEPLOY, "ship")]]


def test_what_a_name_has_no_store_for_is_missing_with_the_jobs_that_use_it(office: Office) -> None:
    office.hub.add_secret("acme/shop staging", "NOWHERE")  # of another environment than the job's
    office.hub.add_secret("acme", "SHARED", visibility="selected", repositories=("acme/other",))
    for name in ("SWEEP_TOKEN", "NOWHERE"):
        office.hub.add_secret("acme/shop", name, "dependabot")
    code, told = office.stores()
    missing = {one["name"]: (one["project"], one["doubt"], [u["job"] for u in one["uses"]]) for one in told["missing"]}
    assert missing == {
        "deploy_key": ("acme/shop", "", ["ship", "test"]),
        "SHARED": ("acme/shop", "", ["ship"]),
        "NOWHERE": ("acme/shop", "", ["ship"]),
        "SWEEP_TOKEN": ("acme/shop", "", ["sweep"]),
        "PASSED": ("acme/shop", "whoever calls the workflow may pass it", ["one"]),
    }
    assert (code, told["gaps"]) == (Exit.DONE, [])


def test_a_variable_that_holds_a_leaked_value_is_told_and_the_value_is_not(office: Office) -> None:
    office.hub.add_secret("acme/shop", "REGION_TOKEN", "variables", value=f"token {LEAKED}\n")
    office.hub.add_secret("acme/shop", "PLAIN", "variables", value="eu-west-1")
    code, told = office.stores()
    held = {one["name"]: one for one in told["stored"]}
    assert code == Exit.OPEN
    assert held["REGION_TOKEN"]["equals"] == [told["leaked"][0]["fingerprint"]]
    assert held["PLAIN"]["equals"] == []
    assert users(told, "REGION_TOKEN") == [[(DEPLOY, "ship")]]
    assert LEAKED not in office.printed


def test_a_secret_whose_value_nobody_is_told_may_be_what_leaked_under_its_name(office: Office) -> None:
    office.hub.add_secret("acme/shop", "SWEEP_TOKEN")
    code, told = office.stores()
    (held,) = [one for one in told["stored"] if one["name"] == "SWEEP_TOKEN"]
    assert (code, held["equals"], held["readable"]) == (Exit.DONE, [], False)
    assert held["same_name_as"] == [told["leaked"][0]["fingerprint"]]
    assert held["uses"][0]["when"] == ["schedule 0 3 * * *"]
    assert cli.main(["stores"]) == Exit.DONE
    assert "perhaps" in office.capsys.readouterr().out


def test_what_a_job_used_to_name_is_used_by_nobody(office: Office) -> None:
    office.hub.add_secret("acme/shop", "SWEEP_TOKEN")
    office.repo.commit("no more sweeping", delete=(NIGHTLY,), author=BOB)
    _, told = office.stores()
    assert users(told, "SWEEP_TOKEN") == [[]]


def test_inherited_secrets_are_all_that_the_job_may_read(office: Office) -> None:
    office.hub.add_secret("acme/shop", "UNNAMED")
    office.hub.add_secret("acme/shop staging", "ELSEWHERE")
    caller = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"
    office.repo.commit("inherit", {".github/workflows/caller.yml": caller})
    _, told = office.stores()
    assert users(told, "UNNAMED") == [[(".github/workflows/caller.yml", "call")]]
    assert users(told, "ELSEWHERE") == [[]]


def test_dependabots_and_codespaces_secrets_are_listed_for_the_organisation_and_the_repository(office: Office) -> None:
    for where in ("acme", "acme/shop"):
        office.hub.add_secret(where, "SHARED", "dependabot", visibility="selected")
        office.hub.add_secret(where, "PERSONAL", "codespaces")
    _, told = office.stores()
    stores = {(one["store"], one["level"]): one for one in told["stored"]}
    both = ("github.dependabot", "github.codespaces")
    assert stores.keys() == {(store, level) for store in both for level in ("organisation", "repository")}
    assert users(told, "SHARED", "repository") == [[(DEPLOY, "ship")]]  # in runs that Dependabot starts
    assert stores[("github.dependabot", "organisation")]["note"] == "selected repositories"
    assert cli.main(["stores"]) == Exit.DONE
    assert "what uses it is not read" in " ".join(office.capsys.readouterr().out.split())


def test_every_page_is_read_and_dates_are_told(office: Office) -> None:
    for number in range(101):
        office.hub.add_secret("acme/shop", f"S{number}", updated_at="2026-11-02T03:04:05Z")
    for number in range(31):
        office.hub.add_secret("acme/shop", f"V{number}", "variables", value="x")
    _, told = office.stores()
    assert len(told["stored"]) == 132
    assert {one["updated"] for one in told["stored"] if one["name"] == "S100"} == {"2026-11-02T03:04:05Z"}


def test_a_list_that_is_refused_is_a_gap_that_names_the_permission_and_nothing_is_called_missing_for_sure(
    office: Office,
) -> None:
    office.hub.fail("GET", "/repos/acme/shop/actions/secrets", 403)
    office.hub.fail("GET", "/orgs/acme/dependabot/secrets", 403)
    code, told = office.stores()
    assert code == Exit.NOTHING_EXAMINED  # nothing at all is in any store
    gaps = {gap["where"]: gap["advice"] for gap in told["gaps"]}
    assert "repo or Secrets: read" in gaps["github acme/shop: github.actions of the repository"]
    assert "admin:org or an organisation's Dependabot secrets: read" in gaps["github acme: github.dependabot"]
    assert {one["doubt"] for one in told["missing"]} >= {"not all stores of the repository could be read"}
    office.hub.add_secret("acme", "SHARED")
    office.hub.fail("GET", "/repos/acme/shop/environments", 500, times=3)
    assert office.stores()[0] == Exit.GAPS


def test_only_questions_are_sent(office: Office) -> None:
    office.stores()
    assert {one.method for one in office.hub.requests} == {"GET"}


def test_a_repository_of_another_host_is_not_asked_about(office: Office) -> None:
    office.repo.git("remote", "set-url", "origin", "https://elsewhere.example/acme/shop.git")
    _, told = office.stores()
    assert not any("/repos/" in one.path for one in office.hub.requests)
    assert told["missing"] == []


def test_without_a_provider_or_a_repository_it_says_so(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "offkey.toml").write_text("")
    assert cli.main(["stores"]) == Exit.USAGE
    assert "no repository is named" in capsys.readouterr().err
    code, told = office.stores("shop")
    assert code == Exit.NOTHING_EXAMINED
    assert "no provider of secret stores is configured" in told["gaps"][0]["why"]
