"""From hits to findings: one per distinct secret value and kind, with every place and whoever introduced it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from offkey.found import Authorship, Claim, Confidence, Finding, Gap, Place, Reach, Span
from rules import RuleSet
from scanner.claims import words
from scanner.commits.attribution import Attributed
from scanner.commits.carrier import Carrier
from scanner.contents.hits import Hit
from scanner.repository.git import Git
from scanner.repository.sources import Target
from scanner.workers.pool import at_once

Attributing = Callable[[int, int], None]
Held = Mapping[str, Sequence[Place]]
Alike = Mapping[str, Collection[str]]
"""For a fingerprint those of the same value as other kinds."""
Telling = Callable[[int, Git, Held, Alike], Attributed]
_RANK = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


def gather(
    hits: Collection[Hit],
    sources: Sequence[Target],
    rules: RuleSet,
    gaps: list[Gap],
    *,
    mask: Callable[[str], str],
    tell: Telling,
    jobs: int = 1,
) -> tuple[Finding, ...]:
    """One Finding per fingerprint with its places, reach and authors, in a fixed order. Adds to `gaps`.

    `mask` takes credentials out of text: names, addresses and paths may hold what is being reported (DESIGN rule 6).
    `tell` says for a target (by number), its repository, the places of each fingerprint and which are alike who
    brought them in; `jobs` targets are asked for at a time.
    """
    by_target: dict[int, list[Hit]] = {}
    said: dict[str, set[tuple[str, str, str]]] = {}
    for hit in hits:
        by_target.setdefault(hit.target, []).append(hit)
        said.setdefault(hit.fingerprint, set()).update(hit.claims)
    plain = _plain(hits, rules)

    def asked(number: int) -> Attributed | None:
        git = sources[number].git
        return tell(number, git, ordered[number], alike[number]) if git is not None else None

    ordered = {number: places_of(held, sources[number]) for number, held in sorted(by_target.items())}
    alike = {number: alike_of(held) for number, held in by_target.items()}
    for number, told in zip(ordered, at_once(asked, list(ordered), jobs), strict=True):
        gaps.extend(told.gaps if told else ())
        for fingerprint, found in ordered[number].items():
            finding = plain[fingerprint]
            plain[fingerprint] = _with_author(finding, told) if told else _with_places(finding, found)
        for fingerprint, others in sorted(alike[number].items()):
            plain[fingerprint] = _with_alike(plain[fingerprint], (plain[other] for other in others))
    masked = lru_cache(maxsize=None)(mask)
    told_of = (_with_claims(without_values(f, masked), said[f.fingerprint], masked) for f in plain.values())
    return tuple(sorted(told_of, key=_order))


def _plain(hits: Iterable[Hit], rules: RuleSet) -> dict[str, Finding]:
    """The finding of each fingerprint without places; the highest confidence of all its hits counts."""
    provider = {rule.kind: rule.provider for rule in rules.rules}
    plain: dict[str, Finding] = {}
    for hit in hits:
        seen = Confidence(hit.confidence)
        if hit.fingerprint not in plain:
            plain[hit.fingerprint] = Finding(
                kind=hit.kind,
                provider=provider[hit.kind],
                rule=hit.kind,
                fingerprint=hit.fingerprint,
                redacted=hit.redacted,
                confidence=seen,
                places=(),
            )
        elif _RANK[seen] < _RANK[plain[hit.fingerprint].confidence]:
            plain[hit.fingerprint] = replace(plain[hit.fingerprint], confidence=seen)
    return plain


def _with_alike(finding: Finding, others: Iterable[Finding]) -> Finding:
    named = ", ".join(sorted({other.kind for other in others}))
    line = f"the same value is found as {named}, too; who brought it in first is named for both"
    return replace(finding, evidence=(*finding.evidence, line))


def places_of(hits: Iterable[Hit], source: Target) -> dict[str, list[Place]]:
    """The places of one target's hits by fingerprint, in order."""
    places: dict[str, list[Place]] = {}
    for hit in hits:
        places.setdefault(hit.fingerprint, []).append(_place(hit, source))
    return {fingerprint: sorted(found, key=_place_order) for fingerprint, found in places.items()}


