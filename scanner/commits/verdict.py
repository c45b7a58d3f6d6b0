"""Chooses the one introducer of a value among the commits that bring it, and says why in plain sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from offkey.found import Authorship
from scanner.commits.authors import Credits
from scanner.commits.behind import behind
from scanner.commits.carrier import Carrier
from scanner.commits.carriers import REWRITTEN, Brought, Compared, kinds
from scanner.commits.history import History

SHOWN = 20
"""How many later carriers the evidence names one by one."""

Rank = tuple[bool, object, object, object, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`credits` of the introducer, or None when none can be named."""

    credits: Credits | None
    carried: tuple[Authorship, ...]
    evidence: tuple[str, ...]


def judge(known: Compared, brought: Brought) -> Verdict:
    """The verdict over one value. Of several first bringers: the earliest author date, then committer date, then id."""
    history, credits = known.history, known.credits
    ordered = sorted(brought.first, key=lambda number: rank(history, credits, number))
    chosen, others = ordered[0], ordered[1:]
    named = credits.get(history.ids[chosen])
    later = sorted(set(brought.bringers) - {chosen}, key=lambda number: rank(history, credits, number))
    told = kinds(known, brought, [chosen, *later])
    return Verdict(
        credits=named,
        carried=tuple(
            replace(credits[oid].author, kind=told[number].value)
            for number in later
            if (oid := history.ids[number]) in credits
        ),
        evidence=(
            *_why(history, chosen, len(brought.bringers), named),
            *(behind(named, short(history, chosen)) if named else ()),
            *_tie(history, chosen, [number for number in others if told[number] not in REWRITTEN]),
            *_carriers(history, told),
        ),
    )


def rank(history: History, credits: Mapping[str, Credits], number: int) -> Rank:
    """Sort key: author date, committer date, id; a node whose author cannot be read comes last."""
    oid = history.ids[number]
    return (False, *credits[oid].order) if oid in credits else (True, 0, 0, 0, oid)


def short(history: History, number: int) -> str:
    node = history.nodes[number]
    return f"{node.kind} {node.id[:12]}"


_WORDS = {
    Carrier.AMEND: "the same commit, amended",
    Carrier.REBASE: "the same change, rebased",
    Carrier.CHERRY_PICK: "the same change, cherry-picked",
    Carrier.SQUASH: "the same change, squashed with others",
    Carrier.REVERT: "a revert that brings it back",
    Carrier.MERGE: "a merge",
    Carrier.MOVE: "a move from another path",
    Carrier.COPY: "a copy",
    Carrier.ADDED_AGAIN: "added again after it was gone",
    Carrier.INDEPENDENT: "added independently",
    Carrier.MESSAGE: "its message quotes it",
    Carrier.TAG: "its message quotes it, or it tags what holds it",
}


def _why(history: History, chosen: int, count: int, named: Credits | None) -> list[str]:
    name = short(history, chosen)
    lines = [
        f"{name} is the only one that adds the value"
        if count == 1
        else f"{name} is the earliest of {count} that add the value"
    ]
    if history.is_tag(chosen):
        lines.append("the value stands in an annotated tag: its tagger is named")
    if named is None:
        lines.append(f"{name} names no author that can be read")
    elif not named.dated:
        lines.append(f"{name} has no readable author date; 1970-01-01 stands for it and it yields to any dated commit")
    if named and named.mapped:
        lines.append(
            f".mailmap turned the committed address {named.author.raw_email} into {named.author.email}; "
            "whoever can commit can write a .mailmap"
            if named.author.email != named.author.raw_email
            else ".mailmap turned a co-author's address; whoever can commit can write a .mailmap"
        )
    if chosen in history.cut:
        lines.append(
            f"a parent of {name} is not stored here (shallow or damaged history): "
            "the value may have been introduced earlier"
        )
    elif history.cut:
        lines.append("older history is not stored here: the value may have been there before and been taken out again")
    return lines


def _tie(history: History, chosen: int, others: list[int]) -> list[str]:
    if not others:
        return []
    names = ", ".join(short(history, number) for number in others[:SHOWN])
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    return [
        f"a tie: {names}{more} add it too and neither descends from {short(history, chosen)}; "
        "the earliest author date, then committer date, then id decided"
    ]


def _carriers(history: History, kinds: Mapping[int, Carrier]) -> list[str]:
    lines = [f"{short(history, number)} carries it: {_WORDS[kind]}" for number, kind in list(kinds.items())[:SHOWN]]
    if len(kinds) > SHOWN:
        lines.append(f"{len(kinds) - SHOWN} more carry it")
    return lines
