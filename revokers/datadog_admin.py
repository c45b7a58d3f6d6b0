"""Datadog as an administrator sees it: users, API keys, application keys and personal access tokens.

Lists are JSON:API, in pages numbered from 0; `meta.page` says how many rows there are in all, and a list that ends
before that is not whole. Keys are listed by id with their last four characters. A user is found by their exact address.

https://docs.datadoghq.com/api/latest/key-management/
https://docs.datadoghq.com/api/latest/users/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Answer, Reader
from offkey.model import AccessPoint, Account, Bond, Check, Credential, Gap, Ownership
from offkey.secret import Secret
from revokers import datadog_roles, owners
from revokers.parts import configured, dead, fields, live, objects, or_gap, pair, text, when
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "datadog"
API_KEY, APP_KEY, TOKEN, USER = "datadog.api_key", "datadog.app_key", "datadog.access_token", "datadog.user"
NEEDS: Mapping[str, str] = {
    "user_access_read": "finding the person, reading whether they are disabled",
    "api_keys_read": "reading who made which API key",
    "org_app_keys_read": "reading whose the application keys and access tokens are",
    "user_access_manage": "apply: disabling the person",
    "api_keys_delete": "apply: deleting API keys",
    "org_app_keys_write": "apply: deleting application keys and access tokens",
}
LISTS = {
    API_KEY: ("/api/v2/api_keys", "created_by"),
    APP_KEY: ("/api/v2/application_keys", "owned_by"),
    TOKEN: ("/api/v2/personal_access_tokens", "owned_by"),
}
"""Where each kind is listed, and the relationship that names its user."""
USERS = "/api/v2/users"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are an API key and an application key, in this order. `url` is the API of the organisation's
    site, as `https://api.datadoghq.eu`; empty for datadoghq.com."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Admin:
    """One pair of keys' view of its organisation."""

    http: Reader
    keys: tuple[Secret, Secret]

    def signed(self) -> dict[str, str]:
        return {"DD-API-KEY": text(self.keys[0]), "DD-APPLICATION-KEY": text(self.keys[1])}

    def get(
        self, template: str, path: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> Answer:
        return self.http.request("GET", template, path=path, params=params, headers=self.signed(), hide=self.keys)

    def works(self, credential: Credential) -> bool:
        """Whether an application key works beside the organisation's own API key, and so is of this organisation."""
        secret = credential.secret
        signed = {"DD-API-KEY": text(self.keys[0]), "DD-APPLICATION-KEY": text(secret)}
        answer = self.http.request("GET", "/api/v2/validate_keys", headers=signed, hide=(*self.keys, secret))
        return answer.status == 200 and isinstance(answer.json, dict) and answer.json.get("status") == "ok"

    def own_user(self) -> str:
        """The id of the user whose application key offkey asks with."""
        return str(fields(self.get("/api/v2/current_user"), "current_user", "data")["data"]["id"])

    def rows(self, template: str, **params: str) -> Iterator[dict[str, Any]]:
        """Every row of a list. Raises Unclear for a page that is none, and for a list that ends too early."""
        return (row for _, row in self.told(template, **params))

    def told(self, template: str, **params: str) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Every row of a list with the answer that it stands in. Raises as `rows` does."""
        seen = 0
        for number in range(1000):
            numbered = {"page[size]": "100", "page[number]": str(number), **params}
            answer = self.get(template, params=numbered)
            found = objects(answer, template, "data", "meta")
            yield from ((answer, row) for row in found)
            seen += len(found)
            if seen >= int(answer.json["meta"]["page"]["total_filtered_count"]):
                return
            if not found:
                break
        raise Unclear(f"{template} ended after {seen} rows, before its end", advice="try again later")

    def user(self, account: Account) -> dict[str, Any] | None:
        """The user of this id, or of exactly this address; None when nobody has it. Raises Unclear, NotIdentified."""
        if account.id:
            return self.user_of(account.id)
        if not account.email:
            raise NotIdentified("Datadog finds users by id or e-mail address", advice="add either to the directory")
        wanted = account.email.casefold()
        found = [
            row
            for row in self.rows(USERS, filter=account.email)
            if str(row["attributes"]["email"]).casefold() == wanted and not row["attributes"].get("service_account")
        ]
        if len(found) > 1:
            several = ", ".join(sorted(str(row["id"]) for row in found))
            raise NotIdentified("several users have this address", advice=f"add the right id: {several}")
        return found[0] if found else None

    def administrators(self, identity: str) -> tuple[str, ...]:
        """What is seen of other administrators than this user."""
        path = {"user_id": identity}
        return datadog_roles.beside(identity, self.get(f"{USERS}/{{user_id}}", path), lambda: self.told(USERS))

    def user_of(self, identity: str) -> dict[str, Any]:
        """The user of this id. Raises Unclear."""
        found = dict(fields(self.get(f"{USERS}/{{user_id}}", {"user_id": identity}), "the user", "data")["data"])
        if found["id"] != identity:
            raise Unclear("Datadog answered with another user", advice="try again later")
        return found

    def every(self, kind: str) -> list[dict[str, Any]]:
        """The whole list of a kind. Raises Unclear for a list of keys that has not even offkey's own."""
        found = list(self.listed(kind))
        if not found and kind != TOKEN:
            raise Unclear(f"{kind}: the list is empty", advice="offkey's keys must see the whole list")
        return found

    def listed(self, kind: str, holder: str = "") -> Iterator[dict[str, Any]]:
        """The rows of a kind; of one user where `holder` is their id."""
        template, relation = LISTS[kind]
        narrow = {"filter[owned_by]": holder} if holder and relation == "owned_by" else {}
        for row in self.rows(template, **narrow):
            if not holder or owner(kind, row) == holder:
                yield row


def admin(http: Reader, settings: Settings, *, write: bool = False) -> Admin:
    return Admin(http, pair(configured(settings, write=write)))


def owner(kind: str, row: Mapping[str, Any]) -> str:
    """The user's id that a row names."""
    return str(row["relationships"][LISTS[kind][1]]["data"]["id"])


def account_of(user: Mapping[str, Any]) -> Account:
    about = user["attributes"]
    return Account(
        provider=PROVIDER, id=str(user["id"]), login=str(about.get("handle") or ""), email=str(about["email"])
    )


def told(http: Reader, user: Mapping[str, Any], holder: Account | None) -> Check:
    """What a user's own `disabled` says."""
    disabled = user["attributes"]["disabled"]
    if disabled is True:
        return dead(http, "disabled", holder, "disabled")
    if disabled is False:
        return live(http, "an active user", holder, "active")
    raise Unclear("the user says neither disabled nor not", advice="try again later")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, and what is theirs: application keys, access tokens, and the organisation's API keys that they made."""
    yield from or_gap(f"datadog {account.email or account.id}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    asker = admin(http, settings)
    user = asker.user(account)
    if user is None:
        return
    about = user["attributes"]
    holder = account_of(user)
    shared = Ownership.SHARED if about.get("service_account") else Ownership.PERSONAL
    alone, gaps = owners.looked("datadog", lambda: asker.administrators(holder.id), NEEDS)
    listed = _point(USER, holder, told(http, user, holder), shared, evidence="the organisation lists the user")
    yield replace(listed, evidence=(*listed.evidence, *alone))
    yield from gaps
    for kind in LISTS:
        yield from or_gap(f"datadog: {kind}", _of(asker, kind, holder, shared), needs=NEEDS)


def _of(asker: Admin, kind: str, holder: Account, shared: Ownership) -> Iterator[AccessPoint]:
    for row in asker.listed(kind, holder.id):
        yield row_point(asker, kind, row, holder, robot=shared is Ownership.SHARED)


def row_point(asker: Admin, kind: str, row: Mapping[str, Any], holder: Account, *, robot: bool) -> AccessPoint:
    """A listed key. `robot`: its user is a service account."""
    about = row["attributes"]
    ends = about.get("last4") or about.get("public_portion") or ""
    made = "made by them for the organisation" if kind == API_KEY else "theirs"
    return _point(
        kind,
        holder,
        live(asker.http, "listed by the organisation", holder, "listed"),
        Ownership.SHARED if kind == API_KEY or robot else Ownership.PERSONAL,
        evidence=f"{about.get('name') or ''} …{ends}: {made}",
        identity=str(row["id"]),
        used=when(about.get("last_used_at") or about.get("date_last_used")),
    )


def _point(
    kind: str,
    holder: Account,
    check: Check,
    ownership: Ownership,
    *,
    evidence: str,
    identity: str = "",
    used: Any = None,
) -> AccessPoint:
    return AccessPoint(
        id=f"{kind}:{identity or holder.id}",
        provider=PROVIDER,
        kind=kind,
        holder=holder,
        ownership=ownership,
        bond=Bond.THEIRS,
        provider_id=identity or holder.id,
        last_used=used,
        check=check,
        evidence=(evidence,),
    )
