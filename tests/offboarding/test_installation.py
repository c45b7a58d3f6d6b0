"""A foreign package of one of our names keeps admin credentials away; our own installations pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from offboarding.configuration.installation import PACKAGES, foreign_packages

ROOT = Path(__file__).parent.parent.parent
ASK = """
import os, sys
from pathlib import Path
from offboarding.configuration import config
from offkey.errors import OffkeyError
try:
    settings = config.load(Path(sys.argv[1])).provider_settings("github", write=False)
    print("settings", type(settings).__name__)
except OffkeyError as error:
    print("refused", error, "|", error.advice)
print("credential touched:", os.path.exists(sys.argv[2]))
"""


def ask(folder: Path, *path: Path) -> str:
    """What a fresh process with `path` in front says when it is asked for admin credentials."""
    touched = folder / "touched"
    (folder / "tell.py").write_text(f"open({str(touched)!r}, 'w').close(); print('token')")
    (folder / "offkey.toml").write_text(f'[providers.github]\nread = "cmd:{sys.executable} {folder / "tell.py"}"\n')
    done = subprocess.run(
        [sys.executable, "-c", ASK, folder / "offkey.toml", touched],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout


def test_our_own_packages_pass_in_this_installation(tmp_path: Path) -> None:
    assert foreign_packages() == ()
    told = ask(tmp_path, ROOT)
    assert "settings Settings" in told
    assert "credential touched: True" in told


@pytest.mark.parametrize("name", ["scanner", "rules"])
def test_a_foreign_package_first_on_the_path_is_refused_before_any_credential_is_read(
    tmp_path: Path, name: str
) -> None:
    foreign = tmp_path / "foreign"
    (foreign / name).mkdir(parents=True)
    (foreign / name / "__init__.py").write_text("")
    told = ask(tmp_path, foreign, ROOT)
    assert f"refused the package `{name}` is found in {foreign / name}" in told
    assert "uv tool install" in told
    assert "credential touched: False" in told


def test_a_distribution_that_claims_one_of_our_names_is_refused(tmp_path: Path) -> None:
    info = tmp_path / "site" / "port_scanner-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: port-scanner\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("scanner\n")
    told = ask(tmp_path, tmp_path / "site", ROOT)
    assert "refused the package `scanner` also belongs to port-scanner" in told
    assert "credential touched: False" in told


def test_a_plain_copy_as_in_site_packages_passes(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert "settings Settings" in ask(tmp_path, site)
