"""Chooses the one introducer of a value among the commits that bring it, and says why in plain sentences."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from offkey.found import Authorship
from scanner.authors import Credits
from scanner.history import History

SHOWN = 20
"""How many later carriers the evidence names one by one."""

Rank = tuple[bool, object, object, object, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`credits` of the introducer, or None when none can be named."""

    credits: Credits | None
    carried: tuple[Authorship, ...]
    evidence: tuple[str, ...]


def judge(
    history: History,
    credits: Mapping[str, Credits],
    *,
    first: Collection[int],
    bringers: Collection[int],
    movers: Collection[int],
) -> Verdict:
    """The verdict over one value.

    `bringers` are the nodes that bring it, `first` those with no other bringer among their ancestors, `movers` those
    that take it away from another path at the same time. Of several first ones: the earliest author date, then
    committer date, then id.
    """
    ordered = sorted(first, key=lambda number: rank(history, credits, number))
    chosen, others = ordered[0], ordered[1:]
    named = credits.get(history.ids[chosen])
    later = sorted(set(bringers) - {chosen}, key=lambda number: rank(history, credits, number))
    kinds = {n: _kind(history, credits, n, named, movers=movers, unrelated=n in others) for n in later}
    return Verdict(
        credits=named,
        carried=tuple(credits[oid].author for n in later if (oid := history.ids[n]) in credits),
        evidence=(
            *_why(history, chosen, len(bringers), named),
            *_tie(history, chosen, [n for n in others if kinds[n] != _SAME]),
            *_carriers(history, kinds),
        ),
    )


def rank(history: History, credits: Mapping[str, Credits], number: int) -> Rank:
    """Sort key: author date, committer date, id; a node whose author cannot be read comes last."""
    oid = history.ids[number]
    return (False, *credits[oid].order) if oid in credits else (True, 0, 0, 0, oid)


def short(history: History, number: int) -> str:
    node = history.nodes[number]
    return f"{node.kind} {node.id[:12]}"


_SAME = "the same change, rebased or cherry-picked"


def _kind(
    history: History,
    credits: Mapping[str, Credits],
    number: int,
    introducer: Credits | None,
    *,
    movers: Collection[int],
    unrelated: bool,
) -> str:
    node = history.nodes[number]
    mine = credits.get(node.id)
    if node.kind == "tag":
        return "a tag"
    if (
        mine
        and introducer
        and (mine.author.raw_email, mine.author.at)
        == (
            introducer.author.raw_email,
            introducer.author.at,
        )
    ):
        return _SAME
    if mine and mine.said:
        return mine.said
    if len(node.parents) > 1:
        return "a merge"
    if number in movers:
        return "a move from another path"
    return "added independently" if unrelated else "a copy, or added again"


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


def _carriers(history: History, kinds: Mapping[int, str]) -> list[str]:
    lines = [f"{short(history, number)} carries it: {kind}" for number, kind in list(kinds.items())[:SHOWN]]
    if len(kinds) > SHOWN:
        lines.append(f"{len(kinds) - SHOWN} more carry it")
    return lines
