"""Kubernetes manifests, Kustomize and Helm charts.

Secrets in pods: https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret; CronJob:
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/; Kustomize's secretGenerator:
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/; Helm: https://helm.sh/docs/chart_template_guide/.
Templates are blanked out before the YAML is read.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, Reference, sounds_secret
from scanner.ci.tree import Node

TITLE = "Kubernetes and Helm"
FILES = (
    "YAML in `k8s/`, `kubernetes/`, `manifests/`, `deploy*/`, `helm/`, `charts/`, `templates/`, `overlays/` and the "
)
FILES += "like; `kustomization.yaml`, `values*.yaml`, `helmfile.yaml`"
READS = "`secretKeyRef`, `secretRef`, `secretName`, `imagePullSecrets`, ExternalSecret, SealedSecret, keys of Secrets, "
READS += "`secretGenerator`, names in Helm values, CronJob schedules; an object is a job, a container a step"
DOCS = "https://kubernetes.io/docs/concepts/configuration/secret/"

FOLDERS = (
    r"(?:^|/)(?:k8s|kube|kubernetes|manifests?|deploy|deployments?|helm|charts?|templates|overlays|kustomize|argo-?cd|argo|"
    r"gitops|clusters?|base|apps|environments?|infra|infrastructure)/(?:.+/)?[^/]+\.ya?ml$"
)
_PATH = re.compile(
    FOLDERS
    + r"|(?:^|/)(?:kustomization|helmfile|values[^/]*|secrets?|deployment|cronjob|k8s[^/]*)\.ya?ml(?:\.gotmpl)?$",
    re.IGNORECASE,
)
_VALUES = re.compile(r"(?:^|/)values[^/]*\.ya?ml$", re.IGNORECASE)


def mine(path: str) -> bool:
    """Whether a file at this path may hold manifests; what is none is seen when it is read."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Objects with the secrets that they use. Nothing for other YAML. Raises Unreadable."""
    values = _VALUES.search(path) is not None
    if not values and not _MANIFEST.search(text):
        return Config()
    if not values and "{{" not in text:
        documents = tree.documents(text)
    else:
        documents = tree.documents(tree.without_templates(text))
    if values:
        return _values(path, documents)
    parts: list[Part] = []
    names: list[Name] = []
    files: list[Reference] = []
    crons: list[tuple[str, int]] = []
    told: list[Given] = []
    for document in (one for stream in documents for one in _listed(stream)):
        if tree.text_of(document, "apiVersion").startswith("argoproj.io"):
            continue
        parts += _object(document, crons)
        names += _names(document)
        files += _files(document)
        told += given.in_tree(document)
    return Config(
        workflow=path.rpartition("/")[2], when=("deployment",), parts=tuple(parts),
        names=tuple(name._replace(name=tree.without_blanks(name.name)) for name in names),
        files=tuple(files), crons=tuple(crons), given=tuple(told),
    )  # fmt: skip


_MANIFEST = re.compile(
    r"^\s*[\"']?(?:apiVersion|kind|secretGenerator|configMapGenerator|resources|releases|bases)[\"']?\s*:", re.MULTILINE
)


def _listed(document: Node) -> list[Node]:
    return tree.items(tree.get(document, "items")) if tree.text_of(document, "kind") == "List" else [document]


def _object(document: Node, crons: list[tuple[str, int]]) -> Iterator[Part]:
    kind = tree.text_of(document, "kind")
    if not kind:
        return
    called = tree.without_blanks(f"{kind} {tree.text_of(document, 'metadata', 'name')}".strip())
    space = tree.text_of(document, "metadata", "namespace")
    when = None
    cron = tree.get(document, "spec", "schedule")
    if kind == "CronJob" and cron.text:
        crons.append((cron.text, cron.line))
        when = (f"schedule {cron.text}",)
    yield Part(tree.lines(document), job=called, environment=space, when=when)
    for node in tree.walk(document):
        for field in ("containers", "initContainers"):
            for container in tree.items(tree.get(node, field)) if node.kind == "map" else ():
                name = tree.without_blanks(tree.text_of(container, "name"))
                if name:
                    yield Part(tree.lines(container), job=called, step=name, environment=space, when=when)


