"""Killed before or after any ledger write or provider request, a containment goes on without repeating a step."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from offboarding.approval import signing
from offboarding.asking import lanes
from offboarding.configuration import config, providers
from offboarding.containment import history
from offboarding.containment.contain import Contained, contain
from offboarding.containment.grounds import Grounds, Setting
from offboarding.ledger.opening import name_of
from offboarding.ledger.store import Store
from offkey.model import Action, Outcome, Trigger, timestamp
from tests import needs
from tests.offboarding.cases import KEY
from tests.offboarding.containing import Company
from tests.offboarding.cutting import Cut, CutLedger, CutWriter, Killed, chosen

pytestmark = needs.OPENSSH
SHARDS = 4
LEFT = ["okta.session", "tailscale.key"]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp("company")) as made:
        made.configure("[standing]\nmost_per_day = 5000")
        made.stand("--per-day", "5000", "--per-person", "2")
        yield made


@pytest.fixture(autouse=True)
def _one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lane at a time, so that a point has the same number in every run; and a signature is judged once."""
    monkeypatch.setattr(lanes, "MOST", 1)
    judged = cache(signing.verify)

    def verify(
        statement: bytes, signature: str, approver: str, register: Path, now: datetime, *, namespace: str
    ) -> None:
        judged(
            statement,
            signature,
            approver,
            register,
            now.replace(minute=0, second=0, microsecond=0),
            namespace=namespace,
        )

    monkeypatch.setattr(signing, "verify", verify)


_numbers = count()


def leaver(company: Company) -> str:
    """Somebody new with an account at both providers, who left an hour ago."""
    name = f"leaver{next(_numbers)}"
    company.add(name)
    company.people(sam={}, **{name: {"left_at": timestamp(datetime.now(UTC) - timedelta(hours=1))}})
    return name


def contained(company: Company, name: str, cut: Cut, monkeypatch: pytest.MonkeyPatch) -> Contained:
    """One containment of somebody, cut off where `cut` says."""

    def writer(name: str, settings: Any, **options: Any) -> CutWriter:
        gate = providers.revoker(name).gate
        made = CutWriter(gate, settings.url, instance=settings.url, sleep=lambda _: time.sleep(0.05), **options)
        made.cut = cut
        return made

    monkeypatch.setattr(providers, "writer", writer)
    settings = config.load(company.folder / "offkey.toml")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    trigger = Trigger(source="t", delivery_id=name, subject=name, effective_at=at, received_at=at)
    run = name_of(name, trigger, at)
    store = Store.open(company.state)
    try:
        ledger = CutLedger(store=store, now=lambda: datetime.now(UTC), actor="offkey", cut=cut)
        register = settings.approvers.register_file
        assert register is not None
        grounds = Grounds(
            Setting(
                config=settings,
                source=company.folder / "offkey.toml",
                state=company.state,
                ledger=ledger,
                run=run,
                subject=name,
                trigger=trigger,
                register=register,
                key=KEY,
            )
        )
        return contain(grounds, lambda step, receipt: None, lambda _: time.sleep(0.05))
    finally:
        store.close()


def effects(company: Company, since: int) -> list[str]:
    return sorted(effect.rpartition("/")[2] for effect in company.effects[since:])


@pytest.fixture(scope="module")
def points() -> list[str]:
    return []


def left(done: Contained) -> list[str]:
    """What is said to live until the full plan, but for the accounts, which may be off when they are listed again."""
    return sorted(step.point.kind for step, _ in done.left if step.action is not Action.REMOVE)


def names(company: Company, points: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where an uninterrupted containment could be cut off."""
    if not points:
        cut, since, name = Cut(), len(company.effects), leaver(company)
        done = contained(company, name, cut, monkeypatch)
        assert (done.refused, left(done)) == ([], LEFT)
        assert effects(company, since) == ["suspend", "suspend"]
        points += cut.names
    return points


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_any_point_it_goes_on_without_repeating_or_losing_a_step(
    company: Company, points: list[str], monkeypatch: pytest.MonkeyPatch, shard: int
) -> None:
    every = names(company, points, monkeypatch)
    assert len(every) > 30
    assert {"before containment.acting", "after containment.acted", "before standing.used"} <= set(every)
    for number in chosen(range(len(every)))[shard::SHARDS]:
        name, since = leaver(company), len(company.effects)
        with pytest.raises(Killed):
            contained(company, name, Cut(at=number), monkeypatch)
        done = contained(company, name, Cut(), monkeypatch)
        assert effects(company, since) == ["suspend", "suspend"], every[number]
        assert {receipt.outcome for receipt in done.receipts.values()} == {Outcome.DISABLED}, every[number]
        assert len(done.receipts) == 2
        assert (done.refused, left(done)) == ([], LEFT), every[number]
        assert company.off(name) == (True, True)
    assert company.ledger().verify().ok


def test_a_process_killed_by_the_system_is_gone_on_with_by_another(company: Company) -> None:
    """By the real command line, at the moment at which the provider has acted and has not answered yet."""
    name, since = leaver(company), len(company.effects)
    words = [
        sys.executable,
        "-m",
        "offkey",
        "--config",
        str(company.folder / "offkey.toml"),
        "contain",
        f"{name}@example.com",
    ]
    running = subprocess.Popen(words, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    noted = company.okta.after_write

    def kill(line: Any) -> None:
        assert noted is not None
        noted(line)
        running.kill()
        running.wait()

    company.okta.after_write = kill
    try:
        running.communicate(timeout=120)
    finally:
        company.okta.after_write = noted
    assert running.returncode == -9
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 10), done.stdout + done.stderr
    assert effects(company, since) == ["suspend", "suspend"]
    (run,) = {e.run for e in company.events("run.opened") if e.body["person"] == name}
    receipts = history.so_far(company.ledger().events(run)).past.receipts
    assert {receipt.outcome for receipt in receipts.values()} == {Outcome.DISABLED}
