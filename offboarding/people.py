"""Which names, addresses and accounts are one person: evidence first, precision before recall.

A wrong merge would end an innocent person's access, so only what the organisation itself says makes an identity
certain: the addresses and account ids in its directory. What a committer can write (names, `.mailmap`, logins in
no-reply addresses) makes it probable at most, and somebody else's address in the directory always wins.

GitHub's no-reply address carries an immutable account id since July 2017, `ID+login@users.noreply.github.com`
(https://docs.github.com/en/account-and-profile/reference/email-addresses-reference); GitLab's is
`ID-login@users.noreply.gitlab.com`. The id makes it certain. The login alone does not, though the directory lists
it: logins are renamed, and a freed one can be taken by a stranger.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from offboarding.addresses import normal_email
from offboarding.directory import Directory, Entry
from offkey.errors import UsageError
from offkey.model import Account, Identity, Person

BOTS = re.compile(
    r"\[bot\]|^(dependabot|renovate|greenkeeper|snyk-bot|github-actions|web-flow|mergify|codecov|pre-commit-ci)\b", re.I
)
PLATFORM_ADDRESSES = frozenset(
    {"noreply@github.com", "actions@github.com", "action@github.com", "support@github.com", "noreply@gitlab.com"}
)
_MACHINES = (
    "root ci cd admin administrator ubuntu debian ec2-user centos fedora vagrant docker jenkins build builder buildbot "
    "deploy deployer deployment gitlab-runner runner bot robot system service svc nobody www-data postgres mysql guest "
    "team devs developers devops ops support test tester testing user noreply no-reply security release releases "
    "automation"
)
_VANITY = "git github gitlab dev me mail info hello hi contact code"
SHARED_LOCAL_PARTS = frozenset(_MACHINES.split())
VANITY_LOCAL_PARTS = frozenset(_VANITY.split())
"""Shared in a company, and what many people call their own address at a domain of their own."""
_NO_REPLY = (
    ("github", re.compile(r"(?:(?P<id>\d+)\+)?(?P<login>[^@+]+)@users\.noreply\.github\.com")),
    ("gitlab", re.compile(r"(?:(?P<id>\d+)-)?(?P<login>[^@]+)@users\.noreply\.gitlab\.com")),
)


STRENGTHS = ("certain", "probable", "excluded")
"""When repositories disagree (one has a `.mailmap`, the other none), the first of these holds."""


class UnknownPerson(UsageError):
    """The subject is nobody's address, id or account, or more than one person's."""


class Seen(Protocol):
    """An author as seen in a repository: `raw_email` as committed, `email` after `.mailmap`."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def raw_email(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """One of STRENGTHS, and the sentence that says why."""

    strength: str
    evidence: str


def resolve(subject: str, directory: Directory, authors: Iterable[Seen], not_me: Iterable[str] = ()) -> Person:
    """The person whom `subject` (id, e-mail, `provider:login` or login) names, with every identity's evidence.

    `not_me` adds addresses to those that the directory's entry says are not this person. Same input, same order.
    Raises UnknownPerson.
    """
    entry = directory.find(subject)
    listed = entry is not None
    if entry is None:
        if "@" not in subject:
            raise UnknownPerson(f"{subject!r} is nobody in the directory", advice=directory.suggestion(subject))
        entry = Entry(id=subject, emails=(subject,))
    if entry.shared:
        raise UnknownPerson(
            f"{entry.id} is a shared account", advice="name the person; what is shared is rotated or handed over"
        )
    judge = _Judge(entry, directory, listed, frozenset(map(normal_email, (*entry.not_me, *not_me))))
    sets: dict[str, set[Identity]] = {
        "certain": set(_from_directory(entry, listed)),
        "probable": set(),
        "excluded": set(),
    }
    for (name, email), judgements in judge.all({(a.name, a.email, a.raw_email or a.email) for a in authors}).items():
        strength = min((found.strength for found in judgements), key=STRENGTHS.index)
        evidence = sorted({found.evidence for found in judgements if found.strength == strength})
        sets[strength].add(Identity(name=name, email=email, evidence=tuple(evidence)))
    certain = _sorted(sets["certain"])
    return Person(
        id=entry.id,
        names=tuple(dict.fromkeys((*entry.names, *(i.name for i in certain if i.name)))),
        emails=tuple(dict.fromkeys((*entry.emails, *(i.email for i in certain if i.email)))),
        accounts=entry.account_records,
        left_at=entry.left_at,
        certain=certain,
        probable=_sorted(sets["probable"]),
        excluded=_sorted(sets["excluded"]),
        confirmed_by_directory=listed and entry.left_at is not None,
    )


def _from_directory(entry: Entry, listed: bool) -> Iterator[Identity]:
    source = "the directory lists this" if listed else "named in the request; the directory does not know it"
    for email in entry.emails:
        yield Identity(email=email, evidence=(f"{source} address",))
    for account in entry.account_records:
        yield Identity(account=account, evidence=(f"{source} account",))


def _sorted(identities: Iterable[Identity]) -> tuple[Identity, ...]:
    def key(identity: Identity) -> tuple[str, ...]:
        account = identity.account or Account(provider="", id="")
        return (account.provider, account.login, account.id, identity.email.lower(), identity.email, identity.name)

    return tuple(sorted(identities, key=key))


def name_words(name: str) -> tuple[str, ...]:
    """A name's words without case, accents, punctuation and order: `Muñoz, Ana` and `Ana Munoz` are alike."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(c))
    return tuple(sorted(re.findall(r"\w+", plain)))


