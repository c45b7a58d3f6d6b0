"""Builders for opt-outs: a directory, a ledger, owners with real keys, and somebody to judge.

office = Office(tmp_path)
asked = office.ask()                     # for sam at aws, by boss
office.approve(asked)                    # by ann, an owner
office.judge().standing()
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from offboarding.configuration.schema import SettingsError
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.optouts import history, request
from offboarding.optouts.settings import OptOuts
from offboarding.optouts.standing import Judge
from offkey.model import Action, OptOut, Scope
from tests.offboarding.cases import NOW

ENDING = (Action.DISABLE, Action.REMOVE, Action.REVOKE)
AT_AWS = Scope(systems=("aws",), actions=ENDING)
CONFIGURED = frozenset({"aws", "slack", "github"})
KINDS = frozenset({"aws.access_key", "slack.user", "github.pat.classic"})
PEOPLE: Mapping[str, Any] = {
    "sam": {
        "emails": ("sam@example.com", "s.rivera@example.com"),
        "accounts": {"aws": "sam", "aws.id": "AIDALEAVER", "github": "samr", "github.id": "77"},
        "unverified_emails": ("sam@home.example",),
    },
    "ann": {"emails": ("ann@example.com",)},
    "boss": {"emails": ("boss@example.com", "the.boss@example.com")},
}
OWNERS = ("ann@example.com", "boss@example.com", "the.boss@example.com", "s.rivera@example.com", "sam@home.example")


@dataclass
class Office:
    folder: Path
    now: datetime = NOW
    people: dict[str, dict[str, Any]] = field(default_factory=lambda: {k: dict(v) for k, v in PEOPLE.items()})
    settings: OptOuts = field(default_factory=lambda: OptOuts(owners=OWNERS))
    unreadable: bool = False

    def __post_init__(self) -> None:
        self.ledger = Ledger(Store.open(self.folder / "state"), lambda: self.now, "offkey")
        self.register = self.folder / "approvers"
        self.register.touch()
        self.enter("ann@example.com")

    def enter(self, email: str, uses: str = "offkey-plan,offkey-optout") -> Path:
        """Give somebody a key in the register. Returns the private key's file."""
        key = self.folder / email
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
        public = key.with_name(key.name + ".pub").read_text().strip()
        with self.register.open("a") as file:
            file.write(f'{email} namespaces="{uses}" {public}\n')
        return key

    def directory(self) -> Directory:
        if self.unreadable:
            raise SettingsError("people.yaml is no YAML")
        return Directory(entries=tuple(Entry(id=name, **told) for name, told in self.people.items()))

    def judge(self) -> Judge:
        return Judge(
            settings=self.settings,
            register=self.register,
            configured=CONFIGURED,
            kinds=KINDS,
            people=self.directory,
            ledger=self.ledger,
            now=lambda: self.now,
        )

    def wanted(self, **changes: Any) -> OptOut:
        made = OptOut(
            id="",
            subject="sam@example.com",
            scope=AT_AWS,
            reason="temporary_leave",
            requester="boss@example.com",
            requested_at=self.now,
            not_before=self.now,
            expires_at=self.now + timedelta(days=10),
        )
        return replace(made, **changes)

    def asked(self, **changes: Any) -> OptOut:
        """What `offkey optout add` would record, or its refusal."""
        return request.asked(self.wanted(**changes), self.settings, self.directory(), set(CONFIGURED), set(KINDS))

    def ask(self, **changes: Any) -> OptOut:
        made = self.asked(**changes)
        self.ledger.append(history.REQUESTED, history.RUN, {"optout": made})
        return made

    def approve(self, asked: OptOut, by: str = "ann@example.com", key: Path | None = None) -> OptOut:
        """Sign and record, without asking whether it may be."""
        given = request.signed(request.approved(asked, by, self.now), key or self.folder / by)
        self.record(given)
        return given

    def record(self, given: OptOut) -> None:
        self.ledger.append(history.APPROVED, history.RUN, {"optout": given})

    def why(self, asked: OptOut) -> str:
        return self.judge().why_not(asked)
