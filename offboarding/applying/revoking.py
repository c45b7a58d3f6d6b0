"""What offkey can end, a row a kind: the table of `offkey revokers` and of docs/providers.md.

`tested` and `contract` come from the contract test's own record (revokers/tested.json), not from a declaration.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import revokers
from offkey.model import Action
from revokers.protocol import Option, Revoker
from rules import RuleSet

HAND_OVER, KEEP = "hand_over", "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`how` is value, self, admin, person, hand_over or keep; `needs` what offkey must be given; `proof` what shows the
    end; `contract` how many of the provider's called operations an official description covers, "github 9/10";
    `tested` how many contract tests the kind has passed.
    """

    provider: str
    kind: str
    how: str
    needs: str
    proof: str
    reversible: bool
    contract: str
    tested: int

    def data(self) -> dict[str, Any]:
        """JSON data."""
        return asdict(self)


def rows(rules: RuleSet) -> Iterator[Row]:
    """Every kind that a revoker knows, and every other kind that the rules find, by provider and kind."""
    handled = revokers.handled()
    others = {rule.kind: rule.provider for rule in rules.rules if rule.kind not in handled}
    known = {kind: name for name, revoker in revokers.REGISTRY.items() for kind in revoker.HANDLES}
    for kind, provider in sorted((others | known).items(), key=lambda item: (item[1], item[0])):
        yield _row(provider, kind, handled.get(kind, ()))


def _row(provider: str, kind: str, ways: tuple[Option, ...]) -> Row:
    acting = [way for way in ways if way.action not in (Action.HAND_OVER, Action.KEEP)]
    kept = bool(ways) and all(way.action is Action.KEEP for way in ways)
    last = acting[-1] if acting else None
    return Row(
        provider=provider,
        kind=kind,
        how=last.via if last else KEEP if kept else HAND_OVER,
        needs=_needs(revokers.REGISTRY[provider], last) if last else "",
        proof=last.proof if last else "",
        reversible=any(way.reversible for way in acting),
        contract=_contract(provider) if last else "",
        tested=len(_record()["kinds"].get(kind, ())),
    )


def _needs(revoker: Revoker, way: Option) -> str:
    given = "" if way.via in ("value", "self") else "; ".join(revoker.NEEDS)
    return "; ".join(filter(None, (f"--allow {way.needs}" if way.needs else "", given)))


def _contract(provider: str) -> str:
    called = _record()["operations"].get(provider, {})
    by = sorted({description for description in called.values() if description})
    described = sum(bool(description) for description in called.values())
    return f"{', '.join(by)} {described}/{len(called)}" if by else f"none published 0/{len(called)}"


@cache
def _record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.files(revokers) / "tested.json").read_text())
    return found
