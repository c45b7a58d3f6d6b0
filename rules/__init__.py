"""What a credential looks like: one TOML file a provider, and what reads them.

Names load on first use: the pre-commit hook imports `rules.match` and `rules.light` in a few milliseconds and must
not pay for the loader.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rules.examples import expand as expand
    from rules.loader import load as load
    from rules.reading import RuleError as RuleError
    from rules.rule import Part as Part
    from rules.rule import Provider as Provider
    from rules.rule import Rule as Rule
    from rules.rule import RuleSet as RuleSet

__all__ = ["Part", "Provider", "Rule", "RuleError", "RuleSet", "expand", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rules' has no attribute {name!r}")
    from importlib import import_module

    home = {"expand": "rules.examples", "load": "rules.loader", "RuleError": "rules.reading"}.get(name, "rules.rule")
    return getattr(import_module(home), name)
