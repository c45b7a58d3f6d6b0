"""`offkey scan --ci`: which jobs use a finding, and which secrets jobs name."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offkey.errors import Exit
from offkey.found import Authorship, Confidence, Finding, Use
from scanner.workers.memory import Memory, Result
from tests.builders import BOB, Repo
from tests.offboarding.test_scan_command import ROOT, SCHEMA

TOKEN = tokens.github_classic("scan --ci")
DEPLOY = ".github/workflows/deploy.yml"
TEXT = (
    "on:\n  push: {branches: [main]}\n  schedule: [{cron: '0 3 * * *'}]\njobs:\n  release:\n    steps:\n"
    "      - name: publish\n        run: ./publish.sh\n        env:\n          GH_TOKEN: %s\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "app")
    made.commit("leak", {DEPLOY: TEXT % TOKEN})
    made.commit("mend", {DEPLOY: TEXT % "${{ secrets.DEPLOY_KEY }}"}, author=BOB)
    return made


def test_the_table_says_what_uses_a_finding_and_which_secrets_jobs_name(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert cli.main(["scan", str(repo.path), "--ci"]) == Exit.OPEN
    shown = " ".join(capsys.readouterr().out.split())
    assert "used in workflow .github/workflows/deploy.yml of app, job release, step publish" in shown
    assert (
        "DEPLOY_KEY release / publish on push (main), schedule 0 3 * * *, last changed by Bob Baker <bob@example.com> "
        "on 2020-01-03"
    ) in shown
    assert "What runs by the clock" in shown
    assert TOKEN not in shown


def test_literals_stand_apart_from_references_and_no_value_is_shown(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    text = "services:\n  db:\n    environment:\n      DB_PASSWORD: korrekthorse\n      ADMIN_PASSWORD: changeme\n"
    repo.commit("add", {"compose.yaml": text}, author=BOB)
    cli.main(["scan", str(repo.path), "--ci"])
    shown = capsys.readouterr().out
    literals, _, references = " ".join(shown.split()).partition("References: ")
    assert "DB_PASSWORD …(12) literal, told by its name alone db on deployment, last changed by Bob Baker" in literals
    assert "and 1 value in history alone" in literals
    assert "and 1 placeholder, " in literals
    assert "DEPLOY_KEY" in references
    assert "DEPLOY_KEY" not in literals.partition("Literals: ")[2]
    assert cli.main(["scan", str(repo.path), "--ci", "--format", "json"]) == Exit.OPEN
    out = capsys.readouterr().out
    assert "korrekthorse" not in shown + out
    assert TOKEN not in shown + out
    told = {
        (one["name"], one["form"], one["present"], tuple(finding["kind"] for finding in one["findings"]))
        for one in json.loads(out)["ci"]["settings"]
    }
    assert told == {
        ("DB_PASSWORD", "literal", True, ()),
        ("ADMIN_PASSWORD", "placeholder", True, ()),
        ("GH_TOKEN", "literal", False, ("github.pat.classic",)),
    }


def test_what_a_name_alone_tells_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = Repo.create(tmp_path / "weak")
    repo.commit("add", {"compose.yaml": "services: {db: {environment: {DB_PASSWORD: nextcloud}}}\n"})
    assert cli.main(["scan", str(repo.path), "--ci"]) == Exit.DONE
    assert "DB_PASSWORD …(9) literal, told by its name alone" in " ".join(capsys.readouterr().out.split())


def test_explain_adds_the_uses_of_history(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scan", str(repo.path), "--ci"])
    assert "in history only" not in capsys.readouterr().out
    cli.main(["scan", str(repo.path), "--ci", "--explain"])
    assert "the value stands in it" in " ".join(capsys.readouterr().out.split())


def test_json_holds_the_uses_of_each_finding_and_all_names(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scan", str(repo.path), "--ci", "--format", "json"])
    whole = json.loads(capsys.readouterr().out)
    named = {(use["name"], use["job"], use["present"]) for use in whole["ci"]["names"]}
    assert named == {("DEPLOY_KEY", "release", True), ("GH_TOKEN", "release", True)}
    assert [use["when"] for use in whole["ci"]["schedules"]] == [["schedule 0 3 * * *"]]
    assert whole["ci"]["schedules"][0]["changed"]["email"] == "ann@example.com"
    notes = {(use["note"].partition(":")[0], use["present"]) for use in whole["findings"][0]["usage"]}
    assert notes == {("the value stands in it", False), ("by name", True)}


def test_lines_csv_and_sarif_say_it_too(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scan", str(repo.path), "--ci", "--format", "jsonl"])
    (line,) = capsys.readouterr().out.splitlines()
    assert {use["job"] for use in json.loads(line)["usage"]} == {"release"}
    cli.main(["scan", str(repo.path), "--ci", "--format", "csv"])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert "job release" in row["usage"]
    cli.main(["scan", str(repo.path), "--ci", "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert any("job release" in use for use in log["runs"][0]["results"][0]["properties"]["usage"])


def test_without_the_option_nothing_of_it_is_read_or_shown(repo: Repo) -> None:
    program = (
        "import sys; from offboarding import cli; cli.main(sys.argv[1:]); "
        "read = [name for name in sys.modules if name.startswith(('yaml', 'scanner.ci', 'scanner.pipelines'))]; "
        "print('read', read, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "scan", str(repo.path), "--format", "jsonl", "--jobs", "1", "--no-state"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["usage"] == []
    assert done.stderr.splitlines()[-1] == "read []"


def test_a_workflow_that_cannot_be_parsed_is_a_gap(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("break", {DEPLOY: "jobs: [\n"})
    cli.main(["scan", str(repo.path), "--ci", "--format", "json"])
    gaps = json.loads(capsys.readouterr().out)["gaps"]
    assert [gap["why"].partition(";")[0] for gap in gaps] == ["as GitHub Actions: no YAML at line 2"]


def test_a_scan_that_remembers_says_the_same_of_uses(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "organisation.key"
    key.write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    key.chmod(0o600)
    file = tmp_path / "offkey.toml"
    file.write_text(f'[organisation]\nkey = "file:{key}"\nstate = "{tmp_path / "state"}"\n')
    told = []
    for more in ([], ["--ci"], ["--ci"]):
        cli.main(["--config", str(file), "scan", str(repo.path), "--format", "jsonl", *more])
        told.append(json.loads(capsys.readouterr().out)["usage"])
    assert told[0] == []
    assert told[1] == told[2] != []


def test_a_use_survives_what_a_scan_remembers() -> None:
    class Shelf(dict[str, bytes]):
        def load(self, key: str) -> bytes | None:
            return self.get(key)

        def save(self, key: str, data: bytes) -> None:
            self[key] = data

    bob = Authorship(
        name="Bob", email="b@example.com", raw_email="b@example.com", role="author",
        at=datetime(2021, 1, 2, tzinfo=UTC), commit="c" * 40,
    )  # fmt: skip
    uses = (
        Use(system="jenkins", repo="app", path="Jenkinsfile", line=3, when=("schedule H 1 * * *", "push"), changed=bob),
        Use(system="dotenv", repo="app", path=".env", line=1, name="A_KEY", present=True),
    )
    finding = Finding(
        kind="k",
        provider="p",
        rule="k",
        fingerprint="f",
        redacted="…",
        confidence=Confidence.LOW,
        places=(),
        usage=uses,
    )
    memory = Memory(Shelf(), "digest")
    memory.keep_result(["app"], "state", Result((finding,), (), {}))
    kept = memory.result(["app"], "state")
    assert kept is not None
    assert kept.findings == (finding,)
