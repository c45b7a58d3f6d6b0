"""The population report: the list of leavers decides who stands in it, and who has no run stands first."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding import cli
from offboarding.evidence import leavers, population
from offboarding.identity.directory import Directory, Entry
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.model import Gap

DAY = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 2, tzinfo=UTC)


def entry(ident: str, days: int) -> Entry:
    return Entry(
        id=ident, names=(f"<b>{ident}</b>",), emails=(f"{ident}@example.com",), left_at=DAY + timedelta(days=days)
    )


def ledger(state: Path, at: datetime) -> Ledger:
    return Ledger(Store.open(state), lambda: at, "offkey")


def made(state: Path, *, gaps: tuple[Gap, ...] = ()) -> dict[str, bytes]:
    """Zoe closed in time, Eve late, Bob open and overdue, Ann without a run, Old before the period."""
    people = Directory(entries=(entry("zoe", 2), entry("eve", 3), entry("bob", 4), entry("ann", 5), entry("old", -9)))
    for ident, days, hours in (("zoe", 2, 3), ("eve", 3, 50), ("bob", 4, None)):
        opened = DAY + timedelta(days=days)
        book = ledger(state, opened)
        book.append("run.opened", f"run-{ident}", {"person": ident, "subject": ident, "trigger": None})
        if hours is not None:
            ledger(state, opened + timedelta(hours=hours)).append("run.closed", f"run-{ident}", {})
    known = leavers.runs(ledger(state, NOW).events())
    until = DAY + timedelta(days=31)
    return population.build(
        population.Population(
            since=DAY,
            until=until,
            made_at=NOW,
            sla=timedelta(hours=24),
            leavers=leavers.due(people, known, NOW, since=DAY, until=until),
            gaps=gaps,
            directory="sha256:d",
        )
    )


def test_every_leaver_of_the_period_is_there_and_the_missing_stand_first(tmp_path: Path) -> None:
    files = made(tmp_path)
    rows = list(csv.DictReader(io.StringIO(files["population.csv"].decode())))
    assert [(row["person"], row["status"]) for row in rows] == [
        ("ann", "missing"), ("bob", "overdue"), ("eve", "late"), ("zoe", "done"),
    ]  # fmt: skip
    assert {row["person"]: row["hours_to_closed"] for row in rows} == {
        "ann": "", "bob": "", "eve": "50.00", "zoe": "3.00",
    }  # fmt: skip
    told = json.loads(files["population.json"])
    assert (told["leavers"], told["by_status"]) == (4, {"missing": 1, "overdue": 1, "late": 1, "done": 1})


def test_the_page_escapes_names_asks_nobody_and_says_what_the_directory_leaves_open(tmp_path: Path) -> None:
    page = made(tmp_path, gaps=(Gap(where="export", why="<i>no ids</i>"),))["population.html"].decode()
    assert "&lt;b&gt;ann&lt;/b&gt;" in page
    assert "&lt;i&gt;no ids" in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert page.index("&lt;b&gt;ann") < page.index("&lt;b&gt;zoe")


def test_the_command_writes_it_and_its_exit_code_says_that_somebody_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.yaml").write_text(
        "people:\n  - {id: ann, names: [Ann], emails: [ann@example.com], left_at: 2026-03-06}\n"
    )
    Path("offkey.toml").write_text('[organisation]\nstate = "state"\n[directory]\npeople = "people.yaml"\n')
    words = ["report", "--population", "--from", "2026-03-01", "--to", "2026-04-01"]
    assert cli.main([*words, "-o", "out"]) == 10
    assert cli.main([*words, "-o", "out.zip"]) == 10
    assert "1 leavers, 1 of them missing" in capsys.readouterr().out
    assert {path.name for path in Path("out").iterdir()} == {
        "manifest.json", "population.csv", "population.html", "population.json",
    }  # fmt: skip
    assert Path("out.zip").stat().st_size > 1000
    assert cli.main(["report", "--population", "-o", "out"]) == 2
    assert cli.main([*words[:2], "--from", "2026-05-01", "--to", "2026-06-01", "-o", "none"]) == 3
