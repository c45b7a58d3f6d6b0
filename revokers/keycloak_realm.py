"""Keycloak by a client with a service account: a realm's users, their sessions and consents.

https://www.keycloak.org/docs-api/latest/rest-api/index.html#_users
https://www.keycloak.org/docs/latest/server_admin/#service-accounts
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from offkey.http import Reader, bearer
from offkey.model import AccessPoint, Account, Check, Gap, Ownership
from offkey.secret import Secret
from revokers import owners, rosters
from revokers.parts import configured, dead, fields, live, or_gap, pair, rows, text
from revokers.protocol import NotIdentified, Unclear

PROVIDER = "keycloak"
USER, SESSIONS, CONSENT = "keycloak.user", "keycloak.sessions", "keycloak.consent"
SIGN_IN = "/realms/{realm}/protocol/openid-connect/token"
USERS = "/admin/realms/{realm}/users"
ONE = f"{USERS}/{{id}}"
OF_ROLE = "/admin/realms/{realm}/roles/{role}/users"
MASTER, ADMIN = "master", "admin"
ANOTHER = "give another user of the realm master the role admin at https://KEYCLOAK/admin/master/console/ first"
CONSENT_OF = f"{ONE}/consents/{{client}}"
NEEDS: Mapping[str, str] = {
    "view-users": "reading users, sessions and consents",
    "view-realm": "in the realm master: seeing other administrators",
    "manage-users": "apply: disabling users, ending sessions and consents",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is Keycloak's address with its context path. `read` and `write` have two parts: the id and the secret of a
    client with a service account in `admin_realm` (the realm itself where it is empty).
    """

    url: str
    realm: str
    read: Secret | None = None
    write: Secret | None = None
    admin_realm: str = ""


@dataclass(frozen=True, slots=True)
class Realm:
    """One signed-in view of a realm."""

    http: Reader
    name: str
    token: Secret

    def options(self, **path: str) -> dict[str, Any]:
        return {"path": {"realm": self.name, **path}, "headers": bearer(self.token), "hide": (self.token,)}

    def user(self, ident: str) -> dict[str, Any]:
        """Raises Unclear for any other answer than this user's."""
        user = fields(self.http.request("GET", ONE, **self.options(id=ident)), "user", "id", "username", "enabled")
        if user["id"] != ident or not isinstance(user["enabled"], bool):
            raise Unclear("the answer is about another user, or does not say whether it is enabled")
        return user

    def administrators(self, user: Mapping[str, Any]) -> tuple[str, ...]:
        """Who has the master realm's role admin besides this user; any other realm is administered from there too."""
        if self.name != MASTER:
            return ()
        held = self.http.request("GET", f"{ONE}/role-mappings/realm/composite", **self.options(id=user["id"]))
        if all(row["name"] != ADMIN for row in rows([held], "roles", "name")):
            return ()
        return owners.beside(
            True, (row for row in self._admins() if row["enabled"] is True and row["id"] != user["id"])
        )

    def _admins(self) -> Iterator[dict[str, Any]]:
        """The users whom the role is given to, page by page; a client's own user signs in nowhere."""
        first = 0
        while True:
            params = {"first": str(first), "max": "100"}
            answer = self.http.request("GET", OF_ROLE, params=params, **self.options(role=ADMIN))
            page = list(rows([answer], "administrators", "id", "username", "enabled"))
            yield from (row for row in page if not str(row["username"]).startswith("service-account-"))
            if not page:
                return
            first += len(page)

    def listed(self, ident: str, what: str, name: str) -> list[dict[str, Any]]:
        """The user's sessions or consents."""
        return list(rows([self.http.request("GET", f"{ONE}/{what}", **self.options(id=ident))], what, name))


def signed_in(http: Reader, settings: Settings, *, write: bool = False) -> Realm:
    """Raises Unclear when Keycloak does not take the configured client."""
    client, secret = pair(configured(settings, write=write))
    form = {"grant_type": "client_credentials", "client_id": text(client), "client_secret": text(secret)}
    path = {"realm": settings.admin_realm or settings.realm}
    answer = http.request("POST", SIGN_IN, path=path, form=form, hide=(secret,))
    token = fields(answer, "signing in", "access_token")["access_token"]
    return Realm(http, settings.realm, Secret(token.encode()))


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user of the realm, the sessions as one, and each consent."""
    yield from or_gap(f"keycloak {settings.realm}", _inventory(http, settings, account), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    realm = signed_in(http, settings)
    user = _find(realm, account)
    if user is None:
        return
    name, email = str(user["username"]), str(user.get("email") or "")
    holder = Account(provider=PROVIDER, id=user["id"], login=name, email=email)
    of_client = bool(user.get("serviceAccountClientId"))
    sessions = realm.listed(user["id"], "sessions", "id")
    alone, gaps = owners.looked(f"keycloak {settings.realm}", lambda: realm.administrators(user), NEEDS)
    yield from gaps
    points = [rosters.point(USER, user["id"], holder, enabled(http, user), f"a user of {settings.realm}", *alone)]
    points.append(rosters.point(SESSIONS, user["id"], holder, signed_on(http, sessions), f"{len(sessions)} sessions"))
    for consent in realm.listed(user["id"], "consents", "clientId"):
        ident, said = f"{user['id']}/{consent['clientId']}", f"consented to {consent['clientId']}"
        points.append(rosters.point(CONSENT, ident, holder, live(http, "listed", holder), said))
    yield from (replace(p, ownership=Ownership.SHARED) if of_client else p for p in points)


def _find(realm: Realm, account: Account) -> dict[str, Any] | None:
    if account.id:
        return realm.user(account.id)
    narrow = {"username": account.login} if account.login else {"email": account.email}
    if not any(narrow.values()):
        raise NotIdentified("Keycloak finds users by id, name or address", advice="add one to the directory")
    params = {**narrow, "exact": "true"}
    found = list(rows([realm.http.request("GET", USERS, params=params, **realm.options())], "users", "id", "username"))
    ((name, value),) = narrow.items()
    same = [user for user in found if str(user.get(name, "")).lower() == value.lower()]
    one = rosters.the_one(same, account, realm.name)
    return realm.user(one["id"]) if one else None


def enabled(http: Reader, user: Mapping[str, Any]) -> Check:
    return live(http, "enabled") if user["enabled"] else dead(http, "disabled", status="disabled")


def signed_on(http: Reader, sessions: list[dict[str, Any]]) -> Check:
    return live(http, f"{len(sessions)} sessions") if sessions else dead(http, "no session", status="removed")
