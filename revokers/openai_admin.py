"""OpenAI as an administrator sees it: members, projects, and the keys of each.

Lists go on while `has_more`, after the last row's id. A project's keys are listed shortened, with their owner: a member
or a service account. Keys of members who lost access to the project are listed only when asked for ("any").

https://platform.openai.com/docs/api-reference/administration
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offkey.http import Answer, Reader, bearer
from offkey.model import AccessPoint, Account, Bond, Gap, Ownership
from offkey.secret import Secret
from revokers.hints import only
from revokers.parts import configured, goes_on, live, objects, or_gap, pages
from revokers.protocol import LAST_OWNER, NotIdentified
from revokers.rosters import whole

PROVIDER = "openai"
NEEDS: Mapping[str, str] = {"an admin API key (sk-admin-…)": "reading members, projects and keys; apply: deleting them"}
PROJECT, SERVICE, ADMIN, LEGACY, MEMBER = (
    "openai.project", "openai.service_account", "openai.admin", "openai.legacy", "openai.member"
)  # fmt: skip
PUBLIC = {PROJECT: "sk-proj-", SERVICE: "sk-svcacct-", ADMIN: "sk-admin-"}
"""What all keys of a kind begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are admin keys of the organisation; one may serve as both."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Admin:
    """One admin key's view of its organisation."""

    http: Reader
    key: Secret

    def rows(self, template: str, path: Mapping[str, str] | None = None, **params: str) -> Iterator[dict[str, Any]]:
        """Every row of a list. Raises Unclear at the first page that is none."""
        asked = {"limit": "100", **params}
        listed = pages(self.http, template, _after, params=asked, path=path, headers=bearer(self.key), hide=(self.key,))
        for answer in listed:
            yield from objects(answer, template, "data", "has_more")

    def members(self) -> list[dict[str, Any]]:
        return whole(self.rows("/organization/users"), "the members")

    def projects(self) -> list[str]:
        return [str(row["id"]) for row in self.rows("/organization/projects")]

    def keys(self, project: str) -> Iterator[dict[str, Any]]:
        path = {"project_id": project}
        yield from self.rows("/organization/projects/{project_id}/api_keys", path, owner_project_access="any")

    def admin_keys(self) -> list[dict[str, Any]]:
        return whole(self.rows("/organization/admin_api_keys"), "the admin keys")

    def found(self, kind: str, value: Secret) -> tuple[str, Mapping[str, Any]]:
        """(project or "", row) of the one key whose shortened form fits. Raises NotIdentified."""
        if kind == ADMIN:
            return "", only(self.admin_keys(), "redacted_value", value, PUBLIC[kind])
        rows = [{**row, "project": project} for project in self.projects() for row in self.keys(project)]
        row = only(rows, "redacted_value", value, PUBLIC[kind])
        if row["owner"]["type"] != ("service_account" if kind == SERVICE else "user"):
            raise NotIdentified(f"{row['id']} fits the value, and is of another kind", advice="by hand")
        return str(row["project"]), row

    def point(self, kind: str, value: Secret) -> AccessPoint:
        """The one key whose shortened form fits, as `inventory` lists it. Raises NotIdentified."""
        project, row = self.found(kind, value)
        return _key(self.http, kind, f"{project}/" if project else "", row, owner(kind, row))

    def listed(self, point: AccessPoint) -> Mapping[str, Any] | None:
        """The row that `provider_id` names, None when its whole list has none. Raises Unclear, NotIdentified."""
        project, _, identity = point.provider_id.rpartition("/")
        if not identity or bool(project) != (point.kind == PROJECT):
            raise NotIdentified(f"{point.id} names no key and no member", advice="plan again")
        rows: Any
        if point.kind == MEMBER:
            rows = self.members()
        elif point.kind == ADMIN:
            rows = self.admin_keys()
        else:
            rows = list(self.keys(project))
        return next((row for row in rows if str(row["id"]) == identity), None)

    def is_own(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of admin keys may be the very key that offkey asks with."""
        try:
            return only([row], "redacted_value", self.key, PUBLIC[ADMIN]) is row
        except NotIdentified:
            return False


def owner(kind: str, row: Mapping[str, Any], email: str = "") -> Account:
    """Whom a row names: the member of a key, the service account, the member itself."""
    told = row if kind == MEMBER else row["owner"]
    if kind in (PROJECT, SERVICE) and "type" in told:
        told = told[told["type"]]
    told_email = str(told.get("email") or email)
    return Account(provider=PROVIDER, id=str(told["id"]), login=str(told.get("name") or ""), email=told_email)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The member, and the keys that are the member's own, in every project. Raises nothing."""
    where = f"openai {account.email or account.id}"
    yield from or_gap(where, _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    asker = Admin(http, configured(settings))
    members = asker.members()
    member = next((row for row in members if _is(row, account)), None)
    if member is None:
        if account.id or not account.email:
            raise NotIdentified("OpenAI lists no such member", advice="correct the person's accounts: id or e-mail")
        return
    holder = owner(MEMBER, member, account.email)
    alone = (LAST_OWNER,) if only_owner(members, holder.id) else ()
    yield _point(http, MEMBER, holder.id, holder=holder, row=member, evidence=alone)
    yield from or_gap("openai: admin keys", _theirs(http, ADMIN, "", holder, asker.admin_keys()), needs=NEEDS)
    for project in asker.projects():
        yield from or_gap(f"openai {project}: keys", _projects_keys(asker, project, holder), needs=NEEDS)


def only_owner(members: list[dict[str, Any]], identity: str) -> bool:
    """Whether this member is the organisation's one owner."""
    return [str(row["id"]) for row in members if row["role"] == "owner"] == [identity]


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id:
        return str(row["id"]) == account.id
    return bool(account.email) and str(row.get("email") or "").casefold() == account.email.casefold()


def _projects_keys(asker: Admin, project: str, holder: Account) -> Iterator[AccessPoint]:
    yield from _theirs(asker.http, PROJECT, f"{project}/", holder, asker.keys(project))


def _theirs(http: Reader, kind: str, within: str, holder: Account, rows: Any) -> Iterator[AccessPoint]:
    for row in rows:
        if row["owner"]["type"] == "user" and owner(kind, row).id == holder.id:
            yield _key(http, kind, within, row, holder)


def _key(http: Reader, kind: str, within: str, row: Mapping[str, Any], holder: Account) -> AccessPoint:
    shown = (f"shown as {row['redacted_value']}",)
    return _point(http, kind, f"{within}{row['id']}", holder=holder, row=row, evidence=shown)


def _point(
    http: Reader, kind: str, identity: str, *, holder: Account, row: Mapping[str, Any], evidence: tuple[str, ...]
) -> AccessPoint:
    used = row.get("last_used_at")
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        provider_id=identity,
        last_used=datetime.fromtimestamp(used, UTC) if isinstance(used, int) else None,
        check=live(http, "listed by the organisation", holder, str(row.get("role") or "listed")),
        evidence=(f"the organisation lists it: {row.get('name') or ''}", *evidence),
    )


def _after(answer: Answer) -> Mapping[str, str] | None:
    body = answer.json
    if not goes_on(answer, "has_more"):
        return None
    return {"after": str(body["last_id"] if body.get("last_id") else body["data"][-1]["id"])}
