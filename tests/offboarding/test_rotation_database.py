"""A shared database role: a second one takes its place, at real servers; its password goes into Vault."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pg8000.native
import pytest

import revokers
from offboarding.demo.simulators import tokens
from offkey import sql
from offkey.http import Reader
from offkey.model import Account, Action, Check, Credential, Liveness, Outcome
from offkey.secret import Secret
from revokers import database, database_roles
from revokers.database_roles import Role
from revokers.rotation.database import scram_verifier
from tests import needs
from tests.offboarding.cases import NOW, Approver, approver, listed
from tests.offboarding.cutting import Cut, Killed, chosen
from tests.offboarding.rotating import World, forms, shared
from tests.revokers import servers
from tests.simulators.vault import VaultSimulator, vault_service

pytestmark = needs.OPENSSH

ENGINES = {
    "database.postgres": (servers.POSTGRES, servers.postgres),
    "database.mysql": (servers.MARIADB, servers.mariadb),
    "database.redis": (servers.REDIS, servers.redis),
}
ENTRY = """
[providers.database]
url = "{url}"
read = "env:ROTATING_DATABASE"
write = "env:ROTATING_DATABASE"

[providers.vault]
url = "{vault}/v1"
write = "env:ROTATING_VAULT"

[policy]
plan_valid_hours = 100

[[rotation]]
kind = "{kind}"
holder = "{holder}"
successor = "{successor}"
store = "vault"
place = {{ mount = "secret", path = "{path}" }}
fields = {{ user = "username", secret = "password" }}
deadline_hours = 24
"""


@dataclass
class Office:
    """A database server and a Vault; each run has two roles and a secret of its own."""

    kind: str
    server: servers.Database
    vault: VaultSimulator
    who: Approver
    numbers: Iterator[int]

    @property
    def settings(self) -> database.Settings:
        line = Secret(f"127.0.0.1:{self.server.port}:*:{servers.ADMIN}:{self.server.password}\n".encode())
        return database.Settings(url=self.server.url, read=line, write=line)

    def role(self, login: str) -> Role:
        (at,) = sql.servers(self.server.url)
        return Role(at, f"{login}@127.0.0.1" if at.engine == "mysql" else login)

    def status(self, login: str) -> str:
        reader, role = revokers.reader("database", self.settings), self.role(login)
        with sql.session(reader, role.at, role.at.user, Secret(self.server.password.encode())) as session:
            return database_roles.status(role, session)

    def check(self, user: str, password: str) -> Check:
        parts = {"user": user, "host": f"127.0.0.1:{self.server.port}", "secret": password}
        credential = Credential(kind=self.kind, parts={name: Secret(text.encode()) for name, text in parts.items()})
        return database.check(revokers.reader("database", self.settings), credential)

    def run(self, folder: Path, *, locked: bool = True) -> "Run":
        number = next(self.numbers)
        old, new = f"app{number}a", f"app{number}b"
        password = tokens.pick(old, "password", 20)
        for name, value in ((old, password), (new, tokens.pick(new, "password", 20))):
            self.server.add(name, value)
        parts = {"user": old, "host": f"127.0.0.1:{self.server.port}", "secret": password}
        holder = Account(provider="database", id=self.role(old).id, login=old)
        live = Check(liveness=Liveness.LIVE, reason="signs in", at=NOW, holder=holder)
        point = replace(shared(listed("", self.kind), parts), holder=holder, check=live)
        self.vault.kept[f"secret/{old}"] = [{"username": old, "password": ""}]
        text = ENTRY.format(
            url=self.server.url,
            vault=self.vault.url,
            kind=self.kind,
            holder=old,
            successor=self.role(new).name,
            path=old,
        )
        run = Run(self, World(folder, text, self.who, [point], {point.fingerprint: parts}), old, new, password)
        if locked:
            run.lock(new)
        return run


@dataclass
class Run:
    office: Office
    world: World
    old: str
    new: str
    password: str

    def lock(self, login: str) -> None:
        office, role = self.office, self.office.role(login)
        gate = replace(database.gate, reads=database.gate.reads | {("SQL", "LOCK")})
        reader = Reader(gate, office.server.url, instance=office.server.url)
        # The driver lets no change through under a read's name, so it is done below it.
        with sql.session(reader, role.at, role.at.user, Secret(office.server.password.encode())) as session:
            words = {
                "postgresql": (f"ALTER ROLE {pg8000.native.identifier(role.name)} NOLOGIN", ()),
                "mysql": ("ALTER USER %s@%s ACCOUNT LOCK", (role.login, role.host)),
                "redis": ("ACL SETUSER", (role.name, "off")),
            }[role.at.engine]
            session.execute(*words)  # type: ignore[attr-defined]

    def stored(self) -> dict[str, str]:
        found: dict[str, str] = self.office.vault.kept[f"secret/{self.old}"][-1]
        return found

    def assert_replaced(self) -> None:
        """The store's role and password sign in; the password is nowhere else; the old one still signs in."""
        found = self.stored()
        assert found["username"] == self.new
        assert self.office.check(found["username"], found["password"]).liveness is Liveness.LIVE
        assert self.office.check(self.old, self.password).liveness is Liveness.LIVE
        written = self.world.written()
        assert not [form for form in (*forms(found["password"]), *forms(self.password)) if form in written]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    program, start = ENGINES[request.param]
    if not program:
        pytest.skip(f"no server for {request.param} is installed")
    with start(tokens.pick("admin", "password", 24)) as server, VaultSimulator() as vault:
        vault.add_token(vault_service("rotating"), "offkey", policies=("offkey",))
        yield Office(request.param, server, vault, approver(tmp_path_factory.mktemp("approvers")), count())


