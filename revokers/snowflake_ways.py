"""What can be done about Snowflake's users and access tokens."""

from collections.abc import Mapping

from offkey.model import Action
from revokers.protocol import Option

ACCOUNT, PAT = "snowflake.account", "snowflake.pat"
ANOTHER = (
    "grant another person the role ACCOUNTADMIN first "
    "(https://docs.snowflake.com/en/user-guide/security-access-control-considerations), then plan again"
)
_BREAKS = ("whatever still signs in with the token",)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            reason="disable the user; an administrator can enable it again, its access tokens then one by one",
            breaks=("all that runs as this user: sessions, tokens, key pairs, its own tasks",),
            shows=("disabled",),
            proof="DESCRIBE USER: DISABLED true",
        ),
    ),
    PAT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            reason="disable this one token; it can be enabled again until it expires",
            breaks=_BREAKS,
            shows=("disabled", "expired", "deleted"),
            proof="the user's list says DISABLED",
        ),
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="remove this one token for good",
            breaks=_BREAKS,
            shows=("deleted",),
            proof="the user's list has it no more",
        ),
    ),
}
