"""Everything offkey says of a secret, against the truth: more than the name, which is all that peers are asked for."""

from collections.abc import Mapping
from typing import Any

from benchmarks.attribution.scenario import Truth


def problems(truth: Truth, record: Mapping[str, Any]) -> list[str]:
    """What a record of `--format jsonl` (or `json`) has wrong, in words; nothing when all is well."""
    found: list[str] = []

    def compare(what: str, told: object, true: object) -> None:
        if told != true:
            found.append(f"{what}: {told!r} instead of {true!r}")

    who = record["introduced"] or {}
    if truth.person is not None:
        # A value in the author's own fields is masked there, so the name is compared only where it can be.
        compare("address", who.get("email"), _masked(record, truth.address))
        compare("committed address", who.get("raw_email"), _masked(record, truth.person[1]))
    compare("commit", who.get("commit", ""), truth.commit)
    compare("carried", _carried(record), sorted((person[1], kind) for person, kind in truth.carried))
    compare("reach", {place["reach"] for place in _in_git(record)}, set(truth.reach))
    compare("present", any(place["present"] for place in _in_git(record)), truth.present)
    if "coauthors" in record:
        compare("co-authors", [one["email"] for one in record["coauthors"]], [one[1] for one in truth.coauthors])
    said = "\n".join(record["evidence"])
    found += [f"evidence does not say {words!r}" for words in truth.said if words not in said]
    return found


def _carried(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((one["raw_email"], one.get("kind", "")) for one in record["carried"])


def _in_git(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [place for place in record["places"] if place["object_type"] in {"blob", "commit", "tag"}]


def _masked(record: Mapping[str, Any], address: str) -> str:
    secret = record.get("secret")
    return address.replace(secret, record["redacted"]) if secret else address
