"""What a credential looks like: one TOML file a provider, and what reads them.

Names load on first use: the pre-commit hook imports `rules.match` and `rules.light` in a few milliseconds and must
not pay for the loader.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rules.examples import expand as expand
    from rules.loader import Part as Part
    from rules.loader import Provider as Provider
    from rules.loader import Rule as Rule
    from rules.loader import RuleSet as RuleSet
    from rules.loader import load as load
    from rules.reading import RuleError as RuleError

__all__ = ["Part", "Provider", "Rule", "RuleError", "RuleSet", "expand", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rules' has no attribute {name!r}")
    from importlib import import_module

    home = {"expand": "rules.examples", "RuleError": "rules.reading"}.get(name, "rules.loader")
    return getattr(import_module(home), name)
