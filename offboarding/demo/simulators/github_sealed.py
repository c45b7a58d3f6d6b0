"""Secrets for Actions that are written: sealed to a public key whose private half this simulator really holds.

Facts (GitHub's API description, rest/actions/secrets): the value comes as a libsodium sealed box in base64, with the id
of the key that it is sealed to; 201 is the answer to a new secret, 204 to a changed one. An organisation's secret is
written with its visibility.
"""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from offboarding.demo.simulators import github_views as views
from offboarding.demo.simulators.github_calls import Call, Refusal, invalid, page
from offboarding.demo.simulators.github_state import Entry, User
from offboarding.demo.simulators.wire import Answer

_CREATED = "2020-01-01T00:00:00Z"


def public_key(call: Call) -> Answer:
    box = _box(call, _where(call))
    return Answer(status=200, body={"key_id": _id(box), "key": base64.b64encode(bytes(box.public_key)).decode()})


def show(call: Call) -> Answer:
    """One secret, by name and dates."""
    entry = _entry(call)
    view = {"name": entry.name, "created_at": _CREATED, "updated_at": entry.updated_at}
    if "org" not in call.params:
        return Answer(status=200, body=view)
    url = f"{call.api}/orgs/{call.params['org']}/actions/secrets/{entry.name}/repositories"
    more = {"selected_repositories_url": url} if entry.visibility == "selected" else {}
    return Answer(status=200, body={**view, "visibility": entry.visibility, **more})


def repositories(call: Call) -> Answer:
    """The repositories that an organisation's secret is for."""
    org = call.org()
    owner = User(id=org.id, login=org.login, kind="Organization")
    found = [call.state.repo(name) for name in _entry(call).repositories]
    rows = [views.repository(call.api, repo, owner) for repo in found if repo is not None]
    shown, headers = page(call, rows)
    return Answer(status=200, body={"total_count": len(rows), "repositories": list(shown)}, headers=headers)


def put(call: Call) -> Answer:
    """Opens the sealed box, and keeps what was in it. The time of a change is never the one before."""
    where, body = _where(call), call.body()
    box = _box(call, where)
    if body.get("key_id") != _id(box):
        raise invalid("Secret", "key_id")
    try:
        value = SealedBox(box).decrypt(base64.b64decode(str(body.get("encrypted_value", "")))).decode()
    except (ValueError, CryptoError):
        raise invalid("Secret", "encrypted_value") from None
    more: dict[str, Any] = {}
    if "org" in call.params:
        ids = set(map(int, body.get("selected_repository_ids", ())))
        names = tuple(repo.full_name for repo in call.state.repos.values() if repo.id in ids)
        more = {"visibility": body["visibility"], "repositories": names}
    old = call.state.stores.entries.get((where.lower(), "actions"), {}).get(call.params["name"].upper())
    entry = Entry(name=call.params["name"], value=value, **more)
    if old is not None and entry.updated_at <= old.updated_at:
        later = datetime.fromisoformat(old.updated_at) + timedelta(seconds=1)
        entry.updated_at = later.isoformat().replace("+00:00", "Z")
    call.state.stores.put(where, "actions", entry)
    return Answer(status=204 if old else 201, body=None if old else {}, wrote=True)


def _where(call: Call) -> str:
    if "org" in call.params:
        return call.administered_org("admin:org", "write").login
    repo = call.writable_repo()
    environment = call.params.get("environment")
    if environment is not None and environment not in call.state.stores.environments.get(repo.full_name.lower(), ()):
        raise Refusal(404, "Not Found")
    return f"{repo.full_name} {environment}" if environment else repo.full_name


def _entry(call: Call) -> Entry:
    found = call.state.stores.entries.get((_where(call).lower(), "actions"), {}).get(call.params["name"].upper())
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _box(call: Call, where: str) -> PrivateKey:
    box: PrivateKey = call.state.stores.boxes.setdefault(where.lower(), PrivateKey.generate())
    return box


def _id(box: PrivateKey) -> str:
    return hashlib.sha256(bytes(box.public_key)).hexdigest()[:18]


_SCOPES = ("/repos/{owner}/{repo}/actions", "/repos/{owner}/{repo}/environments/{environment}", "/orgs/{org}/actions")
ROUTES: tuple[tuple[str, str, Callable[[Call], Answer]], ...] = (
    *(("GET", f"{scope}/secrets/public-key", public_key) for scope in _SCOPES),
    *(("GET", f"{scope}/secrets/{{name}}", show) for scope in _SCOPES),
    *(("PUT", f"{scope}/secrets/{{name}}", put) for scope in _SCOPES),
    ("GET", "/orgs/{org}/actions/secrets/{name}/repositories", repositories),
)
"""Method, path and handler; the key's name goes before a secret's."""
