"""Whose signature a commit bears: by the organisation's own list of keys, and by nothing that lies in a repository."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.configuration.schema import SettingsError
from offboarding.ownership import keyring, signatures
from offboarding.ownership.signatures import Signers
from offkey.errors import UsageError
from scanner.claims import openpgp
from tests import needs
from tests.builders import Repo
from tests.offboarding.gnupg import GPG, gnupg

pytestmark = needs.OPENSSH


def new_key(folder: Path, name: str, kind: str = "ed25519") -> Path:
    folder.mkdir(exist_ok=True)
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(key)], check=True)
    return key


def public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text().strip()


@dataclass
class Scene:
    repo: Repo
    keys: Path
    listed: Path

    def signed(self, key: Path, message: str = "signed") -> bytes:
        """A commit signed by git itself with a key."""
        self.repo.git("config", "gpg.format", "ssh").strip()
        self.repo.git("config", "user.signingKey", str(key))
        self.repo.git("commit", "-q", "--allow-empty", "-S", "-m", message)
        return self.raw()

    def raw(self, commit: str = "HEAD") -> bytes:
        command = ["git", "cat-file", "commit", commit]
        return subprocess.run(command, cwd=self.repo.path, check=True, capture_output=True).stdout

    def lists(self, *lines: str) -> Signers:
        self.listed.write_text("".join(f"{line}\n" for line in lines))
        return signatures.load(self.listed)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(Repo.create(tmp_path / "app"), tmp_path / "keys", tmp_path / "allowed_signers")


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_commit_that_git_signed_is_verified_by_the_organisations_list(scene: Scene, kind: str) -> None:
    key = new_key(scene.keys, "sam", kind)
    signers = scene.lists("# people", f'sam@example.com,sam@old.example.com namespaces="git" {public(key)} laptop')
    told = signatures.check(scene.signed(key), signers)
    assert told is not None
    assert told.by == "sam@example.com"
    assert "SSH signature verified" in told.words


def test_a_list_in_the_repository_counts_for_nothing(scene: Scene) -> None:
    key, other = new_key(scene.keys, "sam"), new_key(scene.keys, "ann")
    (scene.repo.path / ".allowed_signers").write_text(f"ann@example.com {public(key)}\n")
    scene.repo.git("config", "gpg.ssh.allowedSignersFile", str(scene.repo.path / ".allowed_signers"))
    told = signatures.check(scene.signed(key), scene.lists(f"ann@example.com {public(other)}"))
    assert told is not None
    assert told.by == ""
    assert "gives its key to nobody" in told.words


def test_a_commit_that_was_changed_after_it_was_signed_is_not_verified(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    signers = scene.lists(f"sam@example.com {public(key)}")
    commit = scene.signed(key).replace(b"\n\nsigned", b"\n\nforged")
    told = signatures.check(commit, signers)
    assert told is not None
    assert told.by == ""
    assert "does not hold" in told.words


def test_a_signature_of_another_commit_is_not_verified(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    signers = scene.lists(f"sam@example.com {public(key)}")
    first, second = scene.signed(key, "one"), scene.signed(key, "two")
    taken = first[first.index(b"gpgsig ") : first.index(b"\n\none")]
    own = second[second.index(b"gpgsig ") : second.index(b"\n\ntwo")]
    told = signatures.check(second.replace(own, taken), signers)
    assert told is not None
    assert told.by == ""


def test_a_signature_for_another_purpose_is_not_one_of_a_commit(scene: Scene) -> None:
    """An approval of a plan, say, put into a commit's header."""
    key = new_key(scene.keys, "sam")
    signers = scene.lists(f"sam@example.com {public(key)}")
    scene.repo.git("commit", "-q", "--allow-empty", "-m", "plain")
    commit = scene.raw()
    command = ["ssh-keygen", "-Y", "sign", "-n", "offkey-plan", "-f", str(key)]
    made = subprocess.run(command, input=commit, check=True, capture_output=True).stdout.decode().strip()
    head, _, message = commit.partition(b"\n\n")
    header = "gpgsig " + made.replace("\n", "\n ")
    told = signatures.check(head + b"\n" + header.encode() + b"\n\n" + message, signers)
    assert told is not None
    assert told.by == ""


