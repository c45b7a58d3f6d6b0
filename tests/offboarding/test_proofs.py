"""Which identities a verified signature or the provider's push log ties to whom; and what neither says."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from offboarding.identity import directory, proofs
from offboarding.identity.directory import Directory
from offboarding.identity.people import resolve
from offboarding.identity.seen import Author, Proof
from offboarding.ownership import facts, signatures
from tests import needs
from tests.builders import ANN, BOB, Repo
from tests.offboarding.gnupg import GPG, gnupg
from tests.offboarding.test_pushes import ZERO, activity
from tests.offboarding.test_signatures import new_key, public

PEOPLE = """
- {id: ann, names: [Ann Archer], emails: [ann@example.com], accounts: {github: annie, github.id: 77}}
- {id: bob, names: [Bob Baker], emails: [bob@example.com]}
"""
HOME = ("Ann A", "ann@home.example")


@pytest.fixture
def listed(tmp_path: Path) -> Directory:
    (tmp_path / "people.yaml").write_text(PEOPLE)
    return directory.load(tmp_path / "people.yaml")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "app")


def signers(folder: Path, *lines: str) -> facts.Sources:
    (folder / "signers").write_text("".join(f"{line}\n" for line in lines))
    return facts.sources(folder / "signers", None, None)


def signed(repo: Repo, key: Path, who: tuple[str, str], author: tuple[str, str] | None = None) -> None:
    """A commit of `who`, signed with a key; `author` may be somebody else."""
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    more = ("--author", f"{author[0]} <{author[1]}>") if author else ()
    repo.git("commit", "-q", "--allow-empty", "-S", "-m", "signed", *more, author=who)


def owners(found: tuple[Proof, ...]) -> set[tuple[str, str, str]]:
    return {(proof.source, proof.email, proof.owner) for proof in found}


@needs.OPENSSH
def test_a_verified_signature_ties_its_committer_to_whom_the_key_is_listed_for(
    repo: Repo, listed: Directory, tmp_path: Path
) -> None:
    key = new_key(tmp_path / "keys", "ann")
    signed(repo, key, HOME)
    found, gaps = proofs.in_repositories([repo.path], signers(tmp_path, f"ann@example.com {public(key)}"), listed)
    assert (owners(found), gaps) == ({("signature", HOME[1], "ann")}, ())
    seen = Author(name=HOME[0], email=HOME[1], raw_name=HOME[0], raw_email=HOME[1], commits=1)
    (mine,) = [one for one in resolve("ann", listed, [seen], proofs=found).certain if one.name]
    assert (mine.email, mine.basis) == (HOME[1], "signature")
    assert not [one for one in resolve("ann", listed, [seen]).certain if one.name]


@needs.OPENSSH
def test_a_signature_says_nothing_of_an_author_whose_commit_somebody_else_made(
    repo: Repo, listed: Directory, tmp_path: Path
) -> None:
    key = new_key(tmp_path / "keys", "ann")
    signed(repo, key, HOME, author=("Vic Tim", "vic@home.example"))
    found, _ = proofs.in_repositories([repo.path], signers(tmp_path, f"ann@example.com {public(key)}"), listed)
    assert owners(found) == {("signature", HOME[1], "ann")}


@needs.OPENSSH
def test_a_key_that_nobody_lists_and_a_signer_who_is_in_no_directory_prove_nothing(
    repo: Repo, listed: Directory, tmp_path: Path
) -> None:
    key, other = new_key(tmp_path / "keys", "ann"), new_key(tmp_path / "keys", "eve")
    signed(repo, other, HOME)
    given = signers(tmp_path, f"ann@example.com {public(key)}", f"eve@elsewhere.example {public(other)}")
    assert proofs.in_repositories([repo.path], given, listed) == ((), ())
    given = signers(tmp_path, f"ann@example.com {public(key)}")
    assert proofs.in_repositories([repo.path], given, listed) == ((), ())


@needs.OPENSSH
def test_many_signatures_by_one_key_do_not_hide_one_by_another(repo: Repo, listed: Directory, tmp_path: Path) -> None:
    ann, bob = new_key(tmp_path / "keys", "ann"), new_key(tmp_path / "keys", "bob")
    signed(repo, bob, HOME)
    for _ in range(proofs.SAMPLES + 1):
        signed(repo, ann, HOME)
    given = signers(tmp_path, f"ann@example.com {public(ann)}", f"bob@example.com {public(bob)}")
    found, _ = proofs.in_repositories([repo.path], given, listed)
    assert owners(found) == {("signature", HOME[1], "ann"), ("signature", HOME[1], "bob")}


def with_signature(repo: Repo, raw: str, branch: str) -> None:
    """A commit as given in full, on a branch of its own."""
    (repo.path / "raw").write_text(raw)
    repo.git("update-ref", f"refs/heads/{branch}", repo.git("hash-object", "-t", "commit", "-w", "raw"))


@GPG
@pytest.mark.parametrize("how", ["unlisted key", "listed key", "broken"])
def test_openpgp_signatures_by_other_keys_do_not_hide_a_persons(
    repo: Repo, listed: Directory, tmp_path: Path, how: str
) -> None:
    with gnupg(tmp_path) as gpg:
        gpg.new("Ann <ann@example.com>", "Bob <bob@example.com>")
        gpg.sign(repo, "ann@example.com", who=HOME)
        true = repo.git("cat-file", "commit", "HEAD")
        repo.clock += timedelta(days=1)
        for number in range(proofs.SAMPLES + 1):
            if how == "broken":
                with_signature(repo, true.replace("signed", f"forged {number}"), f"a{number}")
            else:
                gpg.sign(repo, "bob@example.com", who=HOME)
        ring = gpg.ring("ann@example.com", *(["bob@example.com"] if how == "listed key" else []))
    found, gaps = proofs.in_repositories([repo.path], facts.sources(None, ring, None), listed)
    assert gaps == ()
    expected = {"ann", "bob"} if how == "listed key" else {"ann"}
    assert {proof.owner for proof in found} == expected


@GPG
def test_no_program_is_started_for_openpgp_signatures_by_keys_that_nobody_lists(
    repo: Repo, listed: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gnupg(tmp_path) as gpg:
        gpg.new("Ann <ann@example.com>", "Eve <eve@example.com>")
        gpg.sign(repo, "eve@example.com", who=HOME)
        ring = gpg.ring("ann@example.com")
    asked: list[bytes] = []
    monkeypatch.setattr(signatures, "check", lambda commit, _: asked.append(commit))
    assert proofs.in_repositories([repo.path], facts.sources(None, ring, None), listed) == ((), ())
    assert asked == []


@GPG
def test_openpgp_signatures_that_do_not_hold_are_a_gap_that_names_the_key(
    repo: Repo, listed: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "TRIES", 2)
    with gnupg(tmp_path) as gpg:
        gpg.new("Ann <ann@example.com>")
        gpg.sign(repo, "ann@example.com", who=HOME)
        ring = gpg.ring("ann@example.com")
        ids = gpg.ids()
    true = repo.git("cat-file", "commit", "HEAD")
    for number in range(2):
        with_signature(repo, true.replace("signed", f"forged {number}"), f"a{number}")
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    found, (gap,) = proofs.in_repositories([repo.path], facts.sources(None, ring, None), listed)
    assert found == ()
    assert "none of the newest 2 signatures" in gap.why
    assert any(one in gap.why for one in ids)


def pushed(folder: Path, *rows: object) -> facts.Sources:
    (folder / "pushes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return facts.sources(None, None, folder / "pushes.jsonl")


@needs.OPENSSH
def test_signatures_that_do_not_hold_do_not_hide_one_that_does(repo: Repo, listed: Directory, tmp_path: Path) -> None:
    key = new_key(tmp_path, "ann")
    signed(repo, key, HOME)
    true = repo.git("cat-file", "commit", "HEAD")
    for number in range(proofs.SAMPLES + 1):
        (repo.path / "raw").write_text(true.replace("signed", f"forged {number}"))
        oid = repo.git("hash-object", "-t", "commit", "-w", "raw").strip()
        repo.git("update-ref", f"refs/heads/a{number}", oid)
    found, _ = proofs.in_repositories([repo.path], signers(tmp_path, f"ann@example.com {public(key)}"), listed)
    assert owners(found) == {("signature", HOME[1], "ann")}


@needs.OPENSSH
def test_when_none_of_the_signatures_tried_holds_that_is_a_gap(
    repo: Repo, listed: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "TRIES", 2)
    key = new_key(tmp_path, "ann")
    signed(repo, key, HOME)
    true = repo.git("cat-file", "commit", "HEAD")
    for number in range(2):
        (repo.path / "raw").write_text(true.replace("signed", f"forged {number}"))
        oid = repo.git("hash-object", "-t", "commit", "-w", "raw").strip()
        repo.git("update-ref", f"refs/heads/a{number}", oid)
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    found, (gap,) = proofs.in_repositories([repo.path], signers(tmp_path, f"ann@example.com {public(key)}"), listed)
    assert found == ()
    assert "none of the newest 2 signatures" in gap.why
    assert "ann@example.com" in gap.why


def test_a_push_by_a_listed_account_ties_the_committer_at_its_tip(
    repo: Repo, listed: Directory, tmp_path: Path
) -> None:
    first = repo.commit("one", {"a": "1"}, author=HOME)
    second = repo.commit("two", {"a": "2"}, author=BOB)
    stranger = activity(first, second, who="else", number=5)
    given = pushed(tmp_path, activity(ZERO, first), stranger, activity(second, "f" * 40))
    found, gaps = proofs.in_repositories([repo.path], given, listed)
    assert (owners(found), gaps) == ({("push", HOME[1], "ann")}, ())


def test_whoever_merges_a_pull_request_pushed_nothing_of_it(repo: Repo, listed: Directory, tmp_path: Path) -> None:
    first = repo.commit("one", {"a": "1"}, author=BOB)
    given = pushed(tmp_path, activity(ZERO, first, activity_type="pr_merge"))
    assert proofs.in_repositories([repo.path], given, listed) == ((), ())


def test_without_signers_and_log_no_repository_is_opened(listed: Directory, tmp_path: Path) -> None:
    assert proofs.in_repositories([tmp_path / "none"], facts.Sources(), listed) == ((), ())


def test_a_repository_that_cannot_be_read_is_a_gap(repo: Repo, listed: Directory, tmp_path: Path) -> None:
    given = pushed(tmp_path, activity(ZERO, repo.commit("one", {"a": "1"}, author=ANN)))
    found, gaps = proofs.in_repositories([tmp_path / "none", repo.path], given, listed)
    assert owners(found) == {("push", ANN[1], "ann")}
    assert [gap.where for gap in gaps] == [str(tmp_path / "none")]
