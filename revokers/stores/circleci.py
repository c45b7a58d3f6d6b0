"""CircleCI's contexts and projects: environment variables by name. Values are told to nobody.

A context's variables have dates; a project's value comes as `xxxx` and its last four characters, which is no value
and is not kept. Contexts belong to an organisation, `gh/acme`; a project is `gh/acme/app`. Only personal API tokens may
ask. Besides the configured organisations those of the repositories are asked about.
A context's variable goes before a project's. Schedules and what restricts a context are not read.

https://circleci.com/docs/api/v2/index.html#tag/Context
https://circleci.com/docs/api/v2/index.html#operation/listEnvVars
https://circleci.com/docs/guides/security/env-vars/#order-of-precedence
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader
from offkey.secret import Secret
from revokers.circleci import PROVIDER, URL, Settings, gate
from revokers.parts import configured, pages, text, when
from revokers.stores import EVERYWHERE, Compare, Found, Stored, Unread, or_unread, within

__all__ = ["PROVIDER", "URL", "gate", "stored"]

_NEEDS = ("a personal API token of a member of the organisation",)


@dataclass(frozen=True, slots=True)
class _Asker:
    http: Reader
    token: Secret

    def rows(self, template: str, *names: str, path: dict[str, str], **params: str) -> Iterator[dict[str, Any]]:
        headers = {"Circle-Token": text(self.token)}
        found = pages(self.http, template, _next, params=params, path=path, headers=headers, hide=(self.token,))
        return within(found, f"GET {template}", "items", *names)

    def context(self, ident: str, name: str) -> Iterator[Stored]:
        for row in self.rows("/api/v2/context/{id}/environment-variable", "variable", path={"id": ident}):
            yield Stored(
                store="circleci.context",
                level="context",
                owner=name,
                name=str(row["variable"]),
                created=when(row.get("created_at")),
                updated=when(row.get("updated_at")),
                projects=(EVERYWHERE,),
            )

    def project(self, slug: str) -> Iterator[Stored]:
        host, owner, name = slug.split("/")
        path = {"host": host, "owner": owner, "name": name}
        for row in self.rows("/api/v2/project/{host}/{owner}/{name}/envvar", "name", path=path):
            yield Stored(
                store="circleci.project", level="project", owner=slug, name=str(row["name"]), projects=(slug,),
                created=when(row.get("created_at")),
            )  # fmt: skip


def stored(
    http: Reader, settings: Settings, projects: Sequence[str], compare: Compare, *, values: bool = False
) -> Found:
    """The organisations' contexts with their variables, and each project's; nothing when values are asked for."""
    if values:
        return
    asker = _Asker(http, configured(settings))
    owners = dict.fromkeys([*settings.organisations, *(slug.rpartition("/")[0] for slug in projects)])
    for owner in owners:
        below = [slug for slug in projects if slug.startswith(f"{owner}/")]
        listed = asker.rows("/api/v2/context", "id", "name", path={}, **{"owner-slug": owner})
        for row in or_unread(f"circleci {owner}: contexts", listed, below, _NEEDS):
            if isinstance(row, Unread):
                yield row
                continue
            found = asker.context(str(row["id"]), str(row["name"]))
            yield from or_unread(f"circleci {owner}: context {row['name']}", found, below, _NEEDS)
    for slug in projects:
        yield from or_unread(f"circleci {slug}: environment variables", asker.project(slug), (slug,), _NEEDS)


def _next(answer: Answer) -> dict[str, str] | None:
    token = answer.json.get("next_page_token") if isinstance(answer.json, dict) else None
    return {"page-token": str(token)} if token else None
