"""A value is re-read by its address, or ValueGone says why it cannot be."""

from dataclasses import replace
from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import aws_pair, github_classic
from offkey.fingerprint import OrgKey, ephemeral_key
from offkey.model import Place, Span
from scanner.repository.git import Git
from scanner.repository.sources import open_target
from scanner.values import ValueGone, read_credential, read_value
from tests.builders import Repo
from tests.scanner.conftest import Scan

TOKEN = github_classic("value")


def test_values_of_every_object_type_are_read_again(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit(f"message {github_classic('commit')}", {"a.py": github_classic("blob")})
    repo.tag("v1", github_classic("tag"))
    repo.write({"new.py": github_classic("file"), "utf16.txt": github_classic("wide").encode("utf-16")})
    repo.config("remote.origin.url", f"https://x:{github_classic('config')}@github.com/corp/app.git")
    result = look(repo.path)
    types = {place.object_type for finding in result.findings for place in finding.places}
    assert types == {"blob", "commit", "tag", "file", "config"}
    for finding in result.findings:
        for place in finding.places:
            assert key.fingerprint(finding.kind, read_value(place)) == finding.fingerprint


def test_a_pair_is_read_as_one_credential(tmp_path: Path, look: Scan, key: OrgKey) -> None:
    identifier, secret = aws_pair("pair")
    file = tmp_path / "credentials"
    file.write_text(f"aws_access_key_id = {identifier}\naws_secret_access_key = {secret}\n")
    (finding,) = look(file).findings
    credential = read_credential(finding.kind, finding.fingerprint, finding.places, key)
    assert credential.secret.reveal() == secret.encode()
    assert credential.parts["id"].reveal() == identifier.encode()


@pytest.fixture
def found(tmp_path: Path, look: Scan) -> tuple[Repo, str, Place, Place]:
    """A repository with the token in a commit and in an untracked file, and both addresses."""
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": TOKEN})
    repo.write({"new.py": f"\n{TOKEN}"})
    (finding,) = look(repo.path).findings
    blob, file = sorted(finding.places, key=lambda place: place.object_type)
    return repo, finding.fingerprint, blob, file


def test_a_changed_or_deleted_file_is_gone(found: tuple[Repo, str, Place, Place]) -> None:
    repo, _, _, file = found
    repo.write({"new.py": f"\n{TOKEN}\n"})
    with pytest.raises(ValueGone, match="changed") as caught:
        read_value(file)
    assert caught.value.advice
    (repo.path / "new.py").unlink()
    with pytest.raises(ValueGone):
        read_value(file)


def test_a_missing_object_is_gone(found: tuple[Repo, str, Place, Place]) -> None:
    repo, _, blob, _ = found
    (repo.path / ".git" / "objects" / blob.object[:2] / blob.object[2:]).unlink()
    with pytest.raises(ValueGone, match="missing"):
        read_value(blob)


def test_a_span_outside_the_content_is_gone(found: tuple[Repo, str, Place, Place]) -> None:
    _, _, blob, _ = found
    for spans in [(), (Span(part="secret", start=0, end=9999),), (Span(part="secret", start=5, end=5),)]:
        with pytest.raises(ValueGone):
            read_value(replace(blob, spans=spans))


def test_another_address_serves_when_the_first_is_gone(found: tuple[Repo, str, Place, Place], key: OrgKey) -> None:
    repo, fingerprint, blob, file = found
    (repo.path / "new.py").unlink()
    credential = read_credential("github.pat.classic", fingerprint, [file, blob], key)
    assert credential.secret.reveal() == TOKEN.encode()


def test_a_value_that_is_not_the_planned_one_is_refused(found: tuple[Repo, str, Place, Place], key: OrgKey) -> None:
    _, fingerprint, blob, _ = found
    moved = replace(blob, spans=(Span(part="secret", start=1, end=40),))
    with pytest.raises(ValueGone, match="another one"):
        read_credential("github.pat.classic", fingerprint, [moved], key)
    with pytest.raises(ValueGone):
        read_credential("github.pat.classic", fingerprint, [blob], ephemeral_key())
    with pytest.raises(ValueGone):
        read_credential("github.pat.classic", fingerprint, [], key)


def test_no_error_shows_the_value(found: tuple[Repo, str, Place, Place], key: OrgKey) -> None:
    _, fingerprint, blob, _ = found
    with pytest.raises(ValueGone) as caught:
        read_credential("github.pat.classic", "hmac-sha256:other", [blob], key)
    assert TOKEN[4:] not in str(caught.value) + caught.value.advice + repr(caught.value)
    assert TOKEN[4:] not in repr(read_credential("github.pat.classic", fingerprint, [blob], key))


def test_a_mirror_may_be_read_instead_of_the_scanned_repository(
    found: tuple[Repo, str, Place, Place], tmp_path: Path
) -> None:
    repo, _, blob, _ = found
    mirror = repo.clone(tmp_path / "mirror.git", "--mirror")
    gone = replace(blob, repo="https://example.com/no/longer.git")
    assert read_value(gone, mirror.path) == {"secret": TOKEN.encode()}
    assert Git(mirror.path).bare


def test_standard_input_cannot_be_read_again(look: Scan) -> None:
    (finding,) = look(open_target("-", stdin=TOKEN.encode())).findings
    with pytest.raises(ValueGone, match="standard input"):
        read_value(finding.places[0])


def test_a_file_of_a_work_tree_is_read_again_though_its_git_folder_was_named(tmp_path: Path, look: Scan) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"a.py": "1"})
    repo.write({"new.py": f"T = '{github_classic('again')}'\n"})
    (finding,) = look(repo.path / ".git").findings
    assert read_value(finding.places[0])["secret"] == github_classic("again").encode()


def test_a_file_named_by_a_link_is_read_again(tmp_path: Path, look: Scan) -> None:
    (tmp_path / "real").write_text(github_classic("again"))
    (tmp_path / "link").symlink_to("real")
    (finding,) = look(tmp_path / "link").findings
    assert read_value(finding.places[0])["secret"] == github_classic("again").encode()
