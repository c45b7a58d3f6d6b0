"""Supabase's lists of a project's keys.

A value is tied to its key by the list with `reveal=true`, compared in memory, and only in the configured projects: a
key that none of them has may be another's, and stays UNKNOWN, as does one that was found and is deleted by now.

https://supabase.com/docs/reference/api/v1-get-project-api-keys
https://supabase.com/docs/reference/api/v1-delete-project-api-key
"""

from dataclasses import dataclass
from typing import Any

from offkey.http import Reader, Writer, bearer
from offkey.model import AccessPoint, Action, Check, Credential, Exchange
from offkey.secret import Secret
from revokers import rosters
from revokers.parts import configured, dead, fields, given, last, live, rows, text
from revokers.protocol import NotIdentified, Unclear

KEY, LEGACY = "supabase.secret_key", "supabase.legacy_keys"
LIST, ALL_LEGACY = "/v1/projects/{ref}/api-keys", "/v1/projects/{ref}/api-keys/legacy"
ONE = "/v1/projects/{ref}/api-keys/{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`organisations` are slugs, `projects` the references of the projects whose keys may be ended."""

    read: Secret | None = None
    write: Secret | None = None
    url: str = ""
    organisations: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


def _keys(http: Reader, token: Secret, ref: str, *, reveal: bool = False) -> list[dict[str, Any]]:
    """A project's keys, never none; their values only to be compared with one that was found."""
    params = {"reveal": "true"} if reveal else {}
    answer = http.request("GET", LIST, path={"ref": ref}, params=params, headers=bearer(token), hide=(token,))
    return rosters.whole(rows([answer], f"{ref}: keys", "name"), f"{ref}: keys")


def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None) -> Check:
    """Raises what `revokers.parts.answered` turns into UNKNOWN."""
    token = configured(settings)
    if point.kind == KEY:
        ref, ident = _where(http, settings, point, credential, token)
        return rosters.listed(http, ref, point, there=any(row.get("id") == ident for row in _keys(http, token, ref)))
    path = {"ref": _configured(settings, point.provider_id)}
    answer = http.request("GET", ALL_LEGACY, path=path, headers=bearer(token), hide=(token,))
    on = fields(answer, "legacy keys", "enabled")["enabled"]
    if not isinstance(on, bool):
        raise Unclear("the answer does not say whether the legacy keys are on")
    if on:
        return live(http, "the legacy keys are switched on")
    return dead(http, "the legacy keys are switched off", status="disabled")


def _configured(settings: Settings, ref: str) -> str:
    if ref not in settings.projects:
        raise NotIdentified(f"{ref} is no configured project", advice="set projects in [providers.supabase]")
    return ref


def _where(
    http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None, token: Secret
) -> tuple[str, str]:
    """(project, id), from the point or by the value. Raises NotIdentified where no configured project has it."""
    if point.provider_id:
        return rosters.where(settings.projects, point)
    value = text(given(point, credential).secret)
    for ref in settings.projects:
        for row in _keys(http, token, ref, reveal=True):
            if row.get("api_key") == value and row.get("type") == "secret" and row.get("id"):
                return ref, str(row["id"])
    raise NotIdentified("no configured project has this key", advice="set the project in projects")


def end(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None
) -> Exchange:
    if action is Action.DISABLE:
        return switch(http, settings, point, on=False)
    token = configured(settings, write=True)
    ref, ident = _where(http, settings, point, credential, token)
    if not any(row.get("id") == ident and row.get("type") == "secret" for row in _keys(http, token, ref)):
        raise NotIdentified(f"{ref} has no secret key {ident}", advice="plan again")
    path, params = {"ref": ref, "id": ident}, {"was_compromised": "true", "reason": "offboarding"}
    http.request("DELETE", ONE, path=path, params=params, headers=bearer(token), hide=(token,))
    return last(http)


def switch(http: Writer, settings: Settings, point: AccessPoint, *, on: bool) -> Exchange:
    token, path = configured(settings, write=True), {"ref": _configured(settings, point.provider_id)}
    params = {"enabled": str(on).lower()}
    http.request("PUT", ALL_LEGACY, path=path, params=params, headers=bearer(token), hide=(token,))
    return last(http)
