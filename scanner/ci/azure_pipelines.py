"""Azure Pipelines. Schema: https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/; secrets:
https://learn.microsoft.com/azure/devops/pipelines/process/set-secret-variables.
"""

import re
from collections import deque
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Name, Part, Reference, commands, joined, variables
from scanner.ci.paths import elsewhere, included
from scanner.ci.tree import NOTHING, Node

TITLE = "Azure Pipelines"
FILES = "`azure-pipelines*.yml`, `.azure-pipelines/`, `.azuredevops/`, `.pipelines/`; their templates"
READS = (
    "`$(X)`, variable groups, service connections, secure files, `trigger`, `pr`, `schedules`, stages and deployment "
)
READS += "environments, templates of the repository"
DOCS = "https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/"

_PATH = re.compile(
    r"(?:^|/)\.?azure-pipelines?[^/]*\.ya?ml$|(?:^|/)\.?(?:azure-pipelines|azuredevops|pipelines)/.+\.ya?ml$",
    re.IGNORECASE,
)
_MACRO = re.compile(r"\$\(([A-Za-z_][\w.]*)\)")
_CONNECTIONS = frozenset(
    ("azureSubscription", "azureResourceManagerConnection", "containerRegistry", "dockerRegistryServiceConnection",
     "endpoint", "connectedServiceName", "ConnectedServiceName", "kubernetesServiceConnection",
     "kubernetesServiceEndpoint", "sshEndpoint", "serviceConnection", "gitHubConnection", "customEndpoint",
     "publishEndpoint", "externalEndpoint")
)  # fmt: skip
_PREDEFINED = ("Build.", "System.", "Agent.", "Pipeline.", "Environment.", "Release.", "Rev:", "Date:")


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline or a template of one."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Stages, jobs and steps of a pipeline. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    crons = [
        (cron.text, cron.line)
        for entry in tree.items(tree.get(root, "schedules"))
        if (cron := tree.get(entry, "cron")).text
    ]
    found = list(_parts(root))
    return Config(
        workflow=path.rpartition("/")[2],
        when=joined((*_starts(root), *(f"schedule {cron}" for cron, _ in crons))),
        parts=tuple(found),
        names=(*names(text), *_explicit(root)),
        files=tuple(_files(root, path.rpartition("/")[0])),
        crons=tuple(crons),
        given=tuple(given.in_tree(root)),
    )


def names(text: str) -> tuple[Name, ...]:
    """Variables in the ways of macros, templates, expressions and shells."""
    found = [name for name in variables(text) if "$(" not in name.name]
    for number, line in enumerate(text.split("\n"), start=1):
        if "$(" in line and not line.lstrip().startswith("#"):
            hits = (hit[1] for hit in _MACRO.finditer(line) if not hit[1].startswith(_PREDEFINED))
            found += [Name(name, number, VARIABLE) for name in hits]
    return tuple(found)


def _starts(root: Node) -> Iterator[str]:
    for field, word in (("trigger", "push"), ("pr", "pull request")):
        node = tree.get(root, field)
        if node is NOTHING:
            # Without the key both are on: learn.microsoft.com, "trigger definition".
            yield word
        elif tree.texts(node) != ["none"]:
            branches = tree.get(node, "branches", "include") if node.kind == "map" else node
            told = ", ".join(tree.texts(branches)[:4])
            tags = ", ".join(tree.texts(tree.get(node, "tags", "include"))[:4])
            yield word + (f" ({told})" if told else "") + (f" (tags {tags})" if tags else "")
    if tree.texts(tree.get(root, "trigger")) == ["none"] and tree.texts(tree.get(root, "pr")) == ["none"]:
        yield "manual"


def _parts(root: Node) -> Iterator[Part]:
    stages = _listed(tree.get(root, "stages")) or [root]
    for stage in stages:
        name = tree.text_of(stage, "stage")
        if name:
            yield Part(tree.lines(stage), job=name)
        for job in _listed(tree.get(stage, "jobs")):
            called = tree.text_of(job, "job") or tree.text_of(job, "deployment") or tree.text_of(job, "template")
            environment = tree.get(job, "environment")
            named = environment.text or tree.text_of(environment, "name")
            full = "/".join(filter(None, (name, called)))
            yield Part(tree.lines(job), job=full, environment=named)
            for steps in (
                node for node in tree.walk(job) if node.kind == "map" and tree.get(node, "steps") is not NOTHING
            ):
                yield from (part._replace(environment=named) for part in _steps(full, tree.get(steps, "steps")))
    yield from _steps("", tree.get(root, "steps"))


def _listed(node: Node) -> list[Node]:
    """The entries of a list, with those that stand under a template's condition or loop (`${{ if ... }}:`)."""
    found: list[Node] = []
    waiting = deque(tree.items(node))
    met: set[int] = set()
    while waiting:
        entry = waiting.popleft()
        own = tree.own_pairs(entry)
        if own and own[0][0].text.startswith("${{"):
            if id(entry) not in met:
                met.add(id(entry))
                waiting.extendleft(reversed([one for _, value in own for one in tree.items(value)]))
        else:
            found.append(entry)
    return found


def _steps(job: str, steps: Node) -> Iterator[Part]:
    for number, step in enumerate(_listed(steps), start=1):
        called = tree.text_of(step, "displayName") or tree.text_of(step, "name") or tree.text_of(step, "task")
        yield Part(tree.lines(step), job=job, step=called or f"step {number}")


def _explicit(root: Node) -> Iterator[Name]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text in _CONNECTIONS and value.text:
                yield Name(value.text, value.line, "service connection")
            elif key.text == "group" and value.text:
                yield Name(value.text, value.line, "variable group")
            elif key.text == "secureFile" and value.text:
                yield Name(value.text, value.line, "secure file")
            elif key.text in ("env", "variables") and value.kind == "map":
                yield from (Name(name.text, name.line, VARIABLE) for name, _ in tree.own_pairs(value))
            elif key.text == "secretsFilter" and value.text and value.text != "*":
                yield from (Name(one.strip(), value.line, SECRET) for one in value.text.split(","))


_TEMPLATE = re.compile(r"\.ya?ml(?:@|$)|\$\{\{", re.IGNORECASE)


def _files(root: Node, folder: str) -> Iterator[Reference]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "template" and _TEMPLATE.search(value.text):
                yield _template(value, folder)
            elif (
                key.text in ("script", "bash", "pwsh", "powershell", "filePath", "scriptPath") and value.kind == "text"
            ):
                yield from commands(value.text, value.line + (value.style in ("|", ">")))


def _template(value: Node, folder: str) -> Reference:
    """A template: a path from the file's own folder, or with a slash in front from the root; backslashes are slashes.

    https://learn.microsoft.com/azure/devops/pipelines/process/templates#use-other-repositories
    """
    path, _, repository = value.text.replace("\\", "/").partition("@")
    if repository not in ("", "self"):
        return elsewhere(f"{path} of repository {repository}", value.line)
    return included(path.lstrip("/"), value.line, "" if path.startswith("/") else folder)
