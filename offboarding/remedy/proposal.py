"""What a pull request says. Title, branch, commit and body never name the person or the reason. Pure.

What was done is written into the commits, a line of JSON for each credential (`TRAILER`). The body is made from the
branch's commits alone, so that whoever comes later, in another process or another run, can say it again.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace

from offboarding.remedy.availability import Availability

TITLE = "Replace committed credentials by references"
JOINED = "Bring the branch up to date"
TRAILER = "Offkey-Change: "
_MARK = re.compile(r"<sub>offkey ([^<>]*)</sub>")
_TICKED = re.compile(r"^- \[[xX]\] `([^`]+)`", re.MULTILINE)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One credential in one branch. `names` are (secret to create, what it stands for); `notes` (file, what to know of
    its change); `left` (file, why it needs a person); `branches` others that hold it, too. `dead` was so when the
    commit was made.
    """

    step: str
    kind: str
    redacted: str
    dead: bool
    names: Pairs = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    notes: Pairs = ()
    left: Pairs = ()
    branches: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether anything was changed for it."""
        return bool(self.changed or self.removed)


def branch_stem(prefix: str, base: str, default: str) -> str:
    """`offkey/replace-credentials`, and for another base a hash of its name behind it. Says nothing about anybody."""
    stem = f"{prefix}replace-credentials"
    return stem if base == default else f"{stem}-{hashlib.sha256(base.encode()).hexdigest()[:8]}"


def commit_message(items: Sequence[Item]) -> str:
    kinds = ", ".join(sorted({item.kind for item in items}))
    names = ", ".join(dict.fromkeys(name for item in items for name, _ in item.names)) or "none"
    left = "".join(f"\nNeeds a person: {code(path)}: {code(why)}" for item in items for path, why in item.left)
    trailers = "\n".join(TRAILER + json.dumps(asdict(item), sort_keys=True) for item in items)
    return f"{TITLE}\n\nKinds: {kinds}\nNow read from: {names}{left}\n\n{trailers}\n"


def items_in(messages: Iterable[str]) -> list[Item]:
    """What the messages of a branch's commits tell, one item a credential. What is none of ours is passed over."""
    found: dict[str, Item] = {}
    for message in messages:
        for line in message.splitlines():
            item = _read(line.removeprefix(TRAILER)) if line.startswith(TRAILER) else None
            if item is not None:
                found[item.step] = _joined(found[item.step], item) if item.step in found else item
    return list(found.values())


def _read(text: str) -> Item | None:
    try:
        told = json.loads(text)
        if set(told) != {field.name for field in fields(Item)}:
            return None
        return Item(
            step=str(told["step"]),
            kind=str(told["kind"]),
            redacted=str(told["redacted"]),
            dead=told["dead"] is True,
            names=_pairs(told["names"]),
            changed=_texts(told["changed"]),
            removed=_texts(told["removed"]),
            added=_texts(told["added"]),
            notes=_pairs(told["notes"]),
            left=_pairs(told["left"]),
            branches=_texts(told["branches"]),
        )
    except (ValueError, TypeError, RecursionError):
        return None


def _texts(told: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(one) for one in told)


def _pairs(told: Iterable[tuple[object, object]]) -> Pairs:
    return tuple((str(one), str(other)) for one, other in told)


def _joined(before: Item, after: Item) -> Item:
    """The same credential changed again: what is left, and where else it lies, is as it was last."""
    return replace(
        after,
        names=tuple(dict.fromkeys((*before.names, *after.names))),
        changed=tuple(dict.fromkeys((*before.changed, *after.changed))),
        removed=tuple(dict.fromkeys((*before.removed, *after.removed))),
        added=tuple(dict.fromkeys((*before.added, *after.added))),
        notes=tuple(dict.fromkeys((*before.notes, *after.notes))),
    )


def steps_in(body: str) -> frozenset[str]:
    """The steps that a body of ours lists; none for anybody else's."""
    found = _MARK.search(body)
    return frozenset(found[1].split()) if found else frozenset()


