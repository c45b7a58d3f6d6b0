"""Arrows point down only (DESIGN section 2): the layers' imports, read with `ast`."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "offkey": set(),
    "rules": {"offkey"},
    "scanner": {"offkey", "rules"},
    "revokers": {"offkey"},
    "offboarding": {"offkey", "rules", "scanner", "revokers"},
}
SHELLS = ("offboarding.cli", "offboarding.commands", "offboarding.web", "offboarding.triggers")


def modules() -> list[Path]:
    return [path for layer in MAY_IMPORT for path in sorted((ROOT / layer).rglob("*.py"))]


@cache
def imported(path: Path, package: tuple[str, ...]) -> list[tuple[int, str]]:
    """(line, dotted name) of everything a module of `package` imports, `importlib.import_module("x")` included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found += [(node.lineno, alias.name) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                base = ".".join([*above, *filter(None, [module])])
                found += [(node.lineno, f"{base}.{alias.name}") for alias in names]
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                found.append((node.lineno, name))
    return found


def dotted(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_own_layer_and_below(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    if path == ROOT / "offkey" / "__main__.py":
        return
    allowed = MAY_IMPORT[layer] | {layer}
    upward = [
        f"line {line}: {name}"
        for line, name in imported(path, dotted(path)[:-1])
        if name.split(".")[0] in MAY_IMPORT.keys() - allowed
    ]
    assert not upward


def test_nobody_imports_the_shells() -> None:
    """cli, commands, web and triggers are ends: only the cli may name commands, and only `__main__` the cli."""
    for path in modules():
        module = ".".join(dotted(path))
        if module.startswith(SHELLS) or module == "offkey.__main__":
            continue
        named = [name for _, name in imported(path, dotted(path)[:-1]) if name.startswith(SHELLS)]
        assert not named, f"{module} imports {named}"


def test_no_module_imports_one_that_imports_it() -> None:
    """Late imports and those for types alone count, too: each module can be read before the ones above it."""
    paths = {".".join(dotted(path)).removesuffix(".__init__"): path for path in modules()}
    wanted: dict[str, set[str]] = {}
    for module, path in paths.items():
        named = {name for _, name in imported(path, dotted(path)[:-1])}
        wanted[module] = {name if name in paths else name.rpartition(".")[0] for name in named} & paths.keys()
        wanted[module].discard(module)
    TopologicalSorter(wanted).prepare()  # raises CycleError, which names the circle


def test_the_check_sees_every_spelling_of_an_import(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(
        "import scanner.repository.git\nfrom offboarding import plan\nfrom . import model\nfrom .. import rules\n"
        "def late():\n    import importlib\n    importlib.import_module('revokers.aws')\n"
    )
    names = {name for _, name in imported(sample, ("offkey", "inner"))}
    assert names == {
        "scanner.repository.git", "offboarding.plan", "offkey.inner.model", "offkey.rules", "importlib", "revokers.aws",
    }  # fmt: skip
