"""Which findings are tied to a person by a commit or by their own value. Pure; names are claims (DESIGN section 4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from offboarding.identity.addresses import normal_email
from offkey.found import Authorship, Finding

if TYPE_CHECKING:
    from offboarding.identity.seen import Seen
    from offkey.model import Person


def credited(finding: Finding) -> tuple[Authorship, ...]:
    """Everyone whom the introducing commit names: author, committer, co-authors."""
    named = (finding.introduced, finding.committer, *finding.coauthors)
    return tuple(one for one in named if one is not None)


def authors(findings: Sequence[Finding]) -> Iterator[Authorship]:
    """Everyone whom the findings' introducing commits name, for `people.resolve`."""
    for finding in findings:
        yield from credited(finding)


def named(address: str, known: "Iterable[Seen]") -> bool:
    """Whether an address is somebody's, as committed or after `.mailmap`."""
    wanted = normal_email(address)
    return any(wanted in (normal_email(one.email), normal_email(one.raw_email)) for one in known)


def of_person(findings: Sequence[Finding], person: "Person") -> tuple[Finding, ...]:
    """The findings whose introducing commit, or whose value, names one of the person's certain or probable identities.

    A certain one gets the person's id in `person`. The evidence says in which role the commit names the person unless
    as author, and why an identity is only probable.
    """
    certain = {(identity.name, identity.email) for identity in person.certain}
    probable = {(identity.name, identity.email): identity.evidence for identity in person.probable}
    mine = {normal_email(identity.email) for identity in (*person.certain, *person.probable) if identity.email}
    kept = []
    for finding in findings:
        notes = [
            f"{claim.source} {claim.subject} is an address of {person.id}, or may be"
            for claim in finding.claims
            if normal_email(claim.subject) in mine
        ]
        sure = False
        for one in credited(finding):
            seen = (one.name, one.raw_email or one.email)
            if seen in certain:
                sure = True
                if one.role != "author":
                    notes.append(f"{person.id} is the {one.role} of the commit that introduced it")
            elif seen in probable:
                why = "; ".join(probable[seen])
                notes.append(f"probably {person.id} as {one.role}, {one.name} <{seen[1]}>: {why}")
        if sure or notes:
            marked = _marked(finding, certain, person.id)
            kept.append(replace(marked, evidence=(*finding.evidence, *notes)))
    return tuple(kept)


def with_owners(findings: Sequence[Finding], owners: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings with `person` filled where the directory gives the address as committed an owner.

    `owners` maps an address, in its normal form, to a person's id.
    """
    if not owners:
        return tuple(findings)
    known = {
        (one.name, one.raw_email or one.email): owner
        for one in authors(findings)
        if (owner := owners.get(normal_email(one.raw_email or one.email))) is not None
    }
    for seen, owner in known.items():
        findings = [_marked(finding, {seen}, owner) for finding in findings]
    return tuple(findings)


def _marked(finding: Finding, identities: set[tuple[str, str]], person: str) -> Finding:
    def mark(one: Authorship) -> Authorship:
        return replace(one, person=person) if (one.name, one.raw_email or one.email) in identities else one

    return replace(
        finding,
        introduced=mark(finding.introduced) if finding.introduced else None,
        committer=mark(finding.committer) if finding.committer else None,
        coauthors=tuple(mark(one) for one in finding.coauthors),
        carried=tuple(mark(one) for one in finding.carried),
    )
