"""Buildkite. https://buildkite.com/docs/pipelines/configure/step-types and
https://buildkite.com/docs/pipelines/security/secrets. Schedules and triggers stand in the pipeline's settings.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import COMPUTED, SECRET, VARIABLE, Config, Name, Part, Reference, commands, variables
from scanner.ci.paths import included
from scanner.ci.tree import NOTHING, Node

TITLE = "Buildkite"
FILES = "`.buildkite/*.yml`, `buildkite.yml`; what these upload"
READS = (
    "`secrets`, `env`, `$X` in commands, plugins' environments, `buildkite-agent secret get`, `pipeline upload`, "
    "`branches`, `if`, blocks"
)
DOCS = "https://buildkite.com/docs/pipelines/configure/step-types"

_PATH = re.compile(r"(?:^|/)\.?buildkite/.+\.ya?ml$|(?:^|/)\.?buildkite(?:\.[^/]*)?\.ya?ml$")
_GET = re.compile(r"buildkite-agent\s+secret\s+get\s+([\w-]+)")


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The steps of a pipeline. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    steps = tree.get(root, "steps") if root.kind == "map" else root
    return Config(
        workflow=path.rpartition("/")[2],
        when=("as set up in Buildkite",),
        parts=tuple(_steps(steps, "")),
        # `$$X` and `\\$X` are left to the agent, where secrets are.
        names=(*variables(text.replace("$$", "$").replace("\\$", "$")), *_names(root, text)),
        files=tuple(_scripts(root)),
        given=tuple(given.in_tree(root)),
    )


def _steps(steps: Node, group: str) -> Iterator[Part]:
    after: tuple[str, ...] | None = None
    for number, step in enumerate(tree.items(steps), start=1):
        if any(tree.get(step, kind) is not NOTHING for kind in ("block", "input")) or step.text in ("block", "input"):
            after = ("manual unblock",)
            continue
        called = tree.text_of(step, "label") or tree.text_of(step, "key") or tree.text_of(step, "name")
        called = called or tree.text_of(step, "group") or f"step {number}"
        only = tree.text_of(step, "branches") or tree.text_of(step, "if")
        when = (f"only {only}" if len(only) < 80 else "only where its condition holds",) if only else after
        if step.kind == "map":
            yield Part(tree.lines(step), job="/".join(filter(None, (group, called))), when=when)
            yield from _steps(tree.get(step, "steps"), called)


def _names(root: Node, text: str) -> Iterator[Name]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "secrets":
                listed = value.items[::2] if value.kind == "map" else tree.items(value)
                yield from (Name(one.text, one.line, SECRET) for one in listed if one.text)
            elif key.text in ("env", "environment"):
                listed = value.items[::2] if value.kind == "map" else tree.items(value)
                yield from (Name(one.text.partition("=")[0], one.line, VARIABLE) for one in listed if one.text)
    for number, line in enumerate(text.split("\n"), start=1):
        yield from (Name(hit[1], number, SECRET) for hit in _GET.finditer(line))


def _scripts(root: Node) -> Iterator[Reference]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text in ("command", "commands"):
                for line in tree.items(value):
                    first = line.line + (line.style in ("|", ">"))
                    yield from commands(line.text, first)
                    yield from _uploads(line.text, first)


_UPLOAD = re.compile(r"buildkite-agent\s{1,8}pipeline\s{1,8}upload\b([^|;&]*)")
_OPTIONS = re.compile(r"--(?:job|agent-access-token|endpoint|format|log-level|redacted-vars|jwks[\w-]*)[= ]\S*|--\S+")
_PIPELINE = re.compile(r"\.(?:ya?ml|json)$|\$")


def _uploads(text: str, first: int) -> Iterator[Reference]:
    """Pipelines that a command uploads; without a file it looks in places that are read anyway.

    https://buildkite.com/docs/agent/v3/cli-pipeline
    """
    for number, line in enumerate(text.split("\n"), start=first):
        for hit in _UPLOAD.finditer(line[:2000]):
            words = (word.strip("\"'") for word in _OPTIONS.sub(" ", hit[1]).replace("<", " ").split())
            named = [word for word in words if _PIPELINE.search(word)]
            yield from (included(word, number) for word in named)
            if not named and "|" in re.split("[;&]", line[: hit.start()])[-1]:
                yield Reference("a pipeline that a command prints", number, COMPUTED)
