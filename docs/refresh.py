"""Rewrites the generated parts of the documents: `python docs/refresh.py`. Tests compare them with the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.attribution.table import renewed  # noqa: E402 - the checkout has to be found first
from offboarding.configuration.beginning import CONFIGURATION  # noqa: E402
from rules import load  # noqa: E402
from scanner.ci.registry import table  # noqa: E402


def main() -> None:
    """README's help and numbers, and the pages on configuration and attribution."""
    command = [sys.executable, "-m", "offkey", "--help"]
    printed = subprocess.run(
        command, env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, check=True
    ).stdout
    readme = (ROOT / "README.md").read_text()
    readme = re.sub(r"```\n(usage: .*?|\{\{HELP\}\}\n)```", lambda _: f"```\n{printed}```", readme, flags=re.DOTALL)
    rules = load()
    readme = re.sub(
        r"finds \S+ kinds of credentials of \S+ providers",
        f"finds {len(rules.rules)} kinds of credentials of {len(rules.providers)} providers",
        readme,
    )
    (ROOT / "README.md").write_text(readme)
    page = (ROOT / "docs" / "ci.md").read_text()
    page = re.sub(r"\| system \| files \|.*?(?=\n\n)", lambda _: table().rstrip(), page, count=1, flags=re.DOTALL)
    (ROOT / "docs" / "ci.md").write_text(page)
    page = (ROOT / "docs" / "configuration.md").read_text()
    page = re.sub(r"```toml\n.*?```", lambda _: f"```toml\n{CONFIGURATION}```", page, count=1, flags=re.DOTALL)
    (ROOT / "docs" / "configuration.md").write_text(page)
    attribution = ROOT / "docs" / "attribution.md"
    attribution.write_text(renewed(attribution.read_text()))


main()
