"""`.env` files: assignments of a shell's variables. https://docs.docker.com/reference/compose-file/services/#env_file"""

import re
from collections.abc import Iterator

from scanner.ci import given
from scanner.ci.config import VARIABLE, Config, Given, Name, numbering, variables

TITLE = "Environment files"
FILES = "`.env`, `.env.*`, `*.env`, `.envrc`, `.flaskenv`"
READS = "the variables they set, and those they refer to"
DOCS = "https://docs.docker.com/reference/compose-file/services/#env_file"

_PATH = re.compile(r"(?:^|/)(?:\.env(?:\.[^/]+|rc)?|\.flaskenv|[^/]+\.env)$")
_SET = re.compile(r"\s*(?:export\s+|set\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*[=:]")
_BLOCK = re.compile(
    r"^(?:export[ \t]{1,8})?([A-Za-z_][\w.]{0,100})[ \t]{0,8}=[ \t]{0,8}[\"'](-----BEGIN [^\"']{0,20000})", re.MULTILINE
)
_LONGEST = 2_000


def mine(path: str) -> bool:
    """Whether a file at this path sets variables."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The variables that the file sets; it runs nothing by itself."""
    found = [Name(hit[1], n, VARIABLE) for n, line in enumerate(text.split("\n"), 1) if (hit := _SET.match(line))]
    return Config(workflow=path.rpartition("/")[2], names=(*found, *variables(text)), given=tuple(_given(text)))


def _given(text: str) -> Iterator[Given]:
    for number, line in enumerate(text.split("\n"), start=1):
        if hit := _SET.match(line[:_LONGEST]):
            yield from given.give(hit[1], _value(line[hit.end() : _LONGEST].strip()), (number, number))
    line_of = numbering(text)
    for hit in _BLOCK.finditer(text):
        yield from given.give(hit[1], hit[2], (line_of(hit.start(1)), line_of(hit.end())))


def _value(rest: str) -> str:
    """What stands in quotes, or before a comment."""
    if rest[:1] in ("'", '"') and rest.find(rest[0], 1) > 0:
        return rest[1 : rest.find(rest[0], 1)]
    return rest.partition(" #")[0].strip()
