"""Whose identity is it: certain by the organisation's word alone, everything else for a person to decide."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offboarding.configuration.schema import SettingsError
from offboarding.identity import directory as people_yaml
from offboarding.identity.directory import Directory
from offboarding.identity.people import UnknownPerson, resolve
from offkey.errors import UsageError
from offkey.model import Person, from_json, to_json

PEOPLE = """
- id: lea
  names: [Léa Müller, Lea Mueller]
  emails: [lea.mueller@corp.example, lea.m.private@gmail.com]
  accounts: {github: lea-dev, github.id: 4711, aws: lea.mueller, slack: U0LEA}
  left_at: 2026-11-01
  not_me: [lea@elsewhere.example]
- id: ann
  names: [Ann Archer]
  emails: [ann@corp.example]
  accounts: {github: ann-a, github.id: 99}
- id: kim1
  names: [Kim Lee]
  emails: [kim@corp.example]
- id: kim2
  names: [Kim Lee]
  emails: [kim.lee@corp.example]
- id: bob
  names: [Bob Baker]
  emails: [bob@corp.example]
  accounts: {github: bob-b}
- id: build
  emails: [build@corp.example]
  shared: true
"""


@dataclass(frozen=True)
class Author:
    name: str
    email: str
    raw_email: str = ""


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return written(tmp_path, PEOPLE)


def written(folder: Path, text: str) -> Directory:
    (folder / "people.yaml").write_text(text)
    return people_yaml.load(folder / "people.yaml")


def strength(person: Person, email: str) -> str:
    sets = {"certain": person.certain, "probable": person.probable, "excluded": person.excluded}
    found = [name for name, identities in sets.items() if any(i.email == email and i.name for i in identities)]
    assert len(found) <= 1
    return found[0] if found else "unrelated"


def evidence(person: Person, email: str) -> str:
    every = (*person.certain, *person.probable, *person.excluded)
    return " / ".join(text for i in every if i.email == email and i.name for text in i.evidence)


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        ("whoever", "lea.mueller@corp.example", "certain"),
        ("lm", "Lea.Mueller@CORP.example", "certain"),
        ("lm", "leamprivate+work@googlemail.com", "certain"),
        ("lm", "4711+lea-dev@users.noreply.github.com", "certain"),
        ("lm", "4711+renamed-since@users.noreply.github.com", "certain"),
        ("lm", "lea-dev@users.noreply.github.com", "probable"),
        ("Lea Mueller", "5000+lea-dev@users.noreply.github.com", "excluded"),
        ("lm", "5000+somebody@users.noreply.github.com", "unrelated"),
        ("Lea Mueller", "99+ann-a@users.noreply.github.com", "excluded"),
        ("Lea Mueller", "5000+unknown@users.noreply.github.com", "probable"),
        ("Lea Mueller", "lea@elsewhere.example", "excluded"),
        ("Lea Mueller", "ann@corp.example", "excluded"),
        ("Ann Archer", "ann@corp.example", "unrelated"),
        ("Lea Mueller", "lea.mueller@laptop.local", "probable"),
        ("MÜLLER, Léa", "other@home.example", "probable"),
        ("Lea", "lea@home.example", "probable"),
        ("lm", "lea.mueller@other.example", "probable"),
        ("lm", "lea.mueller+git@corp.example", "probable"),
        ("Lea Mueller", "root@ip-10-0-0-1", "excluded"),
        ("Ubuntu", "ubuntu@ip-10-0-0-1.ec2.internal", "excluded"),
        ("CI", "ci@corp.example", "excluded"),
        ("Lea Mueller", "admin@corp.example", "excluded"),
        ("Lea Mueller", "git@mueller.example", "probable"),
        ("git", "git@corp.example", "excluded"),
        ("gx", "hi@gxlin.example", "unrelated"),
        ("Bob Baker", "git@baker.example", "unrelated"),
        ("Somebody Else", "admin@else.example", "unrelated"),
        ("GitHub", "noreply@github.com", "excluded"),
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", "excluded"),
        ("Bob Baker", "bob@home.example", "unrelated"),
    ],
)
def test_each_kind_of_identity_gets_the_strength_of_its_evidence(
    directory: Directory, name: str, email: str, expected: str
) -> None:
    person = resolve("lea", directory, [Author(name, email)])
    assert strength(person, email) == expected
    assert bool(evidence(person, email)) == (expected != "unrelated")


def test_a_login_alone_is_certain_only_when_the_id_says_so_too(directory: Directory) -> None:
    person = resolve("bob", directory, [Author("x", "123+bob-b@users.noreply.github.com")])
    assert strength(person, "123+bob-b@users.noreply.github.com") == "probable"
    assert "github.id: 123" in evidence(person, "123+bob-b@users.noreply.github.com")


def test_a_mailmap_makes_nobody_certain_and_never_takes_a_colleagues_address(directory: Directory) -> None:
    mapped = Author("Lea Mueller", "lea.mueller@corp.example", "old@startup.example")
    grabbed = Author("Lea Mueller", "lea.mueller@corp.example", "ann@corp.example")
    person = resolve("lea", directory, [mapped, grabbed])
    assert strength(person, "old@startup.example") == "probable"
    assert ".mailmap" in evidence(person, "old@startup.example")
    assert strength(person, "ann@corp.example") == "excluded"
    assert "ann" in evidence(person, "ann@corp.example")


def test_a_mailmap_cannot_take_the_persons_own_address_away(directory: Directory) -> None:
    person = resolve("lea", directory, [Author("Ann Archer", "ann@corp.example", "lea.mueller@corp.example")])
    assert strength(person, "lea.mueller@corp.example") == "certain"


def test_a_name_that_two_people_have_says_nothing(directory: Directory) -> None:
    person = resolve("kim1", directory, [Author("Kim Lee", "kim@home.example")])
    assert strength(person, "kim@home.example") == "excluded"
    assert "kim2" in evidence(person, "kim@home.example")


def test_no_spelling_of_names_alone_is_ever_certain(directory: Directory) -> None:
    names = ["Lea Mueller", "Léa Müller", "Müller Léa", "LEA MUELLER", "lea.mueller"]
    authors = [Author(name, f"x{number}@home.example") for number, name in enumerate(names)]
    person = resolve("lea", directory, authors)
    assert not [identity for identity in person.certain if identity.name]
    assert len(person.probable) == len(names)


def test_an_address_that_is_overridden_on_the_call_is_excluded(directory: Directory) -> None:
    author = Author("Lea Mueller", "lea.mueller@corp.example")
    person = resolve("lea", directory, [author], not_me=["LEA.MUELLER@corp.example"])
    assert strength(person, "lea.mueller@corp.example") == "excluded"


@pytest.mark.parametrize(
    "subject", ["lea", "LEA", "lea.mueller@corp.example", "lea.m.private+x@gmail.com", "lea-dev", "github:lea-dev",
                "github:4711", "aws:lea.mueller", "slack:U0LEA"]
)  # fmt: skip
def test_a_person_is_found_by_anything_the_directory_lists(directory: Directory, subject: str) -> None:
    person = resolve(subject, directory, [])
    assert person.id == "lea"
    assert person.left_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert person.confirmed_by_directory
    assert {(a.provider, a.id, a.login) for a in person.accounts} == {
        ("aws", "", "lea.mueller"),
        ("github", "4711", "lea-dev"),
        ("slack", "U0LEA", "U0LEA"),
    }


def test_somebody_outside_the_directory_is_the_named_address_and_unconfirmed(directory: Directory) -> None:
    authors = [Author("Zoe", "zoe@home.example"), Author("Zoe", "zoe@other.example")]
    person = resolve("zoe@home.example", directory, authors)
    assert not person.confirmed_by_directory
    assert strength(person, "zoe@home.example") == "certain"
    assert strength(person, "zoe@other.example") == "probable"
    assert "request names" in evidence(person, "zoe@home.example")


def test_an_address_that_nobody_knows_suggests_nobody(directory: Directory) -> None:
    person = resolve("zoe@hmoe.example", directory, [Author("Zoe", "zoe@home.example")])
    assert (person.probable, person.excluded) == ((), ())


def test_unknown_and_shared_subjects_are_refused_with_advice(directory: Directory) -> None:
    with pytest.raises(UnknownPerson) as unknown:
        resolve("laa", directory, [])
    assert "lea" in unknown.value.advice
    with pytest.raises(UnknownPerson, match="shared account"):
        resolve("build@corp.example", directory, [])


def test_the_result_does_not_depend_on_the_order_of_authors(directory: Directory) -> None:
    authors = [Author(f"Lea Mueller{n % 3}", f"lea{n}@home.example") for n in range(20)]
    authors += [Author("Lea Mueller", f"a{n}@home.example", f"b{n}@home.example") for n in range(20)]
    shuffled = random.Random(7).sample(authors, len(authors))
    one, two = resolve("lea", directory, authors), resolve("lea", directory, shuffled)
    assert to_json(one) == to_json(two)
    assert from_json(to_json(one), Person) == one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {id: a, emails: [x@y.z]}\n- {id: b, emails: [X@Y.z]}", "x@y.z belongs to both a and b"),
        ("- {id: a, accounts: {github: L}}\n- {id: b, accounts: {github: l}}", "github:l belongs to both"),
        ("- {id: a}\n- {id: a}", "id a belongs to both"),
        ("- {id: a, mail: x@y.z}", "mail: unknown key; allowed here: accounts, emails"),
        ("- {emails: [x@y.z]}", "id: is missing"),
        ("- {id: a, left_at: 2026-11-01T10:00:00}", "needs its zone"),
        ("folk: []", "must be a list"),
        ("people: 3", "must be a list"),
        ("- [", "is no YAML"),
    ],
)
def test_a_wrong_directory_says_where_and_what(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        written(tmp_path, text)


def test_the_list_may_stand_under_a_heading(tmp_path: Path) -> None:
    assert [entry.id for entry in written(tmp_path, "people:\n- id: a\n- id: b").entries] == ["a", "b"]


def test_a_missing_directory_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        people_yaml.load(tmp_path / "none.yaml")


def test_one_login_at_two_providers_of_two_people_must_be_named_exactly(tmp_path: Path) -> None:
    two = written(tmp_path, "- {id: a, accounts: {github: sam}}\n- {id: b, accounts: {aws: sam}}")
    with pytest.raises(UsageError, match="names a and b"):
        resolve("sam", two, [])
    assert resolve("aws:sam", two, []).id == "b"
