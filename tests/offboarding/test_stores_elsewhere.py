"""`offkey stores` and `offkey plan` at GitLab, Jenkins and CircleCI: real repositories, and their stores."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offkey.errors import Exit
from tests.builders import Repo, token
from tests.simulators.circleci import CircleCiSimulator
from tests.simulators.gitlab import API
from tests.simulators.gitlab_variables import GitLabVariables, Variable
from tests.simulators.jenkins_credentials import JenkinsStores

LEAKED = tokens.github_classic("leaked")
PIPELINE = """
deploy:
  environment: production
  script: ["./deploy $DEPLOY_TOKEN $GROUP_TOKEN $PLAIN_HOST"]
nightly:
  script: ["./sweep $DEPLOY_TOKEN $ABSENT_TOKEN $CI_JOB_TOKEN"]
  rules: [{if: '$CI_PIPELINE_SOURCE == "schedule"'}]
"""
PEOPLE = """
- id: dana
  names: [Dana Doe]
  emails: [dana@example.com]
  accounts: {gitlab: dana}
"""
CONFIGURATION = """
[organisation]
name = "Corp"
key = "file:org.key"
state = "state"
requester = "boss@example.com"
[directory]
people = "people.yaml"
[repositories]
paths = ["shop"]
[providers.gitlab]
url = "{url}/api/v4"
read = "env:LAB"
server = "self-managed"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lab(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLabVariables]:
    repo = Repo.create(here / "shop")
    files = {".gitlab-ci.yml": PIPELINE, "notes.md": f"ours: {LEAKED}\n"}
    repo.commit("begin", files, author=("Dana", "dana@example.com"))
    with GitLabVariables() as lab:
        admin = tokens.gitlab_personal("admin")
        lab.add_token(admin, lab.add_user("boss", admin=True))
        lab.add_user("dana")
        lab.projects["acme/team/shop"] = []
        repo.git("remote", "add", "origin", "git@127.0.0.1:acme/team/shop.git")
        (here / "offkey.toml").write_text(CONFIGURATION.format(url=lab.url))
        (here / "people.yaml").write_text(PEOPLE)
        (here / "org.key").write_bytes(b"k" * 32)
        (here / "org.key").chmod(0o600)
        monkeypatch.setenv("LAB", admin)
        yield lab


