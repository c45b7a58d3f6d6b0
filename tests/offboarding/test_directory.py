"""Directories as CSV, and what identity providers' exports add; the line of what is wrong, and whose word it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from offboarding.configuration import doctor
from offboarding.configuration.schema import SettingsError
from offboarding.identity import directory
from offboarding.identity.directory import Directory
from offboarding.identity.edges import PROVEN
from offboarding.identity.people import resolve
from offkey.model import Account

CSV = """Employee ID;First name;Last name;Work e-mail;Aliases;GitHub;GitHub ID;Slack ID;Leaving date;Department
e1;Léa;Müller;lea@corp.example;smtp:lm@corp.example, lea.m@corp.example;lea-dev;4711;U0LEA;2026-11-01;R&D
e2;Ann;Archer;ann@corp.example;;;;;;Sales

"""


def written(folder: Path, text: str, name: str = "people.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def exported(folder: Path, data: Any, name: str = "export.json") -> Path:
    return written(folder, json.dumps(data), name)


def test_a_personnel_systems_export_is_a_directory(tmp_path: Path) -> None:
    lea, ann = directory.load(written(tmp_path, "\ufeff" + CSV)).entries
    assert (lea.id, lea.names) == ("e1", ("Léa Müller",))
    assert lea.emails == ("lea@corp.example", "lm@corp.example", "lea.m@corp.example")
    assert lea.accounts == {"github": "lea-dev", "github.id": "4711", "slack": "U0LEA"}
    assert str(lea.left_at) == "2026-11-01 00:00:00+00:00"
    assert (ann.id, ann.accounts, ann.left_at) == ("e2", {}, None)


def test_without_an_id_the_first_address_is_it(tmp_path: Path) -> None:
    listed = directory.load(written(tmp_path, "name,email,account:gitea.id,shared\nAnn Archer,ann@corp.example,7,no\n"))
    assert listed.entries[0].id == "ann@corp.example"
    assert listed.entries[0].accounts == {"gitea.id": "7"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,email\na,x@y.z\nb\n", "line 3: 1 columns, but the first line has 2"),
        ("id,email\na,x@y.z\n\nb,nothing\n", "line 4: emails: not an e-mail address"),
        ("id,email,left_at\na,x@y.z,soon\n", "line 2: .*left_at"),
        ("id,email,left_at\na,x@y.z,2026-11-01T10:00:00\n", "line 2: .*needs its zone"),
        ("id,email,shared\na,x@y.z,perhaps\n", "line 2: shared: must be yes or no"),
        ("id,employee id\na,b\n", "line 2: id: two columns differ"),
        ("id,backup mail\na,x@y.z\n", "line 1: unknown column 'backup mail'"),
        ("name,department\nAnn,R&D\n", "line 2: neither an id nor an e-mail"),
        ("department\nR&D\n", "line 1: no column is known"),
        ("id,email\na,x@y.z\nb,X@y.z\n", "x@y.z belongs to both a and b"),
        ('id,email\n"a,x@y.z\n', "line"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as wrong:
        directory.load(written(tmp_path, text))
    assert "people.csv" in str(wrong.value)


OKTA = [
    {
        "id": "00u1",
        "status": "ACTIVE",
        "profile": {
            "login": "lea@corp.example",
            "email": "lea.mueller@corp.example",
            "secondEmail": "lea@home.example",
            "firstName": "Lea",
            "lastName": "Mueller",
        },
    }
]
ENTRA = {
    "value": [
        {
            "id": "9f",
            "userPrincipalName": "lea@corp.example",
            "mail": "lea.mueller@corp.example",
            "otherMails": ["lea@home.example"],
            "proxyAddresses": ["SMTP:lea@corp.example", "smtp:lm@corp.example", "X500:/o=Corp"],
            "displayName": "Lea Mueller",
            "employeeLeaveDateTime": "2026-11-01T00:00:00Z",
        }
    ]
}
SCIM = {
    "totalResults": 1,
    "Resources": [
        {
            "id": "5",
            "userName": "lea@corp.example",
            "displayName": "Lea Mueller",
            "emails": [{"value": "lm@corp.example", "primary": True}],
        }
    ],
}
NODE = {"samlIdentity": {"nameId": "lea@corp.example"}, "user": {"login": "lea-dev", "databaseId": 4711}}
SAML = {
    "data": {
        "organization": {
            "samlIdentityProvider": {
                "externalIdentities": {
                    "pageInfo": {"hasNextPage": False},
                    "edges": [
                        {"node": NODE},
                        {"node": {"samlIdentity": {"nameId": "ann@corp.example"}, "user": None}},
                    ],
                }
            }
        }
    }
}


def people(folder: Path) -> Path:
    return written(folder, "- {id: lea, names: [Léa Müller], emails: [lea@corp.example]}\n", "people.yaml")


def test_a_linked_github_account_is_certain_by_its_id_and_says_whose_word_it_is(tmp_path: Path) -> None:
    listed = directory.load(people(tmp_path), [exported(tmp_path, SAML, "saml.json")])
    person = resolve("lea", listed, ())
    assert person.accounts == (Account(provider="github", id="4711", login="lea-dev"),)
    assert any("saml.json lists this account" in " ".join(i.evidence) for i in person.certain)
    assert all(i.basis in PROVEN for i in person.certain)
    assert resolve("ann@corp.example", listed, ()).id == "ann@corp.example"


@pytest.mark.parametrize("user", [{"login": None, "databaseId": None}, {"login": 7, "databaseId": [1]}, {}])
def test_a_linked_account_without_login_and_id_is_none_and_is_said(tmp_path: Path, user: dict[str, Any]) -> None:
    named = {"samlIdentity": {"nameId": "lea@corp.example"}, "user": user}
    nodes = [named, {"samlIdentity": {"nameId": "opaque"}, "user": user}, {"samlIdentity": None, "user": None}]
    export = exported(tmp_path, {"externalIdentities": {"nodes": nodes}}, "saml.json")
    listed = directory.load(people(tmp_path), [export])
    assert [(entry.id, entry.accounts) for entry in listed.entries] == [("lea", {})]
    (gap,) = listed.gaps
    assert (gap.where, gap.why[:9]) == (str(export), "2 of 3 pe")
    (tmp_path / "offkey.toml").write_text('[directory]\npeople = "people.yaml"\nexports = ["saml.json"]\n')
    (told,) = [one for one in doctor.examine(tmp_path / "offkey.toml") if one.what == "directory"]
    assert (told.state, gap.why in told.detail) == ("warn", True)


def test_a_linked_account_with_an_id_alone_is_known_by_it(tmp_path: Path) -> None:
    users = [("lea@corp.example", {"login": None, "databaseId": 4711}), ("opaque", {"login": None, "databaseId": 99})]
    nodes = [{"samlIdentity": {"nameId": name}, "user": user} for name, user in users]
    listed = directory.load(people(tmp_path), [exported(tmp_path, {"externalIdentities": {"nodes": nodes}})])
    assert listed.gaps == ()
    for ident, owner in (("4711", "lea"), ("99", "github:99")):
        found = listed.account_owner("github", ident, "anything")
        assert found is not None
        assert (found.id, [account.id for account in found.account_records]) == (owner, [ident])


@pytest.mark.parametrize(
    ("data", "emails", "unverified"),
    [
        (OKTA, {"lea@corp.example", "lea.mueller@corp.example"}, {"lea@home.example"}),
        (ENTRA, {"lea@corp.example", "lea.mueller@corp.example", "lm@corp.example"}, {"lea@home.example"}),
        (ENTRA["value"], {"lea@corp.example", "lea.mueller@corp.example", "lm@corp.example"}, {"lea@home.example"}),
        (SCIM, {"lea@corp.example", "lm@corp.example"}, set()),
    ],
)
def test_identity_providers_add_addresses(tmp_path: Path, data: Any, emails: set[str], unverified: set[str]) -> None:
    entry = directory.load(people(tmp_path), [exported(tmp_path, data)]).entries[0]
    assert set(entry.emails) == emails
    assert set(entry.unverified_emails) == unverified
    assert entry.id == "lea"


def test_what_a_person_may_have_typed_herself_is_probable(tmp_path: Path) -> None:
    listed = directory.load(people(tmp_path), [exported(tmp_path, OKTA)])
    seen = [type("Seen", (), {"name": "x", "email": "lea@home.example", "raw_email": "lea@home.example"})()]
    person = resolve("lea", listed, seen)
    assert [i.email for i in person.probable] == ["lea@home.example"]


def test_an_export_alone_is_a_directory_too(tmp_path: Path) -> None:
    listed = directory.load(None, [exported(tmp_path, ENTRA)])
    assert resolve("lm@corp.example", listed, ()).confirmed_by_directory


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"totalResults": 9, "Resources": []}, "one page of several"),
        ({"value": [], "@odata.nextLink": "x"}, "one page of several"),
        ({"externalIdentities": {"pageInfo": {"hasNextPage": True}, "nodes": []}}, "one page of several"),
        ({"people": []}, "no known export"),
        ([{"name": "x"}], "entry 1 is neither"),
        ({"Resources": ["x"]}, "not what its kind of export looks like"),
        ({"value": [{**ENTRA["value"][0], "mail": "ann@corp.example"}]}, "both ann and lea"),
        ({"externalIdentities": {"nodes": [{**NODE, "user": {"login": "x", "databaseId": 5}}]}}, "github.* of lea"),
    ],
)
def test_an_export_that_is_partial_or_contradicts_is_refused(tmp_path: Path, data: Any, says: str) -> None:
    text = (
        "- {id: lea, emails: [lea@corp.example], accounts: {github.id: 4711}}\n- {id: ann, emails: [ann@corp.example]}"
    )
    with pytest.raises(SettingsError, match=says):
        directory.load(written(tmp_path, text, "people.yaml"), [exported(tmp_path, data)])


def test_no_json_says_the_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 2"):
        directory.load(None, [written(tmp_path, "{\n]", "export.json")])
    assert directory.load(None) == Directory()
