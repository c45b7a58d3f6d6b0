"""The whole way on the command line, with a deploy user's AWS key in Sam's code and a `[[rotation]]` for it."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from offboarding.commands import apply as apply_command
from offboarding.demo.organisation import SAM
from offboarding.evidence_kit import verify as kit
from offkey.errors import Exit
from tests import needs
from tests.builders import clean_environment
from tests.offboarding.test_whole_run import Office, forms, office, written

pytestmark = needs.OPENSSH
__all__ = ["office"]

ENTRY = """
[[rotation]]
kind = "aws.access_key"
holder = "deploy-bot"
store = "aws_secrets_manager"
place = { region = "eu-central-1", secret = "prod/deploy" }
fields = { id = "KEY", secret = "VALUE" }
quiet_hours = 1
deadline_hours = 2
"""


def leak(office: Office) -> str:
    """Sam commits the deploy user's key; returns its id."""
    office.services.aws.create_user("deploy-bot", tags={"kind": "service"})
    ident, secret = office.services.aws.create_key("deploy-bot")
    repo = next(iter(office.work.values()))
    text = f"AWS_ACCESS_KEY_ID = '{ident}'\nAWS_SECRET_ACCESS_KEY = '{secret.reveal().decode()}'\n"
    (repo / "deploy_settings.py").write_text(text)
    git = ["git", "-C", str(repo), "-c", f"user.name={SAM[0]}", "-c", f"user.email={SAM[1]}"]
    subprocess.run([*git, "add", "deploy_settings.py"], check=True, env=clean_environment())
    subprocess.run([*git, "commit", "-qm", "deploy"], check=True, env=clean_environment())
    return ident


def test_a_shared_key_is_rotated_from_plan_to_evidence(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    old = leak(office)
    aws = office.services.aws
    store = boto3.client(
        "secretsmanager", region_name="eu-central-1", endpoint_url=aws.url, aws_access_key_id=aws.admin[0],
        aws_secret_access_key=aws.admin[1].reveal().decode(),
    )  # fmt: skip
    store.create_secret(Name="prod/deploy", SecretString="{}")
    config = office.folder / "offkey.toml"
    config.write_text(config.read_text() + ENTRY)

    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    assert "--allow rotate" in office.said
    assert "prod/deploy" in office.said
    assert office.approve("github-public-revoke", "rotate") == Exit.DONE
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    found = json.loads(store.get_secret_value(SecretId="prod/deploy")["SecretString"])
    assert aws.keys_of("deploy-bot") == {old: "Active", found["KEY"]: "Active"}

    monkeypatch.setattr(apply_command, "_now", lambda: datetime.now(UTC) + timedelta(hours=3))
    office.offkey("apply", "plan.json", "--resume")
    assert aws.keys_of("deploy-bot") == {found["KEY"]: "Active"}
    assert office.offkey("report", office.run, "-o", "evidence") == Exit.DONE
    assert kit.verify(office.folder / "evidence").problems == []
    assert "ALIVE AGAIN" not in office.said
    assert office.offkey("verify", office.run) in (Exit.DONE, Exit.NOT_ALL_CONFIRMED, Exit.GAPS)
    assert "ALIVE AGAIN" not in office.said
    report = (office.folder / "evidence" / "report.html").read_text()
    assert "Make and store a successor" in report
    assert f"the successor {found['KEY']}" in report

    everything = written(office)
    for form in forms(found["VALUE"].encode()):
        assert [name for name, content in everything.items() if form in content] == []
