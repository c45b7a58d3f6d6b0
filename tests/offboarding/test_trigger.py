"""A run's name: the same delivery twice is the same run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding.commands.plan import name_of, read_trigger
from offboarding.state import RUN_NAME
from offkey.errors import UsageError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOLD = {
    "person": "sam@example.com",
    "effective_at": "2026-11-20T17:00:00+01:00",
    "source": "hr",
    "delivery_id": "4711",
}


def write(folder: Path, data: object) -> Path:
    path = folder / "trigger.json"
    path.write_text(json.dumps(data))
    return path


def test_the_same_delivery_is_the_same_run_whenever_it_arrives(tmp_path: Path) -> None:
    path = write(tmp_path, TOLD)
    first, later = (read_trigger(path, NOW + timedelta(hours=hours)) for hours in (0, 5))
    assert name_of("sam", first, NOW) == name_of("sam", later, NOW + timedelta(hours=5))
    assert first.effective_at == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_another_delivery_is_another_run(tmp_path: Path) -> None:
    first = read_trigger(write(tmp_path, TOLD), NOW)
    other = read_trigger(write(tmp_path, TOLD | {"delivery_id": "4712"}), NOW)
    assert name_of("sam", first, NOW) != name_of("sam", other, NOW)


def test_a_run_by_hand_is_named_by_person_and_moment() -> None:
    names = {name_of("sam", None, NOW), name_of("SAM", None, NOW), name_of("ann", None, NOW)}
    names.add(name_of("sam", None, NOW + timedelta(microseconds=1)))
    assert len(names) == 3
    assert all(RUN_NAME.fullmatch(name) for name in names)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        TOLD | {"more": "x"},
        TOLD | {"person": 7},
        TOLD | {"effective_at": "soon"},
        TOLD | {"effective_at": "2026-11-20T17:00:00"},
    ],
)
def test_a_trigger_that_says_too_little_too_much_or_nonsense_is_refused(tmp_path: Path, data: object) -> None:
    with pytest.raises(UsageError):
        read_trigger(write(tmp_path, data), NOW)


def test_a_trigger_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_trigger(tmp_path / "none.json", NOW)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UsageError):
        read_trigger(tmp_path / "bad.json", NOW)
