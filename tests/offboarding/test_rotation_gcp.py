"""A service account's key: its successor, the whole key file, goes into a store; Google does not tell who uses what."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from threading import Event

import boto3
import pytest

from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.wire import DROP, Request
from offkey import boto
from offkey.http import Reader
from offkey.model import Account, Action, Check, Credential, Liveness, Outcome
from offkey.secret import Secret
from revokers import gcp
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, listed
from tests.offboarding.cutting import Cut, Killed, chosen
from tests.offboarding.rotating import World, forms, shared, shared_key
from tests.simulators.gcp import GcpSimulator, private_key_body

pytestmark = needs.OPENSSH

KIND = "gcp.service_account"
ENTRY = """
[providers.gcp]
url = "{gcp}"
read = "env:ROTATING_GCP"
write = "env:ROTATING_GCP"

[providers.aws]
account = "{account}"
url = "{aws}"
read = "env:ROTATING_ID,ROTATING_SECRET"
write = "env:ROTATING_ID,ROTATING_SECRET"

[policy]
plan_valid_hours = 100

[[rotation]]
kind = "gcp.service_account"
holder = "{email}"
store = "aws_secrets_manager"
place = {{ region = "eu-central-1", secret = "{secret}" }}
fields = {{ file = "" }}
deadline_hours = 24
"""


class Office:
    """A Google Cloud project and an AWS account; each run has a service account and a secret of its own."""

    def __init__(self, cloud: GcpSimulator, aws: AwsServer, who: Approver) -> None:
        self.cloud, self.aws, self.who, self.numbers = cloud, aws, who, count()
        self.secrets = boto3.client(
            "secretsmanager", region_name="eu-central-1", endpoint_url=aws.url, aws_access_key_id=aws.admin[0],
            aws_secret_access_key=aws.admin[1].reveal().decode(),
        )  # fmt: skip

    def run(self, folder: Path) -> "Run":
        name = f"deployer-{next(self.numbers)}"
        email, old = self.cloud.add_key(name)
        self.secrets.create_secret(Name=name, SecretString="{}")
        holder = Account(provider="gcp", id=email, login=email)
        live = Check(liveness=Liveness.LIVE, reason="signs in", at=NOW, holder=holder)
        parts = {"id": old, "client_email": email, "secret": private_key_body(name)}
        point = replace(shared(listed(old, KIND), parts), holder=holder, check=live)
        text = ENTRY.format(gcp=self.cloud.url, aws=self.aws.url, account=self.aws.account, email=email, secret=name)
        return Run(self, World(folder, text, self.who, [point], {point.fingerprint: parts}), email, old, name)


class Run:
    def __init__(self, office: Office, world: World, email: str, old: str, secret: str) -> None:
        self.office, self.world, self.email, self.old, self.secret = office, world, email, old, secret

    @property
    def keys(self) -> dict[str, bool]:
        """The account's keys, and whether each is disabled."""
        return {i: key.disabled for i, key in self.office.cloud.keys.items() if key.email == self.email}

    def assert_replaced(self) -> None:
        """The store has the one successor's key file, which signs in; it is nowhere else."""
        text = self.office.secrets.get_secret_value(SecretId=self.secret)["SecretString"]
        file = json.loads(text)
        assert set(self.keys) == {self.old, file["private_key_id"]}
        body = file["private_key"].replace("-----BEGIN PRIVATE KEY-----", "").replace("-----END PRIVATE KEY-----", "")
        parts = {"id": file["private_key_id"], "client_email": self.email, "secret": body}
        credential = Credential(kind=KIND, parts={name: Secret(value.encode()) for name, value in parts.items()})
        reader = Reader(gcp.gate, self.office.cloud.url, instance=self.office.cloud.url)
        assert gcp.check(reader, credential).liveness is Liveness.LIVE
        written = self.world.written()
        middle = body.replace("\n", "")[200:260]
        assert not [form for form in (*forms(text), *forms(middle)) if form in written]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with GcpSimulator() as cloud, AwsServer() as aws:
        yield Office(cloud, aws, approver(tmp_path_factory.mktemp("approvers")))


