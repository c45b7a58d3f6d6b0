"""The SSH side of the GitHub simulator: deploy keys, accounts' public keys, a server's list of all keys.

Simpler than GitHub: a deploy key outlives the token that it was made with.

A repository's deploy keys are shown to its administrators alone, and 404 to everybody else; an account's keys are
public. `/admin/keys` is Enterprise Server's, for site administrators.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from offboarding.demo.simulators import github_views as views
from offboarding.demo.simulators.github_calls import Call, Refusal, page
from offboarding.demo.simulators.github_state import Repository, State, User, now
from offboarding.demo.simulators.wire import Answer


class _Hub(Protocol):
    """What is needed of the simulator."""

    lock: Any
    state: State


@dataclass(kw_only=True)
class PublicKey:
    """`line` is the public key as ssh-keygen writes it. Either `login` or `repo` has it."""

    id: int
    line: str
    title: str = ""
    login: str = ""
    repo: str = ""
    added_by: str = ""
    read_only: bool = True
    created_at: str = field(default_factory=now)


def add(hub: _Hub, line: str, **more: Any) -> PublicKey:
    """An account's key (`login`), or a repository's deploy key (`repo`, `added_by`)."""
    with hub.lock:
        key = PublicKey(id=next(hub.state.ids), line=line, **more)
        hub.state.ssh_keys[key.id] = key
    return key


def list_repositories(call: Call) -> Answer:
    org = call.state.org(call.params["org"])
    if org is None:
        raise Refusal(404, "Not Found")
    found = [repo for repo in call.state.repos.values() if repo.owner == org.login and call.access(repo)]
    owner = User(id=org.id, login=org.login, kind="Organization")
    shown, headers = page(call, found)
    rows = [views.repository(call.api, repo, owner) for repo in shown]
    return Answer(status=200, body=rows, headers=headers)


def list_user_keys(call: Call) -> Answer:
    user = call.named_user()
    shown, headers = page(call, [key for key in _keys(call) if key.login == user.login])
    return Answer(
        status=200,
        body=[{"id": key.id, "key": key.line, "created_at": key.created_at} for key in shown],
        headers=headers,
    )


def list_deploy_keys(call: Call) -> Answer:
    repo = _administered(call)
    shown, headers = page(call, [key for key in _keys(call) if key.repo == repo.full_name])
    return Answer(status=200, body=[_view(call, key) for key in shown], headers=headers)


def delete_deploy_key(call: Call) -> Answer:
    repo = _administered(call)
    key = call.state.ssh_keys.get(int(call.params["key_id"]))
    if key is None or key.repo != repo.full_name:
        raise Refusal(404, "Not Found")
    del call.state.ssh_keys[key.id]
    return Answer(status=204, wrote=True)


def list_all_keys(call: Call) -> Answer:
    _site_administrator(call)
    shown, headers = page(call, list(_keys(call)))
    ids = {login: user.id for login, user in call.state.users.items()}
    rows = [
        _view(call, key)
        | {
            "last_used": None,
            "user_id": ids.get(key.login.lower()),
            "repository_id": call.state.repos[key.repo.lower()].id if key.repo else None,
        }
        for key in shown
    ]
    return Answer(status=200, body=rows, headers=headers)


def delete_key(call: Call) -> Answer:
    """One id is taken here; the server's documentation has a list of them."""
    _site_administrator(call)
    if call.state.ssh_keys.pop(int(call.params["key_ids"]), None) is None:
        raise Refusal(404, "Not Found")
    return Answer(status=204, wrote=True)


def revoke_authorizations(call: Call) -> Answer:
    """All of one account's single sign-on authorizations: accepted now, done a moment later."""
    org = call.administered_org("admin:org", "write")
    if not org.saml:
        raise Refusal(404, "Not Found")
    user = call.named_user()

    def drop() -> None:
        org.authorizations = {key: item for key, item in org.authorizations.items() if item.login != user.login}

    call.later(drop)
    return Answer(status=202, body={"message": "Credential authorizations are being revoked"}, wrote=True)


def _keys(call: Call) -> Iterator[PublicKey]:
    return (key for _, key in sorted(call.state.ssh_keys.items()))


def _administered(call: Call) -> Repository:
    """The repository in the path, for an owner of its organisation or an App of it."""
    repo = call.repo()
    org = call.state.org(repo.owner)
    if call.token is None or org is None or call.role(org) != "admin" or not call.scope("repo"):
        raise Refusal(404, "Not Found")
    return repo


def _site_administrator(call: Call) -> None:
    if not call.scope("site_admin") or not call.user().site_admin:
        raise Refusal(403, "Must be a site administrator.")


def _view(call: Call, key: PublicKey) -> dict[str, Any]:
    where = f"repos/{key.repo}" if key.repo else "user"
    return {
        "id": key.id,
        "key": key.line,
        "url": f"{call.api}/{where}/keys/{key.id}",
        "title": key.title,
        "verified": True,
        "created_at": key.created_at,
        "read_only": key.read_only,
        "added_by": key.added_by or None,
    }