def body(items: Sequence[Item], available: Availability, before: str = "") -> str:
    """Markdown for the reviewer: what happened, what to create, what was changed, what is left.

    What was ticked in the body `before` stays ticked.
    """
    several = len(items) > 1
    opening = f"{len(items)} credentials are" if several else "A credential is"
    parts = [
        f"{opening} written in this repository. This change takes the literal{'s' if several else ''} out of the code "
        "and refers to a name instead.",
        "\n".join(f"- {_item(item)}" for item in items),
    ]
    parts += _to_create(items, available, frozenset(_TICKED.findall(before)))
    if changed := _changed(items):
        parts.append("### Changed\n" + "\n".join(changed))
    if left := list(dict.fromkeys(pair for item in items for pair in item.left)):
        parts.append(
            "### Needs a person\nThese hold a value, too, in a form that cannot be replaced safely:\n"
            + "\n".join(f"- `{code(path)}`: {plain(why)}" for path, why in left)
        )
    if branches := _every(item.branches for item in items):
        named = ", ".join(f"`{code(name)}`" for name in branches)
        parts.append(f"### Other branches\nThese hold a value, too, and are not changed here: {named}.")
    parts.append(
        "The old values stay in the history, where they are harmless once they are dead; rewriting history is not "
        "needed."
    )
    return "\n\n".join(parts) + f"\n\n{mark(items)}\n"


def mark(items: Iterable[Item]) -> str:
    """The line by which a body of ours is known, and what it lists."""
    steps = sorted(re.sub(r"[^\w-]", "", item.step) for item in items)
    return f"<sub>offkey {' '.join(steps)}</sub>"


def _changed(items: Sequence[Item]) -> list[str]:
    notes: dict[str, list[str]] = {}
    for path, note in dict.fromkeys(pair for item in items for pair in item.notes):
        notes.setdefault(path, []).append(plain(note))
    told = {path: f": {'; '.join(words)}" for path, words in notes.items()}
    rows = [f"- `{code(path)}`{told.get(path, '')}" for path in _every(item.changed for item in items)]
    rows += [f"- `{code(path)}` (removed: it held nothing else)" for path in _every(i.removed for i in items)]
    rows += [f"- `{code(path)}` (lines added)" for path in _every(item.added for item in items)]
    return rows


def _item(item: Item) -> str:
    state = (
        "**revoked at its issuer and checked to be dead**: it works nowhere any more."
        if item.dead
        else "it is **about to be revoked**: merge this and provide the new value first, or what uses it will stop."
    )
    return f"`{code(item.kind)}` {plain(item.redacted)}: {state}"


def _to_create(items: Sequence[Item], available: Availability, ticked: frozenset[str]) -> list[str]:
    names = dict(pair for item in items for pair in item.names)
    if not names:
        return []
    rows = (
        f"- [{'x' if code(name) in ticked else ' '}] `{code(name)}` ({plain(what)}){_availability(name, available)}"
        for name, what in names.items()
    )
    parts = [
        "### Before merging\nCreate these with a **new** value, in the CI secrets or the environment:",
        "\n".join(rows),
    ]
    if available.absent:
        parts.append("Do not merge before they are there: what reads a secret that is in no store gets nothing.")
    if available.unknown:
        parts.append(f"Not all secret stores of this repository could be read: {plain(available.why)}.")
    return parts


def _availability(name: str, told: Availability) -> str:
    """Where a name is stored, in words."""
    if name in told.absent:
        return ": **in no secret store** of this repository, its environments or what is above it"
    if name in told.unknown:
        return ": whether a secret store has it could not be read"
    return f": stored by {plain(told.stored[name])}; give it the new value there" if name in told.stored else ""


def _every(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(one for some in lists for one in some))


def code(text: str) -> str:
    """A text as it may stand between backticks."""
    return "".join(char if char.isprintable() and char != "`" else "?" for char in text)


def plain(text: str) -> str:
    """A text as it may stand in a line of Markdown: no markup, mention, number of an issue or link of its own."""
    return re.sub(r"[<>@`\[\]!|#*~]|(?<=:)//|(?<=www)\.", "?", code(text), flags=re.IGNORECASE)
