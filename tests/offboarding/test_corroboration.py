"""Claims of committers: alone for a person to decide, together certain for commits, never for accounts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.identity.generator import generate
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.edges import PROVEN
from offboarding.identity.people import resolve
from offboarding.identity.seen import Author, Link, Proof, Tie
from offboarding.planning import gather
from offkey.model import Account, Person

ADA = Entry(id="ada", names=("Ada Lovelock",), emails=("ada.lovelock@corp.example",), accounts={"github.id": "4711"})
BOB = Entry(id="bob", names=("Bob Baker",), emails=("bob@corp.example",))
DIRECTORY = Directory(entries=(ADA, BOB))
BERLIN = ((60, 20), (120, 20))
MAIN = ("Ada Lovelock", "ada.lovelock@corp.example")


def author(name: str, email: str, *, commits: int = 10, links: tuple[Link, ...] = (), offsets=BERLIN) -> Author:
    return Author(name=name, email=email, raw_name=name, raw_email=email, commits=commits, links=links, offsets=offsets)


def linked(tie: Tie, commits: int = 5, to: tuple[str, str] = MAIN) -> tuple[Link, ...]:
    return (Link(tie, *to, commits),)


def ask(*seen: Author, directory: Directory = DIRECTORY, who: str = "ada", **more: object) -> Person:
    return resolve(who, directory, [author(*MAIN), *seen], **more)  # type: ignore[arg-type]


def found(person: Person, email: str) -> tuple[str, str]:
    """(set, basis) of the identity with an address."""
    for title in ("certain", "probable", "excluded"):
        for identity in getattr(person, title):
            if identity.email == email and identity.name:
                return title, identity.basis
    return "unrelated", ""


NOWHERE = ((-480, 20),)


def test_a_rare_full_name_alone_is_probable() -> None:
    person = ask(author("Ada Lovelock", "x1@home.example", offsets=()))
    assert found(person, "x1@home.example") == ("probable", "claim")


def test_a_name_and_the_same_commits_are_certain_by_corroboration() -> None:
    person = ask(author("Ada Lovelock", "x1@home.example", offsets=NOWHERE, links=linked(Tie.COMMITTED, 1)))
    assert found(person, "x1@home.example") == ("certain", "corroborated")


def test_one_signed_off_commit_is_not_enough_many_are() -> None:
    once = author("Ada Lovelock", "once@home.example", offsets=NOWHERE, links=linked(Tie.SIGNED_OFF, 1))
    often = author("Ada Lovelock", "often@home.example", offsets=NOWHERE, links=linked(Tie.SIGNED_OFF, 9))
    person = ask(once, often)
    assert found(person, "once@home.example")[0] == "probable"
    assert found(person, "often@home.example")[0] == "certain"


def test_a_trailer_that_names_another_ties_nobody() -> None:
    person = ask(author("Carl Clay", "carl@home.example", links=linked(Tie.SIGNED_OFF, 9)))
    assert found(person, "carl@home.example")[0] != "certain"


def test_a_handle_of_ones_own_ties_addresses_and_one_that_the_name_gives_does_not() -> None:
    nina = Entry(id="nina", names=("Nina Oakhurst",), emails=("zebracrossing@corp.example",))
    seen = [author("Nina Oakhurst", "zebracrossing@gmail.com", offsets=NOWHERE)]
    person = resolve("nina", Directory(entries=(nina,)), seen)
    assert found(person, "zebracrossing@gmail.com") == ("certain", "corroborated")
    person = ask(author("Ada Lovelock", "ada.lovelock@gmail.com", offsets=NOWHERE))
    assert found(person, "ada.lovelock@gmail.com")[0] == "probable"


def test_two_addresses_of_one_organisation_may_be_two_people() -> None:
    person = ask(author("Ada Lovelock", "ada.lovelock2@corp.example"))
    assert found(person, "ada.lovelock2@corp.example")[0] == "probable"
    home = author("Ada Lovelock", "x1@home.example")
    assert found(ask(home), "x1@home.example")[0] == "certain"
    assert found(ask(home, author("Ada Lovelock", "ada.lovelock2@corp.example")), "x1@home.example")[0] == "probable"


def test_a_shared_address_ties_nobody_but_the_name() -> None:
    many = [author(name, "team7@corp.example") for name in ("Carl Clay", "Dora Dunn", "Emil Eck")]
    entry = Entry(id="ada", names=ADA.names, emails=(*ADA.emails, "team7@corp.example"))
    person = ask(*many, directory=Directory(entries=(entry, BOB)))
    assert {i.name for i in person.certain if i.email == "team7@corp.example" and i.name} == set()
    assert found(person, "team7@corp.example")[0] == "probable"


def test_what_is_certain_passes_on_its_address_but_not_to_another_full_name() -> None:
    home = author("Ada Lovelock", "x1@home.example", links=linked(Tie.COMMITTED))
    person = ask(home, author("ada", "x1@home.example"), author("Carl Clay", "x1@home.example"))
    sets = {i.name: "certain" for i in person.certain} | {i.name: "probable" for i in person.probable}
    assert (sets["ada"], sets["Carl Clay"]) == ("certain", "probable")


class TestForging:
    """What somebody can write into commits gets nobody's access ended and ties nothing to the person."""

    EVERYTHING = (
        author("Ada Lovelock", "ada.lovelock@evil.example", links=(*linked(Tie.COMMITTED), *linked(Tie.SIGNED_OFF))),
        Author(
            name=MAIN[0], email=MAIN[1], raw_name="Ada Lovelock", raw_email="mapped@evil.example", commits=9,
            links=linked(Tie.SIGNED_OFF), offsets=BERLIN,
        ),
    )  # fmt: skip

    def test_a_forger_who_copies_all_is_certain_for_commits_at_most(self) -> None:
        person = ask(*self.EVERYTHING)
        for identity in person.certain:
            assert (identity.basis in PROVEN) == (not identity.email.endswith("evil.example"))
        assert person.emails == ("ada.lovelock@corp.example",)

    @pytest.mark.parametrize("email", ["ada.lovelock@evil.example", "mapped@evil.example"])
    def test_a_providers_account_with_a_forged_address_is_not_the_persons(self, email: str) -> None:
        person = ask(*self.EVERYTHING)
        assert not gather.is_theirs(person, Account(provider="aws", id="AIDA1", email=email))
        assert gather.is_theirs(person, Account(provider="aws", id="AIDA1", email=MAIN[1]))

    def test_forged_no_reply_addresses_give_no_account(self) -> None:
        forged = author("Ada Lovelock", "99+mallory@users.noreply.github.com", links=linked(Tie.COMMITTED))
        person = ask(forged)
        assert not gather.is_theirs(person, Account(provider="github", id="99", login="mallory"))
        assert gather.accounts(person) == (Account(provider="github", id="4711"),)

    def test_a_colleagues_address_stays_the_colleagues_whatever_commits_say(self) -> None:
        forged = author("Ada Lovelock", "bob@corp.example", links=(*linked(Tie.COMMITTED), *linked(Tie.SIGNED_OFF)))
        mapped = Author(name=MAIN[0], email=MAIN[1], raw_name="Bob Baker", raw_email="bob@corp.example", commits=9)
        person = ask(forged, mapped)
        assert {found(person, "bob@corp.example")} == {("excluded", "directory")}
        assert not gather.is_theirs(person, Account(provider="aws", id="AIDA2", email="bob@corp.example"))

    def test_the_victim_gets_nothing_of_the_forgers(self) -> None:
        """Mallory leaves; she committed as Ada and with Ada's address."""
        mallory = Entry(id="mallory", names=("Mallory Mint",), emails=("mallory@corp.example",))
        listed = Directory(entries=(ADA, mallory))
        seen = [
            author("Mallory Mint", "mallory@corp.example"),
            author("Mallory Mint", MAIN[1], links=linked(Tie.COMMITTED, 50, ("Mallory Mint", "mallory@corp.example"))),
            author("Ada Lovelock", "mallory@corp.example"),
        ]
        person = ask(*seen, directory=listed, who="mallory")
        assert found(person, MAIN[1])[0] == "excluded"
        assert not gather.is_theirs(person, Account(provider="aws", id="AIDA1", email=MAIN[1]))

    def test_a_signature_proves_commits_but_not_that_the_address_in_them_is_hers(self) -> None:
        proof = Proof(
            source="signature", name="x", email="carol@home.example", owner="ada", sentence="signed by SHA256:k"
        )
        person = ask(author("x", "carol@home.example"), proofs=[proof])
        assert found(person, "carol@home.example") == ("certain", "signature")
        assert "signed by SHA256:k" in str(person.certain)
        assert not gather.is_theirs(person, Account(provider="aws", id="AIDA3", email="carol@home.example"))

    def test_a_push_of_others_commits_ties_nobody(self) -> None:
        proof = Proof(source="push", name="Carl Clay", email="carl@home.example", owner="ada", sentence="pushed")
        person = ask(author("Carl Clay", "carl@home.example"), proofs=[proof])
        assert found(person, "carl@home.example")[0] != "certain"

    def test_a_signature_of_anothers_key_excludes(self) -> None:
        proof = Proof(source="signature", name="Ada Lovelock", email="x1@home.example", owner="bob", sentence="signed")
        person = ask(author("Ada Lovelock", "x1@home.example", links=linked(Tie.COMMITTED)), proofs=[proof])
        assert found(person, "x1@home.example") == ("excluded", "signature")


