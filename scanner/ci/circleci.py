"""CircleCI. https://circleci.com/docs/reference/configuration-reference/; contexts: https://circleci.com/docs/guides/security/contexts/.

Schedules set up in the project (not in the file) run as a user or the scheduling system, and are not seen here.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Name, Part, Reference, commands, joined, variables
from scanner.ci.paths import included
from scanner.ci.tree import NOTHING, Node

TITLE = "CircleCI"
FILES = "`.circleci/*.yml`, `circle.yml`; what these go on with"
READS = "contexts of workflow jobs, `$X` in commands, `environment`, names in `docker: auth`, `triggers: schedule`, "
READS += "branch and tag filters, approvals, `configuration_path` and `config-path`"
DOCS = "https://circleci.com/docs/reference/configuration-reference/"

_PATH = re.compile(r"(?:^|/)\.circleci/.+\.ya?ml$|(?:^|/)circle\.ya?ml$")

_CONTINUED = frozenset(("configuration_path", "config-path"))
"""Parameters of the orbs circleci/continuation and circleci/path-filtering: the file that the pipeline goes on with."""


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Jobs with the workflows that run them. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    jobs = {key.text: (key, job) for key, job in tree.pairs(tree.get(root, "jobs"))}
    called: dict[str, list[tuple[str, Node, tuple[str, ...]]]] = {}
    names = [*variables(text)]
    crons: list[tuple[str, int]] = []
    for key, workflow in tree.pairs(tree.get(root, "workflows")):
        starts = tuple(_starts(workflow, crons))
        for entry in tree.items(tree.get(workflow, "jobs")):
            name, settings = _entry(entry)
            called.setdefault(name, []).append((key.text, settings, joined((*_filters(settings), *starts))))
            names += [
                Name(one.text, one.line, "context") for one in tree.items(tree.get(settings, "context")) if one.text
            ]
    parts: list[Part] = []
    for name in [*jobs, *(one for one in called if one not in jobs)]:
        parts += _job(name, jobs.get(name, (NOTHING, NOTHING)), called.get(name, []), root)
    return Config(
        workflow=", ".join(dict.fromkeys(flow for calls in called.values() for flow, _, _ in calls)) or path,
        when=("push",),
        parts=tuple(parts),
        names=(*names, *_set(root)),
        files=tuple(_scripts(root)),
        crons=tuple(crons),
        given=tuple(given.in_tree(root)),
    )


def _entry(entry: Node) -> tuple[str, Node]:
    if entry.kind == "text":
        return entry.text, entry
    return next(((key.text, value) for key, value in tree.own_pairs(entry)), ("", NOTHING))


def _job(
    name: str, job: tuple[Node, Node], calls: list[tuple[str, Node, tuple[str, ...]]], root: Node
) -> Iterator[Part]:
    key, body = job
    commands_used = [tree.get(root, "commands", used) for used in _commands(body)]
    own = [*tree.lines(body, key=key)] if body is not NOTHING else []
    here = [*own, *tree.lines(*commands_used), *tree.lines(*(settings for _, settings, _ in calls))]
    when = joined(one for _, _, starts in calls for one in starts) if calls else None
    yield Part(tree.united(here), job=name, when=when)
    for number, step in enumerate(tree.items(tree.get(body, "steps")), start=1):
        settings = next((value for _, value in tree.own_pairs(step)), NOTHING)
        called = tree.text_of(settings, "name") or step.text or next((k.text for k, _ in tree.own_pairs(step)), "")
        yield Part(tree.lines(step), job=name, step=called or f"step {number}", when=when)


def _commands(job: Node) -> Iterator[str]:
    for step in tree.items(tree.get(job, "steps")):
        yield step.text or next((key.text for key, _ in tree.own_pairs(step)), "")


def _starts(workflow: Node, crons: list[tuple[str, int]]) -> Iterator[str]:
    triggers = tree.items(tree.get(workflow, "triggers"))
    for trigger in triggers:
        cron = tree.get(trigger, "schedule", "cron")
        if cron.text:
            crons.append((cron.text, cron.line))
            yield f"schedule {cron.text}"
    if not triggers:
        yield "push"


def _filters(settings: Node) -> Iterator[str]:
    for field, word in (("branches", "branches"), ("tags", "tags")):
        if only := tree.texts(tree.get(settings, "filters", field, "only")):
            yield f"only {word} {', '.join(only[:4])}"
    if tree.text_of(settings, "type") == "approval":
        yield "manual approval"


def _set(root: Node) -> Iterator[Name]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text == "environment" and value.kind == "map":
                yield from (Name(name.text, name.line, VARIABLE) for name, _ in tree.own_pairs(value))
            elif key.text in ("aws_secret_access_key", "aws_access_key_id", "password", "username") and value.text:
                hit = re.fullmatch(r"\$\{?(\w+)\}?", value.text)
                if hit:
                    yield Name(hit[1], value.line, SECRET)


def _scripts(root: Node) -> Iterator[Reference]:
    for node in tree.walk(root):
        for key, value in tree.own_pairs(node):
            if key.text in _CONTINUED and value.text:
                yield included(value.text, value.line)
            elif key.text in ("run", "command") and value.kind == "text":
                yield from commands(value.text, value.line + (value.style in ("|", ">")))
