"""What can be done about Databricks's users and tokens, and what a person does by hand."""

from collections.abc import Mapping

from offkey.model import Action
from revokers.parts import by_hand
from revokers.protocol import Option

ACCOUNT, PAT = "databricks.account", "databricks.pat"
ANOTHER = (
    "make another user a workspace admin (Settings, Identity and access, Groups, admins; "
    "https://accounts.cloud.databricks.com leads to the workspace) first, then plan again"
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            reason="deactivate the user in the workspace; an administrator can activate it again",
            breaks=("jobs and clusters that run as this user, and all its tokens",),
            shows=("inactive",),
            proof="SCIM Users/{id}: active false",
        ),
    ),
    PAT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="delete this one token by its id",
            breaks=("whatever still signs in with the token",),
            shows=("deleted",),
            proof="tokens/{id}: 404 RESOURCE_DOES_NOT_EXIST",
            how="Which token a value is, Databricks tells nobody. Its owner finds it by its comment in the workspace "
            "under Settings, Developer, Access tokens; https://accounts.cloud.databricks.com leads to the workspace.",
        ),
    ),
    "databricks.oauth_secret": by_hand(
        "The secret is of a service principal. At https://accounts.cloud.databricks.com open User management, Service "
        "principals, the principal, Credentials & secrets; make another, move its users to it, then delete this one."
    ),
}
