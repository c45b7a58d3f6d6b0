"""What identity providers and GitHub say about people, in files that an administrator exported. No network.

Known by their shape (JSON):
- Okta, a list of users (`GET /api/v1/users`): `profile.login`, `email`, `firstName`, `lastName`, `displayName`. A
  `secondEmail` may be what the user typed: probable only.
- Entra ID, `{"value": [...]}` (`GET /v1.0/users`): `mail`, `userPrincipalName`, `proxyAddresses`, `displayName`,
  `employeeLeaveDateTime`; `otherMails` probable only.
- SCIM, `{"Resources": [...]}` (GitHub's `GET /scim/v2/organizations/{org}/Users` too): `userName`, `emails`, `name`.
- GitHub's GraphQL `externalIdentities` of an organisation's or enterprise's SAML provider: `samlIdentity.nameId` and
  the `user` linked to it (`login`, `databaseId`, which is the number in no-reply addresses).
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offboarding.configuration.schema import SettingsError
from offkey.errors import UsageError

_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One person in an export. `emails` are the organisation's word, `unverified` what the person may have typed.

    `unnamed` where an account is linked of which the export says neither login nor id.
    """

    emails: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    accounts: dict[str, str] = field(default_factory=dict)
    left_at: str | None = None
    unnamed: bool = False


def read(path: Path) -> tuple[Told, ...]:
    """The people in an export. Raises SettingsError when it is no known one, or one page of several."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", advice="set `exports` under [directory] in offkey.toml"
        ) from error
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SettingsError(f"{path} is no JSON{line}", advice="export it again") from error
    try:
        return tuple(_people(path, data))
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path}: not what its kind of export looks like", advice="export it again") from error


def _people(path: Path, data: Any) -> Iterator[Told]:
    if isinstance(data, dict) and "@odata.nextLink" in data:
        raise _one_page(path)
    if isinstance(data, dict) and "Resources" in data:
        if data.get("totalResults", 0) > len(data["Resources"]):
            raise _one_page(path)
        yield from map(_scim, data["Resources"])
    elif isinstance(data, dict) and "value" in data:
        yield from map(_entra, data["value"])
    elif isinstance(data, dict) and (found := _identities(data)) is not None:
        if found.get("pageInfo", {}).get("hasNextPage"):
            raise _one_page(path)
        nodes = found["nodes"] if "nodes" in found else [edge["node"] for edge in found["edges"]]
        yield from map(_github, nodes)
    elif isinstance(data, list):
        yield from (_reader(path, number, one)(one) for number, one in enumerate(data, 1))
    else:
        raise SettingsError(f"{path}: no known export", advice="see docs/configuration.md for those that are read")


def _reader(path: Path, number: int, one: Any) -> Callable[[Any], Told]:
    if isinstance(one, dict) and "profile" in one:
        return _okta
    if isinstance(one, dict) and "userPrincipalName" in one:
        return _entra
    raise SettingsError(f"{path}: entry {number} is neither Okta's nor Entra's user", advice="export it again")


def _one_page(path: Path) -> SettingsError:
    return SettingsError(f"{path}: one page of several", advice="export all pages into one file")


def _identities(data: Any) -> Any:
    """GraphQL's `externalIdentities`, however deep."""
    if isinstance(data, dict):
        if "externalIdentities" in data:
            return data["externalIdentities"]
        return next((found for value in data.values() if (found := _identities(value)) is not None), None)
    return None


def _addresses(*values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and _ADDRESS.fullmatch(value)))


def _names(*values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def _whole(given: Any, family: Any) -> str:
    return f"{given} {family}" if given and family else ""


def _okta(user: dict[str, Any]) -> Told:
    profile = user["profile"]
    return Told(
        emails=_addresses(profile.get("email"), profile.get("login")),
        unverified=_addresses(profile.get("secondEmail")),
        names=_names(profile.get("displayName"), _whole(profile.get("firstName"), profile.get("lastName"))),
    )


def _entra(user: dict[str, Any]) -> Told:
    proxies = [p[5:] for p in user.get("proxyAddresses") or () if p[:5].casefold() == "smtp:"]
    return Told(
        emails=_addresses(user.get("mail"), user.get("userPrincipalName"), *proxies),
        unverified=_addresses(*(user.get("otherMails") or ())),
        names=_names(user.get("displayName"), _whole(user.get("givenName"), user.get("surname"))),
        left_at=user.get("employeeLeaveDateTime"),
    )


def _scim(user: dict[str, Any]) -> Told:
    name = user.get("name") or {}
    return Told(
        emails=_addresses(user.get("userName"), *(one["value"] for one in user.get("emails") or ())),
        names=_names(
            user.get("displayName"), name.get("formatted"), _whole(name.get("givenName"), name.get("familyName"))
        ),
    )


def _github(node: dict[str, Any]) -> Told:
    saml, scim, user = node.get("samlIdentity") or {}, node.get("scimIdentity") or {}, node.get("user") or {}
    listed = (one["value"] for side in (saml, scim) for one in side.get("emails") or ())
    login, ident = user.get("login"), user.get("databaseId")
    accounts = {"github": login} if isinstance(login, str) and login else {}
    if isinstance(ident, int | str) and str(ident).isdecimal():
        accounts["github.id"] = str(ident)
    return Told(
        emails=_addresses(saml.get("nameId"), saml.get("username"), scim.get("username"), *listed),
        accounts=accounts,
        unnamed=node.get("user") is not None and not accounts,
    )
