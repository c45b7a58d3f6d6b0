"""At which of a provider's instances a value is, by what those answer. Pure (ADR 18).

Alive at one, it is there. What an instance says of a value that it does not know is no death: refused at all of several
addresses it has ended, or is another instance's. Where several instances have one address (two workspaces, two
accounts) one answer stands for all, and whose value it is, their lists, the issuer's words or the account say.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from offboarding.configuration import instances
from offkey.model import AccessPoint, Check, Gap, Liveness
from revokers.parts import REFUSED
from revokers.protocol import Issues, Revoker

NOT_CONFIGURED = "instance not configured"
"""How the reason begins with which a module tells that a value names another host than this one. It was not sent."""
OTHERS = "it has ended, or is another instance's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """One instance: its name, its settings (a Gap where it cannot be asked), and the address that answers for it."""

    name: str
    settings: Any
    base: str


def placed(
    revoker: Revoker,
    here: Sequence[Here],
    answers: Mapping[str, Check],
    *,
    listed: Collection[str] = (),
    known: Collection[tuple[str, str]] = (),
) -> tuple[str, Check]:
    """(instance, answer), the instance "?" where nobody can say which. `answers` are the module's own, by address.

    `listed` are the instances whose lists have this very value, by the id inside it; `known` the person's accounts, as
    (instance, id), in the directory and the lists.
    """
    if len(here) == 1:
        return _at(here[0].name, answers[here[0].base])
    sure = [one for one in here if one.name in listed]
    if len(sure) == 1:
        return _at(sure[0].name, answers[sure[0].base])
    told_of = {one.base: answers[one.base] for one in here}
    asked = {base: said for base, said in told_of.items() if not said.reason.startswith(NOT_CONFIGURED)} or told_of
    told = [base for base, said in asked.items() if said.liveness is Liveness.LIVE]
    told = told or _dead(revoker, here, asked)
    if len(told) == 1:
        candidates = [one for one in here if one.base == told[0]]
        return _at(_which(revoker, candidates, asked[told[0]], known), asked[told[0]])
    name = instances.undecided(revoker.PROVIDER)
    if told:
        at = ", ".join(one.name for one in here if one.base in told)
        return name, replace(asked[told[0]], reason=f"alive at more than one instance: {at}", holder=None)
    return name, _refused(here, asked)


def _dead(revoker: Revoker, here: Sequence[Here], asked: Mapping[str, Check]) -> list[str]:
    """Where it has died: at the one address that was asked, or where the answer is one that its issuer alone gives."""
    if len(asked) == 1:
        return list(asked)
    dead = {base for base, said in asked.items() if said.liveness is Liveness.DEAD}
    return sorted({one.base for one in here if one.base in dead and _issued(revoker, one, asked[one.base])})


def _issued(revoker: Revoker, one: Here, said: Check) -> bool | None:
    if isinstance(one.settings, Gap) or not isinstance(revoker, Issues):
        return None
    return revoker.issued(one.settings, said)


def _which(revoker: Revoker, candidates: Sequence[Here], said: Check, known: Collection[tuple[str, str]]) -> str:
    """Of instances at one address: the one that issued it, or where the person has this very account."""
    told = {one.name: _issued(revoker, one, said) for one in candidates}
    sure = [name for name, is_its in told.items() if is_its]
    possible = sure or [name for name, is_its in told.items() if is_its is not False]
    unread = {one.name for one in candidates if isinstance(one.settings, Gap)}
    if len(possible) != 1 or (not sure and possible[0] in unread):  # what is merely left over proves nothing
        ident = said.holder.id if said.holder else ""
        possible = [name for name in possible if ident and (name, ident) in known]
    return possible[0] if len(possible) == 1 else instances.undecided(revoker.PROVIDER)


def _at(name: str, said: Check) -> tuple[str, Check]:
    return name, instances.check(name, said)


def _refused(here: Sequence[Here], asked: Mapping[str, Check]) -> Check:
    """UNKNOWN, with what each address said."""
    said = [
        f"{', '.join(one.name for one in here if one.base == base)}: {answer.reason}" for base, answer in asked.items()
    ]
    refused = all(answer.status == REFUSED or answer.liveness is Liveness.DEAD for answer in asked.values())
    first = next(iter(asked.values()))
    reason = "; ".join([*said, *([OTHERS] if refused else [])])
    return Check(liveness=Liveness.UNKNOWN, reason=reason, at=first.at, status=REFUSED if refused else "")


def listed_at(points: Sequence[AccessPoint], kind: str, inside: str) -> frozenset[str]:
    """The instances whose lists have the credential of this kind with this id."""
    return frozenset(point.provider for point in points if inside and (point.kind, point.provider_id) == (kind, inside))
