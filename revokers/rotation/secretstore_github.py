"""GitHub Actions as a store for successors: existing secrets of a repository, one of its environments, or an
organisation.

GitHub takes a value as a libsodium sealed box, sealed to the public key of the place, and never tells it again: that it
arrived is seen by `updated_at` alone, which counts seconds. Each field is a secret of its own, so a job that starts
between two writes gets one old and one new. An organisation's secret is written with its visibility, or it would lose
the repositories that it is for.

https://docs.github.com/en/rest/actions/secrets
https://docs.github.com/en/rest/guides/encrypting-secrets-for-the-rest-api
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from nacl.public import PublicKey, SealedBox

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import Exchange
from offkey.secret import Secret
from revokers.github_admin import PROVIDER, Settings, signed, write_token
from revokers.parts import fields as fields_of
from revokers.parts import last, objects
from revokers.protocol import NotIdentified, Unclear
from revokers.rotation import Held

__all__ = ["NEEDS", "PLACES", "PROVIDER", "gate", "look", "put", "refusal"]

PLACES: tuple[frozenset[str], ...] = (
    frozenset({"repository"}),
    frozenset({"repository", "environment"}),
    frozenset({"organisation"}),
)
NEEDS: Mapping[str, str] = {
    "a repository's Secrets: read and write (classic: repo)": "apply: storing the successor in a repository",
    "a repository's Environments: read and write (classic: repo)": "apply: storing it in an environment",
    "an organisation's Secrets: read and write (classic: admin:org)": "apply: storing it in an organisation",
}
_OF_REPOSITORY = "/repos/{owner}/{repo}/actions/secrets"
_OF_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment}/secrets"
_OF_ORGANISATION = "/orgs/{org}/actions/secrets"
WRITES: frozenset[Operation] = frozenset(
    ("PUT", f"{where}/{{name}}") for where in (_OF_REPOSITORY, _OF_ENVIRONMENT, _OF_ORGANISATION)
)
_MOST_REPOSITORIES = 100


def refusal(place: Mapping[str, str], fields: Mapping[str, str]) -> str:
    """GitHub's rules for names: https://docs.github.com/en/actions/reference/security/secrets."""
    repository = place.get("repository", "o/r")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository) or {".", ".."} & set(repository.split("/")):
        return 'repository must be "owner/name"'
    if "" in place.values():
        return "a part of the place is empty"
    names = fields.values()
    if any(not re.fullmatch(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", name) for name in names):
        return "a secret's name has capitals, digits and _ alone, and does not begin with a digit or GITHUB_"
    return ""


def gate(place: Mapping[str, str]) -> tuple[Gate, str]:
    host = "api.github.com"
    return Gate(provider=PROVIDER, hosts=frozenset({host}), writes=WRITES), f"https://{host}"


def _at(place: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The path of the place's secrets, and what fills it."""
    if "organisation" in place:
        return _OF_ORGANISATION, {"org": place["organisation"]}
    owner, _, repo = place["repository"].partition("/")
    path = {"owner": owner, "repo": repo}
    return (_OF_ENVIRONMENT, {**path, "environment": place["environment"]}) if "environment" in place else (
        _OF_REPOSITORY, path,
    )  # fmt: skip


def look(http: Reader, settings: Settings, place: Mapping[str, str], fields: Mapping[str, str]) -> Held:
    """When each of the secrets was last changed, by name."""
    return Held(
        versions=tuple(str(_row(http, settings, place, name)["updated_at"]) for name in sorted(fields.values()))
    )


def _row(http: Reader, settings: Settings, place: Mapping[str, str], name: str) -> dict[str, Any]:
    template, path = _at(place)
    answer = http.request("GET", f"{template}/{{name}}", path={**path, "name": name}, **_signed(settings))
    if answer.status == 404:
        raise NotIdentified(
            f"GitHub has no secret {name} at {' '.join(place.values())}, or does not show it",
            advice="make it there first, with any value: offkey makes no secrets, it fills them",
        )
    return fields_of(answer, f"GET {template}/{name}", "updated_at")


def put(
    http: Writer, settings: Settings, place: Mapping[str, str], values: Mapping[str, Secret], before: Held
) -> Exchange:
    """Each value sealed, one after the other; what is refused ends it."""
    if look(http, settings, place, {name: name for name in values}) != before:
        raise Unclear("the secret was changed by somebody else meanwhile", advice="see by whom, and plan again")
    template, path = _at(place)
    answer = http.request("GET", f"{template}/public-key", path=path, **_signed(settings))
    key = fields_of(answer, f"GET {template}/public-key", "key", "key_id")
    rights = {name: _rights(http, settings, place, name) for name in values}
    for name, value in sorted(values.items()):
        sealed = SealedBox(PublicKey(base64.b64decode(str(key["key"])))).encrypt(value.reveal())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": str(key["key_id"]), **rights[name]}
        where = {**path, "name": name}
        answer = http.request("PUT", f"{template}/{{name}}", path=where, json=body, **_signed(settings, value))
        if answer.status not in (201, 204):
            break
    return last(http)


def _rights(http: Reader, settings: Settings, place: Mapping[str, str], name: str) -> dict[str, Any]:
    """Who may use an organisation's secret, as it is; nothing for others."""
    if "organisation" not in place:
        return {}
    visibility = str(_row(http, settings, place, name).get("visibility", ""))
    if visibility != "selected":
        return {"visibility": visibility}
    template, path = _at(place)
    answers = http.pages(
        f"{template}/{{name}}/repositories",
        per_page=_MOST_REPOSITORIES,
        path={**path, "name": name},
        **_signed(settings),
    )
    rows = [row for answer in answers for row in objects(answer, f"repositories of {name}", "repositories")]
    return {"visibility": visibility, "selected_repository_ids": [row["id"] for row in rows]}


def _signed(settings: Settings, *more: Secret) -> dict[str, Any]:
    token = write_token(settings)
    return {"headers": signed(token), "hide": (token, *more)}
