"""How well `offkey whois` tells whose an identity is, on real histories and on generated people.

    python -m benchmarks.identity [--mailmap REPO...] [--stackalytics DATA --openstack REPO...]
                                  [--generated 1000 --seed 1] [--output FILE] [--wrong FILE]

Run it from the checkout. REPO is a repository (bare or not) whose own `.mailmap` is the truth; DATA is stackalytics'
default_data.json or a repository of it (without --openstack its own names and addresses are the identities). Only
aggregates are printed and stored. `--wrong` writes each identity that was wrongly certain to a file for a person to
look at: it holds names and addresses; keep it to yourself.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.identity import homonyms, metrics, truth
from benchmarks.identity.asking import Asked, ask
from benchmarks.identity.generator import generate
from benchmarks.identity.metrics import Answer, Same
from benchmarks.identity.published import PUBLISHED
from benchmarks.identity.truth import Seen, Truth
from benchmarks.machine import machine
from offboarding.identity import names
from offboarding.identity.addresses import handle, normal_email
from offboarding.identity.edges import PROVEN


def share_a_word(one: Seen, other: Seen) -> bool:
    """Whether two identities share a word of two letters or more, in name or local part (or login)."""
    return bool(_words(one) & _words(other))


def _words(seen: Seen) -> frozenset[str]:
    return names.tokens(seen[0], handle(normal_email(seen[1])))


def other_address(one: Seen, other: Seen) -> bool:
    return normal_email(one[1]) != normal_email(other[1])


def figures(asked: list[Asked], known: Truth, same: Same) -> dict[str, Any]:
    """All aggregates of one set; `same` decides what counts as wrong."""
    several = [one for one in asked if one.person in known.asserted]
    certain, reviewed = [one.certain for one in several], [one.reviewed for one in several]
    every = [one.certain for one in asked]
    hit, people = metrics.leavers_hit(every, same)
    length = sorted(len(one.reviewed.found - one.certain.found) for one in asked)
    return {
        "people_asked_for": people,
        "people_of_several_identities": len(several),
        "certain_pairs": metrics.pairwise(certain, same).shown(),
        "certain_pairs_of_two_addresses": metrics.pairwise(certain, same, other_address).shown(),
        "certain_b_cubed": [round(figure, 5) for figure in metrics.b_cubed(certain, same)],
        "certain_identities_of_everybody": metrics.decisions(every, same, lambda answer, one: True).shown(),
        "wrong_person_per_1000_leavers": round(1000 * hit / people, 3) if people else 0.0,
        "leavers_with_a_wrong_one": hit,
        "proven_and_wrong": sum(
            one.basis[found][0] in PROVEN and metrics.is_wrong(one.certain, found, same)
            for one in asked
            for found in one.certain.found
        ),
        "reviewed_pairs": metrics.pairwise(reviewed, same).shown(),
        "reviewed_b_cubed": [round(figure, 5) for figure in metrics.b_cubed(reviewed, same)],
        "reviewed_recall_sharing_a_word": _recall(reviewed, same, True),
        "reviewed_recall_sharing_none": _recall(reviewed, same, False),
        "to_review_for_one_leaver": {
            "median": statistics.median(length), "95th percentile": length[len(length) * 95 // 100], "most": length[-1]
        },
    }  # fmt: skip


def _recall(answers: list[Answer], same: Same, sharing: bool) -> dict[str, Any]:
    count = metrics.pairwise(answers, same, lambda a, b: share_a_word(a, b) is sharing)
    return {"recall": round(count.recall, 5), "wanted": count.wanted}


def subsets(asked: list[Asked], known: Truth, within: dict[str, frozenset[str]]) -> dict[str, Any]:
    """Pairwise figures for parts of the people."""
    found = {}
    for name, people in within.items():
        certain = [one.certain for one in asked if one.person in people]
        reviewed = [one.reviewed for one in asked if one.person in people]
        found[name] = {
            "people": len(certain),
            "certain_pairs": metrics.pairwise(certain, known.same).shown(),
            "reviewed_recall": round(metrics.pairwise(reviewed, known.same).recall, 5),
            "leavers_with_a_wrong_one": metrics.leavers_hit(certain, known.same)[0],
        }
    return found


def east_asian(known: Truth) -> frozenset[str]:
    """The people with Han, kana or Hangul in a name, or an East Asian surname in Latin letters."""

    def is_one(name: str) -> bool:
        words = names.name_words(name)
        script = any(
            0x3040 <= ord(c) <= 0x30FF or 0x3400 <= ord(c) <= 0x9FFF or 0xAC00 <= ord(c) <= 0xD7AF for c in name
        )
        return script or (len(words) > 1 and any(word in names.EAST_ASIAN_SURNAMES for word in words))

    return frozenset(person for person, found in known.people.items() if any(is_one(one.name) for one in found))


def forgeries(asked: list[Asked], forged: frozenset[Seen]) -> dict[str, int]:
    """How many made-up identities were certain for their victim, and by evidence that no committer can write."""
    taken = [one.basis[found][0] for one in asked for found in one.certain.found & forged]
    return {"made": len(forged), "certain": len(taken), "proven": sum(basis in PROVEN for basis in taken)}


def measured(
    known: Truth, within: dict[str, frozenset[str]], forged: frozenset[Seen]
) -> tuple[dict[str, Any], list[Asked]]:
    began = time.perf_counter()
    asked = ask(known)
    seconds = time.perf_counter() - began
    told: dict[str, Any] = {
        "identities": len(known.authors),
        "leaver_alone_in_the_directory": figures(asked, known, known.same),
    }
    if any(known.same(a, b) is not False for a, b in _wrong(asked, known.closed)):
        told["were_the_truth_complete"] = figures(asked, known, known.closed)
    everybody = ask(known, colleagues=True)
    told["everybody_in_the_directory"] = figures(everybody, known, known.same)
    told["subsets"] = subsets(asked, known, {**within, "East Asian names": east_asian(known)})
    told["made_homonyms"] = homonyms.certain(known, seed=1)
    if forged:
        told["forgeries"] = forgeries(asked, forged)
    told["milliseconds_for_one_leaver"] = round(1000 * seconds / max(1, len(asked)), 2)
    return told, asked


def _wrong(asked: list[Asked], same: Same) -> Iterator[tuple[Seen, Seen]]:
    for one in asked:
        for found in sorted(one.certain.found):
            if metrics.is_wrong(one.certain, found, same):
                yield min(one.certain.theirs), found


def truths(args: argparse.Namespace) -> Iterator[tuple[Truth, dict[str, frozenset[str]], frozenset[Seen]]]:
    for repository in args.mailmap:
        yield truth.of_mailmap(repository), {}, frozenset()
    if args.stackalytics:
        yield truth.of_stackalytics(args.stackalytics, args.openstack), {}, frozenset()
    if args.generated:
        yield generate(args.generated, args.seed)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how well whois tells whose an identity is.")
    parser.add_argument("--mailmap", type=Path, nargs="+", default=[], metavar="REPO")
    parser.add_argument("--stackalytics", type=Path, metavar="DATA")
    parser.add_argument("--openstack", type=Path, nargs="+", default=[], metavar="REPO")
    parser.add_argument("--generated", type=int, default=0, metavar="PEOPLE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--wrong", type=Path)
    args = parser.parse_args()
    report: dict[str, Any] = {"machine": machine([]), "published": PUBLISHED, "sets": {}}
    lines = []
    for known, within, forged in truths(args):
        report["sets"][known.name], asked = measured(known, within, forged)
        lines += [f"{known.name}: {one.person}: {found}: {one.basis[found]}"
                  for one in asked for found in sorted(one.certain.found)
                  if metrics.is_wrong(one.certain, found, known.closed)]  # fmt: skip
    if args.wrong:
        args.wrong.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    text = json.dumps(report, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
