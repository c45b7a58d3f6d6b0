"""GitLab's SSH keys by their fingerprint, and deploy keys, as an administrator of a self-managed instance sees them.

What proves the end of a deploy key: no longer in the list of the project's deploy keys. Deleting it takes it from this
project alone; other projects that enabled it keep it, and each is a point of its own. "404 Key Not Found" to a
fingerprint says that the instance has no such key; any other 404 says nothing. At gitlab.com nobody may ask by
fingerprint.

https://docs.gitlab.com/api/keys/
https://docs.gitlab.com/api/deploy_keys/
https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api/keys.rb
"""

from collections.abc import Iterator, Mapping
from typing import Any

from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Exchange, Gap, Ownership
from revokers.gitlab_admin import NEEDS, PROVIDER, Admin, Settings
from revokers.gitlab_lists import KEY
from revokers.parts import configured, dead, fields, last, live, or_gap, when
from revokers.protocol import NotIdentified
from revokers.public_keys import fingerprint

DEPLOY_KEY = "gitlab.deploy_key"


def authorised(http: Reader, settings: Settings, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    """The accounts' keys and deploy keys among these, whoever's they are."""
    if settings.server != "self-managed":
        advice = "look at the groups' members and deploy keys at https://gitlab.com"
        yield Gap(where="gitlab: SSH keys", why="gitlab.com tells nobody whose a fingerprint is", advice=advice)
        return
    for key in sorted(keys):
        yield from or_gap(f"gitlab: {key}", _found(http, settings, key), needs=NEEDS)


def _found(http: Reader, settings: Settings, key: str) -> Iterator[AccessPoint]:
    admin = Admin(http, configured(settings))
    answer = http.request("GET", "/keys", params={"fingerprint": key}, **admin.options())
    if answer.status == 404 and isinstance(answer.json, dict) and "Key Not Found" in str(answer.json.get("message")):
        return
    row = fields(answer, "GET /keys", "id", "key")
    if fingerprint(row["key"]) != key:
        raise NotIdentified("GitLab answered with another key", advice="see what answers in GitLab's place")
    projects = row.get("deploy_keys_projects") or ()
    for project in projects:
        identity = f"{project['project_id']}/{row['id']}"
        told = f"GitLab has it as the deploy key {row.get('title', '')} of project {project['project_id']}"
        yield _point(http, DEPLOY_KEY, identity, row, told=told)
    if not projects:
        user = row["user"]
        holder = Account(provider=PROVIDER, id=str(user["id"]), login=str(user["username"]))
        told = f"GitLab lists the public key {key} for {holder.login}"
        yield _point(http, KEY, f"{holder.id}/{row['id']}", row, holder=holder, told=told)


def _point(
    http: Reader, kind: str, identity: str, row: Mapping[str, Any], *, holder: Account | None = None, told: str
) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=Ownership.PERSONAL if holder else Ownership.SHARED,
        bond=Bond.THEIRS,
        provider_id=identity,
        redacted=fingerprint(row["key"]),
        last_used=when(row.get("last_used_at")),
        check=live(http, "listed by GitLab", holder),
        evidence=(told,),
    )


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Of a deploy key. Raises what `revokers.parts.answered` turns into UNKNOWN."""
    project, number = _where(point)
    if number in _listed(Admin(http, configured(settings)), project):
        return live(http, "a deploy key of the project")
    return dead(http, "no longer a deploy key of the project", status="removed")


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """Take exactly this deploy key from this project, after seeing that it is there."""
    project, number = _where(point)
    admin = Admin(http, configured(settings, write=True))
    if number not in _listed(admin, project):
        raise NotIdentified(f"the project {project} has no deploy key {number}", advice="plan again")
    http.request("DELETE", "/projects/{id}/deploy_keys/{key_id}", **admin.options(id=project, key_id=number))
    return last(http)


def _where(point: AccessPoint) -> tuple[str, str]:
    project, _, number = point.provider_id.partition("/")
    if not project.isdigit() or not number.isdigit():
        raise NotIdentified(f"{point.id} names no project and deploy key", advice="plan again")
    return project, number


def _listed(admin: Admin, project: str) -> set[str]:
    rows = admin.listed("deploy keys", "/projects/{id}/deploy_keys", "id", "key", id=project)
    return {str(row["id"]) for row in rows}
