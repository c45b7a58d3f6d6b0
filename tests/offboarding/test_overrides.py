"""Somebody's yes or no on an address is recorded with who and when, and wins over everything."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offboarding.configuration import doctor
from offboarding.configuration.schema import SettingsError
from offboarding.identity import overrides
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.overrides import Decision, Verdict
from offboarding.identity.people import resolve
from offboarding.identity.seen import Author
from offboarding.planning import gather
from offkey.errors import Exit, UsageError
from offkey.model import Account
from tests.builders import Repo
from tests.offboarding.test_authors import LEA, LEA_HOME, call

DIRECTORY = Directory(
    entries=(
        Entry(id="lea", names=("Lea Mueller",), emails=("lea@corp.example",)),
        Entry(id="ann", names=("Ann Archer",), emails=("ann@corp.example",)),
    )
)
AT = datetime(2026, 11, 20, tzinfo=UTC)


def decided(*words: tuple[str, str, Verdict]) -> overrides.Overrides:
    return overrides.Overrides(
        decisions=tuple(
            Decision(person=who, address=address, verdict=verdict, by="bob@corp.example", at=AT, note="asked her")
            for who, address, verdict in words
        )
    )


def seen(name: str, email: str) -> Author:
    return Author(name=name, email=email, raw_email=email, commits=1)


def test_a_yes_makes_an_address_certain_and_proven() -> None:
    yes = decided(("lea", "Lea@Home.example", Verdict.THEIRS))
    person = resolve("lea", DIRECTORY, [seen("x", "lea@home.example")], overrides=yes)
    assert [(i.name, i.basis) for i in person.certain if i.email == "lea@home.example"] == [("x", "override")]
    assert "bob@corp.example decided on 2026-11-20" in str(person.certain)
    assert "asked her" in str(person.certain)
    assert gather.is_theirs(person, Account(provider="aws", id="A1", email="lea@home.example"))


def test_a_no_holds_for_an_address_in_no_commit_too() -> None:
    person = resolve("lea", DIRECTORY, [], overrides=decided(("lea", "lea@corp.example", Verdict.NOT_THEIRS)))
    assert person.emails == ()
    assert not gather.is_theirs(person, Account(provider="aws", id="A1", email="lea@corp.example"))


@pytest.mark.parametrize("address", ["lea@corp.example", "lea@home.example"])
def test_a_no_excludes_even_what_the_directory_lists(address: str) -> None:
    no = decided(("lea", address, Verdict.NOT_THEIRS))
    person = resolve("lea", DIRECTORY, [seen("Lea Mueller", address)], overrides=no)
    assert [i.email for i in person.excluded] == [address]
    assert address not in [i.email for i in person.certain]
    assert not gather.is_theirs(person, Account(provider="aws", id="A1", email=address))


def test_what_was_given_to_one_is_not_anothers() -> None:
    yes = decided(("lea", "ann@corp.example", Verdict.THEIRS))
    authors = [seen("Ann Archer", "ann@corp.example")]
    assert "ann@corp.example" in [i.email for i in resolve("lea", DIRECTORY, authors, overrides=yes).certain if i.name]
    ann = resolve("ann", DIRECTORY, authors, overrides=yes)
    assert [i.email for i in ann.excluded] == ["ann@corp.example"]
    for unseen in ([], authors):
        ann = resolve("ann", DIRECTORY, unseen, overrides=yes)
        assert not gather.is_theirs(ann, Account(provider="aws", id="A1", email="ann@corp.example"))


def test_the_last_decision_holds() -> None:
    both = decided(("lea", "x@y.example", Verdict.THEIRS), ("lea", "x@y.example", Verdict.NOT_THEIRS))
    person = resolve("lea", DIRECTORY, [seen("x", "x@y.example")], overrides=both)
    assert [i.email for i in person.excluded] == ["x@y.example"]


@pytest.fixture
def setting(tmp_path: Path) -> Path:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"}, author=LEA)
    repo.commit("two", {"a": "2"}, author=LEA_HOME)
    (tmp_path / "people.yaml").write_text(
        "- {id: lea, names: [Lea Mueller], emails: [lea@corp.example]}\n- {id: ann, emails: [ann@corp.example]}\n"
    )
    (tmp_path / "offkey.toml").write_text(
        '[organisation]\nrequester = "bob@corp.example"\n[directory]\npeople = "people.yaml"\n'
        f'overrides = "overrides.yaml"\n[repositories]\npaths = ["{repo.path}"]\n'
    )
    return tmp_path / "offkey.toml"


def test_whois_records_a_yes_and_a_no_with_who_and_when(setting: Path) -> None:
    words = ("--config", str(setting), "whois", "lea")
    assert LEA_HOME[1] in call(*words)[1].split("probable")[1].split("excluded")[0]
    code, out, _ = call(*words, "--confirm", LEA_HOME[1], "--note", "asked her")
    assert code is Exit.DONE
    assert LEA_HOME[1] in out.split("probable")[0]
    (one,) = overrides.load(setting.with_name("overrides.yaml")).decisions
    assert (one.person, one.by, one.verdict, one.note) == ("lea", "bob@corp.example", Verdict.THEIRS, "asked her")
    assert one.at.tzinfo
    _, out, _ = call(*words, "--reject", LEA_HOME[1], "--by", "eve@corp.example")
    assert LEA_HOME[1] in out.split("excluded")[1]
    assert len(overrides.load(setting.with_name("overrides.yaml")).decisions) == 2


@pytest.mark.parametrize(
    ("address", "says"),
    [("ann@corp.example", "gives ann@corp.example to ann"), ("root@ip-10", "shared address"), ("lea", "no e-mail")],
)
def test_a_yes_that_the_directory_speaks_against_is_refused(setting: Path, address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call("--config", str(setting), "whois", "lea", "--confirm", address)
    assert not setting.with_name("overrides.yaml").exists()


def record(setting: Path, person: str) -> None:
    """A decision by hand, as an editor would write it."""
    text = f"- {{person: {person}, address: lea@home.example, verdict: theirs, by: bob@corp.example, at: 2026-11-01}}\n"
    setting.with_name("overrides.yaml").write_text(text)


@pytest.mark.parametrize(("person", "advice"), [("lae", "did you mean lea?"), ("Lea@corp.example", "person: lea")])
def test_a_decision_on_an_id_that_nobody_has_is_said(setting: Path, person: str, advice: str) -> None:
    record(setting, person)
    words = ("--config", str(setting))
    code, out, err = call(*words, "whois", "lea")
    assert code is Exit.GAPS
    assert LEA_HOME[1] not in out.split("probable")[0]
    said = " ".join(err.split())
    assert f"overrides.yaml: what was decided about '{person}' (1) counts for nobody" in said
    assert advice in said
    code, out, _ = call(*words, "whois", "lea", "--format", "json")
    assert (code, person in str(json.loads(out)["gaps"])) == (Exit.GAPS, True)
    (told,) = [one for one in doctor.examine(setting) if one.what == "directory"]
    assert (told.state, person in told.detail) == ("warn", True)


def test_whois_says_what_an_export_leaves_open(setting: Path) -> None:
    node = {"samlIdentity": {"nameId": "lea@corp.example"}, "user": {"login": None, "databaseId": None}}
    setting.with_name("saml.json").write_text(json.dumps({"externalIdentities": {"nodes": [node]}}))
    setting.write_text(setting.read_text().replace("[directory]", '[directory]\nexports = ["saml.json"]'))
    code, _, err = call("--config", str(setting), "whois", "lea")
    assert (code, "neither login nor id" in " ".join(err.split())) == (Exit.GAPS, True)


def test_a_decision_on_a_person_by_address_counts_while_the_directory_does_not_know_her(setting: Path) -> None:
    record(setting, "new@corp.example")
    code, out, _ = call("--config", str(setting), "whois", "new@corp.example")
    assert code is Exit.DONE
    assert LEA_HOME[1] in out.split("probable")[0]


def test_without_a_file_there_is_nowhere_to_record(tmp_path: Path) -> None:
    (tmp_path / "offkey.toml").write_text("")
    with pytest.raises(UsageError, match="no file to record"):
        call("--config", str(tmp_path / "offkey.toml"), "whois", "a@b.example", "--confirm", "x@y.example")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {person: a, address: x@y.z, verdict: perhaps, by: b, at: 2026-11-01}", "verdict"),
        ("- {person: a, address: x@y.z, verdict: theirs, by: b}", "at: is missing"),
        ("people: []", "must be a list"),
        ("- [", "is no YAML"),
        (
            "- {person: a, address: x@y.z, verdict: theirs, by: b, at: 2026-11-01}\n"
            "- {person: c, address: X@y.z, verdict: theirs, by: b, at: 2026-11-01}",
            "given to both a and c",
        ),
    ],
)
def test_a_wrong_file_says_what(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "overrides.yaml").write_text(text)
    with pytest.raises(SettingsError, match=says):
        overrides.load(tmp_path / "overrides.yaml")


def test_decisions_recorded_at_once_are_all_kept(tmp_path: Path) -> None:
    wanted = [f"lea{number}@home.example" for number in range(24)]
    made = [Decision(person="lea", address=one, verdict=Verdict.THEIRS, by="b@corp.example", at=AT) for one in wanted]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: overrides.record(tmp_path / "overrides.yaml", one), made))
    assert sorted(one.address for one in overrides.load(tmp_path / "overrides.yaml").decisions) == sorted(wanted)
