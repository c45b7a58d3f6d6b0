"""The documents say what the code does: help text, exit codes, configuration, numbers."""

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.attribution.table import renewed
from offboarding.configuration.beginning import CONFIGURATION
from offkey.errors import Exit
from rules import load
from scanner.commits.carrier import Carrier

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readme_shows_the_help_as_it_is() -> None:
    shown = re.search(r"```\n(usage: .*?)```", README, re.DOTALL)
    printed = subprocess.run(
        [sys.executable, "-m", "offkey", "--help"],
        env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown
    assert shown[1] == printed


def test_the_readme_lists_every_exit_code_and_no_other() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)} == {int(code) for code in Exit}


def test_the_readmes_numbers_of_kinds_and_providers_are_those_of_the_rules() -> None:
    found = re.search(r"finds (\d+) kinds of credentials of (\d+) providers", README)
    rules = load()
    assert found
    assert (int(found[1]), int(found[2])) == (len(rules.rules), len(rules.providers))


def test_the_page_on_configuration_holds_the_file_that_doctor_writes() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert f"```toml\n{CONFIGURATION}```" in page


def test_the_page_on_attribution_tells_every_scenario_and_every_kind_of_carrier() -> None:
    page = (ROOT / "docs" / "attribution.md").read_text()
    assert renewed(page) == page
    kinds = page.partition("| kind | ")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", kinds, re.MULTILINE) == [kind.value for kind in Carrier]


def test_every_link_in_the_documents_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_the_story_of_one_run_names_modules_that_exist_and_stays_short() -> None:
    story = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    named = re.findall(r"`((?:offkey|rules|scanner|revokers|offboarding)/[\w/]+\.py)`", story)
    assert len(named) > 15
    assert not [path for path in named if not (ROOT / path).exists()]
    assert len(story.splitlines()) <= 150
