"""Settings kept from the last check: the same as those read anew, and never those of a file that was changed."""

import json
import stat
from pathlib import Path

import pytest

from offboarding.configuration import config, scansettings
from offboarding.configuration.scansettings import ScanSettings
from offboarding.configuration.schema import SettingsError
from offboarding.identity import directory
from offkey.errors import UsageError

PEOPLE = "- id: ann\n  emails: [Ann.Archer+x@gmail.com]\n- id: bob\n  emails: [bob@example.com]\n"


@pytest.fixture
def cache(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    key = tmp_path / "organisation.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    (tmp_path / "people.yaml").write_text(PEOPLE)
    written = tmp_path / "offkey.toml"
    written.write_text(
        '[organisation]\nkey = "file:organisation.key"\nstate = "kept"\n[directory]\npeople = "people.yaml"\n'
    )
    return written


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Each time that a configuration is read and checked in full."""
    seen: list[Path | None] = []
    check = config.load

    def counted(path: Path | None) -> config.Config:
        seen.append(path)
        return check(path)

    monkeypatch.setattr(config, "load", counted)
    return seen


def test_kept_settings_are_those_of_the_files(file: Path, cache: str, checks: list[Path | None]) -> None:
    first, second = scansettings.load(file, cache), scansettings.load(file, cache)
    assert checks == [file]
    assert first == second
    read = config.load(file)
    assert second.key == read.organisation.key
    assert second.state_dir(None) == read.state_dir() == file.parent / "kept"
    assert second.owners == {"annarcher@gmail.com": "ann", "bob@example.com": "bob"}
    assert (one := second.org_key()) is not None
    assert one == read.org_key()


def test_what_is_kept_is_private_and_holds_no_key(file: Path, cache: str) -> None:
    scansettings.load(file, cache)
    (kept,) = Path(cache).iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert bytes(range(32)) not in kept.read_bytes()
    assert json.loads(kept.read_text())["settings"]["key"] == f"file:{file.parent / 'organisation.key'}"


@pytest.mark.parametrize("name", ["offkey.toml", "people.yaml"])
def test_a_changed_file_is_read_anew(file: Path, cache: str, checks: list[Path | None], name: str) -> None:
    scansettings.load(file, cache)
    changed = file.with_name(name)
    changed.write_text(changed.read_text() + "# checked again\n")
    scansettings.load(file, cache)
    scansettings.load(file, cache)
    assert checks == [file, file]


def test_a_person_moved_to_another_address_is_known_there_at_once(file: Path, cache: str) -> None:
    scansettings.load(file, cache)
    file.with_name("people.yaml").write_text(PEOPLE.replace("bob@example.com", "rob@example.com"))
    assert "rob@example.com" in scansettings.load(file, cache).owners
    assert "bob@example.com" not in scansettings.load(file, cache).owners


def test_a_mistake_is_told_each_time_until_it_is_mended(file: Path, cache: str) -> None:
    scansettings.load(file, cache)
    good = file.read_text()
    file.write_text(good + "[nonsense]\n")
    for _ in range(2):
        with pytest.raises(SettingsError, match="nonsense"):
            scansettings.load(file, cache)
    file.write_text(good)
    file.with_name("people.yaml").unlink()
    for _ in range(2):
        with pytest.raises(UsageError, match=r"people\.yaml"):
            scansettings.load(file, cache)


def test_a_file_that_is_not_there_is_an_error_and_no_file_at_all_means_the_defaults(
    tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        scansettings.load(tmp_path / "none.toml", cache)
    monkeypatch.chdir(tmp_path)
    assert scansettings.load(None, cache) == ScanSettings()
    assert ScanSettings().org_key() is None
    assert ScanSettings().state_dir(tmp_path / "here") == tmp_path / "here"


def test_two_folders_with_the_same_text_are_two_configurations(
    file: Path, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("offkey.toml", "people.yaml"):
        (other / name).write_bytes(file.with_name(name).read_bytes())
    monkeypatch.chdir(file.parent)
    here = scansettings.load(None, cache)
    monkeypatch.chdir(other)
    there = scansettings.load(None, cache)
    assert (here.state, there.state) == (str(tmp_path / "kept"), str(other / "kept"))


@pytest.mark.parametrize("damage", ["{", "[]", '{"stamp": 1}', '{"stamp": [], "settings": {"no": 1}}', ""])
def test_a_damaged_cache_is_made_anew(file: Path, cache: str, checks: list[Path | None], damage: str) -> None:
    first = scansettings.load(file, cache)
    (kept,) = Path(cache).iterdir()
    kept.write_text(damage)
    assert scansettings.load(file, cache) == first
    assert scansettings.load(file, cache) == first
    assert len(checks) == 2


def test_a_cache_that_others_could_have_written_is_not_believed(
    file: Path, cache: str, checks: list[Path | None]
) -> None:
    scansettings.load(file, cache)
    Path(cache).chmod(0o777)
    assert scansettings.load(file, cache).owners == directory.load(file.with_name("people.yaml")).owners
    assert len(checks) == 2


def test_without_a_cache_everything_is_checked_each_time(file: Path, checks: list[Path | None]) -> None:
    assert scansettings.load(file, None) == scansettings.load(file, None)
    assert len(checks) == 2
