"""Microsoft Entra and Azure: a person's account and what it allowed, applications' secrets, Azure DevOps tokens.

What proves death: `accountEnabled` is false; the user's grants, the application's secrets or the owner's tokens have
the one in question no more. What does not: any 401, 403 or 404, an empty answer where a list is due, and the codes
AADSTS..., on which Microsoft says not to rely. Blocking an account leaves access tokens of about an hour; sign-ins are
revoked before it, with some minutes' delay, and not for guests. A secret is found by its application's client id, which
must stand near the value, and by its first three characters, which Entra tells; it is taken for that listed one where
it signs in to the configured tenant, too (`azure_value.py`). An application is its users', not its owner's, so ending
its secret needs a yes of its own. No e-mail is sent.
Keys of Azure services (storage, Service Bus, Cosmos DB ...) come in pairs and are everybody's: a person replaces them.

https://learn.microsoft.com/graph/api/user-revokesigninsessions
https://learn.microsoft.com/graph/api/oauth2permissiongrant-delete
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Bond, Check, Credential, Exchange, Gap, Ownership
from offkey.secret import Secret
from revokers import azure_devops, azure_graph, azure_roles, azure_value, azure_ways, owners
from revokers.azure_devops import PAT
from revokers.azure_graph import ACCOUNT, CERTIFICATE, GRANT, PROVIDER, SECRET
from revokers.azure_value import IDENTIFIES, identify
from revokers.identified import also
from revokers.parts import answered, configured, last, live, or_gap, refuse_unlisted, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "IDENTIFIES", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check",
    "gate", "identify", "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://graph.microsoft.com"
HOSTS = frozenset({
    "graph.microsoft.com", "vssps.dev.azure.com", "app.vssps.visualstudio.com", "login.microsoftonline.com",
})  # fmt: skip
READS: frozenset[Operation] = frozenset({azure_value.SIGN_IN})
WRITES: frozenset[Operation] = azure_graph.WRITES | {azure_devops.REVOKE}
BY_EMAIL = True
NEEDS: Mapping[str, str] = {
    "User.Read.All": "finding the user",
    "Directory.Read.All": "grants, the applications that the user owns, other global administrators",
    "vso.tokenadministration": "the user's tokens in Azure DevOps; apply: revoking one",
    "vso.graph": "finding the user in Azure DevOps",
    "User.EnableDisableAccount.All": "apply and undo",
    "User.RevokeSessions.All": "apply alone",
    "DelegatedPermissionGrant.ReadWrite.All": "apply alone",
    "Application.ReadWrite.All": "apply alone",
}
HANDLES: Mapping[str, tuple[Option, ...]] = azure_ways.HANDLES
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`read` and `write` are access tokens for Graph, each with a second word for Azure DevOps if it is asked too.

    `organisation` is the one in Azure DevOps. `tenant` is the id of the tokens' tenant, where a found application
    secret may sign in.
    """

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisation: str = ""
    tenant: str = ""


def options(point: AccessPoint) -> tuple[Option, ...]:
    """Entra cannot disable what Active Directory is the master of; the last global administrator is left to people."""
    if point.kind == ACCOUNT and point.check and point.check.status == "synchronised":
        return azure_ways.OF_THE_DOMAIN
    return owners.gated(HANDLES.get(point.kind, ()), point, "azure-disable-unseen", azure_ways.ANOTHER)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """A personal access token names its owner; all else needs an administrator."""
    if credential.kind.startswith(PAT):
        return azure_devops.check(http, credential.secret)
    return unknown(http, f"nothing asks about a {credential.kind} by its value alone")


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """The user, what they allowed applications, the secrets of applications they own, their Azure DevOps tokens."""
    where = f"azure {account.email or account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account, where), needs=NEEDS)


def _inventory(http: Reader, settings: Settings, account: Account, where: str) -> Iterator[AccessPoint | Gap]:
    read = configured(settings)
    user = azure_graph.find(http, azure_graph.token(read), account)
    if user is None:
        return
    login = str(user["userPrincipalName"])
    holder = Account(provider=PROVIDER, id=str(user["id"]), login=login, email=str(user.get("mail") or login))
    told = azure_graph.account_check(http, user, holder)
    first = azure_graph.token(read)
    alone, gaps = owners.looked(where, lambda: azure_roles.administrators(http, first, holder.id), NEEDS)
    evidence = ("Entra lists the user", *(("a guest",) if user.get("userType") == "Guest" else ()), *alone)
    yield _point(ACCOUNT, holder, holder.id, told, *evidence)
    yield from gaps
    yield from or_gap(f"{where}: grants", _grants(http, first, holder), needs=NEEDS)
    yield from or_gap(f"{where}: applications", _secrets(http, first, holder), needs=NEEDS)
    if settings.organisation:
        yield from or_gap(f"{where}: Azure DevOps", _tokens(http, settings, read, holder), needs=NEEDS)


