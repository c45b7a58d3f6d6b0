"""What a scan loads before it has begun: no library that it may never need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import ANN, Repo

ROOT = Path(__file__).parents[2]
HEAVY = {
    "boto3", "cattrs", "concurrent.futures.process", "detect_secrets", "email", "git", "github", "httpx",
    "importlib.metadata", "multiprocessing", "pydantic", "rich", "sqlalchemy", "ssl", "tomllib", "yaml",
}  # fmt: skip
CODE = """
import json, sys
from offboarding.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def scan(cwd: Path, *words: str) -> tuple[int, set[str]]:
    """Exit code and modules loaded in a process that scans."""
    environment = {"HOME": str(cwd), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CODE, "scan", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


def test_the_second_scan_loads_no_library_that_it_does_not_need(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "app")
    repo.commit("nothing", {"a.py": "print()\n"}, author=ANN)
    (tmp_path / "key").write_bytes(bytes(32))
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "people.yaml").write_text("- id: ann\n  emails: [ann@example.com]\n")
    (tmp_path / "offkey.toml").write_text(
        '[organisation]\nkey = "file:key"\nstate = "state"\n[directory]\npeople = "people.yaml"\n'
    )
    words = (str(repo.path), "--format", "jsonl")
    first, second = scan(tmp_path, *words), scan(tmp_path, *words)
    assert first[0] == second[0] == 0
    assert not second[1] & HEAVY


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_loads_next_to_nothing(words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom offboarding.cli import main\ntry: main(sys.argv[1:])\nexcept SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "offboarding.cli" in modules
    assert not modules & (HEAVY | {"scanner.scan"})