def stores(capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    code = cli.main(["stores", "--format", "json"])
    printed = capsys.readouterr().out
    return code, json.loads(printed), printed


def given(told: Any) -> dict[tuple[str, str], list[str]]:
    """(owner and environment, name) -> the jobs that get it."""
    return {
        (f"{one['owner']} {one['environment']}".strip(), one["name"]): [use["job"] for use in one["uses"]]
        for one in told["stored"]
    }


def test_gitlab_a_job_gets_the_nearest_variable_of_a_name(
    lab: GitLabVariables, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.projects["acme/team/shop"] = [
        Variable(key="DEPLOY_TOKEN", value="one", environment_scope="prod*"),
        Variable(key="DEPLOY_TOKEN", value="two"),
    ]
    lab.namespaces["acme"] = [Variable(key="GROUP_TOKEN", value="far"), Variable(key="DEPLOY_TOKEN", value="far")]
    lab.namespaces["acme/team"] = [Variable(key="GROUP_TOKEN", value="near")]
    lab.instance = [
        Variable(key="ABSENT_TOKEN", value="instance"),
        Variable(key="PLAIN_HOST", value="any"),
    ]
    code, told, _ = stores(capsys)
    assert given(told) == {
        ("acme/team/shop prod*", "DEPLOY_TOKEN"): ["deploy"],
        ("acme/team/shop *", "DEPLOY_TOKEN"): ["nightly"],
        ("acme *", "GROUP_TOKEN"): [],
        ("acme *", "DEPLOY_TOKEN"): [],
        ("acme/team *", "GROUP_TOKEN"): ["deploy"],
        ("this GitLab *", "ABSENT_TOKEN"): ["nightly"],
        ("this GitLab *", "PLAIN_HOST"): ["deploy"],
    }
    assert (code, told["missing"], told["gaps"]) == (Exit.DONE, [], [])


def test_gitlab_values_are_compared_and_never_told(lab: GitLabVariables, capsys: pytest.CaptureFixture[str]) -> None:
    other = token("glpat-", 20, seed=7)
    lab.namespaces["acme"] = [
        Variable(key="GROUP_TOKEN", value=LEAKED, masked=True),
        Variable(key="SETTINGS", value=f"A={other}\nB='{LEAKED}'\n", variable_type="file"),
        Variable(key="CLEAN", value=other),
    ]
    code, told, printed = stores(capsys)
    equal = {one["name"]: len(one["equals"]) for one in told["stored"]}
    assert (code, equal) == (Exit.OPEN, {"GROUP_TOKEN": 1, "SETTINGS": 1, "CLEAN": 0})
    assert LEAKED not in printed
    assert other not in printed


def test_gitlab_a_hidden_variable_is_listed_and_a_gap(lab: GitLabVariables, capsys: pytest.CaptureFixture[str]) -> None:
    lab.projects["acme/team/shop"] = [Variable(key="DEPLOY_TOKEN", value=LEAKED, masked=True, hidden=True)]
    code, told, _ = stores(capsys)
    (held,) = told["stored"]
    assert (code, held["readable"], held["equals"], held["note"]) == (Exit.GAPS, False, [], "masked, hidden")
    assert [gap["why"] for gap in told["gaps"]] == ["hidden, so not compared with what has leaked: DEPLOY_TOKEN"]


def test_gitlab_a_name_without_store_may_be_set_by_the_job_or_lie_where_nobody_may_read(
    lab: GitLabVariables, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told, _ = stores(capsys)
    doubts = {one["name"]: one["doubt"] for one in told["missing"]}
    assert doubts == dict.fromkeys(
        ("ABSENT_TOKEN", "DEPLOY_TOKEN", "GROUP_TOKEN"), "the file or the job itself may set it"
    )
    lab.fail("GET", f"{API}/groups/acme/variables", 403)
    code, told, _ = stores(capsys)
    assert code == Exit.NOTHING_EXAMINED
    assert {one["doubt"] for one in told["missing"]} == {"not all stores of the repository could be read"}
    assert "read_api as an owner of the group" in told["gaps"][0]["advice"]


def test_gitlab_a_persons_own_namespace_has_no_variables(
    lab: GitLabVariables, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    lab.people.add("acme/team")
    assert stores(capsys)[1]["gaps"] == []


def test_a_plan_foretells_the_jobs_that_get_a_leaked_value_from_a_variable(lab: GitLabVariables, here: Path) -> None:
    lab.projects["acme/team/shop"] = [Variable(key="DEPLOY_TOKEN", value=LEAKED)]
    lab.namespaces["acme"] = [Variable(key="IDLE_TOKEN", value=LEAKED)]
    assert cli.main(["plan", "dana", "-o", "plan.json", "--jobs", "1"]) == Exit.WAITS_FOR_APPROVAL
    text = (here / "plan.json").read_text()
    steps = [step for step in json.loads(text)["steps"] if step["point"]["kind"] == "github.pat.classic"]
    breaks = "\n".join(line for step in steps for line in step["breaks"])
    same = "uses DEPLOY_TOKEN: by value: the GitLab CI variable DEPLOY_TOKEN of the project acme/team/shop is the same"
    assert f"environment production (on push; last changed by Dana <dana@example.com> on 2020-01-02) {same}" in breaks
    assert "job nightly (on schedule" in breaks
    assert "GitLab CI variable IDLE_TOKEN of the group acme: holds it; no job that was read names it" in breaks
    assert LEAKED not in text
    lab.projects["acme/team/shop"] = [Variable(key="DEPLOY_TOKEN", value="another")]
    lab.namespaces["acme"] = []
    cli.main(["plan", "dana", "-o", "plan.json", "--jobs", "1"])
    assert "by value" not in (here / "plan.json").read_text()


JENKINSFILE = """
pipeline {
  agent any
  stages {
    stage('ship') { steps { withCredentials([string(credentialsId: 'deploy-key', variable: 'K')]) { sh './ship' } } }
    stage('more') { steps { sshagent(['nowhere']) { sh './more' } } }
  }
}
"""


@pytest.fixture
def jenkins(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JenkinsStores]:
    Repo.create(here / "shop").commit("begin", {"Jenkinsfile": JENKINSFILE})
    with JenkinsStores() as sim:
        secret = token("11", 32, alphabet="0123456789abcdef")
        sim.add_reader("auditor", secret)
        text = f'[repositories]\npaths = ["shop"]\n[providers.jenkins]\nurl = "{sim.url}"\nread = "env:J"\n'
        (here / "offkey.toml").write_text(text)
        monkeypatch.setenv("J", f"auditor,{secret}")
        yield sim


def test_jenkins_credentials_of_every_domain_and_folder_are_joined_by_id(
    jenkins: JenkinsStores, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.add("deploy-key")
    jenkins.add("other", domain="aws.example")
    jenkins.add("inner", "team/infra")
    jenkins.credentials.setdefault("team", {"_": []})
    jenkins.jobs["team"] = ["build"]
    code, told, _ = stores(capsys)
    assert given(told) == {
        ("this Jenkins", "deploy-key"): ["ship"],
        ("this Jenkins", "other"): [],
        ("team/infra", "inner"): [],
    }
    assert [(one["name"], one["doubt"]) for one in told["missing"]] == [("nowhere", "")]
    assert (code, told["gaps"]) == (Exit.DONE, [])
    assert {one.method for one in jenkins.requests} == {"GET"}


def test_jenkins_a_store_that_may_not_be_viewed_is_a_gap_with_the_permissions_name(
    jenkins: JenkinsStores, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.add("deploy-key")
    jenkins.add("nowhere", "team")
    jenkins.closed.add("team")
    code, told, _ = stores(capsys)
    assert code == Exit.GAPS
    assert "Credentials/View" in told["gaps"][0]["advice"]
    assert told["missing"][0]["doubt"] == "not all stores of the repository could be read"


CONFIG_YML = """
version: 2.1
jobs:
  build: {docker: [{image: x}], steps: [{run: "./build $PROJECT_TOKEN $BOTH_TOKEN"}]}
  ship: {docker: [{image: x}], steps: [{run: "./ship $SHIP_TOKEN $BOTH_TOKEN $LOST_TOKEN"}]}
workflows:
  all:
    jobs:
      - build
      - ship: {context: [release, gone]}
"""


@pytest.fixture
def circle(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CircleCiSimulator]:
    repo = Repo.create(here / "shop")
    repo.commit("begin", {".circleci/config.yml": CONFIG_YML})
    repo.git("remote", "add", "origin", "https://github.com/acme/shop.git")
    with CircleCiSimulator() as sim:
        secret = token("CCIPAT_", 40)
        sim.add_token(secret)
        text = f'[repositories]\npaths = ["shop"]\n[providers.circleci]\nurl = "{sim.url}"\nread = "env:C"\n'
        (here / "offkey.toml").write_text(text)
        monkeypatch.setenv("C", secret)
        sim.contexts["gh/acme"] = {name: [f"UNUSED_{name}"] for name in ("a", "b")}
        sim.contexts["gh/acme"]["release"] = ["OTHER", "SHIP_TOKEN", "BOTH_TOKEN"]
        sim.projects["gh/acme/shop"] = ["FIRST", "PROJECT_TOKEN", "BOTH_TOKEN"]
        yield sim


def test_circleci_a_contexts_variables_are_for_the_jobs_that_name_it_and_go_before_the_projects(
    circle: CircleCiSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = stores(capsys)
    jobs = {key: set(value) for key, value in given(told).items()}
    assert jobs[("release", "SHIP_TOKEN")] == {"ship"}
    assert jobs[("release", "BOTH_TOKEN")] == {"ship"}
    assert jobs[("gh/acme/shop", "BOTH_TOKEN")] == {"build"}
    assert jobs[("gh/acme/shop", "PROJECT_TOKEN")] == {"build"}
    assert jobs[("a", "UNUSED_a")] == jobs[("b", "UNUSED_b")] == set()
    doubts = {one["name"]: one["doubt"] for one in told["missing"]}
    assert doubts == {"gone": "", "LOST_TOKEN": "the file or the job itself may set it"}
    assert (code, told["gaps"]) == (Exit.DONE, [])
    assert {one["updated"] for one in told["stored"] if one["store"] == "circleci.context"} == {"2026-10-01T02:03:04Z"}


def test_circleci_a_refusal_is_a_gap(circle: CircleCiSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    circle.fail("GET", "/api/v2/context", 403)
    code, told, _ = stores(capsys)
    assert code == Exit.GAPS
    assert "personal API token" in told["gaps"][0]["advice"]
    assert {one["doubt"] for one in told["missing"]} == {"not all stores of the repository could be read"}


def test_a_credential_for_the_stores_alone_makes_no_gap_of_what_a_person_holds(
    circle: CircleCiSimulator, here: Path
) -> None:
    (here / "people.yaml").write_text("- id: dana\n  emails: [dana@example.com]\n")
    with (here / "offkey.toml").open("a") as file:
        file.write('[directory]\npeople = "people.yaml"\n')
    assert cli.main(["inventory", "dana"]) == Exit.DONE
