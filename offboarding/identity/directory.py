"""`people.yaml`: the organisation's own word on who has which addresses and accounts.

- id: ann
  names: [Ann Archer]
  emails: [ann@example.com]
  accounts: {github: ann-a, github.id: 4711, aws: ann.archer, slack: U0123}
  left_at: 2026-11-01
  not_me: [ann@elsewhere.example]
"""

import difflib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator

from offboarding.configuration.instances import family
from offboarding.configuration.schema import SettingsError, Table, validated
from offboarding.identity import directory_csv, directory_exports, names
from offboarding.identity.addresses import normal_email
from offboarding.identity.directory_exports import Told
from offboarding.moments import moment
from offkey.errors import UsageError
from offkey.model import Account, Gap

NAMED_BY_ID = frozenset({"slack"})
"""Providers whose people are named by an id alone: Slack's U0123."""


class Entry(Table):
    id: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    accounts: dict[str, str | int] = {}
    left_at: Annotated[datetime | None, BeforeValidator(moment)] = None
    shared: bool = False
    not_me: tuple[str, ...] = ()
    unverified_emails: tuple[str, ...] = ()

    @cached_property
    def normal_emails(self) -> frozenset[str]:
        return frozenset(map(normal_email, self.emails))

    @property
    def logins(self) -> list[tuple[str, str]]:
        """(provider, login) of each account."""
        return [(name, str(value)) for name, value in sorted(self.accounts.items()) if not name.endswith(".id")]

    def login(self, provider: str) -> str:
        return str(self.accounts.get(provider, ""))

    def account_id(self, provider: str) -> str:
        """The provider's immutable id of the person, or empty."""
        return str(self.accounts.get(f"{provider}.id", "")) or (
            self.login(provider) if family(provider) in NAMED_BY_ID else ""
        )

    @property
    def account_records(self) -> tuple[Account, ...]:
        providers = sorted({name.removesuffix(".id") for name in self.accounts})
        return tuple(Account(provider=p, id=self.account_id(p), login=self.login(p)) for p in providers)


