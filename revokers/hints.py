"""Finding a key in its organisation's list, where the provider shows a shortened form and never the key.

A shortened form, `sk-ant-api03-R2D...igAA`, fits many values in principle. It names one key when it shows enough of the
random part, no other key in the whole list fits, and the key is alive where the list is from.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from offkey.secret import Secret
from revokers.parts import text
from revokers.protocol import NotIdentified

SHOWN = 4
"""How many characters of a key's random part a shortened form must show: four of 64 are 1 in 16 million by chance."""


def fits(hint: str, value: Secret, public: str, ending: str = "") -> bool:
    """Whether `hint` can be the shortened form of `value`; all keys of its kind begin with `public`, end with `ending`.

    False for a form that shows too little of the random part.
    """
    whole = text(value)
    parts = re.fullmatch(r"([\w-]*)(?:\.{3}|…|\*+(?:\.{3}\*+)?)([\w-]*)", hint)
    if parts is None or not whole.startswith(public):
        return False
    head, tail = parts[1], parts[2]
    shown = max(len(head) - len(public), 0) + max(len(tail) - len(ending), 0)
    return shown >= SHOWN and whole.startswith(head) and whole.endswith(tail) and len(head) + len(tail) < len(whole)


def only(
    rows: Iterable[Mapping[str, Any]], field: str, value: Secret, public: str, ending: str = ""
) -> Mapping[str, Any]:
    """The one row whose `field` fits the value. Raises NotIdentified for none and for several, naming their ids."""
    found = [row for row in rows if fits(str(row[field]), value, public, ending)]
    if len(found) != 1:
        several = ", ".join(sorted(str(row["id"]) for row in found))
        raise NotIdentified(
            f"{len(found) or 'no'} keys of the organisation fit the value",
            advice=f"one of these by hand: {several}" if several else "it is not in the configured organisation",
        )
    return found[0]
