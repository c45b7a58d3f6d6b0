"""Findings as text for programs and for people."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from offkey.fingerprint import ephemeral_key
from offkey.model import Authorship, Confidence, Finding, Gap, Place, Reach, Span
from offkey.secret import Secret, redact
from scanner.commits.carrier import Carrier
from scanner.output import formats, sarif, table
from scanner.output.printable import printable
from tests.builders import token

DATA = Path(__file__).parent.parent / "data"
VALUE = token("ghp_", 36)
GAP = Gap(where="/srv/app: object abc", why="missing", advice="run `git fsck`")
ANN = Authorship(
    name="Ann Archer",
    email="ann@example.com",
    raw_email="ann@old.example.com",
    role="author",
    at=datetime(2021, 5, 4, 3, 2, 1, tzinfo=UTC),
    commit="c" * 40,
)
NOTES = {"github.pat.classic": sarif.RuleNote("GitHub token", "github", Confidence.HIGH, ("https://docs.github.com/",))}


def place(path: str = "src/settings.py", line: int = 3, **more: Any) -> Place:
    fields: dict[str, Any] = {
        "repo": "/srv/app",
        "object": "a" * 40,
        "object_type": "blob",
        "column": 9,
        "commit": "c" * 40,
    }
    span = Span(part="secret", start=8, end=48)
    return Place(**(fields | {"path": path, "line": line, "spans": (span,), "reach": Reach.BRANCH} | more))


def finding(*places: Place, **more: Any) -> Finding:
    fields: dict[str, Any] = {
        "kind": "github.pat.classic",
        "provider": "github",
        "rule": "github.pat.classic",
        "fingerprint": ephemeral_key().fingerprint("github.pat.classic", {"secret": VALUE.encode()}),
        "redacted": redact(VALUE.encode()),
        "confidence": Confidence.HIGH,
        "places": places or (place(present=True),),
        "introduced": ANN,
        "evidence": ("the checksum fits",),
    }
    return Finding(**(fields | more))


def sarif_log(*found: Finding, ephemeral: bool = False, line: bytes | None = b"token = ") -> dict[str, Any]:
    text = sarif.log(
        found, [GAP], rules=NOTES, ephemeral=ephemeral, line_without_value=lambda _: line, exit_code=10
    )  # fmt: skip
    return dict(json.loads(text))


def on_terminal(*found: Finding, width: int = 140, **more: Any) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(table.render(found, [GAP], names={"github.pat.classic": "GitHub token"}, width=width, **more))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def everything(one: Finding) -> str:
    """The finding in every format there is."""
    return "\n".join(
        (
            formats.jsonl([one], ephemeral=False),
            formats.document([one], [GAP], {"objects": 3}, ephemeral=False),
            formats.csv_table([one], ephemeral=False),
            json.dumps(sarif_log(one)),
            on_terminal(one, explain=True),
        )
    )


def test_a_later_carrier_is_told_with_its_kind() -> None:
    carried = finding(carried=(replace(ANN, name="Cat Cooper", kind=Carrier.MOVE.value),))
    row = formats.record(carried, ephemeral=False)
    assert row["carried"][0]["kind"] == "move"
    assert row["carried"][0].keys() - row["introduced"].keys() == {"kind"}
    shown = " ".join(on_terminal(carried, explain=True).split())
    assert "carried by Cat Cooper <ann@example.com>, move in cccccccccc" in shown


def test_a_line_of_jsonl_has_the_documented_keys() -> None:
    (line,) = formats.jsonl([finding()], ephemeral=False).splitlines()
    row = json.loads(line)
    assert set(row) == {
        "kind", "provider", "rule", "fingerprint", "redacted", "confidence", "new", "places", "introduced", "carried",
        "evidence", "claims", "usage",
    }  # fmt: skip
    assert set(row["places"][0]) - {"spans"} == {
        "repo", "object", "object_type", "path", "line", "column", "commit", "reach", "present", "decoding",
    }  # fmt: skip
    assert row["introduced"] == {
        "name": "Ann Archer",
        "email": "ann@example.com",
        "raw_email": "ann@old.example.com",
        "at": "2021-05-04T03:02:01Z",
        "commit": "c" * 40,
        "role": "author",
        "person": "",
    }


def test_the_fingerprint_of_a_key_that_nobody_keeps_is_null() -> None:
    assert json.loads(formats.jsonl([finding()], ephemeral=True))["fingerprint"] is None
    assert json.loads(formats.jsonl([finding()], ephemeral=False))["fingerprint"].startswith("hmac-sha256:")


def test_no_format_shows_a_secret_unless_it_is_handed_in() -> None:
    one = finding()
    assert VALUE not in everything(one)
    shown = {one.fingerprint: {"secret": Secret(VALUE.encode())}}
    assert json.loads(formats.jsonl([one], ephemeral=False, secrets=shown))["secret"] == VALUE
    assert VALUE in formats.csv_table([one], ephemeral=False, secrets=shown)
    assert VALUE in on_terminal(one, secrets=shown).replace("\n", "")


def test_a_pair_is_shown_with_its_parts_and_its_secret_part() -> None:
    one = finding()
    pair = {"id": Secret(b"the id"), "secret": Secret(b"the secret")}
    row = json.loads(formats.jsonl([one], ephemeral=False, secrets={one.fingerprint: pair}))
    assert row["secret"] == "the secret"
    assert row["parts"] == {"id": "the id", "secret": "the secret"}


def test_the_json_document_holds_findings_gaps_and_what_was_examined() -> None:
    whole = json.loads(formats.document([finding()], [GAP], {"objects": 3}, ephemeral=False))
    assert whole["gaps"] == [{"where": GAP.where, "why": "missing", "advice": GAP.advice}]
    assert whole["examined"] == {"objects": 3}
    assert len(whole["findings"]) == 1


def test_a_path_that_is_not_utf8_is_still_valid_json() -> None:
    path = b"caf\xe9.py".decode("utf-8", "surrogateescape")
    text = formats.jsonl([finding(place(path))], ephemeral=False)
    assert json.loads(text.encode("utf-8"))["places"][0]["path"] == "caf\\xe9.py"


def test_csv_has_a_row_for_each_place() -> None:
    rows = list(csv.DictReader(io.StringIO(formats.csv_table([finding(place("a"), place("b"))], ephemeral=False))))
    assert [row["path"] for row in rows] == ["a", "b"]
    assert rows[0]["introduced_email"] == "ann@example.com"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_finds_no_formula_in_a_cell(start: str) -> None:
    path = f'{start}HYPERLINK("http://evil.example")'
    ((row),) = csv.DictReader(io.StringIO(formats.csv_table([finding(place(path))], ephemeral=False), newline=""))
    assert row["path"] == "'" + path


@pytest.mark.parametrize("ephemeral", [True, False])
def test_sarif_fits_the_official_schema(ephemeral: bool) -> None:
    old = place("old dir/ü.env", present=False, reach=Reach.DANGLING)
    nowhere = place("", object_type="commit", reach=Reach.MESSAGE)
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text())
    bare = finding(nowhere, introduced=None, evidence=(), kind="other.kind", confidence=Confidence.LOW)
    log = sarif_log(finding(old, place(present=True)), finding(old), bare, ephemeral=ephemeral)
    jsonschema.validate(log, schema, format_checker=jsonschema.FormatChecker())
    jsonschema.validate(sarif_log(), schema)


def test_sarif_says_where_and_in_which_commit_a_historical_secret_lies() -> None:
    (result,) = sarif_log(finding(place("old dir/ü.env", present=False)))["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "old%20dir/%C3%BC.env", "uriBaseId": "SRCROOT"}
    assert location["region"] == {"startLine": 3, "startColumn": 9}
    assert result["properties"]["commit"] == "c" * 40
    assert result["properties"]["present"] is False


def test_sarif_puts_the_place_that_is_still_there_first() -> None:
    (result,) = sarif_log(finding(place("gone"), place("here", present=True)))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "here"
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "gone"


def test_sarif_tells_what_could_not_be_looked_at() -> None:
    (notification,) = sarif_log()["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "missing" in notification["message"]["text"]


def test_sarif_fingerprints_do_not_depend_on_a_key_that_nobody_keeps() -> None:
    def prints(**more: Any) -> dict[str, str]:
        result = sarif_log(finding(), **more)["runs"][0]["results"][0]
        return dict(result.get("partialFingerprints", {}))

    assert set(prints()) == {"offkey/v1"}
    assert set(prints(ephemeral=True)) == {"offkeyLine/v1"}
    assert prints(ephemeral=True) == prints(ephemeral=True)
    assert prints(ephemeral=True) != prints(ephemeral=True, line=b"other = ")
    assert prints(ephemeral=True, line=None) == {}


@pytest.mark.parametrize("width", [40, 80, 99, 100, 160])
def test_the_table_fits_the_terminal_and_says_what_where_who(width: int) -> None:
    text = on_terminal(finding(), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "GitHub token" in text
    squeezed = re.sub(r"\s+", "", text)
    for words in ("src/settings.py:3", "AnnArcher", "ghp_…(40)", "missing", "gitfsck"):
        assert words in squeezed


def test_explain_prints_the_evidence() -> None:
    assert "the checksum fits" not in on_terminal(finding())
    assert "the checksum fits" in on_terminal(finding(), explain=True)


def test_no_path_or_name_drives_the_terminal() -> None:
    evil = "\x1b[2J\x9b31m\u202e\r\n[bold]x"
    who = Authorship(**{name: getattr(ANN, name) for name in ANN.__slots__} | {"name": evil})
    text = on_terminal(finding(place(evil, present=True), introduced=who, evidence=(evil,)), explain=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold]x" in text


def test_json_writes_out_what_drives_or_reorders_a_terminal_and_still_says_the_same() -> None:
    evil = "\x7f\x9b31m\u202eÄ\u2066\u2028\ufeff"
    found = finding(place(evil, present=True), introduced=replace(ANN, name=evil))
    texts = (
        formats.jsonl([found], ephemeral=False),
        formats.document([found], [GAP], {}, ephemeral=False),
        sarif.log([found], [GAP], rules=NOTES, ephemeral=False, line_without_value=lambda _: b"x", exit_code=10),
    )
    for text in texts:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066\ufeff]", text)
    assert "Ä" in texts[0]
    assert json.loads(texts[0])["places"][0]["path"] == evil


def test_printable_keeps_ordinary_text_of_any_language() -> None:
    assert printable("Grüße, 世界 🎉") == "Grüße, 世界 🎉"
    assert printable("a\x1b[0m") == "a\\x1b[0m"
