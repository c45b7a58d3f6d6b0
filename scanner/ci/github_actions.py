"""GitHub Actions: workflows and composite actions.

Syntax: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax, contexts (`secrets`, `vars`)
and reusable workflows: https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows.
`GITHUB_TOKEN` is made for each run and is nobody's, so it is left out.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import (
    EVERY_SECRET,
    SECRET,
    VARIABLE,
    Config,
    Name,
    Part,
    Reference,
    commands,
    joined,
    numbering,
    variables,
    without_comment,
)
from scanner.ci.tree import NOTHING, Node

TITLE = "GitHub Actions"
FILES = "`.github/workflows/*.yml`, `action.yml` of composite actions"
READS = (
    "`secrets.X` and `secrets: inherit`, `vars.X`, keys of `env`, called workflows and local actions, `on` with cron"
)
DOCS = "https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax"

_PATH = re.compile(r"(?:^|/)\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$|(?:^|/)action\.ya?ml$", re.IGNORECASE)
_SECRET = re.compile(r"\bsecrets\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*['\"](\w+)['\"]\s*\])")
_LONGEST = 4_000
"""Characters of an expression that are looked at; they run over several lines at times."""
_VARS = re.compile(r"\bvars\s*\.\s*([A-Za-z_]\w*)")
_EVERYTHING = re.compile(r"\btoJSON\(\s*secrets\s*\)|\bsecrets\s*\[\s*[^\s'\"]", re.IGNORECASE)
"""All of them, or one that is named at run time (`secrets[matrix.token]`)."""
_INHERITED = re.compile(r"\s*secrets:\s*inherit\b")
_CONDITION = re.compile(r"\s*(?:-\s+)?if:")


def mine(path: str) -> bool:
    """Whether a file at this path is a workflow or an action."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """What a workflow says. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    on = _on(root)
    jobs = [part for key, job in tree.pairs(tree.get(root, "jobs")) for part in _job(key, job)]
    jobs += _steps("", tree.get(root, "runs", "steps"))
    return Config(
        workflow=tree.text_of(root, "name") or path.rpartition("/")[2],
        when=joined(_when(on)),
        parts=tuple(jobs),
        names=(*names(text), *_env_keys(root)),
        files=tuple(_files(root)),
        crons=tuple(
            (cron.text, cron.line)
            for entry in tree.items(tree.get(on, "schedule"))
            if (cron := tree.get(entry, "cron")).text
        ),
        given=tuple(given.in_tree(root)),
    )


def names(text: str) -> tuple[Name, ...]:
    """Secrets and variables that a text refers to, whether or not it parses."""
    found = list(variables(text))
    for number, line in enumerate(text.split("\n"), start=1):
        if _INHERITED.match(line):
            found.append(Name(EVERY_SECRET, number, SECRET))
    line_of = numbering(text)
    for start, end in _expressions(text):
        found += [Name(hit[1] or hit[2], line_of(hit.start()), SECRET) for hit in _SECRET.finditer(text, start, end)]
        found += [Name(hit[1], line_of(hit.start()), VARIABLE) for hit in _VARS.finditer(text, start, end)]
        found += [Name(EVERY_SECRET, line_of(hit.start()), SECRET) for hit in _EVERYTHING.finditer(text, start, end)]
    return tuple(name for name in found if name.name.upper() != "GITHUB_TOKEN")


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of what GitHub evaluates: `${{ ... }}` and conditions. Elsewhere `secrets.yaml` is a file."""
    at = done = 0
    for line in text.split("\n"):
        told = len(without_comment(line))
        if _CONDITION.match(line):
            yield at, at + told
        else:
            start = line.find("${{", 0, told)
            while start >= 0:
                end = text.find("}}", at + start, at + start + _LONGEST) if at + start >= done else -1
                if end >= 0:
                    yield at + start, end
                    done = end
                start = line.find("${{", start + 3, told)
        at += len(line) + 1


def _on(root: Node) -> Node:
    """The triggers. YAML 1.1 readers take the key `on` for a truth value; here it is the text it is."""
    return tree.get(root, "on")


def _when(on: Node) -> Iterator[str]:
    if on.kind != "map":
        yield from tree.texts(on)
        return
    for key, how in tree.pairs(on):
        if key.text == "schedule":
            yield from (f"schedule {tree.text_of(entry, 'cron')}".strip() for entry in tree.items(how))
            continue
        told = []
        for field in ("branches", "tags", "types", "workflows"):
            if wanted := tree.texts(tree.get(how, field)):
                told.append(("tags " if field == "tags" else "") + ", ".join(wanted[:4]))
        yield " ".join([key.text, *([f"({'; '.join(told)})"] if told else [])])


def _job(key: Node, job: Node) -> Iterator[Part]:
    environment = tree.get(job, "environment")
    named = environment.text or tree.text_of(environment, "name")
    yield Part(tree.lines(job, key=key), job=key.text, environment=named)
    for part in _steps(key.text, tree.get(job, "steps")):
        yield part._replace(environment=named)


def _steps(job: str, steps: Node) -> Iterator[Part]:
    for number, step in enumerate(tree.items(steps), start=1):
        called = tree.text_of(step, "name") or tree.text_of(step, "id") or tree.text_of(step, "uses")
        yield Part(tree.lines(step), job=job, step=called or f"step {number}")


def _env_keys(root: Node) -> Iterator[Name]:
    """Variables that an `env` sets for what runs under it."""
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "env" and value.kind == "map":
                yield from (
                    Name(name.text, name.line, VARIABLE)
                    for name, _ in tree.own_pairs(value)
                    if name.text != "GITHUB_TOKEN"
                )


def _files(root: Node) -> Iterator[Reference]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "uses" and value.text.startswith("./"):
                how = "called workflow" if value.text.endswith((".yml", ".yaml")) else "local action"
                yield Reference(value.text[2:], value.line, how)
            elif key.text == "run":
                yield from commands(value.text, value.line + (value.style in ("|", ">")))
            elif key.text == "env-file" or (key.text == "file" and value.kind == "text"):
                yield Reference(value.text.removeprefix("./"), value.line, key.text)