def _names(document: Node) -> Iterator[Name]:
    kind = tree.text_of(document, "kind")
    if kind in ("Secret", "SealedSecret", "ExternalSecret") and (name := tree.get(document, "metadata", "name")).text:
        yield Name(name.text, name.line, SECRET)
        for field in ("data", "stringData"):
            found = tree.get(document, field)
            yield from (Name(key.text, key.line, VARIABLE) for key, _ in tree.own_pairs(found) if key.text)
    if kind == "ServiceAccount":
        listed = tree.items(tree.get(document, "secrets"))
        yield from (Name(called, one.line, SECRET) for one in listed if (called := tree.text_of(one, "name")))
    for node in tree.walk(document):
        for key, value in tree.own_pairs(node):
            yield from _used(key, value)


def _used(key: Node, value: Node) -> Iterator[Name]:
    if key.text in ("secretKeyRef", "secretRef", "existingSecret", "tokenSecretRef", "passwordSecretRef"):
        name = tree.get(value, "name") if value.kind == "map" else value
        field = tree.text_of(value, "key") if value.kind == "map" else ""
        if name.text:
            yield Name(name.text + (f"/{field}" if field else ""), name.line, SECRET)
    elif key.text == "secretName" and value.text:
        yield Name(value.text, value.line, SECRET)
    elif key.text == "secret" and (name := tree.get(value, "name")).text:  # a projected volume
        yield Name(name.text, name.line, SECRET)
    elif key.text == "imagePullSecrets":
        yield from (
            Name(called, one.line, SECRET) for one in tree.items(value) if (called := tree.text_of(one, "name"))
        )
    elif key.text == "remoteRef" and tree.text_of(value, "key"):
        yield Name(tree.text_of(value, "key"), value.line, "key in an outside store")
    elif key.text == "env" and value.kind == "list":
        for one in value.items:
            if called := tree.text_of(one, "name"):
                yield Name(called, one.line, VARIABLE)
    elif key.text == "secretGenerator":
        yield from (
            Name(called, one.line, SECRET) for one in tree.items(value) if (called := tree.text_of(one, "name"))
        )


def _files(document: Node) -> Iterator[Reference]:
    for field in ("secretGenerator", "configMapGenerator"):
        for one in tree.items(tree.get(document, field)):
            for how in ("envs", "env", "files"):
                for file in tree.items(tree.get(one, how)):
                    if file.text:
                        yield Reference(file.text.rpartition("=")[2].removeprefix("./"), file.line, f"{field} {how}")
    for release in tree.items(tree.get(document, "releases")):
        for file in tree.items(tree.get(release, "values")) + tree.items(tree.get(release, "secrets")):
            if file.text:
                yield Reference(file.text.removeprefix("./"), file.line, "helmfile values")


def _values(path: str, documents: list[Node]) -> Config:
    """A chart's values: names that sound like secrets. Its top keys stand for jobs."""
    names = []
    parts = []
    told: list[Given] = []
    for document in documents:
        told += given.in_tree(document)
        parts += [Part(tree.lines(value, key=key), job=key.text) for key, value in tree.own_pairs(document)]
        for node in tree.walk(document):
            for key, value in tree.own_pairs(node):
                names += [*_used(key, value), *_value(key, value)]
    return Config(
        workflow=path.rpartition("/")[2], when=("deployment",), parts=tuple(parts), names=tuple(set(names)),
        given=tuple(told),
    )  # fmt: skip


def _value(key: Node, value: Node) -> Iterator[Name]:
    if value.kind == "text":
        if sounds_secret(key.text) or key.text.endswith(("Secret", "Token", "Password")):
            yield Name(key.text, key.line, VARIABLE)
    elif key.text in ("extraEnv", "extraEnvVars") and value.kind == "list":
        yield from (Name(name, one.line, VARIABLE) for one in value.items if (name := tree.text_of(one, "name")))
