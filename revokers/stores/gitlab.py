"""GitLab's CI/CD variables: of projects, of the groups above them, and of a self-managed instance.

A maintainer reads a project's, an owner a group's, an administrator the instance's, each with its value, masked ones
too; of a hidden one the value is null for everybody. GitLab keeps no dates of them. A project's go before a group's, a
nearer group's before a farther one's, and an instance's come last.

https://docs.gitlab.com/api/project_level_variables/
https://docs.gitlab.com/api/group_level_variables/
https://docs.gitlab.com/api/instance_level_ci_variables/
https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/entities/ci/variable.rb
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offkey.http import Gate, Reader
from offkey.model import Gap
from offkey.secret import Secret
from revokers.gitlab_admin import PROVIDER, Settings, signed
from revokers.parts import configured, fields, rows
from revokers.stores import EVERYWHERE, Compare, Found, Stored, Unread, or_unread

__all__ = ["PROVIDER", "URL", "gate", "stored"]

URL = "https://gitlab.com/api/v4"
gate = Gate(provider=PROVIDER, hosts=frozenset({"gitlab.com"}))

STORE = "gitlab.variables"
_READ = "read_api as a maintainer of the project"


@dataclass(frozen=True, slots=True)
class _Asker:
    http: Reader
    token: Secret
    compare: Compare

    def list(self, level: str, template: str, owner: str, projects: tuple[str, ...]) -> Iterator[Stored]:
        path = {"id": owner} if level != "instance" else {}
        pages = self.http.pages(template, path=path, headers=signed(self.token), hide=(self.token,))
        for row in rows(pages, f"GET {template}", "key", "value"):
            told = row["value"] if isinstance(row["value"], str) else None
            yield Stored(
                store=STORE,
                level=level,
                owner=owner,
                environment=str(row.get("environment_scope") or EVERYWHERE),
                name=str(row["key"]),
                readable=told is not None,
                projects=projects,
                note=", ".join(word for word in ("protected", "masked", "hidden") if row.get(word) is True),
                equals=self.compare(Secret(told.encode())) if told is not None else (),
            )

    def belongs_to_a_group(self, project: str) -> bool:
        """Whether the namespace is a group; a person's own has no variables. Raises Unclear."""
        path = {"id": project}
        answer = self.http.request("GET", "/projects/{id}", path=path, headers=signed(self.token), hide=(self.token,))
        namespace = fields(answer, f"{project}", "namespace")["namespace"]
        return bool(namespace["kind"] != "user")


def stored(
    http: Reader, settings: Settings, projects: Sequence[str], compare: Compare, *, values: bool = False
) -> Found:
    """Each project's variables, those of every group above one, and on a self-managed instance the instance's."""
    asker = _Asker(http, configured(settings), compare)
    groups: dict[str, list[str]] = {}
    for project in projects:
        where = f"gitlab {project}: CI/CD variables"
        found = asker.list("project", "/projects/{id}/variables", project, (project,))
        yield from _hidden(where, or_unread(where, found, (project,), (_READ,)))
        for above in or_unread(where, _above(asker, project), (project,), (_READ,)):
            if isinstance(above, Unread):
                yield above
            else:
                groups.setdefault(above, []).append(project)
    for group, below in sorted(groups.items()):
        where = f"gitlab {group}: CI/CD variables of the group"
        found = asker.list("group", "/groups/{id}/variables", group, tuple(below))
        yield from _hidden(where, or_unread(where, found, below, ("read_api as an owner of the group",)))
    if settings.server == "self-managed":
        where = "gitlab: CI/CD variables of the instance"
        found = asker.list("instance", "/admin/ci/variables", "this GitLab", (EVERYWHERE,))
        yield from _hidden(where, or_unread(where, found, projects, ("an administrator's read_api",)))


def _above(asker: _Asker, project: str) -> Iterator[str]:
    """The groups above a project, by path."""
    if asker.belongs_to_a_group(project):
        parts = project.split("/")[:-1]
        yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def _hidden(where: str, found: Found) -> Found:
    """The same, and one Gap for the variables whose values GitLab tells nobody."""
    names = []
    for item in found:
        yield item
        if isinstance(item, Stored) and not item.readable:
            names.append(item.name)
    if names:
        why = f"hidden, so not compared with what has leaked: {', '.join(sorted(set(names)))}"
        advice = "no permission shows them: if one may have leaked, store a new value"
        yield Unread(gap=Gap(where=where, why=why, advice=advice))
