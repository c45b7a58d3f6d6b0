"""Vault and OpenBao by id: a person's entity, and the accessors of its tokens.

An accessor ends nothing but its own token (and its children).
What proves the end: an accessor's lookup answers "invalid accessor"; an entity says `disabled`, and then its tokens
cannot be used but are not revoked. A 403 or 404 on an entity proves nothing.

https://developer.hashicorp.com/vault/api-docs/auth/token#list-accessors
https://developer.hashicorp.com/vault/api-docs/secret/identity/entity
https://developer.hashicorp.com/vault/api-docs/system/capabilities-accessor
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Check, Exchange
from offkey.secret import Secret
from revokers.parts import configured, dead, last, live, refused, text, trouble, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Unclear

PROVIDER = "vault"
NEEDS: Mapping[str, str] = {
    "read on identity/entity/*": "finding the person's entity",
    "sudo and list on auth/token/accessors": "listing tokens",
    "update on auth/token/lookup-accessor": "telling whose each token is",
    "update on sys/capabilities-accessor, list on auth/token/roles": "telling a token that may make others",
    "update on auth/token/lookup": "proving that a found token is dead",
    "update on auth/token/revoke-accessor": "apply: ending a token",
    "update on identity/entity/id/*": "apply: disabling an entity",
}
READS: frozenset[Operation] = frozenset(
    {
        ("POST", "/auth/token/lookup"),
        ("POST", "/auth/token/lookup-accessor"),
        ("POST", "/sys/capabilities-self"),
        ("POST", "/sys/capabilities-accessor"),
    }
)
WRITES: frozenset[Operation] = frozenset(
    {
        ("POST", "/auth/token/revoke-self"),
        ("POST", "/auth/token/revoke-accessor"),
        ("POST", "/identity/entity/id/{id}"),
    }
)
ACCESSOR, ENTITY = "vault.accessor", "vault.entity"
GATED = frozenset({"root", "maker"})
"""Statuses of tokens that may have children: of the root policy, with a right to make tokens, or nobody can tell."""
_MAKES = "auth/token/create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`url` is the API's base, `https://vault.acme.com:8200/v1`, followed by the namespace where there are any.

    `read` and `write` are tokens with the policies in NEEDS. A found token asks and ends itself.
    """

    url: str
    read: Secret | None = None
    write: Secret | None = None


def signed(token: Secret) -> dict[str, Any]:
    return {"headers": {"X-Vault-Token": text(token)}, "hide": (token,)}


def errors(answer: Answer) -> str:
    """Vault's own words for what is wrong, or empty for an answer that is none of its API."""
    body = answer.json if isinstance(answer.json, dict) else {}
    said = body.get("errors")
    return " ".join(map(str, said)) if isinstance(said, list) else ""


def found(answer: Answer, what: str) -> dict[str, Any]:
    """The `data` of a 200 answer. Raises Unclear for anything else."""
    data = answer.json.get("data") if answer.status == 200 and isinstance(answer.json, dict) else None
    if not isinstance(data, dict) or not data:
        only = " (a policy, or OpenBao's answer to a dead token)" if "permission denied" in errors(answer) else ""
        raise Unclear(f"{what} {trouble(answer.status)}{only}")
    return data


def holder(data: Mapping[str, Any]) -> Account | None:
    """The entity behind a token; root tokens and tokens made by others have none."""
    entity, meta = str(data.get("entity_id") or ""), data.get("meta")
    login = str(meta.get("username", "")) if isinstance(meta, dict) else ""
    return Account(provider=PROVIDER, id=entity, login=login or str(data["display_name"])) if entity else None


def told(data: Mapping[str, Any]) -> str:
    return f"signs in as {data['display_name']} with {', '.join(map(str, data['policies']))}"


def roles(http: Reader, **signed: Any) -> list[str] | None:
    """The token roles, each of which may be a way to make child tokens; None where whoever signs may not list them."""
    answer = http.request("GET", "/auth/token/roles", params={"list": "true"}, **signed)
    if answer.status == 404 and isinstance(answer.json, dict) and answer.json.get("errors") == []:
        return []
    keys = found(answer, "token roles").get("keys") if answer.status == 200 else None
    return [str(key) for key in keys] if isinstance(keys, list) else None


