"""Generated developers and the identities they commit under, with the truth: seedable, nobody real.

Each person has a directory name and a company address, and some of the VARIANTS: what people really do to their names
and addresses. Beside them stand homonyms (two people of one name, half of them in one time zone), machines and bots,
colleagues' configurations left on a machine, and forgers who commit under somebody else's name. What the same commits
name (author and committer, signed-off-by) is generated, too, not for every pair.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.identity.spellings import (
    ACCENTS,
    COMMON_SURNAMES,
    CYRILLIC,
    CYRILLIC_SURNAMES,
    ENDS,
    GIVEN,
    HAN_GIVEN,
    HAN_SURNAMES,
    HANDLES,
    MIDDLES,
    PINYIN,
    STARTS,
    ascii_name,
)
from benchmarks.identity.truth import Truth
from offboarding.identity.seen import Author, Link, Tie

ZONES = ((0, 60), (60, 120), (120, 180), (-300, -240), (-480, -420), (480,), (540,), (330,))
FREE = ("gmail.com", "outlook.com", "proton.me", "163.com", "gmx.de")
CULTURES = ("west", "accented", "cjk", "cyrillic")


@dataclass
class Human:
    """One developer: how the directory knows her, where she works, what she calls herself elsewhere."""

    ident: str
    culture: str
    given: str
    surname: str
    address: str
    handle: str
    zone: tuple[int, ...]
    number: int
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.given} {self.surname}"


class People:
    """Builds the people one by one; `seeded` decides everything."""

    def __init__(self, seed: int) -> None:
        self.seeded = random.Random(seed)
        self.humans: list[Human] = []
        self.commits: dict[tuple[str, str], int] = {}
        self.owner: dict[tuple[str, str], str] = {}
        self.links: dict[tuple[str, str], Counter[tuple[Tie, str, str]]] = defaultdict(Counter)
        self.offsets: dict[tuple[str, str], dict[int, int]] = {}
        self.marks: dict[str, set[str]] = defaultdict(set)
        self.forged: set[tuple[str, str]] = set()

    def human(self, culture: str, twin: Human | None = None) -> Human:
        """One more; with `twin` a homonym of hers, in the same time zone every other time."""
        number = len(self.humans)
        pick = self.seeded.choice
        given, surname = (twin.given, twin.surname) if twin else self._name(culture)
        plain = ascii_name(f"{given}.{surname}")
        zone = twin.zone if twin and self.seeded.random() < 0.5 else self._zone(culture)
        made = Human(f"p{number:05}", culture, given, surname, f"{plain}{number}@corp.example",
                     f"{pick(HANDLES)}{pick(HANDLES)}{number % 97}", zone, number)  # fmt: skip
        self.humans.append(made)
        self.seen(made, made.name, made.address, self.seeded.randint(20, 400))
        return made

    def _name(self, culture: str) -> tuple[str, str]:
        pick = self.seeded.choice
        if culture == "cyrillic":
            return pick(list(CYRILLIC)), pick(list(CYRILLIC_SURNAMES))
        if culture == "cjk":
            return pick(PINYIN[0]), pick(PINYIN[1])
        if culture == "west" and self.seeded.random() < 0.1:
            return pick(GIVEN["west"]), pick(COMMON_SURNAMES)
        surname = self.made_up()
        return pick(GIVEN[culture]), surname.translate(ACCENTS) if culture == "accented" else surname

    def made_up(self) -> str:
        pick = self.seeded.choice
        return f"{pick(STARTS)}{pick(MIDDLES)}{pick(ENDS)}"

    def _zone(self, culture: str) -> tuple[int, ...]:
        return (480,) if culture == "cjk" and self.seeded.random() < 0.8 else self.seeded.choice(ZONES)

    def seen(self, who: Human, name: str, email: str, commits: int, owner: str = "") -> None:
        """The person commits under a name and an address (`owner` where the truth is somebody else)."""
        key = (name, email)
        self.commits[key] = self.commits.get(key, 0) + commits
        self.owner.setdefault(key, owner or who.ident)
        who.seen.append(key)
        zones = self.offsets.setdefault(key, {})
        for number, minutes in enumerate(who.zone):
            zones[minutes] = zones.get(minutes, 0) + max(1, commits // len(who.zone) - number)

    def together(self, tie: Tie, one: tuple[str, str], other: tuple[str, str], commits: int) -> None:
        self.links[one][tie, *other] += commits
        self.links[other][tie, *one] += commits

    def vary(self, who: Human) -> None:
        """Some of the variants; half of them stand in a commit with the person's main identity."""
        for name, chance, make in VARIANTS:
            if self.seeded.random() >= chance:
                continue
            key = make(self, who)
            if key is None or key in self.commits:
                continue
            self.marks[name].add(who.ident)
            # What is committed as root is set apart as shared: nobody's identity.
            self.seen(who, *key, self.seeded.randint(1, 60), owner="" if name != "root" else "shared")
            told = self.seeded.random()
            if told < 0.35:
                self.together(Tie.COMMITTED, key, (who.name, who.address), self.seeded.randint(1, 9))
            elif told < 0.5:
                self.together(Tie.SIGNED_OFF, key, (who.name, who.address), self.seeded.randint(1, 9))

    def truth(self) -> Truth:
        """Everything made, in the form that histories have."""
        authors = tuple(
            Author(name=name, email=email, raw_name=name, raw_email=email, commits=number,
                   links=tuple(sorted(Link(*link, n) for link, n in self.links[name, email].items())),
                   offsets=tuple(sorted(self.offsets[name, email].items())))
            for (name, email), number in sorted(self.commits.items())
        )  # fmt: skip
        people: dict[str, list[Author]] = defaultdict(list)
        for author in authors:
            people[self.owner[author.name, author.raw_email]].append(author)
        mine = {human.ident for human in self.humans}
        several = frozenset(person for person, found in people.items() if len(found) > 1 and person in mine)
        kept = {person: tuple(found) for person, found in sorted(people.items()) if person in mine}
        owners = frozenset(self.owner)
        return Truth("generated", authors, kept, self.owner, {}, several, owners)


