"""A shared credential, a `[[rotation]]` for it, an approved plan, and a clock that a test sets."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

import revokers
from offboarding.applying import apply, undo, wiring
from offboarding.applying.executors import REMEDY
from offboarding.asking import issuers
from offboarding.configuration import config
from offboarding.demo.simulators.aws import AwsServer
from offboarding.ledger.store import Store
from offboarding.rotation import matching
from offboarding.rotation.rotator import Rotator
from offkey.boto import AwsCredentials
from offkey.http import Writer
from offkey.model import (
    AccessPoint,
    Account,
    Action,
    Approval,
    Bond,
    Credential,
    Gap,
    Ownership,
    Plan,
    Receipt,
    to_json,
)
from offkey.secret import Secret
from tests.offboarding.cases import KEY, Approver, fingerprint, place, plan_of
from tests.offboarding.cutting import Cut, CutLedger, CutWriter


def shared(point: AccessPoint, values: Mapping[str, str], **changes: Any) -> AccessPoint:
    """A listed credential as one that the leaver brought into a repository and that is not his own."""
    secret = values["secret"]
    others = {name: value for name, value in values.items() if name != "secret"}
    made = replace(
        point,
        id=f"leak:{point.kind}:{point.provider_id}",
        ownership=Ownership.SHARED,
        bond=Bond.INTRODUCED,
        fingerprint=fingerprint(point.kind, secret, **others),
        places=(place(present=False),),
        redacted="…(40)",
        evidence=("author of its first commit",),
    )
    return replace(made, **changes)


def shared_key(aws: AwsServer, user: str, **changes: Any) -> tuple[AccessPoint, dict[str, str]]:
    """A new user with one key that the leaver brought into a repository, and its parts."""
    aws.create_user(user, tags={"kind": "service"})
    ident, value = aws.create_key(user)
    parts = {"id": ident, "secret": value.reveal().decode()}
    admin = AwsCredentials(access_key_id=aws.admin[0], secret_access_key=aws.admin[1])
    settings = revokers.aws.Settings(read=admin, account=aws.account, url=aws.url)
    account = Account(provider="aws", id="", login=user)
    found = revokers.aws.inventory(revokers.reader("aws", settings), settings, account)
    listed = next(p for p in found if isinstance(p, AccessPoint) and p.kind == "aws.access_key")
    return shared(listed, parts, **changes), parts


def signs(aws: AwsServer, ident: str, secret: str) -> str:
    """The ARN as which a pair signs in; an error of botocore's where it does not."""
    sts = boto3.client(
        "sts", region_name="us-east-1", endpoint_url=aws.url, aws_access_key_id=ident, aws_secret_access_key=secret
    )
    return str(sts.get_caller_identity()["Arn"])


def forms(value: str) -> Iterator[bytes]:
    """A value as it could be written."""
    raw = value.encode()
    yield raw
    yield raw.hex().encode()
    for shift in range(3):
        yield base64.b64encode(b"x" * shift + raw)[4:-4]


