"""JavaScript and TypeScript, shell, Dockerfile and dotenv files."""

import re

from offboarding.remedy.literal import CannotRewrite, Literal, line_end, line_start, splice


def javascript(path: str, text: str, literals: list[Literal]) -> str:
    """`"literal"` becomes `process.env.NAME`; inside a longer string a template literal."""
    groups: dict[tuple[int, int], list[Literal]] = {}
    pieces = []
    for literal in literals:
        span = _quoted(text, literal)
        if span is None and re.search(r"//|^\s*\*|/\*", text[line_start(text, literal.start) : literal.start]):
            pieces.append((literal.start, literal.end, f"<{literal.name}>"))
        elif span is None:
            raise CannotRewrite("the value is not inside one string literal")
        else:
            groups.setdefault(span, []).append(literal)
    for (start, end), inside in groups.items():
        if path.endswith(("x", "X")) and text[:start].endswith("="):
            raise CannotRewrite("a JSX attribute, perhaps")
        pieces.append((start, end, _javascript_string(text, start, end, inside)))
    return splice(text, pieces)


def _javascript_string(text: str, start: int, end: int, inside: list[Literal]) -> str:
    quote = text[start]
    if len(inside) == 1 and (inside[0].start, inside[0].end) == (start + 1, end - 1):
        return f"process.env.{inside[0].name}"
    cuts, at = [], start + 1
    for item in inside:
        cuts += [text[at : item.start], f"${{process.env.{item.name}}}"]
        at = item.end
    cuts.append(text[at : end - 1])
    if quote != "`":
        cuts[::2] = [piece.replace("`", "\\`").replace("${", "\\${") for piece in cuts[::2]]
    return "`" + "".join(cuts) + "`"


def _quoted(text: str, literal: Literal) -> tuple[int, int] | None:
    """[start, end) of the string literal around, quotes included; None if there is none on the line."""
    at, end, opened, mark = line_start(text, literal.start), line_end(text, literal.end), -1, ""
    while at < end:
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if opened >= 0 and char == mark:
            if opened < literal.start and literal.end <= at:
                return opened, at + 1
            opened = -1
        elif opened < 0 and char in "'\"`":
            if at > literal.start:
                return None
            opened, mark = at, char
        at += 1
    return None


def shell(path: str, text: str, literals: list[Literal]) -> str:
    """`${NAME}`, spelled for the quotes around it; `NAME=literal` becomes a demand that NAME be set."""
    if re.search(r"<<-?\s*\\?['\"]", text):
        raise CannotRewrite("a here-document with a quoted end, in which nothing is expanded")
    pieces = []
    for literal in literals:
        start = line_start(text, literal.start)
        quote = _shell_quote(text[start : literal.start])
        reference = f"${{{literal.name}}}"
        assigned = re.search(rf"(?:^|[\s;&(]){literal.name}=['\"]?$", text[start : literal.start])
        if assigned:
            reference = f"${{{literal.name}:?}}"
        if quote == "'":
            reference = f"'\"{reference}\"'"
        elif not quote:
            reference = f'"{reference}"' if assigned else reference
        pieces.append((literal.start, literal.end, reference))
    return splice(text, pieces)


def _shell_quote(before: str) -> str:
    """The quote that is open at the end of `before`, a line's beginning; empty for none."""
    quote, at = "", 0
    while at < len(before):
        char = before[at]
        if char == "\\" and quote != "'":
            at += 1
        elif not quote and char in "'\"":
            quote = char
        elif char == quote:
            quote = ""
        at += 1
    return quote


def dockerfile(path: str, text: str, literals: list[Literal]) -> str:
    """`${NAME}`, declared by `ARG NAME` at the head of the build stage that uses it."""
    pieces = [(item.start, item.end, f"${{{item.name}}}") for item in literals]
    declared: set[tuple[int, str]] = set()
    for item in literals:
        stages = list(re.finditer(r"(?im)^FROM\s.*$\n?", text[: item.start]))
        if not stages:
            raise CannotRewrite("the value stands before the first FROM")
        declared.add((stages[-1].end(), item.name))
    heads: dict[int, list[str]] = {}
    for at, name in sorted(declared):
        heads.setdefault(at, []).append(f"ARG {name}\n")
    pieces += [(at, at, "".join(lines)) for at, lines in heads.items()]
    return splice(text, pieces)


def dotenv(path: str, text: str, literals: list[Literal]) -> str:
    """The value goes: empty where the file sets the very name, else a reference to it."""
    pieces = []
    for item in literals:
        before = text[line_start(text, item.start) : item.start]
        itself = re.match(rf"\s*(?:export\s+)?{item.name}\s*=\s*['\"]?$", before)
        pieces.append((item.start, item.end, "" if itself else f"${{{item.name}}}"))
    return splice(text, pieces)
