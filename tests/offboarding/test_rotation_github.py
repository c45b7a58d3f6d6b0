"""A shared AWS key's successor goes, sealed, into GitHub Actions' secrets: the simulator really opens the box."""

from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.wire import DROP
from offkey import boto
from offkey.model import Action, Outcome
from tests import needs
from tests.offboarding.cases import Approver, approver
from tests.offboarding.cutting import Cut, Killed, chosen
from tests.offboarding.rotating import World, forms, shared_key, signs

pytestmark = needs.OPENSSH

ENTRY = """
[providers.aws]
account = "{account}"
url = "{aws}"
read = "env:ROTATING_ID,ROTATING_SECRET"
write = "env:ROTATING_ID,ROTATING_SECRET"

[providers.github]
url = "{hub}"
read = "env:ROTATING_HUB"
write = "env:ROTATING_HUB"

[policy]
plan_valid_hours = 100

[[rotation]]
kind = "aws.access_key"
holder = "{user}"
store = "github_actions"
place = {{ {place} }}
fields = {{ id = "{prefix}_ID", secret = "{prefix}_SECRET" }}
"""
PLACES = {
    "acme/shop": 'repository = "acme/shop"',
    "acme/shop production": 'repository = "acme/shop", environment = "production"',
    "acme": 'organisation = "acme"',
}


@pytest.fixture(autouse=True)
def _quick_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto, "_session", cache(boto._session))


class Office:
    """An AWS account and an organisation at GitHub; each run has a user and secrets of its own."""

    def __init__(self, aws: AwsServer, hub: GitHubSimulator, who: Approver) -> None:
        self.aws, self.hub, self.who, self.numbers = aws, hub, who, count()

    def run(self, folder: Path, where: str = "acme/shop", *, kept: bool = True) -> "Run":
        number = next(self.numbers)
        user, prefix = f"deploy-bot-{number}", f"AWS_{number}"
        point, parts = shared_key(self.aws, user)
        for name in ("ID", "SECRET") if kept else ():
            more = {"visibility": "selected", "repositories": ("acme/shop",)} if where == "acme" else {}
            self.hub.add_secret(where, f"{prefix}_{name}", updated_at="2026-01-01T00:00:00Z", **more)
        text = ENTRY.format(
            account=self.aws.account, aws=self.aws.url, hub=self.hub.url, user=user, place=PLACES[where], prefix=prefix
        )
        world = World(folder, text, self.who, [point], {point.fingerprint: parts})
        return Run(self, world, where, user, prefix, parts["id"])


class Run:
    def __init__(self, office: Office, world: World, where: str, user: str, prefix: str, old: str) -> None:
        self.office, self.world, self.where = office, world, where
        self.user, self.prefix, self.old = user, prefix, old

    @property
    def keys(self) -> dict[str, str]:
        return self.office.aws.keys_of(self.user)

    def stored(self) -> dict[str, str]:
        """What was in the boxes."""
        entries = self.office.hub.state.stores.of(self.where, "actions")
        return {
            e.name.removeprefix(f"{self.prefix}_"): e.value for e in entries if e.name.startswith(f"{self.prefix}_")
        }

    def assert_replaced(self) -> None:
        """The pair in the store is the one successor's, which signs; its value is nowhere else."""
        found = self.stored()
        assert set(self.keys) == {self.old, found["ID"]}
        assert signs(self.office.aws, found["ID"], found["SECRET"]).endswith(f"/{self.user}")
        written = self.world.written()
        assert not [form for form in forms(found["SECRET"]) if form in written]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with AwsServer() as aws, GitHubSimulator() as hub:
        hub.add_org("acme")
        hub.add_user("boss")
        hub.add_member("acme", "boss", "admin")
        for name in ("acme/shop", "acme/site"):
            hub.add_repo(name, private=True)
        hub.add_secret("acme/shop production", "PRESENT")
        hub.add_token("boss", tokens.github_classic("boss"), scopes=["repo", "admin:org"])
        yield Office(aws, hub, approver(tmp_path_factory.mktemp("approvers")))


@pytest.fixture(autouse=True)
def _credentials(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTATING_ID", office.aws.admin[0])
    monkeypatch.setenv("ROTATING_SECRET", office.aws.admin[1].reveal().decode())
    monkeypatch.setenv("ROTATING_HUB", tokens.github_classic("boss"))


@pytest.mark.parametrize("where", PLACES)
def test_the_successor_is_sealed_into_secrets_of_a_repository_environment_or_organisation(
    office: Office, tmp_path: Path, where: str
) -> None:
    run = office.run(tmp_path, where)
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.REPLACED, receipt
    run.assert_replaced()


def test_an_organisations_secret_stays_for_the_repositories_that_it_was_for(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path, "acme")
    run.world.apply()
    entries = [e for e in office.hub.state.stores.of("acme", "actions") if e.name.startswith(run.prefix)]
    assert {(e.visibility, e.repositories) for e in entries} == {("selected", ("acme/shop",))}


def test_a_secret_that_does_not_exist_is_not_made(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path, kept=False)
    receipt = run.world.apply()[Action.REPLACE]
    assert (receipt.outcome, run.keys) == (Outcome.NOT_IDENTIFIED, {run.old: "Active"})
    assert run.stored() == {}


def test_a_refused_first_write_leaves_no_successor(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.hub.fail("PUT", ".*_ID$", 403, times=1)
    receipt = run.world.apply()[Action.REPLACE]
    assert (receipt.outcome, run.keys) == (Outcome.FAILED, {run.old: "Active"})


def test_a_pair_written_by_half_keeps_its_successor_alive_and_says_so(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.hub.fail("PUT", ".*_SECRET$", 403, times=1)
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.NOT_CONFIRMED
    assert run.stored()["ID"] in run.keys
    assert run.stored()["ID"] in receipt.note


def test_a_write_whose_answer_is_lost_is_seen_by_the_time_of_change(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.hub.after_write = lambda line: DROP if line.path.endswith("_SECRET") else None
    try:
        receipt = run.world.apply()[Action.REPLACE]
    finally:
        office.hub.after_write = None
    assert receipt.outcome is Outcome.REPLACED
    run.assert_replaced()


def test_a_rotation_killed_while_storing_leaves_one_successor_and_its_whole_pair_stored(
    office: Office, tmp_path: Path
) -> None:
    whole, cut = office.run(tmp_path / "whole"), Cut()
    whole.world.apply(cut)
    first, end = cut.names.index("after rotation.storing"), cut.names.index("after rotation.stored")
    assert sum(name.startswith("before PUT") for name in cut.names) == 2
    for number in chosen(range(first, end + 1)):
        run = office.run(tmp_path / str(number))
        with pytest.raises(Killed):
            run.world.apply(Cut(at=number))
        receipt = run.world.apply()[Action.REPLACE]
        assert receipt.outcome is Outcome.REPLACED, (cut.names[number], receipt)
        run.assert_replaced()
