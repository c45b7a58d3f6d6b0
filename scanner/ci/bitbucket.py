"""Bitbucket Pipelines. https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/.

Schedules are set up in the repository's settings; the file only says what a custom pipeline does.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import Config, Part, Reference, commands, variables
from scanner.ci.paths import elsewhere, included
from scanner.ci.tree import NOTHING, Node

TITLE = "Bitbucket Pipelines"
FILES = "`bitbucket-pipelines.yml`; what it imports"
READS = "`$X` in scripts and services, `deployment` environments, which branches, tags and pull requests start what, "
READS += "`import`"
DOCS = "https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/"

_PATH = re.compile(r"(?:^|/)bitbucket-pipelines\.ya?ml$")


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Pipelines as jobs, with their steps. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    parts: list[Part] = []
    for key, pipelines in tree.pairs(tree.get(root, "pipelines")):
        if key.text == "default":
            parts += _steps("default", pipelines, ("push",))
            continue
        for pattern, steps in tree.pairs(pipelines):
            when = {
                "branches": f"push ({pattern.text})", "tags": f"tag ({pattern.text})",
                "pull-requests": f"pull request ({pattern.text})", "bookmarks": f"push ({pattern.text})",
                "custom": "manual or schedule",
            }.get(key.text, key.text)  # fmt: skip
            parts += _steps(f"{key.text}: {pattern.text}", steps, (when,))
    for name, steps in tree.pairs(tree.get(root, "definitions", "pipelines")):
        parts += _steps(name.text, steps, ())
    return Config(
        workflow=path.rpartition("/")[2],
        when=("push",),
        parts=tuple(parts),
        names=tuple(variables(text)),
        files=(*_scripts(root), *_imports(root)),
        given=tuple(given.in_tree(root)),
    )


def _steps(job: str, pipeline: Node, when: tuple[str, ...]) -> Iterator[Part]:
    yield Part(tree.lines(pipeline), job=job, when=when)
    number = 0
    places: dict[int, str] = {}
    for node in tree.walk(pipeline):
        for key, step in tree.own_pairs(node):
            if key.text == "stage" and (place := tree.text_of(step, "deployment")):
                within = (tree.get(one, "step") for one in tree.items(tree.get(step, "steps")))
                places |= {id(one): place for one in within}
            if key.text == "step" and step.kind == "map":
                number += 1
                starts = ("manual",) if tree.text_of(step, "trigger") == "manual" else when
                called = tree.text_of(step, "name") or f"step {number}"
                place = tree.text_of(step, "deployment") or places.get(id(step), "")
                yield Part(tree.lines(step), job=job, step=called, environment=place, when=starts)


def _scripts(root: Node) -> Iterator[Reference]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text in ("script", "after-script"):
                for line in tree.items(value):
                    yield from commands(line.text, line.line + (line.style in ("|", ">")))


def _imports(root: Node) -> Iterator[Reference]:
    """Files that pipelines are imported from.

    https://support.atlassian.com/bitbucket-cloud/docs/share-pipelines-configurations/: `import: pipeline@source`, where
    a source is a path of the same repository or `repository:branch:path`; older, `import: repository:branch:pipeline`.
    """
    sources = {key.text: value.text for key, value in tree.pairs(tree.get(root, "definitions", "imports"))}
    for node in tree.walk(tree.get(root, "pipelines")):
        for key, value in tree.own_pairs(node):
            if key.text == "import" and value.text:
                source = sources.get(value.text.partition("@")[2], value.text)
                yield elsewhere(source, value.line) if ":" in source else included(source, value.line)
