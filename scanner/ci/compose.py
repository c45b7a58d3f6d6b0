"""Compose files. https://docs.docker.com/reference/compose-file/ (`environment`, `env_file`, `secrets`, `configs`)."""

import re
from collections.abc import Iterator

from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Name, Part, Reference, variables
from scanner.ci.tree import NOTHING, Node

TITLE = "Docker Compose"
FILES = "`compose*.yml`, `docker-compose*.yml`, `docker-stack*.yml`"
READS = "`environment`, `env_file`, `secrets`, `${X}`, files of secrets and configs, bind mounts; a service is a job"
DOCS = "https://docs.docker.com/reference/compose-file/"

_PATH = re.compile(r"(?:^|/)(?:docker-)?(?:compose|stack)(?:[.\-_][^/]*)?\.ya?ml$", re.IGNORECASE)


def mine(path: str) -> bool:
    """Whether a file at this path describes services."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The services of a compose file. Raises Unreadable."""
    root = next(iter(tree.documents(text)), NOTHING)
    services = tree.get(root, "services")
    # The first version of the format had services at the top.
    named = tree.pairs(services if services is not NOTHING else root)
    services_found = [(key, service) for key, service in named if service.kind == "map"]
    names = list(variables(text))
    files: list[Reference] = []
    for _, service in services_found:
        names += _names(service)
        files += _files(service)
    for section in ("secrets", "configs"):
        for key, what in tree.own_pairs(tree.get(root, section)):
            file = tree.get(what, "file")
            if file.text:
                files.append(Reference(file.text.removeprefix("./"), file.line, f"{section[:-1]} {key.text}"))
            if tree.text_of(what, "environment"):
                names.append(Name(tree.text_of(what, "environment"), key.line, SECRET))
    return Config(
        workflow=path.rpartition("/")[2],
        when=("deployment",),
        parts=tuple(Part(tree.lines(service, key=key), job=key.text) for key, service in services_found),
        names=tuple(names),
        files=tuple(files),
        given=tuple(given.in_tree(root)),
    )


def _names(service: Node) -> Iterator[Name]:
    environment = tree.get(service, "environment")
    yield from (Name(key.text, key.line, VARIABLE) for key, _ in tree.pairs(environment))
    if environment.kind == "list":
        yield from (Name(one.text.partition("=")[0], one.line, VARIABLE) for one in environment.items if one.text)
    for one in tree.items(tree.get(service, "secrets")):
        named = one.text or tree.text_of(one, "source")
        if named:
            yield Name(named, one.line, SECRET)


def _files(service: Node) -> Iterator[Reference]:
    for entry in tree.items(tree.get(service, "env_file")):
        found = entry if entry.kind == "text" else tree.get(entry, "path")
        if found.text:
            yield Reference(found.text.removeprefix("./"), found.line, "env_file")
    for volume in tree.items(tree.get(service, "volumes")):
        source = volume.text.partition(":")[0] if volume.kind == "text" else tree.text_of(volume, "source")
        if source.startswith("./") and len(source) > 2:
            yield Reference(source[2:], volume.line, "mounted file")
