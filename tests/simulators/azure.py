"""Microsoft Graph and Azure DevOps, stateful: users, their grants, applications' secrets, personal access tokens.

Facts (descriptions of Graph v1.0 and of Azure DevOps's token administration): collections come in pages that a
link names; `hint` is the first three characters of a secret; actions without a result answer 204, revoking sign-ins
200 with a value. Azure DevOps's token list ends with an all-zero continuation token.
Simpler than Microsoft: one tenant, one organisation, filters are the two that offkey sends. Azure DevOps's two hosts
and the one where applications sign in are asked under `/host/path`.
"""

import re
import uuid
from typing import Any
from urllib.parse import parse_qs

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from offkey.secret import Secret
from tests.simulators.rest import RestSimulator, bearer_of, done, fold, ok, route

ORGANISATION = "acme"
GLOBAL_ADMIN = "62e90394-69f5-4237-9190-012177145e10"
TENANT = "11111111-2222-3333-4444-555555555555"
_DEVOPS = "/vssps.dev.azure.com/{organisation}/_apis"


def identity(seed: str) -> str:
    return str(uuid.UUID(tokens.pick(seed, "azure id", 32, tokens.HEX)))


def client_secret(seed: str) -> str:
    return f"{tokens.pick(seed, 'azure begins', 3)}8Q~{tokens.pick(seed, 'azure secret', 34)}"


def devops_pat(seed: str) -> str:
    return tokens.pick(seed, "azure devops", 76) + "AZDO" + tokens.pick(seed, "azure devops end", 4)


