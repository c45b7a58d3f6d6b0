"""The pre-commit hook, on real repositories and with the real pre-commit program."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import rules
from offboarding.demo.simulators import tokens
from rules.light import to_cache
from scanner import staged
from scanner.hook import FAILED, FOUND, NOTHING, main
from tests.builders import Repo

ROOT = Path(__file__).parents[2]
TOKEN = tokens.github_classic("hook")
OTHER = tokens.github_classic("another")
AWS_ID, AWS_SECRET = tokens.aws_pair("hook")
RUN_HOOK = "import sys; from scanner.hook import main; code = main(); "
HEAVY = {"offkey.model", "cattrs", "rich", "git", "hyperscan", "tomllib", "pathlib", "dataclasses", "argparse", "httpx"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One rule cache for all tests here: building it anew for each would take most of their time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Repo:
    """A repository with one commit, and we are in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    made = Repo.create(tmp_path / "app")
    made.commit("first", {"README": "hello\n"})
    monkeypatch.chdir(made.path)
    return made


def hook_process(code: str = "sys.exit(code)", *args: str) -> "subprocess.CompletedProcess[str]":
    """The hook in a Python of its own, without this checkout's start-up files."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", RUN_HOOK + code, *args]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def test_a_staged_token_stops_the_commit_and_is_not_shown(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"src/a.py": f"x = 1\ntoken = '{TOKEN}'\n"})
    assert main([]) == FOUND
    said = capsys.readouterr().out
    assert "src/a.py:2: github.pat.classic ghp_…(40)" in said
    assert "pragma: allowlist secret" in said
    assert TOKEN[6:] not in said


def test_a_clean_commit_is_met_with_silence(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"a.py": "x = 1\n"})
    assert main([]) == NOTHING
    assert capsys.readouterr() == ("", "")


def test_what_counts_is_the_index_not_the_work_tree(repo: Repo) -> None:
    repo.stage({"a.py": "x = 1\n"}).write({"a.py": TOKEN})
    assert main(["a.py"]) == NOTHING
    repo.stage({"a.py": f"{TOKEN}\n"}).write({"a.py": "x = 1\n"})
    assert main(["a.py"]) == FOUND


def test_the_very_first_commit_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: Repo) -> None:
    monkeypatch.chdir(Repo.create(tmp_path / "empty").stage({"a.py": TOKEN}).path)
    assert main([]) == FOUND


def test_an_old_secret_elsewhere_in_the_file_does_not_block(repo: Repo) -> None:
    lines = [f"token = '{TOKEN}'", *(f"x{n} = {n}" for n in range(20))]
    repo.commit("before the hook", {"a.py": "\n".join(lines)})
    repo.stage({"a.py": "\n".join([*lines, "more = 1"])})
    assert main(["a.py"]) == NOTHING
    assert main(["--all-lines", "a.py"]) == FOUND
    repo.stage({"a.py": "\n".join([lines[0] + "  # edited", *lines[1:]])})
    assert main(["a.py"]) == FOUND


def test_a_new_secret_beside_an_old_one_is_the_only_one_named(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("before", {"a.py": f"{TOKEN}\n\n\n"})
    repo.stage({"a.py": f"{TOKEN}\n\n\n{OTHER}\n"})
    assert main([]) == FOUND
    said = capsys.readouterr().out
    assert "a.py:4:" in said
    assert "a.py:1:" not in said


def test_moving_a_file_with_an_old_secret_does_not_block(repo: Repo) -> None:
    lines = [f"token = '{TOKEN}'", *(f"x{n} = {n}" for n in range(20))]
    repo.commit("before", {"a.py": "\n".join(lines)})
    repo.git("mv", "a.py", "b.py")
    assert main([]) == NOTHING
    repo.stage({"b.py": "\n".join([*lines, f"other = '{OTHER}'"])})
    assert main([]) == FOUND


def test_the_second_half_of_a_pair_blocks_though_the_first_is_old(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit("id alone", {"aws.ini": f"aws_access_key_id = {AWS_ID}\n"})
    repo.stage({"aws.ini": f"aws_access_key_id = {AWS_ID}\naws_secret_access_key = {AWS_SECRET}\n"})
    assert main([]) == FOUND
    said = capsys.readouterr().out
    assert "aws.access_key" in said
    assert AWS_SECRET not in said


def test_a_doubtful_find_blocks_only_on_request(repo: Repo) -> None:
    repo.stage({"a.txt": f"sk_{'test'}_{TOKEN[4:34]}\n"})
    assert main([]) == NOTHING
    assert main(["--confidence", "low"]) == FOUND


@pytest.mark.parametrize(
    "text",
    [f"'{TOKEN}'  # pragma: allowlist secret\n", f"// pragma: allowlist nextline secret\n'{TOKEN}'\n"],
)
def test_a_pragma_allows_a_line(repo: Repo, text: str) -> None:
    repo.stage({"a.py": text})
    assert main([]) == NOTHING
    repo.stage({"a.py": text + f"\n{OTHER}\n"})
    assert main([]) == FOUND


def test_a_baseline_of_detect_secrets_allows_its_secrets_in_their_files(repo: Repo) -> None:
    entry = {"type": "GitHub Token", "filename": "a.py", "hashed_secret": hashlib.sha1(TOKEN.encode()).hexdigest()}
    repo.write({".secrets.baseline": json.dumps({"version": "1.5.0", "results": {"a.py": [entry]}})})
    repo.stage({"a.py": TOKEN})
    assert main([]) == NOTHING
    repo.stage({"b.py": TOKEN})
    assert main([]) == FOUND


def test_detect_secrets_own_baseline_is_understood(repo: Repo) -> None:
    repo.stage({"a.py": f"token = '{TOKEN}'\n"})
    scanned = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "a.py"], capture_output=True, check=True, cwd=repo.path
    )
    assert main([]) == FOUND
    repo.write({".secrets.baseline": scanned.stdout})
    assert main([]) == NOTHING


def test_a_broken_baseline_is_an_error_not_an_empty_one(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"a.py": TOKEN}).write({".secrets.baseline": "{}"})
    assert main([]) == FAILED
    assert "baseline" in capsys.readouterr().err
    assert main(["--baseline", "nowhere.json"]) == FAILED


def test_binary_and_huge_files_are_skipped_with_a_notice(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"a.bin": b"\0\1" + TOKEN.encode(), "b.txt": b"x" * (staged.LIMIT + 1), "c.txt": TOKEN})
    assert main([]) == FOUND
    out, err = capsys.readouterr()
    assert "not looked at: a.bin: binary" in err
    assert "not looked at: b.txt: " in err
    assert "c.txt:1:" in out


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_text_with_and_without_a_mark(repo: Repo, encoding: str) -> None:
    repo.stage({"a.txt": f"x = 1\ntoken = '{TOKEN}'\n".encode(encoding)})
    assert main([]) == FOUND


def test_a_file_that_is_skipped_does_not_block_and_the_help_says_so(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.stage({"logo.png": b"\x89PNG\0\1" + bytes(range(256)), "big.csv": b"x" * (staged.LIMIT + 1)})
    assert main([]) == NOTHING
    said = capsys.readouterr().err
    assert "not looked at: logo.png: binary" in said
    assert "not looked at: big.csv: more than 8 MiB" in said
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "Binary files and those above 8 MiB are named on standard error and do not stop a commit" in told


def test_only_the_named_files_are_looked_at(repo: Repo) -> None:
    repo.stage({"a.py": TOKEN, "b.py": "x = 1\n"})
    assert main(["b.py"]) == NOTHING
    assert main(["a.py", "b.py"]) == FOUND


def test_a_named_file_without_a_change_is_looked_at_whole(repo: Repo) -> None:
    repo.commit("old", {"old.py": TOKEN})
    assert main([]) == NOTHING
    assert main(["old.py"]) == FOUND


def test_names_are_relative_to_the_folder_it_runs_in(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.stage({"sub/a.py": TOKEN, "a.py": "x = 1\n"})
    monkeypatch.chdir(repo.path / "sub")
    assert main(["../a.py"]) == NOTHING
    assert main(["a.py"]) == FOUND
    repo.git("commit", "-q", "-m", "in")
    assert main(["a.py"]) == FOUND


def test_strange_names_are_read_and_shown_safely(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"a\nb \x1b[31mü.py": TOKEN})
    assert main([]) == FOUND
    assert "a\\x0ab \\x1b[31mü.py:1:" in capsys.readouterr().out


def test_outside_a_repository_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == FAILED
    assert "repository" in capsys.readouterr().err


def test_a_staged_content_that_git_lost_is_an_error(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.stage({"a.py": "x = 1\n"})
    oid = repo.git("rev-parse", ":a.py")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert main([]) == FAILED
    assert "a.py" in capsys.readouterr().err


def test_a_range_that_pre_commit_names_is_looked_at_instead_of_the_index(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repo.head()
    second = repo.commit("leak", {"a.py": TOKEN})
    repo.commit("mend", {"a.py": "x = 1\n"})
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", first)
    monkeypatch.setenv("PRE_COMMIT_TO_REF", second)
    assert main(["a.py"]) == FOUND
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert main(["a.py"]) == NOTHING


def test_a_partial_commit_is_judged_by_its_own_index(repo: Repo) -> None:
    # `git commit FILE` gives its hooks a temporary index that holds only FILE's change.
    script = repo.path / ".git/hooks/pre-commit"
    script.write_text(f'#!/bin/sh\nexport PYTHONPATH="{ROOT}"\nexec "{sys.executable}" -c "{RUN_HOOK}sys.exit(code)"\n')
    script.chmod(0o755)
    repo.commit("files", {"good.py": "1\n", "bad.py": "1\n"})
    repo.stage({"good.py": "2\n", "bad.py": TOKEN})
    repo.git("commit", "-q", "-m", "good alone", "good.py")
    with pytest.raises(RuntimeError, match="would add 1 credential"):
        repo.git("commit", "-q", "-m", "bad", "bad.py")
    assert repo.git("show", "HEAD:bad.py") == "1"


def test_pre_commit_runs_it(repo: Repo) -> None:
    entry = f'{sys.executable} -c "{RUN_HOOK}sys.exit(code)"'
    hook = {"id": "offkey", "name": "offkey", "language": "system", "entry": entry, "require_serial": True}
    repo.commit("configure", {".pre-commit-config.yaml": json.dumps({"repos": [{"repo": "local", "hooks": [hook]}]})})
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def pre_commit() -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, "-m", "pre_commit", "run"]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=repo.path)

    repo.stage({"a.py": "x = 1\n"})
    done = pre_commit()
    assert done.returncode == 0, done.stdout + done.stderr
    repo.stage({"a.py": TOKEN})
    done = pre_commit()
    assert done.returncode == 1
    assert "a.py:1: github.pat.classic" in done.stdout


def test_nothing_heavy_is_imported_on_the_usual_path(repo: Repo) -> None:
    repo.stage({"a.py": "x = 1\n"})
    main([])
    done = hook_process("print(*sys.modules, file=sys.stderr); sys.exit(code)")
    loaded = set(done.stderr.split())
    assert done.returncode == NOTHING
    assert "scanner.staged" in loaded
    site_own = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not (loaded - set(site_own.stdout.split())) & HEAVY


def test_a_repository_cannot_make_the_hook_run_a_program(repo: Repo, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\necho ran >> {proof}\ncat\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean"):
        repo.git("config", name, str(script))
    repo.write({".gitattributes": "* diff=evil filter=evil\n", "a.py": "x = 1\n"})
    oid = repo.git("hash-object", "-w", "--no-filters", "a.py")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},a.py")
    proof.unlink(missing_ok=True)
    assert main(["a.py", "README"]) == NOTHING
    assert not proof.exists()
    leak = repo.git("hash-object", "-w", "--stdin", stdin=TOKEN.encode())
    repo.git("update-index", "--cacheinfo", f"100644,{leak},README")
    proof.unlink(missing_ok=True)
    assert main([]) == FOUND
    assert not proof.exists()


def test_a_rule_of_the_users_own_is_tried_too_and_kept_fresh(repo: Repo, tmp_path: Path) -> None:
    rules = tmp_path / "acme.toml"

    def write(prefix: str) -> None:
        rules.write_text(f'''provider = "acme"
console = "https://acme.example"
handover = "ask acme"
[[rule]]
kind = "acme.token"
name = "Acme token"
pattern = '\\b(?P<secret>{prefix}_[a-z0-9]{{20}})\\b'
keywords = ["{prefix}_"]
confidence = "high"
ownership = "unknown"
references = []
examples = ["{prefix}_<hex:20>", "x = {prefix}_<hex:20>"]
counterexamples = ["{prefix}_<hex:19>", "{prefix}-<hex:20>"]
''')

    repo.stage({"a.py": "acme_" + tokens.pick("a", "acme", 20, tokens.HEX)})
    write("other")
    assert main(["--rules", str(rules)]) == NOTHING
    write("acme")
    assert main(["--rules", str(rules)]) == FOUND
    rules.write_text("provider = 3")
    assert main(["--rules", str(rules)]) == FAILED


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o777, 0o600), (0o755, 0o600), (0o700, 0o666)])
def test_a_cache_that_others_could_have_written_is_not_believed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder_mode: int, file_mode: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repo.stage({"a.py": TOKEN})
    assert main([]) == FOUND
    (file,) = (tmp_path / "cache/offkey").glob("hook-*.rules")
    stamp = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(stamp + b"\n" + to_cache(replace(rules.load(), rules=())))
    assert main([]) == NOTHING, "the cache is read at all"
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    assert main([]) == FOUND


def test_a_damaged_cache_is_built_anew(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repo.stage({"a.py": TOKEN})
    main([])
    (file,) = (tmp_path / "cache/offkey").glob("hook-*.rules")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert main([]) == FOUND
    assert file.read_bytes() == whole


def test_without_a_writable_home_it_still_works(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    repo.stage({"a.py": TOKEN})
    assert main([]) == FOUND


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("output", ["> /dev/full", ">&-"])
def test_a_finding_that_cannot_be_printed_still_stops_the_commit(repo: Repo, output: str) -> None:
    repo.stage({"a.py": f"token = '{TOKEN}'\n"})
    line = f'exec "$0" -c "{RUN_HOOK}sys.exit(code)" {output}'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", line, sys.executable], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (FOUND, b"offkey-hook: 1 found, but they cannot be printed\n")


def test_what_a_name_alone_tells_is_made_up_in_tests(repo: Repo) -> None:
    line = "api_" + "key = '9fK2mQ7xLp4Rt8Vb3Nw6Zc1D'\n"
    repo.stage({"tests/test_client.py": line})
    assert main([]) == NOTHING
    repo.stage({"client.py": line})
    assert main([]) == FOUND
