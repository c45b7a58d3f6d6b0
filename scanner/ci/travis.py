"""Travis CI. https://docs.travis-ci.com/user/environment-variables/ and https://docs.travis-ci.com/user/encryption-keys/.

Cron jobs are set up in the repository's settings, not in the file.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Name, Part, Reference, commands, variables
from scanner.ci.paths import elsewhere, included
from scanner.ci.tree import NOTHING, Node

TITLE = "Travis CI"
FILES = "`.travis.yml`; what it imports"
READS = "`$X`, what `env` sets, encrypted values (`secure:`), `deploy`, phases, jobs and stages, `import`"
DOCS = "https://docs.travis-ci.com/user/environment-variables/"

_PATH = re.compile(r"(?:^|/)\.travis\.ya?ml$")
_SET = re.compile(r"(?:^|\s)([A-Za-z_]\w*)=")


def mine(path: str) -> bool:
    """Whether a file at this path is a build."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Jobs of a matrix and phases of the build. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    parts: list[Part] = []
    for key, value in tree.pairs(root):
        if key.text in ("jobs", "matrix"):
            for number, job in enumerate(tree.items(tree.get(value, "include")), start=1):
                called = tree.text_of(job, "name") or tree.text_of(job, "stage") or f"job {number}"
                parts.append(Part(tree.lines(job), job=called, when=_condition(job)))
        elif (
            key.text == "deploy" or key.text.endswith("script") or key.text.startswith(("before_", "after_", "install"))
        ):
            parts.append(
                Part(tree.lines(value, key=key), job=key.text, when=_deployed(value) if key.text == "deploy" else None)
            )
    return Config(
        workflow=path.rpartition("/")[2],
        when=_condition(root) or ("push", "pull request"),
        parts=tuple(parts),
        names=(*variables(text), *_set(root)),
        files=(*_scripts(root), *_imports(root)),
        given=tuple(given.in_tree(root)),
    )


def _condition(node: Node) -> tuple[str, ...] | None:
    told = tree.text_of(node, "if")
    return (f"if {told}" if len(told) < 80 else "if its condition holds",) if told else None


def _deployed(deploy: Node) -> tuple[str, ...] | None:
    on = [tree.get(one, "on") for one in tree.items(deploy)]
    tags = any(tree.text_of(one, "tags") == "true" for one in on)
    branches = [text for one in on for text in tree.texts(tree.get(one, "branch"))]
    return ("tag",) if tags else (f"push ({', '.join(branches)})",) if branches else None


def _set(root: Node) -> Iterator[Name]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "secure":
                yield Name("an encrypted value", key.line, SECRET)
            elif key.text == "env":
                for one in tree.walk(value):
                    if one.kind == "text":
                        yield from (Name(hit[1], one.line, VARIABLE) for hit in _SET.finditer(one.text))
            elif key.text in ("api_key", "password", "token", "secret_access_key") and value.text.startswith("$"):
                yield Name(value.text.strip("${}"), value.line, SECRET)


def _scripts(root: Node) -> Iterator[Reference]:
    for key, value in tree.pairs(root):
        if key.text not in ("language", "os", "dist", "import"):
            encrypted = {
                id(told) for node in tree.walk(value) for name, told in tree.own_pairs(node) if name.text == "secure"
            }
            for one in tree.walk(value):
                if one.kind == "text" and id(one) not in encrypted:
                    yield from commands(one.text, one.line + (one.style in ("|", ">")))


def _imports(root: Node) -> Iterator[Reference]:
    """Other builds: `path@ref` or `account/repository:path@ref`, all but the path at will.

    https://docs.travis-ci.com/user/build-config-imports
    """
    for entry in tree.items(tree.get(root, "import")):
        source = entry if entry.kind == "text" else tree.get(entry, "source")
        if ":" in source.text:
            yield elsewhere(source.text, source.line)
        elif source.text:
            yield included(source.text.partition("@")[0], source.line)
