"""A small organisation for containment: Okta and Tailscale on loopback, a leaver, approvers, and the command line.

with Company(tmp_path) as company:
    company.stand()                       # a standing approval, signed by both
    company.offkey("contain", "sam@example.com")
"""

import atexit
import io
import json
import shutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from offboarding import cli
from offboarding.containment import kept
from offboarding.demo.simulators.wire import Recorded
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import Exit
from offkey.model import AuditEvent, timestamp
from tests.offboarding.cases import Approver, approver
from tests.simulators.okta import OktaSimulator, okta_api_token
from tests.simulators.tailscale import TailscaleSimulator

LEAVER = "sam@example.com"
APPROVERS = ("ann", "bob", "cleo")
COVERS = ("okta:okta.account:DISABLE", "tailscale:*:*")


@cache
def _keys() -> Path:
    """A folder with the approvers' keys and register, made once: each company gets a copy."""
    folder = Path(tempfile.mkdtemp(prefix="offkey-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in APPROVERS:
        register = approver(folder, f"{name}@example.com").register
    text = register.read_text()
    register.write_text(text.replace('="offkey-plan" ', '="offkey-plan,offkey-standing" '))
    return folder


@dataclass
class Company:
    """`effects` are the requests that changed something at a provider, in their order."""

    folder: Path
    okta: OktaSimulator = field(default_factory=OktaSimulator)
    tailscale: TailscaleSimulator = field(default_factory=TailscaleSimulator)
    effects: list[str] = field(default_factory=list)
    said: str = ""

    def __enter__(self) -> Self:
        for server in (self.okta, self.tailscale):
            server.start()
            server.after_write = self._noted
        admin = okta_api_token(str(self.folder))
        self.okta.add_token(self.okta.add_user("admin", roles=("SUPER_ADMIN",)), admin)
        self.tailscale.add_admin(admin)
        self.add("ann")
        self.add("sam")
        self.private("admin", admin.encode())
        self.private("organisation.key", b"k" * 32)
        keys = shutil.copytree(_keys(), self.folder / "keys")
        emails = [f"{name}@example.com" for name in APPROVERS]
        self.approvers = [Approver(email, keys / email, keys / "approvers") for email in emails]
        self.people()
        self.configure()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.okta.stop()
        self.tailscale.stop()

    def add(self, name: str) -> None:
        """Somebody with an account at both providers, found there by address."""
        self.okta.add_user(name)
        self.tailscale.add_key(self.tailscale.add_user(name), name)

    def _noted(self, line: Recorded) -> None:
        self.effects.append(f"{line.method} {line.path}")

    def private(self, name: str, content: bytes) -> None:
        """Write a file that its owner alone may read."""
        (self.folder / name).write_bytes(content)
        (self.folder / name).chmod(0o600)

    def people(self, **changes: Any) -> None:
        """Write the directory: by name, what differs from somebody who stays. sam left an hour ago."""
        gone = {"left_at": timestamp(datetime.now(UTC) - timedelta(hours=1))}
        rows = [
            {"id": name, "emails": [f"{name}@example.com"]} | changes.get(name, gone if name == "sam" else {})
            for name in dict.fromkeys(("sam", "ann", "bob", "cleo", "boss", *changes))
        ]
        (self.folder / "people.yaml").write_text(yaml.safe_dump(rows))

    def configure(self, more: str = "") -> None:
        """Write offkey.toml, with `more` at its end."""
        (self.folder / "offkey.toml").write_text(
            f"""
[organisation]
key = "file:organisation.key"
state = "state"
requester = "boss@example.com"
[directory]
people = "people.yaml"
[approvers]
register = "keys/approvers"
[policy]
confirm_seconds = 3
[providers.okta]
url = "{self.okta.url}"
read = "file:admin"
write = "file:admin"
[providers.tailscale]
url = "{self.tailscale.url}"
read = "file:admin"
write = "file:admin"
{more}
"""
        )

    def offkey(self, *words: str) -> int:
        """Run a command in this process, as a user would."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(["--config", str(self.folder / "offkey.toml"), "--yes", *words])
        self.said = out.getvalue() + err.getvalue()
        return code

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def ledger(self) -> Ledger:
        return Ledger(Store.open(self.state), lambda: datetime.now(UTC), "test")

    def events(self, *types: str) -> list[AuditEvent]:
        return [event for event in self.ledger().events() if not types or event.type in types]

    def made(self, *more: str, covers: tuple[str, ...] = COVERS) -> str:
        """A standing approval that nobody has signed yet; its id."""
        words = [word for cover in covers for word in ("--cover", cover)]
        assert self.offkey("standing", "make", *words, *more) == Exit.WAITS_FOR_APPROVAL, self.said
        return list(kept.every(self.ledger()).values())[-1].standing.id

    def sign(self, ident: str, number: int) -> int:
        """Let one of the approvers sign."""
        who = self.approvers[number]
        return self.offkey("standing", "approve", ident, "--as", who.email, "--key", str(who.key))

    def stand(self, *more: str, covers: tuple[str, ...] = COVERS) -> str:
        """A standing approval, signed by ann and bob."""
        ident = self.made(*more, covers=covers)
        for number in (0, 1):
            assert self.sign(ident, number) == Exit.DONE, self.said
        return ident

    def trigger(self, **changes: Any) -> Path:
        """A trigger file about sam, effective an hour ago."""
        path = self.folder / "trigger.json"
        at = timestamp(datetime.now(UTC) - timedelta(hours=1))
        told = {"person": LEAVER, "effective_at": at, "source": "hr", "delivery_id": "4711", **changes}
        path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))
        return path

    def off(self, name: str = "sam") -> tuple[bool, bool]:
        """Whether somebody's accounts at Okta and Tailscale are off, asked directly."""
        okta = next(user for user in self.okta.users.values() if user.login == f"{name}@example.com")
        tailscale = next(user for user in self.tailscale.users if user["displayName"] == name)
        return okta.status == "SUSPENDED", tailscale["status"] == "suspended"
