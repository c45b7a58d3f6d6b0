"""The user side of the GitHub simulator: who a token belongs to, and the public revocation by value."""

from offboarding.demo.simulators import github_views as views
from offboarding.demo.simulators.github_calls import Call, Refusal
from offboarding.demo.simulators.github_state import REVOCABLE_BY_VALUE
from offboarding.demo.simulators.wire import Answer

MOST_AT_ONCE = 1000


def get_me(call: Call) -> Answer:
    """The token's owner; with a `user` scope (or a fine-grained token) the private view and address."""
    user = call.user()
    view = views.full_user(call.api, user, private=call.scope("read:user"), with_email=call.scope("user:email"))
    return Answer(status=200, body=view)


def get_user(call: Call) -> Answer:
    view = views.full_user(call.api, call.named_user(), private=False, with_email=False)
    return Answer(status=200, body=view)


def get_user_by_id(call: Call) -> Answer:
    """An account keeps its number when its login changes."""
    found = [user for user in call.state.users.values() if user.id == int(call.params["number"])]
    if not found:
        raise Refusal(404, "Not Found")
    return Answer(status=200, body=views.full_user(call.api, found[0], private=False, with_email=False))


def end_installation_token(call: Call) -> Answer:
    """An app's token ends itself; there is no mail."""
    token = call.signed_in()
    if not token.app:
        raise Refusal(403, "You must authenticate with an installation access token.")
    token.revoked = True
    return Answer(status=204, wrote=True)


def revoke_by_value(call: Call) -> Answer:
    """Kills every token named in the body, whoever sends it: a moment later, and with a mail to the owner.

    202 for any well-formed list, known values or not.
    """
    if "authorization" in call.request.headers:
        raise Refusal(403, "This endpoint must be called without authentication.")
    body = call.request.json()
    values = body.get("credentials") if isinstance(body, dict) else None
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_AT_ONCE:
        raise Refusal(422, "Validation Failed")
    if not all(isinstance(value, str) and value for value in values):
        raise Refusal(422, "Validation Failed")
    found = [token for value in values if (token := call.state.token(value)) and token.kind in REVOCABLE_BY_VALUE]

    def kill() -> None:
        for token in found:
            call.state.kill(token)

    call.later(kill)
    return Answer(status=202, body={}, wrote=any(not token.revoked for token in found))
