"""Terraform, OpenTofu and Terragrunt.

https://developer.hashicorp.com/terraform/language/syntax/configuration, variables and `TF_VAR_`:
https://developer.hashicorp.com/terraform/language/values/variables.
"""

import re
from collections.abc import Iterator

from scanner.ci import braces, given
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, Reference, sounds_secret
from scanner.ci.tree import LIMIT, Unreadable

TITLE = "Terraform"
FILES = "`*.tf`, `*.tofu`, `*.tfvars`, `*.tfvars.json`, `terragrunt.hcl`"
READS = "variables declared and used, what `tfvars` set, secrets of stores and CI by name, files read; a block is a job"
DOCS = "https://developer.hashicorp.com/terraform/language/syntax/configuration"

_PATH = re.compile(r"\.(?:tf|tofu|tfvars|tfvars\.json)$|(?:^|/)terragrunt\.hcl$")
_QUOTED = re.compile(r'"([^"\n]*)"')
_USED = re.compile(r"\bvar\.([A-Za-z_][\w-]*)")
_SET = re.compile(r"^\s*[\"']?([A-Za-z_][\w-]*)[\"']?\s*[=:]", re.MULTILINE)
_ENV = re.compile(r"\b(?:get_env\(\s*\"|TF_VAR_)([A-Za-z_]\w*)")
_NAMED = re.compile(r'\b(?:secret_name|secret_id|name|variable_name|key|path)\s*=\s*"([^"\n$]{1,200})"')
_STORE = re.compile(
    r"(?:secret|ssm_parameter|vault_|ci_variable|project_variable|pipeline_variable|_credential|password|env_var)",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\b(?:file|templatefile|filebase64|read_terragrunt_config|sops_decrypt_file)\(\s*\"(?:\$\{path\.module\}/)?([^\"$\n]+)\""
)
_STRING = r"\"((?:[^\"\\\n]|\\.){0,2000})\""
_TEXT = re.compile(rf"(?:^|(?<=[\s{{,(\"]))([A-Za-z_][\w.-]{{0,100}})\"?[ \t]*[=:][ \t]*{_STRING}", re.MULTILINE)
_PAIR = re.compile(
    rf"\"?\bname\"?\s{{0,20}}[=:]\s{{0,20}}{_STRING}\s{{0,40}},?\s{{0,40}}\"?value\"?\s{{0,20}}[=:]\s{{0,20}}{_STRING}"
)
_HEREDOC = re.compile(
    r"([A-Za-z_][\w-]{0,100})[ \t]*=[ \t]*<<[-~]?(\w+)\n(-----BEGIN [\s\S]{0,20000}?)^\s*\2\s*$", re.MULTILINE
)
_DEFAULT = re.compile(rf"^[ \t]*default[ \t]*=[ \t]*{_STRING}", re.MULTILINE)


def mine(path: str) -> bool:
    """Whether a file at this path describes infrastructure."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """The blocks of a file. Raises Unreadable when it is too long."""
    if len(text) > LIMIT:
        raise Unreadable(f"longer than {LIMIT} characters")
    source = braces.Text(text, hashes=True)
    plain = source.plain
    names = [Name(hit[1], source.line(hit.start()), VARIABLE) for hit in _USED.finditer(plain)]
    names += [Name(hit[1], source.line(hit.start()), VARIABLE) for hit in _ENV.finditer(plain)]
    if path.endswith((".tfvars", ".tfvars.json")):
        names += [Name(hit[1], source.line(hit.start(1)), VARIABLE) for hit in _SET.finditer(plain)]
    return Config(
        workflow=path,
        when=("apply",),
        parts=tuple(_blocks(source)),
        names=(*names, *_declared(source)),
        files=tuple(Reference(hit[1], source.line(hit.start()), "file") for hit in _FILE.finditer(plain)),
        given=(*_given(source), *given.in_text(plain)),
    )


def _blocks(source: braces.Text) -> Iterator[Part]:
    for block in source.blocks:
        if block.depth == 0 and block.header and "=" not in block.header:
            yield Part(((block.first, block.last),), job=" ".join(block.header.replace('"', "").split()))


def _given(source: braces.Text) -> Iterator[Given]:
    """Arguments and keys that a text in quotes is given to, defaults of variables, and `name` with `value`."""
    for hit in _TEXT.finditer(source.plain):
        line = source.line(hit.start(2))
        yield from given.give(hit[1], hit[2], (line, line))
    for hit in _PAIR.finditer(source.plain):
        line = source.line(hit.start(2))
        yield from given.give(hit[1], hit[2], (line, line))
    for hit in _HEREDOC.finditer(source.plain):
        yield from given.give(hit[1], hit[3], (source.line(hit.start(1)), source.line(hit.end(3))))
    for block in source.blocks:
        if block.depth == 0 and block.header.startswith("variable"):
            for hit in _DEFAULT.finditer(source.plain, block.start, block.end):
                line = source.line(hit.start(1))
                yield from given.give("".join(_QUOTED.findall(block.header)), hit[1], (line, line))


def _declared(source: braces.Text) -> Iterator[Name]:
    """Variables that are declared, and the names of secrets in stores and CI systems."""
    for block in source.blocks:
        labels = _QUOTED.findall(block.header)
        if block.depth or not labels:
            continue
        kind = block.header.split('"')[0].strip()
        body = source.plain[block.start : block.end]
        if kind == "variable":
            how = SECRET if re.search(r"\bsensitive\s*=\s*true\b", body) else VARIABLE
            yield Name(labels[0], block.first, how)
        elif kind in ("data", "resource") and _STORE.search(labels[0]):
            for hit in _NAMED.finditer(source.plain, block.start, block.end):
                yield Name(hit[1], source.line(hit.start()), SECRET)
        elif kind == "provider":
            for hit in _SET.finditer(source.plain, block.start, block.end):
                if sounds_secret(hit[1]):
                    yield Name(hit[1], source.line(hit.start(1)), VARIABLE)