@pytest.fixture(autouse=True)
def _surroundings(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto, "_session", cache(boto._session))
    monkeypatch.setenv("ROTATING_GCP", office.cloud.admin)
    monkeypatch.setenv("ROTATING_ID", office.aws.admin[0])
    monkeypatch.setenv("ROTATING_SECRET", office.aws.admin[1].reveal().decode())


def test_a_key_is_replaced_and_ends_when_the_hours_are_over(office: Office, tmp_path: Path) -> None:
    other, run = office.run(tmp_path / "other"), office.run(tmp_path / "run")
    before = other.keys
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.REPLACED, receipts
    run.assert_replaced()
    run.world.later(hours=23)
    assert Action.DISABLE not in run.world.apply()
    run.world.later(hours=1, minutes=1)
    receipts = run.world.apply()
    outcomes = [receipts[action].outcome for action in (Action.DISABLE, Action.REVOKE)]
    assert outcomes == [Outcome.DISABLED, Outcome.REVOKED]
    assert run.old not in run.keys
    assert len(run.keys) == 1
    assert other.keys == before


def test_two_successors_of_two_providers_go_into_one_secret(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path / "one")
    (google,) = {step.point.id: step.point for step in run.world.plan.steps}.values()
    amazon, parts = shared_key(office.aws, "both")
    office.secrets.create_secret(Name="both", SecretString="{}")
    place = '{ region = "eu-central-1", secret = "both" }'
    entry = f'kind = "aws.access_key"\nholder = "both"\nstore = "aws_secrets_manager"\nplace = {place}\n'
    text = run.world.text.replace(f'secret = "{run.secret}"', 'secret = "both"').replace('file = ""', 'file = "FILE"')
    text += f'[[rotation]]\n{entry}fields = {{ id = "ID", secret = "SECRET" }}\ndeadline_hours = 24\n'
    values = {**run.world.values, amazon.fingerprint: parts}
    world = World(tmp_path / "two", text, office.who, [google, amazon], values)
    making, storing = Event(), Event()

    def at_google(request: Request) -> None:
        """Its key is made once the other is in the store, if anything lets that happen meanwhile."""
        if request.method == "POST" and request.path.endswith("/keys"):
            making.set()
            storing.wait(1)

    def at_amazon(request: Request) -> None:
        if "PutSecretValue" in request.headers.get("x-amz-target", ""):
            making.wait(1)

    office.cloud.before, office.aws.before = at_google, at_amazon
    office.aws.after_write = lambda line: storing.set() if "PutSecretValue" in line.path else None
    try:
        world.apply()
    finally:
        office.cloud.before = office.aws.before = office.aws.after_write = None
    outcomes = [body["receipt"]["outcome"] for body in world.events("step.receipt")]
    assert outcomes == ["REPLACED", "REPLACED"]
    assert set(json.loads(office.secrets.get_secret_value(SecretId="both")["SecretString"])) == {"ID", "SECRET", "FILE"}


def test_an_account_with_ten_keys_gets_no_eleventh(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    key = office.cloud.keys[run.old]
    office.cloud.keys.update({f"{number:040x}": replace(key) for number in range(1, 10)})
    assert run.world.apply()[Action.REPLACE].outcome is Outcome.HANDED_OVER
    assert len(run.keys) == 10


def test_a_lost_key_is_not_guessed_since_google_does_not_tell_what_is_used(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.cloud.after_write = lambda line: DROP
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        office.cloud.after_write = None
    (lost,) = run.keys.keys() - {run.old}
    assert receipt.outcome is Outcome.HANDED_OVER
    assert lost in receipt.note


def test_a_rotation_killed_once_the_key_is_known_leaves_one_successor_and_it_is_stored(
    office: Office, tmp_path: Path
) -> None:
    whole, cut = office.run(tmp_path / "whole"), Cut()
    whole.world.apply(cut)
    first, end = cut.names.index("after rotation.made"), cut.names.index("after rotation.stored")
    for number in chosen(range(first, end + 1)):
        run = office.run(tmp_path / str(number))
        with pytest.raises(Killed):
            run.world.apply(Cut(at=number))
        receipt = run.world.apply()[Action.REPLACE]
        assert receipt.outcome is Outcome.REPLACED, (cut.names[number], receipt)
        run.assert_replaced()
