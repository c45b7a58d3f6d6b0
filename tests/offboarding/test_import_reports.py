"""`offkey import`: reports written here from other tools' documented formats, found again in real repositories."""

import json
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offboarding.memory import ScanMemory
from offkey.errors import Exit
from tests.builders import ANN, BOB, Repo, token

TOKEN = tokens.github_classic("import")
OTHER = tokens.github_classic("elsewhere")
AWS_ID, AWS_SECRET = tokens.aws_pair("import")
ODD = token("", 28, seed=9, alphabet="abcdefghjkmnpqrstuvwxyz23456789")
"""A value that no rule of ours knows."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests here: its cache spares each of them the compiling of all patterns."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    """No offkey.toml of whoever runs the tests is read."""
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


class Case:
    """Ann left a token and an odd value, Bob an AWS pair; Ann's file is gone from the tip."""

    def __init__(self, path: Path) -> None:
        self.repo = Repo.create(path)
        lines = f"# settings\ntoken = '{TOKEN}'\nframble: {ODD}\n"
        self.first = self.repo.commit("settings", {"conf/settings.py": lines}, author=ANN)
        self.repo.commit("aws", {"aws.ini": f"aws_access_key_id = {AWS_ID}\nsecret = {AWS_SECRET}\n"}, author=BOB)
        self.repo.commit("moved", {"old/settings.py": lines}, author=BOB, delete=("conf/settings.py",))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "app")


def gitleaks(case: Case, **changes: Any) -> dict[str, Any]:
    """An entry of gitleaks' JSON, as its README shows it."""
    return {
        "Description": "Odd value", "StartLine": 3, "EndLine": 3, "StartColumn": 10, "EndColumn": 37,
        "Match": f"framble: {ODD}", "Secret": ODD, "File": "conf/settings.py", "SymlinkFile": "", "Commit": case.first,
        "Entropy": 4.2, "Author": "x", "Email": "x@example.com", "Date": "2020-01-02T12:00:00Z", "Message": "settings",
        "Tags": [], "RuleID": "generic-api-key", "Fingerprint": f"{case.first}:conf/settings.py:generic-api-key:3",
    } | changes  # fmt: skip


def trufflehog(case: Case, **changes: Any) -> dict[str, Any]:
    """A line of `trufflehog git --json`."""
    git = {"commit": case.first, "file": "conf/settings.py", "email": "Ann", "repository": "x", "line": 2}
    return {
        "SourceMetadata": {"Data": {"Git": git}}, "SourceID": 1, "SourceType": 16, "SourceName": "trufflehog - git",
        "DetectorType": 8, "DetectorName": "Github", "DecoderName": "PLAIN", "Verified": False, "Raw": TOKEN,
        "RawV2": "", "Redacted": "", "ExtraData": None, "StructuredData": None,
    } | changes  # fmt: skip


def kingfisher(case: Case, **changes: Any) -> dict[str, Any]:
    """A finding of Kingfisher's JSON, as its viewer's sample shows it."""
    return {
        "rule": {"name": "AWS Access Token", "id": "betterleaks.aws-access-token"},
        "finding": {
            "snippet": AWS_SECRET, "fingerprint": "123", "confidence": "medium", "entropy": "4.5",
            "validation": {"status": "Not Attempted", "response": ""}, "language": "INI", "line": 2,
            "column_start": 9, "column_end": 49, "path": str(case.repo.path / "aws.ini"),
        } | changes,
    }  # fmt: skip


def sarif(path: str, line: int, **region: Any) -> dict[str, Any]:
    """A SARIF 2.1.0 log of some tool, without values."""
    place = {"artifactLocation": {"uri": path}, "region": {"startLine": line, **region}}
    result = {"ruleId": "SEC-7", "message": {"text": "a secret"}, "locations": [{"physicalLocation": place}]}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Some Tool"}}, "results": [result]}]}


def run(case: Case, capsys: pytest.CaptureFixture[str], *reports: Any, code: Exit = Exit.OPEN) -> dict[str, Any]:
    """The findings by kind, and under "gaps" and "said" what else came of it."""
    names = []
    for number, report in enumerate(reports):
        names.append(f"report{number}.json")
        Path(names[-1]).write_text(report if isinstance(report, str) else json.dumps(report))
    assert cli.main(["import", *names, "--repo", str(case.repo.path), "--format", "json", "--explain"]) == code
    out, err = capsys.readouterr()
    assert ODD not in out + err
    assert TOKEN not in out + err
    assert AWS_SECRET not in out + err
    data = json.loads(out)
    return {finding["kind"]: finding for finding in data["findings"]} | {"gaps": data["gaps"], "said": err}


