"""Python: a string literal becomes `os.environ["NAME"]`, inside a longer string an f-string."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

from offboarding.remedy.literal import CannotRewrite, Literal, splice

LITERAL = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: int
    start: int
    end: int


def rewrite(path: str, text: str, literals: list[Literal]) -> str:
    """The source with each literal replaced, `import os` added where needed. Raises `CannotRewrite`."""
    tree = _parse(text, "the file is not valid Python")
    docstrings = _docstring_starts(tree, text)
    pieces = []
    for token, inside in _by_token(text, literals):
        source = text[token.start : token.end]
        local = [Literal(item.start - token.start, item.end - token.start, item.name) for item in inside]
        if token.kind == tokenize.COMMENT or token.start in docstrings:
            new = splice(source, [(item.start, item.end, f"<{item.name}>") for item in local])
        else:
            new = _replace_string(source, local)
        pieces.append((token.start, token.end, new))
    changed = splice(text, pieces)
    if "os.environ" in changed and not _imports_os(tree):
        changed = _with_import(changed)
    _parse(changed, "the rewritten file would not be valid Python")
    return changed


def _parse(text: str, complaint: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        raise CannotRewrite(complaint) from None


def _by_token(text: str, literals: list[Literal]) -> list[tuple[_Token, list[Literal]]]:
    found: dict[_Token, list[Literal]] = {}
    tokens = _tokens(text)
    for literal in literals:
        holder = [token for token in tokens if token.start <= literal.start and literal.end <= token.end]
        if not holder:
            raise CannotRewrite("the value is not inside one string literal")
        found.setdefault(holder[0], []).append(literal)
    return list(found.items())


def _tokens(text: str) -> list[_Token]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    wanted, opened = [], []
    begin = getattr(tokenize, "FSTRING_START", -1)  # Python 3.12 splits an f-string into several tokens
    finish = getattr(tokenize, "FSTRING_END", -1)
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        if token.type == begin:
            opened.append(start)
        elif token.type == finish:
            wanted.append(_Token(tokenize.STRING, opened.pop(), end))
        elif token.type in (tokenize.STRING, tokenize.COMMENT) and not opened:
            wanted.append(_Token(token.type, start, end))
    return wanted


def _replace_string(source: str, inside: list[Literal]) -> str:
    match = LITERAL.fullmatch(source)
    if match is None:
        raise CannotRewrite("a string literal of an unknown form")
    prefix, quote, body = match["prefix"].lower(), match["quote"], match["body"]
    if len(inside) == 1 and (inside[0].start, inside[0].end) == match.span("body"):
        name = inside[0].name
        return f'os.environb[b"{name}"]' if "b" in prefix else f'os.environ["{name}"]'
    if "b" in prefix:
        raise CannotRewrite("the value is part of a bytes literal")
    other = '"' if quote[0] == "'" else "'"
    offset = match.start("body")
    cuts, at = [], 0
    for item in inside:
        cuts.append(_braces(body[at : item.start - offset], prefix))
        cuts.append(f"{{os.environ[{other}{item.name}{other}]}}")
        at = item.end - offset
    cuts.append(_braces(body[at:], prefix))
    return f"{prefix if 'f' in prefix else prefix.replace('u', '') + 'f'}{quote}{''.join(cuts)}{quote}"


def _braces(piece: str, prefix: str) -> str:
    return piece if "f" in prefix else piece.replace("{", "{{").replace("}", "}}")


def _docstring_starts(tree: ast.Module, text: str) -> set[int]:
    """Offsets of string statements: text for people, where an expression would make no sense."""
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    statements = (
        node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
    return {
        # ast counts columns in UTF-8 bytes
        offsets[node.lineno - 1] + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        for node in statements
    }


def _imports_os(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Import) and any(alias.name == "os" and alias.asname is None for alias in node.names)
        for node in tree.body
    )


def _with_import(text: str) -> str:
    """`import os` before the first ordinary import, or after docstring and `__future__` imports."""
    lines = text.splitlines(keepends=True)
    body = _parse(text, "the rewritten file would not be valid Python").body
    after = 0
    for node in body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node is body[0]
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_docstring or is_future):
            break
        after = node.end_lineno or 0
    while after < len(lines) and (lines[after].startswith("#") or not lines[after].strip()):
        after += 1
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    follows_import = after < len(lines) and lines[after].startswith(("import ", "from "))
    return "".join([*lines[:after], f"import os{newline}", *([] if follows_import else [newline]), *lines[after:]])
