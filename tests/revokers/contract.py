"""Every case of the contract test: the kinds that revokers end by themselves, from the modules in `cases/`."""

import importlib
import pkgutil
from types import ModuleType

from tests.revokers import cases
from tests.revokers.case import Arrange, Case, approval, credential
from tests.revokers.cases.github import ORG

__all__ = ["CASES", "NOT_ARRANGED", "ORG", "WRONG", "Arrange", "Case", "approval", "credential"]

MODULES: dict[str, ModuleType] = {
    found.name: importlib.import_module(f"{cases.__name__}.{found.name}")
    for found in pkgutil.iter_modules(cases.__path__)
}
CASES: dict[str, Arrange] = {kind: case for module in MODULES.values() for kind, case in module.CASES.items()}
NOT_ARRANGED: dict[str, str] = {
    kind: why for module in MODULES.values() for kind, why in getattr(module, "NOT_ARRANGED", {}).items()
}
_NO_ANSWERS = (b"{}", b"[]", b"[null]", b'"x"', b'{"id": 1}', b'{"data": null}', b"9" * 5000, b"[" * 9999 + b"]" * 9999)
WRONG: dict[str, tuple[bytes, ...]] = {name: getattr(module, "WRONG", _NO_ANSWERS) for name, module in MODULES.items()}
"""By provider: bodies with status 200 that are no answer of its API."""
