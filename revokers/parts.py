"""Parts that the providers' modules share: functions they assign or call, not parents they inherit."""

import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec

from offkey.http import Answer, NoAnswer, Reader
from offkey.model import AccessPoint, Account, Check, Exchange, Gap, Liveness
from revokers.protocol import NotIdentified, Unclear

P = ParamSpec("P")

GARBLED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading an answer raises that has the right status and none of the expected form."""
_MEANING = {
    401: "the credential that asked was refused",
    403: "forbidden, which says nothing about liveness",
    404: "not found or not visible",
    429: "too many requests",
}


def live(http: Reader, reason: str, holder: Account | None = None, status: str = "") -> Check:
    return Check(liveness=Liveness.LIVE, reason=reason, at=http.now(), holder=holder, status=status)


def dead(http: Reader, reason: str, holder: Account | None = None, status: str = "") -> Check:
    return Check(liveness=Liveness.DEAD, reason=reason, at=http.now(), holder=holder, status=status)


def unknown(http: Reader, reason: str, holder: Account | None = None, status: str = "") -> Check:
    return Check(liveness=Liveness.UNKNOWN, reason=reason, at=http.now(), holder=holder, status=status)


def trouble(status: int, word: str = "") -> str:
    """The reason in words for an answer that is not the expected one. `word` is the provider's own error code."""
    if 200 <= status < 300:
        return f"answered {status} without the expected fields"
    meaning = "the provider has trouble" if status >= 500 else _MEANING.get(status, "an unexpected answer")
    return f"answered {status}{' ' + word if word else ''}: {meaning}"


def unexpected(http: Reader, status: int, word: str = "") -> Check:
    """UNKNOWN, for any answer that proves neither life nor death."""
    return unknown(http, trouble(status, word))


def answered(ask: Callable[Concatenate[Reader, P], Check]) -> Callable[Concatenate[Reader, P], Check]:
    """Make no answer, and an answer to nothing that was asked, an UNKNOWN with its reason."""

    @functools.wraps(ask)
    def asked(http: Reader, /, *args: P.args, **options: P.kwargs) -> Check:
        try:
            return ask(http, *args, **options)
        except (NoAnswer, Unclear, NotIdentified) as error:
            return unknown(http, str(error))
        except GARBLED as error:
            return unknown(http, _garbled(error))

    return asked


def or_gap(where: str, points: Iterable[AccessPoint | Gap], advice: str = "") -> Iterator[AccessPoint | Gap]:
    """The points, and a Gap when their list breaks off; `advice` when the error has none of its own."""
    try:
        yield from points
    except (NoAnswer, Unclear, NotIdentified) as error:
        yield Gap(where=where, why=str(error), advice=error.advice or advice)
    except GARBLED as error:
        yield Gap(where=where, why=_garbled(error), advice="try again later")


def _garbled(error: Exception) -> str:
    """Only the error's name: its text may quote the answer."""
    return f"the answer is none of its API ({type(error).__name__})"


def fields(answer: Answer, what: str, *names: str) -> dict[str, Any]:
    """The JSON object of a 200 answer that has all of `names`. Raises Unclear for anything else."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict) or any(name not in body for name in names):
        raise Unclear(f"{what} {trouble(answer.status)}")
    return body


def rows(answers: Iterable[Answer], what: str, *names: str) -> Iterator[dict[str, Any]]:
    """The objects in each page of a list. Raises Unclear at the first page that is none."""
    for answer in answers:
        whole = answer.status == 200 and isinstance(answer.json, list)
        if not whole or not all(isinstance(row, dict) and all(name in row for name in names) for row in answer.json):
            raise Unclear(f"{what} {trouble(answer.status)}")
        yield from answer.json


def when(text: object) -> datetime | None:
    """A provider's RFC 3339 time in UTC, or None for anything that is none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def last(http: Reader) -> Exchange:
    """The exchange just made."""
    return http.exchanges[-1]
