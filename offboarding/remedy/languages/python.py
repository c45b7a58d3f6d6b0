"""Python, by the standard library: a string becomes `os.environ["NAME"]`, inside a longer string an f-string."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from offboarding.remedy.literal import (
    REMOVED,
    CannotRewrite,
    Edited,
    Literal,
    between,
    concatenated,
    interpolated,
    redacted,
    splice,
)

STRING = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)
REFERENCE = 'os.environ["{}"]'


@dataclass(frozen=True, slots=True)
class _Token:
    """`beside`: another string literal stands directly before or behind, and Python makes one of them."""

    kind: int
    start: int
    end: int
    beside: bool = False


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The source with each literal replaced, `import os` added where needed. Raises `CannotRewrite`.

    What comes out is proven: with the values put back in place of the references it is the program that it was.
    """
    tree = _parse(text, "the file is not valid Python")
    prose = _string_statements(tree, text)
    pieces, used = [], []
    for token, inside in _by_token(text, literals):
        if token.kind == tokenize.COMMENT or token.start in prose:
            new = redacted(text, inside, token.start, token.end)
        else:
            new = _replaced(text, token, inside)
            used.append(text.count("\n", 0, token.start) + 1)
        pieces.append((token.start, token.end, new))
    changed = splice(text, pieces)
    if used and not _has_os(tree, used):
        changed = _with_import(changed, tree, min(used))
    values = {literal.name: text[literal.start : literal.end] for literal in literals}
    if _meaning(tree, values) != _meaning(_parse(changed, "the rewritten file would not be valid Python"), values):
        raise CannotRewrite("the rewritten file would parse differently")
    return Edited(changed)


