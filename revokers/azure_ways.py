"""What can be done about each kind of Azure's and Entra's credentials, and what a person does by hand."""

from collections.abc import Mapping

from offkey.model import Action
from revokers.azure_devops import PAT
from revokers.azure_graph import ACCOUNT, GRANT, SECRET
from revokers.parts import by_hand
from revokers.protocol import Option

_PORTAL = "At https://portal.azure.com open "
_CONFIRM = " A request with the old one then answers 401 or 403."
_TWO_KEYS = (
    "move whoever uses this key to the other of the two, then regenerate this one. That also ends every shared access "
    "signature made with it." + _CONFIRM
)

HANDLES: Mapping[str, tuple[Option, ...]] = {
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            reason="revoke the user's sign-ins and block the account; an administrator can unblock it",
            breaks=(
                "the user's sign-ins everywhere in the tenant; access tokens already issued live for about an hour",
            ),
            shows=("disabled",),
            proof="GET /users/{id}: accountEnabled false",
        ),
    ),
    GRANT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="end what the user allowed this application to do in their name; the user can allow it anew",
            breaks=("what the application does for this user",),
            shows=("deleted",),
            proof="the user's oauth2PermissionGrants have it no more",
        ),
    ),
    SECRET: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="azure-app-secret-remove",
            reason="remove this one secret of the application; it cannot be restored",
            breaks=("whatever still signs in as the application with this secret",),
            how="At https://entra.microsoft.com open App registrations, the application, Certificates & secrets; add a "
            "new secret, move the application to it, then delete this one by its id.",
            shows=("removed",),
            proof="the application's passwordCredentials have it no more",
        ),
    ),
    PAT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            reason="an organisation's administrator revokes this one token",
            breaks=("whatever still signs in with the token",),
            shows=("revoked",),
            proof="the user's list of tokens has it no more, or as not valid",
        ),
    ),
    "azure.certificate": by_hand(
        "Entra removes a certificate by API only for whoever signs with one of the application's. At "
        "https://entra.microsoft.com open App registrations, the application, Certificates & secrets, Certificates; "
        "upload another, move the application to it, then delete this one."
    ),
    "azure.devops_pat.legacy": by_hand(
        "Azure DevOps tells nobody which token a value is. offkey lists the person's tokens and ends them by id; "
        "otherwise an administrator does so at https://dev.azure.com, and the owner under User settings, Personal "
        "access tokens."
    ),
    "azure.storage_key": by_hand(_PORTAL + "the storage account, Security + networking, Access keys: " + _TWO_KEYS),
    "azure.storage_key.bare": by_hand(
        _PORTAL + "the storage account, Security + networking, Access keys: " + _TWO_KEYS
    ),
    "azure.shared_access_key": by_hand(
        _PORTAL + "the namespace or hub, Shared access policies, the policy: " + _TWO_KEYS
    ),
    "azure.shared_access_key.bare": by_hand(
        _PORTAL + "the namespace or hub, Shared access policies, the policy: " + _TWO_KEYS
    ),
    "azure.sas": by_hand(
        "A signature cannot be revoked alone. If it names a stored policy (si=), delete that policy; otherwise "
        "regenerate the account key that signed it, or for a user delegation revoke the delegation keys, at "
        "https://portal.azure.com." + _CONFIRM
    ),
    "azure.cosmos_key": by_hand(_PORTAL + "the Cosmos DB account, Keys: " + _TWO_KEYS),
    "azure.batch_key": by_hand(_PORTAL + "the Batch account, Keys: " + _TWO_KEYS),
    "azure.search_key": by_hand(_PORTAL + "the search service, Keys: " + _TWO_KEYS),
    "azure.functions_key": by_hand(_PORTAL + "the function app, App keys; renew or delete this key." + _CONFIRM),
    "azure.container_registry": by_hand(
        _PORTAL + "the container registry, Access keys or Tokens; regenerate." + _CONFIRM
    ),
    "azure.redis_key": by_hand(_PORTAL + "the cache, Authentication, Access keys: " + _TWO_KEYS),
    "azure.subscription_key": by_hand(
        _PORTAL + "the API Management service, Subscriptions, or the AI service, Keys and Endpoint: " + _TWO_KEYS
    ),
    "azure.app_configuration": by_hand(_PORTAL + "the App Configuration store, Access settings: " + _TWO_KEYS),
    "azure.communication": by_hand(_PORTAL + "the Communication Services resource, Keys: " + _TWO_KEYS),
    "azure.signalr": by_hand(_PORTAL + "the SignalR or Web PubSub service, Keys: " + _TWO_KEYS),
    "azure.publish_profile": by_hand(
        _PORTAL + "the App Service, Overview, Reset publish profile; deployments then need the new one." + _CONFIRM
    ),
    "azure.logic_app": by_hand(
        _PORTAL + "the logic app, Settings, Access keys; regenerate the key that signs the callback URLs." + _CONFIRM
    ),
}
ANOTHER = (
    "make another user a Global Administrator at https://entra.microsoft.com (Roles & admins) first, then plan again"
)
OF_THE_DOMAIN = by_hand(
    "The account is synchronised from Active Directory, which alone can disable it: disable it there and synchronise; "
    "https://entra.microsoft.com, Users, then shows it as blocked."
)
