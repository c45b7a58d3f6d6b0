"""What the organisation itself says about an identity: its directory, somebody's decisions, account ids, signatures.

Where it is silent, `offboarding/identity/corroboration.py` weighs what committers claim.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from offboarding.identity import names
from offboarding.identity.addresses import (
    PLATFORM_ADDRESSES,
    SHARED_LOCAL_PARTS,
    VANITY_LOCAL_PARTS,
    NoReply,
    handle,
    is_bot,
    no_reply,
    normal_email,
)
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.edges import ACCOUNT_ID, CLAIM, DIRECTORY, OVERRIDE, REQUEST, SIGNATURE, Edge
from offboarding.identity.overrides import Overrides, Verdict
from offboarding.identity.population import Population, Sighting
from offboarding.identity.seen import Proof

BOT_NAME = "a bot's name"
"""Why something is excluded that anybody can call himself in a commit."""


def _out(sentence: str, source: str = CLAIM) -> Edge:
    return Edge(source, "excluded", sentence)


def _maybe(sentence: str, source: str = CLAIM) -> Edge:
    return Edge(source, "probable", sentence)


@dataclass(frozen=True)
class Judge:
    """The organisation's word on one person. `listed` says whether `entry` stands in the directory."""

    entry: Entry
    directory: Directory
    listed: bool
    not_me: frozenset[str] = frozenset()
    overrides: Overrides = field(default_factory=Overrides)
    proofs: tuple[Proof, ...] = ()

    def concerned(self, population: Population) -> set[Sighting]:
        """All sightings on which the organisation's word may bear."""
        found = set(population.impersonal)
        given = [normal_email(one.address) for one in self.overrides.of(self.entry.id)]
        tagged = [s for address in self.entry.normal_emails for s in population.by_handle.get(handle(address), ())]
        found.update(tagged)
        for address in (*self.entry.normal_emails, *self.not_me, *given, *self._unverified):
            found.update(population.by_address.get(address, ()), population.by_canonical.get(address, ()))
        for name in self.entry.names:
            found.update(s for key in names.keys(name) for s in population.by_key.get(key, ()))
        for account in self.entry.account_records:
            found.update(population.by_account_id.get((account.provider, account.id), ()))
            found.update(population.by_handle.get(account.login.casefold(), ()))
        for proof in self.proofs:
            found.update(population.by_raw.get((proof.name, proof.email), ()))
        return found

    def one(self, sighting: Sighting) -> Edge | None:
        """The edge that the organisation's word makes; None where it says nothing."""
        steps: tuple[Callable[[Sighting], Edge | None], ...] = (
            self._decided, self._listed, self._platform, self._no_reply, self._bot_name, self._shared,
            self._signed, self._near,
        )  # fmt: skip
        return next((edge for step in steps if (edge := step(sighting))), None)

    def is_others(self, sighting: Sighting) -> bool:
        """Whether the address is somebody else's by the organisation's word: no business of this run."""
        owner = self.overrides.given_to(sighting.address)
        if owner:
            return owner != self.entry.id
        return (
            sighting.address not in self.entry.normal_emails and self.directory.owner_of(sighting.address) is not None
        )

    def _decided(self, sighting: Sighting) -> Edge | None:
        decision = self.overrides.on(self.entry.id, sighting.address)
        if decision is None:
            return None
        strength = "certain" if decision.verdict is Verdict.THEIRS else "excluded"
        return Edge(OVERRIDE, strength, decision.sentence)

    def _listed(self, sighting: Sighting) -> Edge | None:
        if sighting.address in self.not_me:
            return _out("the directory says that this address is not the person's", DIRECTORY)
        given = self.overrides.given_to(sighting.address)
        if given and given != self.entry.id:
            return (
                _out(f"somebody decided that this address is {given}'s", OVERRIDE) if self._claims(sighting) else None
            )
        if sighting.address in self.entry.normal_emails:
            if not self.listed:
                return Edge(REQUEST, "certain", "committed with an address that the request names as the person's")
            said = self.directory.said(self.entry, sighting.address)
            return Edge(DIRECTORY, "certain", f"committed with an address that {said} lists as the person's")
        owner = self.directory.owner_of(sighting.address)
        if owner and self._claims(sighting):
            return _out(f"the directory gives this address to {owner.id}", DIRECTORY)
        return None

    def _claims(self, sighting: Sighting) -> bool:
        return self.same_name(sighting) or sighting.canonical in self.entry.normal_emails

    def _platform(self, sighting: Sighting) -> Edge | None:
        if sighting.address in PLATFORM_ADDRESSES:
            return _out("a platform's own address: web merges and automation of everybody")
        return _out("a bot") if is_bot("", sighting.address) else None

    def _bot_name(self, sighting: Sighting) -> Edge | None:
        return _out(BOT_NAME) if is_bot(sighting.raw_name, "") else None

    def _no_reply(self, sighting: Sighting) -> Edge | None:
        account = no_reply(sighting.address)
        if account is None:
            return None
        provider, ident, login = account
        mine, my_login = self.entry.account_id(provider), self.entry.login(provider).casefold()
        if ident and ident == mine:
            said = f"{provider}'s no-reply address carries the account id {ident} of the directory"
            return Edge(ACCOUNT_ID, "certain", said)
        if my_login and login == my_login:
            if ident and mine:
                return _out(f"{provider} login {login}, but of account {ident}, not {mine}", ACCOUNT_ID)
            more = f"; enter {provider}.id: {ident} in people.yaml to make it certain" if ident else ""
            return _maybe(f"the directory lists the {provider} login {login}, but a login can be reused{more}")
        return self._other_account(account, sighting)

    def _other_account(self, account: NoReply, sighting: Sighting) -> Edge | None:
        owner = self.directory.account_owner(*account)
        if owner and owner.id != self.entry.id:
            return _out(f"the directory gives this {account.provider} account to {owner.id}", DIRECTORY)
        has_one = self.entry.account_id(account.provider) or self.entry.login(account.provider)
        if has_one and self.same_name(sighting):
            return _maybe(f"the same full name, and a {account.provider} account that the directory does not know")
        return None

    def _shared(self, sighting: Sighting) -> Edge | None:
        (local, _, domain), mine = sighting.address.partition("@"), self.same_name(sighting)
        if local in VANITY_LOCAL_PARTS:
            if mine:
                return _maybe(f"the same full name; {local}@ may be shared, or an address of their own")
            if all(domain != email.partition("@")[2] for email in self.entry.normal_emails):
                return None
        elif local not in SHARED_LOCAL_PARTS:
            return None
        if sighting.keys and not mine:
            # Under somebody else's full name it is that person's business.
            return None
        return _out(f"a shared account: {local}@ is what many people and machines commit as")

    def _signed(self, sighting: Sighting) -> Edge | None:
        who = (sighting.raw_name, sighting.raw_email)
        said = [p for p in self.proofs if p.source == "signature" and (p.name, p.email) == who]
        others = sorted({p.owner for p in said if p.owner != self.entry.id})
        mine = sorted(p.sentence for p in said if p.owner == self.entry.id)
        if mine and others:
            return _maybe(f"{mine[0]}, but other commits by it are {' and '.join(others)}'s", SIGNATURE)
        if mine:
            return Edge(SIGNATURE, "certain", "; ".join(mine))
        if others and self._claims(sighting):
            return _out(f"its commits are verifiably {' and '.join(others)}'s", SIGNATURE)
        return None

    def _near(self, sighting: Sighting) -> Edge | None:
        if sighting.address in self._unverified:
            return _maybe("the person entered this address in the organisation's directory; nobody has verified it")
        local, _, domain = sighting.address.partition("@")
        untagged = f"{local.partition('+')[0]}@{domain}"
        if untagged != sighting.address and untagged in self.entry.normal_emails:
            return _maybe("the person's address with a tag after the plus sign")
        return None

    @cached_property
    def _unverified(self) -> frozenset[str]:
        return frozenset(map(normal_email, self.entry.unverified_emails))

    @property
    def pushed(self) -> frozenset[tuple[str, str]]:
        """The identities whose commits an account of the person pushed: hers, or what she passed on for others."""
        return frozenset((p.name, p.email) for p in self.proofs if p.source == "push" and p.owner == self.entry.id)

    @cached_property
    def namesakes(self) -> dict[str, tuple[str, ...]]:
        """The keys of the person's names that others in the directory have, and those others' ids."""
        found = {}
        for key in sorted(self._keys):
            others = sorted({e.id for e in self.directory.named(frozenset({key})) if e.id != self.entry.id})
            if others:
                found[key] = tuple(others)
        return found

    @cached_property
    def _keys(self) -> frozenset[str]:
        return _keys(self.entry.names)

    def same_name(self, sighting: Sighting) -> bool:
        """Whether the full name as committed is one that the directory lists for the person."""
        return bool(self._keys & sighting.keys)


def _keys(given: Iterable[str]) -> frozenset[str]:
    return frozenset(key for name in given for key in names.keys(name))
