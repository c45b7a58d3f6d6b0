"""Cuts a run off before or after any ledger write and any provider request, and counts where it could be cut.

Run as a program it is a whole `apply` in a process of its own, which dies by SIGKILL at the chosen point:

    python cutting.py NUMBER < world.json
"""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import revokers
from offboarding.applying import apply
from offboarding.applying.executors import Executor, ProviderExecutor
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.boto import AwsCredentials
from offkey.fingerprint import OrgKey
from offkey.http import Writer
from offkey.model import AccessPoint, Approval, AuditEvent, Credential, Plan, Receipt, from_json
from offkey.secret import Secret
from revokers.aws import Settings as AwsSettings
from revokers.github_admin import Settings as GitHubSettings
from revokers.slack import Settings as SlackSettings
from tests.offboarding.cases import KEY, ticking

EVERY_POINT = bool(os.environ.get("OFFKEY_EVERY_POINT"))


def chosen(points: Sequence[int]) -> Sequence[int]:
    """Every third point at which a run could be cut, alternating before and after; all with OFFKEY_EVERY_POINT=1."""
    return points if EVERY_POINT else points[::3]


class Killed(BaseException):
    """The process is gone. No `except Exception` of ours may see it."""


@dataclass
class Cut:
    """Counts the points passed; at number `at` the run ends, by an exception or by a real SIGKILL."""

    at: int = -1
    for_real: bool = False
    passed: int = 0
    names: list[str] = field(default_factory=list)

    def point(self, name: str) -> None:
        self.names.append(name)
        self.passed += 1
        if self.passed - 1 == self.at:
            if self.for_real:
                os.kill(os.getpid(), signal.SIGKILL)
            raise Killed(name)


@dataclass(frozen=True, slots=True)
class CutLedger(Ledger):
    cut: Cut = field(default_factory=Cut)

    def append(self, type: str, run: str, body: Mapping[str, Any]) -> AuditEvent:
        self.cut.point(f"before {type}")
        # Named, since a slotted dataclass loses the implicit super().
        event = Ledger.append(self, type, run, body)
        self.cut.point(f"after {type}")
        return event


class CutWriter(Writer):
    """Every request, of httpx and of boto3, passes `permit` before and `record` after."""

    cut: Cut

    def permit(self, operation: tuple[str, str]) -> None:
        super().permit(operation)
        self.cut.point(f"before {' '.join(operation)}")

    def record(self, method: str, target: str, status: int, summary: str) -> None:
        super().record(method, target, status, summary)
        self.cut.point(f"after {method} {target}")


@dataclass(frozen=True)
class World:
    """What an apply needs, as plain data: it can be handed to another process."""

    state: str
    register: str
    plan: Any
    approval: Any
    values: dict[str, dict[str, str]]
    settings: dict[str, dict[str, Any]]

    def run(self, cut: Cut, *, confirm_seconds: float = 5) -> tuple[Receipt, ...]:
        plan, approval = from_json(self.plan, Plan), from_json(self.approval, Approval)
        clock = ticking(approval.at)
        store = Store.open(Path(self.state))
        ledger = CutLedger(store=store, now=clock, actor="offkey", cut=cut)
        executors = {
            name: _executor(name, given, approval, plan.digest, cut, clock) for name, given in self.settings.items()
        }
        try:
            return apply.apply(
                plan,
                [approval],
                executors,
                ledger,
                register=Path(self.register),
                credentials=self._credential,
                key=OrgKey(KEY.key),
                now=clock,
                sleep=_short,
                confirm_seconds=confirm_seconds,
            )
        finally:
            store.close()

    def _credential(self, point: AccessPoint) -> Credential:
        parts = {name: Secret(value.encode()) for name, value in self.values[point.fingerprint].items()}
        return Credential(kind=point.kind, parts=parts)


def _short(seconds: float) -> None:
    import time

    time.sleep(min(seconds, 0.05))


def _executor(name: str, given: dict[str, Any], approval: Approval, digest: str, cut: Cut, clock: Any) -> Executor:
    settings: Any
    if name == "aws":
        admin = AwsCredentials(access_key_id=given["id"], secret_access_key=Secret(given["secret"].encode()))
        settings = AwsSettings(read=admin, write=admin, account=given["account"], url=given["url"])
    elif name == "github":
        token = Secret(given["token"].encode())
        settings = GitHubSettings(
            read=token, write=token, url=given["url"], organisations=tuple(given["organisations"]), sso=False
        )
    else:
        settings = SlackSettings(read=Secret(given["token"].encode()), url=given["url"])
    revoker = revokers.REGISTRY[name]
    http = CutWriter(
        revoker.gate,
        settings.url,
        instance=settings.url,
        approval=approval,
        plan_digest=digest,
        now=clock,
        sleep=_short,
    )
    http.cut = cut
    return ProviderExecutor(revoker, http, settings)


if __name__ == "__main__":
    World(**json.load(sys.stdin)).run(Cut(at=int(sys.argv[1]), for_real=True))