def _home(people: People, who: Human) -> tuple[str, str]:
    return who.name, f"{who.handle}@{people.seeded.choice(FREE)}"


def _derived(people: People, who: Human) -> tuple[str, str]:
    local = ascii_name(f"{who.given[0]}{who.surname}").replace("-", "") + str(who.number % 89)
    return who.name, f"{local}@{people.seeded.choice(FREE)}"


def _typo(people: People, who: Human) -> tuple[str, str]:
    at = people.seeded.randrange(1, len(who.surname))
    return f"{who.given} {who.surname[:at]}{who.surname[at + 1 :]}", people.seeded.choice(
        [who.address, f"{who.handle}@gmail.com"]
    )


def _turned(people: People, who: Human) -> tuple[str, str]:
    return people.seeded.choice(
        [f"{who.surname} {who.given}", f"{who.surname}, {who.given}"]
    ), f"{who.handle}@gmail.com"


def _plain(people: People, who: Human) -> tuple[str, str] | None:
    if who.culture == "cjk":
        return HAN_SURNAMES[who.surname] + HAN_GIVEN[who.given], f"{who.handle}@163.com"
    plain = ascii_name(who.name).title()
    return (
        (plain, people.seeded.choice([who.address, f"{who.handle}@{who.handle}.example"]))
        if plain != who.name
        else None
    )


def _married(people: People, who: Human) -> tuple[str, str]:
    surname = people.made_up()
    return f"{who.given} {surname}", people.seeded.choice([who.address, f"{who.handle}@gmail.com"])


def _machine(people: People, who: Human) -> tuple[str, str]:
    return who.name, f"{ascii_name(who.given)}@laptop-{who.number}.local"


def _nick(people: People, who: Human) -> tuple[str, str]:
    return who.handle, people.seeded.choice([who.address, f"{who.handle}@gmail.com"])


def _noreply(people: People, who: Human) -> tuple[str, str]:
    return people.seeded.choice([who.name, who.handle]), f"{10_000 + who.number}+{who.handle}@users.noreply.github.com"


def _old_noreply(people: People, who: Human) -> tuple[str, str]:
    return who.name, f"{who.handle}@users.noreply.github.com"


def _root(people: People, who: Human) -> tuple[str, str]:
    return who.name, f"root@build-{who.number % 7}.corp.example"


Variant = Callable[[People, Human], tuple[str, str] | None]
VARIANTS: tuple[tuple[str, float, Variant], ...] = (
    ("home", 0.5, _home), ("derived", 0.25, _derived), ("typo", 0.15, _typo), ("turned", 0.1, _turned),
    ("transliterated", 0.3, _plain), ("married", 0.06, _married), ("machine", 0.15, _machine), ("nick", 0.3, _nick),
    ("noreply", 0.4, _noreply), ("old noreply", 0.1, _old_noreply), ("root", 0.05, _root),
)  # fmt: skip


def generate(number: int, seed: int) -> tuple[Truth, dict[str, frozenset[str]], frozenset[tuple[str, str]]]:
    """`number` people; the truth, who is in which subset, and the identities that forgers made up."""
    people = People(seed)
    seeded = people.seeded
    while len(people.humans) < number:
        who = people.human(seeded.choices(CULTURES, (6, 2, 2, 1))[0])
        people.vary(who)
        if seeded.random() < 0.04:
            twin = people.human(who.culture, who)
            people.vary(twin)
            people.marks["homonym"] |= {who.ident, twin.ident}
    _machines(people)
    _misfits(people)
    subsets = {name: frozenset(found) for name, found in sorted(people.marks.items())}
    for culture in CULTURES:
        subsets[culture] = frozenset(human.ident for human in people.humans if human.culture == culture)
    return people.truth(), subsets, frozenset(people.forged)


MACHINES = (
    ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"), ("CI", "ci@corp.example"),
    ("GitHub", "noreply@github.com"), ("build", "build@corp.example"), ("ubuntu", "ubuntu@ip-10-0-0-1"),
)  # fmt: skip


def _machines(people: People) -> None:
    bot = Human("machines", "west", "", "", "", "", (0,), 0)
    for name, email in MACHINES:
        people.seen(bot, name, email, 500)


def _misfits(people: People) -> None:
    """A colleague's address left in a machine's configuration, and forgers: one in 200 people each."""
    for number in range(0, len(people.humans) - 1, 200):
        one, other = people.humans[number], people.humans[number + 1]
        people.seen(other, other.name, one.address, 3)
        forger = Human(f"forger{number:05}", "west", "", "", "", "", (180,), number)
        victim = people.humans[(number + 50) % len(people.humans)]
        for email in (f"{ascii_name(victim.name).replace(' ', '.')}@evil.example", f"{victim.handle}@evil.example"):
            if (victim.name, email) not in people.commits:
                people.seen(forger, victim.name, email, 5)
                people.forged.add((victim.name, email))