@dataclass(frozen=True)
class _Judge:
    entry: Entry
    directory: Directory
    listed: bool
    not_me: frozenset[str]

    def all(self, seen: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[Judgement]]:
        """The judgements on each (name, e-mail as committed) that has anything to do with the person."""
        found: dict[tuple[str, str], list[Judgement]] = defaultdict(list)
        for name, email, raw in sorted(seen):
            judgement = self.one(name, normal_email(email), normal_email(raw))
            if judgement:
                found[name, raw].append(judgement)
        return found

    def one(self, name: str, canonical: str, address: str) -> Judgement | None:
        if address in self.not_me:
            return Judgement("excluded", "the directory says that this address is not the person's")
        if address in self.entry.normal_emails:
            said = "the directory lists" if self.listed else "the request names"
            return Judgement("certain", f"committed with an address that {said} as the person's")
        claimed = self._same_name(name) or canonical in self.entry.normal_emails
        owner = self.directory.owner_of(address)
        if owner:
            # Somebody else's address without any claim to be this person is no business of this run.
            return Judgement("excluded", f"the directory gives this address to {owner.id}") if claimed else None
        return (
            self._platform(name, address)
            or self._no_reply(address, name)
            or self._shared(name, address)
            or self._mailmap(canonical)
            or self._resembles(name, address)
        )

    def _platform(self, name: str, address: str) -> Judgement | None:
        if address in PLATFORM_ADDRESSES:
            return Judgement("excluded", "a platform's own address: web merges and automation of everybody")
        if BOTS.search(name) or BOTS.search(address):
            return Judgement("excluded", "a bot")
        return None

    def _no_reply(self, address: str, name: str) -> Judgement | None:
        for provider, pattern in _NO_REPLY:
            match = pattern.fullmatch(address)
            if match:
                return self._account(provider, match["id"] or "", match["login"], name)
        return None

    def _account(self, provider: str, ident: str, login: str, name: str) -> Judgement | None:
        mine, my_login = self.entry.account_id(provider), self.entry.login(provider).casefold()
        if ident and mine:
            if ident == mine:
                return Judgement(
                    "certain", f"{provider}'s no-reply address carries the account id {ident} of the directory"
                )
            if login == my_login:
                return Judgement("excluded", f"{provider} login {login}, but of account {ident}, not {mine}")
            return self._other_account(provider, ident, login, name)
        if my_login and login == my_login:
            more = f"; enter {provider}.id: {ident} in people.yaml to make it certain" if ident else ""
            return Judgement(
                "probable", f"the directory lists the {provider} login {login}, but a login can be reused{more}"
            )
        return self._other_account(provider, ident, login, name)

    def _other_account(self, provider: str, ident: str, login: str, name: str) -> Judgement | None:
        owner = self.directory.account_owner(provider, ident, login)
        if owner and owner != self.entry:
            return Judgement("excluded", f"the directory gives this {provider} account to {owner.id}")
        if self._same_name(name):
            return Judgement(
                "probable", f"the same full name, and a {provider} account that the directory does not know"
            )
        return None

    def _shared(self, name: str, address: str) -> Judgement | None:
        (local, _, domain), mine = address.partition("@"), self._same_name(name)
        if local in VANITY_LOCAL_PARTS:
            if mine:
                return Judgement("probable", f"the same full name; {local}@ may be shared, or an address of their own")
            if all(domain != email.partition("@")[2] for email in self.entry.normal_emails):
                return None
        elif local not in SHARED_LOCAL_PARTS:
            return None
        if len(name_words(name)) > 1 and not mine:
            # Under somebody else's full name it is that person's business.
            return None
        return Judgement("excluded", f"a shared account: {local}@ is what many people and machines commit as")

    def _mailmap(self, canonical: str) -> Judgement | None:
        if canonical in self.entry.normal_emails:
            return Judgement("probable", "a .mailmap in the repository says so; anybody who commits can write it")
        return None

    def _resembles(self, name: str, address: str) -> Judgement | None:
        local, _, domain = address.partition("@")
        untagged = f"{local.partition('+')[0]}@{domain}"
        if untagged != address and untagged in self.entry.normal_emails:
            return Judgement("probable", "the person's address with a tag after the plus sign")
        if not self._same_name(name):
            return None
        homonyms = [other.id for other in self.directory.entries if other != self.entry and self._named(other, name)]
        if homonyms:
            return Judgement("excluded", f"the name alone, and {', '.join(homonyms)} in the directory has it too")
        if local in self._local_parts:
            return Judgement("probable", f"the same full name, and {local} is also an address or login of the person")
        return Judgement("probable", "nothing but the same full name")

    @cached_property
    def _local_parts(self) -> frozenset[str]:
        parts = {email.partition("@")[0] for email in self.entry.normal_emails}
        return frozenset(
            parts | {login.casefold() for _, login in self.entry.logins} - SHARED_LOCAL_PARTS - VANITY_LOCAL_PARTS
        )

    def _same_name(self, name: str) -> bool:
        return self._named(self.entry, name)

    def _named(self, entry: Entry, name: str) -> bool:
        # One word is no full name: "Ann", "root" and "dev" say nothing.
        words = name_words(name)
        return len(words) > 1 and any(words == name_words(other) for other in entry.names)
