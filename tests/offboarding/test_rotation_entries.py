"""`[[rotation]]` of offkey.toml: one credential, one existing secret, and everything else refused by name."""

import re
from pathlib import Path

import pytest

from offboarding.configuration import config
from offboarding.configuration.doctor import examine
from offboarding.configuration.schema import SettingsError

ENTRY = {
    "kind": '"aws.access_key"',
    "holder": '"deploy-bot"',
    "store": '"aws_secrets_manager"',
    "place": '{ region = "eu-central-1", secret = "prod/deploy" }',
    "fields": '{ id = "KEY", secret = "VALUE" }',
}


def written(folder: Path, *entries: dict[str, str], more: str = "") -> Path:
    file = folder / "offkey.toml"
    tables = ["[[rotation]]\n" + "".join(f"{key} = {value}\n" for key, value in entry.items()) for entry in entries]
    file.write_text(more + "\n".join(tables))
    return file


def test_an_entry_is_read_with_its_hours(tmp_path: Path) -> None:
    (entry,) = config.load(written(tmp_path, ENTRY)).rotation
    assert (entry.quiet_hours, entry.deadline_hours) == (4, 48)
    assert entry.rotation().place == {"region": "eu-central-1", "secret": "prod/deploy"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"holder": '""'}, "holder` or `id"),
        ({"kind": '"npm.token"'}, "kind must be one of: aws.access_key"),
        ({"store": '"a_file"'}, "store must be one of: aws_secrets_manager"),
        ({"fields": '{ secret = "VALUE" }'}, "must name exactly: id/secret"),
        ({"fields": '{ id = "SAME", secret = "SAME" }'}, "different names"),
        ({"place": '{ region = "eu-central-1" }'}, "must have exactly: region, secret"),
        ({"place": '{ region = "evil.example/", secret = "x" }'}, "region must be one of AWS's"),
        ({"place": '{ region = "eu-central-1", secret = "arn:aws:x" }'}, "not its ARN"),
        ({"fields": '{ id = "", secret = "VALUE" }'}, "one part can be the whole"),
        ({"store": '"github_actions"', "place": '{ repository = "acme" }'}, "owner/name"),
        ({"store": '"github_actions"', "place": '{ repository = "acme/.." }'}, "owner/name"),
        (
            {
                "store": '"github_actions"',
                "place": '{ repository = "a/b" }',
                "fields": '{ id = "GITHUB_ID", secret = "S" }',
            },
            "capitals",
        ),
        ({"store": '"vault"', "place": '{ mount = "secret", path = "ci/../root" }'}, "path up to 8"),
        ({"successor": '"another"'}, "takes no `successor`"),
        ({"kind": '"database.postgres"', "fields": '{ user = "U", secret = "S" }'}, "needs `successor`"),
        ({"quiet_hours": "49"}, "quiet_hours must not be more"),
        ({"deadline_hours": "72"}, "less than plan_valid_hours"),
        ({"command": '"rm"'}, "unknown key"),
    ],
)
def test_what_cannot_be_is_refused_and_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        config.load(written(tmp_path, ENTRY | change))


AWS = '[providers.aws{}]\naccount = "1"\nread = "env:A,B"\nwrite = "env:A,B"\n'


@pytest.mark.parametrize(
    ("tables", "change", "said"),
    [
        (("", ".instances.prod"), {}, "at must be one of: aws, aws/prod"),
        (("", ".instances.prod"), {"at": '"aws/prod"'}, "store_at must be one of: aws, aws/prod"),
        (("", ".instances.prod"), {"at": '"aws/prdo"', "store_at": '"aws"'}, "at must be one of: aws, aws/prod"),
        ((".instances.prod",), {"at": '"aws"'}, "at must be one of: aws/prod"),
        ((), {"at": '"aws/prod"'}, "at must be one of: aws"),
        (("",), {"store_at": '"vault"'}, "store_at must be one of: aws"),
    ],
)
def test_of_several_instances_one_must_be_named(
    tmp_path: Path, tables: tuple[str, ...], change: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        config.load(written(tmp_path, ENTRY | change, more="".join(map(AWS.format, tables))))


@pytest.mark.parametrize("table", ["", ".instances.prod"])
def test_the_only_instance_need_not_be_named(tmp_path: Path, table: str) -> None:
    (entry,) = config.load(written(tmp_path, ENTRY, more=AWS.format(table))).rotation
    only = "aws/prod" if table else "aws"
    assert (entry.at, entry.rotation().store_at) == (only, only)


def test_doctor_says_what_a_rotation_needs_or_lacks(tmp_path: Path) -> None:
    (lacking,) = [r for r in examine(written(tmp_path, ENTRY), tmp_path) if r.what.startswith("rotation")]
    assert (lacking.state, lacking.detail) == ("fail", "no write credential for aws")
    table = '[providers.aws]\naccount = "1"\nread = "env:A,B"\nwrite = "env:A,B"\n'
    (told,) = [r for r in examine(written(tmp_path, ENTRY, more=table), tmp_path) if r.what.startswith("rotation")]
    assert told.state == "ok"
    assert "iam:CreateAccessKey" in told.detail
    assert "secretsmanager:PutSecretValue" in told.detail
