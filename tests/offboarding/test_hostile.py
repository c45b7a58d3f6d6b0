"""Commits, branch names and files that somebody made to crash, hang or mislead `whois` and `plan`."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from offboarding.configuration.schema import SettingsError
from offboarding.identity import authors, directory, names, overrides, proofs
from offboarding.identity.directory import Directory, Entry
from offboarding.identity.people import resolve
from offboarding.identity.population import Population
from offboarding.identity.seen import Author
from offboarding.ownership import pushes
from offboarding.ownership.facts import Sources
from offboarding.planning import gather
from offkey.model import Account
from scanner.claims.codeowners import owners
from tests.builders import Repo, token
from tests.offboarding.test_authors import call
from tests.offboarding.test_pushes import ZERO, activity

LISTED = Directory(
    entries=(
        Entry(
            id="ann",
            names=("Ann Archer",),
            emails=("ann@corp.example",),
            accounts={"github": "ann-a", "github.id": 4711},
        ),
    )
)
NO_REPLY = "4711+ann-a@users.noreply.github.com"


def seen(name: str, email: str, commits: int = 1) -> Author:
    return Author(name=name, email=email, raw_email=email, commits=commits)


def raw_commit(repo: Repo, name: bytes) -> str:
    """A commit with a name that `git commit` would clean, at the branch's tip."""
    tree = repo.git("write-tree").strip().encode()
    who = b"%s <ann@corp.example> 1700000000 +0100" % name
    path = repo.path / "raw"
    path.write_bytes(b"tree %s\nauthor %s\ncommitter %s\n\nm\n" % (tree, who, who))
    oid = repo.git("hash-object", "-t", "commit", "-w", "--literally", "raw").strip()
    repo.git("update-ref", "HEAD", oid)
    return oid


def test_a_bots_name_takes_no_address_from_the_person() -> None:
    found = [seen("Ann Archer", NO_REPLY), seen("ann[bot]", NO_REPLY)]
    person = resolve("ann", LISTED, found)
    assert NO_REPLY in gather.commit_emails(person)
    assert not person.excluded

    home = replace(seen("Ann Archer", "xy7zzy@home.example"), email="ann@corp.example", offsets=((60, 9),))
    work = replace(seen("Ann Archer", "ann@corp.example"), offsets=((60, 9),))
    bot = seen("renovate", "xy7zzy@home.example")
    person = resolve("ann", LISTED, [home, work, bot])
    assert "xy7zzy@home.example" in gather.commit_emails(person)
    assert [(one.name, one.email) for one in person.probable] == [("renovate", "xy7zzy@home.example")]


def test_a_bots_own_address_stays_excluded() -> None:
    person = resolve("ann", LISTED, [seen("Ann Archer", "dependabot@bots.example"), seen("x[bot]", "x@y.example")])
    assert {one.email for one in person.excluded} == {"dependabot@bots.example", "x@y.example"}


def test_two_spellings_of_a_mapped_address_count_alike_in_any_order() -> None:
    one = replace(seen("Ann Archer", "q@z.example", 5), email="Ann@x.example")
    other = replace(seen("Ann Archer", "q@z.example", 2), email="ann@x.example")
    for found in ([one, other], [other, one]):
        assert [sighting.commits for sighting in Population(found).sightings] == [5]


def test_names_reach_the_terminal_without_escape_sequences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.create(tmp_path / "app")
    raw_commit(repo, "Ann \x1b[2J\x1b]0;x\x07Arch\x9ber \u202e".encode() + b"z" * 5000)
    monkeypatch.chdir(tmp_path)
    _, out, err = call("whois", "ann@corp.example", str(repo.path))
    assert "Ann \\x1b[2J" in out
    assert not set("\x1b\x07\x9b\u202e") & set(out + err)
    assert "z" * 300 not in "".join(out.split())


