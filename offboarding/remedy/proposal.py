"""What a pull request says. Title, branch, commit and body never name the person or the reason."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TITLE = "Replace a committed credential by a reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`names` maps each secret name to create to what it stands for; `left` lists files that need a person."""

    kind: str
    redacted: str
    dead: bool
    names: Mapping[str, str]
    changed: Sequence[str]
    removed: Sequence[str]
    left: Sequence[tuple[str, str]]
    step: str


def branch_name(prefix: str, step: str) -> str:
    """`offkey/replace-credential-<8 hex>`: stable for the step, and says nothing about anybody."""
    return f"{prefix}replace-credential-{hashlib.sha256(step.encode()).hexdigest()[:8]}"


def commit_message(proposal: Proposal) -> str:
    names = ", ".join(proposal.names) or "none"
    return f"{TITLE}\n\nKind: {proposal.kind}\nNow read from: {names}\n"


def body(proposal: Proposal) -> str:
    """Markdown for the reviewer: what happened, what to create, what was changed, what is left."""
    state = (
        "It has been **revoked at its issuer and checked to be dead**, so it works nowhere any more."
        if proposal.dead
        else "It is **about to be revoked**: merge this and provide the new value first, or what uses it will stop."
    )
    parts = [
        f"A credential (`{proposal.kind}`, {proposal.redacted}) is written in this repository. {state}",
        "This change takes the literal out of the code and refers to a name instead.",
    ]
    if proposal.names:
        parts.append("### Before merging\nCreate these with a **new** value, in the CI secrets or the environment:")
        parts.append("\n".join(f"- [ ] `{name}` ({what})" for name, what in proposal.names.items()))
    changed = [f"- `{_code(path)}`" for path in proposal.changed]
    changed += [f"- `{_code(path)}` (removed: it held nothing else)" for path in proposal.removed]
    if changed:
        parts.append("### Changed\n" + "\n".join(changed))
    if proposal.left:
        parts.append(
            "### Needs a person\nThese hold it too, in a form that cannot be replaced safely:\n"
            + "\n".join(f"- `{_code(path)}`: {why}" for path, why in proposal.left)
        )
    parts.append(
        "The old value stays in the history, where it is harmless once it is dead; rewriting history is not needed."
    )
    return "\n\n".join(parts) + f"\n\n<sub>offkey, step {proposal.step}</sub>\n"


def _code(path: str) -> str:
    """A path as it may stand between backticks."""
    return "".join(char if char.isprintable() and char != "`" else "?" for char in path)
