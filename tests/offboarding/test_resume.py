"""Killed before or after any ledger write or provider request, a run goes on without repeating or losing a step."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import revokers
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.slack import SlackSimulator
from offboarding.demo.simulators.wire import Recorded
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning.gather import gather
from offkey import boto
from offkey.boto import AwsCredentials
from offkey.model import AccessPoint, Account, Credential, Finding, Gap, Outcome, Ownership, Person, Receipt, to_json
from offkey.secret import Secret
from revokers.aws import Settings as AwsSettings
from revokers.github_admin import Settings as GitHubSettings
from tests import needs
from tests.offboarding.cases import KEY, LEAVER, NOW, Approver, approver, finding, place, plan_of, ticking
from tests.offboarding.cutting import Cut, Killed, World, chosen

pytestmark = needs.OPENSSH


ORG = "kestrel"
SHARDS = 4


@dataclass
class Providers:
    """Running simulators, in which each world gets a leaver of its own."""

    aws: AwsServer
    hub: GitHubSimulator
    slack: SlackSimulator
    approver: Approver
    hub_admin: str
    effects: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    points: dict[frozenset[str], list[str]] = field(default_factory=dict)

    def noted(self, line: Recorded) -> None:
        self.effects.append(f"{line.method} {line.path}")


@pytest.fixture(autouse=True)
def _quick_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine tenths of making a boto3 client is its session, which holds nothing of a run but the credentials."""
    monkeypatch.setattr(boto, "_session", cache(boto._session))


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with AwsServer() as aws, GitHubSimulator(delay=0) as hub, SlackSimulator() as slack:
        hub.limits.anonymous = 1_000_000  # GitHub lets strangers ask 60 times an hour; here they are many leavers
        hub.add_org(ORG)
        hub.add_user("boss")
        hub.add_member(ORG, "boss", "admin")
        admin = tokens.github_classic("admin")
        hub.add_token("boss", admin, scopes=["admin:org", "read:org", "repo"])
        made = Providers(aws, hub, slack, approver(tmp_path_factory.mktemp("approvers")), admin)
        for server in (aws, hub, slack):
            server.after_write = made.noted
        yield made


@dataclass(frozen=True)
class Case:
    world: World
    person: Person
    values: tuple[str, ...]
    key_id: str


def make_case(at: Providers, state: Path, kinds: frozenset[str]) -> Case:
    """A new leaver with credentials of the given providers, and an approved plan to end them."""
    name = f"sam{next(at.numbers)}"
    found: list[Finding] = []
    values: dict[str, dict[str, str]] = {}
    points: list[AccessPoint | Gap] = []
    checks, ids, accounts = {}, {}, []
    key_id = ""

    def leak(kind: str, parts: dict[str, str]) -> None:
        mark = KEY.fingerprint(kind, {part: value.encode() for part, value in parts.items()})
        found.append(replace(finding(kind), fingerprint=mark, places=(place(present=False),)))
        values[mark] = parts
        provider = kind.split(".", maxsplit=1)[0]
        reader = revokers.reader(provider, settings(at, provider), now=lambda: NOW)
        credential = Credential(kind=kind, parts={part: Secret(value.encode()) for part, value in parts.items()})
        checks[mark] = revokers.REGISTRY[provider].check(reader, credential)

    if "aws" in kinds:
        at.aws.create_user(name)
        key_id, secret = at.aws.create_key(name)
        accounts.append(Account(provider="aws", id="", login=name))
        leak("aws.access_key", {"id": key_id, "secret": secret.reveal().decode()})
        ids[found[-1].fingerprint] = key_id
    if "slack" in kinds:
        user = at.slack.add_user(name)
        token = tokens.slack_user(name)
        at.slack.add_token(user, token)
        accounts.append(Account(provider="slack", id=user.id, login=name))
        leak("slack.user", {"secret": token})
    if "github" in kinds:
        hub_user = at.hub.add_user(name)
        at.hub.add_member(ORG, name)
        token = tokens.github_classic(name)
        at.hub.add_token(name, token)
        accounts.append(Account(provider="github", id=str(hub_user.id), login=name))
        leak("github.pat.classic", {"secret": token})
    person = replace(LEAVER, id=name, accounts=tuple(accounts))
    for account in accounts:
        if account.provider != "slack":
            reader = revokers.reader(account.provider, settings(at, account.provider), now=lambda: NOW)
            points += revokers.REGISTRY[account.provider].inventory(reader, settings(at, account.provider), account)
    owned = dict.fromkeys((f.kind for f in found), Ownership.PERSONAL)
    listed = [point for point in points if isinstance(point, AccessPoint)]
    joined = gather(person, found, listed, checks, ownership=owned, ids=ids)
    made = plan_of(*joined, person=person, run=name, options=_options)
    approval = at.approver.sign(made, [need for need in ("github-public-revoke",) if "github" in kinds])
    with_store(state).append("run.opened", name, {"person": name, "trigger": None})
    with_store(state).append("plan.made", name, {"digest": made.digest, "plan": to_json(made)})
    with_store(state).append("plan.approved", name, {"approval": to_json(approval)})
    world = World(
        state=str(state),
        register=str(at.approver.register),
        plan=to_json(made),
        approval=to_json(approval),
        values=values,
        settings={kind: plain_settings(at, kind) for kind in sorted(kinds)},
    )
    return Case(world, person, tuple(v for parts in values.values() for v in parts.values()), key_id)


