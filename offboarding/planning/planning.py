"""From a person's name to a plan: scan, copy, ask the issuers, list what providers know, gather, build.

Everything here only reads. A value goes to its own issuer and nowhere else, never when it is a listed canary, and only
where the provider is configured. What could not be asked is a Gap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from offboarding import mirror
from offboarding.asking import asking, issuers, keypairs, storelists, stores
from offboarding.configuration.instances import family
from offboarding.identity import authors, changes, overrides, people, proofs
from offboarding.identity.population import Population
from offboarding.ownership import facts
from offboarding.ownership.testimony import Facts
from offboarding.planning import forecast, gather, plan
from offboarding.planning.setting import Setting
from offboarding.remedy import locating
from offboarding.rotation import matching
from offkey.errors import OffkeyError
from offkey.model import AccessPoint, Bond, Finding, Gap, Person, Place, Plan, Use
from offkey.secret import Secret
from rules import RuleSet
from scanner.claims.around import with_surroundings
from scanner.matching.matcher import masking
from scanner.pipelines import used
from scanner.repository.clone import is_url, without_credentials
from scanner.repository.git import Git
from scanner.repository.sources import Target, open_target
from scanner.scan import ScanResult, scan
from scanner.values import ValueGone, read_text


@dataclass(frozen=True, kw_only=True)
class Planned:
    """`left_out` credentials were found, and nothing ties them to the person."""

    plan: Plan
    left_out: int
    canaries: int
    nothing_examined: bool


def make(subject: str, setting: Setting) -> Planned:
    """The plan for whom `subject` names, with the run's mirrors in place. Raises UnknownPerson, PlanRefused, others."""
    gaps: list[Gap] = []
    given = _sources(setting)  # a file that cannot be read is to be mended before hours are spent
    targets = list(_targets(setting, gaps))
    result = _scanned(setting, targets)
    person = _person(subject, setting, targets, given, gaps)
    known = _used(setting, targets, result.findings, gaps)
    bare = [f for f in known.findings if f.fingerprint not in setting.config.canaries.fingerprints]
    gaps += [*result.gaps, *_copied(setting, bare)]
    findings = _stored(setting, targets, bare, known.names, gaps=gaps)
    # Listed first: asking with a value counts as a use of it at some providers.
    listed = asking.listed(setting, person, gaps)
    asked = asking.ask(setting, person, findings, listed, gaps)
    told = _told(setting, person, findings, given=given, listed=listed, targets=targets, gaps=gaps)
    points = _points(setting, person, told, listed, asked, gaps=gaps)
    made = plan.build(
        person,
        [*points, *forecast.schedules(person, known.schedules)],
        gaps,
        setting.optouts,
        setting.config.limits(),
        heading=_heading(setting, findings),
        options=issuers.options,
        by_hand=_by_hand(setting.rules),
        replacements=matching.replacements(setting.config.rotation, points, gaps),
        before_kill=setting.before_kill,
        role=setting.role,
    )
    return Planned(
        plan=made,
        left_out=sum(point.bond is Bond.NONE for point in points),
        canaries=len(result.findings) - len(findings),
        nothing_examined=result.examined.nothing,
    )


def _points(
    setting: Setting,
    person: Person,
    told: "_Told",
    listed: Sequence[AccessPoint],
    asked: asking.Asked,
    *,
    gaps: list[Gap],
) -> tuple[AccessPoint, ...]:
    looked = keypairs.look(setting, told.findings, gaps)
    points = keypairs.merged(asking.with_identified(listed, asked, setting.now), looked, told.findings)
    return gather.gather(
        person,
        asked.told(told.findings),
        points,
        asked.checks | keypairs.checks(setting, person, told.findings, points, looked=looked),
        ownership={rule.kind: rule.ownership for rule in setting.rules.rules},
        ids=asked.ids,
        facts=told.facts,
    )


def _heading(setting: Setting, findings: Sequence[Finding]) -> plan.Heading:
    return plan.Heading(
        run=setting.run,
        now=setting.now,
        requester=setting.requester,
        rules_digest=setting.rules.digest,
        key_id=setting.key.id,
        mirrors={place.repo for finding in findings for place in finding.places},
    )


def _person(subject: str, setting: Setting, targets: Sequence[Target], given: facts.Sources, gaps: list[Gap]) -> Person:
    """Who is meant, by the directory, decisions, and what the repositories' commits and signatures say."""
    places = [str(target.git.path) for target in targets if target.git is not None]
    seen, unread = authors.in_repositories(places)
    proven, unsigned = proofs.in_repositories(places, given, setting.directory)
    file = setting.config.directory.overrides
    decided = overrides.load(file)
    gaps += [*unread, *unsigned, *setting.directory.gaps, *overrides.unheeded(decided, setting.directory, file)]
    ask = partial(people.resolve, subject, setting.directory, Population(seen), overrides=decided, proofs=proven)
    person, untold = changes.resolved(ask, seen)
    gaps += untold
    return people.masked(person, masking(setting.rules))