class AzureSimulator(RestSimulator):
    """`admin` are an administrator's two tokens: Graph's and Azure DevOps's."""

    PROVIDER = "azure"
    CONTRACTS = (
        ("/v1.0", "microsoft-graph"),
        ("/vssps.dev.azure.com", "azure-devops"),
        ("/app.vssps.visualstudio.com", "azure-devops-profile"),
    )
    UNDESCRIBED = {
        ("azure-devops", "GET", "/{organization}/_apis/graph/users"): "its Graph service has a description of its own",
    }
    DEVIATIONS = {
        ("azure-devops-profile", "GET", "/_apis/profile/profiles/{id}", "status 401"): "only 200 is described",
    }

    def __init__(self) -> None:
        super().__init__()
        self.admin = (tokens.pick("graph", "entra token", 60), tokens.pick("devops", "entra token", 60))
        self.users: dict[str, dict[str, Any]] = {}
        self.sign_ins_revoked: list[str] = []
        self.grants: dict[str, dict[str, Any]] = {}
        self.applications: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, list[str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.values: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        """Assignments of the role Global Administrator: principal by assignment."""
        self.strangers: set[str] = set()
        """Users of the tenant whom the Azure DevOps organisation does not have."""
        self.secrets: dict[str, str] = {}

    def add_user(self, name: str) -> str:
        made = identity(name)
        address = f"{name}@example.com"
        told = {"id": made, "userPrincipalName": address, "mail": address, "accountEnabled": True, "userType": "Member"}
        self.users[made] = told | {"onPremisesSyncEnabled": None}
        self.owners[made] = []
        return made

    def make_admin(self, user: str) -> None:
        self.roles[tokens.pick(user, "assignment", 44, tokens.URL_SAFE)] = user

    def add_grant(self, user: str, seed: str) -> str:
        made = tokens.pick(seed, "grant", 43, tokens.URL_SAFE)
        told = {"id": made, "clientId": identity("client"), "consentType": "Principal", "principalId": user}
        self.grants[made] = told | {"resourceId": identity("resource"), "scope": "Mail.Read"}
        return made

    def add_application(self, user: str, seed: str) -> str:
        made = identity(f"object {seed}")
        told = {"id": made, "appId": identity(f"application {seed}"), "displayName": seed, "keyCredentials": []}
        self.applications[made] = told | {"passwordCredentials": []}
        self.owners[user].append(made)
        return made

    def add_secret(self, application: str, value: str) -> str:
        made = identity(value)
        told = {"keyId": made, "hint": value[:3], "displayName": "made", "endDateTime": "2099-01-01T00:00:00Z"}
        self.applications[application]["passwordCredentials"].append(told)
        self.secrets[fold(value)] = made
        return made

    def add_token(self, user: str, seed: str) -> str:
        made = identity(f"authorization {seed}")
        told = {"authorizationId": made, "displayName": seed, "scope": "vso.code", "isValid": True}
        self.tokens[made] = told | {"userId": user, "validTo": "2099-01-01T00:00:00Z"}
        self.values[fold(devops_pat(seed))] = made
        return made

    def error(self, status: int) -> Answer:
        code = "Request_ResourceNotFound" if status == 404 else "Trouble"
        return Answer(status=status, body={"error": {"code": code, "message": "trouble"}})

    def who(self, request: Request) -> str:
        return "administrator" if bearer_of(request) in self.admin else "somebody"

    def answer(self, request: Request) -> Answer:
        devops, graph = request.path.startswith("/vssps"), request.path.startswith("/v1.0")
        if graph and bearer_of(request) != self.admin[0]:
            return self.error(401)
        if devops and bearer_of(request) != self.admin[1]:
            return Answer(status=401)
        return super().answer(request)

    def _collection(self, rows: list[dict[str, Any]], request: Request) -> Answer:
        shown, after = self.slice(rows, request, offset="$skiptoken")
        link = f"https://elsewhere.example.com/v1.0/x?$skiptoken={after}"
        return ok({"value": shown, **({"@odata.nextLink": link} if after else {})})

    @route("GET", "/v1.0/users")
    def list_users(self, request: Request) -> Answer:
        told = re.findall(r"eq '((?:[^']|'')*)'(?= or |$)", request.query["$filter"][0])
        names = {name.replace("''", "'") for name in told}
        same = [user for user in self.users.values() if {user["mail"], user["userPrincipalName"]} & names]
        return self._collection(same, request)

    @route("GET", "/v1.0/users/{user}")
    def get_user(self, _: Request, user: str) -> Answer:
        same = [told for told in self.users.values() if user in (told["id"], told["userPrincipalName"])]
        return ok(same[0]) if same else self.error(404)

    @route("PATCH", "/v1.0/users/{user}")
    def change_user(self, request: Request, user: str) -> Answer:
        self.users[user] |= request.json()
        return done()

    @route("POST", "/v1.0/users/{user}/revokeSignInSessions")
    def sign_out(self, _: Request, user: str) -> Answer:
        self.sign_ins_revoked.append(user)
        return done(200, {"value": True})

    @route("GET", "/v1.0/users/{user}/transitiveMemberOf")
    def member_of(self, request: Request, user: str) -> Answer:
        role = {"@odata.type": "#microsoft.graph.directoryRole", "id": identity("role"), "roleTemplateId": GLOBAL_ADMIN}
        group = {"@odata.type": "#microsoft.graph.group", "id": identity("everybody")}
        return self._collection([group, role] if user in self.roles.values() else [group], request)

    @route("GET", "/v1.0/roleManagement/directory/roleAssignments")
    def assignments(self, request: Request) -> Answer:
        assert request.query["$filter"] == [f"roleDefinitionId eq '{GLOBAL_ADMIN}'"]
        told = {"roleDefinitionId": GLOBAL_ADMIN, "directoryScopeId": "/"}
        return self._collection([told | {"id": one, "principalId": who} for one, who in self.roles.items()], request)

    @route("GET", "/v1.0/users/{user}/oauth2PermissionGrants")
    def list_grants(self, request: Request, user: str) -> Answer:
        return self._collection([row for row in self.grants.values() if row["principalId"] == user], request)

    @route("DELETE", "/v1.0/oauth2PermissionGrants/{grant}")
    def delete_grant(self, _: Request, grant: str) -> Answer:
        return done() if self.grants.pop(grant, None) else self.error(404)

    @route("GET", "/v1.0/users/{user}/ownedObjects")
    def owned(self, request: Request, user: str) -> Answer:
        rows: list[dict[str, Any]] = [{"@odata.type": "#microsoft.graph.group", "id": identity("a group")}]
        rows += [{"@odata.type": "#microsoft.graph.application", "id": one} for one in self.owners[user]]
        return self._collection(rows, request)

    @route("GET", "/v1.0/applications")
    def list_applications(self, request: Request) -> Answer:
        wanted = re.findall(r"appId eq '([^']*)'", request.query["$filter"][0])
        return self._collection([row for row in self.applications.values() if row["appId"] in wanted], request)

    @route("GET", "/v1.0/applications/{application}")
    def get_application(self, _: Request, application: str) -> Answer:
        return ok(self.applications[application]) if application in self.applications else self.error(404)

    @route("POST", "/v1.0/applications/{application}/removePassword")
    def remove_password(self, request: Request, application: str) -> Answer:
        secrets = self.applications[application]["passwordCredentials"]
        same = [row for row in secrets if row["keyId"] == request.json()["keyId"]]
        if not same:
            return Answer(
                status=400, body={"error": {"code": "Request_BadRequest", "message": "No password credential"}}
            )
        secrets.remove(same[0])
        return done()

    @route("GET", _DEVOPS + "/graph/users")
    def devops_users(self, request: Request, organisation: str) -> Answer:
        rows = [
            {"subjectKind": "user", "principalName": user["userPrincipalName"], "mailAddress": user["mail"],
             "descriptor": f"aad.{made.replace('-', '')}", "originId": made}
            for made, user in self.users.items() if made not in self.strangers
        ]  # fmt: skip
        shown, after = self.slice(rows, request, offset="continuationToken")
        answer = ok({"count": len(shown), "value": shown})
        answer.headers |= {"X-MS-ContinuationToken": str(after)} if after else {}
        return answer

    @route("GET", _DEVOPS + "/tokenadmin/personalaccesstokens/{subject}")
    def devops_tokens(self, request: Request, organisation: str, subject: str) -> Answer:
        rows = [row for row in self.tokens.values() if f"aad.{row['userId'].replace('-', '')}" == subject]
        given = request.query.get("continuationToken", ["00000000-0000-0000-0000-000000000000"])[0]
        at = int(given.rpartition("-")[2])
        shown, end = rows[at : at + self.page_size], at + self.page_size
        more = f"00000000-0000-0000-0000-{end if end < len(rows) else 0:012d}"
        return ok({"value": shown, "continuationToken": more})

    @route("POST", _DEVOPS + "/tokenadmin/revocations")
    def devops_revoke(self, request: Request, organisation: str) -> Answer:
        for row in request.json():
            self.tokens.pop(row["authorizationId"], None)
        return done()

    @route("GET", "/app.vssps.visualstudio.com/_apis/profile/profiles/me")
    def profile(self, request: Request) -> Answer:
        import base64

        given = base64.b64decode(bearer_of(request, "Basic")).decode().partition(":")[2]
        row = self.tokens.get(self.values.get(fold(Secret(given.encode())), ""))
        if row is None:
            return Answer(status=401)
        mail = self.users[row["userId"]]["mail"]
        return ok({"id": row["userId"], "coreAttributes": {"Email": {"value": mail}}})

    @route("POST", "/login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
    def sign_in(self, request: Request, tenant: str) -> Answer:
        given = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        key = self.secrets.get(fold(given["client_secret"]), "")
        mine = [row for row in self.applications.values() if row["appId"] == given["client_id"]]
        known = any(row["keyId"] == key for told in mine for row in told["passwordCredentials"])
        if tenant != TENANT or given["grant_type"] != "client_credentials" or not known:
            return Answer(status=401, body={"error": "invalid_client", "error_description": "AADSTS7000215"})
        made = tokens.pick(key, "entra access token", 60)
        return ok({"token_type": "Bearer", "expires_in": 3599, "access_token": made})
