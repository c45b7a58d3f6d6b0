"""Instances: one provider configured several times. `gitlab` is the provider's own table, `gitlab/corp` a named one.

The name stands in `provider` of every account and access point of that instance, so whatever goes by the provider goes
by the instance. A revoker knows its provider alone: names are put on and taken off here (ADR 18). Pure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from offkey.model import AccessPoint, Account, Check, Gap

SEPARATOR = "/"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""An instance's name, as it stands in offkey.toml."""
_UNDECIDED = "?"


def family(name: str) -> str:
    """The provider of an instance: `gitlab` for `gitlab/corp`, and for `gitlab`."""
    return name.partition(SEPARATOR)[0]


def undecided(provider: str) -> str:
    """The name for what belongs to one of several instances, and nobody can say to which. No instance has it."""
    return f"{provider}{SEPARATOR}{_UNDECIDED}"


def is_undecided(name: str) -> bool:
    return name.endswith(f"{SEPARATOR}{_UNDECIDED}")


def named(provider: str, instance: str) -> str:
    """The name of a provider's instance. Raises ValueError for what is no name."""
    if not NAME.fullmatch(instance):
        raise ValueError("the name of an instance has lower-case letters, digits, - and _ alone")
    return f"{provider}{SEPARATOR}{instance}"


def table(name: str) -> str:
    """The instance's table in offkey.toml: `providers.gitlab.instances.corp`."""
    return f"providers.{name.replace(SEPARATOR, '.instances.')}"


def prefix(name: str) -> str:
    """What precedes ids of a named instance, since two instances may have the same: `gitlab/corp:`; else nothing."""
    return "" if name == family(name) else f"{name}:"


def words(name: str) -> str:
    """` at gitlab/corp` for a named instance, nothing for the provider's own."""
    return f" at {name}" if name != family(name) else ""


def guarded(accounts: Sequence[str], configured: Iterable[str]) -> tuple[str, ...]:
    """`provider:login`s that are to be protected. One at an instance that is not configured is meant at each that is.

    Who gives the provider's table a name, or misspells one, must not lose the guard.
    """
    names = sorted(configured)
    more: list[str] = []
    for entry in accounts:
        at, _, who = entry.lower().partition(":")
        if at not in names:
            more += [f"{name}:{who}" for name in names if family(name) == family(at)]
    return tuple(dict.fromkeys((*accounts, *more)))


def account(name: str, told: Account | None) -> Account | None:
    """A provider's account as that instance's, or, for the provider's own name, as the revoker knows it."""
    return replace(told, provider=name) if told else None


def check(name: str, told: Check) -> Check:
    """The same of an answer."""
    return replace(told, holder=account(name, told.holder)) if told.holder else told


def outward(name: str, told: AccessPoint) -> AccessPoint:
    """What a revoker told of, as that instance's."""
    if name == family(name):
        return told
    return replace(_of(name, told), id=f"{prefix(name)}{told.id}")


def inward(name: str, point: AccessPoint) -> AccessPoint:
    """An instance's point as its revoker knows it."""
    if name == family(name):
        return point
    return replace(_of(family(name), point), id=point.id.removeprefix(prefix(name)))


def _of(name: str, point: AccessPoint) -> AccessPoint:
    return replace(
        point,
        provider=name,
        holder=account(name, point.holder),
        check=check(name, point.check) if point.check else None,
    )


def gap(name: str, told: Gap) -> Gap:
    """What an instance's revoker could not look at, naming the instance and its table."""
    if name == family(name):
        return told
    where = told.where.removeprefix(family(name))
    advice = told.advice.replace(f"[{table(family(name))}]", f"[{table(name)}]")
    return replace(told, where=name + (where if where != told.where else f": {where}"), advice=advice)
