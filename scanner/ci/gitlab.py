"""GitLab CI/CD. Keywords: https://docs.gitlab.com/ci/yaml/; variables: https://docs.gitlab.com/ci/variables/.

Schedules are no part of the file: they stand in the project, with an owner (docs.gitlab.com/ci/pipelines/schedules).
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping

from scanner.ci import given, tree
from scanner.ci.config import COMPUTED, VARIABLE, Config, Name, Part, Reference, commands, joined, variables
from scanner.ci.paths import elsewhere, included
from scanner.ci.tree import NOTHING, Node

TITLE = "GitLab CI/CD"
FILES = "`.gitlab-ci.yml`, `*.gitlab-ci.yml`, files under `.gitlab/ci/` and `.gitlab-ci/`; what these include"
READS = "`$VARIABLES` in scripts and settings, `secrets:`, `variables:`, `extends`, `!reference`, `include`, child "
READS += "pipelines, `rules`, `only`, `when`"
DOCS = "https://docs.gitlab.com/ci/yaml/"

_PATH = re.compile(r"(?:^|/)[^/]*\.gitlab-ci\.ya?ml$|(?:^|/)\.gitlab(?:/ci|-ci)/.*\.ya?ml$")
_GLOBAL = frozenset(
    ("default", "include", "stages", "variables", "workflow", "image", "services", "before_script", "after_script",
     "cache", "spec")
)  # fmt: skip
_SOURCE = re.compile(r"\$CI_PIPELINE_SOURCE\s*==\s*[\"'](\w+)[\"']")
_DEEP = 11
"""GitLab follows `extends` through up to eleven levels."""


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline, or a part of one that is included."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """What a pipeline says. Raises Unreadable."""
    documents = tree.documents(text)
    root = documents[-1] if documents else NOTHING  # a component's `spec` stands in a document before
    jobs = {key.text: (key, job) for key, job in tree.pairs(root) if key.text not in _GLOBAL and job.kind == "map"}
    shared = [value for key, value in tree.own_pairs(root) if key.text in _GLOBAL - {"include", "stages", "workflow"}]
    parts = [_job(name, jobs, shared) for name in jobs]
    hidden = [part for part in parts if part.job.startswith(".")]
    whole = joined(_rules(tree.get(root, "workflow", "rules"), jobs))
    return Config(
        workflow=path.rpartition("/")[2],
        when=whole or ("push",),
        parts=tuple(part for part in parts if not part.job.startswith(".")),
        names=(*variables(text), *_set(root), *_vault(jobs)),
        files=(*_included(root), *_scripts(root)),
        templates=tuple(hidden),
        given=tuple(given.in_tree(root)),
    )


def _job(name: str, jobs: Mapping[str, tuple[Node, Node]], shared: list[Node]) -> Part:
    key, job = jobs[name]
    chain, bases = _templates(job, jobs)
    when: list[str] = []
    environment = ""
    for one in (job, *chain):
        found = tree.get(one, "environment")
        environment = environment or found.text or tree.text_of(found, "name")
        when = when or list(_starts(one, jobs))
    used = [] if name.startswith(".") else shared
    return Part(
        tree.united([*tree.lines(job, key=key), *tree.lines(*chain, *used)]),
        job=name,
        environment=environment,
        when=joined(when) or None,
        bases=tuple(bases),
    )


def _templates(job: Node, jobs: Mapping[str, tuple[Node, Node]]) -> tuple[list[Node], list[str]]:
    """The templates that a job extends or refers to: those in this file, and the names of the others."""
    chain: list[Node] = []
    elsewhere: list[str] = []
    waiting = [(name, 1) for name in _named(job)]
    met: set[str] = set()
    while waiting:
        name, depth = waiting.pop(0)
        if name in met or depth > _DEEP:
            continue
        met.add(name)
        if name in jobs:
            chain.append(jobs[name][1])
            waiting += [(more, depth + 1) for more in _named(jobs[name][1])]
        else:
            elsewhere.append(name)
    return chain, elsewhere


def _named(job: Node) -> list[str]:
    """Jobs named by `extends`, and by `!reference [job, script]` at the first two levels."""
    found = tree.texts(tree.get(job, "extends"))
    for _, value in tree.own_pairs(job):
        for one in [value, *tree.items(value)]:
            if one.kind == "list" and one.items and one.items[0].kind == "text" and one.items[0].text.startswith("."):
                found.append(one.items[0].text)
    return found


def _starts(job: Node, jobs: Mapping[str, tuple[Node, Node]]) -> Iterator[str]:
    yield from _rules(tree.get(job, "rules"), jobs)
    only = tree.get(job, "only")
    for ref in tree.texts(tree.get(only, "refs") if only.kind == "map" else only):
        yield _WORDS.get(ref, f"push ({ref})")
    if tree.text_of(job, "when") in ("manual", "delayed"):
        yield tree.text_of(job, "when")


_WORDS = {
    "schedules": "schedule", "merge_requests": "merge request", "tags": "tag", "branches": "push", "web": "web",
    "triggers": "trigger", "pipelines": "pipeline", "api": "api", "pushes": "push", "external": "external",
}  # fmt: skip


def _rules(rules: Node, jobs: Mapping[str, tuple[Node, Node]]) -> Iterator[str]:
    """How the rules start a job, those behind `!reference` in their place."""
    waiting = deque(tree.items(rules))
    met: set[int] = set()
    while waiting:
        rule = waiting.popleft()
        if rule.kind == "list":
            named = tree.texts(rule)
            behind = tree.get(jobs[named[0]][1], *named[1:]) if named and named[0] in jobs else NOTHING
            if named and behind is NOTHING:
                yield "rules of another file"
            if id(behind) not in met:
                met.add(id(behind))
                waiting.extendleft(reversed(tree.items(behind) if named else rule.items))
            continue
        when = tree.text_of(rule, "when")
        if when == "never":
            continue
        condition = tree.text_of(rule, "if")
        sources = [source.replace("merge_request_event", "merge request") for source in _SOURCE.findall(condition)]
        manual = ["manual"] if when == "manual" else []
        if sources:
            yield " ".join([*sources, *manual])
        elif "$CI_COMMIT_TAG" in condition and "$CI_COMMIT_TAG ==" not in condition:
            yield " ".join(["tag", *manual])
        elif "$CI_DEFAULT_BRANCH" in condition:
            yield " ".join(["push (default branch)", *manual])
        else:
            yield "manual" if manual else "push"


def _set(root: Node) -> Iterator[Name]:
    """Variables that `variables` sets, for the whole or for a job."""
    for node in (root, *(job for _, job in tree.own_pairs(root))):
        yield from (Name(key.text, key.line, VARIABLE) for key, _ in tree.own_pairs(tree.get(node, "variables")))


def _vault(jobs: Mapping[str, tuple[Node, Node]]) -> Iterator[Name]:
    """`secrets:` of a job, fetched from Vault and others: each is a variable of the job."""
    for _, job in jobs.values():
        yield from (Name(key.text, key.line) for key, _ in tree.own_pairs(tree.get(job, "secrets")))


def _included(root: Node) -> Iterator[Reference]:
    """Files that are included, and those of child pipelines. GitLab's own templates (`template`) are left out."""
    for node in (root, *(tree.get(job, "trigger") for _, job in tree.own_pairs(root))):
        for entry in tree.items(tree.get(node, "include")):
            local = entry if entry.kind == "text" else tree.get(entry, "local")
            for one in filter(lambda one: one.text, tree.items(local)):
                yield elsewhere(one.text, one.line) if "://" in one.text else included(one.text.lstrip("/"), one.line)
            yield from _remote(entry)


def _remote(entry: Node) -> Iterator[Reference]:
    for field in ("remote", "component"):
        if text := tree.text_of(entry, field):
            yield elsewhere(text, entry.line)
    if project := tree.text_of(entry, "project"):
        files = " and ".join(tree.texts(tree.get(entry, "file")))
        yield elsewhere(f"{files} of project {project}", entry.line)
    if artifact := tree.text_of(entry, "artifact"):
        yield Reference(artifact, entry.line, COMPUTED)


def _scripts(root: Node) -> Iterator[Reference]:
    for node in (root, *(value for _, value in tree.own_pairs(root))):
        for field in ("script", "before_script", "after_script"):
            for line in tree.items(tree.get(node, field)):
                yield from commands(line.text, line.line + (line.style in ("|", ">")))
