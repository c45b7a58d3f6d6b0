"""Who administers an organisation besides the person: nothing that offkey ends may lock an organisation out.

A plan that ends the last administrator's access is refused. Where nobody can tell, it needs an extra yes. Before the
deed it is asked again, for between plan and apply others may have left.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from offkey.http import NoAnswer
from offkey.model import AccessPoint, Gap
from revokers.parts import GARBLED, by_hand, or_gap
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified, Option, Unclear


def beside(rules: bool, others: Iterable[object]) -> tuple[str, ...]:
    """Evidence: none while others administer it; LAST_OWNER for the only one; UNTOLD where nobody is seen to."""
    if any(True for _ in others):
        return ()
    return (LAST_OWNER,) if rules else (UNTOLD,)


def seen(look: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """What `look` finds; UNTOLD where it cannot be read."""
    try:
        return look()
    except (NoAnswer, Unclear, NotIdentified, *GARBLED):
        return (UNTOLD,)


def looked(
    where: str, look: Callable[[], tuple[str, ...]], needs: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
    """What `look` finds; UNTOLD, and the Gap that says why, where it cannot be read."""
    (found,) = or_gap(f"{where}: administrators", (look() for _ in range(1)), needs=needs)
    return ((UNTOLD,), (found,)) if isinstance(found, Gap) else (found, ())


def gated(ways: tuple[Option, ...], point: AccessPoint, needs: str, how: str) -> tuple[Option, ...]:
    """The ways to end it: by hand for the last owner, with the extra yes `needs` where others were not seen."""
    if LAST_OWNER in point.evidence:
        return by_hand(how)
    if UNTOLD not in point.evidence:
        return ways
    return tuple(replace(way, needs=way.needs or needs, how=way.how or f"{UNTOLD}: {how}") for way in ways)


def refuse_last(point: AccessPoint, now: tuple[str, ...], how: str) -> None:
    """Raises NotAutomatic where nobody else is left, or nobody is seen any more; what was approved unseen goes on."""
    if LAST_OWNER in now or (UNTOLD in now and UNTOLD not in point.evidence):
        raise NotAutomatic(f"{point.id}: {now[0]}", advice=how)
