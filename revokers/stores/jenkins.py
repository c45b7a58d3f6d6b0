"""Jenkins' credentials: of the controller and of folders, by id and type. Values are told to nobody.

The credentials plugin shows a store at `.../credentials/store/system` (the controller's) or `.../store/folder`, to
whom has Credentials/View there; without it the answer is 403 or 404. A credential has no dates. Which job a folder's
store is open to follows from where the job lies, which no repository tells: a pipeline that names the id may be any.

https://github.com/jenkinsci/credentials-plugin/blob/master/src/main/java/com/cloudbees/plugins/credentials/CredentialsStoreAction.java
https://www.jenkins.io/doc/book/using/using-credentials/
https://www.jenkins.io/doc/book/using/remote-access-api/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Reader
from offkey.secret import Secret
from revokers.jenkins import PROVIDER, URL, Settings, gate
from revokers.parts import basic, configured, fields, pair, text
from revokers.protocol import Unclear
from revokers.stores import EVERYWHERE, Compare, Found, Stored, Unread, or_unread

__all__ = ["PROVIDER", "URL", "gate", "stored"]

STORE = "jenkins.credentials"
_TREE = "domains[credentials[id,typeName]]"
_FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
_DEEPEST = 10
"""Folders within folders that are followed."""


@dataclass(frozen=True, slots=True)
class _Asker:
    http: Reader
    user: str
    token: Secret

    def get(self, folder: tuple[str, ...], rest: str, tree: str) -> Answer:
        """An answer about a folder; none is the controller itself."""
        above = "".join(f"/job/{{f{number}}}" for number in range(len(folder)))
        path = {f"f{number}": name for number, name in enumerate(folder)}
        headers = basic(self.user, self.token)
        template = f"{above}{rest}/api/json"
        return self.http.request("GET", template, path=path, params={"tree": tree}, headers=headers, hide=(self.token,))

    def credentials(self, folder: tuple[str, ...]) -> Iterator[Stored]:
        where = "/credentials/store/folder" if folder else "/credentials/store/system"
        domains = fields(self.get(folder, where, _TREE), where, "domains")["domains"]
        for domain in domains.values():
            for row in domain["credentials"]:
                yield Stored(
                    store=STORE,
                    level="folder" if folder else "instance",
                    owner="/".join(folder) or "this Jenkins",
                    name=str(row["id"]),
                    projects=(EVERYWHERE,),
                    note=str(row.get("typeName") or ""),
                )

    def folders(self, folder: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """All folders below. Raises Unclear."""
        answer = self.get(folder, "", "jobs[name,_class]")
        jobs: list[dict[str, Any]] = fields(answer, "GET /api/json", "jobs")["jobs"]
        for job in jobs:
            if not str(job["_class"]).startswith(_FOLDER):
                continue
            below = (*folder, str(job["name"]))
            if len(below) > _DEEPEST:
                raise Unclear(f"{'/'.join(below)}: folders lie deeper than {_DEEPEST}, which is not followed")
            yield below
            yield from self.folders(below)


def stored(
    http: Reader, settings: Settings, projects: Sequence[str], compare: Compare, *, values: bool = False
) -> Found:
    """The controller's credentials and every folder's; nothing when values are asked for."""
    if values:
        return
    user, token = pair(configured(settings))
    asker = _Asker(http, text(user), token)
    needs = ("Credentials/View",)
    yield from or_unread("jenkins: credentials of the controller", asker.credentials(()), projects, needs)
    found = or_unread("jenkins: folders", asker.folders(), projects, ("Overall/Read", "Job/Read"))
    for folder in found:
        if isinstance(folder, Unread):
            yield folder
            continue
        where = f"jenkins {'/'.join(folder)}: credentials of the folder"
        yield from or_unread(where, asker.credentials(folder), projects, needs)