def test_two_signatures_on_one_commit_are_none(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    signers = scene.lists(f"sam@example.com {public(key)}")
    commit = scene.signed(key)
    own = commit[commit.index(b"gpgsig ") : commit.index(b"\n\nsigned")]
    told = signatures.check(commit.replace(own, own + b"\n" + own), signers)
    assert told is not None
    assert told.by == ""
    assert "more than one" in told.words


def test_a_key_that_no_longer_counted_then_is_not_verified(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    commit = scene.signed(key)  # of the builder's clock: 2020
    for option, by in (('valid-before="20190101"', ""), ('valid-after="20190101"', "sam@example.com")):
        told = signatures.check(commit, scene.lists(f"sam@example.com {option} {public(key)}"))
        assert told is not None
        assert told.by == by


def test_a_revoked_key_is_not_verified(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    commit, signers = scene.signed(key), scene.lists(f"sam@example.com {public(key)}")
    Path(f"{scene.listed}.revoked").write_text(public(key) + "\n")
    told = signatures.check(commit, signers)
    assert told is not None
    assert told.by == ""


@pytest.mark.parametrize(
    "line", ["*@example.com {}", "ann@example.com cert-authority {}", 'ann@example.com namespaces="file" {}']
)
def test_patterns_authorities_and_other_purposes_name_nobody(scene: Scene, line: str) -> None:
    key = new_key(scene.keys, "sam")
    told = signatures.check(scene.signed(key), scene.lists(line.format(public(key))))
    assert told is not None
    assert told.by == ""


def test_one_key_for_two_people_and_a_broken_line_are_refused(scene: Scene) -> None:
    key = new_key(scene.keys, "sam")
    with pytest.raises(SettingsError, match=r"ann@example\.com has the same key as sam@example\.com"):
        scene.lists(f"sam@example.com {public(key)}", f"ann@example.com {public(key)}")
    with pytest.raises(SettingsError, match="line 2"):
        scene.lists("# fine", "sam@example.com")
    with pytest.raises(UsageError, match="cannot be read"):
        signatures.load(scene.keys / "none")
    with pytest.raises(UsageError, match="no such file"):
        signatures.load(None, scene.keys / "none")


def test_without_a_list_nothing_is_verified_and_the_reason_is_said(scene: Scene) -> None:
    told = signatures.check(scene.signed(new_key(scene.keys, "sam")), Signers())
    assert told is not None
    assert told.by == ""
    assert "no allowed_signers file" in told.words


def test_a_commit_without_a_signature_has_none(scene: Scene) -> None:
    scene.repo.git("commit", "-q", "--allow-empty", "-m", "plain\n\ngpgsig in a message is no header")
    assert signatures.check(scene.raw(), Signers()) is None


def test_without_ssh_keygen_nothing_is_verified(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key(scene.keys, "sam")
    commit, signers = scene.signed(key), scene.lists(f"sam@example.com {public(key)}")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    told = signatures.check(commit, signers)
    assert told is not None
    assert (told.by, "ssh-keygen was not found" in told.words) == ("", True)


@GPG
def test_an_openpgp_signature_is_verified_by_the_organisations_keyring(scene: Scene, tmp_path: Path) -> None:
    with gnupg(tmp_path) as gpg:
        gpg.new("Sam Rivera <sam@example.com>", "Ann <ann@example.com>")
        gpg.sign(scene.repo, "sam@example.com")
        rings = {name: gpg.ring(f"{name}@example.com") for name in ("sam", "ann")}
    told = signatures.check(scene.raw(), signatures.load(None, rings["sam"]))
    assert told is not None
    assert told.by == "sam@example.com", told.words
    for signers in (signatures.load(None, rings["ann"]), Signers()):
        other = signatures.check(scene.raw(), signers)
        assert other is not None
        assert other.by == ""
    changed = signatures.check(scene.raw().replace(b"\n\nsigned", b"\n\nforged"), signatures.load(None, rings["sam"]))
    assert changed is not None
    assert changed.by == ""


@given(
    st.binary(max_size=200), st.sampled_from([b"-----BEGIN SSH SIGNATURE-----", b"-----BEGIN PGP SIGNATURE-----", b""])
)
def test_no_bytes_whatever_make_a_commit_fail(raw: bytes, begin: bytes) -> None:
    body = b"\n ".join([begin, *raw.split(b"\n")])
    told = signatures.check(b"tree x\ngpgsig " + body + b"\n\nmessage", Signers(source="nowhere"))
    assert told is None or told.by == ""


@GPG
def test_the_ids_in_a_keyring_are_those_that_gnupg_lists_whatever_its_form(tmp_path: Path) -> None:
    with gnupg(tmp_path) as gpg:
        gpg.new("Sam Rivera <sam@example.com>", "Ann <ann@example.com>")
        rings = [gpg.ring(), gpg.ring(armour=True), gpg.keybox]
        known = gpg.ids()
        assert len(known) >= 2
        assert [{one.hex().upper() for one in keyring.ids(ring)} for ring in rings] == [known] * 3
        sam = keyring.ids(gpg.ring("sam@example.com"))
    assert {one.hex().upper() for one in sam} < known


@given(st.binary(max_size=300), st.sampled_from([b"", b"\0\0\0\x20\x01\x01\0\0KBXf", b"\x98", b"\xc6\x33\x04"]))
def test_no_bytes_whatever_make_a_keyring_or_an_issuer_fail(raw: bytes, begin: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(begin + raw)
        file.flush()
        assert all(len(one) == 8 for one in keyring.ids(Path(file.name)))
    assert all(len(one) == 8 for one in openpgp.issuers(raw))


def test_a_signature_names_its_issuer_in_each_version_of_the_packet() -> None:
    ident = bytes(range(8))
    fingerprint = bytes(12) + ident

    def packet(version: int, covered: bytes, added: bytes) -> bytes:
        width = 4 if version == 6 else 2
        areas = [len(area).to_bytes(width, "big") + area for area in (covered, added)]
        return bytes([version, 0, 22, 8]) + b"".join(areas)

    assert openpgp.issuers(bytes([3, 5]) + bytes(5) + ident + bytes(4)) == (ident,)
    assert openpgp.issuers(packet(4, b"\x16\x21\x04" + fingerprint, b"")) == (ident,)
    assert openpgp.issuers(packet(4, b"", b"\x09\x10" + ident)) == (ident,)
    assert openpgp.issuers(packet(6, b"\x22\xa1\x06" + ident + bytes(24), b"")) == (ident,)
    assert openpgp.issuers(packet(4, b"\x16\x21\x04" + bytes(20), b"\x09\x10" + ident)) == (bytes(8), ident)
    assert openpgp.issuers(packet(9, b"\x09\x10" + ident, b"")) == ()
