"""OCSF, category Identity & Access Management (github.com/ocsf/ocsf-schema), one event an object. Pure.

A receipt is what was done to an account (3001), a privilege (3005), a group's member (3006) or a credential (3004); all
else is about the run, which is an entity, too. Version 1.9.0-dev has 3007 User Management for accounts and
programmatic credentials. The whole body stands in `unmapped`, but for plans, which stand there by digest.
"""

from typing import Any

from offboarding.formats import words
from offboarding.formats.context import Context
from offkey import __version__
from offkey.model import DEATHS, AuditEvent, Outcome, timestamp

VERSIONS = ("1.8.0", "1.9.0-dev")
CATEGORY = 3
ACCOUNT, ENTITY, ACCESS, GROUP, USER = 3001, 3004, 3005, 3006, 3007
_CLASSES = {
    ACCOUNT: "Account Change",
    ENTITY: "Entity Management",
    ACCESS: "User Access Management",
    GROUP: "Group Management",
    USER: "User Management",
}
CREATE, READ, UPDATE, DELETE, ENABLE, DISABLE = 1, 2, 3, 4, 8, 9
"""Activities of Entity Management."""
_RUN = {"run.opened": CREATE, "run.verified": READ, "evidence.sealed": READ}
_ENTITY = {"DISABLE": DISABLE, "REVOKE": DELETE, "REMOVE": DELETE, "KEEP": READ}
_NOW = {"account": (ACCOUNT, 6), "factor": (ACCOUNT, 11), "member": (GROUP, 4), "privilege": (ACCESS, 2)}
_LATER = {
    "account": (USER, 3),
    "factor": (USER, 13),
    "member": (GROUP, 4),
    "privilege": (USER, 15),
    "credential": (USER, 19),
}
"""What ends each sort of access: Delete, MFA Factor Disable, Remove User, Revoke or Remove Privileges, Remove
Programmatic Credentials.
"""
_OTHER = 99
_MEMBERS = ("member", "membership", "collaborator", "teammate")
_ACCOUNTS = ("account", "user", "entity")
_NO_ACCOUNTS = ("gcp.service_account", "grafana.service_account", "mongodb.service_account", "openai.service_account")
_CREDENTIAL_KINDS = ("slack.user", "github.app.user")
"""Kinds whose last word says whose token it is."""
_SUCCESS, _FAILURE, _UNKNOWN = 1, 2, 0
_STATUS = {
    Outcome.REPLACED: _SUCCESS,
    Outcome.FAILED: _FAILURE,
    Outcome.NOT_IDENTIFIED: _FAILURE,
    Outcome.NOT_CONFIRMED: _UNKNOWN,
    Outcome.ACKNOWLEDGED: _UNKNOWN,
}


def record(event: AuditEvent, context: Context, version: str = VERSIONS[0]) -> dict[str, Any]:
    """One event as an object of the version's schema."""
    step = context.step(event)
    if step is not None and event.type in ("step.receipt", "undo.done"):
        uid, activity, about = _of_step(step, context.person(event), event, version)
    else:
        uid, activity, about = ENTITY, _RUN.get(event.type, UPDATE), {"entity": _run(event)}
    degree = words.severity(event)
    return {
        "activity_id": activity,
        "category_uid": CATEGORY,
        "class_uid": uid,
        "class_name": _CLASSES[uid],
        "type_uid": uid * 100 + activity,
        "severity_id": degree,
        "time": int(event.at.timestamp() * 1000),
        "message": words.message(event, context),
        "metadata": _metadata(event, version),
        "actor": {"app_name": "offkey", "user": {"name": event.actor or "offkey"}},
        "unmapped": {key: value for key, value in event.body.items() if key != "plan"},
        **about,
        **_status(event),
    }


def _metadata(event: AuditEvent, version: str) -> dict[str, Any]:
    return {
        "version": version,
        "product": {"name": "offkey", "vendor_name": "offkey", "version": __version__},
        "uid": event.hash,
        "sequence": event.seq,
        "event_code": event.type,
        "log_name": "ledger",
        "original_time": timestamp(event.at),
        **({"correlation_uid": event.run} if event.run else {}),
    }


def _status(event: AuditEvent) -> dict[str, Any]:
    outcome = words.outcome_of(event)
    if outcome is None:
        return {}
    known = _SUCCESS if outcome in DEATHS else _STATUS.get(outcome, _OTHER)
    detail = event.body["receipt"]["note"]
    return {"status_id": known, "status_code": outcome.value, **({"status_detail": detail} if detail else {})}


def _run(event: AuditEvent) -> dict[str, Any]:
    return {"uid": event.run or "ledger", "type_id": _OTHER, "type": "offboarding run"}


def _of_step(step: dict[str, Any], person: str, event: AuditEvent, version: str) -> tuple[int, int, dict[str, Any]]:
    """(class, activity, attributes of that class) of what was done to an access point."""
    point, action = step["point"], step["action"]
    user, sort, later = _user(point, person), _sort(step), version != VERSIONS[0]
    name = point["provider_id"] or point["redacted"] or point["id"]
    uid, activity = _doing(sort, action, later=later)
    if event.type == "undo.done" or words.outcome_of(event) is Outcome.UNDONE:
        uid, activity = ENTITY, ENABLE
    about: dict[str, Any] = {"user": user}
    if uid == ENTITY:
        about = {"entity": {"uid": name, "name": point["kind"], "type_id": _OTHER, "type": "credential", "user": user}}
    elif uid == GROUP:
        about["group"] = {"name": name, "type": point["kind"]}
    elif sort == "privilege":
        about["privileges"] = [f"{point['kind']} {name}"]
    elif sort == "credential":
        about = {"user": {**user, "credential_uid": name}}
    return uid, activity, about


def _doing(sort: str, action: str, *, later: bool) -> tuple[int, int]:
    """(class, activity); `later` versions have User Management."""
    if sort == "account" and action == "DISABLE":
        return (USER if later else ACCOUNT), 5
    if sort == "credential" and (action == "DISABLE" or not later):
        return ENTITY, _ENTITY[action]
    known = _LATER if later else _NOW
    return known.get(sort, (ENTITY, _ENTITY.get(action, UPDATE)))


def _sort(step: dict[str, Any]) -> str:
    """account, factor, member, privilege, credential, or nothing of these: what people do, and what is kept."""
    kind, action = str(step["point"]["kind"]), step["action"]
    last = kind.rpartition(".")[2]
    if action not in ("DISABLE", "REVOKE", "REMOVE"):
        return ""
    if "mfa" in last or "factor" in last:
        return "factor"
    if last.endswith(_MEMBERS):
        return "member"
    if last.endswith(_ACCOUNTS) and kind not in (*_NO_ACCOUNTS, *_CREDENTIAL_KINDS):
        return "account"
    return "privilege" if last.endswith(("role", "grant", "consent")) else "credential"


def _user(point: dict[str, Any], person: str) -> dict[str, Any]:
    """The holder's account at the provider; the person where nobody is named."""
    holder = point["holder"] or {}
    made = {"uid": holder.get("id"), "name": holder.get("login"), "email_addr": holder.get("email")}
    known = {key: value for key, value in made.items() if value}
    if not known.keys() & {"uid", "name"}:
        known["name"] = person or "unknown"
    return {**known, "type_id": 1}
