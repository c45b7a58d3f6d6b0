"""Go: `os.Getenv("NAME")`, in a longer string a sum; a constant becomes a variable; `os` is imported."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite, Edited, Literal, between, concatenated, line_end, redacted, splice

if TYPE_CHECKING:
    from tree_sitter import Node

STRINGS = ("interpreted_string_literal", "raw_string_literal")
HOLDERS = frozenset({*STRINGS, "comment"})
TAKES_SUMS = frozenset({"argument_list", "expression_list", "literal_element", "return_statement"})
NO_EXPRESSION = {
    "import_spec": "an import takes no expression",
    "field_declaration": "a field's tag takes no expression",
}


def rewrite(path: str, text: str, literals: list[Literal]) -> Edited:
    """The source with each literal replaced. Raises `CannotRewrite`."""
    source = syntax.parse("go", text)
    pieces: list[syntax.Piece] = []
    named: list[Node] = []
    constants: dict[tuple[int, int], list[syntax.Piece]] = {}
    for node, inside in syntax.holders(source, literals, HOLDERS):
        start, end = source.span(node)
        if node.type == "comment":
            pieces.append((start, end, redacted(text, inside, start, end)))
            continue
        named.append(node)
        piece = (start, end, _sum(source, node, inside))
        constant = _constant(node)
        if constant is None:
            pieces.append(piece)
        else:
            constants.setdefault(source.span(constant), []).append(piece)
    for (start, end), within in constants.items():
        pieces.append((start, end, _variable(text[start:end], [(a - start, b - start, new) for a, b, new in within])))
    if named:
        pieces += _import(source)
        _demand_free(source, {source.of(name) for node in named for name in _constant_names(node)})
    notes = ("a constant became a variable: nothing that must be constant may use it",) if constants else ()
    return Edited(syntax.replaced(source, pieces), notes)


def _sum(source: syntax.Source, node: "Node", inside: Sequence[Literal]) -> str:
    parent = node.parent
    assert parent is not None
    if parent.type in NO_EXPRESSION:
        raise CannotRewrite(NO_EXPRESSION[parent.type])
    start, end = source.span(node)
    quote = source.text[start]
    texts = between(source.text, start + 1, end - 1, inside)
    summed = concatenated(texts, [f'os.Getenv("{item.name}")' for item in inside], quote, quote)
    above = parent.parent
    if above is not None and above.type in ("const_spec", "var_spec"):
        kind = above.child_by_field_name("type")
        if kind is not None and source.of(kind) != "string":
            return f"{source.of(kind)}({summed})"
    alone = not any(texts) and len(inside) == 1
    return summed if alone or parent.type in TAKES_SUMS else f"({summed})"


def _constant(node: "Node | None") -> "Node | None":
    """The `const` declaration that a node stands in. Raises `CannotRewrite` in a group of them."""
    while node is not None and node.type != "const_declaration":
        node = node.parent
    if node is not None and any(child.type == "(" for child in node.children):
        raise CannotRewrite("one of a group of constants: make it a variable of its own")
    return node


def _variable(declaration: str, within: Sequence[syntax.Piece]) -> str:
    return splice(declaration, [*within, (0, len("const"), "var")])


def _constant_names(node: "Node") -> list["Node"]:
    constant = _constant(node)
    return [] if constant is None else constant.children[1].children_by_field_name("name")


def _demand_free(source: syntax.Source, names: set[str]) -> None:
    """Raises `CannotRewrite` where another constant is computed from one of these, or `os` is another thing."""
    for declared in syntax.descendants(source.root, "const_declaration"):
        used = [source.of(found) for found in syntax.descendants(declared, "identifier")]
        own = {source.of(name) for spec in declared.named_children for name in spec.children_by_field_name("name")}
        if (names - own) & set(used):
            raise CannotRewrite("another constant is computed from this one")
    for found in syntax.descendants(source.root, "identifier", "package_identifier"):
        parent = found.parent
        if parent is None or source.of(found) != "os":
            continue
        if parent.type not in ("selector_expression", "qualified_type", "package_clause", "import_spec"):
            raise CannotRewrite("the name os means something else in this file")


def _first_block(specs: Sequence["Node"]) -> list["Node"]:
    """The imports up to the first empty line: by custom those of the standard library."""
    block: list[Node] = []
    for spec in specs:
        if block and spec.start_point.row > block[-1].end_point.row + 1:
            break
        block.append(spec)
    return block


def _import(source: syntax.Source) -> list[syntax.Piece]:
    """What makes `os` known: nothing, a line in the first group of imports, or a declaration of its own."""
    for spec in syntax.descendants(source.root, "import_spec"):
        path = spec.child_by_field_name("path")
        name = spec.child_by_field_name("name")
        if path is not None and source.of(path).strip('"`') == "os" and name is None:
            return []
        base = source.of(name) if name is not None else source.of(path).strip('"`').rpartition("/")[2] if path else ""
        if base == "os" or (path is not None and source.of(path).strip('"`') == "os"):
            raise CannotRewrite("os is imported under another name, or another package as os")
    group = next(syntax.descendants(source.root, "import_spec_list"), None)
    newline = "\r\n" if "\r\n" in source.text else "\n"
    if group is not None:
        specs = _first_block([one for one in group.named_children if one.type == "import_spec"])
        behind = next((one for one in specs if source.of(one) > '"os"'), None)
        if behind is not None and "\n" in source.text[source.span(group)[0] : source.span(behind)[0]]:
            at = source.span(behind)[0]
            return [(at, at, f'"os"{newline}\t')]
        if behind is None and specs and "\n" in source.of(group):
            at = line_end(source.text, source.span(specs[-1])[1])
            at -= source.text[at - 1 : at] == "\r"
            return [(at, at, f'{newline}\t"os"')]
    clause = next((one for one in source.root.children if one.type == "package_clause"), None)
    if clause is None:
        raise CannotRewrite("the file has no package clause")
    at = source.span(clause)[1]
    return [(at, at, f'{newline}{newline}import "os"')]
