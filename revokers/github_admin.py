"""One GitHub token's view of organisations and accounts: the questions an administrator can ask.

Logins are renamed and taken by others, so an account is always looked up by id too. The lists of fine-grained tokens'
grants are for GitHub Apps only; single sign-on authorizations exist on Enterprise Cloud with SAML only (404 elsewhere).

https://docs.github.com/en/rest/orgs/members
https://docs.github.com/en/rest/orgs/personal-access-tokens
https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/orgs#list-saml-sso-authorizations-for-an-organization
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from offkey import pygithub
from offkey.http import Answer, Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Check, Ownership
from offkey.secret import Secret
from revokers.parts import fields, rows, trouble
from revokers.protocol import NotIdentified, Unclear

if TYPE_CHECKING:
    from github import Github

T = TypeVar("T")

PROVIDER = "github"
NEEDS: Mapping[str, str] = {
    "read:org (an App: Members: read)": "reading memberships, owners and outside collaborators",
    "an App's Personal access tokens: read": "reading grants of fine-grained tokens",
    "admin:org (an App: Members: write)": "apply: ending memberships and single sign-on authorizations",
    "an App's Personal access tokens: write": "apply: ending grants of fine-grained tokens",
    "a repository administrator's repo (an App: Administration: read)": "reading repositories' deploy keys",
    "a repository administrator's repo (an App: Administration: write)": "apply: deleting deploy keys",
    "a site administrator's site_admin (Enterprise Server)": "reading, and on apply deleting, accounts' SSH keys",
}
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAT_GRANT, SSO = "github.pat_grant", "github.sso_authorization"
DEPLOY_KEY, SSH_KEY, SERVER_KEY = "github.deploy_key", "github.ssh_key", "github.server.ssh_key"
SSO_ADVICE = "listed on Enterprise Cloud with SAML single sign-on alone, with read:org; elsewhere leave `sso` off"
LISTS = {
    PAT_GRANT: ("/orgs/{org}/personal-access-tokens", "owner[]", "id"),
    SSO: ("/orgs/{org}/credential-authorizations", "login", "credential_id"),
}
"""Kinds an organisation lists: where, the parameter that narrows to a login, and the name of the id in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the API's base: empty for github.com, `https://HOST/api/v3` for GitHub Enterprise Server ("ghes").

    `sso` off: no organisation has SAML single sign-on. `deploy_keys` off spares one request a repository.
    """

    read: Secret
    organisations: tuple[str, ...] = ()
    write: Secret | None = None
    url: str = ""
    server: Literal["github.com", "ghes"] = "github.com"
    sso: bool = True
    deploy_keys: bool = True


def signed(token: Secret) -> dict[str, str]:
    return {**HEADERS, **bearer(token)}


def write_token(settings: Settings) -> Secret:
    if settings.write is None:
        raise NotIdentified("no write credential is configured", advice="set write under [providers.github]")
    return settings.write


def listed_point(
    kind: str, identity: str, holder: Account | None, check: Check, *evidence: str, used: Any = None
) -> AccessPoint:
    """What a list has of an account, as that account's own."""
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        last_used=used,
        check=check,
        evidence=evidence,
    )


def sso_fingerprint(row: Mapping[str, Any]) -> str:
    """The SHA256 fingerprint of an authorised SSH key; "" for a token, and for another form of fingerprint."""
    told = str(row.get("fingerprint") or "").removeprefix("SHA256:").rstrip("=")
    return f"SHA256:{told}" if re.fullmatch(r"[A-Za-z0-9+/]{43}", told) else ""


@dataclass(frozen=True, slots=True)
class Admin:
    """One token's view. PyGithub asks where it serves; the gate below where a status must be told from another."""

    http: Reader
    token: Secret

    def ask(self, what: str, question: "Callable[[Github], T]") -> T:
        """Raises Unclear with GitHub's status, NoAnswer for an answer that is none."""
        client = pygithub.client(self.http, self.token)
        status, answer = pygithub.ask(lambda: question(client))
        if answer is None:
            raise Unclear(f"{what} {trouble(status)}", advice="check the token's organisation permissions")
        return answer

    def membership(self, org: str, login: str) -> tuple[int, dict[str, Any]]:
        path = {"org": org, "username": login}
        answer = self.http.request("GET", "/orgs/{org}/memberships/{username}", path=path, headers=signed(self.token))
        if answer.status == 404:
            return 404, {}
        return 200, fields(answer, f"{org}: membership", "state", "role", "user")

    def owners(self, org: str) -> list[str]:
        def question(client: "Github") -> list[str]:
            found = client.get_organization(org).get_members(role="admin")
            return sorted(owner.login for owner in found)

        return self.ask(f"{org}: owners", question)

    def collaborators(self, org: str) -> list[int]:
        """Not through PyGithub, which takes an object for an empty list: absence would then prove something."""
        pages = self.http.pages("/orgs/{org}/outside_collaborators", path={"org": org}, headers=signed(self.token))
        return [int(user["id"]) for user in rows(pages, f"{org}: outside collaborators", "id", "login")]

    def holder(self, account: Account) -> Account:
        """The account under its present login. Raises NotIdentified when the login is now somebody else's."""
        number = account.id if account.id.isdigit() else ""
        found = self._user("/users/{username}", username=account.login) if account.login else None
        if number and (found is None or found.status == 404 or _another(found, number)):
            found = self._user("/user/{number}", number=number)
        if found is None:
            raise NotIdentified("GitHub finds accounts by login or number", advice="add either to the directory")
        if found.status == 404:
            raise NotIdentified(f"GitHub has no account {account.login or number}", advice="correct the accounts")
        user = fields(found, "GET /users", "id", "login")
        return Account(provider=PROVIDER, id=str(user["id"]), login=user["login"], email=account.email)

    def _user(self, template: str, **path: str) -> Answer:
        return self.http.request("GET", template, path=path, headers=signed(self.token))

    def listed(self, kind: str, org: str, login: str) -> Iterator[dict[str, Any]]:
        """The person's rows of an organisation's list of credentials, those that name the login itself."""
        template, narrow, name = LISTS[kind]
        pages = self.http.pages(template, path={"org": org}, params={narrow: login}, headers=signed(self.token))
        for row in rows(pages, f"{org}: {kind}", name, "owner" if kind == PAT_GRANT else "login"):
            owner = row["owner"]["login"] if kind == PAT_GRANT else row["login"]
            if owner.lower() == login.lower():
                yield row


def _another(found: Answer, number: str) -> bool:
    """Whether the login is now that of another account."""
    return found.status == 200 and str((found.json or {}).get("id")) != number
