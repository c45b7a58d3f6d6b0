"""What a pull request says. Title, branch, commit and body never name the person or the reason."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from offboarding.remedy.availability import Availability

TITLE = "Replace a committed credential by a reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`names` maps each secret name to create to what it stands for; `left` lists files that need a person.

    `available` says which of the names the repository's stores have.
    """

    kind: str
    redacted: str
    dead: bool
    names: Mapping[str, str]
    changed: Sequence[str]
    removed: Sequence[str]
    left: Sequence[tuple[str, str]]
    step: str
    available: Availability = field(default_factory=Availability)

    @property
    def draft(self) -> bool:
        """Whether it refers to a secret that is in no store: merged, what reads it would get nothing."""
        return bool(self.available.absent)


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
        rows = (f"- [ ] `{name}` ({what}){_availability(name, proposal)}" for name, what in proposal.names.items())
        parts.append("\n".join(rows))
        if proposal.draft:
            parts.append("Do not merge before they are there: what reads a secret that is in no store gets nothing.")
        if proposal.available.unknown:
            parts.append(f"Not all secret stores of this repository could be read: {_code(proposal.available.why)}.")
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


def _availability(name: str, proposal: Proposal) -> str:
    """Where a name is stored, in words."""
    told = proposal.available
    if name in told.absent:
        return ": **in no secret store** of this repository, its environments or its organisation"
    if name in told.unknown:
        return ": whether a secret store has it could not be read"
    return f": stored by {_code(told.stored[name])}; give it the new value there" if name in told.stored else ""


def _code(path: str) -> str:
    """A path as it may stand between backticks."""
    return "".join(char if char.isprintable() and char != "`" else "?" for char in path)
