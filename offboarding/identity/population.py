"""Everybody seen in commits, in the forms that identities are compared by, with indexes. Pure, whatever the order.

A `Sighting` is one name and address as committed. Asking for many people is cheap once the population is built.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from offboarding.identity import names
from offboarding.identity.addresses import PLATFORM_ADDRESSES, handle, is_bot, is_impersonal, no_reply, normal_email
from offboarding.identity.seen import Link, Seen

MANY_NAMES = 3
"""An address that commits under so many unlike full names is a shared one."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """`name` and `canonical` after `.mailmap`; `raw_name`, `raw_email` and its normal form `address` as committed.

    Where nothing was committed for an address, a name of one word stands for it.
    """

    name: str
    raw_name: str
    raw_email: str
    address: str
    canonical: str
    commits: int = 1
    links: tuple[Link, ...] = ()
    offsets: Mapping[int, int] = field(default_factory=dict)
    handle: str = ""
    keys: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()

    @property
    def identity(self) -> tuple[str, str]:
        """What names it outside: the name after `.mailmap`, the address as committed."""
        return self.name, self.raw_email

    @property
    def raw(self) -> tuple[str, str]:
        """Name and e-mail as committed."""
        return self.raw_name, self.raw_email


def _sighting(seen: Seen) -> Sighting:
    raw_email = seen.raw_email or seen.email
    raw_name = getattr(seen, "raw_name", "") or seen.name
    # What was imported from Subversion or Bazaar has a login or an address for a name, and no address beside it.
    address = normal_email(raw_email or ("" if " " in raw_name else raw_name))
    chosen = handle(address)
    return Sighting(
        name=seen.name,
        raw_name=raw_name,
        raw_email=raw_email,
        address=address,
        canonical=normal_email(seen.email),
        commits=getattr(seen, "commits", 1),
        links=getattr(seen, "links", ()),
        offsets=dict(getattr(seen, "offsets", ())),
        handle=chosen,
        keys=names.keys(raw_name),
        tokens=names.tokens(raw_name, "" if is_impersonal(chosen) else chosen),
    )


class Population:
    """All sightings, sorted, and who shares an address, a full name or a word."""

    def __init__(self, seen: Iterable[Seen]) -> None:
        # Of equal ones (mapped to one address in two spellings) the busiest stays, whatever their order.
        ordered = sorted(map(_sighting, seen), key=lambda s: (s.commits, s.links, sorted(s.offsets.items())))
        distinct = {(s.name, s.raw_name, s.raw_email, s.canonical): s for s in ordered}
        self.sightings = tuple(distinct[key] for key in sorted(distinct))
        self.by_address: dict[str, list[Sighting]] = defaultdict(list)
        self.by_canonical: dict[str, list[Sighting]] = defaultdict(list)
        self.by_key: dict[str, list[Sighting]] = defaultdict(list)
        self.by_token: dict[str, list[Sighting]] = defaultdict(list)
        self.by_handle: dict[str, list[Sighting]] = defaultdict(list)
        self.by_letters: dict[str, list[Sighting]] = defaultdict(list)
        self.by_raw: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        self.by_account_id: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        self.rank = {sighting: number for number, sighting in enumerate(self.sightings)}
        for sighting in self.sightings:
            self.by_handle[sighting.handle].append(sighting)
            self.by_letters[names.letters(sighting.handle)].append(sighting)
            self.by_raw[sighting.raw].append(sighting)
            account = no_reply(sighting.address)
            if account and account.id:
                self.by_account_id[account.provider, account.id].append(sighting)
            if sighting.address:  # imported commits may have none
                self.by_address[sighting.address].append(sighting)
            self.by_canonical[sighting.canonical].append(sighting)
            for key in sighting.keys:
                self.by_key[key].append(sighting)
            for token in sighting.tokens:
                self.by_token[token].append(sighting)

    @cached_property
    def impersonal(self) -> tuple[Sighting, ...]:
        """Bots, platforms and shared local parts: set apart for everybody."""
        return tuple(
            s
            for s in self.sightings
            if s.address in PLATFORM_ADDRESSES or is_bot(s.raw_name, s.address) or is_impersonal(s.handle)
        )

    @cached_property
    def _addresses_of(self) -> dict[str, int]:
        return {token: len({s.address for s in found}) for token, found in self.by_token.items()}

    def addresses_with(self, token: str) -> int:
        """How many addresses a word occurs with, in the address or a name: 1 is the rarest."""
        return self._addresses_of.get(token, 0)

    @cached_property
    def _zones(self) -> dict[int, int]:
        found: dict[int, set[str]] = defaultdict(set)
        for sighting in self.sightings:
            for minutes in sighting.offsets:
                found[minutes].add(sighting.address)
        return {minutes: len(addresses) for minutes, addresses in found.items()}

    def share_of_zone(self, minutes: int) -> float:
        """The share of all addresses that ever wrote at an offset from UTC."""
        return self._zones.get(minutes, 0) / max(1, len(self.by_address))

    @cached_property
    def shared_addresses(self) -> frozenset[str]:
        """Addresses that commit under many unlike full names."""
        return frozenset(address for address, found in self.by_address.items() if _names_of(found) >= MANY_NAMES)


def _names_of(found: list[Sighting]) -> int:
    unlike: list[Sighting] = []
    for one in found:
        if one.keys and not any(one.keys & o.keys or names.similar(one.raw_name, o.raw_name) for o in unlike):
            unlike.append(one)
        if len(unlike) >= MANY_NAMES:  # one commit's trailers may name ten thousand
            break
    return len(unlike)
