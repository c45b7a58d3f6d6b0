"""Parts that the providers' modules share: functions they assign or call, not parents they inherit."""

import base64
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from offkey.http import Answer, NoAnswer, Reader
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness
from offkey.secret import Secret
from revokers.protocol import NotAutomatic, NotIdentified, Option, Unclear

P = ParamSpec("P")
T = TypeVar("T")

GARBLED = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading an answer raises that has the right status and none of the expected form."""
_MEANING = {
    401: "the credential that asked was refused",
    403: "forbidden, which says nothing about liveness",
    404: "not found or not visible",
    409: "in conflict with what is there",
    422: "not understood",
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


REFUSED = "refused"
_DOUBT = "; it has ended, or is another instance's"


def refused(http: Reader, reason: str) -> Check:
    """UNKNOWN, for what an instance says to a value that it does not know: it ended, or is another instance's."""
    return unknown(http, reason + _DOUBT, status=REFUSED)


def gone(http: Reader, reason: str, status: str) -> Check:
    """DEAD for a value that the provider itself refuses; of one that a configured instance refuses, `refused`."""
    if urlsplit(http.base).hostname in http.gate.hosts:
        return dead(http, reason, status=status)
    return refused(http, f"{reason} at {urlsplit(http.base).netloc}")


def ended(http: Reader, point: AccessPoint, said: Check) -> Check:
    """DEAD for a value that the instance refuses and knew when the point was made; else what was said."""
    if said.status != REFUSED or point.check is None or point.check.liveness is not Liveness.LIVE:
        return said
    return dead(http, f"{said.reason.removesuffix(_DOUBT)}; it was alive here", point.holder, REFUSED)


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


def or_gap(where: str, points: Iterable[T | Gap], advice: str = "", needs: Iterable[str] = ()) -> Iterator[T | Gap]:
    """The points, and a Gap when their list breaks off; `advice` when the error has none of its own.

    `needs` are the permissions that a refusal may mean.
    """
    try:
        for point in points:
            yield _naming(point, needs) if isinstance(point, Gap) else point
    except (NoAnswer, Unclear, NotIdentified) as error:
        yield _naming(Gap(where=where, why=str(error), advice=error.advice or advice), needs)
    except GARBLED as error:
        yield Gap(where=where, why=_garbled(error), advice="try again later")


def _naming(gap: Gap, needs: Iterable[str]) -> Gap:
    """The Gap, with the names of the permissions where a refusal is what it tells of."""
    words = ", ".join(needs)
    if not words or words in gap.advice or not re.search(r"answered 40[134]\b|missing_scope|not_allowed", gap.why):
        return gap
    return replace(gap, advice="; ".join(filter(None, (gap.advice, f"offkey's credential needs: {words}"))))


def _garbled(error: Exception) -> str:
    """Only the error's name: its text may quote the answer."""
    return f"the answer is none of its API ({type(error).__name__})"


def fields(answer: Answer, what: str, *names: str) -> dict[str, Any]:
    """The JSON object of a 200 answer that has all of `names`. Raises Unclear for anything else."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict) or any(name not in body for name in names):
        raise Unclear(f"{what} {trouble(answer.status)}")
    return body


def objects(answer: Answer, what: str, name: str, *others: str) -> list[dict[str, Any]]:
    """The list of objects under `name`. Raises Unclear for anything else: an empty object is no empty list."""
    found = fields(answer, what, name, *others)[name]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Unclear(f"{what} {trouble(answer.status)}")
    return found


def goes_on(answer: Answer, name: str) -> bool:
    """Whether a list says that it has more. Raises Unclear where it says neither: then it may be cut short."""
    told = answer.json[name]
    if not isinstance(told, bool):
        raise Unclear("the list does not say whether it has more", advice="try again later")
    return told


def rows(answers: Iterable[Answer], what: str, *names: str) -> Iterator[dict[str, Any]]:
    """The objects in each page of a list. Raises Unclear at the first page that is none."""
    for answer in answers:
        whole = answer.status == 200 and isinstance(answer.json, list)
        if not whole or not all(isinstance(row, dict) and all(name in row for name in names) for row in answer.json):
            raise Unclear(f"{what} {trouble(answer.status)}")
        yield from answer.json


def given(point: AccessPoint, credential: Credential | None) -> Credential:
    """The value of this very point. Raises NotIdentified where it is not at hand."""
    if credential is None or credential.kind != point.kind:
        raise NotIdentified("the value is not at hand", advice="scan again: it was not found where the plan says")
    return credential


def known_here(point: AccessPoint) -> bool:
    """Whether the plan saw it alive."""
    return point.check is not None and point.check.liveness is Liveness.LIVE


def refused_here(told: Check, point: AccessPoint, status: str) -> Check:
    """DEAD for a refusal of this status of a key that was known here; of another it may be another region's."""
    if told.status != status or not known_here(point):
        return told
    return replace(told, liveness=Liveness.DEAD, reason=f"{told.reason}; it was alive here")