class Directory(Table):
    entries: tuple[Entry, ...] = ()
    sources: dict[str, str] = {}
    """What other files than the directory itself say: `id address` or `id provider:id` to the file's name."""
    gaps: tuple[Gap, ...] = ()
    """What those files leave open."""

    def said(self, entry: Entry, key: str) -> str:
        """Who lists an address (in normal form) or account (`provider:id`) of an entry."""
        return self.sources.get(f"{entry.id} {key}", "the directory")

    @cached_property
    def _by_name(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            for key in {key for name in entry.names for key in names.keys(name)}:
                found.setdefault(key, []).append(entry)
        return found

    def named(self, keys: frozenset[str]) -> list[Entry]:
        """Everybody with a full name that has one of these keys (`names.keys`)."""
        return list({entry.id: entry for key in sorted(keys) for entry in self._by_name.get(key, ())}.values())

    @cached_property
    def _by_email(self) -> dict[str, Entry]:
        return {email: entry for entry in self.entries for email in entry.normal_emails}

    @property
    def owners(self) -> dict[str, str]:
        """The id of the person whose address each is (in normal form)."""
        return {email: entry.id for email, entry in self._by_email.items()}

    def owner_of(self, address: str) -> Entry | None:
        """Whose address this is (in normal form), or None."""
        return self._by_email.get(normal_email(address))

    @cached_property
    def _by_account(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for entry in reversed(self.entries):
            for account in entry.account_records:
                found[f"{account.provider}#{account.id}"] = entry
                found[f"{account.provider}:{account.login.casefold()}"] = entry
        return found

    def account_owner(self, provider: str, ident: str, login: str) -> Entry | None:
        """Whose account this is: by its id if both sides have one, else by its login."""
        if ident and (owner := self._by_account.get(f"{provider}#{ident}")):
            return owner
        named = self._by_account.get(f"{provider}:{login.casefold()}") if login else None
        return None if named and ident and named.account_id(provider) else named

    @cached_property
    def _by_subject(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            for key in {entry.id.casefold(), *entry.normal_emails, *_handles(entry)}:
                found.setdefault(key, []).append(entry)
        return found

    def find(self, subject: str) -> Entry | None:
        """The one whom an id, address, `provider:login` or login names; None when nobody. Raises UsageError for two."""
        keys = (subject.strip().casefold(), normal_email(subject))
        found = list({entry.id: entry for key in keys for entry in self._by_subject.get(key, ())}.values())
        if len(found) > 1:
            raise UsageError(
                f"{subject!r} names {' and '.join(entry.id for entry in found)}",
                advice="name one of them by id, or the account as provider:login",
            )
        return found[0] if found else None

    def suggestion(self, subject: str) -> str:
        known = {name: entry.id for entry in self.entries for name in (entry.id, *entry.names, *entry.emails)}
        near = dict.fromkeys(known[name] for name in difflib.get_close_matches(subject, known, 3))
        return (
            f"did you mean {', '.join(near)}?" if near else "name a person by an e-mail address or by people.yaml's id"
        )


def _handles(entry: Entry) -> Iterator[str]:
    for provider, login in entry.logins:
        yield from (login.casefold(), f"{provider}:{login}".casefold())
    for account in entry.account_records:
        yield f"{account.provider}:{account.id}".casefold()


def load(path: Path | None, exports: Sequence[Path] = ()) -> Directory:
    """The directory in a YAML or CSV file, with what `exports` add to it; an empty one for None and no exports.

    Raises SettingsError, also when two people share an address or account.
    """
    directory = _read(path) if path else Directory()
    for export in exports:
        directory = _with(directory, export)
    return directory


def _read(path: Path) -> Directory:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="set `people` under [directory] in offkey.toml") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is no YAML or CSV in UTF-8", advice="save it as UTF-8") from error
    rows = directory_csv.rows(path, text) if path.suffix.casefold() == ".csv" else _yaml(path, text)
    directory = validated(Directory, {"entries": [row for _, row in rows]}, path, lines=[line for line, _ in rows])
    _check_distinct(directory, path)
    return directory


def _yaml(path: Path, text: str) -> list[tuple[int, Any]]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" (line {place.line + 1})" if place else ""
        raise SettingsError(f"{path} is no YAML{line}", advice="check quotes and indentation") from error
    except (ValueError, RecursionError) as error:  # a date that is none, or lists in lists without end
        raise SettingsError(f"{path} is no YAML: {error}", advice="mend the file and try again") from error
    if isinstance(data, dict) and data.keys() == {"people"}:
        data = data["people"]
    if not isinstance(data or [], list):
        raise SettingsError(
            f"{path}: must be a list of people, alone or under `people:`",
            advice="`offkey doctor --init` shows an example",
        )
    return [(0, row) for row in data or []]


def _with(directory: Directory, export: Path) -> Directory:
    """The directory and what an export says of its people, and of others. Raises SettingsError where they differ."""
    entries, sources = {entry.id: entry for entry in directory.entries}, dict(directory.sources)
    people = directory_exports.read(export)
    for told in people:
        known = _known(Directory(entries=tuple(entries.values())), told, export)
        if known is None and not (told.emails or told.accounts):
            continue
        before = known or Entry(id=_id(told))
        if known is None and before.id in entries:  # somebody may choose a login that is another's id
            before = Entry(id=f"github:{before.id}") if not told.emails else before
        if known is None and before.id in entries:
            advice = "add the address to that person, or change the id"
            raise SettingsError(f"{export}: {before.id} is the id of a person without that address", advice=advice)
        entries[before.id] = after = _added(before, told, export)
        new = after.normal_emails - before.normal_emails
        new |= {f"{a.provider}:{a.id or a.login}" for a in after.account_records if a not in before.account_records}
        sources |= {f"{before.id} {key}": export.name for key in sorted(new)}
    merged = Directory(entries=tuple(entries.values()), sources=sources, gaps=(*directory.gaps, *_gaps(people, export)))
    _check_distinct(merged, export)
    return merged


def _id(told: Told) -> str:
    """What to call a person whom the directory does not have."""
    return told.emails[0] if told.emails else told.accounts.get("github") or f"github:{told.accounts['github.id']}"


def _gaps(people: Sequence[Told], export: Path) -> Iterator[Gap]:
    if unnamed := sum(told.unnamed for told in people):
        why = f"{unnamed} of {len(people)} people have a linked account of which it says neither login nor id"
        yield Gap(where=str(export), why=why, advice="export it again, with `user { login databaseId }`")


def _known(directory: Directory, told: Told, export: Path) -> Entry | None:
    ident, login = told.accounts.get("github.id", ""), told.accounts.get("github", "")
    found = [directory.owner_of(email) for email in told.emails] + [directory.account_owner("github", ident, login)]
    known = {entry.id: entry for entry in found if entry}
    if len(known) > 1:
        raise SettingsError(
            f"{export}: gives one person what belongs to both {' and '.join(sorted(known))}",
            advice="mend one of the files",
        )
    return next(iter(known.values()), None)


def _added(entry: Entry, told: Told, export: Path) -> Entry:
    for key, value in told.accounts.items():
        if str(entry.accounts.get(key, value)).casefold() != value.casefold():
            raise SettingsError(
                f"{export}: {key} of {entry.id} is another than in the directory", advice="mend one of the files"
            )
    said: dict[str, Any] = {
        "names": tuple(dict.fromkeys((*entry.names, *told.names))),
        "emails": _distinct((*entry.emails, *told.emails)),
        "unverified_emails": _distinct((*entry.unverified_emails, *told.unverified)),
        "accounts": {**told.accounts, **entry.accounts},
        "left_at": entry.left_at or told.left_at,
    }
    return validated(Entry, {**entry.model_dump(), **said}, export)


def _distinct(emails: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({normal_email(email): email for email in reversed(emails)}.values())[::-1]


def _check_distinct(directory: Directory, path: Path) -> None:
    taken: dict[str, str] = {}
    for entry in directory.entries:
        accounts = {f"{a.provider}:{a.id or a.login.casefold()}" for a in entry.account_records}
        for key in sorted({f"id {entry.id}"} | entry.normal_emails | accounts):
            if key in taken:
                raise SettingsError(
                    f"{path}: {key} belongs to both {taken[key]} and {entry.id}", advice="give it to one of them"
                )
            taken[key] = entry.id
