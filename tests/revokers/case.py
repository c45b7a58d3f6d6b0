"""What the cases of the contract test are made of: three credentials (or grants) of one kind at a local provider."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import revokers
from offboarding.demo.simulators.wire import LocalServer, Trouble
from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Action, Approval, Check, Credential, Gap, Liveness
from offkey.secret import Secret
from revokers.protocol import Identifies, Undoes

PUBLIC = frozenset({"client_email", "client_id", "host", "id", "url", "user"})
"""Parts of a credential that are no secret."""
DIGEST = "sha256:of-this-plan"


def approval(**changes: Any) -> Approval:
    """A signed approval of DIGEST that is valid for an hour. Its signature is `offboarding/approval/signing.py`'s."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "plan_digest": DIGEST,
        "approver": "ann@example.com",
        "at": now,
        "expires_at": now + timedelta(hours=1),
        "signature": "signed",
    }
    return Approval(**(given | changes))


def credential(kind: str, **parts: str | Secret) -> Credential:
    held = {name: part if isinstance(part, Secret) else Secret(part.encode()) for name, part in parts.items()}
    return Credential(kind=kind, parts=held)


@dataclass
class Case:
    """`points[i]` and `credentials[i]` belong together; `credentials` is empty for what has no value.

    `person` holds the second of the three. `lists` is False where no list of the provider's has anything of a person.
    `hidden` are further values that must never be shown. `more` gives the person that many more of the kind, so that
    its list has further pages; `unpaged` says why it has none.

    Where leaked values are identified (`Identifies`): `leaked` are the values of the three where `credentials` is
    empty, `forged` is no key and looks like the first, `twin` adds a key that looks like the second; `exact` says why
    no other value can look like it.
    """

    kind: str
    sim: LocalServer
    settings: Any
    actions: tuple[Action, ...]
    points: list[AccessPoint]
    credentials: list[Credential] = field(default_factory=list)
    made_up: Credential | None = None
    person: Account = field(default_factory=lambda: Account(provider="", id=""))
    lists: bool = True
    hidden: tuple[Secret, ...] = ()
    more: Callable[[int], object] | None = None
    unpaged: str = ""
    leaked: list[Credential] = field(default_factory=list)
    forged: Credential | None = None
    twin: Callable[[], object] | None = None
    exact: str = ""

    @property
    def provider(self) -> str:
        return self.kind.split(".", maxsplit=1)[0]

    @property
    def revoker(self) -> revokers.Revoker:
        return revokers.REGISTRY[self.provider]

    def value(self, number: int) -> Credential | None:
        return self.credentials[number] if self.credentials else None

    def reader(self) -> Reader:
        return revokers.reader(self.provider, self.settings, sleep=lambda _: None)

    def writer(self) -> Writer:
        return revokers.writer(
            self.provider, self.settings, approval=approval(), plan_digest=DIGEST, sleep=lambda _: None
        )

    def state(self, number: int, http: Reader | None = None) -> Check:
        return self.revoker.state(http or self.reader(), self.settings, self.points[number], self.value(number))

    def kill(self, number: int, http: Writer | None = None, action: Action | None = None) -> Any:
        http = http or self.writer()
        return [
            self.revoker.revoke(http, self.settings, each, self.points[number], self.value(number))
            for each in ([action] if action else self.actions)
        ]

    def undo(self, number: int) -> Any:
        assert isinstance(self.revoker, Undoes), f"{self.provider} has no `undo`"
        return self.revoker.undo(self.writer(), self.settings, self.points[number], self.value(number))

    def identify(self, value: Credential) -> AccessPoint:
        assert isinstance(self.revoker, Identifies), f"{self.provider} has no `identify`"
        return self.revoker.identify(self.reader(), self.settings, value)

    def inventory(self, http: Reader | None = None) -> list[AccessPoint | Gap]:
        """Everything that the provider lists for the person."""
        return list(self.revoker.inventory(http or self.reader(), self.settings, self.person))

    def only(self, trouble: Trouble | None) -> None:
        """From now on every request goes wrong in this one way; None: none does."""
        with self.sim.lock:
            self.sim._faults.clear()
        if trouble is not None:
            self.sim.fail("*", "", trouble, times=1000)

    def secrets(self) -> list[Secret]:
        """Every value of this case that must never be shown: not the AWS ids, which are no secrets."""
        hidden = [part for item in self.credentials for name, part in item.parts.items() if name not in PUBLIC]
        hidden += self.hidden
        held = (self.settings.read, self.settings.write)
        return hidden + [getattr(item, "secret_access_key", item) for item in held if item is not None]


Arrange = Callable[[], AbstractContextManager[Case]]


def leak(kind: str, **more: Any) -> AccessPoint:
    """A point as a finding makes it."""
    return AccessPoint(
        id=f"leak:{kind}", provider=kind.split(".", maxsplit=1)[0], kind=kind, fingerprint="keyed", **more
    )


def known(kind: str, **more: Any) -> AccessPoint:
    """A leak that its issuer answered for when it was planned."""
    return leak(kind, check=Check(liveness=Liveness.LIVE, reason="signs in", at=datetime.now(UTC)), **more)


def listed(case: Case, people: Iterable[Account]) -> list[AccessPoint]:
    """What the inventory lists of the case's kind for the people, in that order, without its Gaps."""
    found = (point for account in people for point in case.revoker.inventory(case.reader(), case.settings, account))
    return [point for point in found if isinstance(point, AccessPoint) and point.kind == case.kind]


def fails_at(case: Case, number: int, trouble: Trouble) -> Callable[[object], None]:
    """For `sim.before`: the request of this number, counted from 0, goes wrong in this way."""
    left = [number]

    def broken(request: object) -> None:
        left[0] -= 1
        if left[0] == -1:
            case.sim.fail("*", "", trouble, times=3)

    return broken
