"""Trigger files in every form, and a run's name: the same delivery twice is the same run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding.ledger.opening import name_of
from offboarding.state import RUN_NAME
from offboarding.triggers import files
from offkey.errors import UsageError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
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


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "trigger.csv"
    path.write_text("\n".join(lines))
    return path


def test_the_same_delivery_is_the_same_run_whenever_it_arrives(tmp_path: Path) -> None:
    path = write(tmp_path, TOLD)
    first, later = (files.one(path, NOW + timedelta(hours=hours)) for hours in (0, 5))
    assert name_of("sam", first, NOW) == name_of("sam", later, NOW + timedelta(hours=5))
    assert (first.effective_at, first.kind, first.involuntary) == (AT, "leaver", False)


def test_another_delivery_is_another_run(tmp_path: Path) -> None:
    first = files.one(write(tmp_path, TOLD), NOW)
    other = files.one(write(tmp_path, TOLD | {"delivery_id": "4712"}), NOW)
    assert name_of("sam", first, NOW) != name_of("sam", other, NOW)


def test_a_run_by_hand_is_named_by_person_and_moment() -> None:
    names = {name_of("sam", None, NOW), name_of("SAM", None, NOW), name_of("ann", None, NOW)}
    names.add(name_of("sam", None, NOW + timedelta(microseconds=1)))
    assert len(names) == 3
    assert all(RUN_NAME.fullmatch(name) for name in names)


def test_without_an_id_of_its_own_a_delivery_is_known_by_what_it_says(tmp_path: Path) -> None:
    bare = {key: TOLD[key] for key in ("person", "effective_at")}
    ids = [
        files.one(write(tmp_path, bare | more), NOW).delivery_id
        for more in ({}, {"effective_at": "2026-11-20T16:00:00Z"}, {"person": "Sam@Example.com"}, {"type": "leaver"})
    ]
    assert len(set(ids)) == 1
    others = [
        files.one(write(tmp_path, bare | more), NOW).delivery_id
        for more in ({"person": "ann@example.com"}, {"effective_at": "2026-11-20T18:00:00+01:00"}, {"type": "leave"})
    ]
    assert len({*ids, *others}) == 4


@pytest.mark.parametrize("form", ["list", "lines"])
def test_a_file_may_hold_several_of_which_one_is_named(tmp_path: Path, form: str) -> None:
    every = [TOLD, TOLD | {"person": "ann@example.com", "delivery_id": "4712", "type": "mover", "role": "sre"}]
    path = tmp_path / "trigger.json"
    path.write_text(json.dumps(every) if form == "list" else "\n".join(map(json.dumps, every)) + "\n")
    assert [each.subject for each in files.read(path, NOW)] == ["sam@example.com", "ann@example.com"]
    chosen = files.one(path, NOW, "ANN@example.com")
    assert (chosen.kind, chosen.role) == ("mover", "sre")
    with pytest.raises(UsageError, match="2 deliveries") as caught:
        files.one(path, NOW)
    assert "sam@example.com (leaver" in caught.value.advice
    assert "ann@example.com (mover" in caught.value.advice
    with pytest.raises(UsageError, match="nothing in it is about"):
        files.one(path, NOW, "bob@example.com")


def test_the_same_delivery_twice_in_a_file_is_one(tmp_path: Path) -> None:
    assert len(files.read(write(tmp_path, [TOLD, TOLD]), NOW)) == 1
    with pytest.raises(UsageError, match="twice"):
        files.read(write(tmp_path, [TOLD, TOLD | {"person": "ann@example.com"}]), NOW)


def test_columns_are_those_that_personnel_systems_export(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "Employee ID;Work Email;Termination Date;Time Zone;Event Type;Termination Type;Cost Centre",
        "17;sam@example.com;2026-11-20T17:00;Europe/Berlin;Termination;Involuntary;4400",
        "18;;2026-11-21T09:00:00Z;;leave of absence;;4400",
    )
    sam, other = files.read(path, NOW)
    assert (sam.subject, sam.effective_at, sam.kind, sam.involuntary) == ("sam@example.com", AT, "leaver", True)
    assert (other.subject, other.kind, other.involuntary) == ("18", "leave", False)


def test_csv_and_json_of_the_same_event_are_the_same_delivery(tmp_path: Path) -> None:
    row = "sam@example.com,2026-11-20T17:00:00+01:00,leaver"
    from_csv = files.one(csv(tmp_path, "person,effective_at,type", row), NOW)
    assert from_csv == files.one(write(tmp_path, {key: TOLD[key] for key in ("person", "effective_at")}), NOW)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("person,effective_at", "sam,2026-11-20T17:00"),
        ("person,effective_at", "sam,2026-11-20"),
        ("person,effective_at,timezone", "sam,2026-11-20,Europe/Berlin"),
        ("person,effective_at,timezone", "sam,2026-11-20T17:00,Europe/Atlantis"),
        ("person,effective_at,timezone", "sam,2026-11-20T17:00,../../etc/passwd"),
        ("person,effective_at,timezone", "sam,2026-10-25T02:30,Europe/Berlin"),  # comes twice
        ("person,effective_at,timezone", "sam,2026-03-29T02:30,Europe/Berlin"),  # never comes
        ("person,effective_at", "sam"),
        ("person,effective_at,type", "sam,2026-11-20T17:00Z,promotion"),
        ("person,effective_at,involuntary", "sam,2026-11-20T17:00Z,perhaps"),
        ("person,effective_at,end date", "sam,2026-11-20T17:00Z,2026-11-21T17:00Z"),
        ("person,effective_at,backup mail", "sam,2026-11-20T17:00Z,x"),
        ("cost centre", "4400"),
        ("person,effective_at", '"sam,2026-11-20T17:00Z'),
    ],
)
def test_a_table_that_says_too_little_or_nonsense_is_refused(tmp_path: Path, header: str, row: str) -> None:
    with pytest.raises(UsageError):
        files.read(csv(tmp_path, header, row), NOW)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        7,
        ["sam"],
        TOLD | {"more": "x"},
        TOLD | {"person": 7},
        TOLD | {"person": " "},
        TOLD | {"effective_at": "soon"},
        TOLD | {"effective_at": "2026-11-20T17:00:00"},
        TOLD | {"effective_at": "2026-11-20"},
        TOLD | {"effective_at": "0001-01-01T00:00:00+14:00"},
        TOLD | {"type": "promotion"},
        TOLD | {"type": "mover"},
        TOLD | {"role": "sre"},
        TOLD | {"involuntary": "yes"},
    ],
)
def test_a_trigger_that_says_too_little_too_much_or_nonsense_is_refused(tmp_path: Path, data: object) -> None:
    with pytest.raises(UsageError):
        files.read(write(tmp_path, data), NOW)


def test_a_key_that_stands_twice_names_nobody(tmp_path: Path) -> None:
    twice = '{"person": "sam", "person": "ann", "effective_at": "2026-11-20T17:00Z"}'
    for text in (twice, f"[{twice}]", f"{twice}\n{twice}"):
        (tmp_path / "trigger.json").write_text(text)
        with pytest.raises(UsageError, match="stands twice"):
            files.read(tmp_path / "trigger.json", NOW)


def test_an_hour_before_the_clocks_change_is_the_zones_own(tmp_path: Path) -> None:
    (one,) = files.read(csv(tmp_path, "person,effective_at,timezone", "sam,2026-10-25T01:59,Europe/Berlin"), NOW)
    assert one.effective_at == datetime(2026, 10, 24, 23, 59, tzinfo=UTC)


def test_a_trigger_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        files.read(tmp_path / "none.json", NOW)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UsageError, match="line 1 is no JSON"):
        files.read(tmp_path / "bad.json", NOW)
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(UsageError, match="UTF-8"):
        files.read(tmp_path / "bad.json", NOW)