AUTHORS = generate(40, 5)[0].authors
PEOPLE = [author for author in AUTHORS if author.raw_email.endswith("corp.example") and "." in author.raw_email[:12]]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(PEOPLE))
def test_neither_order_nor_repetition_of_authors_matters(order, who: Author) -> None:  # type: ignore[no-untyped-def]
    listed = Directory(entries=(Entry(id="x", names=(who.raw_name,), emails=(who.raw_email,)),))
    shuffled = [*AUTHORS, *AUTHORS[:7]]
    order.shuffle(shuffled)
    assert resolve("x", listed, shuffled) == resolve("x", listed, AUTHORS)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(PEOPLE))
def test_what_was_certain_stays_certain_once_the_directory_lists_it(who: Author) -> None:
    entry = Entry(id="x", names=(who.raw_name,), emails=(who.raw_email,))
    before = resolve("x", Directory(entries=(entry,)), AUTHORS)
    emails = tuple(dict.fromkeys([who.raw_email, *(i.email for i in before.certain if i.email)]))
    after = resolve("x", Directory(entries=(Entry(id="x", names=entry.names, emails=emails),)), AUTHORS)
    certain = {(i.name, i.email) for i in before.certain if i.name}
    assert certain <= {(i.name, i.email) for i in after.certain}


def test_the_basis_of_an_old_plan_without_one_proves_nothing() -> None:
    person = ask()
    bare = replace(person, emails=(), certain=tuple(replace(i, basis="") for i in person.certain))
    assert not gather.is_theirs(bare, Account(provider="aws", id="AIDA1", email=MAIN[1]))
