"""`offkey scan` as its user meets it: through `cli.main`, on real repositories."""

import base64
import csv
import io
import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offkey.errors import Exit
from tests.builders import ANN, BOB, Repo

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests/data/sarif-schema-2.1.0.json").read_text())
TOKEN = tokens.github_classic("scan command")
OTHER = tokens.github_classic("another scan")
AWS_ID, AWS_SECRET = tokens.aws_pair("scan command")


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


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Ann left a token, Bob an AWS pair and took Ann's token out again."""
    made = Repo.create(tmp_path / "app")
    made.commit("settings", {"settings.py": f"token = '{TOKEN}'\n"}, author=ANN)
    made.commit(
        "aws", {"settings.py": "", "aws.ini": f"aws_access_key_id = {AWS_ID}\nsecret = {AWS_SECRET}\n"}, author=BOB
    )
    return made


@pytest.fixture
def with_key(tmp_path: Path) -> Path:
    """A configuration with an organisation key and a directory."""
    key = tmp_path / "organisation.key"
    key.write_bytes(base64.b64encode(bytes(range(32))))
    key.chmod(0o600)
    (tmp_path / "people.yaml").write_text("- id: ann\n  names: [Ann Archer]\n  emails: [ann@example.com]\n")
    file = tmp_path / "offkey.toml"
    file.write_text(
        f'[organisation]\nkey = "file:{key}"\nstate = "{tmp_path / "state"}"\n[directory]\npeople = "people.yaml"\n'
    )
    return file


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_scan_without_any_set_up_finds_and_exits_with_ten(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", str(repo.path)]) == Exit.OPEN
    out, err = capsys.readouterr()
    assert "github.pat.classic" in out
    assert "aws.access_key" in out
    assert "2 credentials" in out
    assert err == "", "silence on standard error when piped"
    assert TOKEN not in out
    assert AWS_SECRET not in out


def test_jsonl_is_one_finding_a_line_with_null_fingerprints_without_a_key(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", str(repo.path), "--format", "jsonl"]) == Exit.OPEN
    found = {row["kind"]: row for row in lines(capsys.readouterr().out)}
    assert set(found) == {"aws.access_key", "github.pat.classic"}
    token = found["github.pat.classic"]
    assert token["fingerprint"] is None
    assert token["introduced"]["email"] == "ann@example.com"
    assert [(place["path"], place["line"], place["present"]) for place in token["places"]] == [
        ("settings.py", 1, False)
    ]


def test_values_are_shown_on_request_alone_a_pair_in_parts(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scan", str(repo.path), "--format", "jsonl", "--show-secrets"])
    found = {row["kind"]: row for row in lines(capsys.readouterr().out)}
    assert found["github.pat.classic"]["secret"] == TOKEN
    assert "parts" not in found["github.pat.classic"]
    assert found["aws.access_key"]["secret"] == AWS_SECRET
    assert found["aws.access_key"]["parts"] == {"id": AWS_ID, "secret": AWS_SECRET}


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "sarif", "csv"])
def test_no_format_holds_a_value_and_every_one_goes_to_a_private_file(repo: Repo, tmp_path: Path, form: str) -> None:
    file = tmp_path / "findings"
    file.write_text("old")
    file.chmod(0o644)
    assert cli.main(["scan", str(repo.path), "--format", form, "--output", str(file), "--explain"]) == Exit.OPEN
    text = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "github.pat.classic" in text
    assert TOKEN not in text
    assert AWS_SECRET not in text
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".findings")] == []


