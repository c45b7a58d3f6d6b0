"""Reads the CI secret stores of repositories, without changing anything. What could not be read is a Gap.

A value that a store tells is compared where it was read, by its fingerprint under the organisation key, and dropped.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from offboarding.asking import lanes
from offboarding.asking.stores import Where
from offboarding.configuration.config import Config
from offboarding.configuration.instances import family
from offboarding.configuration.instances import gap as gap_of
from offboarding.remedy import locating
from offboarding.remedy.address import git_host, remote_at
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.http import Reader
from offkey.model import Gap
from offkey.secret import Secret
from revokers.stores import Compare, Stored, Unread
from revokers.stores import gitlab as stores_gitlab
from revokers.stores.registry import READERS
from scanner.repository.clone import is_url

TELLING = ("github", "gitlab")
"""Providers with stores that tell values."""
_KIND = "stored value"
_WORDS = re.compile(rb"[\s\"'`,;=:{}\[\]<>]+")
_SHORTEST = 8
"""Bytes: shorter words of a value are no credentials."""


@dataclass(frozen=True, slots=True)
class Lists:
    """`unread` has, for each provider that was asked, the repositories of which a store could not be read."""

    stored: tuple[Stored, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unread: Mapping[str, frozenset[str]] = field(default_factory=dict)


def comparison(key: OrgKey, values: Iterable[tuple[str, Secret]]) -> Compare:
    """Compares a stored value, whole or by its words, with (fingerprint, value) of what has leaked.

    A variable of a file's form (`.env`, JSON) holds a credential as one of its words. `values` are looked at when there
    is something to compare.
    """
    lock = threading.Lock()

    @cache
    def leaked() -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for fingerprint, value in values:
            found[key.fingerprint(_KIND, {"secret": value.reveal().strip()})].add(fingerprint)
        return found

    def compare(value: Secret) -> tuple[str, ...]:
        with lock:
            known = leaked()
        whole = value.reveal().strip()
        pieces = {whole, *(word for word in _WORDS.split(whole) if len(word) >= _SHORTEST)} - {b""}
        return tuple(sorted({f for one in pieces for f in known.get(key.fingerprint(_KIND, {"secret": one}), ())}))

    return compare


def whereabouts(config: Config, repos: Iterable[str]) -> Where:
    """What each repository, as it was scanned, is called at each configured instance of a provider of stores."""
    found: dict[str, dict[str, str]] = {}
    for repo in repos:
        names = {name: Path(repo).name for name in config.instances_of("jenkins")}
        at, hub = locating.github_name(config, repo)
        if hub and at in config.providers:
            names[at] = hub
        if hub:
            names |= dict.fromkeys(config.instances_of("circleci"), f"gh/{hub}")
        names |= {name: path for name in config.instances_of("gitlab") if (path := _gitlab_path(config, name, repo))}
        found[repo] = names
    return found


def _gitlab_path(config: Config, name: str, repo: str) -> str:
    """`group/subgroup/project`, or "" for a repository that is not at this configured GitLab."""
    host = git_host(config.providers[name].url or stores_gitlab.URL)
    address, _ = remote_at(host, repo if is_url(repo) else locating.origin(Path(repo)))
    parts = urlsplit(address)
    return parts.path.strip("/").removesuffix(".git") if parts.hostname == host else ""


def read(config: Config, where: Where, compare: Compare, *, values: bool = False) -> Lists:
    """What the configured providers' stores hold for the repositories, read side by side.

    With `values` only stores that tell values are read.
    """
    telling = [provider for provider in READERS if provider in TELLING or not values]
    asked = [name for provider in telling for name in config.instances_of(provider)]
    found: dict[str, list[Stored | Unread]] = {name: [] for name in asked}

    def one(name: str) -> None:
        projects = sorted({known[name] for known in where.values() if name in known})
        found[name] += _read(config, name, projects, compare, values=values)

    lanes.run({name: [name] for name in asked}, one)
    unread = {name: [item for item in items if isinstance(item, Unread)] for name, items in found.items()}
    return Lists(
        merged(item for items in found.values() for item in items if isinstance(item, Stored)),
        tuple(dict.fromkeys(item.gap for items in unread.values() for item in items)),
        {name: frozenset(project for item in items for project in item.projects) for name, items in unread.items()},
    )


def _read(
    config: Config, name: str, projects: Sequence[str], compare: Compare, *, values: bool
) -> list[Stored | Unread]:
    settings = config.provider_settings(name, write=False)
    if isinstance(settings, Gap):
        return [Unread(gap=settings, projects=tuple(projects))]
    found: list[Stored | Unread] = []
    try:
        http = _reader(name, settings)
        try:
            told = READERS[family(name)].stored(http, settings, projects, compare, values=values)
            found.extend(_at(name, item) for item in told)
        finally:
            http.close()
    except OffkeyError as error:
        gap = Gap(where=f"{name}: secret stores", why=str(error), advice=error.advice)
        found.append(Unread(gap=gap, projects=tuple(projects)))
    return found


def _at(name: str, item: Stored | Unread) -> Stored | Unread:
    if name == family(name):
        return item
    return replace(item, instance=name) if isinstance(item, Stored) else replace(item, gap=gap_of(name, item.gap))


def _reader(name: str, settings: Any) -> Reader:
    reader = READERS[family(name)]
    return Reader(reader.gate, settings.url or reader.URL, instance=settings.url)


def merged(found: Iterable[Stored]) -> tuple[Stored, ...]:
    """Each stored secret once: an organisation's is told by its own list and by those of the repositories it is for."""
    once: dict[tuple[str, ...], Stored] = {}
    for item in found:
        same = (item.instance, item.store, item.level, item.owner.casefold(), item.environment, item.name)
        known = once.get(same, item)
        projects = tuple(sorted({*known.projects, *item.projects}))
        equals = tuple(sorted({*known.equals, *item.equals}))
        once[same] = replace(known, projects=projects, equals=equals, note=known.note or item.note)
    return tuple(once.values())
