"""Jenkins: pipelines in Groovy, and the XML of jobs.

Pipeline syntax: https://www.jenkins.io/doc/book/pipeline/syntax/; credentials in pipelines:
https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#handling-credentials and
https://www.jenkins.io/doc/pipeline/steps/credentials-binding/. Job DSL and configuration as code are not read.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from scanner.ci import braces, given, markup
from scanner.ci.config import VARIABLE, Config, Given, Name, Part, Reference, commands, joined, variables
from scanner.ci.paths import elsewhere, included
from scanner.ci.tree import LIMIT, Unreadable

TITLE = "Jenkins"
FILES = "`Jenkinsfile*`, `*.jenkinsfile`, `*.Jenkinsfile`, `config.xml` of jobs; what pipelines `load`"
READS = (
    "`credentials('id')`, `credentialsId`, `withCredentials`, `sshagent`, stages, `triggers`; in XML `credentialsId`, "
)
READS += "timers, polling, remote triggers, scripts"
DOCS = "https://www.jenkins.io/doc/book/pipeline/syntax/"

_PATH = re.compile(r"(?:^|/)(?:Jenkinsfile(?:[.\-_][^/]*)?|[^/]+\.jenkinsfile)$", re.IGNORECASE)
_XML = re.compile(r"(?:^|/)(?:jobs|jenkins(?:[-_]?jobs)?)/(?:.+/)?[^/]+\.xml$", re.IGNORECASE)
_STAGE = re.compile(r"\bstage\s*\(?\s*(?:name\s*:\s*)?(['\"])(.*?)\1")
_STARTED_BY = re.compile(
    r"\b(cron|parameterizedCron|pollSCM|upstream|githubPush|gitlab|GenericTrigger)\s*\(\s*"
    r"(?:'''([^']{0,500})'''|\"\"\"([^\"]{0,500})\"\"\"|'([^'\n]{1,200})'|\"([^\"\n]{1,200})\"|([^)\n]{0,200}))"
)
_SCRIPTED = re.compile(r"\bpipelineTriggers\s*\(\s*\[")
_CREDENTIALS = re.compile(r"\bcredentials\s*\(\s*(['\"])([^'\"\n]{1,200})\1\s*\)")
_ID = re.compile(r"\b(?:\w*[cC]redentials?Id|credentials)\s*[:=]\s*(['\"])([^'\"\n]{1,200})\1")
_AGENT = re.compile(r"\bsshagent\s*\(?\s*(?:credentials\s*:\s*)?\[?([^\]\n)]{1,400})")
_REGISTRY = re.compile(r"\bwithRegistry\s*\(\s*['\"][^'\"\n]*['\"]\s*,\s*(['\"])([^'\"\n]{1,200})\1")
_BOUND = re.compile(r"\b\w*[vV]ariable\s*:\s*(['\"])(\w+)\1")
_ASSIGNED = re.compile(r"(?:^|(?<=[{;]))[ \t]*([A-Za-z_]\w+)[ \t]*=(?!=)", re.MULTILINE)
_SHELL = re.compile(
    r"\b(?:sh|bat|powershell|pwsh)\b(?:[^\n'\"]{0,40}(?:'''[\s\S]*?(?:'''|\Z)|\"\"\"[\s\S]*?(?:\"\"\"|\Z))|[^\n]*)"
)
_LOAD = re.compile(r"(?<![.\w])load\s{0,8}\(?\s{0,8}(?:path\s{0,8}:\s{0,8})?(['\"])([^'\"\n]{1,400})\1")
_LIBRARY = re.compile(
    r"(?:@Library\s{0,8}\(|(?<![.\w])library\s{0,8}\(?\s{0,8}(?:identifier\s{0,8}:)?)\s{0,8}"
    r"(\[[^\]\n]{1,400}|['\"][^'\"\n]{1,200}['\"])"
)
_WORKSPACE = re.compile(r"^(?:\$\{?(?:env\.)?WORKSPACE\}?|\$\{pwd\(\)\})/")
_BRANCH = re.compile(
    r"\b(?:branch|tag|buildingTag|changeRequest|triggeredBy|environment)\b\s*\(?\s*(?:['\"]([^'\"\n]*)['\"])?"
)
_TEXT = re.compile(r"\b([A-Za-z_][\w.]{0,100})[ \t]*(?:=|:)[ \t]*(['\"])((?:(?!\2)[^\\\n]|\\.){0,2000})\2")
_PARAMETER = re.compile(
    r"\bname\s{0,8}:\s{0,8}['\"](\w{1,100})['\"]\s{0,8},\s{0,8}(?:defaultValue|value)\s{0,8}:\s{0,8}(['\"])([^'\"\n]{0,2000})\2"
)
CREDENTIAL = "credentials id"


def mine(path: str) -> bool:
    """Whether a file at this path is a pipeline or the XML of a job."""
    return _PATH.search(path) is not None or _XML.search(path) is not None


def parse(path: str, text: str) -> Config:
    """What a pipeline or a job says. Raises Unreadable."""
    if len(text) > LIMIT:
        raise Unreadable(f"longer than {LIMIT} characters")
    return _job(path, text) if path.endswith(".xml") else _pipeline(path, text)


def _pipeline(path: str, text: str) -> Config:
    source = braces.Text(text, hashes=False)
    parts = []
    when: list[str] = []
    crons: list[tuple[str, int]] = []
    asked = _Blocks(source, "when"), _Blocks(source, "not")
    for block in source.blocks:
        if stage := _STAGE.search(block.header):
            parts.append(Part(((block.first, block.last),), job=stage[2], when=_only(source, block, *asked)))
    for block in _Blocks(source, "triggers").outermost():
        _started(source, block.start, block.end, (when, crons))
    for hit in _SCRIPTED.finditer(source.plain):
        end = source.plain.find("])", hit.end(), hit.end() + _FAR)
        _started(source, hit.end(), end if end >= 0 else hit.end() + _FAR, (when, crons))
    return Config(
        workflow=path,
        when=joined(when) or ("as set up in Jenkins",),
        parts=tuple(parts),
        names=tuple(_named(source)),
        files=tuple(_scripts(source)),
        crons=tuple(crons),
        given=tuple(_given(source)),
    )


_TIMED = {"cron": "schedule", "parameterizedCron": "schedule", "pollSCM": "polling"}
_FAR = 2_000
_NEGATIONS = 50


def _started(source: braces.Text, start: int, end: int, told: tuple[list[str], list[tuple[str, int]]]) -> None:
    """Add the triggers between two offsets to the ways of starting, and to the schedules."""
    when, crons = told
    for hit in _STARTED_BY.finditer(source.plain, start, end):
        kind = _TIMED.get(hit[1])
        if kind is None:
            when.append(hit[1])
            continue
        text = next(filter(None, hit.groups()[1:]), "")
        for one in filter(None, (line.strip() for line in text.split("\n"))):
            when.append(f"{kind} {one}")
            crons.append((one, source.line(hit.start())))


class _Blocks:
    """The blocks whose header ends so, to be found by where they begin."""

    def __init__(self, source: braces.Text, ending: str) -> None:
        self._found = [block for block in source.blocks if block.header.endswith(ending)]
        self._starts = [block.start for block in self._found]

    def within(self, start: int, end: int) -> Iterator[braces.Block]:
        """Those that begin between two offsets."""
        yield from self._found[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def outermost(self) -> Iterator[braces.Block]:
        """Those that lie in no other one: what these hold is looked at once."""
        done = 0
        for block in self._found:
            if block.start >= done:
                done = block.end
                yield block


def _only(source: braces.Text, stage: braces.Block, asked: _Blocks, denied: _Blocks) -> tuple[str, ...] | None:
    """What `when` in a stage asks for, in its words."""
    for block in asked.within(stage.start, min(stage.end, stage.start + _FAR)):
        if block.depth == stage.depth + 1:
            end = min(block.end, block.start + _FAR)
            turned = list(denied.within(block.start, end))
            found = []
            for hit in _BRANCH.finditer(source.plain, block.start, end):
                times = sum(one.start <= hit.start() < one.end for one in turned[:_NEGATIONS])
                found.append(f"when {'not ' * times}{' '.join(hit[0].split()).rstrip(' (')}")
            return joined(found) or None
    return None


def _named(source: braces.Text) -> Iterator[Name]:
    text = source.plain
    for pattern in (_CREDENTIALS, _ID, _REGISTRY):
        yield from (Name(hit[2], source.line(hit.start()), CREDENTIAL) for hit in pattern.finditer(text))
    for hit in _AGENT.finditer(text):
        ids = re.findall(r"['\"]([^'\"\n]+)['\"]", hit[1])
        yield from (Name(one, source.line(hit.start()), CREDENTIAL) for one in ids)
    yield from (Name(hit[2], source.line(hit.start()), VARIABLE) for hit in _BOUND.finditer(text))
    for block in _Blocks(source, "environment").outermost():
        for hit in _ASSIGNED.finditer(text, block.start, block.end):
            yield Name(hit[1], source.line(hit.start(1)), VARIABLE)
    yield from variables(text)


def _given(source: braces.Text) -> Iterator[Given]:
    """Text in quotes that a variable, a named argument or a parameter is given, and what shell commands assign."""
    for pattern in (_TEXT, _PARAMETER):
        for hit in pattern.finditer(source.plain):
            line = source.line(hit.start(3))
            yield from given.give(hit[1], hit[3], (line, line))
    yield from given.in_text(source.plain)


def _scripts(source: braces.Text) -> Iterator[Reference]:
    for hit in _SHELL.finditer(source.plain):
        yield from commands(hit[0], source.line(hit.start()))
    for hit in _LOAD.finditer(source.plain):
        yield included(_WORKSPACE.sub("", hit[2]), source.line(hit.start()))
    for hit in _LIBRARY.finditer(source.plain):
        for name in re.findall(r"['\"]([^'\"\n]+)['\"]", hit[1]):
            yield elsewhere(f"library {name}", source.line(hit.start()))


def _job(path: str, text: str) -> Config:
    names: list[Name] = []
    when: list[str] = []
    crons: list[tuple[str, int]] = []
    files: list[Reference] = []
    held: list[Given] = []
    names_above: dict[tuple[str, ...], str] = {}
    for element in markup.elements(text):
        tag, told = element.tag, element.text.strip()
        if tag == "name":
            names_above[element.path[:-1]] = told
        held += _held(element, names_above.get(element.path[:-1], ""))
        above = element.path[-2] if len(element.path) > 1 else ""
        if tag in ("credentialsId", "credentialId") and told:
            names.append(Name(told, element.line, CREDENTIAL))
        elif tag == "spec" and told and above.endswith(("TimerTrigger", "SCMTrigger")):
            kind = "schedule" if above.endswith("TimerTrigger") else "polling"
            for one in filter(None, (line.strip() for line in told.split("\n"))):
                when.append(f"{kind} {one}")
                crons.append((one, element.line))
        elif tag.endswith(("GitHubPushTrigger", "GitLabPushTrigger")):
            when.append("push")
        elif tag == "authToken":
            when.append("remote trigger with a token")
        elif tag in ("command", "script"):
            names += [name._replace(line=name.line + element.line - 1) for name in variables(told)]
            files += commands(told, element.line)
            inner = braces.Text(told, hashes=False)
            names += [name._replace(line=name.line + element.line - 1) for name in _named(inner)]
    named = path.split("/")
    job = named[-2] if named[-1] == "config.xml" and len(named) > 1 else named[-1].removesuffix(".xml")
    whole = ((1, text.count("\n") + 1),)
    return Config(
        workflow=path, when=joined(when) or ("as set up in Jenkins",), parts=(Part(whole, job=job),),
        names=tuple(names), files=tuple(files), crons=tuple(crons), given=tuple(held),
    )  # fmt: skip


def _held(element: markup.Element, parameter: str) -> Iterator[Given]:
    """What an element of a job holds itself; Jenkins encrypts what it takes for a secret."""
    lines = (element.line, element.end)
    if element.tag in ("command", "script"):
        yield from given.in_text(element.text, element.line)
    elif element.tag in ("defaultValue", "value"):
        yield from given.give(parameter, element.text, lines)
    elif element.text.strip():
        yield from given.give(element.tag, element.text, lines)
