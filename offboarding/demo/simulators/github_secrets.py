"""The secret stores of the GitHub simulator: secrets and variables of organisations, repositories and environments.

Facts (GitHub's API description and docs.github.com, rest/actions/secrets): a secret is told by name and dates, never by
value; a repository's list of its organisation's secrets holds those whose visibility lets it in; organisation lists are
for owners with `admin:org`, repository lists for whoever may write, with `repo`. Names are kept in capitals.
"""

from collections.abc import Iterable
from typing import Any

from offboarding.demo.simulators.github_calls import Call, Refusal, page
from offboarding.demo.simulators.github_state import Entry, Organisation, Repository, Store
from offboarding.demo.simulators.wire import Answer

_CREATED = "2020-01-01T00:00:00Z"
KINDS = ("actions/secrets", "actions/variables", "dependabot/secrets", "codespaces/secrets")
OF_ORG = ("organization-secrets", "organization-variables")
_NAMED: tuple[Store, ...] = ("dependabot", "codespaces")


def of_org(call: Call) -> Answer:
    """`/orgs/{org}/actions/secrets` and its like."""
    org = call.administered_org("admin:org", "read")
    store = _store(call)
    found = call.state.stores.of(org.login, store)
    return _listed(call, store, [_org_view(call, org, store, entry) for entry in found])


def of_repo(call: Call) -> Answer:
    repo, store = call.writable_repo(), _store(call)
    return _listed(call, store, [_view(call, store, entry) for entry in call.state.stores.of(repo.full_name, store)])


def of_org_for_repo(call: Call) -> Answer:
    """What a repository may use of its organisation's."""
    repo, store = call.writable_repo(), _store(call)
    found = [entry for entry in call.state.stores.of(repo.owner, store) if _let_in(repo, entry)]
    return _listed(call, store, [_view(call, store, entry) for entry in found])


def of_environment(call: Call) -> Answer:
    repo, store = call.writable_repo(), _store(call)
    name = call.params["environment"]
    if name not in call.state.stores.environments.get(repo.full_name.lower(), ()):
        raise Refusal(404, "Not Found")
    found = call.state.stores.of(f"{repo.full_name} {name}", store)
    return _listed(call, store, [_view(call, store, entry) for entry in found])


def list_environments(call: Call) -> Answer:
    repo = call.repo()
    names = call.state.stores.environments.get(repo.full_name.lower(), [])
    shown, headers = page(call, names)
    url = f"{call.api}/repos/{repo.full_name}/environments"
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "node_id": f"EN_{number}",
            "name": name,
            "url": f"{url}/{name}",
            "html_url": f"{call.api}/{repo.full_name}/deployments/{name}",
            "created_at": _CREATED,
            "updated_at": _CREATED,
            "protection_rules": [],
            "deployment_branch_policy": None,
        }
        for number, name in enumerate(shown, start=1)
    ]
    return Answer(status=200, body={"total_count": len(names), "environments": rows}, headers=headers)


def _store(call: Call) -> Store:
    """The store that the path names: `/actions/variables`, `/dependabot/secrets`, `/environments/x/secrets`."""
    words = call.request.path.split("/")
    if words[-1].endswith("variables"):
        return "variables"
    return next((store for store in _NAMED if store in words), "actions")


def _let_in(repo: Repository, entry: Entry) -> bool:
    if entry.visibility == "selected":
        return repo.full_name in entry.repositories
    return entry.visibility == "all" or repo.private


def _listed(call: Call, store: Store, rows: Iterable[dict[str, Any]]) -> Answer:
    found = list(rows)
    shown, headers = page(call, found)
    key = "variables" if store == "variables" else "secrets"
    return Answer(status=200, body={"total_count": len(found), key: list(shown)}, headers=headers)


def _view(call: Call, store: Store, entry: Entry) -> dict[str, Any]:
    view = {"name": entry.name, "created_at": _CREATED, "updated_at": entry.updated_at}
    return view | ({"value": entry.value} if store == "variables" else {})


def _org_view(call: Call, org: Organisation, store: Store, entry: Entry) -> dict[str, Any]:
    view = {**_view(call, store, entry), "visibility": entry.visibility}
    if entry.visibility == "selected":
        kind = "actions/variables" if store == "variables" else f"{store}/secrets"
        view["selected_repositories_url"] = f"{call.api}/orgs/{org.login}/{kind}/{entry.name}/repositories"
    return view