@dataclass
class World:
    """A run of its own in a folder. `values` are what the plan's addresses lead to, by fingerprint."""

    folder: Path
    text: str
    who: Approver
    points: Iterable[AccessPoint]
    values: dict[str, dict[str, str]]
    allows: tuple[str, ...] = ("rotate",)
    observe_hours: int = 0
    before_kill: bool = False
    remedy: Any = None
    """Who takes literals out of the code; nobody where it is None."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    gaps: list[Gap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "offkey.toml").write_text(self.text)
        self.config = config.load(self.folder / "offkey.toml")
        points = list(self.points)
        self.plan: Plan = plan_of(
            *points,
            now=self.at,
            options=issuers.options,
            policy=replace(self.config.limits(), observe_hours=self.observe_hours),
            replacements=matching.replacements(self.config.rotation, points, self.gaps),
            before_kill=self.before_kill,
        )
        self.approval = self.approve(*self.allows)
        self._record()

    def _record(self) -> None:
        with_ledger = self.ledger(Cut())
        with_ledger.append("plan.made", self.plan.run, {"digest": self.plan.digest, "plan": to_json(self.plan)})
        with_ledger.store.close()

    def plan_again(self) -> None:
        """The same plan a moment later, in the same run, approved anew."""
        self.plan = replace(self.plan, created_at=self.now())
        self.approval = self.approve(*self.allows)
        self._record()

    def approve(self, *allows: str) -> Approval:
        return self.who.sign(self.plan, allows, self.at)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def later(self, **span: float) -> None:
        """Move the clock on; approvals last a day, so there is a new one."""
        self.at += timedelta(**span)
        self.approval = self.approve(*self.allows)

    def ledger(self, cut: Cut) -> CutLedger:
        return CutLedger(store=Store.open(self.folder / "state"), now=self.now, actor="offkey", cut=cut)

    def _cut_off(self, http: Writer, settings: Any, cut: Cut) -> CutWriter:
        made = CutWriter(
            http.gate, http.base, instance=settings.url, approval=self.approval, plan_digest=self.plan.digest,
            now=self.now, sleep=_no_wait,
        )  # fmt: skip
        made.cut = cut
        return made

    def executors(self, cut: Cut) -> tuple[dict[str, Any], dict[str, Rotator]]:
        executors, missing = wiring.executors(self.config, self.plan, self.approval, self.folder, self.now)
        rotators, unset = wiring.rotators(self.config, self.plan, self.approval, self.now)
        assert [gap for gap in (*missing, *unset) if gap.where != "removal from code"] == []
        executors = {
            name: replace(one, http=self._cut_off(one.http, one.settings, cut))  # type: ignore[type-var, attr-defined]
            for name, one in executors.items()
        }
        for step, one in rotators.items():
            rotators[step] = replace(
                one,
                http=self._cut_off(one.http, one.settings, cut),
                store_http=self._cut_off(one.store_http, one.store_settings, cut),
            )
        return executors | ({REMEDY: self.remedy} if self.remedy else {}), rotators

    def apply(self, cut: Cut | None = None, confirm_seconds: float = 2) -> dict[Action, Receipt]:
        """The receipts by what the steps do."""
        cut = cut or Cut()
        executors, rotators = self.executors(cut)
        ledger = self.ledger(cut)
        try:
            receipts = apply.apply(
                self.plan,
                [self.approval],
                executors,
                ledger,
                register=self.who.register,
                credentials=self.credential,
                key=KEY,
                now=self.now,
                sleep=_no_wait,
                confirm_seconds=confirm_seconds,
                rotators=rotators,
            )
        finally:
            ledger.store.close()
        actions = {step.id: step.action for step in self.plan.steps}
        return {actions[receipt.step]: receipt for receipt in receipts}

    def undo(self, action: Action) -> Receipt:
        executors, _ = self.executors(Cut())
        ledger = self.ledger(Cut())
        step = next(step for step in self.plan.steps if step.action is action)
        try:
            return undo.undo(
                self.plan, step, executors, ledger, reason="the deploy failed", credentials=self.credential,
                now=self.now, sleep=_no_wait, confirm_seconds=0,
            )  # fmt: skip
        finally:
            ledger.store.close()

    def credential(self, point: AccessPoint) -> Credential:
        parts = {name: Secret(value.encode()) for name, value in self.values[point.fingerprint].items()}
        return Credential(kind=point.kind, parts=parts)

    def events(self, type: str) -> list[Mapping[str, Any]]:
        ledger = self.ledger(Cut())
        try:
            assert ledger.verify().ok
            return [event.body for event in ledger.events() if event.type == type]
        finally:
            ledger.store.close()

    def written(self) -> bytes:
        """All that offkey wrote, and the plan."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "offkey.toml"]
        return b"\0".join([*(path.read_bytes() for path in files), repr(to_json(self.plan)).encode()])


def _no_wait(seconds: float) -> None:
    """Simulators answer at once."""
