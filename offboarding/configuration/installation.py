"""Are our five packages ours? Others ship a `scanner` and a `rules` too, and theirs must not get admin credentials.

DESIGN section 2: at start-up every package must lie beside `offkey/` and belong to the `offkey` distribution alone.
Editable installs and running from a source tree pass: there the packages lie beside each other as well.
"""

import importlib.util
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import offkey
from offkey.errors import OffkeyError

PACKAGES = ("offkey", "rules", "scanner", "revokers", "offboarding")
DISTRIBUTION = "offkey"


class ForeignPackage(OffkeyError):
    """A package that is not ours has the name of one of ours."""


def foreign_packages() -> tuple[str, ...]:
    """One sentence for each package that is not, or may not be, offkey's own; empty when all are."""
    home = Path(offkey.__file__).resolve().parent.parent
    owners = packages_distributions()
    problems = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
        others = {owner for owner in owners.get(name, []) if owner.casefold() != DISTRIBUTION}
        if places != [home / name]:
            found = ", ".join(map(str, places)) or (spec.origin if spec and spec.origin else "nowhere")
            problems.append(f"the package `{name}` is found in {found}, not in {home / name}")
        elif others:
            problems.append(f"the package `{name}` also belongs to {', '.join(sorted(others))}")
    return tuple(problems)


@cache
def require_own_packages() -> None:
    """Raise ForeignPackage unless every package is ours; called before any admin credential is resolved."""
    problems = foreign_packages()
    if problems:
        raise ForeignPackage(
            "; ".join(problems) + ": no admin credential is used here",
            advice="install offkey in an environment of its own: `uv tool install offkey` or `pipx install offkey`",
        )
