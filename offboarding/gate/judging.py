"""Which findings must not ship, and why. Pure. Nobody is named unless asked: a pipeline's log is read by many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from offboarding.gate.known import Known, is_dead
from offboarding.gate.leavers import Leaver
from offboarding.identity import whose
from offkey.model import Finding, Gap, Person

_ROTATE = "rotate it at its issuer before anything else; then read it from the environment or a secret store"
_NO_RUN = "start a run for whoever it was with `offkey plan`"
_WHOIS = "`offkey whois` shows who may be meant; decide there, or take the credential out in any case"


@dataclass(frozen=True, slots=True)
class Tie:
    """Why a finding is somebody's: in words without a name, and whose it is. `todo` is what to do, if a run says so."""

    why: str
    person: str
    known: bool = False
    dead: bool = False
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """`blocked` must not ship; `dead` are proven dead and were let through; `gaps` are what nobody can tell."""

    blocked: tuple[Finding, ...]
    dead: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


def ties_of_runs(findings: Iterable[Finding], known: Mapping[str, Sequence[Known]]) -> dict[str, list[Tie]]:
    """By fingerprint, those that are in a run's plan."""
    ties: dict[str, list[Tie]] = {}
    for finding in findings:
        every = known.get(finding.fingerprint, ())
        dead = is_dead(every)
        for one in every:
            state = f"proven dead ({one.dead})" if one.dead else "seen alive again" if one.alive else "not proven dead"
            why = f"a departed person's credential: it is in run {one.run}, {state}"
            ties.setdefault(finding.fingerprint, []).append(Tie(why, "", known=True, dead=dead, todo=one.next))
    return ties


def ties_of_people(
    findings: Sequence[Finding], people: Iterable[tuple[Leaver, Sequence[Person]]]
) -> tuple[dict[str, list[Tie]], list[Gap]]:
    """By fingerprint, those whose commit is a leaver's or whose own value names one; and Gaps for the doubtful."""
    ties: dict[str, list[Tie]] = {}
    doubts: dict[str, Finding] = {}
    for leaver, persons in people:
        for person in persons:
            for sure in whose.of_person(findings, replace(person, probable=())):
                how = _how(sure, person)
                tie = Tie(f"{how} {leaver.words}", leaver.id, todo="" if leaver.runs else _NO_RUN)
                if tie not in ties.setdefault(sure.fingerprint, []):
                    ties[sure.fingerprint].append(tie)
            for maybe in whose.of_person(findings, replace(person, certain=())):
                doubts[maybe.fingerprint] = maybe
    gaps = [
        Gap(where=_where(finding), why="it may be a departed person's; only a person can tell", advice=_WHOIS)
        for fingerprint, finding in sorted(doubts.items())
        if fingerprint not in ties
    ]
    return ties, gaps


def _how(finding: Finding, person: Person) -> str:
    sure = {(identity.name, identity.email) for identity in person.certain}
    named = [one for one in whose.credited(finding) if (one.name, one.raw_email or one.email) in sure]
    return "the commit that brought it in is" if named else "the credential itself names an address that is"


def _where(finding: Finding) -> str:
    place = finding.places[0]
    return f"{finding.kind} {finding.redacted} in {place.path or place.object_type}"


def judged(
    findings: Sequence[Finding], ties: Mapping[str, Sequence[Tie]], *, block_dead: bool, explain: bool
) -> Judged:
    """The findings that are tied to a leaver. One that is proven dead is let through unless `block_dead`."""
    blocked: list[Finding] = []
    dead: list[Finding] = []
    for finding in findings:
        held = ties.get(finding.fingerprint, ())
        if not held:
            continue
        over = any(tie.known and tie.dead for tie in held)
        (dead if over and not block_dead else blocked).append(_told(finding, held, explain=explain))
    return Judged(tuple(blocked), tuple(dead), ())


def _told(finding: Finding, ties: Sequence[Tie], *, explain: bool) -> Finding:
    """The finding with why it must not ship and what to do; without the people whom it names, unless `explain`."""
    lines = [tie.why for tie in ties]
    todo = [tie.todo for tie in ties if tie.todo]
    first = [] if all(tie.dead for tie in ties if tie.known) and any(tie.known for tie in ties) else [_ROTATE]
    lines += [f"to do: {line}" for line in dict.fromkeys((*first, *todo))]
    if explain:
        who = sorted({tie.person for tie in ties if tie.person})
        lines += [f"the person is {name}" for name in who]
        return replace(finding, evidence=(*lines, *finding.evidence))
    return replace(
        finding, introduced=None, committer=None, coauthors=(), carried=(), claims=(), usage=(), evidence=tuple(lines)
    )