def alike_of(hits: Iterable[Hit]) -> dict[str, frozenset[str]]:
    """For each fingerprint in one target's hits the others of the same value, where there are any."""
    by_value: dict[str, set[str]] = {}
    for hit in hits:
        if hit.value:
            by_value.setdefault(hit.value, set()).add(hit.fingerprint)
    groups = (group for group in by_value.values() if len(group) > 1)
    return {fingerprint: frozenset(group - {fingerprint}) for group in groups for fingerprint in group}


def _with_places(finding: Finding, places: Iterable[Place]) -> Finding:
    return replace(finding, places=tuple(sorted((*finding.places, *places), key=_place_order)))


def _with_author(finding: Finding, told: Attributed) -> Finding:
    """The finding with one repository's answer; of several repositories the earliest author stands for the value."""
    fingerprint = finding.fingerprint
    merged = replace(
        _with_places(finding, told.places[fingerprint]),
        carried=finding.carried + told.carried[fingerprint],
        evidence=finding.evidence + told.evidence[fingerprint],
    )
    author, known = told.introduced.get(fingerprint), finding.introduced
    if author is None:
        return merged
    if known is not None and (known.at, known.commit) <= (author.at, author.commit):
        return replace(merged, carried=(*merged.carried, _elsewhere(author)))
    return replace(
        merged,
        introduced=author,
        committer=told.committer.get(fingerprint),
        coauthors=told.coauthors[fingerprint],
        carried=merged.carried if known is None else (*merged.carried, _elsewhere(known)),
    )


def _elsewhere(author: Authorship) -> Authorship:
    return replace(author, kind=Carrier.OTHER_REPOSITORY.value)


def _with_claims(finding: Finding, said: Iterable[tuple[str, str, str]], mask: Callable[[str], str]) -> Finding:
    """The finding with what its value says of its owner, at whichever of its places; masked."""
    claims, lines = [], []
    for source, subject, grade in sorted(said):
        line = words(source, subject, grade)
        shown = mask(line)
        safe = subject if shown == line else mask(subject) if mask(subject) != subject else "…"
        claims.append(Claim(source=source, subject=safe, grade=grade))
        lines.append(shown)
    return replace(finding, claims=tuple(claims), evidence=(*finding.evidence, *lines)) if claims else finding


def without_values(finding: Finding, mask: Callable[[str], str]) -> Finding:
    """The finding with the credentials taken out of its names, paths and evidence."""

    def author(claim: Authorship) -> Authorship:
        return replace(claim, name=mask(claim.name), email=mask(claim.email), raw_email=mask(claim.raw_email))

    return replace(
        finding,
        places=tuple(replace(place, repo=mask(place.repo), path=mask(place.path)) for place in finding.places),
        introduced=author(finding.introduced) if finding.introduced else None,
        committer=author(finding.committer) if finding.committer else None,
        coauthors=tuple(author(claim) for claim in finding.coauthors),
        carried=tuple(author(claim) for claim in finding.carried),
        evidence=tuple(mask(line) for line in finding.evidence),
    )


def _place(hit: Hit, source: Target) -> Place:
    return Place(
        repo=source.name,
        object=hit.object,
        object_type=hit.object_type,
        path=hit.path,
        line=hit.line,
        column=hit.column,
        spans=tuple(Span(part=part, start=start, end=end) for part, start, end in hit.spans),
        commit=hit.object if hit.object_type == "commit" else "",
        reach=Reach(hit.reach),
        decoding=hit.decoding,
    )


def _place_order(place: Place) -> tuple[str, str, str, int, int]:
    return (place.repo, place.path, place.object, place.line, place.column)


def _order(finding: Finding) -> tuple[str, tuple[str, str, str, int, int], str]:
    return (finding.kind, _place_order(finding.places[0]), finding.fingerprint)