def test_a_value_that_our_rules_know_becomes_that_finding(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(case, capsys, json.dumps(trufflehog(case)) + "\n")
    one = found["github.pat.classic"]
    assert one["introduced"]["email"] == "ann@example.com"
    assert one["introduced"]["commit"] == case.first
    assert {place["path"] for place in one["places"]} == {"conf/settings.py", "old/settings.py"}
    assert any("trufflehog's rule Github at conf/settings.py:2" in line for line in one["evidence"])
    assert set(found) == {"github.pat.classic", "gaps", "said"}, "only what was reported"
    assert "1 reported, 1 of them found again as 1 credentials" in found["said"]


def test_a_value_that_no_rule_of_ours_knows_is_attributed_too(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(case, capsys, [gitleaks(case)])
    one = found["imported.gitleaks.generic_api_key"]
    assert (one["provider"], one["confidence"]) == ("imported", "medium")
    assert one["introduced"]["email"] == "ann@example.com"
    assert {(place["path"], place["present"]) for place in one["places"] if place["object_type"] == "blob"} == {
        ("conf/settings.py", False),
        ("old/settings.py", True),
    }
    assert any("no rule of offkey knows" in line for line in one["evidence"])


def test_a_half_of_a_pair_is_the_pair(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(case, capsys, {"findings": [kingfisher(case)], "stats": {"total": 1}})
    assert found["aws.access_key"]["introduced"]["email"] == "bob@example.com"
    lines = json.dumps(kingfisher(case)) + "\n" + json.dumps({"stats": {"total": 1}}) + "\n"
    assert set(run(case, capsys, lines)) == {"aws.access_key", "gaps", "said"}


def test_another_tools_rule_that_names_the_provider_makes_the_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the provider's name near it our own rule would not say whose the value is."""
    value = token("", 32, seed=3, alphabet="0123456789abcdef")
    case = Case(tmp_path / "app")
    commit = case.repo.commit("more", {"x.txt": f"zebra {value}\n"}, author=BOB)
    row = trufflehog(case, DetectorName="DatadogToken", Raw=value)
    row["SourceMetadata"]["Data"]["Git"] |= {"commit": commit, "file": "x.txt", "line": 1}
    assert "datadog.api_key" in run(case, capsys, json.dumps(row))
    row["DetectorName"] = "ZebraToken"
    assert "imported.trufflehog.zebratoken" in run(case, capsys, json.dumps(row))


def test_sarif_without_values_is_matched_by_place_or_columns(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(case, capsys, sarif("old/settings.py", 2))
    assert set(found) == {"github.pat.classic", "gaps", "said"}
    found = run(case, capsys, sarif("old/settings.py", 3, startColumn=10, endColumn=38))
    assert found["imported.some_tool.sec_7"]["introduced"]["email"] == "ann@example.com"
    found = run(case, capsys, sarif(case.repo.path.joinpath("old/settings.py").as_uri(), 2))
    assert "github.pat.classic" in found


def test_columns_of_sarif_count_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case(tmp_path / "app")
    case.repo.commit("letters", {"ü.txt": f"größe 𝄞 {ODD}x1\n"}, author=BOB)
    found = run(case, capsys, sarif("%C3%BC.txt", 1, startColumn=10, endColumn=40), code=Exit.GAPS)
    assert found["gaps"], "a percent-coded path is no path of the repository by itself"
    found = run(case, capsys, sarif("ü.txt", 1, startColumn=10, endColumn=40))
    (kind,) = set(found) - {"gaps", "said"}
    assert found[kind]["places"][0]["column"] == len("größe 𝄞 ".encode()) + 1


def test_a_redacted_report_is_read_by_its_places(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(case, capsys, [gitleaks(case, Secret="REDACTED", Match="framble: REDACTED")])
    assert "imported.gitleaks.generic_api_key" in found
    found = run(case, capsys, [gitleaks(case, Secret=ODD[:5] + "...")])
    assert "imported.gitleaks.generic_api_key" in found
    found = run(case, capsys, [gitleaks(case, Secret="REDACTED", StartLine=2, EndLine=2, StartColumn=0)])
    assert "github.pat.classic" in found


def test_what_cannot_be_found_again_is_a_gap(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        gitleaks(case, Secret=OTHER, RuleID="gone"),
        gitleaks(case, Secret="", StartColumn=0, RuleID="nothing-there", StartLine=1, EndLine=1),
        gitleaks(case, Secret="x1y2", RuleID="short"),
        gitleaks(case, Secret="REDACTED", Commit="0" * 40, RuleID="no-commit"),
        gitleaks(case, Secret="", File="../../etc/passwd", Commit="", RuleID="outside"),
    ]
    found = run(case, capsys, rows, code=Exit.GAPS)
    why = {gap["where"].partition(" at ")[0].rpartition(" ")[2]: gap["why"] for gap in found["gaps"]}
    assert "not in the repository" in why["gone"]
    assert "neither the value nor the columns" in why["nothing-there"]
    assert "too short" in why["short"]
    assert set(why) == {"gone", "nothing-there", "short", "no-commit", "outside"}
    assert "5 reported, 0 of them found again" in found["said"]


def test_several_reports_of_one_value_are_one_finding(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    reports = [[gitleaks(case, Secret=TOKEN, RuleID="github-pat")], json.dumps(trufflehog(case))]
    found = run(case, capsys, *reports)
    said = " ".join(found["github.pat.classic"]["evidence"])
    assert "gitleaks's rule github-pat" in said
    assert "trufflehog's rule Github" in said


def test_betterleaks_second_format_is_read(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "ruleID": "odd-value", "description": "Odd", "confidence": "", "match": ODD, "secret": ODD, "tags": [],
        "attributes": {"path": "conf/settings.py", "resource": "file", "git.sha": case.first},
        "location": {"startLine": 3, "endLine": 3, "startColumn": 10, "endColumn": 37},
    }  # fmt: skip
    assert "imported.betterleaks.odd_value" in run(case, capsys, [row])


@pytest.mark.parametrize("text", ["", "[]", '{"findings": []}', '{"runs": []}'])
def test_an_empty_report_is_no_fault(case: Case, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert run(case, capsys, text, code=Exit.DONE)["gaps"] == []


@pytest.mark.parametrize(
    "text", ["{", "hello", '{"a": 1}', "[1]", '[{"RuleID": "x", "Attributes": 3}]', '{"runs": [3]}']
)
def test_what_is_no_report_is_refused_without_being_quoted(
    case: Case, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    Path("report.json").write_text(text)
    assert cli.main(["import", "report.json", "--repo", str(case.repo.path)]) == Exit.USAGE
    assert "report.json" in capsys.readouterr().err


def test_no_value_reaches_the_disk(case: Case, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "organisation.key"
    key.write_bytes(b"k" * 43 + b"=")
    key.chmod(0o600)
    config = tmp_path / "offkey.toml"
    config.write_text(f'[organisation]\nkey = "file:{key}"\nstate = "{tmp_path / "state"}"\n')
    Path("report.json").write_text(json.dumps([gitleaks(case)]))
    words = ["--config", str(config), "import", "report.json", "--repo", str(case.repo.path), "--format", "jsonl"]
    assert cli.main(words) == Exit.OPEN
    first = json.loads(capsys.readouterr().out)
    assert first["new"] is True
    assert cli.main(words) == Exit.OPEN
    again = json.loads(capsys.readouterr().out)
    assert (again["new"], again["fingerprint"]) == (False, first["fingerprint"]), "the state remembers it"
    for place in (home, tmp_path / "state"):
        for file in place.rglob("*"):
            assert not file.is_file() or ODD.encode() not in file.read_bytes(), file
    memory = ScanMemory.open(tmp_path / "state")
    memory.close()


def test_values_are_shown_on_request(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    Path("report.json").write_text(json.dumps([gitleaks(case)]))
    words = ["import", "report.json", "--repo", str(case.repo.path), "--format", "jsonl", "--show-secrets"]
    assert cli.main(words) == Exit.OPEN
    assert json.loads(capsys.readouterr().out)["secret"] == ODD
