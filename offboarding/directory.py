"""`people.yaml`: the organisation's own word on who has which addresses and accounts.

- id: ann
  names: [Ann Archer]
  emails: [ann@example.com]
  accounts: {github: ann-a, github.id: 4711, aws: ann.archer, slack: U0123}
  left_at: 2026-11-01
  not_me: [ann@elsewhere.example]
"""

import difflib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator

from offboarding.addresses import normal_email
from offboarding.schema import SettingsError, Table, validated
from offkey.errors import UsageError
from offkey.model import Account

NAMED_BY_ID = frozenset({"slack"})
"""Providers whose people are named by an id alone: Slack's U0123."""


def _moment(value: Any) -> Any:
    """A date alone is its midnight in UTC; a time without a zone is refused rather than guessed."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs its zone, such as 2026-11-01T17:00:00+01:00")
        return value.astimezone(UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else value


class Entry(Table):
    id: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    accounts: dict[str, str | int] = {}
    left_at: Annotated[datetime | None, BeforeValidator(_moment)] = None
    shared: bool = False
    not_me: tuple[str, ...] = ()

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
        return str(self.accounts.get(f"{provider}.id", "")) or (self.login(provider) if provider in NAMED_BY_ID else "")

    @property
    def account_records(self) -> tuple[Account, ...]:
        providers = sorted({name.removesuffix(".id") for name in self.accounts})
        return tuple(Account(provider=p, id=self.account_id(p), login=self.login(p)) for p in providers)


class Directory(Table):
    entries: tuple[Entry, ...] = ()

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

    def account_owner(self, provider: str, ident: str, login: str) -> Entry | None:
        """Whose account this is: by its id if both sides have one, else by its login."""
        for entry in self.entries:
            known = entry.account_id(provider)
            if (
                (known == ident)
                if known and ident
                else (login and entry.login(provider).casefold() == login.casefold())
            ):
                return entry
        return None

    def find(self, subject: str) -> Entry | None:
        """The one whom an id, address, `provider:login` or login names; None when nobody. Raises UsageError for two."""
        wanted = subject.strip().casefold()
        found = [
            entry
            for entry in self.entries
            if wanted == entry.id.casefold()
            or normal_email(subject) in entry.normal_emails
            or wanted in _handles(entry)
        ]
        if len(found) > 1:
            raise UsageError(
                f"{subject!r} names {' and '.join(entry.id for entry in found)}",
                advice="name one of them by id, or the account as provider:login",
            )
        return found[0] if found else None

    def suggestion(self, subject: str) -> str:
        names = {name: entry.id for entry in self.entries for name in (entry.id, *entry.names, *entry.emails)}
        near = dict.fromkeys(names[name] for name in difflib.get_close_matches(subject, names, 3))
        return (
            f"did you mean {', '.join(near)}?" if near else "name a person by an e-mail address or by people.yaml's id"
        )


def _handles(entry: Entry) -> Iterator[str]:
    for provider, login in entry.logins:
        yield from (login.casefold(), f"{provider}:{login}".casefold())
    for account in entry.account_records:
        yield f"{account.provider}:{account.id}".casefold()


def load(path: Path | None) -> Directory:
    """The directory in a file; an empty one for None. Raises SettingsError, also when two people share an address."""
    if path is None:
        return Directory()
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", advice="set `people` under [directory] in offkey.toml") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        line = f" (line {place.line + 1})" if place else ""
        raise SettingsError(f"{path} is no YAML{line}", advice="check quotes and indentation") from error
    if isinstance(data, dict) and data.keys() == {"people"}:
        data = data["people"]
    if not isinstance(data or [], list):
        raise SettingsError(
            f"{path}: must be a list of people, alone or under `people:`",
            advice="`offkey doctor --init` shows an example",
        )
    directory = validated(Directory, {"entries": data or []}, path)
    _check_distinct(directory, path)
    return directory


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
