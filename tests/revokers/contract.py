"""The arrangement behind the contract test: for each kind three credentials (or grants) at a local provider.

A case is one kind that a revoker ends by itself. `arrange` yields it with its simulator running; the contract test
kills the second of the three.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import revokers
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.slack import SlackSimulator
from offboarding.demo.simulators.wire import LocalServer, Trouble
from offkey.boto import AwsCredentials
from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Action, Approval, Check, Credential
from offkey.secret import Secret

ORG = "acme"
DIGEST = "sha256:of-this-plan"


def approval(**changes: Any) -> Approval:
    """A signed approval of DIGEST that is valid for an hour. Its signature is `offboarding/signing.py`'s business."""
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
    """`points[i]` and `credentials[i]` belong together; `credentials` is empty for what has no value."""

    kind: str
    sim: LocalServer
    settings: Any
    actions: tuple[Action, ...]
    points: list[AccessPoint]
    credentials: list[Credential] = field(default_factory=list)
    made_up: Credential | None = None
    person: Account = field(default_factory=lambda: Account(provider="", id=""))

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

    def only(self, trouble: Trouble | None) -> None:
        """From now on every request goes wrong in this one way; None: none does."""
        with self.sim.lock:
            self.sim._faults.clear()
        if trouble is not None:
            self.sim.fail("*", "", trouble, times=1000)

    def secrets(self) -> list[Secret]:
        """Every value of this case that must never be shown: not the AWS ids, which are no secrets."""
        hidden = [part for item in self.credentials for name, part in item.parts.items() if name != "id"]
        held = (self.settings.read, self.settings.write)
        return hidden + [getattr(item, "secret_access_key", item) for item in held if item is not None]


def _leak(kind: str) -> AccessPoint:
    return AccessPoint(id=f"leak:{kind}", provider=kind.split(".", maxsplit=1)[0], kind=kind, fingerprint="keyed")


def _listed(case: Case, logins: tuple[str, ...]) -> list[AccessPoint]:
    """What the inventory lists of this kind for the logins, in that order, without its Gaps."""
    found = (
        point
        for login in logins
        for point in case.revoker.inventory(case.reader(), case.settings, Account(provider="", id="", login=login))
    )
    return [point for point in found if isinstance(point, AccessPoint) and point.kind == case.kind]


def _aws(kind: str, *actions: Action) -> Callable[[], AbstractContextManager[Case]]:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with AwsServer() as aws:
            admin = AwsCredentials(access_key_id=aws.admin[0], secret_access_key=aws.admin[1])
            settings = revokers.aws.Settings(read=admin, write=admin, account=aws.account, url=aws.url)
            names = ("ann", "dana", "zoe")
            case = Case(kind, aws, settings, actions, [])
            case.person = Account(provider="aws", id="", login="dana")
            for name in names:
                aws.create_user(name, tags={"mail": f"{name}@example.com"})
                case.credentials += _aws_thing(aws, kind, name)
            case.points = _listed(case, names)
            if case.credentials:
                made = tokens.aws_pair(f"made up {kind}")
                case.made_up = credential(kind, id=made[0], secret=made[1])
            yield case

    return arrange


def _aws_thing(aws: AwsServer, kind: str, user: str) -> list[Credential]:
    from moto.iam.models import iam_backends

    backend = iam_backends[aws.account]["aws"]
    if kind == "aws.access_key":
        key_id, secret = aws.create_key(user)
        return [credential(kind, id=key_id, secret=secret)]
    if kind == "aws.login_profile":
        backend.create_login_profile(user, "Pass-" + tokens.pick(user, "password", 20))
    else:
        backend.upload_ssh_public_key(user, f"ssh-ed25519 {tokens.pick(user, 'public key', 60)}")
    return []


