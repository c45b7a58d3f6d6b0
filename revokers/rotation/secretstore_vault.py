"""Vault's and OpenBao's KV version 2 as a store for successors: one existing secret below one mount.

A read tells the values and the version; a write with `cas` is refused where the version is another one meanwhile. A
write replaces all keys of a secret, so the others are sent again as they were read. Version 1 of KV has no versions and
no `cas`: there the answer lacks them, and nothing is written. The namespace belongs into `url`.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#create-update-secret
"""

import re
from collections.abc import Mapping
from typing import Any

from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import Exchange
from offkey.secret import Secret
from revokers.parts import configured, last
from revokers.protocol import NotIdentified, Unclear
from revokers.rotation import Held
from revokers.vault_admin import PROVIDER, Settings, found, signed

__all__ = ["NEEDS", "PLACES", "PROVIDER", "gate", "look", "put", "refusal"]

PLACES: tuple[frozenset[str], ...] = (frozenset({"mount", "path"}),)
NEEDS: Mapping[str, str] = {
    "read on MOUNT/data/PATH": "apply: keeping the secret's other keys, and seeing that the value arrived",
    "update on MOUNT/data/PATH": "apply: storing the successor",
}
_DEEPEST = 8


def _template(depth: int) -> str:
    return "/{mount}/data/" + "/".join(f"{{part{number}}}" for number in range(depth))


WRITES: frozenset[Operation] = frozenset(("POST", _template(depth)) for depth in range(1, _DEEPEST + 1))


def refusal(place: Mapping[str, str], fields: Mapping[str, str]) -> str:
    parts = place["path"].split("/")
    names = [place["mount"], *parts]
    if len(parts) > _DEEPEST or any(not re.fullmatch(r"[\w.-]+", part) or part in (".", "..") for part in names):
        return f"mount is one name, path up to {_DEEPEST} of them parted by /, without data/"
    return "a field needs a name" if "" in fields.values() else ""


def gate(place: Mapping[str, str]) -> tuple[Gate, str]:
    return Gate(provider=PROVIDER, hosts=frozenset(), writes=WRITES), ""


def _at(place: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    parts = place["path"].split("/")
    return _template(len(parts)), {"mount": place["mount"]} | {f"part{n}": part for n, part in enumerate(parts)}


def look(http: Reader, settings: Settings, place: Mapping[str, str], fields: Mapping[str, str]) -> Held:
    """The newest version, with the values of the fields."""
    version, data = _current(http, settings, place)
    values = {name: Secret(str(data.get(name, "")).encode()) for name in fields.values()}
    return Held(versions=(str(version),), values=values)


def put(
    http: Writer, settings: Settings, place: Mapping[str, str], values: Mapping[str, Secret], before: Held
) -> Exchange:
    """A new version with the other keys as they are, if the version is still the one of before."""
    version, data = _current(http, settings, place)
    if (str(version),) != before.versions:
        raise Unclear(f"{place['path']} was changed by somebody else meanwhile", advice="see by whom, and plan again")
    told = {name: value.reveal().decode() for name, value in values.items()}
    template, path = _at(place)
    options = signed(configured(settings, write=True))
    options["hide"] = (*options["hide"], *values.values())
    body = {"options": {"cas": version}, "data": data | told}
    http.request("POST", template, path=path, json=body, **options)
    return last(http)


def _current(http: Reader, settings: Settings, place: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """The version and all keys. Raises NotIdentified where there is no such secret, Unclear for another answer."""
    template, path = _at(place)
    answer = http.request("GET", template, path=path, **signed(configured(settings, write=True)))
    if answer.status == 404:
        raise NotIdentified(
            f"Vault has no secret {place['path']} below {place['mount']}, or its newest version is deleted",
            advice="make it there first, with any value: offkey makes no secrets, it fills them",
        )
    told = found(answer, f"GET {place['mount']}/data/{place['path']}")
    data, metadata = told.get("data"), told.get("metadata")
    version = metadata.get("version") if isinstance(metadata, dict) else None
    if not isinstance(data, dict) or not isinstance(version, int):
        raise Unclear(f"{place['mount']} does not answer as KV version 2 does", advice="name a mount of version 2")
    return version, data
