"""`offkey.toml`: documented, checked against its schema, unknown keys refused (DESIGN section 8).

Credentials stand in it by reference alone and are resolved only when they are asked for; write credentials only for
`apply`. Besides `scanner/repository/git.py`, this and `offboarding/configuration/references.py` alone read the
environment.
"""

import dataclasses
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, get_type_hints

from pydantic import (
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from offboarding.configuration import instances, references
from offboarding.configuration.installation import require_own_packages
from offboarding.configuration.instances import family
from offboarding.configuration.references import ReferenceBroken
from offboarding.configuration.schema import SettingsError, Table, validated
from offboarding.configuration.sections import (
    Approvers,
    BreakGlass,
    Canaries,
    Directory,
    Organisation,
    Policy,
    Provider,
    Remedy,
    Repositories,
)
from offboarding.configuration.standing import Standing
from offboarding.configuration.verification import Verification
from offboarding.ledger.settings import Ledger
from offboarding.optouts.settings import OptOuts
from offboarding.planning.policy import Policy as Limits
from offboarding.planning.roles import Roles
from offboarding.rotation.entries import Entry, at_instances
from offboarding.state import CONFIGURATION, state_folder
from offkey.errors import UsageError
from offkey.fingerprint import OrgKey
from offkey.model import Gap

OFFLINE = frozenset({"private_key"})
"""Providers whose modules send nothing anywhere: they are asked without a table."""


class Config(Table):
    """The whole configuration. `Config()` is what holds without a file."""

    organisation: Organisation = Organisation()
    directory: Directory = Directory()
    repositories: Repositories = Repositories()
    policy: Policy = Policy()
    approvers: Approvers = Approvers()
    break_glass: BreakGlass = BreakGlass()
    canaries: Canaries = Canaries()
    providers: dict[str, Provider] = {}
    """By instance: `gitlab` for the table's own, `gitlab/corp` for [providers.gitlab.instances.corp]."""
    remedy: Remedy = Remedy()
    rotation: tuple[Entry, ...] = ()
    standing: Standing = Standing()
    verify: Verification = Verification()
    ledger: Ledger = Ledger()
    optouts: OptOuts = OptOuts()
    roles: Roles = Roles()

    @model_validator(mode="after")
    def _rotated_while_the_plan_holds(self) -> Self:
        hours = max((entry.deadline_hours for entry in self.rotation), default=0) + self.policy.observe_hours
        if self.rotation and hours >= self.policy.plan_valid_hours:
            raise ValueError(
                "deadline_hours of [[rotation]] and observe_hours must together be less than plan_valid_hours"
            )
        return self

    @field_validator("providers", mode="before")
    @classmethod
    def _by_instance(cls, tables: Any) -> Any:
        return dict(_instances(tables)) if isinstance(tables, dict) else tables

    @field_validator("rotation")
    @classmethod
    def _at_instances(cls, entries: tuple[Entry, ...], info: ValidationInfo) -> tuple[Entry, ...]:
        return at_instances(entries, info.data.get("providers", {}))

    def instances_of(self, provider: str) -> tuple[str, ...]:
        """The configured instances of a provider, its own table first."""
        return tuple(sorted(name for name in self.providers if family(name) == provider))

    def org_key(self) -> OrgKey | None:
        """The organisation key, or None when none is configured. Raises ReferenceBroken, KeyUnusable."""
        reference = self.organisation.key
        return references.organisation_key(reference) if reference else None

    def state_dir(self, override: Path | None = None) -> Path:
        """The state folder, made with mode 0700: `--state`, $OFFKEY_STATE, the configuration's, the XDG place."""
        return state_folder(override, self.organisation.state)

    def requester(self) -> str:
        """Who asks for plans, an e-mail address: approvers are compared with it. Raises SettingsError when unknown."""
        if "@" not in self.organisation.requester:
            raise SettingsError(
                "it is not known who asks for the plan", advice="set `requester` to an e-mail under [organisation]"
            )
        return self.organisation.requester

    def limits(self) -> Limits:
        """What a plan must keep to."""
        return Limits(
            max_steps=self.policy.max_steps,
            plan_valid_hours=self.policy.plan_valid_hours,
            hand_over_days=self.policy.hand_over_days,
            observe_hours=self.policy.observe_hours,
            break_glass=instances.guarded(self.break_glass.accounts, self.providers),
        )

    def _unlisted(self, name: str) -> Provider | None:
        """An empty table, for a provider of a fixed address that needs nothing else; None where nobody asked for it."""
        from revokers import REGISTRY

        if name not in REGISTRY or self.instances_of(name):
            return None
        asked = name in OFFLINE or (self.policy.unlisted_providers and REGISTRY[name].URL)
        return Provider() if asked and not _needed(name) else None

    def provider_settings(self, name: str, write: bool) -> Any:
        """An instance's Settings with the read credential, and the write credential only when `write`; or a Gap.

        Without `write` the write reference is not so much as looked at. Raises ForeignPackage.
        """
        table = self.providers.get(name) or self._unlisted(name)
        needs = "read" in _needed(name) if table is not None else False
        if table is None or (needs and not table.read):
            return Gap(
                where=name,
                why="the provider is not configured" if table is None else "no read credential is configured",
                advice=f"add [{instances.table(name)}]{' with `read`' if needs else ''} to offkey.toml",
            )
        require_own_packages()
        resolve = references.aws if family(name) == "aws" else references.token
        try:
            given: dict[str, Any] = {"read": resolve(table.read)} if table.read else {}
            if write and table.write:
                given["write"] = resolve(table.write)
        except ReferenceBroken as error:
            return Gap(where=name, why=str(error), advice=error.advice)
        return _settings_type(name)(url=table.url, **given, **_extras(name, table))


def load(path: Path | None) -> Config:
    """The configuration in `path`, or in `offkey.toml` here if there is one, or the defaults.

    Raises SettingsError naming file, table, key and what is allowed; UsageError when `path` cannot be read.
    """
    if path is None and not CONFIGURATION.is_file():
        return Config()
    file = path or CONFIGURATION
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", advice="`offkey doctor --init` writes a first one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no TOML: {error}", advice="see https://toml.io for the form") from error
    config = validated(Config, data, file)
    for name, table in config.providers.items():
        _check_provider(file, name, table)
    return config


def _instances(tables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each instance with its table. A table that holds instances alone is none itself. Raises ValueError."""
    for provider, table in tables.items():
        if instances.SEPARATOR in provider:
            raise ValueError(
                f"an instance is written [providers.{provider.replace(instances.SEPARATOR, '.instances.')}]"
            )
        if not isinstance(table, dict) or "instances" not in table:
            yield provider, table
            continue
        own = {key: value for key, value in table.items() if key != "instances"}
        if not isinstance(table["instances"], dict) or not table["instances"]:
            raise ValueError(f"[providers.{provider}.instances] holds a table for each instance")
        if own:
            yield provider, own
        for name, one in table["instances"].items():
            yield instances.named(provider, name), one


def _settings_type(name: str) -> Any:
    return importlib.import_module(f"revokers.{family(name)}").Settings


def _needed(name: str) -> frozenset[str]:
    """The keys that a revoker's Settings have no default for."""
    fields = dataclasses.fields(_settings_type(name))
    return frozenset(f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING)


def _extras(name: str, table: Provider) -> dict[str, Any]:
    """What the table has beyond `url`, `read` and `write`, in the types of the revoker's Settings."""
    hints = get_type_hints(_settings_type(name))
    return {key: TypeAdapter(hints[key]).validate_python(value) for key, value in (table.model_extra or {}).items()}


def _check_provider(file: Path, name: str, table: Provider) -> None:
    """Refuse a provider that no revoker exists for, and keys that its Settings lack, need or cannot take."""
    from revokers import REGISTRY

    where = f"{file}: [{instances.table(name)}]"
    if family(name) not in REGISTRY:
        raise SettingsError(f"{where}: unknown provider; allowed here: {', '.join(sorted(REGISTRY))}")
    fields = {field.name for field in dataclasses.fields(_settings_type(name))}
    given = set(table.model_extra or {})
    if given - fields:
        raise SettingsError(f"{where} {min(given - fields)}: unknown key; allowed here: {', '.join(sorted(fields))}")
    if missing := _needed(name) - given - {"read"} - ({"url"} if table.url else set()):
        raise SettingsError(f"{where} {min(missing)}: is missing")
    try:
        _extras(name, table)
    except ValidationError as error:
        raise SettingsError(f"{where}: {error.errors(include_input=False)[0]['msg']}") from None
