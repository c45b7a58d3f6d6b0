"""Google Cloud Build. https://cloud.google.com/build/docs/build-config-file-schema (`availableSecrets`, `secretEnv`).

Triggers and schedules are set up in the project, not in the file.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Name, Part, Reference, commands, variables
from scanner.ci.tree import NOTHING, Node

TITLE = "Google Cloud Build"
FILES = "`cloudbuild*.yaml`, `cloudbuild*.json`"
READS = "`availableSecrets`, `secretEnv`, `secrets` with KMS, `env`, substitutions; a step is a job"
DOCS = "https://cloud.google.com/build/docs/build-config-file-schema"

_PATH = re.compile(r"(?:^|/)\.?cloudbuild[^/]*\.(?:ya?ml|json)$", re.IGNORECASE)
_VERSION = re.compile(r"projects/[^/]+/secrets/([^/]+)(?:/versions/.*)?$")


def mine(path: str) -> bool:
    """Whether a file at this path is a build."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The steps of a build; JSON is YAML, too. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    parts = []
    files: list[Reference] = []
    for number, step in enumerate(tree.items(tree.get(root, "steps")), start=1):
        called = tree.text_of(step, "id") or tree.text_of(step, "name").rpartition("/")[2] or f"step {number}"
        parts.append(Part(tree.lines(step), job=called))
        for one in [*tree.items(tree.get(step, "args")), tree.get(step, "script")]:
            files += commands(one.text, one.line + (one.style in ("|", ">")))
    return Config(
        workflow=path.rpartition("/")[2],
        when=("as its trigger is set up",),
        parts=tuple(parts),
        names=(*variables(text), *_names(root)),
        files=tuple(files),
        given=tuple(given.in_tree(root)),
    )


def _names(root: Node) -> Iterator[Name]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "versionName" and (hit := _VERSION.search(value.text)):
                yield Name(hit[1], value.line, SECRET)
            elif key.text in ("secretEnv",):
                listed = value.items[::2] if value.kind == "map" else tree.items(value)
                yield from (Name(one.text, one.line, SECRET) for one in listed if one.text)
            elif key.text == "env" and value.kind == "list":
                yield from (Name(one.text.partition("=")[0], one.line, VARIABLE) for one in value.items if one.text)
            elif key.text == "substitutions":
                yield from (Name(name.text, name.line, VARIABLE) for name, _ in tree.own_pairs(value))
