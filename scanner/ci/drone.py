"""Drone, Woodpecker and Harness Open Source. https://docs.drone.io/secret/ (`from_secret`), https://docs.drone.io/cron/,
https://woodpecker-ci.org/docs/usage/secrets.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import (
    SECRET,
    VARIABLE,
    Config,
    Given,
    Name,
    Part,
    Reference,
    commands,
    joined,
    numbering,
    variables,
)
from scanner.ci.paths import elsewhere
from scanner.ci.tree import Node

TITLE = "Drone and Woodpecker"
FILES = "`.drone.yml`, `.drone.star` names only, `.woodpecker.yml`, `.woodpecker/*.yml`"
READS = "`from_secret`, `secrets:` lists, `kind: secret`, `image_pull_secrets`, `trigger` and `when` with cron names"
DOCS = "https://docs.drone.io/yaml/docker/"

_PATH = re.compile(
    r"(?:^|/)\.(?:drone|woodpecker)(?:\.[^/]*)?\.ya?ml$|(?:^|/)\.woodpecker/.+\.ya?ml$|(?:^|/)\.drone\.star$"
)


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The steps of each pipeline document. Raises Unreadable."""
    if path.endswith(".star"):
        line = numbering(text)
        found = [Name(hit[1], line(hit.start())) for hit in _FROM.finditer(text)]
        return Config(workflow=path.rpartition("/")[2], names=tuple(found))
    documents = tree.documents(text)
    parts: list[Part] = []
    names = list(variables(text))
    files: list[Reference] = []
    told: list[Given] = []
    for document in documents:
        parts += _pipeline(document)
        names += _names(document)
        files += _scripts(document)
        told += given.in_tree(document)
    return Config(
        workflow=path.rpartition("/")[2], when=("push",), parts=tuple(parts), names=tuple(names), files=tuple(files),
        given=tuple(told),
    )  # fmt: skip


_FROM = re.compile(r"[\"']?from_secret[\"']?\s*:\s*[\"']([\w.-]+)[\"']")


def _pipeline(document: Node) -> Iterator[Part]:
    kind, name = tree.text_of(document, "kind"), tree.text_of(document, "name")
    when = _starts(tree.get(document, "trigger")) or _starts(tree.get(document, "when"))
    if kind == "pipeline":
        yield Part(tree.lines(document), job=name or "default", when=when)
    steps = tree.get(document, "steps") if kind or tree.get(document, "steps").items else tree.get(document, "pipeline")
    listed = [(tree.text_of(step, "name"), step) for step in tree.items(steps)] if steps.kind == "list" else []
    listed += [(key.text, step) for key, step in tree.pairs(steps)]
    for called, step in listed:
        starts = _starts(tree.get(step, "when")) or when
        place = ", ".join(tree.texts(tree.get(step, "when", "target")))
        yield Part(tree.lines(step), job=name or "default", step=called, when=starts, environment=place)


def _starts(trigger: Node) -> tuple[str, ...] | None:
    told = []
    for one in tree.items(trigger):
        for key, value in tree.pairs(one):
            wanted = tree.texts(tree.get(value, "include") if value.kind == "map" else value)
            if key.text == "event":
                told += [word.replace("_", " ").replace("cron", "schedule") for word in wanted]
            elif key.text == "cron":
                told += [f"schedule {word}" for word in wanted]
            elif key.text in ("branch", "ref") and wanted:
                told.append(f"{key.text} {', '.join(wanted[:4])}")
    return joined(told) or None


def _names(document: Node) -> Iterator[Name]:
    if tree.text_of(document, "kind") == "secret" and tree.text_of(document, "name"):
        yield Name(tree.text_of(document, "name"), document.line, SECRET)
    for node in tree.walk(document):
        for key, value in tree.own_pairs(node):
            if key.text == "from_secret" and value.text:
                yield Name(value.text, value.line, SECRET)
            elif key.text in ("secrets", "image_pull_secrets") and value.kind == "list":
                for one in value.items:
                    if called := one.text or tree.text_of(one, "source"):
                        yield Name(called, one.line, SECRET)
            elif key.text == "environment" and value.kind == "map":
                yield from (Name(name.text, name.line, VARIABLE) for name, _ in tree.own_pairs(value))


def _scripts(document: Node) -> Iterator[Reference]:
    """Files that commands name; a template (https://docs.drone.io/template/) lies with the server."""
    if tree.text_of(document, "kind") == "template" and tree.text_of(document, "load"):
        yield elsewhere(f"template {tree.text_of(document, 'load')} of the server", tree.get(document, "load").line)
    for node in tree.walk(document):
        for key, value in tree.own_pairs(node):
            if key.text == "commands":
                for line in tree.items(value):
                    yield from commands(line.text, line.line + (line.style in ("|", ">")))