@pytest.fixture(autouse=True)
def _references(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "office" in request.fixturenames:
        server = request.getfixturevalue("office").server
        monkeypatch.setenv("ROTATING_DATABASE", f"127.0.0.1:{server.port}:*:{servers.ADMIN}:{server.password}")
        monkeypatch.setenv("ROTATING_VAULT", vault_service("rotating"))


def test_a_second_role_takes_over_and_the_first_ends_when_the_hours_are_over(office: Office, tmp_path: Path) -> None:
    other, run = office.run(tmp_path / "other"), office.run(tmp_path / "run")
    receipts = run.world.apply()
    assert receipts[Action.REPLACE].outcome is Outcome.REPLACED, receipts
    run.assert_replaced()
    run.world.later(hours=23)
    assert Action.DISABLE not in run.world.apply()
    run.world.later(hours=1, minutes=1)
    receipts = run.world.apply()
    outcomes = [receipts[action].outcome for action in (Action.DISABLE, Action.REVOKE)]
    assert outcomes == [Outcome.DISABLED, Outcome.REVOKED], receipts
    assert office.check(run.old, run.password).liveness is not Liveness.LIVE
    assert office.check(run.new, run.stored()["password"]).liveness is Liveness.LIVE
    assert (office.status(other.old), office.status(other.new)) == ("open", "locked")


def test_a_role_that_is_signed_in_when_the_time_is_up_is_handed_to_people(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    run.world.apply()
    role = office.role(run.old)
    reader = revokers.reader("database", office.settings)
    with sql.session(reader, role.at, run.old, Secret(run.password.encode())) as session:
        database_roles.me(role.at, session)
        run.world.later(hours=25)
        receipts = run.world.apply()
    assert receipts[Action.DISABLE].outcome is Outcome.HANDED_OVER
    assert "1 open sessions" in receipts[Action.DISABLE].note
    assert office.status(run.old) == "open"


def test_a_second_role_that_may_sign_in_already_is_left_alone(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path, locked=False)
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.HANDED_OVER
    assert office.check(run.new, tokens.pick(run.new, "password", 20)).liveness is Liveness.LIVE


def test_a_store_that_refuses_leaves_the_second_role_locked(office: Office, tmp_path: Path) -> None:
    run = office.run(tmp_path)
    office.vault.fail("POST", ".*/data/.*", 403, times=1)
    receipt = run.world.apply()[Action.REPLACE]
    assert receipt.outcome is Outcome.FAILED
    assert office.status(run.new) in ("locked", "password")
    assert office.check(run.old, run.password).liveness is Liveness.LIVE


def test_a_rotation_killed_at_any_point_of_it_leaves_the_second_role_stored(office: Office, tmp_path: Path) -> None:
    whole, cut = office.run(tmp_path / "whole"), Cut()
    whole.world.apply(cut)
    first, end = cut.names.index("before rotation.listed"), cut.names.index("after rotation.stored")
    for number in chosen(range(first, end + 1)):
        run = office.run(tmp_path / str(number))
        with pytest.raises(Killed):
            run.world.apply(Cut(at=number))
        receipt = run.world.apply(confirm_seconds=0.5)[Action.REPLACE]
        assert receipt.outcome is Outcome.REPLACED, (cut.names[number], receipt)
        run.assert_replaced()


def test_the_verifier_is_the_one_that_rfc_7677_computes() -> None:
    """The example of section 3: user pencil, 4096 rounds."""
    import base64
    import hashlib
    import hmac

    salt, nonce = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    said = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    stored, server = (base64.b64decode(part) for part in scram_verifier(b"pencil", salt).split("$")[2].split(":"))
    assert hmac.digest(server, said.encode(), "sha256") == base64.b64decode(
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client = bytes(one ^ other for one, other in zip(proof, hmac.digest(stored, said.encode(), "sha256"), strict=True))
    assert hashlib.sha256(client).digest() == stored
