"""Jenkins: pipelines in Groovy, and the XML of jobs.

Pipeline syntax: https://www.jenkins.io/doc/book/pipeline/syntax/; credentials in pipelines:
https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#handling-credentials and
https://www.jenkins.io/doc/pipeline/steps/credentials-binding/. Job DSL and configuration as code are not read.
"""

import re
from collections.abc import Iterator

from scanner.ci import braces, markup
from scanner.ci.config import VARIABLE, Config, Name, Part, Reference, commands, joined, variables
from scanner.ci.tree import LIMIT, Unreadable

TITLE = "Jenkins"
FILES = "`Jenkinsfile*`, `*.jenkinsfile`, `*.Jenkinsfile`, `config.xml` of jobs"
READS = (
    "`credentials('id')`, `credentialsId`, `withCredentials`, `sshagent`, stages, `triggers`; in XML `credentialsId`, "
)
READS += "timers, polling, remote triggers, scripts"
DOCS = "https://www.jenkins.io/doc/book/pipeline/syntax/"

_PATH = re.compile(r"(?:^|/)(?:Jenkinsfile(?:[.\-_][^/]*)?|[^/]+\.jenkinsfile)$", re.IGNORECASE)
_XML = re.compile(r"(?:^|/)(?:jobs|jenkins(?:[-_]?jobs)?)/(?:.+/)?[^/]+\.xml$", re.IGNORECASE)
_STAGE = re.compile(r"\bstage\s*\(?\s*(?:name\s*:\s*)?(['\"])(.*?)\1")
_STARTED_BY = re.compile(r"\b(cron|pollSCM|upstream|githubPush|gitlab|GenericTrigger)\s*\(([^)\n]{0,200})")
_CREDENTIALS = re.compile(r"\bcredentials\s*\(\s*(['\"])([^'\"\n]{1,200})\1\s*\)")
_ID = re.compile(
    r"\b(?:credentialsId|credentials|sshCredentialsId|registryCredentialsId)\s*[:=]\s*(['\"])([^'\"\n]{1,200})\1"
)
_AGENT = re.compile(r"\bsshagent\s*\(?\s*(?:credentials\s*:\s*)?\[?([^\]\n)]{1,400})")
_REGISTRY = re.compile(r"\bwithRegistry\s*\(\s*['\"][^'\"\n]*['\"]\s*,\s*(['\"])([^'\"\n]{1,200})\1")
_BOUND = re.compile(r"\b\w*[vV]ariable\s*:\s*(['\"])(\w+)\1")
_ASSIGNED = re.compile(r"^[ \t]*([A-Z][A-Z0-9_]+)\s*=", re.MULTILINE)
_BRANCH = re.compile(
    r"\b(?:branch|tag|buildingTag|changeRequest|triggeredBy|environment)\b\s*\(?\s*(?:['\"]([^'\"\n]*)['\"])?"
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
    for block in source.blocks:
        body = source.plain[block.start : block.end]
        if stage := _STAGE.search(block.header):
            parts.append(Part(((block.first, block.last),), job=stage[2], when=_only(source, block)))
        elif block.header.endswith("triggers"):
            for hit in _STARTED_BY.finditer(body):
                told = hit[2].strip(" '\"")
                when.append(_TIMED.get(hit[1], hit[1]) + (f" {told}" if hit[1] in _TIMED else ""))
                if hit[1] in _TIMED:
                    crons.append((told, source.line(block.start + hit.start())))
    return Config(
        workflow=path,
        when=joined(when) or ("as set up in Jenkins",),
        parts=tuple(parts),
        names=tuple(_named(source)),
        files=tuple(_scripts(source)),
        crons=tuple(crons),
    )


_TIMED = {"cron": "schedule", "pollSCM": "polling"}


def _only(source: braces.Text, stage: braces.Block) -> tuple[str, ...] | None:
    """What `when` in a stage asks for, in its words."""
    for block in source.blocks:
        if stage.start <= block.start < stage.end and block.depth == stage.depth + 1 and block.header.endswith("when"):
            found = [" ".join(hit[0].split()) for hit in _BRANCH.finditer(source.plain, block.start, block.end)]
            return tuple(f"when {one}" for one in dict.fromkeys(found)) or None
    return None


def _named(source: braces.Text) -> Iterator[Name]:
    text = source.plain
    for pattern in (_CREDENTIALS, _ID, _REGISTRY):
        yield from (Name(hit[2], source.line(hit.start()), CREDENTIAL) for hit in pattern.finditer(text))
    for hit in _AGENT.finditer(text):
        ids = re.findall(r"['\"]([^'\"\n]+)['\"]", hit[1])
        yield from (Name(one, source.line(hit.start()), CREDENTIAL) for one in ids)
    yield from (Name(hit[2], source.line(hit.start()), VARIABLE) for hit in _BOUND.finditer(text))
    for block in source.blocks:
        if block.header.endswith("environment"):
            for hit in _ASSIGNED.finditer(text, block.start, block.end):
                yield Name(hit[1], source.line(hit.start(1)), VARIABLE)
    yield from variables(text)


def _scripts(source: braces.Text) -> Iterator[Reference]:
    for hit in re.finditer(r"\b(?:sh|bat|load|powershell)\b[^\n]*", source.plain):
        yield from commands(hit[0], source.line(hit.start()))


def _job(path: str, text: str) -> Config:
    names: list[Name] = []
    when: list[str] = []
    crons: list[tuple[str, int]] = []
    files: list[Reference] = []
    for element in markup.elements(text):
        tag, told = element.tag, element.text.strip()
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
        names=tuple(names), files=tuple(files), crons=tuple(crons),
    )  # fmt: skip
