"""docs/providers.md, made from the code: `python -m tests.revokers.providers_table > docs/providers.md`."""

import dataclasses
from collections import Counter
from typing import Any

import revokers
import rules
from offboarding.applying import revoking
from offkey.model import Action
from revokers.protocol import Option
from tests import recording

HEAD = """# What offkey can end, and what it hands over

This page is generated from `revokers/` and `rules/`; a test compares it with them. "By value" needs the credential's
value, read again from where it was found; "by id" needs what the provider itself lists. Steps are taken in the order
given, reversible ones first. A step with an extra yes is done only when the approval names it (`offkey approve
--allow NAME`). The columns *contract* and *tested* come from the contract test's own record (`revokers/tested.json`):
how many of the calls made to the provider its official description covers, and how many contract tests the kind has
passed. `offkey revokers --format json` gives the same table.
"""


def render() -> str:
    ruleset = rules.load()
    parts = [HEAD, *_overview(list(revoking.rows(ruleset)))]
    for name, revoker in revokers.REGISTRY.items():
        parts.append(f"\n## {name}\n")
        parts.append("| kind | action | reversible | by | extra yes | what happens |\n|---|---|---|---|---|---|")
        parts += [_row(kind, way) for kind, ways in sorted(revoker.HANDLES.items()) for way in ways]
        hosts = ", ".join(sorted(revoker.HOSTS))
        parts.append(f"\nHosts: {hosts + ', or' if hosts else 'only'} the instance that offkey.toml names.\n")
        parts.append(_settings(name, revoker))
        parts.append("| permission of offkey's credential | for |\n|---|---|")
        parts += [f"| {permission} | {purpose} |" for permission, purpose in revoker.NEEDS.items()]
    parts.append("\n## Handed over to a person\n")
    parts.append("Found by rules, ended by hand.\n")
    parts.append("| provider | kinds | where | how |\n|---|---|---|---|")
    for name, provider in sorted(ruleset.providers.items()):
        if kinds := sorted({rule.kind for rule in ruleset.rules if rule.provider == name} - set(revokers.handled())):
            parts.append(
                f"| {name} | {', '.join(kinds)} | {provider.console or 'its own address'} | {provider.handover} |"
            )
    return "\n".join([*parts, *_uncovered()]) + "\n"


def _settings(name: str, revoker: Any) -> str:
    """The keys of a provider's table in offkey.toml, with what its Settings say of them."""
    fields = dataclasses.fields(revoker.Settings)
    needed = {f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING}
    keys = ", ".join(f"`{f.name}`{' (needed)' if f.name in needed else ''}" for f in fields)
    return f"`[providers.{name}]` has {keys}. {' '.join((revoker.Settings.__doc__ or '').split())}\n"


def _overview(rows: list[revoking.Row]) -> list[str]:
    ended = [row for row in rows if row.how not in (revoking.HAND_OVER, revoking.KEEP)]
    exact = {row.provider for row in ended if row.how != "person"}
    counts = Counter(row.how for row in rows)
    told = ", ".join(f"{counts[how]} {how}" for how in ("value", "self", "admin", "person", "hand_over", "keep"))
    return [
        f"\n{len(rows)} kinds of {len({row.provider for row in rows})} providers: {told}. {len(exact)} providers have "
        "a credential that is ended exactly; calls on a whole account (person) are not counted there.\n",
        "| kind | how | proof | undone? | contract | tested |\n|---|---|---|---|---|---|",
        *(
            f"| {r.kind} | {r.how} | {r.proof} | {'yes' if r.reversible else 'no'} | {r.contract} | {r.tested or ''} |"
            for r in ended
        ),
    ]


def _uncovered() -> list[str]:
    """The calls that no official description covers, by provider."""
    called = recording.read()["operations"]
    lines = ["\n## Calls that no official description covers\n"]
    lines.append("Made in the contract test, as documented in prose, in the provider's own source, or in its SDK.\n")
    for name, operations in sorted(called.items()):
        if missing := sorted(operation for operation, by in operations.items() if not by):
            lines.append(f"- {name}: {', '.join(f'`{one}`' for one in missing)}")
    return lines


def _row(kind: str, way: Option) -> str:
    told = way.how if way.action is Action.HAND_OVER else way.reason
    by = "" if way.action in (Action.HAND_OVER, Action.KEEP) else way.by
    cells = (kind, way.action.value, "yes" if way.reversible else "no", by, way.needs, told)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(render(), end="")