def _grants(http: Reader, read: Secret, holder: Account) -> Iterator[AccessPoint]:
    for row in azure_graph.grants(http, read, holder.id):
        evidence = f"the user allowed client {row['clientId']}: {row.get('scope')}"
        yield _point(GRANT, holder, f"{holder.id}/{row['id']}", live(http, "listed for the user", holder), evidence)


def _secrets(http: Reader, read: Secret, holder: Account) -> Iterator[AccessPoint]:
    for told in azure_graph.owned_applications(http, read, holder.id):
        evidence = f"the user owns application {told.get('displayName')} ({told['appId']})"
        for kind, name in ((SECRET, "passwordCredentials"), (CERTIFICATE, "keyCredentials")):
            for row in told.get(name) or []:
                asked = azure_graph.secret_check(http, told, row, holder)
                yield _point(kind, holder, f"{told['id']}/{row['keyId']}", asked, evidence)


def _tokens(http: Reader, settings: Settings, read: Secret, holder: Account) -> Iterator[AccessPoint]:
    second = azure_devops.token(read)
    names = frozenset({holder.login.lower(), holder.email.lower()})
    owner = azure_devops.subject(http, second, settings.organisation, holder.id, names)
    for row in azure_devops.tokens(http, second, settings.organisation, owner):
        asked = azure_devops.listed(http, row, holder)
        evidence = f"a token in {settings.organisation}: {row.get('displayName')} ({row.get('scope')})"
        yield _point(PAT, holder, f"{owner}/{row['authorizationId']}", asked, evidence)


def _point(kind: str, holder: Account, identity: str, check: Check, *evidence: str) -> AccessPoint:
    shared = kind in (SECRET, CERTIFICATE)
    return AccessPoint(
        id=f"{kind}:{identity}", provider=PROVIDER, kind=kind, holder=holder, bond=Bond.THEIRS, provider_id=identity,
        ownership=Ownership.SHARED if shared else Ownership.PERSONAL, check=check, evidence=evidence,
    )  # fmt: skip


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the tenant's or the organisation's own lists; a token of which no id is known is asked as itself."""
    if point.kind.startswith(PAT) and not point.provider_id:
        return check(http, credential) if credential else unknown(http, "the value is not at hand")
    read = configured(settings)
    if point.kind == PAT:
        second = azure_devops.token(read)
        return azure_devops.state(http, second, settings.organisation, point.provider_id, point.holder)
    if point.kind == SECRET:
        said = azure_graph.secret_state(http, azure_graph.token(read), point, credential)
        return also(said, lambda value: azure_value.sign_in(http, settings, value), credential, mute=True)
    if point.kind not in (ACCOUNT, GRANT):
        return unknown(http, f"nothing asks about a {point.kind}")
    return azure_graph.state(http, azure_graph.token(read), point)


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Block exactly this account, or end exactly this grant, secret or token."""
    refuse_unlisted(HANDLES, action, point)
    write = configured(settings, write=True)
    graph = azure_graph.token(write)
    if point.kind == PAT:
        if "/" not in point.provider_id:
            raise NotIdentified(
                "which listed token the value is, nobody can tell", advice="end the person's listed ones"
            )
        azure_devops.revoke(http, azure_devops.token(write), settings.organisation, point.provider_id)
    elif point.kind == SECRET:
        owner, key = azure_graph.named(http, graph, point, credential)
        if not key:
            raise NotIdentified(
                "the application has no secret that begins like this one", advice="nothing need be done"
            )
        azure_graph.send(http, graph, azure_graph.REMOVE_SECRET, {"keyId": key}, application=owner)
    elif point.kind == GRANT:
        azure_graph.send(http, graph, azure_graph.DELETE_GRANT, grant=point.provider_id.partition("/")[2])
    else:
        read = azure_graph.token(configured(settings))
        alone = owners.seen(lambda: azure_roles.administrators(http, read, point.provider_id))
        owners.refuse_last(point, alone, azure_ways.ANOTHER)
        azure_graph.send(http, graph, azure_graph.SIGN_OUT, user=point.provider_id)
        azure_graph.send(http, graph, azure_graph.CHANGE, {"accountEnabled": False}, user=point.provider_id)
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Let the user sign in again."""
    if point.kind != ACCOUNT:
        raise NotAutomatic(f"the end of a {point.kind} cannot be taken back")
    write = azure_graph.token(configured(settings, write=True))
    azure_graph.send(http, write, azure_graph.CHANGE, {"accountEnabled": True}, user=point.provider_id)
    return last(http)