def _by_hand(rules: RuleSet) -> dict[str, str]:
    console = {name: " ".join(filter(None, (p.handover, p.console))) for name, p in rules.providers.items()}
    return console | forecast.BY_HAND


@dataclass(frozen=True)
class _Told:
    """The findings with what the files around their values say, and what is known of their introduction."""

    findings: Sequence[Finding]
    facts: Mapping[str, Facts]


def _sources(setting: Setting) -> facts.Sources:
    told = setting.config.directory
    return facts.sources(told.allowed_signers, told.gpg_keyring, told.push_log)


def _told(
    setting: Setting,
    person: Person,
    findings: Sequence[Finding],
    *,
    given: facts.Sources,
    listed: Sequence[AccessPoint],
    targets: Sequence[Target],
    gaps: list[Gap],
) -> _Told:
    setting.tell("looking at who was there", 0, 0)
    gits = {target.name: target.git for target in targets if target.git is not None}
    looked_up = facts.collect(
        findings,
        gits,
        given,
        is_theirs=partial(gather.may_be_theirs, person),
        readable=locating.readable(setting.config, listed, {place.repo for f in findings for place in f.places}),
        now=setting.now,
        gaps=gaps,
    )

    def read(place: Place) -> bytes:
        return read_text(place, mirror.folder(setting.state, setting.run, place.repo) if is_url(place.repo) else None)

    return _Told(with_surroundings(findings, read, gits, masking(setting.rules)), looked_up)


def _targets(setting: Setting, gaps: list[Gap]) -> Iterator[Target]:
    """What to scan: local repositories as they are, remote ones as the run's own copy."""
    paths = setting.config.repositories.paths
    if not paths:
        gaps.append(Gap(where="repositories", why="none is configured", advice="list them under [repositories]"))
    for number, path in enumerate(paths):
        setting.tell(f"opening {without_credentials(path)}", number, len(paths))
        try:
            if is_url(path):
                name = without_credentials(path)
                yield Target(name, git=mirror.make(setting.state, setting.run, path, name))
            else:
                yield open_target(path)
        except OffkeyError as error:
            gaps.append(Gap(where=without_credentials(path), why=str(error), advice=error.advice))


def _scanned(setting: Setting, targets: Sequence[Target]) -> ScanResult:
    def progress(examined: Any) -> None:
        setting.tell("scanning", examined.objects + examined.files, 0)

    return scan(targets, setting.rules, setting.key, setting.options, progress=progress)


def _used(setting: Setting, targets: Sequence[Target], findings: Sequence[Finding], gaps: list[Gap]) -> used.Used:
    """The findings with the jobs that use them, the names that jobs use, and what runs by the clock."""
    look = setting.options
    told = used.look(
        targets,
        findings,
        setting.rules,
        worktree=look.worktree,
        matcher=look.matcher,
        cache=look.cache,
        every=True,
        tell=setting.tell,
    )
    gaps += told.gaps
    return told


def _stored(
    setting: Setting, targets: Sequence[Target], findings: Sequence[Finding], names: Sequence[Use], *, gaps: list[Gap]
) -> Sequence[Finding]:
    """The findings with the jobs that get the same values from a CI variable, where a provider's can be read."""
    where = storelists.whereabouts(setting.config, {target.name for target in targets} | {use.repo for use in names})
    if not findings or not any(family(name) in storelists.TELLING for known in where.values() for name in known):
        return findings
    setting.tell("reading CI variables", 0, 0)
    read = mirror.reader(setting.state, setting.run, setting.key)

    def values() -> Iterator[tuple[str, Secret]]:
        for finding in findings:
            try:
                yield finding.fingerprint, read(asking.as_point(finding)).secret
            except ValueGone as error:
                gaps.append(Gap(where=f"{finding.kind} {finding.redacted}", why=str(error), advice=error.advice))

    compare = storelists.comparison(setting.key, values())
    lists = storelists.read(setting.config, where, compare, values=True)
    gaps += lists.gaps
    return stores.told(findings, stores.join(lists.stored, names, (), where, lists.unread))


def _copied(setting: Setting, findings: Sequence[Finding]) -> Iterator[Gap]:
    """Copy each repository that holds something, and pin what was found in it."""
    repos = sorted({place.repo for finding in findings for place in finding.places})
    for number, repo in enumerate(repos):
        setting.tell(f"copying {Path(repo).name}", number, len(repos))
        try:
            there = mirror.folder(setting.state, setting.run, repo)
            copy = Git(there) if is_url(repo) else mirror.make(setting.state, setting.run, repo)
            yield from mirror.pin(copy, setting.run, repo, findings)
        except OffkeyError as error:
            yield Gap(where=repo, why=f"no copy for the run: {error}", advice=error.advice)
