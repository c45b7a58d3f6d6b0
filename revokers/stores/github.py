"""GitHub's stores: secrets for Actions, Dependabot and Codespaces, and Actions' variables.

Secrets are told by name and dates, never by value; variables with their values. Of several of one name an
environment's goes before the repository's, and that before the organisation's. Which of an organisation's secrets for
Actions a repository may use, GitHub says itself (`organization-secrets`); an organisation's own lists need an owner.
Classic tokens need `repo`, and `admin:org` for an organisation's lists; the names below are those of fine-grained
tokens and GitHub Apps.

https://docs.github.com/en/rest/actions/secrets
https://docs.github.com/en/rest/actions/variables
https://docs.github.com/en/rest/dependabot/secrets
https://docs.github.com/en/rest/codespaces/repository-secrets
https://docs.github.com/en/rest/deployments/environments#list-environments
https://docs.github.com/en/actions/reference/security/secrets
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offkey.http import Gate, Reader
from offkey.secret import Secret
from revokers.github_admin import PROVIDER, Settings, signed
from revokers.parts import when
from revokers.stores import Compare, Found, Stored, Unread, nothing, or_unread, within

__all__ = ["PROVIDER", "URL", "actions", "gate", "stored"]

URL = "https://api.github.com"
gate = Gate(provider=PROVIDER, hosts=frozenset({"api.github.com"}))

ACTIONS, VARIABLES = "github.actions", "github.variables"
DEPENDABOT, CODESPACES = "github.dependabot", "github.codespaces"
_OF_REPOSITORY = (
    (ACTIONS, "repository", "/repos/{owner}/{repo}/actions/secrets", "Secrets: read"),
    (ACTIONS, "organisation", "/repos/{owner}/{repo}/actions/organization-secrets", "Secrets: read"),
    (VARIABLES, "repository", "/repos/{owner}/{repo}/actions/variables", "Variables: read"),
    (VARIABLES, "organisation", "/repos/{owner}/{repo}/actions/organization-variables", "Variables: read"),
    (DEPENDABOT, "repository", "/repos/{owner}/{repo}/dependabot/secrets", "Dependabot secrets: read"),
    (CODESPACES, "repository", "/repos/{owner}/{repo}/codespaces/secrets", "Codespaces secrets: read"),
)
_OF_ENVIRONMENT = (
    (ACTIONS, "environment", "/repos/{owner}/{repo}/environments/{environment}/secrets", "Environments: read"),
    (VARIABLES, "environment", "/repos/{owner}/{repo}/environments/{environment}/variables", "Environments: read"),
)
_OF_ORGANISATION = (
    (ACTIONS, "organisation", "/orgs/{org}/actions/secrets", "an organisation's Secrets: read"),
    (VARIABLES, "organisation", "/orgs/{org}/actions/variables", "an organisation's Variables: read"),
    (DEPENDABOT, "organisation", "/orgs/{org}/dependabot/secrets", "an organisation's Dependabot secrets: read"),
    (CODESPACES, "organisation", "/orgs/{org}/codespaces/secrets", "an organisation's Codespaces secrets: read"),
)
_WHO = {"all": "all repositories", "private": "private repositories", "selected": "selected repositories"}


@dataclass(frozen=True, slots=True)
class _Asker:
    http: Reader
    token: Secret
    compare: Compare

    def rows(self, store: str, template: str, path: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        key = "variables" if store == VARIABLES else "secrets"
        most = 30 if store == VARIABLES else 100  # what GitHub gives of each at once
        pages = self.http.pages(template, per_page=most, path=path, headers=signed(self.token))
        return within(pages, f"GET {template}", key, "name", "created_at", "updated_at")

    def list(self, store: str, level: str, template: str, path: Mapping[str, str]) -> Iterator[Stored]:
        project = "/".join(filter(None, (path.get("owner"), path.get("repo"))))
        for row in self.rows(store, template, path):
            told = row.get("value") if store == VARIABLES else None
            yield Stored(
                store=store,
                level=level,
                owner=project if level != "organisation" else path.get("org") or path["owner"],
                environment=path.get("environment", ""),
                name=str(row["name"]),
                created=when(row["created_at"]),
                updated=when(row["updated_at"]),
                readable=isinstance(told, str),
                projects=(project,) if project else (),
                note=_WHO.get(str(row.get("visibility")), ""),
                equals=self.compare(Secret(told.encode())) if isinstance(told, str) else (),
            )

    def environments(self, path: Mapping[str, str]) -> Iterator[str]:
        template = "/repos/{owner}/{repo}/environments"
        pages = self.http.pages(template, path=path, headers=signed(self.token))
        return (str(row["name"]) for row in within(pages, f"GET {template}", "environments", "name"))


def stored(
    http: Reader, settings: Settings, projects: Sequence[str], compare: Compare, *, values: bool = False
) -> Found:
    """The organisations' lists, and for each repository what it may use."""
    asker = _Asker(http, settings.read, compare)
    for org in settings.organisations if not values else ():
        for store, level, template, need in _OF_ORGANISATION:
            found = asker.list(store, level, template, {"org": org})
            yield from or_unread(f"github {org}: {store}", found, needs=(f"admin:org or {need}",))
    for project in projects:
        yield from _of(asker, project, (VARIABLES,) if values else ())


def actions(http: Reader, token: Secret, project: str) -> Found:
    """The secrets for Actions that one repository may use, by name alone."""
    return _of(_Asker(http, token, nothing), project, (ACTIONS,))


def _of(asker: _Asker, project: str, only: Sequence[str]) -> Found:
    """One repository's stores; with `only`, these."""
    owner, _, name = project.partition("/")
    path = {"owner": owner, "repo": name}
    for store, level, template, need in _OF_REPOSITORY:
        if not only or store in only:
            found = asker.list(store, level, template, path)
            yield from or_unread(_where(project, store, level), found, (project,), (f"repo or {need}",))
    listed = asker.environments(path)
    for environment in or_unread(f"github {project}: environments", listed, (project,), ("repo or Actions: read",)):
        if isinstance(environment, Unread):
            yield environment
            continue
        for store, level, template, need in _OF_ENVIRONMENT:
            if not only or store in only:
                found = asker.list(store, level, template, {**path, "environment": environment})
                where = f"{_where(project, store, level)} {environment}"
                yield from or_unread(where, found, (project,), (f"repo or {need}",))


def _where(project: str, store: str, level: str) -> str:
    return f"github {project}: {store} of the {level}"
