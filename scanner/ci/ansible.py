"""Ansible. Playbooks: https://docs.ansible.com/ansible/latest/playbook_guide/; vault:
https://docs.ansible.com/ansible/latest/vault_guide/; lookups: https://docs.ansible.com/ansible/latest/plugins/lookup.html.
"""

import re
from collections.abc import Iterator

from offkey.secret import Secret
from scanner.ci import given, tree
from scanner.ci.config import SECRET, VARIABLE, Config, Given, Name, Part, Reference, numbering, sounds_secret
from scanner.ci.judged import ENCRYPTED
from scanner.ci.tree import Node

TITLE = "Ansible"
FILES = "playbooks (`site.yml`, `playbook*.yml`, `playbooks/`), `roles/`, `group_vars/`, `host_vars/`, inventories, "
FILES += "`ansible.cfg`"
READS = "variables that sound like secrets, `lookup('env', 'X')` and other lookups, vaulted values by name, "
READS += "password files, `vars_files`, `src`; a play is a job, a task a step"
DOCS = "https://docs.ansible.com/ansible/latest/playbook_guide/index.html"

_PATH = re.compile(
    r"(?:^|/)(?:site|(?:[\w-]*-)?playbook[\w-]*)\.ya?ml$|(?:^|/)playbooks/.+\.ya?ml$"
    r"|(?:^|/)roles/[^/]+/(?:tasks|vars|defaults|handlers|meta|files|templates)/.+\.ya?ml$"
    r"|(?:^|/)(?:group|host)_vars/.+|(?:^|/)ansible\.cfg$|(?:^|/)ansible/.+\.ya?ml$|(?:^|/)inventor(?:y|ies)(?:/.+|\.(?:ini|ya?ml))$"
)
_LOOKUP = re.compile(
    r"\b(?:lookup|query|q)\(\s*['\"](?:[\w.]+\.)?(env|password|passwordstore|hashi_vault|vault_kv2_get|aws_secret|"
    r"secretsmanager_secret|aws_ssm|ssm_parameter|file|onepassword|bitwarden)['\"]\s*,\s*['\"]([^'\"\n]{1,200})['\"]"
)
_USED = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)")
_ASSIGNED = re.compile(r"^\s*([A-Za-z_]\w*)\s*[:=]")
_PASSWORDS = re.compile(r"^\s*(vault_password_file|private_key_file|vault_identity_list)\s*=\s*(\S+)", re.MULTILINE)
_CONNECTION = re.compile(r"\b(ansible_(?:ssh_|become_|sudo_)?pass(?:word)?|ansible_ssh_private_key_file)\s*[:=]")


def mine(path: str) -> bool:
    """Whether a file at this path is a playbook, part of a role, variables or an inventory."""
    return _PATH.search(path) is not None


def parse(path: str, text: str) -> Config:
    """Plays and tasks with the names they use. Raises Unreadable."""
    if text.startswith("$ANSIBLE_VAULT"):
        whole = Given("the file", (1, text.count("\n") + 1), ENCRYPTED, Secret(text.encode()), "Ansible Vault")
        return Config(workflow=path, names=(Name("an encrypted file", 1, SECRET),), given=(whole,))
    names = list(_names(text))
    if not path.endswith((".yml", ".yaml")):
        line = numbering(text)
        files = (Reference(hit[2], line(hit.start(1)), hit[1]) for hit in _PASSWORDS.finditer(text))
        return Config(
            workflow=path, when=("when it is played",), names=tuple(names), files=tuple(files),
            given=tuple(given.in_text(text, program=False)),
        )  # fmt: skip
    documents = tree.documents(_tagless(text))
    parts: list[Part] = []
    refs: list[Reference] = []
    for document in documents:
        for number, entry in enumerate(tree.items(document), start=1):
            if entry.kind == "map" and document.kind == "list":
                parts += _play(entry, number)
        refs += _files(document)
    return Config(
        workflow=path, when=("when it is played",), parts=tuple(parts), names=tuple(names), files=tuple(refs),
        given=tuple(one for document in documents for one in given.in_tree(document)),
    )  # fmt: skip


def _tagless(text: str) -> str:
    """Jinja at the start of a value, which YAML takes for a map, is blanked; whole lines keep their place."""
    return tree.without_templates(text) if "{%" in text or re.search(r":\s*\{\{", text) else text


def _play(entry: Node, number: int) -> Iterator[Part]:
    hosts = ", ".join(tree.texts(tree.get(entry, "hosts")))
    called = tree.text_of(entry, "name") or (f"play {number}" if hosts else f"task {number}")
    if not hosts:
        yield Part(tree.lines(entry), job="", step=called)
        return
    yield Part(tree.lines(entry), job=called, environment=hosts)
    for field in ("pre_tasks", "tasks", "post_tasks", "handlers"):
        for at, task in enumerate(tree.items(tree.get(entry, field)), start=1):
            yield Part(
                tree.lines(task), job=called, step=tree.text_of(task, "name") or f"{field} {at}", environment=hosts
            )


def _names(text: str) -> Iterator[Name]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith(("#", ";")):
            continue
        for hit in _LOOKUP.finditer(line):
            yield Name(hit[2], number, VARIABLE if hit[1] == "file" else SECRET)
        for hit in _USED.finditer(line):
            if sounds_secret(hit[1]):
                yield Name(hit[1], number, VARIABLE)
        assigned = _ASSIGNED.match(line)
        if assigned and ("!vault" in line or sounds_secret(assigned[1])):
            yield Name(assigned[1], number, SECRET if "!vault" in line else VARIABLE)
        yield from (Name(hit[1], number, SECRET) for hit in _CONNECTION.finditer(line))


def _files(document: Node) -> Iterator[Reference]:
    for node in tree.walk(document):
        for key, value in tree.own_pairs(node):
            if key.text in ("vars_files", "include_vars", "src", "import_playbook", "include_tasks", "import_tasks"):
                for one in tree.items(value):
                    if one.text and "{" not in one.text and not one.text.startswith("/"):
                        yield Reference(one.text.removeprefix("./"), one.line, key.text)
