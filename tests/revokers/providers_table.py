"""docs/providers.md, made from the code: `python -m tests.revokers.providers_table > docs/providers.md`."""

import revokers
import rules
from offkey.model import Action
from revokers.protocol import Option

HEAD = """# What offkey can end, and what it hands over

This page is generated from `revokers/` and `rules/`; a test compares it with them. "By value" needs the credential's
value, read again from where it was found; "by id" needs what the provider itself lists. Steps are taken in the order
given, reversible ones first. A step with an extra yes is done only when the approval names it (`offkey approve
--allow NAME`).
"""


def render() -> str:
    ruleset = rules.load()
    parts = [HEAD]
    for name, revoker in revokers.REGISTRY.items():
        parts.append(f"\n## {name}\n")
        parts.append("| kind | action | reversible | by | extra yes | what happens |\n|---|---|---|---|---|---|")
        parts += [_row(kind, way) for kind, ways in sorted(revoker.HANDLES.items()) for way in ways]
        parts.append(f"\nHosts: {', '.join(sorted(revoker.HOSTS))}, or the instance that offkey.toml names.\n")
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
    return "\n".join(parts) + "\n"


def _row(kind: str, way: Option) -> str:
    told = way.how if way.action is Action.HAND_OVER else way.reason
    by = "" if way.action in (Action.HAND_OVER, Action.KEEP) else way.by
    cells = (kind, way.action.value, "yes" if way.reversible else "no", by, way.needs, told)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(render(), end="")
