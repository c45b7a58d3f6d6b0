"""A shared AWS key's successor goes into Vault's KV version 2, with check-and-set."""

from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.wire import DROP
from offkey import boto
from offkey.model import Action, Outcome
from tests import needs
from tests.offboarding.cases import Approver, approver
from tests.offboarding.cutting import Cut, Killed, chosen
from tests.offboarding.rotating import World, forms, shared_key, signs
from tests.simulators.vault import VaultSimulator, vault_service

pytestmark = needs.OPENSSH

ENTRY = """
[providers.aws]
account = "{account}"
url = "{aws}"
read = "env:ROTATING_ID,ROTATING_SECRET"
write = "env:ROTATING_ID,ROTATING_SECRET"

[providers.vault]
url = "{vault}/v1"
write = "env:ROTATING_VAULT"

[policy]
plan_valid_hours = 100

[[rotation]]
kind = "aws.access_key"
holder = "{user}"
store = "vault"
place = {{ mount = "secret", path = "ci/{user}" }}
fields = {{ id = "key", secret = "value" }}
"""


class Office:
    """An AWS account and a Vault; each run has a user and a secret of its own."""

    def __init__(self, aws: AwsServer, vault: VaultSimulator, who: Approver) -> None:
        self.aws, self.vault, self.who, self.numbers = aws, vault, who, count()

    def run(self, folder: Path, *, kept: bool = True) -> "Run":
        user = f"deploy-bot-{next(self.numbers)}"
        point, parts = shared_key(self.aws, user)
        if kept:
            self.vault.kept[f"secret/ci/{user}"] = [{"key": "", "value": "", "bucket": "releases"}]
        text = ENTRY.format(account=self.aws.account, aws=self.aws.url, vault=self.vault.url, user=user)
        return Run(self, World(folder, text, self.who, [point], {point.fingerprint: parts}), user, parts["id"])


class Run:
    def __init__(self, office: Office, world: World, user: str, old: str) -> None:
        self.office, self.world, self.user, self.old = office, world, user, old

    @property
    def keys(self) -> dict[str, str]:
        return self.office.aws.keys_of(self.user)

    @property
    def versions(self) -> list[dict[str, Any]]:
        return self.office.vault.kept.get(f"secret/ci/{self.user}", [])

    def assert_replaced(self) -> None:
        """The newest version has the one successor, which signs, and what else was there; nothing else has it."""
        now = self.versions[-1]
        assert set(self.keys) == {self.old, now["key"]}
        assert now["bucket"] == "releases"
        assert signs(self.office.aws, now["key"], now["value"]).endswith(f"/{self.user}")
        written = self.world.written()
        assert not [form for form in forms(now["value"]) if form in written]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with AwsServer() as aws, VaultSimulator() as vault:
        vault.add_token(vault_service("rotating"), "offkey", policies=("offkey",))
        yield Office(aws, vault, approver(tmp_path_factory.mktemp("approvers")))


@pytest.fixture(autouse=True)
def _surroundings(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto, "_session", cache(boto._session))
    monkeypatch.setenv("ROTATING_ID", office.aws.admin[0])
    monkeypatch.setenv("ROTATING_SECRET", office.aws.admin[1].reveal().decode())
    monkeypatch.setenv("ROTATING_VAULT", vault_service("rotating"))


def test_the_successor_is_a_new_version_beside_what_else_the_secret_holds(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.REPLACED, receipt
    assert len(run.versions) == 2
    run.assert_replaced()


def test_a_version_that_came_between_is_kept_and_the_successor_deleted(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)

    def between(request: Any) -> None:
        """Somebody writes right before offkey does, after it has looked for the last time."""
        if request.method == "POST" and len(run.versions) == 1:
            run.versions.append({"key": "theirs", "value": "", "bucket": "releases"})

    office.vault.before = between
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        office.vault.before = None
    assert run.versions[-1]["key"] == "theirs"
    assert (receipt.outcome, len(run.versions)) == (Outcome.FAILED, 2)
    assert run.keys == {run.old: "Active"}


@pytest.mark.parametrize("wrong", ["missing", "version 1"])
def test_without_a_versioned_secret_nothing_is_made(office: Office, tmp_path: Path, wrong: str) -> None:
    run = office.run(tmp_path, kept=wrong != "missing")
    office.vault.unversioned = wrong == "version 1"
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        office.vault.unversioned = False
    expected = Outcome.NOT_IDENTIFIED if wrong == "missing" else Outcome.FAILED
    assert (receipt.outcome, run.keys) == (expected, {run.old: "Active"})


def test_a_write_whose_answer_is_lost_is_not_repeated(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.vault.after_write = lambda line: DROP
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        office.vault.after_write = None
    assert (receipt.outcome, len(run.versions)) == (Outcome.REPLACED, 2)
    run.assert_replaced()


def test_a_rotation_killed_while_storing_leaves_one_successor_and_it_is_stored(office: Office, tmp_path: Path) -> None:
    whole, cut = office.run(tmp_path / "whole"), Cut()
    whole.world.apply(cut)
    first, end = cut.names.index("after rotation.storing"), cut.names.index("after rotation.stored")
    for number in chosen(range(first, end + 1)):
        run = office.run(tmp_path / str(number))
        with pytest.raises(Killed):
            run.world.apply(Cut(at=number))
        receipt = run.world.apply()[Action.REPLACE]
        assert receipt.outcome is Outcome.REPLACED, (cut.names[number], receipt)
        run.assert_replaced()
        assert len(run.versions) == 2, cut.names[number]
