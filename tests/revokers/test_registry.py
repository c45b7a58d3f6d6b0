"""Modules of providers are imported late, and mypy holds each against the protocol all the same."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import revokers
from revokers.protocol import Revoker


def test_every_provider_is_held_against_the_protocol() -> None:
    tree = ast.parse(inspect.getsource(revokers))
    [offered] = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and _name(node) == "_offered"]
    assert isinstance(offered.value, ast.Tuple)
    assert tuple(one.id for one in offered.value.elts if isinstance(one, ast.Name)) == revokers.PROVIDERS


def _name(node: ast.AnnAssign) -> str:
    return node.target.id if isinstance(node.target, ast.Name) else ""


@pytest.mark.parametrize("name", revokers.PROVIDERS)
def test_a_provider_offers_all_of_the_protocol(name: str) -> None:
    wanted = {*Revoker.__annotations__, *(one for one, what in vars(Revoker).items() if inspect.isfunction(what))}
    assert {"HANDLES", "check", "revoke"} <= wanted
    assert not [one for one in wanted if not one.startswith("_") and not hasattr(revokers.REGISTRY[name], one)]


def test_the_registry_knows_its_own_and_no_other_module() -> None:
    assert list(revokers.REGISTRY) == list(revokers.PROVIDERS)
    assert "parts" not in revokers.REGISTRY
    with pytest.raises(KeyError):
        revokers.REGISTRY["parts"]


@pytest.mark.parametrize("command", ["scan", "contain", "report", "ledger"])
def test_a_command_loads_no_provider_that_it_was_not_asked_about(command: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, offboarding.commands.{command}; print(*sys.modules)"],
        cwd=Path(revokers.__file__).parents[1], capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {f"revokers.{name}" for name in revokers.PROVIDERS} & set(said)
    assert not {"boto3", "botocore", "github"} & set(said)
