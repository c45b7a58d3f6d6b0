"""What can be done about each kind of AWS's credentials, and what a person does by hand."""

from collections.abc import Mapping

from offkey.model import Action
from revokers.aws_iam import LISTS, MFA, PROFILE
from revokers.aws_sessions import SESSIONS
from revokers.parts import by_hand
from revokers.protocol import Option

BREAKS = ("whatever still signs with it",)
DISABLE_THEN_DELETE = (
    Option(
        action=Action.DISABLE,
        reversible=True,
        reason="set Inactive; an administrator can set it Active again",
        breaks=BREAKS,
        shows=("Inactive", "deleted"),
        proof="the owner's list says Inactive",
    ),
    Option(
        action=Action.REVOKE,
        reversible=False,
        reason="delete it for good",
        breaks=BREAKS,
        shows=("deleted",),
        proof="the owner's list has it no more",
    ),
)
ROOT = by_hand(
    "Root access opens the whole account and is never ended automatically. The account's owner signs in as root and "
    "deletes the key at https://console.aws.amazon.com/iam/home#/security_credentials, or the organisation's "
    "management account does through centralised root access."
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **{kind: DISABLE_THEN_DELETE for kind, listed in LISTS.items() if listed.disable},
    PROFILE: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            reason="delete the console password; another can be set, this one is gone",
            breaks=("signing in to the console with the password",),
            shows=("deleted",),
            proof="iam:GetLoginProfile: NoSuchEntity",
        ),
    ),
    MFA: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            reason="deactivate the device, and delete a virtual one; refused while the user has a console password",
            breaks=("signing in with this device, and what a policy asks a second factor for",),
            shows=("deleted",),
            proof="iam:ListMFADevices of the user has it no more",
        ),
    ),
    SESSIONS: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            reason="an inline policy denies the user's sessions issued before now; deleting it lets them go on",
            breaks=("what still runs with temporary credentials of this user; access keys are not touched",),
            shows=("denied",),
            proof="iam:GetUserPolicy: the Deny on aws:TokenIssueTime stands",
        ),
    ),
    "aws.session": by_hand(
        "A session cannot be revoked alone. At https://console.aws.amazon.com/iam/home#/roles open the role, then "
        "Revoke sessions: the inline policy AWSRevokeOlderSessions (a Deny where aws:TokenIssueTime lies before now) "
        "ends EVERY session of that role begun before now. A user's sessions are ended by the policy that offkey puts "
        "on the user (aws.user_sessions)."
    ),
    "aws.secret_access_key": by_hand(
        "The secret stands without its key id. Find the id beside its other uses, then deactivate and delete that key "
        "at https://console.aws.amazon.com/iam/home#/users."
    ),
    "aws.bedrock_key": by_hand(
        "A long-term Bedrock key is a service-specific credential of an IAM user. At "
        "https://console.aws.amazon.com/iam/home#/users open the user, Security credentials, API keys for Amazon "
        "Bedrock; deactivate, then delete it."
    ),
    "aws.appsync_key": by_hand(
        "The key belongs to an AppSync API, not to a person. At https://console.aws.amazon.com/appsync/home open the "
        "API, Settings, and delete the key once its users have another."
    ),
}
