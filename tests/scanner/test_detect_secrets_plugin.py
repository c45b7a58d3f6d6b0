"""offkey's rules as a plugin of detect-secrets, run by the real program."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offboarding.demo.simulators import tokens
from rules.light import everything
from scanner.matching.rulecache import load
from scanner.plugins import for_detect_secrets
from scanner.plugins.for_detect_secrets import OffkeyDetector
from tests.builders import Repo

ROOT = Path(__file__).parents[2]
PLUGIN = str(Path(for_detect_secrets.__file__))
TOKEN = tokens.github_classic("plugin")
AWS_ID, AWS_SECRET = tokens.aws_pair("plugin")
TYPE = OffkeyDetector.secret_type


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def detect(
    folder: Path, cache: Path, *words: str, module: str = "detect_secrets"
) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def baseline(folder: Path, cache: Path, *words: str) -> dict[str, Any]:
    done = detect(folder, cache, "scan", "--all-files", "-p", PLUGIN, *words)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def test_what_our_rules_find_is_in_its_baseline(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a.py").write_text(
        f"x = 1\ntoken = '{TOKEN}'\nother = '{TOKEN[::-1]}'\n\naws_access_key_id = {AWS_ID}\nsecret = {AWS_SECRET}\n"
    )
    data = baseline(tmp_path, cache)
    ours = {(row["line_number"], row["hashed_secret"]) for row in data["results"]["a.py"] if row["type"] == TYPE}
    assert ours == {
        (2, hashlib.sha1(TOKEN.encode()).hexdigest()),
        (6, hashlib.sha1(AWS_SECRET.encode()).hexdigest()),
    }
    assert {"OffkeyDetector"} <= {plugin["name"] for plugin in data["plugins_used"]}
    assert TOKEN not in json.dumps(data)


def test_comments_excuse_and_its_hook_knows_the_baseline(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a.py").write_text(f"token = '{TOKEN}'  # offkey:allow\n")
    assert not [row for row in baseline(tmp_path, cache)["results"].get("a.py", []) if row["type"] == TYPE]
    (tmp_path / "a.py").write_text(f"token = '{TOKEN}'\n")
    Repo.create(tmp_path).stage({".secrets.baseline": json.dumps(baseline(tmp_path, cache))})
    words = ["--baseline", ".secrets.baseline", "a.py"]
    assert detect(tmp_path, cache, *words, module="detect_secrets.pre_commit_hook").returncode == 0
    (tmp_path / "a.py").write_text(f"token = '{tokens.github_classic('new')}'\n")
    stopped = detect(tmp_path, cache, *words, module="detect_secrets.pre_commit_hook")
    assert stopped.returncode == 1
    assert TYPE in stopped.stdout


def test_the_least_confidence_is_a_setting(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    vague = [
        rule._replace(confidence="low")
        for rule in everything(load((), str(cache)))
        if rule.kind == "github.pat.classic"
    ]
    monkeypatch.setattr(for_detect_secrets, "_rules", lambda: vague)
    assert list(OffkeyDetector().analyze_string(TOKEN)) == []
    assert list(OffkeyDetector(confidence="low").analyze_string(TOKEN)) == [TOKEN]
    assert OffkeyDetector(confidence="low").json() == {"name": "OffkeyDetector", "confidence": "low"}
    with pytest.raises(ValueError, match="use low, medium or high"):
        OffkeyDetector(confidence="sure")


def test_a_context_that_does_not_hold_the_line_is_not_believed(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    class Snippet:
        lines = ["something else\n"]
        target_index = 0

    found = OffkeyDetector().analyze_line("a.py", f"token = '{TOKEN}'", 7, context=Snippet())
    assert {(one.line_number, one.secret_value) for one in found} == {(7, TOKEN)}
