"""Rotation where a provider or a store is configured several times: two AWS accounts and two Vaults."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from offboarding.configuration import config, instances
from offboarding.configuration.doctor import examine
from offboarding.demo.simulators.aws import AwsServer
from offkey import boto
from offkey.model import Action, Outcome
from tests import needs
from tests.offboarding.cases import Approver, approver
from tests.offboarding.cutting import Cut, Killed
from tests.offboarding.rotating import World, shared_key, signs
from tests.simulators.vault import VaultSimulator, vault_service

pytestmark = needs.OPENSSH

ACCOUNT = """
[providers.aws{table}]
account = "{aws.account}"
url = "{aws.url}"
read = "env:{name}_ID,{name}_SECRET"
write = "env:{name}_ID,{name}_SECRET"
"""
VAULT = """
[providers.vault{table}]
url = "{vault.url}/v1"
write = "env:ROTATING_VAULT"
"""
ENTRY = """
[policy]
plan_valid_hours = 200
[[rotation]]
kind = "aws.access_key"
{at}
holder = "{user}"
store = "vault"
place = {{ mount = "secret", path = "ci/{user}" }}
fields = {{ id = "key", secret = "value" }}
"""
BOTH = 'at = "aws/prod"\nstore_at = "vault/two"'


class BeforeStoredIsNoted(Cut):
    def point(self, name: str) -> None:
        if name == "before rotation.stored":
            raise Killed(name)


@dataclass
class Two:
    """Two of each. A run's user is in both accounts, with a key in each, and his secret in both Vaults."""

    staging: AwsServer
    prod: AwsServer
    one: VaultSimulator
    two: VaultSimulator
    who: Approver
    numbers: Iterator[int]

    def tables(self, *vaults: str) -> str:
        known = {"": self.one, ".instances.one": self.one, ".instances.two": self.two}
        return "".join(
            [
                ACCOUNT.format(table="", aws=self.staging, name="STAGING"),
                ACCOUNT.format(table=".instances.prod", aws=self.prod, name="PROD"),
                *(VAULT.format(table=table, vault=known[table]) for table in vaults),
            ]
        )

    def run(self, folder: Path, at: str = BOTH, *vaults: str, **more: Any) -> "Run":
        user = f"deploy-bot-{next(self.numbers)}"
        here, values = shared_key(self.staging, user)
        point, parts = shared_key(self.prod, user)
        there = instances.outward("aws/prod", point)
        for vault in (self.one, self.two):
            vault.kept[f"secret/ci/{user}"] = [{"key": "", "value": ""}]
        text = self.tables(*(vaults or ("", ".instances.two"))) + ENTRY.format(at=at, user=user)
        known = {there.fingerprint: parts, here.fingerprint: values}
        world = World(folder, text, self.who, [there], known, **more)
        return Run(self, world, user, parts["id"], values["id"])


@dataclass
class Run:
    two: Two
    world: World
    user: str
    old: str
    namesakes: str

    def kept(self, vault: VaultSimulator) -> list[dict[str, str]]:
        return vault.kept[f"secret/ci/{self.user}"]

    def assert_replaced(self) -> str:
        """The successor is prod's, in the second Vault alone; what has the same name elsewhere is as it was."""
        now = self.kept(self.two.two)[-1]
        assert self.kept(self.two.one) == [{"key": "", "value": ""}]
        assert signs(self.two.prod, now["key"], now["value"]).endswith(f"/{self.user}")
        assert self.two.staging.keys_of(self.user) == {self.namesakes: "Active"}
        return now["key"]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with AwsServer() as staging, AwsServer() as prod, VaultSimulator() as one, VaultSimulator() as other:
        for vault in (one, other):
            vault.add_token(vault_service("rotating"), "offkey", policies=("offkey",))
        yield Two(staging, prod, one, other, approver(tmp_path_factory.mktemp("approvers")), count())


@pytest.fixture(autouse=True)
def _surroundings(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto, "_session", cache(boto._session))
    for name, aws in (("STAGING", two.staging), ("PROD", two.prod)):
        monkeypatch.setenv(f"{name}_ID", aws.admin[0])
        monkeypatch.setenv(f"{name}_SECRET", aws.admin[1].reveal().decode())
    monkeypatch.setenv("ROTATING_VAULT", vault_service("rotating"))


def test_the_named_accounts_key_goes_into_the_named_vault_and_is_switched_off_and_on_there(
    two: Two, tmp_path: Path
) -> None:
    run = two.run(tmp_path)
    assert "vault at vault/two: mount secret" in run.world.plan.steps[0].reason
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.REPLACED, receipts
    successor = run.assert_replaced()
    run.world.later(hours=49)
    run.world.apply()
    assert two.prod.keys_of(run.user) == {successor: "Active"}
    run.assert_replaced()


def test_what_was_switched_off_at_a_named_instance_is_switched_on_there(two: Two, tmp_path: Path) -> None:
    run = two.run(tmp_path, observe_hours=2)
    run.world.apply()
    run.world.later(hours=49)
    assert run.world.apply()[Action.DISABLE].outcome is Outcome.DISABLED
    assert two.prod.keys_of(run.user)[run.old] == "Inactive"
    assert run.world.undo(Action.DISABLE).outcome is Outcome.UNDONE
    assert set(two.prod.keys_of(run.user).values()) == {"Active"}
    run.assert_replaced()


def test_an_entry_for_one_account_leaves_anothers_user_of_that_name_to_people(two: Two, tmp_path: Path) -> None:
    run = two.run(tmp_path, 'at = "aws"\nstore_at = "vault/two"', allows=())
    assert [step.action for step in run.world.plan.steps] == [Action.ROTATE]
    assert run.world.gaps == []


def test_a_run_goes_on_with_the_store_of_its_plan_whatever_is_configured_since(two: Two, tmp_path: Path) -> None:
    run = two.run(tmp_path, 'at = "aws/prod"', ".instances.two")
    with pytest.raises(Killed):
        run.world.apply(BeforeStoredIsNoted())
    successor = run.kept(two.two)[-1]["key"]
    file = tmp_path / "offkey.toml"
    text = two.tables("", ".instances.two") + ENTRY.format(at='at = "aws/prod"\nstore_at = "vault"', user=run.user)
    file.write_text(text)
    run.world.config = config.load(file)
    assert run.world.apply()[Action.REPLACE].outcome is Outcome.REPLACED
    assert run.assert_replaced() == successor
    assert two.prod.keys_of(run.user) == {run.old: "Active", successor: "Active"}


def test_doctor_looks_at_the_named_tables(two: Two, tmp_path: Path) -> None:
    file = tmp_path / "offkey.toml"
    text = two.tables(".instances.two").replace('write = "env:PROD_ID,PROD_SECRET"\n', "")
    file.write_text(text + ENTRY.format(at='at = "aws/prod"', user="deploy-bot"))
    (told,) = [result for result in examine(file, tmp_path) if result.what.startswith("rotation")]
    assert (told.state, told.detail) == ("fail", "no write credential for aws/prod")
    assert "[providers.aws.instances.prod]" in told.advice
    file.write_text(two.tables(".instances.two") + ENTRY.format(at='at = "aws/prod"', user="deploy-bot"))
    (told,) = [result for result in examine(file, tmp_path) if result.what.startswith("rotation")]
    assert told.state == "ok"
    assert "into vault secret ci/deploy-bot at vault/two" in told.detail
