"""Values that configuration gives to settings which sound like credentials: in YAML, commands and plain lines. Pure."""

import re
from collections.abc import Iterable, Iterator

from offkey.secret import Secret
from scanner.ci import judged, tree
from scanner.ci.config import Given
from scanner.ci.tree import Node

URL = "a URL"
HEADER = "a header"
LOGIN = "a login"
_LONGEST = 2_000
"""Characters of a line that are looked at, and of a value that stands in one."""
_VALUE = r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|\"'`)<>,\\]+)"
_ASSIGNED = re.compile(
    rf"(?:^|[\s;&|\"'(`,{{?])(?:-D|-P|/p:|-{{1,2}})?([A-Za-z_][\w.\-]{{0,100}})=(?![=~]){_VALUE}", re.MULTILINE
)
_FLAG = re.compile(r"(?:^|[\s\"'])--([a-z][\w-]{2,60})\s+(\"[^\"\n]*\"|'[^'\n]*'|[^\s\-\"'`;&|)][^\s\"'`;&|)]*)")
_LINE = re.compile(
    rf"^\s*(?:-\s+)?[\"']?([A-Za-z_][\w.\-]{{0,100}})[\"']?\s{{0,8}}(?::|=>|=)\s{{0,8}}{_VALUE}\s*[,;]?\s*$"
)
_LOGIN = (
    re.compile(r"\bcurl\b[^\n|;&]{0,100}\s(?:-u|--user)[= ]?[\"']?[^\s\"':$]+:([^\s\"']+)"),
    re.compile(
        r"\b(?:docker|podman|buildah|oras|nerdctl|az|helm)\b[^\n|;&]{0,100}\blogin\b[^\n|;&]{0,100}\s-p\s+[\"']?([^\s\"']+)"
    ),
    re.compile(r"\bsshpass\s+-p\s*[\"']?([^\s\"']+)"),
    re.compile(r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]{0,100}\s-p[\"']?([^\s\"'-][^\s\"']*)"),
)
_HEADER = re.compile(
    r"\b(Authorization|[\w-]{0,40}(?:Api-?Key|Token))\s?:\s?(?:Bearer\s|Basic\s|token\s)?\s?([^\s\"'`\\]{8,400})(?=[\"'`])",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,100}:[^\s/@\"'<>]{1,200}@[\w.\[$-]", re.IGNORECASE)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\(?")
_TELLS = ("pass", "pw", "secret", "token", "key", "cred", "auth", "dsn", "pat", "://", "login", "curl")
"""Without one of these a text gives no credential to anything."""
_READ = frozenset(
    ["description", "title", "summary", "help", "message", "comment", "notes", "doc", "docs", "license", "author",
     "if", "when"]
)  # fmt: skip
"""Keys whose text is for people, or a condition."""
_PROGRAMS = frozenset(
    ["run", "script", "before_script", "after_script", "command", "commands", "cmd", "args", "bash", "pwsh",
     "powershell", "shell", "inlineScript", "inline", "install", "entrypoint", "userdata", "user_data"]
)  # fmt: skip
_OF_ABOVE = frozenset(("default", "value", "defaultValue", "content", "_default"))
"""Keys that say of what the key above them names."""
_SECRETS = frozenset(("Secret", "SealedSecret"))
_DATA = (("data",), ("stringData",), ("spec", "encryptedData"))
_ENCRYPTED = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_WITHOUT = frozenset(
    ["username", "user", "login", "host", "hostname", "port", "database", "db", "dbname", "server", "namespace",
     "region", "email", "endpoint", "url", "uri", "name", "type", "crt", "cert", "ca", "certificate", "pub", "id",
     "version", "enabled"]
)  # fmt: skip
"""What stands in a Secret beside the secret."""


def give(name: str, text: str, lines: tuple[int, int]) -> Iterator[Given]:
    """What one setting holds, where that is a literal, a stand-in or encrypted."""
    form, how = judged.told(name, text)
    if form:
        yield Given(name or URL, lines, form, Secret(text.strip().encode("utf-8", "surrogatepass")), how)


def in_text(text: str, first: int = 1, *, program: bool = True) -> Iterator[Given]:
    """What the lines of a text assign: variables and options of commands; of what is no program `name: value`, too."""
    if not _tells(text):
        return
    for number, whole in enumerate(text.split("\n"), start=first):
        line = whole[:_LONGEST]
        if line.lstrip().startswith(("#", "//", ";", "REM ")) or not _tells(line):
            continue
        for pattern in (_ASSIGNED, _FLAG) if program else (_ASSIGNED, _FLAG, _LINE):
            for hit in pattern.finditer(line):
                yield from _plain(hit[1], hit[2], number)
        for pattern in _LOGIN:
            for hit in pattern.finditer(line):
                yield from give("password", hit[1], (number, number))
        for hit in _HEADER.finditer(line):
            yield from _renamed(give("authorization", hit[2], (number, number)), f"{HEADER} {hit[1]}")
        for hit in _IN_URL.finditer(line):
            yield from give("", hit[0], (number, number))


def _tells(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _TELLS)


def _renamed(given: Iterable[Given], name: str) -> Iterator[Given]:
    yield from (one._replace(name=name) for one in given)


def _plain(name: str, raw: str, line: int) -> Iterator[Given]:
    """A value as it stands in a line: text in quotes is taken as it is, other text unless it is code."""
    quoted = raw[:1] in "\"'"
    value = raw[1:-1] if quoted else raw
    if quoted or not (_DOTTED.fullmatch(value) or re.search(r"[()\[\]{}]", value.replace("${", "").replace("}", ""))):
        yield from give(name, value, (line, line))


def in_tree(root: Node) -> Iterator[Given]:
    """What the maps and lists of a document give, each thing under its key or under the `name` beside it."""
    seen: set[int] = set()
    waiting = [(root, "")]
    while waiting:
        node, name = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.kind == "text":
            yield from _text(node, name)
        elif node.kind == "list":
            # What is listed under `secrets` or `tokens` is named there; passwords are listed as they are.
            waiting += [
                (one, name if judged.sort(name) in ("", judged.PASSWORD) else "") for one in reversed(node.items)
            ]
        else:
            own = tree.own_pairs(node)
            if any(key.text == "kind" and value.text in _SECRETS for key, value in own):
                yield from _of_secret(node)
                seen.update(id(tree.get(node, *path)) for path in _DATA)
            called = next((value.text for key, value in own if key.text in ("name", "variable", "Name", "key")), "")
            for key, value in reversed(own):
                waiting.append((value, (called or name) if key.text in _OF_ABOVE else key.text))
            if len(own) == 1 and own[0][0].text == "secure":
                yield from _secure(own[0][1], name)


def _secure(value: Node, name: str) -> Iterator[Given]:
    """A value that a CI service encrypted for itself (Travis, AppVeyor)."""
    if _ENCRYPTED.fullmatch("".join(value.text.split())):
        called = name if judged.sort(name) else "secure"
        lines = (value.line, value.end)
        yield Given(called, lines, judged.ENCRYPTED, Secret(value.text.encode()), "by the service's key")


def _text(node: Node, name: str) -> Iterator[Given]:
    text = node.text
    if not text or (node.tag.startswith("!") and node.tag not in ("!", "!vault", "!unsafe")):
        return
    if text.startswith("$ANSIBLE_VAULT"):
        yield Given(name, (node.line, node.end), judged.ENCRYPTED, Secret(text.encode()), "Ansible Vault")
        return
    block = node.style in ("|", ">")
    if "\n" not in text.strip() or "PRIVATE KEY" in text:
        found = list(give(name, text, (node.line, node.end))) if len(text) < 20 * _LONGEST else []
        yield from found
        if found:
            return
    if name not in _READ and name != "secure":
        yield from in_text(text, node.line + block, program=name in _PROGRAMS or "\n" not in text)


def _of_secret(document: Node) -> Iterator[Given]:
    """The data of a Secret of Kubernetes, which its kind declares secret, and that of a SealedSecret."""
    for field, encoded in (("data", True), ("stringData", False)):
        for key, value in tree.own_pairs(tree.get(document, field)):
            if value.kind == "text" and value.text and not _beside(key.text):
                form, raw = judged.declared(key.text, value.text, encoded=encoded)
                if form:
                    how = judged.encryption(raw.decode("utf-8", "replace")) if form == judged.ENCRYPTED else ""
                    yield Given(key.text, (key.line, value.end), form, Secret(raw), how)
    for key, value in tree.own_pairs(tree.get(document, "spec", "encryptedData")):
        if value.text:
            lines = (key.line, value.end)
            yield Given(key.text, lines, judged.ENCRYPTED, Secret(value.text.encode()), "SealedSecret")


def _beside(name: str) -> bool:
    return re.split(r"[._-]", name.lower())[-1] in _WITHOUT
