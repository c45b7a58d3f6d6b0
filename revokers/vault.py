"""Vault and OpenBao: tokens by their value. What an administrator lists is in `revokers/vault_lists.py`,
what he ends by id in `revokers/vault_admin.py`.

What proves death: `lookup-self` answers 403 with both "permission denied" and "invalid token" (Vault); or the
organisation's own credential looks the value up and is told 403 "bad token" (Vault and OpenBao).
Both are also what is said to another instance's token: so they prove it of a token that has answered before.
What does not: a 403 "permission denied" alone, which is OpenBao's answer to a dead token, and everybody's to a policy,
a network range or a disabled entity. So an OpenBao token without a configured `read` stays UNKNOWN.
`revoke-self` ends the token, ALL its child tokens and every dynamic secret that any of them was given. A root token,
and one whose policies let it make tokens (`sys/capabilities-self` on auth/token/create), need an approval of their own.
A token of limited uses is asked once, as that is one use. Batch tokens (`hvb.`) cannot be revoked: they end with their
parent or by their time.
The address comes from offkey.toml alone. No namespace is sent: it belongs into `url`.

https://developer.hashicorp.com/vault/docs/concepts/tokens#error-responses
https://developer.hashicorp.com/vault/api-docs/auth/token#revoke-a-token-self
https://openbao.org/docs/api/auth/token/
"""

from collections.abc import Mapping
from dataclasses import replace

from offkey.http import Gate, Reader, Writer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange, Liveness
from revokers import vault_admin
from revokers.parts import REFUSED, answered, by_hand, ended, given, last, live, refuse_unlisted, refused, text, unknown
from revokers.protocol import Option
from revokers.vault_admin import (
    ACCESSOR,
    ENTITY,
    GATED,
    NEEDS,
    PROVIDER,
    READS,
    WRITES,
    Settings,
    errors,
    found,
    undo,
)
from revokers.vault_lists import inventory

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "check", "gate",
    "inventory", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = ""
HOSTS: frozenset[str] = frozenset()
BY_EMAIL = False
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)

BATCH, RECOVERY = "vault.batch", "vault.recovery"
BY_VALUE = frozenset({"vault.service", "vault.legacy"})
_CHILDREN = ("child tokens, and the dynamic secrets that this token and its children were given",)
_SELF = Option(
    action=Action.REVOKE,
    reversible=False,
    by="value",
    via="self",
    proof='lookup-self: 403 "invalid token", or lookup: 403 "bad token"',
    reason="the token ends itself with all its child tokens and leases",
    breaks=_CHILDREN,
)
_ACCESSOR = Option(
    action=Action.REVOKE,
    reversible=False,
    proof='lookup-accessor: "invalid accessor"',
    reason="ends the token behind the accessor with all its child tokens and leases",
    breaks=_CHILDREN,
)
_HOW = (
    "A root token, or one that may make tokens, or of which nobody can tell: what it made dies with it. See who uses "
    "its children, then revoke it "
    "with the extra yes, or alone with `vault token revoke -mode=orphan`: https://developer.hashicorp.com/vault/docs/"
    "commands/token/revoke"
)
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(sorted(BY_VALUE), (_SELF,)),
    ACCESSOR: (_ACCESSOR,),
    ENTITY: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            shows=("disabled",),
            proof="GET /identity/entity/id/{id}: disabled",
            reason="no token of the person's entity works while it is disabled; none is revoked by this",
            breaks=("everything that signs in as this entity",),
        ),
    ),
    BATCH: by_hand(
        "A batch token cannot be revoked: it ends by its time, or with the token that made it. Revoke that, or take "
        "its policies away: https://developer.hashicorp.com/vault/docs/concepts/tokens#batch-tokens. It is dead when "
        "`vault token lookup` says so."
    ),
    RECOVERY: by_hand(
        "A recovery token works only while a server runs in recovery mode: restart that server, and rekey the recovery "
        "keys it was made with: https://developer.hashicorp.com/vault/docs/concepts/recovery-mode"
    ),
}


def options(point: AccessPoint) -> tuple[Option, ...]:
    """A token that may have made others is ended only with an approval of its own."""
    ways = HANDLES.get(point.kind, ())
    if point.check is None or point.check.status not in GATED or point.kind == ENTITY:
        return ways
    return tuple(replace(way, needs="vault-cascade", how=_HOW) if way.action is Action.REVOKE else way for way in ways)


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder has the entity's id; the status is "root" or "maker" for a token that may have children."""
    if credential.kind == RECOVERY:
        return unknown(http, "a recovery token is asked about in recovery mode alone")
    secret = credential.secret
    headers = {"X-Vault-Token": text(secret)}
    answer = http.request("GET", "/auth/token/lookup-self", headers=headers, hide=(secret,))
    said = errors(answer)
    if answer.status == 403 and "invalid token" in said and "permission denied" in said:
        return refused(http, "403 invalid token")
    data = found(answer, "lookup-self")
    status = vault_admin.status(http, data, None, headers=headers, hide=(secret,))
    return live(http, vault_admin.told(data), vault_admin.holder(data), status)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    if point.kind in (ACCESSOR, ENTITY):
        return vault_admin.state(http, settings, point)
    if credential is None:
        return unknown(http, "the value is not at hand")
    if settings.read is not None:
        seen = vault_admin.looked_up(http, settings, credential.secret)
        if seen.liveness is not Liveness.UNKNOWN or seen.status == REFUSED:
            return ended(http, point, seen)
    return ended(http, point, check(http, credential))


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """By value for a token, by accessor or entity for what Vault lists."""
    refuse_unlisted(HANDLES, action, point)
    if point.kind not in BY_VALUE:
        return vault_admin.revoke(http, settings, point)
    value = given(point, credential)
    if point.check is None or point.check.status not in GATED:
        vault_admin.refuse_children(point, check(http, value).status)
    secret = value.secret
    http.request("POST", "/auth/token/revoke-self", headers={"X-Vault-Token": text(secret)}, hide=(secret,))
    return last(http)
