"""What outweighs what, and what is said when witnesses contradict each other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from offboarding.ownership import testimony
from offboarding.ownership.testimony import Facts, Heard, Known, Verdict, Voice
from offkey.model import Account, Bond, Claim
from tests.offboarding.cases import author, finding

MINE, OTHER = Voice("a word for the person", True), Voice("a word for another", False)
KNOWN = Known(
    address=lambda address: {"sam@example.com": True, "maybe@example.com": None}.get(address.lower(), False),
    account=lambda account: account.id == "77" if account.id else account.login == "sam-maps",
)
VOICES = st.lists(st.sampled_from([MINE, OTHER]), max_size=3)


def weigh(
    *, owners: tuple[Voice, ...] = (), proven: tuple[Voice, ...] = (), written: tuple[Voice, ...] = (),
    holder: bool = False, named: bool = False, exposed: bool = False,
) -> Verdict:  # fmt: skip
    heard = Heard(owners, proven, written, holder)
    return testimony.weigh(heard, named=named, exposed=exposed, author=author("bob@example.com", "Bob"))


@given(owners=VOICES, proven=VOICES, written=VOICES, holder=st.booleans(), named=st.booleans(), exposed=st.booleans())
def test_what_is_written_never_makes_it_theirs_nor_saves_it(
    owners: list[Voice], proven: list[Voice], written: list[Voice], holder: bool, named: bool, exposed: bool
) -> None:
    held = holder and bool(owners)
    given_all = {"owners": tuple(owners), "proven": tuple(proven), "holder": held, "exposed": exposed}
    without, told = weigh(**given_all), weigh(**given_all, written=tuple(written), named=named)  # type: ignore[arg-type]
    assert (told.bond is Bond.THEIRS) is (without.bond is Bond.THEIRS)
    assert told.blocked is without.blocked


@given(written=VOICES, named=st.booleans(), exposed=st.booleans())
def test_without_an_owner_or_a_proof_nothing_is_theirs(written: list[Voice], named: bool, exposed: bool) -> None:
    assert weigh(written=tuple(written), named=named, exposed=exposed).bond is not Bond.THEIRS


def test_the_issuer_outweighs_a_name_inside_and_the_contradiction_blocks() -> None:
    told = weigh(owners=(MINE, OTHER), holder=True)
    assert (told.bond, told.blocked) == (Bond.THEIRS, True)
    assert told.lines[0].startswith("CONFLICT: a word for the person; a word for another; its first commit names Bob")
    assert weigh(owners=(OTHER, MINE), holder=True).bond is not Bond.THEIRS


def test_two_names_inside_that_disagree_are_nobodys_word() -> None:
    told = weigh(owners=(MINE, OTHER))
    assert (told.bond, told.blocked) == (Bond.EXPOSED, True)


def test_who_provably_brought_in_what_another_owns_introduced_it() -> None:
    told = weigh(owners=(OTHER,), proven=(MINE,))
    assert told.bond is Bond.INTRODUCED
    assert told.lines == ("CONFLICT: introduced by the person; a word for another",)


def test_a_weaker_voice_against_the_issuer_is_shown_and_does_not_count() -> None:
    told = weigh(owners=(MINE,), holder=True, written=(OTHER,))
    assert (told.bond, told.blocked) == (Bond.THEIRS, False)
    assert told.lines == ("at odds with that: a word for another",)


def test_a_signer_and_a_pusher_who_disagree_tie_it_to_neither() -> None:
    assert weigh(proven=(MINE, OTHER)).bond is Bond.INTRODUCED


def said(*claims: tuple[str, str, str]) -> list[tuple[bool, Voice]]:
    made = tuple(Claim(source=source, subject=subject, grade=grade) for source, subject, grade in claims)
    return list(testimony.inside(replace(finding(), claims=made), KNOWN))


def test_the_names_in_one_token_are_of_one_principal() -> None:
    ((issued, voice),) = said(("JWT email", "sam@example.com", "issued"), ("JWT upn", "s@corp.example", "issued"))
    assert (issued, voice.mine) == (True, True)
    assert voice.words == "JWT email names sam@example.com; JWT upn names s@corp.example"


def test_issuer_audience_machines_and_open_addresses_are_no_voices() -> None:
    assert not said(
        ("JWT iss", "sam@example.com", "issued"),
        ("JWT aud", "ann@example.com", "issued"),
        ("JWT sub", "8812", "issued"),
        ("JWT email", "maybe@example.com", "issued"),
        ("Google client_email", "ci@corp.iam.gserviceaccount.com", "written"),
        ("SSH key comment", "sam@laptop", "written"),
        ("SSH key comment", "sam@laptop.local", "written"),
        ("AWS account", "123456789012", "issued"),
    )


def test_the_file_around_speaks_for_the_person_and_against_nobody() -> None:
    assert said(("file: code owner", "ann@example.com", "written")) == []
    ((issued, voice),) = said(("file: code owner", "sam@example.com", "written"))
    assert (issued, voice.mine) == (False, True)


def test_accounts_inside_a_token_are_compared_with_the_persons_own() -> None:
    assert [voice.mine for _, voice in said(("PyPI user id", "77", "issued"))] == [True]
    assert [voice.mine for _, voice in said(("Mapbox user", "sam-maps", "issued"))] == [True]


def test_accounts_inside_a_token_are_those_of_its_instance() -> None:
    """The same number at another index is another person's."""
    known = Known(lambda _: None, lambda account: account == Account(provider="pypi", id="77"))
    told = replace(finding(claims=(Claim(source="PyPI user id", subject="77", grade="issued"),)), provider="pypi/corp")
    assert [voice.mine for _, voice in testimony.inside(told, known)] == [False]
    assert [voice.mine for _, voice in testimony.inside(replace(told, provider="pypi"), known)] == [True]


def test_an_introduction_is_told_by_signature_and_push() -> None:
    facts = Facts(signed_by="Sam@example.com", pushed_by=Account(provider="github", id="78", login="x"))
    assert [voice.mine for voice in testimony.introduction(facts, KNOWN)] == [True, False]
    assert list(testimony.introduction(Facts(signed_by="maybe@example.com"), KNOWN)) == []