def _options(point: AccessPoint) -> tuple[Any, ...]:
    return revokers.REGISTRY[point.provider].options(point)


def with_store(state: Path) -> Ledger:
    return Ledger(Store.open(state), ticking(), "offkey")


def settings(at: Providers, provider: str) -> Any:
    plain = plain_settings(at, provider)
    if provider == "aws":
        admin = AwsCredentials(access_key_id=plain["id"], secret_access_key=Secret(plain["secret"].encode()))
        return AwsSettings(read=admin, account=plain["account"], url=plain["url"])
    if provider == "github":
        return GitHubSettings(read=Secret(plain["token"].encode()), organisations=(ORG,), url=plain["url"], sso=False)
    return revokers.slack.Settings(read=Secret(b"unused"), url=plain["url"])


def plain_settings(at: Providers, provider: str) -> dict[str, Any]:
    if provider == "aws":
        key_id, secret = at.aws.admin
        return {"id": key_id, "secret": secret.reveal().decode(), "account": at.aws.account, "url": at.aws.url}
    if provider == "github":
        return {"token": at.hub_admin, "url": at.hub.url, "organisations": [ORG]}
    return {"token": "unused", "url": f"{at.slack.url}/api"}


EXPECTED = {
    "aws": {"iam:UpdateAccessKey": 1, "iam:DeleteAccessKey": 1},
    "slack": {"auth.revoke": 1},
    "github": {"credentials/revoke": 1, "memberships": 1},
}


def assert_ended_once(
    at: Providers, case: Case, kinds: frozenset[str], since: int, receipts: tuple[Receipt, ...]
) -> None:
    """Every effect happened at the providers exactly once, every step has one receipt, and the ledger holds."""
    effects = at.effects[since:]
    for kind in kinds:
        for word, times in EXPECTED[kind].items():
            assert sum(word in effect for effect in effects) == times, (word, effects)
    proven = {Outcome.DISABLED, Outcome.REVOKED, Outcome.REMOVED}
    assert {receipt.outcome for receipt in receipts} <= proven, [(r.outcome, r.note) for r in receipts]
    ledger = with_store(Path(case.world.state))
    final = Counter(e.body["receipt"]["step"] for e in ledger.events() if e.type == "step.receipt")
    assert final == Counter(step["id"] for step in case.world.plan["steps"])
    assert ledger.verify().ok
    raw = b"".join(path.read_bytes() for path in Path(case.world.state).rglob("offkey.db*"))
    assert not any(value.encode() in raw for value in case.values if value != case.key_id)


def cut_points(at: Providers, folder: Path, kinds: frozenset[str]) -> list[str]:
    """Where an uninterrupted run could have been cut."""
    if kinds not in at.points:
        case, since, cut = make_case(at, folder / "whole", kinds), len(at.effects), Cut()
        assert_ended_once(at, case, kinds, since, case.world.run(cut))
        at.points[kinds] = cut.names
    return at.points[kinds]


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("kinds", [frozenset({"slack", "github"}), frozenset({"aws"})], ids=["slack+github", "aws"])
def test_a_run_killed_at_any_point_goes_on_without_repeating_or_losing_a_step(
    providers: Providers, tmp_path: Path, kinds: frozenset[str], shard: int
) -> None:
    names = cut_points(providers, tmp_path, kinds)
    assert len(names) > 40
    for number in chosen(range(len(names)))[shard::SHARDS]:
        case, since = make_case(providers, tmp_path / str(number), kinds), len(providers.effects)
        with pytest.raises(Killed):
            case.world.run(Cut(at=number))
        receipts = case.world.run(Cut())
        assert_ended_once(providers, case, kinds, since, receipts)


@pytest.mark.parametrize("point", ["after step.intent", "before POST /auth.revoke", "after step.acted"])
def test_a_process_killed_by_the_system_is_resumed_by_another(providers: Providers, tmp_path: Path, point: str) -> None:
    kinds = frozenset({"slack"})
    number = cut_points(providers, tmp_path, kinds).index(point)
    case, since = make_case(providers, tmp_path / "cut", kinds), len(providers.effects)
    done = subprocess.run(
        [sys.executable, "-m", "tests.offboarding.cutting", str(number)],
        input=json.dumps(asdict(case.world)),
        text=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert_ended_once(providers, case, kinds, since, case.world.run(Cut()))


def test_a_finished_run_applied_again_asks_and_writes_nothing(providers: Providers, tmp_path: Path) -> None:
    case = make_case(providers, tmp_path / "again", frozenset({"slack"}))
    first, cut = case.world.run(Cut()), Cut()
    assert case.world.run(cut) == first
    assert cut.names == []


def test_the_clock_of_the_cases_lies_within_the_approval() -> None:
    assert ticking()() >= NOW
