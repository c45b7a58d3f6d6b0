"""Who else is global administrator of an Entra tenant.

https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
"""

from offkey.http import Reader, bearer
from offkey.secret import Secret
from revokers import owners
from revokers.azure_graph import USER, rows
from revokers.parts import fields

_ROLES, _ASSIGNMENTS = USER + "/transitiveMemberOf", "/v1.0/roleManagement/directory/roleAssignments"
_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""The role's template, the same in every tenant."""
_FIELDS = {"$select": "id,accountEnabled"}


def administrators(http: Reader, read: Secret, user: str) -> tuple[str, ...]:
    """Who is global administrator besides this user; nobody need be for a user who is none.

    An enabled user whom the role is assigned to counts; who is merely eligible, an application and a group do not.
    """
    held = rows(http, read, _ROLES, "transitiveMemberOf:", path={"user": user})
    if all(row.get("roleTemplateId") != _GLOBAL_ADMINISTRATOR for row in held):
        return ()
    params = {"$filter": f"roleDefinitionId eq '{_GLOBAL_ADMINISTRATOR}'"}
    assigned = rows(http, read, _ASSIGNMENTS, "roleAssignments:", params=params)
    others = {str(row["principalId"]) for row in assigned if row["directoryScopeId"] == "/"} - {user}
    return owners.beside(True, (other for other in sorted(others) if _enabled(http, read, other)))


def _enabled(http: Reader, read: Secret, principal: str) -> bool:
    answer = http.request("GET", USER, path={"user": principal}, params=_FIELDS, headers=bearer(read), hide=(read,))
    if answer.status == 404:
        return False
    told = fields(answer, "GET /users/{id}:", "id", "accountEnabled")
    return bool(told["id"] == principal and told["accountEnabled"] is True)