def _parse(text: str, complaint: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of their escapes is not our concern
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CannotRewrite(complaint) from None


def _by_token(text: str, literals: list[Literal]) -> list[tuple[_Token, list[Literal]]]:
    found: dict[_Token, list[Literal]] = {}
    try:
        tokens = list(_tokens(text))
    except (tokenize.TokenError, SyntaxError):
        raise CannotRewrite("the file is not valid Python") from None
    for literal in literals:
        holder = [token for token in tokens if token.start <= literal.start and literal.end <= token.end]
        if not holder:
            raise CannotRewrite("the value is not inside one string literal")
        found.setdefault(holder[0], []).append(literal)
    return list(found.items())


def _tokens(text: str) -> Iterator[_Token]:
    """The outermost strings, f-strings as a whole, and the comments."""
    starts = _line_offsets(text)
    begin = getattr(tokenize, "FSTRING_START", -1)  # Python 3.12 splits an f-string into several tokens
    finish = getattr(tokenize, "FSTRING_END", -1)
    opened: list[int] = []
    strings: list[_Token] = []
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        if token.type == begin:
            opened.append(start)
        elif token.type == finish:
            start = opened.pop()
            strings += [] if opened else [_Token(tokenize.STRING, start, end)]
        elif opened or token.type == tokenize.NL:
            continue
        elif token.type == tokenize.COMMENT:
            yield _Token(token.type, start, end)
        elif token.type == tokenize.STRING:
            strings.append(_Token(token.type, start, end))
        else:
            yield from (_Token(one.kind, one.start, one.end, len(strings) > 1) for one in strings)
            strings = []


def _line_offsets(text: str) -> list[int]:
    starts = [0]
    for line in io.StringIO(text, newline=""):  # str.splitlines would divide at form feeds, too
        starts.append(starts[-1] + len(line))
    return [*starts, starts[-1]]


def _replaced(text: str, token: _Token, inside: list[Literal]) -> str:
    match = STRING.fullmatch(text[token.start : token.end])
    if match is None:
        raise CannotRewrite("a string literal of an unknown form")
    prefix, quote = match["prefix"], match["quote"]
    start, end = token.start + match.start("body"), token.start + match.end("body")
    texts = between(text, start, end, inside)
    if re.search(r"\bLiteral\[[^\]]*$", text[max(token.start - 500, 0) : token.start]):
        raise CannotRewrite("a literal type takes no expression")
    if "b" in prefix.lower():
        references = [f"{REFERENCE.format(item.name)}.encode()" for item in inside]
        summed = concatenated(texts, references, prefix + quote, quote)
        return f"({summed})" if any(texts) else summed
    if not any(texts) and not token.beside:
        return (
            REFERENCE.format(inside[0].name)
            if len(inside) == 1
            else concatenated(texts, [REFERENCE.format(item.name) for item in inside], "", "")
        )
    other = '"' if quote[0] == "'" else "'"
    if "f" not in prefix.lower():
        prefix = re.sub("[uU]", "", prefix) + "f"
        texts = [piece.replace("{", "{{").replace("}", "}}") for piece in texts]
    references = [f"{{os.environ[{other}{item.name}{other}]}}" for item in inside]
    return f"{prefix}{quote}{interpolated(texts, references)}{quote}"


def _string_statements(tree: ast.Module, text: str) -> set[int]:
    """Offsets of docstrings and other string statements: text for people, where an expression would make no sense."""
    lines = list(io.StringIO(text, newline=""))
    offsets = _line_offsets(text)
    return {
        # ast counts columns in UTF-8 bytes
        offsets[node.lineno - 1] + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def _has_os(tree: ast.Module, used: Sequence[int]) -> bool:
    """Whether `os` is imported above all lines that use it. Raises `CannotRewrite` where it is something else there."""
    imported = False
    for node in ast.walk(tree):
        aliases = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
        names = [alias.asname or alias.name.split(".")[0] for alias in aliases]
        real = isinstance(node, ast.Import) and not any(alias.asname for alias in node.names)
        named = [getattr(node, key, None) for key in ("id", "arg", "name")]
        stored = not isinstance(getattr(node, "ctx", None), ast.Load)
        if ("os" in names and not real) or ("os" in named and stored and not isinstance(node, ast.alias)):
            raise CannotRewrite("the name os means something else in this file")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            late = [one.lineno for one in ast.walk(node) if isinstance(one, ast.Import) and "os" in _names(one)]
            if any(node.lineno <= line <= at for line in used for at in late):
                raise CannotRewrite("the name os is imported below the value, in the same function")
    for node in tree.body:
        imported |= isinstance(node, ast.Import) and "os" in _names(node) and node.lineno < min(used)
    return imported


def _names(node: ast.Import) -> set[str]:
    return {alias.name.split(".")[0] for alias in node.names if alias.asname is None}


def _with_import(text: str, tree: ast.Module, used: int) -> str:
    """`import os` before the first ordinary import, or after docstring and `__future__` imports."""
    lines = list(io.StringIO(text, newline=""))
    after = 0
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node is tree.body[0]
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_docstring or is_future):
            break
        after = node.end_lineno or 0
    while after < len(lines) and (lines[after].startswith("#") or not lines[after].strip()):
        after += 1
    if after >= used:
        raise CannotRewrite("there is no line for an import above the value")
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    follows_import = lines[after].startswith(("import ", "from "))
    return "".join([*lines[:after], f"import os{newline}", *([] if follows_import else [newline]), *lines[after:]])


def _meaning(tree: ast.Module, values: Mapping[str, str]) -> str:
    """The tree as text, without `import os`, with values for references, sums and f-strings of constants computed."""
    tree.body = [node for node in tree.body if not (isinstance(node, ast.Import) and _names(node) == {"os"})]
    try:
        return ast.dump(_Valued(values).visit(tree))
    except RecursionError:
        raise CannotRewrite("the file is nested too deeply") from None


class _Valued(ast.NodeTransformer):
    """Puts the values back in, as Python would see them at run time."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        name = re.fullmatch(r"os\.environ\['(\w+)'\]", ast.unparse(node)) if _is_os(node.value) else None
        return ast.Constant(self.values[name[1]]) if name and name[1] in self.values else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(ast.Constant(str(value)), "encode"), args=[], keywords=[]):
                return ast.Constant(value.encode()) if value in self.values.values() else node
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.BinOp(ast.Constant(bytes(left)), ast.Add(), ast.Constant(bytes(right))):
                return ast.Constant(left + right)
            case ast.BinOp(ast.Constant(str(left)), ast.Add(), ast.Constant(str(right))):
                return ast.Constant(left + right)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        parts: list[ast.expr] = []
        for value in node.values:
            match value:
                case ast.FormattedValue(ast.Constant(str()) as inner, -1, None):
                    part: ast.expr = inner
                case _:
                    part = value
            match parts[-1:], part:
                case [ast.Constant(str(before))], ast.Constant(str(more)):
                    parts[-1] = ast.Constant(before + more)
                case _:
                    parts.append(part)
        return parts[0] if len(parts) == 1 and isinstance(parts[0], ast.Constant) else ast.JoinedStr(parts)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Constant(str(said)):
                for value in self.values.values():
                    said = said.replace(value, REMOVED)
                return ast.Expr(ast.Constant(said))
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(node.value)  # without the `u` of u""


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"
