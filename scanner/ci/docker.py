"""Dockerfiles. https://docs.docker.com/reference/dockerfile/ and build secrets:
https://docs.docker.com/build/building/secrets/ (`RUN --mount=type=secret,id=X`).
"""

import re
from collections.abc import Iterator

from scanner.ci import given
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, Reference, commands, variables

TITLE = "Dockerfile"
FILES = "`Dockerfile`, `Dockerfile.*`, `*.dockerfile`, `Containerfile`"
READS = "`ARG`, `ENV`, `--mount=type=secret`, what `COPY` and `ADD` take in; each stage is a job"
DOCS = "https://docs.docker.com/reference/dockerfile/"

_PATH = re.compile(r"(?:^|/)(?:Dockerfile|Containerfile)(?:[.\-_][^/]*)?$|\.dockerfile$", re.IGNORECASE)
_WORD = re.compile(r"\s*([A-Za-z]+)\s+(.*)")
_SET = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?==|\s|$)")
_MOUNT = re.compile(r"--mount=([^\s]+)")
_COMMENT = re.compile(r"\s*(?:#|$)")


def mine(path: str) -> bool:
    """Whether a file at this path builds an image."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The stages and instructions of a Dockerfile. Whatever is none is passed over."""
    names: list[Name] = list(variables(text))
    files: list[Reference] = []
    stages: list[Part] = []
    told: list[Given] = []
    rows = text.split("\n")
    for line, end, word, rest in _instructions(text):
        if word == "FROM":
            called = re.search(r"\s[Aa][Ss]\s+(\S+)", rest)
            stages.append(Part(((line, end),), job=called[1] if called else f"stage {len(stages) + 1}"))
        elif stages:
            stages[-1] = stages[-1]._replace(lines=((stages[-1].lines[0][0], end),))
        if word in ("ARG", "ENV"):
            names += [Name(name, line, VARIABLE) for name in _assigned(word, rest)]
            told += _given(word, rest, (line, end))
        elif word in ("COPY", "ADD"):
            files += _copied(word, rest, line)
        elif word == "RUN":
            names += _mounted(rest, line)
            files += commands(_MOUNT.sub("", rest), line)
        if word in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            told += given.in_text("\n".join(rows[line - 1 : end]), line)
    return Config(
        workflow=path, when=("image build",), parts=tuple(stages), names=tuple(names), files=tuple(files),
        given=tuple(told),
    )  # fmt: skip


def _instructions(text: str) -> Iterator[tuple[int, int, str, str]]:
    """First line, last line, instruction and arguments, continuation lines joined."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        first = at
        pieces: list[str] = []
        while at < len(lines):
            line = lines[at].rstrip()
            at += 1
            if _COMMENT.match(line) and pieces:
                continue
            pieces.append(line.rstrip("\\"))
            if not line.endswith("\\"):
                break
        hit = _WORD.match(" ".join(pieces))
        if hit and not pieces[0].lstrip().startswith("#"):
            yield first + 1, at, hit[1].upper(), hit[2]


def _assigned(word: str, rest: str) -> list[str]:
    if word == "ENV" and "=" not in rest.split(" ", 1)[0]:
        return [rest.split(" ", 1)[0]] if rest else []
    if word == "ARG":
        return [hit[1] for piece in rest.split() if (hit := _SET.match(piece))]
    return re.findall(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)=", rest)


_LONGEST = 20_000
_VALUES = re.compile(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_.]*)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)+)")


def _given(word: str, rest: str, lines: tuple[int, int]) -> Iterator[Given]:
    """What `ENV` sets, and `ARG` where nothing else is given."""
    name, _, value = rest.partition(" ")
    if word == "ENV" and "=" not in name:
        yield from given.give(name, value.strip().strip("\"'"), lines)
        return
    for hit in _VALUES.finditer(rest[:_LONGEST]):
        yield from given.give(hit[1], hit[2].strip("\"'"), lines)


def _copied(word: str, rest: str, line: int) -> Iterator[Reference]:
    if "--from=" in rest:
        return
    sources = [piece.strip("[],\"'") for piece in rest.split() if not piece.startswith("--")][:-1]
    for source in sources:
        plain = source.removeprefix("./").strip("/")
        if plain and plain != "." and "://" not in plain:
            yield Reference(plain, line, word)


def _mounted(rest: str, line: int) -> Iterator[Name]:
    for mount in _MOUNT.findall(rest):
        told = dict(piece.partition("=")[::2] for piece in mount.split(","))
        if told.get("type") == "secret":
            name = told.get("id") or told.get("env") or told.get("target", "")
            if name:
                yield Name(name, line, SECRET)
