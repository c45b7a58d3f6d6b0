"""Jenkins' credentials by folder, read-only.

Facts (jenkinsci/credentials-plugin, CredentialsStoreAction.java; jenkins.io, remote access API): a store's `domains` is
a map, "_" the global one, each with its `credentials`; whoever may not view them gets 403. `tree` picks what is told.
"""

import base64
from typing import Any, ClassVar

from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, fold, ok

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
JOB = "org.jenkinsci.plugins.workflow.job.WorkflowJob"


class JenkinsStores(RestSimulator):
    """`credentials[folder][domain]` are (id, type); a folder is `a/b`, "" the controller; `jobs` lie in folders."""

    PROVIDER: ClassVar[str] = "jenkins"

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[str, str] = {}
        self.credentials: dict[str, dict[str, list[tuple[str, str]]]] = {"": {"_": []}}
        self.jobs: dict[str, list[str]] = {}
        self.closed: set[str] = set()

    def add_reader(self, name: str, token: str | Secret) -> None:
        self.readers[name] = fold(token)

    def add(self, ident: str, folder: str = "", domain: str = "_", kind: str = "Secret text") -> None:
        self.credentials.setdefault(folder, {"_": []}).setdefault(domain, []).append((ident, kind))

    def error(self, status: int) -> Answer:
        return Answer(status=status, body=b"<html>trouble</html>", headers={"Content-Type": "text/html"})

    def template(self, request: Request) -> str:
        return "/credentials/store" if "/credentials/" in request.path else "/api/json"

    def answer(self, request: Request) -> Answer:
        word, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, token = base64.b64decode(pair).decode().partition(":") if word == "Basic" else ("", "", "")
        if self.readers.get(name) != fold(token):
            return self.error(401)
        parts = request.path.strip("/").split("/")
        folder = []
        while parts[:1] == ["job"]:
            folder.append(parts[1])
            parts = parts[2:]
        where = "/".join(folder)
        if parts == ["api", "json"]:
            return ok({"_class": FOLDER, "jobs": self._jobs(where)})
        if parts != ["credentials", "store", "folder" if folder else "system", "api", "json"]:
            return self.error(404)
        if where in self.closed:
            return self.error(403)
        return ok({"_class": "StoreActionImpl", "domains": self._domains(where)})

    def _jobs(self, where: str) -> list[dict[str, str]]:
        below = {one for one in self.credentials if one and one.rpartition("/")[0] == where}
        made = [{"_class": FOLDER, "name": one.rpartition("/")[2]} for one in sorted(below)]
        return made + [{"_class": JOB, "name": name} for name in self.jobs.get(where, ())]

    def _domains(self, where: str) -> dict[str, Any]:
        return {
            name: {"credentials": [{"id": ident, "typeName": kind} for ident, kind in rows]}
            for name, rows in self.credentials.get(where, {"_": []}).items()
        }
