"""`.env` files: assignments of a shell's variables. https://docs.docker.com/reference/compose-file/services/#env_file"""

import re

from scanner.ci.config import VARIABLE, Config, Name, variables

TITLE = "Environment files"
FILES = "`.env`, `.env.*`, `*.env`, `.envrc`, `.flaskenv`"
READS = "the variables they set, and those they refer to"
DOCS = "https://docs.docker.com/reference/compose-file/services/#env_file"

_PATH = re.compile(r"(?:^|/)(?:\.env(?:\.[^/]+|rc)?|\.flaskenv|[^/]+\.env)$")
_SET = re.compile(r"\s*(?:export\s+|set\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:]")


def mine(path: str) -> bool:
    """Whether a file at this path sets variables."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The variables that the file sets; it runs nothing by itself."""
    found = [Name(hit[1], n, VARIABLE) for n, line in enumerate(text.split("\n"), 1) if (hit := _SET.match(line))]
    return Config(workflow=path.rpartition("/")[2], names=(*found, *variables(text)))
