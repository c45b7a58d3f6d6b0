"""Whose is it: joins findings, what providers list and what issuers said into access points (DESIGN section 4).

Pure. One access point a credential. The rule of evidence: THEIRS needs something that a committer cannot write
himself (the issuer's identity answer, an administrator's list, a name inside the credential, a verified signature, the
push log). Author fields make at most INTRODUCED. Only an answer or a list makes it personal: whatever is not plainly
so counts as shared. `offboarding.ownership.testimony` weighs the voices.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from offboarding.configuration.instances import family, prefix
from offboarding.identity.addresses import PLATFORM_ADDRESSES, normal_email
from offboarding.identity.edges import PROVEN
from offboarding.ownership import testimony
from offboarding.ownership.testimony import NO_FACTS, Facts, Heard, Known, Voice
from offkey.model import (
    AccessPoint,
    Account,
    Authorship,
    Bond,
    Check,
    Confidence,
    Finding,
    Liveness,
    Ownership,
    Person,
)

LOGINS_REUSED = frozenset({"github"})
"""Where a login that was given up can be taken by a stranger (docs.github.com, "Changing your username")."""
LOGIN_ALONE = (
    "the directory knows this account by login alone, no list of the organisation's has it, and a login can be taken "
    "over: add {provider}.id to people.yaml"
)

_RANK = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


def gather(
    person: Person,
    findings: Iterable[Finding],
    points: Iterable[AccessPoint],
    checks: Mapping[str, Check],
    *,
    ownership: Mapping[str, Ownership],
    ids: Mapping[str, str],
    facts: Mapping[str, Facts] = MappingProxyType({}),
) -> tuple[AccessPoint, ...]:
    """Every credential once, sorted by id, with its bond to the person, its ownership and the evidence for both.

    `points` are what providers list; `checks` are issuers' answers by fingerprint. `ownership` is each kind's by its
    rule. `ids` gives, by fingerprint, the public id inside a value (an AWS key's), by which it is a listed one. `facts`
    are what was looked up of each introduction. What trusts a private key is a point with its evidence (ADR 16).
    """
    findings = list(findings)
    listed = {point.id: point for point in points}
    by_id = {(point.provider, point.kind, point.provider_id): point.id for point in listed.values()}
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        known = (finding.provider, finding.kind, ids.get(finding.fingerprint, ""))
        grouped.setdefault(by_id.get(known) or _leak_id(finding, known[2]), []).append(finding)
    seen = {account for point in listed.values() if (account := point.holder) is not None}
    halves = [(half, finding) for finding in findings if (half := testimony.public_half(finding))]
    trusting = {ident: [f for half, f in halves if half == point.redacted] for ident, point in listed.items()}
    made = [
        _judge(
            _with_ids(person, seen),
            _join(ident, listed.get(ident), found, checks, ids),
            told,
            ownership,
            _answered(found, checks),
            facts=[facts.get(finding.fingerprint, NO_FACTS) for finding in told],
        )
        for ident in {**listed, **grouped}
        for found in [grouped.get(ident, [])]
        for told in [[*found, *trusting.get(ident, [])]]
    ]
    return tuple(sorted(made, key=lambda point: point.id))


def _leak_id(finding: Finding, inside: str) -> str:
    return f"{prefix(finding.provider)}leak:{finding.kind}:{inside or finding.fingerprint.rsplit(':', 1)[-1][:16]}"


def _join(
    ident: str,
    listed: AccessPoint | None,
    found: Sequence[Finding],
    checks: Mapping[str, Check],
    ids: Mapping[str, str],
) -> AccessPoint:
    """The listed point and all findings of it as one point; holder and bond are still as the provider said."""
    if not found and listed is not None:
        return listed
    # Anybody can write a wrong secret beside a real id: the value that its issuer knows stands for all.
    known = {fingerprint for fingerprint, told in checks.items() if told.liveness is not Liveness.UNKNOWN}
    best = min(found, key=lambda f: (f.fingerprint not in known, _RANK[f.confidence], f.fingerprint))
    point = listed or AccessPoint(id=ident, provider=best.provider, kind=best.kind)
    check = next((checks[f.fingerprint] for f in (best, *found) if f.fingerprint in checks), point.check)
    return replace(
        point,
        fingerprint=best.fingerprint,
        provider_id=point.provider_id or ids.get(best.fingerprint, ""),
        redacted=best.redacted or point.redacted,
        check=check,
        places=tuple(dict.fromkeys(p for f in (best, *(f for f in found if f is not best)) for p in f.places)),
        usage=tuple(dict.fromkeys([*point.usage, *(use for finding in found for use in finding.usage)])),
    )


def _answered(found: Sequence[Finding], checks: Mapping[str, Check]) -> Account | None:
    """Whom the issuer named when it was asked with the value itself."""
    answers = (checks[finding.fingerprint] for finding in found if finding.fingerprint in checks)
    return next((answer.holder for answer in answers if answer.holder), None)


def _judge(
    person: Person,
    point: AccessPoint,
    found: Sequence[Finding],
    ownership: Mapping[str, Ownership],
    asked: Account | None,
    *,
    facts: Sequence[Facts],
) -> AccessPoint:
    evidence = list(point.evidence)
    holder = asked or point.holder
    mine = holder is not None and is_theirs(person, holder)
    heard = _heard(person, point, found, facts, asked=asked)
    evidence += [voice.words for voice in (*heard.owners, *heard.proven)]
    hands = [line for finding in found for line in _hands(person, finding)]
    evidence += [words for _, words in hands]
    evidence += [note for one in facts for note in one.notes]
    verdict = testimony.weigh(
        heard,
        named=any(introduced for introduced, _ in hands),
        exposed=bool(hands) or any(one.exposed is not False for one in facts),
        author=next((finding.introduced for finding in found if finding.introduced), None),
    )
    conflict = ""
    if asked and point.holder and not same_account(asked, point.holder):
        conflict = f"CONFLICT: {point.provider} lists it for {_who(point.holder)}, its value answers as {_who(asked)}"
    elif verdict.bond is Bond.INTRODUCED and holder is not None and not mine:
        conflict = f"{testimony.BROUGHT_IN}, held by {_who(holder)}"
    evidence += [*filter(None, (conflict,)), *verdict.lines]
    by_login = asked is not None and mine and _by_login_alone(person, asked)
    if by_login:
        evidence.append(LOGIN_ALONE.format(provider=point.provider))
    owned = Ownership.UNKNOWN
    if mine and not conflict and not verdict.blocked and not by_login:
        owned = point.ownership if point.holder else ownership.get(point.kind, Ownership.UNKNOWN)
    elif Ownership.SHARED in (point.ownership, ownership.get(point.kind)):
        owned = Ownership.SHARED
    evidence += [note for finding in found for note in finding.evidence]
    return replace(point, holder=holder, bond=verdict.bond, ownership=owned, evidence=tuple(dict.fromkeys(evidence)))


def _heard(
    person: Person, point: AccessPoint, found: Sequence[Finding], facts: Sequence[Facts], *, asked: Account | None
) -> Heard:
    """What the issuer, the list, the value itself, signatures and push logs say. The first owner voice decides."""
    known = Known(partial(_address_is, person), partial(_account_is, person))
    said = [voice for finding in found for voice in testimony.inside(finding, known)]
    owners = [voice for issued, voice in said if issued]
    holder = asked or point.holder
    if holder is not None:
        theirs = is_theirs(person, holder)
        owners.insert(0, Voice(_holder_words(point, holder, theirs=theirs, asked=asked is not None), theirs))
    proven = [voice for one in facts for voice in testimony.introduction(one, known)]
    return Heard(owners, proven, [voice for issued, voice in said if not issued], holder is not None)


def _address_is(person: Person, address: str) -> bool | None:
    wanted = normal_email(address)
    if wanted in certain_emails(person):
        return True
    if wanted in PLATFORM_ADDRESSES:
        return None  # GitHub signs what anybody does on its pages
    return None if may_be_theirs(person, address) else False


def _account_is(person: Person, account: Account) -> bool | None:
    if is_theirs(person, account):
        return True
    return False if any(one.provider == account.provider and one.id for one in accounts(person)) else None


def _hands(person: Person, finding: Finding) -> Iterable[tuple[bool, str]]:
    """(is it an introduction, sentence) for each part the person had in this value's history."""
    first = finding.introduced
    committer = finding.committer
    if first and committer and (first.name, first.raw_email) == (committer.name, committer.raw_email):
        committer = None
    for author in (first, committer, *finding.coauthors):
        if author is not None and wrote(person, author):
            yield (
                True,
                (
                    f"{author.role} of its first commit {author.commit[:12]}: {author.name} <{author.raw_email}> "
                    "(a field that any committer can write)"
                ),
            )
    for author in finding.carried:
        if wrote(person, author):
            how = f" ({author.kind})" if author.kind else ""
            yield False, f"carried on{how} in commit {author.commit[:12]} by {author.name} <{author.raw_email}>"


def wrote(person: Person, author: Authorship) -> bool:
    """Whether the author's address, as committed or after mailmap, is a certain one of the person's."""
    raw = normal_email(author.raw_email or author.email)
    return raw not in _excluded_emails(person) and bool({raw, normal_email(author.email)} & commit_emails(person))


def commit_emails(person: Person) -> frozenset[str]:
    """The addresses that the person commits with, in their compared form, without shared or foreign ones.

    Some rest on what committers write: they tell whose a commit is, never whose an account is.
    """
    mine = {normal_email(identity.email) for identity in person.certain if identity.email}
    return frozenset(mine - _excluded_emails(person)) | certain_emails(person)


def certain_emails(person: Person) -> frozenset[str]:
    """The person's own addresses, in their compared form, by evidence that no committer can write."""
    mine = {normal_email(email) for email in person.emails}
    mine |= {normal_email(i.email) for i in person.certain if i.email and i.basis in PROVEN}
    return frozenset(mine - _excluded_emails(person))


def may_be_theirs(person: Person, address: str) -> bool:
    """Whether an address is a certain or a probable one of the person's."""
    named = {normal_email(one.email) for one in (*person.certain, *person.probable) if one.email}
    return normal_email(address) in (named | certain_emails(person)) - _excluded_emails(person)


def _excluded_emails(person: Person) -> frozenset[str]:
    return frozenset(normal_email(identity.email) for identity in person.excluded if identity.email)


def accounts(person: Person) -> tuple[Account, ...]:
    """The accounts that are certainly the person's, without those ruled out."""
    named = [*person.accounts, *(i.account for i in person.certain if i.account and i.basis in PROVEN)]
    ruled_out = [identity.account for identity in person.excluded if identity.account]
    return tuple(dict.fromkeys(a for a in named if not any(same_account(a, out) for out in ruled_out)))


def is_theirs(person: Person, holder: Account) -> bool:
    """Whether a provider's account is one of the person's proven ones, by account or by verified e-mail address."""
    if any(identity.account and same_account(identity.account, holder) for identity in person.excluded):
        return False
    known = [account for account in accounts(person) if account.provider == holder.provider]
    if any(same_account(account, holder) for account in known):
        return True
    # An address counts only where no account of this provider contradicts it.
    return not known and bool(holder.email) and normal_email(holder.email) in certain_emails(person)


def same_account(one: Account, other: Account) -> bool:
    """The immutable id decides where both have one: a login can be taken over by somebody else."""
    if one.provider != other.provider:
        return False
    if one.id and other.id:
        return one.id == other.id
    return bool(one.login) and one.login.lower() == other.login.lower()


def _with_ids(person: Person, seen: Iterable[Account]) -> Person:
    """The person, with the ids that the organisation's own lists give to accounts known by login alone."""
    ids = {(account.provider, account.login.lower()): account.id for account in seen if account.id and account.login}
    filled = tuple(
        account if account.id else replace(account, id=ids.get((account.provider, account.login.lower()), ""))
        for account in person.accounts
    )
    return replace(person, accounts=filled)


def _by_login_alone(person: Person, answered: Account) -> bool:
    """Whether only a login ties an issuer's answer to the person, where logins are taken over by others."""
    ours = [account for account in accounts(person) if same_account(account, answered)]
    return family(answered.provider) in LOGINS_REUSED and bool(ours) and not any(account.id for account in ours)


def is_alive(point: AccessPoint) -> bool:
    """False only where the issuer said that it is dead."""
    return point.check is None or point.check.liveness is not Liveness.DEAD


def _who(account: Account) -> str:
    name = account.login or account.email or account.id
    return f"{name} (id {account.id})" if account.id and account.id != name else name


def _holder_words(point: AccessPoint, holder: Account, *, theirs: bool, asked: bool) -> str:
    said = "answers to its value as" if asked else "lists it for"
    whose = "an account of the person" if theirs else "no account of the person"
    return f"{holder.provider} {said} {_who(holder)}, {whose}"