def _github(kind: str, action: Action, make: Callable[[str], str] | None = None, sort: str = "") -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with GitHubSimulator(delay=0.0) as hub:
            names = ("ann", "dana", "zoe")
            hub.add_org(ORG, saml=True)
            hub.add_user("root-owner")
            hub.add_member(ORG, "root-owner", "admin")
            app = Secret(tokens.github_installation("offkey's own").encode())
            hub.add_app(ORG, app)
            settings = revokers.github.Settings(read=app, write=app, organisations=(ORG,), url=hub.url)
            case = Case(kind, hub, settings, (action,), [])
            case.person = Account(provider="github", id="", login="dana")
            for name in names:
                hub.add_user(name, email=f"{name}@example.com")
                if kind == "github.outside_collaborator":
                    hub.add_collaborator(ORG, name)
                else:
                    hub.add_member(ORG, name)
                _github_thing(hub, case, name, make, sort)
            case.points = [_leak(kind) for _ in names] if make else _listed(case, names)
            if make:
                case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


def _github_thing(hub: GitHubSimulator, case: Case, name: str, make: Callable[[str], str] | None, sort: Any) -> None:
    if make:
        value = make(name)
        hub.add_app(ORG, value) if sort == "installation" else hub.add_token(name, value, kind=sort, scopes=("repo",))
        case.credentials.append(credential(case.kind, secret=value))
    elif case.kind == "github.pat_grant":
        made = hub.add_token(name, tokens.github_fine_grained(name), kind="fine-grained", name=f"{name}'s laptop")
        hub.add_grant(ORG, made)
    elif case.kind == "github.sso_authorization":
        hub.add_authorization(ORG, name, hub.add_token(name, tokens.github_classic(name)))


def _slack(kind: str, make: Callable[[str], str], *, bot: bool = False) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with SlackSimulator() as slack:
            admin = Secret(tokens.slack_user("offkey's own").encode())
            slack.add_token(slack.add_user("admin", admin=True), admin, ("users:read", "users:read.email"))
            settings = revokers.slack.Settings(read=admin, url=f"{slack.url}/api")
            case = Case(kind, slack, settings, (Action.REVOKE,), [_leak(kind) for _ in range(3)])
            for name in ("ann", "dana", "zoe"):
                user = slack.add_bot(name) if bot else slack.add_user(name, email=f"{name}@example.com")
                slack.add_token(user, make(name))
                case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="slack", id="", email="ann@example.com" if bot else "dana@example.com")
            case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


CASES: dict[str, Callable[[], AbstractContextManager[Case]]] = {
    "aws.access_key": _aws("aws.access_key", Action.DISABLE, Action.REVOKE),
    "aws.login_profile": _aws("aws.login_profile", Action.REMOVE),
    "aws.ssh_public_key": _aws("aws.ssh_public_key", Action.DISABLE, Action.REVOKE),
    "github.pat.classic": _github("github.pat.classic", Action.REVOKE, tokens.github_classic, "classic"),
    "github.pat.fine_grained": _github(
        "github.pat.fine_grained", Action.REVOKE, tokens.github_fine_grained, "fine-grained"
    ),
    "github.oauth": _github("github.oauth", Action.REVOKE, tokens.github_oauth, "oauth"),
    "github.app.user": _github("github.app.user", Action.REVOKE, tokens.github_app_user, "app user"),
    "github.app.installation": _github(
        "github.app.installation", Action.REVOKE, tokens.github_installation, "installation"
    ),
    "github.membership": _github("github.membership", Action.REMOVE),
    "github.outside_collaborator": _github("github.outside_collaborator", Action.REMOVE),
    "github.pat_grant": _github("github.pat_grant", Action.REVOKE),
    "github.sso_authorization": _github("github.sso_authorization", Action.REVOKE),
    "slack.user": _slack("slack.user", tokens.slack_user),
    "slack.bot": _slack("slack.bot", tokens.slack_bot, bot=True),
    "slack.legacy": _slack("slack.legacy", lambda seed: "xoxs" + tokens.slack_user(seed)[4:]),
}

NOT_ARRANGED = {
    "aws.service_credential": "moto has no service-specific credentials",
    "github.app.refresh": "nothing can ask whether it lives: see test_github.py",
}
"""Kinds with an action of their own that no local provider can be asked about, and why."""
