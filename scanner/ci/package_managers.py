"""Configuration of package managers and of `netrc`, in which credentials of registries stand or are named.

npm: https://docs.npmjs.com/cli/configuring-npm/npmrc; PyPI: https://packaging.python.org/specifications/pypirc/; pip:
https://pip.pypa.io/en/stable/topics/configuration/; netrc: https://www.gnu.org/software/inetutils/manual/html_node/
The-_002enetrc-file.html; Maven: https://maven.apache.org/settings.html#servers; Gradle:
https://docs.gradle.org/current/userguide/build_environment.html.
"""

import re
from collections.abc import Iterator

from scanner.ci import given, markup
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, numbering, sounds_secret, variables

TITLE = "Package managers and netrc"
FILES = "`.npmrc`, `.yarnrc*`, `.pypirc`, `pip.conf`, `pip.ini`, `.netrc`, `_netrc`, Maven `settings.xml`, "
FILES += "`gradle.properties`"
READS = "registries, servers and hosts by name, `${X}` and `${env.X}`, settings that sound like secrets"
DOCS = "https://maven.apache.org/settings.html#servers"

_PATH = re.compile(
    r"(?:^|/)(?:\.npmrc|\.yarnrc(?:\.ya?ml)?|\.pypirc|pip\.(?:conf|ini)|[._]netrc|(?:[\w.-]*-)?settings[\w.-]*\.xml|"
    r"(?:gradle|local)\.properties)$",
    re.IGNORECASE,
)
_SECTION = re.compile(r"^\s*\[([^\]\n]+)\]", re.MULTILINE)
_MACHINE = re.compile(r"(?:^|\s)(machine\s+(\S+)|default)(?=\s|$)")
_KEY = re.compile(r"^\s*([\w.\-/:@]+?)\s*[=:]", re.MULTILINE)
_VALUE = re.compile(r"\s*([\w.\-/:@]{1,300}?)\"?\s*(?:=|:(?=\s))\s*(\S.*?)\s*$")
_LONGEST = 2_000
_PASSWORD = re.compile(r"(?<!\S)password\s+(\S{1,400})")
_REGISTRY = re.compile(r"^\s*(//[^\s=]+?)/?:(_authToken|_auth|_password|username|certfile|keyfile)\s*=", re.MULTILINE)
_EACH = re.compile(r"\$\{(?:env\.)?([A-Za-z_][\w.]*)[?:}]")


def mine(path: str) -> bool:
    """Whether a file at this path configures a package manager, or is a netrc."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The registries and servers of a file. Raises Unreadable for XML that is none."""
    name = path.rpartition("/")[2].lower()
    if name.endswith(".xml"):
        return _maven(path, text)
    names = [*variables(text), *_used(text)]
    line = numbering(text)
    if "netrc" in name:
        parts = _stretches(text, _MACHINE)
    elif name == ".pypirc" or name.startswith("pip."):
        parts = _stretches(text, _SECTION)
    else:
        parts = [Part(((line(hit.start(1)),) * 2,), job=hit[1]) for hit in _REGISTRY.finditer(text)]
        names += [Name(f"{hit[1]}:{hit[2]}", line(hit.start(1))) for hit in _REGISTRY.finditer(text)]
    names += [
        Name(hit[1], line(hit.start(1)), VARIABLE)
        for hit in _KEY.finditer(text)
        if sounds_secret(hit[1].rpartition(":")[2])
    ]
    told = _of_machines(text) if "netrc" in name else _given(text)
    return Config(
        workflow=path.rpartition("/")[2], when=("install or publish",), parts=tuple(parts), names=tuple(names),
        given=tuple(told),
    )  # fmt: skip


def _given(text: str) -> Iterator[Given]:
    for number, line in enumerate(text.split("\n"), start=1):
        hit = None if line.lstrip().startswith(("#", ";", "!")) else _VALUE.match(line[:_LONGEST])
        if hit:
            for one in given.give(hit[1].rpartition(":")[2], hit[2].strip("\"'"), (number, number)):
                yield one._replace(name=hit[1])


def _of_machines(text: str) -> Iterator[Given]:
    line = numbering(text)
    for hit in _PASSWORD.finditer(text):
        yield from given.give("password", hit[1].strip("\"'"), (line(hit.start(1)),) * 2)


def _used(text: str) -> Iterator[Name]:
    for number, line in enumerate(text.split("\n"), start=1):
        yield from (Name(hit[1], number, VARIABLE) for hit in _EACH.finditer(line))


def _stretches(text: str, mark: re.Pattern[str]) -> list[Part]:
    """A part for each section, up to the next."""
    line = numbering(text)
    hits = list(mark.finditer(text))
    starts = [line(hit.start(1)) for hit in hits] + [text.count("\n") + 2]
    called = [hit[hit.re.groups] or hit[1] for hit in hits]
    return [
        Part(((first, max(first, after - 1)),), job=job)
        for job, first, after in zip(called, starts, starts[1:], strict=False)
    ]


def _maven(path: str, text: str) -> Config:
    parts = []
    names = list(_used(text))
    ids: dict[int, str] = {}
    told: list[Given] = []
    for element in markup.elements(text):
        if element.text.strip():
            told += given.give(element.tag, element.text, (element.line, element.end))
        if element.path[-2:] == ("server", "id"):
            ids[element.line] = element.text.strip()
        elif element.tag == "server":
            called = next((name for line, name in ids.items() if element.line <= line <= element.end), "server")
            parts.append(Part(((element.line, element.end),), job=f"server {called}"))
            names.append(Name(called, element.line, SECRET))
            ids.clear()
    return Config(
        workflow=path.rpartition("/")[2], when=("build or deploy",), parts=tuple(parts), names=tuple(names),
        given=tuple(told),
    )  # fmt: skip
