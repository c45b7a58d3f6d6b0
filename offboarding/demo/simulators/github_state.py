"""What the GitHub simulator remembers. No token value is kept: a SHA-256 and the last eight characters are."""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Kind = Literal["classic", "fine-grained", "oauth", "app user", "refresh", "installation"]
Store = Literal["actions", "dependabot", "codespaces", "variables"]
Visibility = Literal["all", "private", "selected"]
REVOCABLE_BY_VALUE: frozenset[Kind] = frozenset({"classic", "fine-grained", "oauth", "app user", "refresh"})
"""Kinds that the public `POST /credentials/revoke` accepts (docs.github.com, rest/credentials/revoke)."""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def fold(value: str) -> str:
    """The only form in which the simulator keeps a token."""
    return hashlib.sha256(value.encode()).hexdigest()


@dataclass(kw_only=True)
class User:
    id: int
    login: str
    name: str = ""
    email: str = ""
    email_public: bool = False
    kind: str = "User"
    site_admin: bool = False


@dataclass(kw_only=True)
class Token:
    """`app` tokens act for a GitHub App installed in the organisation `org`; they have no owner."""

    id: int
    folded: str
    last_eight: str
    owner: str
    kind: Kind
    scopes: tuple[str, ...] = ()
    name: str = ""
    revoked: bool = False
    org: str = ""
    last_used: str | None = None

    @property
    def app(self) -> bool:
        return self.kind == "installation"


@dataclass(kw_only=True)
class Grant:
    """A fine-grained token's access to one organisation; `id` is GitHub's pat_id."""

    id: int
    token: Token
    permissions: dict[str, dict[str, str]]
    granted_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Authorization:
    """One credential authorised for an organisation with SAML single sign-on. SSH keys carry no token."""

    id: int
    login: str
    credential_type: str
    token: Token | None = None
    fingerprint: str = ""
    title: str = ""
    authorized_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Organisation:
    """`members` maps a login to `admin` or `member`."""

    id: int
    login: str
    saml: bool = False
    members: dict[str, str] = field(default_factory=dict)
    outside_collaborators: set[str] = field(default_factory=set)
    grants: dict[int, Grant] = field(default_factory=dict)
    authorizations: dict[int, Authorization] = field(default_factory=dict)

    def remove(self, login: str) -> None:
        """Ends a membership and with it the organisation access of the member's tokens."""
        self.members.pop(login, None)
        self.grants = {key: grant for key, grant in self.grants.items() if grant.token.owner != login}
        self.authorizations = {key: auth for key, auth in self.authorizations.items() if auth.login != login}


@dataclass(kw_only=True)
class Comment:
    id: int
    author: str
    body: str
    created_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Pull:
    number: int
    id: int
    title: str
    body: str | None
    head: str
    base: str
    author: str
    head_sha: str
    base_sha: str
    draft: bool = False
    state: str = "open"
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None
    merged_at: str | None = None
    merged_by: str | None = None
    merge_sha: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


@dataclass(kw_only=True)
class Repository:
    """`bare` is the bare git repository behind it; without one, `branches` maps names to commit ids.

    `drafts`: whether its plan has draft pull requests.
    """

    id: int
    full_name: str
    default_branch: str = "main"
    private: bool = True
    bare: Path | None = None
    branches: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    drafts: bool = True

    @property
    def owner(self) -> str:
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.split("/")[1]


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that GitHub sends to a token's owner; revoking by value always sends one."""

    login: str
    subject: str
    at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Entry:
    """`value` is a variable's, or what was in a secret's sealed box. `repositories` are full names, for "selected"."""

    name: str
    value: str = ""
    visibility: Visibility = "all"
    repositories: tuple[str, ...] = ()
    updated_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Stores:
    """By where and store: `("acme", "actions")`, `("acme/shop production", "variables")`."""

    entries: dict[tuple[str, Store], dict[str, Entry]] = field(default_factory=dict)
    environments: dict[str, list[str]] = field(default_factory=dict)
    boxes: dict[str, Any] = field(default_factory=dict)
    """By where: the private half of the key that secrets are sealed to."""

    def put(self, where: str, store: Store, entry: Entry) -> None:
        entry.name = entry.name.upper()
        self.entries.setdefault((where.lower(), store), {})[entry.name] = entry
        repo, _, environment = where.partition(" ")
        known = self.environments.setdefault(repo.lower(), [])
        if environment and environment not in known:
            known.append(environment)

    def of(self, where: str, store: Store) -> list[Entry]:
        return [entry for _, entry in sorted(self.entries.get((where.lower(), store), {}).items())]


@dataclass(kw_only=True)
class State:
    """Logins and names are looked up without regard to case, as GitHub does. The simulator holds the lock."""

    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    orgs: dict[str, Organisation] = field(default_factory=dict)
    repos: dict[str, Repository] = field(default_factory=dict)
    stores: Stores = field(default_factory=Stores)
    ssh_keys: dict[int, Any] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    pending: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    def user(self, login: str) -> User | None:
        return self.users.get(login.lower())

    def org(self, login: str) -> Organisation | None:
        return self.orgs.get(login.lower())

    def repo(self, full_name: str) -> Repository | None:
        return self.repos.get(full_name.lower())

    def token(self, value: str) -> Token | None:
        return self.tokens.get(fold(value))

    def later(self, seconds: float, effect: Callable[[], None]) -> None:
        self.pending.append((time.monotonic() + seconds, effect))

    def settle(self, *, everything: bool = False) -> None:
        """Lets effects happen whose time has come; all of them with `everything`."""
        due = [entry for entry in self.pending if everything or entry[0] <= time.monotonic()]
        self.pending = [entry for entry in self.pending if entry not in due]
        for _, effect in due:
            effect()

    def rename(self, login: str, new: str) -> None:
        user = self.users.pop(login.lower())
        user.login, self.users[new.lower()] = new, user
        for key in self.ssh_keys.values():
            key.login = new if key.login == login else key.login
        for token in self.tokens.values():
            token.owner = new if token.owner == login else token.owner
        for org in self.orgs.values():
            org.members = {new if name == login else name: role for name, role in org.members.items()}
            org.outside_collaborators = {new if name == login else name for name in org.outside_collaborators}
            for item in org.authorizations.values():
                item.login = new if item.login == login else item.login

    def kill(self, token: Token) -> None:
        """The token is dead everywhere; its grants and authorisations are gone; its owner has mail."""
        if token.revoked:
            return
        token.revoked = True
        for org in self.orgs.values():
            org.grants = {key: grant for key, grant in org.grants.items() if grant.token is not token}
            org.authorizations = {key: auth for key, auth in org.authorizations.items() if auth.token is not token}
        self.mails.append(Mail(login=token.owner, subject="Your token was reported and has been revoked"))