def status(
    http: Reader, data: Mapping[str, Any], known: list[str] | None = None, accessor: str = "", **signed: Any
) -> str:
    """One of GATED, or empty. `known` are the token roles; where they are not known yet, whoever signs is asked."""
    if "root" in data["policies"]:
        return "root"
    if data.get("num_uses", 0) and not accessor:
        return "maker"  # asking would use it up
    known = roles(http, **signed) if known is None and not accessor else known
    if known is None:
        return "maker"
    what = {"accessor": accessor} if accessor else {}
    template = "/sys/capabilities-accessor" if accessor else "/sys/capabilities-self"
    paths = [_MAKES, *(f"{_MAKES}/{role}" for role in known)]
    answer = http.request("POST", template, json={**what, "paths": paths}, **signed)
    body = answer.json.get("data") if answer.status == 200 and isinstance(answer.json, dict) else None
    return "" if isinstance(body, dict) and all(body.get(path) == ["deny"] for path in paths) else "maker"


def refuse_children(point: AccessPoint, now: str) -> None:
    """Raises NotAutomatic for a token that may have children, and could not when it was planned without that yes."""
    planned = point.check.status if point.check else ""
    if now in GATED and planned not in GATED:
        raise NotAutomatic(f"{point.id} may have made child tokens, which die with it", advice="plan again")


def lookup(http: Reader, token: Secret, accessor: str) -> Answer:
    return http.request("POST", "/auth/token/lookup-accessor", json={"accessor": accessor}, **signed(token))


def entity(http: Reader, data: Mapping[str, Any], who: Account | None) -> Check:
    if data["disabled"] is True:
        return dead(http, "disabled", who, "disabled")
    return live(http, "an entity in use", who)


def looked_up(http: Reader, settings: Settings, secret: Secret) -> Check:
    """What the organisation's credential is told about a value; UNKNOWN where it may not ask."""
    token = configured(settings)
    options = {**signed(token), "hide": (token, secret)}
    answer = http.request("POST", "/auth/token/lookup", json={"token": text(secret)}, **options)
    if answer.status == 403 and re.fullmatch(r"(1 error occurred:\s*\* )?bad token\s*", errors(answer)):
        return refused(http, "403 bad token")
    if answer.status != 200:
        return unknown(http, f"lookup {trouble(answer.status)}")
    data = found(answer, "lookup")
    return live(http, told(data), holder(data))


def state(http: Reader, settings: Settings, point: AccessPoint) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    token, who = configured(settings), point.holder
    if point.kind == ENTITY:
        answer = http.request("GET", "/identity/entity/id/{id}", path={"id": point.provider_id}, **signed(token))
        return entity(http, found(answer, "GET identity/entity"), who)
    answer = lookup(http, token, point.provider_id)
    if 400 <= answer.status < 500 and "invalid accessor" in errors(answer):
        return dead(http, "invalid accessor", who, "revoked")
    data = found(answer, "lookup-accessor")
    if who is None or data["entity_id"] != who.id:
        raise NotIdentified(f"{point.id} is another entity's", advice="plan again")
    return live(http, told(data), who)


def revoke(http: Writer, settings: Settings, point: AccessPoint) -> Exchange:
    """End exactly this, after seeing again that it is this entity's."""
    if point.kind == ENTITY:
        return _switch(http, settings, point, disabled=True)
    token = configured(settings, write=True)
    answer = lookup(http, token, point.provider_id)
    data = {} if "invalid accessor" in errors(answer) else found(answer, "lookup-accessor")
    if point.holder is None or data.get("entity_id") != point.holder.id:
        raise NotIdentified(f"{point.id} is no token of this entity", advice="plan again")
    asker = signed(configured(settings))
    refuse_children(point, status(http, data, roles(http, **asker), point.provider_id, **asker))
    body = {"accessor": point.provider_id}
    http.request("POST", "/auth/token/revoke-accessor", json=body, **signed(token))
    return last(http)


def undo(http: Writer, settings: Settings, point: AccessPoint, _: Any = None) -> Exchange:
    """Enable the entity again."""
    if point.kind != ENTITY:
        raise NotAutomatic(f"a {point.kind} is never switched off", advice="there is nothing to take back")
    return _switch(http, settings, point, disabled=False)


def _switch(http: Writer, settings: Settings, point: AccessPoint, *, disabled: bool) -> Exchange:
    """Fields that are not sent stay as they are."""
    options = signed(configured(settings, write=True))
    body = {"disabled": disabled}
    http.request("POST", "/identity/entity/id/{id}", path={"id": point.provider_id}, json=body, **options)
    return last(http)
