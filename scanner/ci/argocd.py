"""Argo CD applications and projects, and Argo Workflows.

https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/ and
https://argo-workflows.readthedocs.io/en/latest/cron-workflows/.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, kubernetes, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, Reference
from scanner.ci.tree import Node

TITLE = "Argo CD and Argo Workflows"
FILES = "the YAML that is read for Kubernetes, where `apiVersion` begins with `argoproj.io`"
READS = "Application sources, plugin variables, value files, sync policy, `secretKeyRef`, CronWorkflow schedules"
DOCS = "https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/"

_PATH = re.compile(kubernetes.FOLDERS + r"|(?:^|/)(?:application(?:set)?|argo[^/]*)\.ya?ml$", re.IGNORECASE)


def mine(path: str) -> bool:
    """Whether a file at this path may be Argo's."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Argo's objects. Nothing for other YAML. Raises Unreadable."""
    if "argoproj.io" not in text:
        return Config()
    parts: list[Part] = []
    names: list[Name] = []
    files: list[Reference] = []
    crons: list[tuple[str, int]] = []
    told: list[Given] = []
    for document in tree.documents(tree.without_templates(text)):
        if not tree.text_of(document, "apiVersion").startswith("argoproj.io"):
            continue
        called = f"{tree.text_of(document, 'kind')} {tree.text_of(document, 'metadata', 'name')}".strip()
        place = tree.text_of(document, "spec", "destination", "namespace")
        parts.append(Part(tree.lines(document), job=called, environment=place, when=_when(document, crons)))
        names += _names(document)
        told += given.in_tree(document)
        files += [
            Reference(file.text.removeprefix("./"), file.line, "Helm values")
            for node in tree.walk(document)
            for file in tree.items(tree.get(node, "valueFiles"))
            if file.text and not file.text.startswith("$")
        ]
    return Config(
        workflow=path.rpartition("/")[2], when=("deployment",), parts=tuple(parts), names=tuple(names),
        files=tuple(files), crons=tuple(crons), given=tuple(told),
    )  # fmt: skip


def _when(document: Node, crons: list[tuple[str, int]]) -> tuple[str, ...] | None:
    spec = tree.get(document, "spec")
    for cron in [tree.get(spec, "schedule"), *tree.items(tree.get(spec, "schedules"))]:
        if cron.text:
            crons.append((cron.text, cron.line))
            return (f"schedule {cron.text}",)
    if tree.text_of(document, "kind") != "Application":
        return None
    return ("every change of its source",) if tree.get(spec, "syncPolicy", "automated").line else ("manual sync",)


def _names(document: Node) -> Iterator[Name]:
    for node in tree.walk(document):
        for key, value in tree.own_pairs(node):
            if key.text in ("secretKeyRef", "secretRef") and tree.text_of(value, "name"):
                yield Name(
                    "/".join(filter(None, (tree.text_of(value, "name"), tree.text_of(value, "key")))), value.line
                )
            elif key.text == "secretName" and value.text:
                yield Name(value.text, value.line, SECRET)
            elif key.text == "env" and value.kind == "list":
                yield from (
                    Name(name, one.line, VARIABLE) for one in value.items if (name := tree.text_of(one, "name"))
                )
