"""Confluent Cloud as an administrator lists it: users of the organisation, and the API keys that each owns.

Lists go on while `metadata.next` has a `page_token`; the address it stands in is not followed.

https://docs.confluent.io/cloud/current/ccloud/api-keys-iam-v-2/
https://github.com/confluentinc/ccloud-sdk-go-v2: apikeys/v2/api/openapi.yaml, iam/v2/api/openapi.yaml
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import owners
from revokers.parts import basic, configured, fields, live, or_gap, pages, pair, text
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "confluent"
NEEDS: Mapping[str, str] = {"OrganizationAdmin": "reading users and keys; apply: deleting them"}
KEY, USER, SERVICE = "confluent.api_secret", "confluent.user", "service account"
ORGANISATIONS, BINDINGS, ADMIN = "/org/v2/organizations", "/iam/v2/role-bindings", "OrganizationAdmin"
ANOTHER = "make another user OrganizationAdmin at https://confluent.cloud/settings/org/accounts, then plan again"
KEYS, USERS = "/iam/v2/api-keys", "/iam/v2/users"
KEY_PATH, USER_PATH = f"{KEYS}/{{id}}", f"{USERS}/{{id}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are a Cloud API key and its secret, as "KEY,SECRET"."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and the API keys that they own."""
    yield from or_gap(f"confluent {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    signer = configured(settings)
    found = [row for row in users(http, signer) if _is(row, account)]
    if len(found) != 1 and (found or account.id or not account.email):
        raise NotIdentified(f"Confluent lists {len(found)} such users", advice="give the user's id or e-mail address")
    for row in found:
        holder = Account(provider=PROVIDER, id=str(row["id"]), email=str(row["email"]))
        alone, gaps = owners.looked("confluent", partial(administrators, http, signer, holder.id), NEEDS)
        person = live(http, "listed as a user", holder)
        yield _point(USER, holder.id, holder, person, "the organisation lists the user", *alone)
        yield from gaps
        for each in rows(http, signer, KEYS, **{"spec.owner": holder.id}):
            if owner(each) == holder.id:
                yield _point(KEY, str(each["id"]), holder, told(http, each), "listed as owned by the user")


def _point(kind: str, identity: str, holder: Account, check: Check, *evidence: str) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity}", provider=PROVIDER, kind=kind, holder=holder, ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS, provider_id=identity, check=check, evidence=evidence,
    )  # fmt: skip


def _is(row: Mapping[str, Any], account: Account) -> bool:
    if account.id:
        return str(row["id"]) == account.id
    return bool(account.email) and str(row["email"]).casefold() == account.email.casefold()


def users(http: Reader, signer: Secret) -> list[dict[str, Any]]:
    """Every user. Raises Unclear for an empty list: an organisation has an administrator."""
    found = [row for row in rows(http, signer, USERS) if {"id", "email"} <= row.keys()]
    if not found:
        raise Unclear("the list of users is empty", advice="the key needs the role OrganizationAdmin")
    return found


def administrators(http: Reader, signer: Secret, identity: str) -> tuple[str, ...]:
    """Which users are OrganizationAdmin besides this one; nobody need be for one who is not.

    https://github.com/confluentinc/ccloud-sdk-go-v2: mds/v2/api/openapi.yaml, org/v2/api/openapi.yaml
    """
    found = [str(row["id"]) for row in rows(http, signer, ORGANISATIONS)]
    if len(found) != 1:
        raise Unclear(f"the key sees {len(found)} organisations", advice="it must be one organisation's")
    crn = f"crn://confluent.cloud/organization={found[0]}"
    bound = rows(http, signer, BINDINGS, crn_pattern=crn, role_name=ADMIN)
    granted = {str(row["principal"]) for row in bound if (row["role_name"], row["crn_pattern"]) == (ADMIN, crn)}
    there = {f"User:{row['id']}" for row in users(http, signer)}
    mine = f"User:{identity}"
    return owners.beside(True, granted & there - {mine}) if mine in granted or not granted else ()


def rows(http: Reader, signer: Secret, template: str, **params: str) -> Iterator[dict[str, Any]]:
    asked, user = {"page_size": "100", **params}, pair(signer)
    headers = basic(text(user[0]), user[1])
    for answer in pages(http, template, _after, params=asked, headers=headers, hide=pair(signer)):
        yield from fields(answer, template, "data", "metadata")["data"]


def _after(answer: Answer) -> Mapping[str, str] | None:
    """The token in the address of the next page; the address itself is not followed."""
    following = str(answer.json["metadata"].get("next") or "")
    token = parse_qs(urlsplit(following).query).get("page_token", [""])[0]
    return {"page_token": token} if token else None


def ask(http: Reader, signer: Secret, identity: str) -> dict[str, Any] | None:
    """The key of this id; None where Confluent says that there is none. Raises Unclear for anything else."""
    user, password = pair(signer)
    answer = http.request(
        "GET", KEY_PATH, path={"id": identity}, headers=basic(text(user), password), hide=pair(signer)
    )
    errors = answer.json.get("errors") if isinstance(answer.json, dict) else None
    if answer.status == 404 and errors and errors[0].get("status") == "404":
        return None
    return key(answer, identity)


def key(answer: Answer, identity: str) -> dict[str, Any]:
    found = fields(answer, "the key", "id", "spec")
    if found["id"] != identity:
        raise Unclear("Confluent answered with another key", advice="plan again")
    return found


def owner(row: Mapping[str, Any]) -> str:
    return str(row["spec"]["owner"]["id"])


def told(http: Reader, row: Mapping[str, Any]) -> Check:
    holder = Account(provider=PROVIDER, id=owner(row))
    return live(http, f"owned by {holder.id}", holder, "user" if holder.id.startswith("u-") else SERVICE)