def test_names_in_json_drive_no_terminal_and_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo.create(tmp_path / "app")
    evil = "Ann\x7f \x9b2J\u202eArch\u2066er"
    raw_commit(repo, evil.encode())
    monkeypatch.chdir(tmp_path)
    _, out, _ = call("whois", "ann@corp.example", str(repo.path), "--format", "json")
    assert not set("\x7f\x9b\u202e\u2066") & set(out)
    assert evil in json.loads(out)["person"]["names"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_credential_in_a_name_or_an_address_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    value = token("sk_live_", 24)
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a": "1"}, author=(f"Ann {value}", "ann@corp.example"))
    monkeypatch.chdir(tmp_path)
    _, out, err = call("whois", "ann@corp.example", str(repo.path), "--format", form)
    assert "Ann sk_" in out or "Ann …" in out
    assert value not in out + err


def test_a_carriage_return_in_a_name_does_not_stop_the_push_log(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    tip = raw_commit(repo, b"Ann\rArcher")
    log = tmp_path / "pushes.jsonl"
    log.write_text(json.dumps(activity(ZERO, tip, "ann-a", 4711)))
    found, gaps = proofs.in_repositories([repo.path], Sources(pushes=pushes.load(log)), LISTED)
    assert [(one.name, one.owner) for one in found] == [("Ann\rArcher", "ann")]
    assert not gaps


def test_a_branch_may_be_named_with_what_python_calls_a_line_end(tmp_path: Path) -> None:
    log = tmp_path / "pushes.jsonl"
    rows = [activity(ZERO, "a" * 40, ref="refs/heads/x\x85y\u2028z"), activity("a" * 40, "b" * 40)]
    log.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert len(pushes.load(log)) == 2


@pytest.mark.parametrize(
    "work",
    [
        lambda: authors._contact("a" + " " * 200_000 + "b"),
        lambda: names.keys("(" * 200_000 + " a"),
        lambda: names.keys("a" + " " * 200_000 + "b"),
        lambda: names.similar("ab " * 20_000, "cd " * 20_000),
        lambda: names.forms(" ".join(f"w{chr(97 + n % 26) * 3}{n}" for n in range(20_000))),
        lambda: Population(seen(f"{'ab' * (n % 50)} c{n}", "x@y.example") for n in range(5_000)).shared_addresses,
        lambda: owners("\n".join("/" + "*?" * 40 + f"{n} @x" for n in range(5_000)), "a" * 200),
        lambda: owners(f"* a@{'.' * 50_000}@", "a"),
    ],
)
def test_no_name_or_pattern_takes_long(work: Callable[[], object]) -> None:
    begin = time.process_time()
    work()
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("text", ["- {id: ann, left_at: 2026-13-01}\n", "[" * 3000])
def test_yaml_that_cannot_be_read_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(text)
    for load in (directory.load, overrides.load):
        with pytest.raises(SettingsError, match="is no YAML"):
            load(path)


def test_a_login_that_is_another_persons_id_replaces_nobody(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("- {id: bob, emails: [bob@corp.example]}\n")
    node = {"samlIdentity": {"nameId": "opaque"}, "user": {"login": "bob", "databaseId": 99}}
    export = tmp_path / "saml.json"
    export.write_text(json.dumps({"data": {"externalIdentities": {"nodes": [node]}}}))
    listed = directory.load(tmp_path / "people.yaml", [export])
    bob = listed.owner_of("bob@corp.example")
    assert bob is not None
    assert (bob.id, bob.account_records) == ("bob", ())
    stranger = listed.account_owner("github", "99", "bob")
    assert stranger is not None
    assert (stranger.id, stranger.account_records) == (
        "github:bob",
        (Account(provider="github", id="99", login="bob"),),
    )


def test_an_address_that_is_another_persons_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("- {id: bob@corp.example, emails: [b.baker@corp.example]}\n")
    export = tmp_path / "okta.json"
    export.write_text(json.dumps([{"profile": {"login": "bob@corp.example"}}]))
    with pytest.raises(SettingsError, match="is the id of a person without that address"):
        directory.load(tmp_path / "people.yaml", [export])