def test_json_sarif_and_csv_are_what_they_claim(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    def output(form: str) -> str:
        cli.main(["scan", str(repo.path), "--format", form])
        return capsys.readouterr().out

    assert len(json.loads(output("json"))["findings"]) == 2
    jsonschema.validate(json.loads(output("sarif")), SCHEMA)
    assert {row["kind"] for row in csv.DictReader(io.StringIO(output("csv")))} == {
        "aws.access_key",
        "github.pat.classic",
    }


def test_sarif_fingerprints_are_the_same_in_each_scan_without_a_key(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    def prints() -> list[dict[str, str]]:
        cli.main(["scan", str(repo.path), "--format", "sarif"])
        return [result["partialFingerprints"] for result in json.loads(capsys.readouterr().out)["runs"][0]["results"]]

    assert prints() == prints()
    assert all(set(one) == {"offkeyLine/v1"} for one in prints())


def test_output_that_cannot_be_written_is_told_before_the_scan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path / "missing/x", tmp_path):
        assert cli.main(["scan", "no such target", "--output", str(place)]) == Exit.USAGE
        assert "--output" in capsys.readouterr().err


def test_what_is_unsure_is_shown_on_request_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    password_hash = "$2b$12$" + "KIXqT9vJ2mWc4Rb7Ls0N8eYfGhUoZxPdAaQiSjVtBkCwMnErHyD5u"
    (tmp_path / "web-config.yml").write_text(f"users:\n  ann: {password_hash}\n")
    scan = ["scan", str(tmp_path / "web-config.yml"), "--no-state"]
    assert cli.main(scan) == Exit.DONE
    assert "1 finding of low confidence not shown" in capsys.readouterr().err
    assert cli.main([*scan, "--confidence", "low"]) == Exit.OPEN
    assert "hash.bcrypt" in capsys.readouterr().out
    (tmp_path / "web-config.yml").write_text(f"token: {TOKEN}\nusers:\n  ann: {password_hash}\n")
    assert cli.main([*scan, "--confidence", "high"]) == Exit.OPEN
    seen = capsys.readouterr()
    assert "github" in seen.out
    assert "1 finding of low or medium confidence not shown" in seen.err


def test_person_narrows_to_what_their_commits_brought_in(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", str(repo.path), "--person", "ann@example.com", "--format", "jsonl"]) == Exit.OPEN
    (found,) = lines(capsys.readouterr().out)
    assert found["kind"] == "github.pat.classic"
    assert found["introduced"]["person"] == "ann@example.com"
    assert cli.main(["scan", str(repo.path), "--person", "carol@example.com"]) == Exit.DONE


def test_a_co_authors_finding_says_that_they_are_only_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = Repo.create(tmp_path / "pair")
    message = "leak\n\nCo-authored-by: Carol <carol@example.com>\n"
    repo.commit(message, {"a.py": TOKEN}, author=ANN)
    assert cli.main(["scan", str(repo.path), "--person", "carol@example.com", "--format", "jsonl"]) == Exit.OPEN
    (found,) = lines(capsys.readouterr().out)
    assert any("carol@example.com is the co-author" in line for line in found["evidence"])
    assert found["introduced"]["person"] == ""


def test_an_identity_that_is_only_probable_is_marked(
    tmp_path: Path, with_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo.create(tmp_path / "private")
    repo.commit("leak", {"a.py": TOKEN}, author=("Ann Archer", "ann.archer@home.example"))
    words = ["--config", str(with_key), "scan", str(repo.path), "--person", "ann", "--format", "jsonl"]
    assert cli.main(words) == Exit.OPEN
    (found,) = lines(capsys.readouterr().out)
    assert any(line.startswith("probably ann as author") for line in found["evidence"])


def test_the_directory_names_people_without_being_asked(
    repo: Repo, with_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["--config", str(with_key), "scan", str(repo.path), "--format", "jsonl"])
    people = {row["kind"]: row["introduced"]["person"] for row in lines(capsys.readouterr().out)}
    assert people == {"github.pat.classic": "ann", "aws.access_key": ""}


def test_explain_prints_why_somebody_is_named(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scan", str(repo.path), "--format", "jsonl"])
    reasons = [line for row in lines(capsys.readouterr().out) for line in row["evidence"]]
    assert reasons
    cli.main(["scan", str(repo.path), "--explain"])
    said = "".join(capsys.readouterr().out.split())
    assert all("".join(reason.split()) in said for reason in reasons)


def test_a_second_scan_reports_all_and_knows_what_is_new(
    repo: Repo, with_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = ["--config", str(with_key), "scan", str(repo.path), "--format", "jsonl"]
    assert cli.main(scan) == Exit.OPEN
    first = lines(capsys.readouterr().out)
    assert [row["new"] for row in first] == [True, True]
    assert all(row["fingerprint"].startswith("hmac-sha256:") for row in first)
    repo.commit("more", {"b.py": OTHER})
    assert cli.main(scan) == Exit.OPEN
    assert sorted(row["new"] for row in lines(capsys.readouterr().out)) == [False, False, True]
    assert cli.main([*scan, "--new-only"]) == Exit.DONE
    assert cli.main([*scan, "--no-state"]) == Exit.OPEN
    capsys.readouterr()


def test_what_is_new_cannot_be_asked_without_an_organisation_key(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", str(repo.path), "--new-only"]) == Exit.USAGE
    assert "doctor --init" in capsys.readouterr().err


def test_a_state_folder_without_a_key_is_said_to_be_of_no_use(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", str(repo.path), "--state", str(tmp_path / "state")]) == Exit.OPEN
    assert "Nothing is remembered" in capsys.readouterr().err


def test_a_clone_url_is_scanned_and_named_without_its_password(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scan", f"file://{repo.path}", "--format", "jsonl", "--show-secrets"]
    assert cli.main(words) == Exit.OPEN
    found = lines(capsys.readouterr().out)
    assert {place["repo"] for row in found for place in row["places"]} == {f"file://{repo.path}"}
    assert {row["secret"] for row in found} == {TOKEN, AWS_SECRET}


def test_standard_input_is_scanned(repo: Repo) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "offkey", "scan", "-", "--format", "jsonl", "--show-secrets"],
        input=f"token: {TOKEN}\n", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == Exit.OPEN, done.stderr
    (found,) = lines(done.stdout)
    assert found["secret"] == TOKEN


def test_a_path_that_does_not_exist_is_a_usage_error_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scan", "nowhere"]) == Exit.USAGE
    assert "nowhere" in capsys.readouterr().err


def test_nothing_found_nothing_examined_and_gaps_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    assert cli.main(["scan", str(clean)]) == Exit.NOTHING_EXAMINED
    assert "nothing was examined" in capsys.readouterr().err
    (clean / "a.txt").write_text("nothing here\n")
    assert cli.main(["scan", str(clean)]) == Exit.DONE
    repo = Repo.create(tmp_path / "damaged")
    repo.commit("one", {"a.txt": "text\n", "b.txt": "more\n"})
    oid = repo.blob("a.txt")
    lost = repo.path / ".git/objects" / oid[:2] / oid[2:]
    content = lost.read_bytes()
    lost.unlink()
    capsys.readouterr()
    assert cli.main(["scan", str(repo.path), "--format", "jsonl", "--no-worktree"]) == Exit.GAPS
    assert oid in capsys.readouterr().err, "jsonl has no room for gaps: they go to standard error"
    lost.write_bytes(content)
    repo.commit("leak", {"c.txt": TOKEN})
    lost.unlink()
    assert cli.main(["scan", str(repo.path), "--no-worktree"]) == Exit.OPEN, "findings weigh more than gaps"


@pytest.mark.parametrize("more", [["--matcher", "re"], ["--start-method", "spawn"], ["--exhaustive"], ["--jobs", "2"]])
def test_however_it_works_it_finds_the_same(repo: Repo, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    def found(*words: str) -> list[dict[str, Any]]:
        cli.main(["scan", str(repo.path), "--format", "jsonl", *words])
        return lines(capsys.readouterr().out)

    assert found(*more) == found("--jobs", "1")


def test_history_and_work_tree_can_be_left_out(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    def kinds(*words: str) -> set[str]:
        cli.main(["scan", str(repo.path), "--format", "jsonl", *words])
        return {row["kind"] for row in lines(capsys.readouterr().out)}

    repo.write({"untracked.env": OTHER})
    assert kinds("--history", "none") == {"aws.access_key", "github.pat.classic"}
    assert kinds("--since", "HEAD~1", "--no-worktree") == {"aws.access_key"}


def test_staged_looks_at_what_a_commit_would_add_and_nothing_else(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", str(repo.path), "--staged"]) == Exit.NOTHING_EXAMINED
    repo.stage({"new.py": OTHER}).write({"new.py": "", "untracked.env": TOKEN})
    capsys.readouterr()
    assert cli.main(["scan", str(repo.path), "--staged", "--format", "jsonl"]) == Exit.OPEN
    (found,) = lines(capsys.readouterr().out)
    (place,) = found["places"]
    assert (place["path"], place["reach"]) == ("new.py", "index")
    assert found["introduced"] is None
    assert cli.main(["scan", str(tmp_path), "--staged"]) == Exit.USAGE


def shell(line: str, home: Path) -> "subprocess.CompletedProcess[bytes]":
    """A shell line in which `offkey` is this checkout's, run to its end."""
    program = f"{shlex.quote(sys.executable)} -m offkey"
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["sh", "-c", line.replace("offkey", program, 1)], env=environment, capture_output=True, check=False
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_full_disk_under_the_output_is_an_error_in_one_line(repo: Repo, home: Path, form: str) -> None:
    done = shell(f"offkey scan --format {form} {repo.path} > /dev/full", home)
    assert (done.returncode, done.stderr) == (Exit.ERROR, b"offkey: No space left on device\n")


def test_closed_standard_input_is_a_usage_error(home: Path) -> None:
    done = shell("offkey scan - <&-", home)
    assert done.returncode == Exit.USAGE
    assert b"standard input is closed" in done.stderr


def test_output_to_a_pipe_is_written_into_it_and_not_in_its_place(repo: Repo, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert cli.main(["scan", "--format", "jsonl", "--output", str(pipe), str(repo.path)]) == Exit.OPEN
    assert len(lines(os.read(reader, 1 << 16).decode())) == 2
    os.close(reader)
    assert pipe.is_fifo()


def test_an_empty_person_is_nobody_and_not_everybody(repo: Repo) -> None:
    assert cli.main(["scan", "--person", "", str(repo.path)]) == Exit.USAGE


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_scan_that_is_told_to_end_leaves_no_clone_behind(
    repo: Repo, tmp_path: Path, home: Path, sent: signal.Signals
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    # The pipe has no writer, so the scan waits for it behind the clone.
    os.mkfifo(tmp_path / "held.git")
    arguments = ["scan", f"file://{repo.path}", "--output", str(tmp_path / "held.git")]
    scan = subprocess.Popen([sys.executable, "-m", "offkey", *arguments], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not list(folder.glob("offkey-*/mirror.git/HEAD")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(folder.glob("offkey-*"))
    time.sleep(0.5)
    scan.send_signal(sent)
    _, said = scan.communicate(timeout=30)
    assert scan.returncode == Exit.ERROR
    assert b"Traceback" not in said
    assert not list(folder.glob("offkey-*"))


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "sarif"])
def test_a_terminal_without_utf_8_is_no_reason_to_fail(repo: Repo, home: Path, form: str) -> None:
    done = shell(f"PYTHONIOENCODING=latin-1 offkey scan --format {form} {repo.path}", home)
    assert (done.returncode, done.stderr) == (Exit.OPEN, b"")
    shown = done.stdout.decode("latin-1" if form == "table" else "utf-8")
    assert ("\\u2026" if form == "table" else "…") in shown


@pytest.mark.parametrize("bad", ["nowhere", "file:///no/such/repository", "ext::sh -c true"])
def test_one_bad_target_of_several_is_a_gap_and_the_others_are_scanned(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str
) -> None:
    assert cli.main(["scan", bad, str(repo.path), "--format", "json"]) == Exit.OPEN
    told = json.loads(capsys.readouterr().out)
    assert len(told["findings"]) == 2
    assert [gap["where"] for gap in told["gaps"]] == [bad]
    (tmp_path / "clean.txt").write_text("nothing here\n")
    assert cli.main(["scan", str(tmp_path / "clean.txt"), bad]) == Exit.GAPS
    assert cli.main(["scan", bad]) in {Exit.ERROR, Exit.USAGE}
    assert cli.main(["scan", bad, "also nowhere"]) == Exit.NOTHING_EXAMINED


def test_a_broken_repository_among_several_costs_itself_alone(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Repo.create(tmp_path / "broken")
    (broken.path / ".git" / "config").write_text("[core\n")
    assert cli.main(["scan", str(broken.path), str(repo.path), "--format", "json"]) == Exit.OPEN
    told = json.loads(capsys.readouterr().out)
    assert [gap["where"] for gap in told["gaps"]] == [str(broken.path)]
    assert cli.main(["scan", str(broken.path)]) == Exit.ERROR


def test_a_repository_of_several_without_the_revision_or_an_index_is_a_gap(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Repo.create(tmp_path / "other")
    other.commit("one", {"a.txt": "text\n"})
    bare = Repo.create(tmp_path / "bare.git", bare=True)
    repo.git("tag", "mark")
    repo.stage({"new.py": OTHER})

    def gaps(*words: str) -> list[str]:
        assert cli.main(["scan", *words, "--format", "json"]) == Exit.OPEN
        told = json.loads(capsys.readouterr().out)
        assert len(told["findings"]) == 1
        return [gap["where"] for gap in told["gaps"]]

    assert gaps(str(other.path), str(repo.path), "--since", "mark") == [f"{other.path}: history"]
    assert gaps(str(bare.path), str(repo.path), "--staged") == [str(bare.path)]
    assert cli.main(["scan", str(other.path), "--since", "mark"]) == Exit.USAGE
    assert cli.main(["scan", str(bare.path), "--staged"]) == Exit.USAGE


def test_a_person_whom_nobody_knows_is_said_to_be_unknown(
    repo: Repo, with_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def warned(*words: str) -> bool:
        code = cli.main(["scan", str(repo.path), *words])
        err = capsys.readouterr().err
        assert code in {Exit.DONE, Exit.OPEN}
        return "is in no commit" in err

    assert warned("--person", "ann@exmaple.com"), "a slip of the pen must not look like a clean bill"
    assert not warned("--person", "ann@example.com")
    repo.commit("harmless", {"c.txt": "text\n"}, author=("Carol", "carol@example.com"))
    assert not warned("--person", "carol@example.com")
    repo.commit("together\n\nCo-authored-by: Dan <dan@example.com>\n", {"d.txt": "text\n"}, author=ANN)
    assert not warned("--person", "DAN@example.com")
    repo.commit("renamed", {".mailmap": "Eve <eve@example.com> <carol@example.com>\n"})
    assert not warned("--person", "eve@example.com")
    cli.main(["--config", str(with_key), "scan", "--history", "none", str(repo.path), "--person", "ann"])
    assert "is in no commit" not in capsys.readouterr().err, "the directory knows Ann"


def test_a_decision_on_an_id_that_nobody_has_is_said_by_scan_and_plan(
    repo: Repo, with_key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "overrides.yaml").write_text(
        "- {person: anne, address: a@home.example, verdict: theirs, by: bob@example.com, at: 2026-11-01}\n"
    )
    text = with_key.read_text().replace("[directory]", 'requester = "bob@example.com"\n[directory]')
    with_key.write_text(f'{text}overrides = "overrides.yaml"\n[repositories]\npaths = ["{repo.path}"]\n')
    cli.main(["--config", str(with_key), "scan", str(repo.path), "--person", "ann"])
    assert "about 'anne' (1) counts for nobody" in capsys.readouterr().err
    plan = tmp_path / "plan.json"
    cli.main(["--config", str(with_key), "plan", "ann", "-o", str(plan)])
    assert str(tmp_path / "overrides.yaml") in [gap["where"] for gap in json.loads(plan.read_text())["gaps"]]


def test_explain_and_person_tell_what_the_value_and_the_file_around_it_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo.create(tmp_path / "said")
    password = tokens.github_classic("a password").removeprefix("ghp_")
    url = f"postgresql://carol%40example.com:{password}@db1.corp.io/app"
    repo.commit("url", {"db.env": f"# /home/carol/app\nURL={url}\n", "CODEOWNERS": "*.env @corp/data\n"}, author=BOB)
    assert cli.main(["scan", str(repo.path), "--explain"]) == Exit.OPEN
    out = " ".join(capsys.readouterr().out.split())
    assert "at the value: user of the postgresql URL carol@example.com" in out
    assert "around the value: home folder of carol" in out
    assert "code owner @corp/data" in out
    assert cli.main(["scan", str(repo.path), "--person", "carol@example.com", "--format", "jsonl"]) == Exit.OPEN
    told = capsys.readouterr().out
    (found,) = lines(told)
    assert any("is an address of carol@example.com, or may be" in line for line in found["evidence"])
    assert {"source": "file: home folder of", "subject": "carol", "grade": "written"} in found["claims"]
    assert password not in told


def test_without_explain_the_file_around_is_not_looked_at(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from scanner.claims import around

    monkeypatch.setattr(around, "with_surroundings", lambda *_: pytest.fail("the surroundings were read"))
    assert cli.main(["scan", str(repo.path), "--format", "json"]) == Exit.OPEN
