"""What can be done about each kind of Google Cloud's credentials, and what a person does by hand."""

from collections.abc import Mapping

from offkey.model import Action
from revokers.gcp_keys import HMAC, SERVICE
from revokers.gcp_values import ACCESS, API_KEY, REFRESH
from revokers.parts import by_hand
from revokers.protocol import Option


def _switch(off: str, gone: str, what: str) -> tuple[Option, ...]:
    breaks = ("whatever still signs in with the key",)
    return (
        Option(
            action=Action.DISABLE,
            reversible=True,
            reason=f"disable the {what}; it can be enabled again",
            breaks=breaks,
            shows=(off, "deleted"),
            proof=f"the list says {off}",
        ),
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason=f"delete the {what} for good",
            breaks=breaks,
            shows=("deleted",),
            proof=gone,
        ),
    )


def _grant(proof: str) -> tuple[Option, ...]:
    return (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="value",
            reason="ends the user's whole grant to that application, with all its tokens",
            breaks=("whatever else the application does for this user",),
            proof=proof,
        ),
    )


HANDLES: Mapping[str, tuple[Option, ...]] = {
    SERVICE: _switch("disabled", "the account's list of keys has it no more", "service account key"),
    HMAC: _switch("inactive", "hmacKeys.list: DELETED", "HMAC key"),
    API_KEY: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            by="value",
            reason="delete the API key; it can be undeleted within 30 days, and is gone for good afterwards",
            breaks=("every application that sends this key",),
            proof="keys.list: deleteTime",
        ),
    ),
    ACCESS: _grant("tokeninfo: 400 invalid_token"),
    REFRESH: _grant("the grant is gone from the user's list; the token itself nobody can ask about"),
    "gcp.oauth_client_secret": by_hand(
        "A client secret belongs to an application. At https://console.cloud.google.com/auth/clients open the client, "
        "add a new secret, move the application to it, then disable and delete this one; a sign-in with it then "
        "answers invalid_client."
    ),
    "gcp.chat_webhook": by_hand(
        "A webhook belongs to a Google Chat space. In the space at https://chat.google.com open Apps & integrations, "
        "Webhooks, and delete it; the list then has it no more."
    ),
    "gcp.fcm_server_key": by_hand(
        "A server key belongs to a Firebase project, and Google has ended the API it was for. At "
        "https://console.firebase.google.com open Project settings, Cloud Messaging, and delete it."
    ),
    "gcp.recaptcha_secret": by_hand(
        "A secret belongs to a site. At https://console.cloud.google.com/security/recaptcha make a new key, move the "
        "site to it, and delete this one."
    ),
}
OF_A_SERVICE_ACCOUNT = by_hand(
    "The token is of a service account and ends within the hour. To end it now, disable the account at "
    "https://console.cloud.google.com/iam-admin/serviceaccounts; that rejects its tokens at once."
)