def refuse_unlisted(handles: Mapping[str, tuple[Option, ...]], action: Action, point: AccessPoint) -> Option:
    """The option for this action. Raises NotAutomatic where the kind has none that offkey does by itself."""
    ways = handles.get(point.kind, ())
    found = next((way for way in ways if way.action is action and action not in (Action.HAND_OVER, Action.KEEP)), None)
    if found is None:
        by_hand = " ".join(way.how for way in ways if way.how)
        raise NotAutomatic(f"{action} of {point.kind} is not done here", advice=by_hand)
    return found


def by_hand(how: str) -> tuple[Option, ...]:
    """The options of a kind that a person ends: `how` names the console's address and what to click."""
    return (Option(action=Action.HAND_OVER, reversible=False, how=how),)


def text(secret: Secret) -> str:
    """The value as HTTP carries it. Raises NotIdentified for bytes that no header or form can carry."""
    value = secret.reveal()
    if not value.isascii() or any(byte < 0x20 or byte == 0x7F for byte in value):
        raise NotIdentified("the value has bytes that no token of this provider has", advice="look at the finding")
    return value.decode("ascii")


def basic(user: str, password: Secret) -> dict[str, str]:
    """The Authorization header of RFC 7617."""
    pair = f"{user}:{password.reveal().decode('utf-8', 'surrogateescape')}".encode("utf-8", "surrogateescape")
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def pair(secret: Secret) -> tuple[Secret, Secret]:
    """The two words of a configured credential that has two parts. Raises Unclear where it has not."""
    words = re.split(rb"[\s,]+", secret.reveal().strip())
    if len(words) != 2 or not all(words):
        raise Unclear(
            "the configured credential has not two parts",
            advice="give both, as in env:ID,SECRET or a file of two lines",
        )
    return Secret(words[0]), Secret(words[1])


def configured(settings: Any, *, write: bool = False) -> Secret:
    """The organisation's credential: for a change the one for writing. Raises Unclear where none is configured."""
    found: Secret | None = settings.write if write else settings.read
    if found is None:
        name = "write" if write else "read"
        raise Unclear(
            f"no {name} credential is configured", advice=f"set `{name}` in the provider's table of offkey.toml"
        )
    return found


def pages(
    http: Reader,
    template: str,
    after: Callable[[Answer], Mapping[str, str] | None],
    *,
    most: int = 1000,
    **options: Any,
) -> Iterator[Answer]:
    """GET a list to its end. `after` gives the parameters of the next page, or None at the end.

    The first answer that is not 200 is the last. Raises NoAnswer when `after` never comes to an end.
    """
    first: Mapping[str, str] = options.pop("params", None) or {}
    more: Mapping[str, str] | None = {}
    for _ in range(most):
        answer = http.request("GET", template, params={**first, **(more or {})}, **options)
        yield answer
        more = after(answer) if answer.status == 200 else None
        if more is None:
            return
    raise NoAnswer(f"{http.gate.provider}: {template} has more than {most} pages", advice="narrow the account")


def when(told: object) -> datetime | None:
    """A provider's RFC 3339 time in UTC, or None for anything that is none."""
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (OverflowError, ValueError):
        return None


def last(http: Reader) -> Exchange:
    """The exchange just made."""
    return http.exchanges[-1]
