"""The organisation side of the GitHub simulator: members, collaborators, token grants, SAML authorisations."""

from typing import Any

from offboarding.demo.simulators import github_views as views
from offboarding.demo.simulators.github_calls import Call, Refusal, invalid, page
from offboarding.demo.simulators.github_state import Grant, Organisation, User
from offboarding.demo.simulators.wire import Answer


def get_org(call: Call) -> Answer:
    """Public: needs no token, and a token cut off from the organisation still sees it."""
    org = call.state.org(call.params["org"])
    if org is None:
        raise Refusal(404, "Not Found")
    return Answer(status=200, body=views.full_org(call.api, org))


def list_members(call: Call) -> Answer:
    """Members see everybody; an outsider sees the public members, of whom there are none here."""
    org = call.org()
    role = call.request.query.get("role", ["all"])[-1]
    if role not in ("all", "admin", "member"):
        raise invalid("OrganizationMember", "role")
    visible = org.members if call.role(org) else {}
    return _users(call, sorted(login for login, has in visible.items() if role in ("all", has)))


def get_membership(call: Call) -> Answer:
    org = call.org()
    if not call.role(org):
        raise Refusal(403, f"You must be a member of {org.login} to see membership information.")
    user = call.named_user()
    if user.login not in org.members or not call.scope("read:org"):
        raise Refusal(404, "Not Found")
    return Answer(status=200, body=views.membership(call.api, org, user))


def remove_membership(call: Call) -> Answer:
    org = call.administered_org("admin:org", "write")
    user = call.named_user()
    if user.login not in org.members:
        raise Refusal(404, "Not Found")
    org.remove(user.login)
    return Answer(status=204, wrote=True)


def list_collaborators(call: Call) -> Answer:
    org = call.administered_org("read:org", "read")
    return _users(call, sorted(org.outside_collaborators))


def remove_collaborator(call: Call) -> Answer:
    org = call.administered_org("admin:org", "write")
    user = call.named_user()
    if user.login in org.members:
        message = "You cannot specify an organization member to remove as an outside collaborator."
        raise Refusal(422, message)
    org.outside_collaborators.discard(user.login)
    org.remove(user.login)
    return Answer(status=204, wrote=True)


def list_grants(call: Call) -> Answer:
    """Fine-grained tokens with access to the organisation; `owner[]` and `token_id[]` narrow it."""
    org = _app_org(call)
    owners = {login.lower() for login in _several(call, "owner")}
    token_ids = set(_several(call, "token_id"))
    found = [
        item
        for _, item in sorted(org.grants.items())
        if (not owners or item.token.owner.lower() in owners) and (not token_ids or str(item.token.id) in token_ids)
    ]
    if call.request.query.get("direction", ["desc"])[-1] == "desc":
        found.reverse()
    shown, headers = page(call, found)
    return Answer(status=200, body=[_grant(call, org, item) for item in shown], headers=headers)


def revoke_grant(call: Call) -> Answer:
    """Ends one token's access to this organisation at once. The token itself stays alive."""
    org = _app_org(call)
    pat_id = int(call.params["pat_id"])
    if call.body().get("action") != "revoke":
        raise invalid("OrganizationProgrammaticAccessGrant", "action")
    if pat_id not in org.grants:
        raise Refusal(404, "Not Found")
    del org.grants[pat_id]
    return Answer(status=204, wrote=True)


def revoke_grants(call: Call) -> Answer:
    """The bulk form: accepted now, done a moment later; ids that are not known are passed over."""
    org = _app_org(call)
    body = call.body()
    ids = body.get("pat_ids")
    if body.get("action") != "revoke":
        raise invalid("OrganizationProgrammaticAccessGrant", "action")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 100 or not all(type(item) is int for item in ids):
        raise invalid("OrganizationProgrammaticAccessGrant", "pat_ids")

    def drop() -> None:
        for pat_id in ids:
            org.grants.pop(pat_id, None)

    call.later(drop)
    return Answer(status=202, body={}, wrote=True)


def list_authorizations(call: Call) -> Answer:
    """GitHub Enterprise Cloud: which credentials are authorised for SAML single sign-on."""
    org = _saml_org(call, "read:org", "read")
    login = call.request.query.get("login", [""])[-1].lower()
    found = [item for _, item in sorted(org.authorizations.items()) if not login or item.login.lower() == login]
    shown, headers = page(call, found)
    return Answer(status=200, body=[views.authorization(item) for item in shown], headers=headers)


def remove_authorization(call: Call) -> Answer:
    org = _saml_org(call, "admin:org", "write")
    number = call.params["credential_id"]
    if not number.isdecimal() or int(number) not in org.authorizations:
        raise Refusal(404, "Not Found")
    del org.authorizations[int(number)]
    return Answer(status=204, wrote=True)


def _app_org(call: Call) -> Organisation:
    """Only a GitHub App may call the token endpoints (description of `orgs/list-pat-grants`)."""
    token = call.signed_in()
    org = call.state.org(call.params["org"])
    if org is None:
        raise Refusal(404, "Not Found")
    if not token.app:
        raise Refusal(403, "Resource not accessible by personal access token")
    if token.org != org.login:
        raise Refusal(404, "Not Found")
    return org


def _saml_org(call: Call, scope: str, permission: str) -> Organisation:
    org = call.administered_org(scope, permission)
    if not org.saml:
        raise Refusal(404, "Not Found")
    return org


def _several(call: Call, name: str) -> list[str]:
    return [value for key in (name, f"{name}[]") for value in call.request.query.get(key, [])]


def _grant(call: Call, org: Organisation, item: Grant) -> dict[str, Any]:
    return views.grant(call.api, org, item, call.state.users[item.token.owner.lower()])


def _users(call: Call, logins: list[str]) -> Answer:
    found: list[User] = [call.state.users[login.lower()] for login in logins]
    shown, headers = page(call, found)
    return Answer(status=200, body=[views.simple_user(call.api, user) for user in shown], headers=headers)
