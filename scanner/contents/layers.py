"""All the texts of one object and what is found in each: whole reading and delta trees both come through here."""

from collections.abc import Sequence
from typing import NamedTuple

from scanner.contents.carry import Held, Searcher
from scanner.contents.inline import Allowance
from scanner.contents.opening import Refused, keystore, worth

TOLD = 3
"""Parts of one object that were refused for the same reason and are named; the others are counted."""


class Text(NamedTuple):
    """A text that holds something, the steps that lead to it from the object's content, and what it holds."""

    content: bytes
    steps: tuple[str, ...]
    held: Held


class Looked(NamedTuple):
    """What an object holds. `held` is of the content as it stands, None for one that hides others."""

    texts: tuple[Text, ...]
    refused: tuple[Refused, ...]
    held: Held | None


def look(searcher: Searcher, content: bytes, steps: tuple[str, ...] = ()) -> Looked:
    """Search a content of which nothing is known, and whatever is hidden in it; `steps` have led to it."""
    if worth(content) and (found := hidden(searcher, content, steps)):
        return found
    return plain(content, searcher.whole(content), steps)


def plain(content: bytes, held: Held, steps: tuple[str, ...] = ()) -> Looked:
    """The same for a content that hides no others, and has been searched."""
    refused = [Refused((*steps, *one.steps), one.why) for kept in held.values() for one in kept.inner if one.why]
    told = any(kept.matches or kept.inner for kept in held.values())
    return Looked((Text(content, steps, held),) if told else (), tuple(refused), held)


def hidden(searcher: Searcher, content: bytes, steps: tuple[str, ...] = ()) -> Looked | None:
    """What a content holds that is worth opening; None when it hides nothing after all, and was not searched."""
    from scanner.contents.unpack import unpacked

    allowance = Allowance()
    texts: list[Text] = []
    refused: list[Refused] = []
    hides = False
    if kind := keystore(content):
        hides = True
        from scanner.claims.stores import names

        told = f"; it names {', '.join(named)}" if (named := names(content)) else ""
        refused.append(Refused(steps, f"a {kind} key store: what it holds is not looked at{told}"))
    for item in unpacked(content):
        hides = True
        if isinstance(item, Refused):
            refused.append(Refused((*steps, *item.steps), item.why))
            continue
        found = plain(item.text, searcher.whole(item.text, allowance), (*steps, *item.steps))
        texts += found.texts
        refused += found.refused
    if not hides:
        return None
    # What no form accounts for, such as deleted rows of a database, is seen in the bytes as they stand.
    found = plain(content, searcher.whole(content, allowance), steps)
    return Looked((*texts, *found.texts), (*refused, *found.refused), None)


def reasons(refused: Sequence[Refused]) -> list[str]:
    """One line for each reason of which parts were refused: what a Gap says."""
    by_why: dict[str, list[str]] = {}
    for one in refused:
        by_why.setdefault(one.why, []).append(" > ".join(one.steps))
    lines = []
    for why, parts in by_why.items():
        named = [part for part in dict.fromkeys(parts) if part]
        shown = ", ".join(named[:TOLD]) + (f" and {len(named) - TOLD} more" if len(named) > TOLD else "")
        lines.append(f"{shown}: {why}" if shown else why)
    return lines
