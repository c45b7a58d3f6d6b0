"""Which listed key a leaked value is, where the value itself names no holder; parts for `identify` (ADR 19).

A shortened form proves nothing by itself: consoles show it, so anybody can make a value that looks like a colleague's
key. It counts for a value that is alive, where one key of the whole organisation has it, in lists read to their end.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec

from offkey.model import AccessPoint, Check, Credential, Liveness
from revokers.parts import GARBLED
from revokers.protocol import NotIdentified, Unclear

P = ParamSpec("P")

SHORTENED = "it is alive, and of all keys that the organisation lists this one alone has its shortened form"


def exactly(identify: Callable[P, AccessPoint]) -> Callable[P, AccessPoint]:
    """Make an answer that is none of the provider's API an Unclear."""

    @functools.wraps(identify)
    def asked(*args: P.args, **options: P.kwargs) -> AccessPoint:
        try:
            return identify(*args, **options)
        except GARBLED as error:
            why = f"the answer is none of its API ({type(error).__name__})"
        raise Unclear(why, advice="try again later")  # outside: the error's text may quote the answer

    return asked


def alive(told: Check) -> Check:
    """The check, of a value that lives. Raises NotIdentified for any other: looking like a listed key is no proof."""
    if told.liveness is not Liveness.LIVE:
        raise NotIdentified(f"the value is not alive, so no listed key can be shown to be it: {told.reason}")
    return told


def also(
    listed: Check, ask: Callable[[Credential], Check], credential: Credential | None, *, mute: bool = False
) -> Check:
    """What the list and the value say together: a value that still answers is not dead, whatever the list has.

    `mute`: the provider has no answer that shows a value's death, so only its life counts against the list.
    """
    if credential is None or listed.liveness is not Liveness.DEAD:
        return listed
    told = ask(credential)
    if told.liveness is Liveness.DEAD or (mute and told.liveness is Liveness.UNKNOWN):
        return listed
    return replace(told, reason=f"{listed.reason}; its value: {told.reason}", holder=listed.holder or told.holder)
