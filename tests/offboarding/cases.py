"""Builders for the process around the kill: people, findings, points, plans, and a signing approver.

point = leaked_key()                      # an AWS key of the leaver's, in one repository
plan = plan_of(point)
with_approver(tmp_path).sign(plan)        # a real Ed25519 key and ssh-keygen
"""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from offboarding.approval import approve
from offboarding.planning import plan
from offboarding.planning.policy import Policy
from offkey.fingerprint import OrgKey
from offkey.model import (
    AccessPoint,
    Account,
    Action,
    Approval,
    Authorship,
    Bond,
    Check,
    Confidence,
    Finding,
    Identity,
    Liveness,
    Ownership,
    Person,
    Place,
    Plan,
    Reach,
    Span,
)
from offkey.secret import Secret
from revokers.protocol import Option

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = OrgKey(Secret(b"k" * 32))
LEAVER_ACCOUNT = Account(provider="aws", id="AIDALEAVER", login="sam")
LEAVER = Person(
    id="sam",
    names=("Sam Rivera",),
    emails=("sam@example.com",),
    accounts=(LEAVER_ACCOUNT, Account(provider="github", id="77", login="samr")),
    certain=(Identity(name="Sam Rivera", email="sam@example.com"),),
    left_at=NOW - timedelta(days=1),
    confirmed_by_directory=True,
)
DISABLE = Option(action=Action.DISABLE, reversible=True, shows=("Inactive", "deleted"), breaks=("signing with it",))
DELETE = Option(action=Action.REVOKE, reversible=False, shows=("deleted",))
BY_VALUE = Option(action=Action.REVOKE, reversible=False, by="value")
PUBLIC = Option(action=Action.REVOKE, reversible=False, by="value", needs="public-revoke", how="ask the owner")
OPTIONS = {"aws.access_key": (DISABLE, DELETE), "slack.user": (BY_VALUE,), "github.pat.classic": (PUBLIC,)}
BY_HAND = {"aws": "deactivate it at the AWS console", "npm": "delete it at npmjs.com"}


def options(point: AccessPoint) -> tuple[Option, ...]:
    return OPTIONS.get(point.kind, ())


def fingerprint(kind: str, value: str, **parts: str) -> str:
    return KEY.fingerprint(kind, {"secret": value.encode(), **{k: v.encode() for k, v in parts.items()}})


def author(email: str = "sam@example.com", name: str = "Sam Rivera", role: str = "author") -> Authorship:
    return Authorship(name=name, email=email, raw_email=email, role=role, at=NOW, commit="c" * 40)


def place(repo: str = "/repos/app", path: str = "settings.py", *, present: bool = True) -> Place:
    return Place(
        repo=repo,
        object="b" * 40,
        object_type="blob",
        path=path,
        line=3,
        column=1,
        spans=(Span(part="secret", start=0, end=8),),
        commit="c" * 40,
        reach=Reach.BRANCH,
        present=present,
    )


def finding(kind: str = "aws.access_key", value: str = "one", **changes: Any) -> Finding:
    made = Finding(
        kind=kind,
        provider=kind.split(".", maxsplit=1)[0],
        rule=kind,
        fingerprint=fingerprint(kind, value),
        redacted="…(40)",
        confidence=Confidence.HIGH,
        places=(place(),),
        introduced=author(),
    )
    return replace(made, **changes)


def listed(provider_id: str = "AKIAONE", kind: str = "aws.access_key", **changes: Any) -> AccessPoint:
    made = AccessPoint(
        id=f"{kind}:{provider_id}",
        provider=kind.split(".", maxsplit=1)[0],
        kind=kind,
        holder=LEAVER_ACCOUNT,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=provider_id,
        evidence=("listed for sam",),
    )
    return replace(made, **changes)


def leaked(kind: str = "aws.access_key", value: str = "one", **changes: Any) -> AccessPoint:
    """A credential of the leaver's that lies in a branch tip."""
    made = listed(
        provider_id="AKIAONE" if kind == "aws.access_key" else "",
        kind=kind,
        fingerprint=fingerprint(kind, value),
        places=(place(),),
        redacted="…(40)",
    )
    return replace(made, id=f"leak:{kind}:{value}", **changes)


def check(liveness: Liveness = Liveness.LIVE, holder: Account | None = None, status: str = "") -> Check:
    return Check(liveness=liveness, reason=f"said {liveness.value}", at=NOW, holder=holder, status=status)


def plan_of(*points: AccessPoint, **changes: Any) -> Plan:
    given: dict[str, Any] = {
        "person": LEAVER,
        "gaps": (),
        "optouts": (),
        "policy": Policy(),
        "now": NOW,
        "run": "run-1",
        "requester": "boss@example.com",
        "options": options,
        "by_hand": BY_HAND,
        "rules_digest": "sha256:rules",
        "key_id": KEY.id,
        **changes,
    }
    person, gaps, optouts, policy = (given.pop(name) for name in ("person", "gaps", "optouts", "policy"))
    heading = plan.Heading(**{one.name: given.pop(one.name) for one in fields(plan.Heading) if one.name in given})
    return plan.build(person, points, gaps, optouts, policy, heading=heading, **given)


@dataclass(frozen=True)
class Approver:
    """Somebody in the register, with a real key that only this test's ssh-keygen reads."""

    email: str
    key: Path
    register: Path

    def sign(self, plan: Plan, allows: Iterable[str] = (), now: datetime = NOW) -> Approval:
        return approve.sign(approve.approve(plan, self.email, now, allows=allows), self.key)


def approver(folder: Path, email: str = "ann@example.com", kind: str = "ed25519") -> Approver:
    """A new approver; the register in `folder` gets one line more."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / email
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(key)], check=True)
    register = folder / "approvers"
    public = key.with_name(key.name + ".pub").read_text().strip()
    with register.open("a") as file:
        file.write(f'{email} namespaces="offkey-plan" {public}\n')
    return Approver(email, key, register)


def ticking(start: datetime = NOW) -> Callable[[], datetime]:
    """A clock that moves on by a millisecond each time it is looked at."""
    moments = iter(range(10**9))
    return lambda: start + timedelta(milliseconds=next(moments))
