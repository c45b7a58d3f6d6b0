"""`offkey inventory`: what providers list for a person, by account and proven address, and what could not be asked."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.slack import SlackSimulator
from offkey.errors import Exit

CONFIGURATION = """
[directory]
people = "people.yaml"
[providers.aws]
url = "{aws}"
account = "{account}"
read = "env:AWS_ID,AWS_KEY"
[providers.slack]
url = "{slack}/api"
read = "env:SLACK"
"""
PEOPLE = """
- id: dana
  names: [Dana Doe]
  emails: [dana@example.com]
  accounts: {aws: dana}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AwsServer, SlackSimulator]]:
    with AwsServer() as aws, SlackSimulator() as slack:
        admin = tokens.slack_user("offkey's own")
        slack.add_token(slack.add_user("admin", admin=True), admin, ("users:read", "users:read.email"))
        monkeypatch.setenv("SLACK", admin)
        monkeypatch.setenv("AWS_ID", aws.admin[0])
        monkeypatch.setenv("AWS_KEY", aws.admin[1].reveal().decode())
        text = CONFIGURATION.format(aws=aws.url, account=aws.account, slack=slack.url)
        (tmp_path / "offkey.toml").write_text(text)
        (tmp_path / "people.yaml").write_text(PEOPLE)
        monkeypatch.chdir(tmp_path)
        aws.create_user("dana", tags={"mail": "dana@example.com"})
        yield aws, slack


def listed(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, str], list[str]]:
    """(liveness by kind, where the gaps are)."""
    told = json.loads(capsys.readouterr().out)
    return {p["kind"]: p["check"]["liveness"] for p in told["points"]}, [gap["where"] for gap in told["gaps"]]


def test_each_provider_is_asked_by_the_account_or_the_proven_address(
    world: tuple[AwsServer, SlackSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    aws, slack = world
    aws.create_key("dana")
    slack.add_user("dana", email="dana@example.com")
    assert cli.main(["inventory", "dana", "--format", "json"]) == Exit.OPEN
    lives = {"aws.access_key": "LIVE", "aws.user_sessions": "LIVE", "slack.account": "LIVE"}
    assert listed(capsys) == (lives, [])
    assert cli.main(["inventory", "dana@example.com"]) == Exit.OPEN
    assert "slack.account" in capsys.readouterr().out


def test_nothing_alive_and_nobody_of_that_address_is_done(
    world: tuple[AwsServer, SlackSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    without_aws()
    assert cli.main(["inventory", "dana", "--format", "json"]) == Exit.DONE
    assert listed(capsys) == ({}, [])


def test_a_provider_that_does_not_answer_is_a_gap_and_the_others_are_listed(
    world: tuple[AwsServer, SlackSimulator], capsys: pytest.CaptureFixture[str]
) -> None:
    _, slack = world
    slack.fail("*", "", 403, times=100)
    assert cli.main(["inventory", "dana", "--format", "json"]) == Exit.OPEN
    points, gaps = listed(capsys)
    assert (points, [where.split()[0] for where in gaps]) == ({"aws.user_sessions": "LIVE"}, ["slack"])
    without_aws()
    assert cli.main(["inventory", "dana", "--format", "json"]) == Exit.GAPS


def without_aws() -> None:
    """The configuration with Slack alone."""
    told = Path("offkey.toml").read_text()
    Path("offkey.toml").write_text(told[: told.index("[providers.aws]")] + told[told.index("[providers.slack]") :])
