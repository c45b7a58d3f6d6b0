"""The gates to providers: every request of offkey passes through a `Reader` or a `Writer` (DESIGN rules 1, 3 and 5).

A Reader sends GET and HEAD, plus the exact (method, path template) pairs that the provider's module lists in READS.
Only a Writer sends the pairs in WRITES, and a Writer cannot be made without an approval of exactly this plan, or a
standing approval that was verified for it.
Both talk to the module's HOSTS or to the one instance in the user's configuration; redirects are refused;
mutations are never retried. boto3 and PyGithub pass the same gates (`offkey/boto.py`, `offkey/pygithub.py`).
"""

import base64
import logging
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from offkey import __version__
from offkey.errors import OffkeyError
from offkey.model import Exchange
from offkey.secret import Secret
from offkey.warrant import Warrant, Yes

for _name in ("httpx", "httpcore"):  # they log whole URLs, and some providers force values into them
    logging.getLogger(_name).setLevel(logging.WARNING)

ATTEMPTS = 3
LONGEST_WAIT = 30.0
TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_HEADERS = {"User-Agent": f"offkey/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
NO_NAMES = frozenset({"", ".", ".."})
"""What no part of a path may be: an empty or a dot segment addresses another resource than the template says."""
LONGEST_ANSWER = 120.0
LARGEST_ANSWER = 16 << 20
_ENCODED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})  # the body is decoded by then
_UNMET = (KeyError, NotImplementedError, ValueError)
"""What httpx raises for a challenge to sign in that it does not understand."""
NO_STATUS = 0
TRANSIENT = frozenset({NO_STATUS, 429, 500, 502, 503, 504})
REFUSED_FOR_NOW = frozenset({429})
NEVER: frozenset[int] = frozenset()

Operation = tuple[str, str]
"""A method with a path template, `("POST", "/auth.test")`, or `("AWS", "iam:ListAccessKeys")`, `("SQL", "ALTER ROLE")`.

A template `//host/path` is of another of the gate's hosts than the Reader's base; a configured instance stands for all
of a provider's hosts, and answers for that one under `/host/path`.
"""


class Refused(OffkeyError):
    """A gate refused a request: the request is not on the list, or the host is not this provider's."""


class Expired(Refused):
    """The approval ran out, or was stopped. Nothing was sent."""


class NoAnswer(OffkeyError):
    """The provider did not answer, or what answered was not its API. Liveness stays UNKNOWN."""


class Redirected(Refused, NoAnswer):
    """An answer sent us elsewhere: not followed, and so no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What one provider's module may call. `reads` have no side effect; `writes` change something."""

    provider: str
    hosts: frozenset[str]
    reads: frozenset[Operation] = frozenset()
    writes: frozenset[Operation] = frozenset()
    deposits: frozenset[Operation] = frozenset()
    """What adds a record where the user's configuration says, and changes nothing that is there: the ledger's sinks."""
    databases: bool = False
    """Whether `offkey/sql.py` asks in place of HTTP; it holds every address against the configured ones itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`json` is the parsed body, or None when the body is empty or no JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any
    text: str


def bearer(token: Secret) -> dict[str, str]:
    """The Authorization header of RFC 6750."""
    return {"Authorization": f"Bearer {token.reveal().decode('latin-1')}"}


class Reader:
    """Asks one provider. `base` must lie on one of the gate's hosts, or be the `instance` the user configured."""

    may_write = False

    def __init__(
        self,
        gate: Gate,
        base: str,
        *,
        instance: str = "",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.gate = gate
        self.base = base.rstrip("/")
        self._fixed = not instance
        self.now = now
        self.sleep = sleep
        self.exchanges: list[Exchange] = []
        self.clients: dict[object, Any] = {}
        """Of libraries that send through this Reader: making one takes longer than asking."""
        check_base(gate, self.base, instance)
        # No httpx.Client: it keeps cookies, by which a second credential would be answered as the first.
        self._transport = transport or httpx.HTTPTransport(verify=_trust(), trust_env=False)

    def permit(self, operation: Operation) -> None:
        """Raises `Refused` unless this gate lets the operation through now."""
        if operation in self.gate.reads | self.gate.deposits or operation[0] in ("GET", "HEAD"):
            return
        if self.may_write and operation in self.gate.writes:
            self._check_time()
            return
        listed = "writes" if self.may_write else "reads"
        raise Refused(
            f"{self.gate.provider}: {' '.join(operation)} is not on the list of {listed}",
            advice="a change needs an approved plan: `offkey approve`, then `offkey apply`",
        )

    def _check_time(self) -> None:
        """Nothing a Reader does runs out."""

    def request(
        self,
        method: str,
        template: str,
        *,
        path: Mapping[str, str | Secret] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        hide: tuple[Secret, ...] = (),
        auth: httpx.Auth | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status.

        `path` fills the template's `{names}`, percent-encoded; a Secret there is sent but never recorded. `hide`
        lists the secrets this request carries, so that an echoing answer is scrubbed before it is recorded.
        Reads are repeated on 429, 5xx and network errors; a write only on 429, which says that nothing was done.
        `auth` is for what headers cannot say (HTTP Digest). Raises `Refused` or `NoAnswer`.
        """
        self.permit((method, template))
        filled = path or {}
        hidden = hide + tuple(value for value in filled.values() if isinstance(value, Secret))
        base, rest = self._addressed(template)
        url = base + _fill(rest, filled, lambda secret: secret.reveal().decode())
        shown = urlsplit(base).netloc + _fill(rest, filled, lambda _: "***")
        request = _request(method, url, headers, params=params, json=json, data=form)
        hidden += (_signing(request),)
        # A read is safe to repeat even when HTTP spells it POST (Slack's auth.test).
        again = REFUSED_FOR_NOW if (method, template) in self.gate.writes else TRANSIENT
        return self._answer(self._send(request, shown, hidden, again, auth=auth))

    def _addressed(self, template: str) -> tuple[str, str]:
        """The base and the path of a template; `//host/path` names the host. Raises `Refused` for a foreign one."""
        if not template.startswith("//"):
            return self.base, template
        host, _, rest = template[2:].partition("/")
        if host not in self.gate.hosts:
            raise Refused(f"{self.gate.provider}: {host!r} is not one of its hosts", advice="report this")
        return (f"https://{host}", f"/{rest}") if self._fixed else (self.base, template[1:])

    def _send(
        self,
        request: httpx.Request,
        shown: str,
        hidden: tuple[Secret, ...],
        again: frozenset[int],
        *,
        auth: httpx.Auth | None = None,
    ) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            response, trouble = self._once(request, auth)
            summary = trouble if response is None else _gist(response, hidden)
            status = NO_STATUS if response is None else response.status_code
            self.record(request.method, shown, status, summary)
            if attempt == ATTEMPTS or status not in again:
                break
            self.sleep(_wait(response, attempt))
            if again is REFUSED_FOR_NOW:
                self._check_time()
        return self._usable(response, shown, trouble)

    def _usable(self, response: httpx.Response | None, shown: str, trouble: str) -> httpx.Response:
        """Raises `NoAnswer` and `Redirected` for what is no answer."""
        if response is None:
            raise NoAnswer(f"{self.gate.provider}: no answer from {shown}: {trouble}", advice="try again later")
        if response.is_redirect:
            raise Redirected(
                f"{self.gate.provider}: {shown} answered with a redirect, which is not followed",
                advice="configure the instance's final address",
            )
        return response

    def _once(self, request: httpx.Request, auth: httpx.Auth | None) -> tuple[httpx.Response | None, str]:
        """The answer read to its end, within a size and a time that no provider's API comes near."""
        deadline = time.monotonic() + LONGEST_ANSWER
        try:
            response = self._authenticated(request, auth)
            try:
                body = bytearray()
                for block in response.iter_bytes():
                    body += block
                    if len(body) > LARGEST_ANSWER or time.monotonic() > deadline:
                        return None, "the answer does not end"
            finally:
                response.close()
        except (httpx.HTTPError, *_UNMET) as error:
            return None, type(error).__name__
        kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _ENCODED]
        return httpx.Response(response.status_code, headers=kept, content=bytes(body), request=request), ""

    def _authenticated(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        """The answer, still to be read; `auth` may send the request again with what the first answer asks for."""
        if auth is None:
            return self._transport.handle_request(request)
        flow = auth.sync_auth_flow(request)
        wanted = next(flow)
        while True:
            response = self._transport.handle_request(wanted)
            response.request = wanted
            try:
                wanted = flow.send(response)
            except StopIteration:
                return response
            except Exception:
                response.close()
                raise
            response.close()

    def send_raw(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        """One prepared request of a driver (PyGithub), which has asked `permit` before. Sent once."""
        shown = urlsplit(url).netloc + urlsplit(url).path
        request = _request(method, url, headers, content=body)
        return self._send(request, shown, (_signing(request),), NEVER)

    def send_signed(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        """One request that a driver (boto3) has signed and records itself; it has asked `permit` before. Sent once."""
        request = _request(method, url, headers, content=body)
        response, trouble = self._once(request, None)
        return self._usable(response, urlsplit(url).netloc + urlsplit(url).path, trouble)

    def record(self, method: str, target: str, status: int, summary: str) -> None:
        """Note one exchange, already redacted, for the receipt."""
        self.exchanges.append(Exchange(method=method, target=target, status=status, at=self.now(), summary=summary))

    @staticmethod
    def _answer(response: httpx.Response) -> Answer:
        try:
            data = response.json()
        except (ValueError, RecursionError):  # besides what is no JSON: numbers and depths beyond Python's limits
            data = None
        return Answer(response.status_code, response.headers, data, response.text[:2000])

    def pages(self, template: str, *, per_page: int = 100, most: int = 1000, **options: Any) -> Iterator[Answer]:
        """GET pages numbered from 1 while the answer's Link header names a next one (RFC 8288)."""
        params = dict(options.pop("params", None) or {})
        for page in range(1, most + 1):
            numbered = {**params, "per_page": str(per_page), "page": str(page)}
            answer = self.request("GET", template, params=numbered, **options)
            yield answer
            if answer.status != 200 or 'rel="next"' not in answer.headers.get("link", ""):
                return
        raise NoAnswer(f"{self.gate.provider}: {template} has more than {most} pages", advice="narrow the account")

    def close(self) -> None:
        self._transport.close()


class Writer(Reader):
    """A Reader that may also send the gate's writes. Refuses to exist without an approval of exactly this plan."""

    may_write = True

    def __init__(self, gate: Gate, base: str, *, approval: Yes, plan_digest: str, **options: Any) -> None:
        super().__init__(gate, base, **options)
        if not approval.signed:
            raise Refused("no signed approval", advice="run `offkey approve PLAN`")
        if approval.plan_digest != plan_digest:
            raise Refused("the approval is of another plan", advice="approve the plan as it is now")
        self._approval = approval
        self._check_time()

    def _check_time(self) -> None:
        """An approval may run out, and a standing one be stopped, while a long plan is carried out."""
        if self.now() >= self._approval.expires_at:
            raise Expired("the approval has expired", advice="approve the plan again, then `offkey apply --resume`")
        if isinstance(self._approval, Warrant) and (why := self._approval.stopped()):
            raise Expired(f"the standing approval was stopped: {why}", advice="`offkey standing list` shows which hold")


@cache
def _trust() -> ssl.SSLContext:
    """Loading the authorities' certificates takes some 40 ms: once a process, for all clients."""
    return httpx.create_ssl_context(trust_env=False)


def _request(method: str, url: str, headers: Mapping[str, str] | None, **content: Any) -> httpx.Request:
    named = httpx.Headers(_HEADERS)
    named.update(headers)
    return httpx.Request(method, url, headers=named, extensions={"timeout": TIMEOUT.as_dict()}, **content)


def _signing(request: httpx.Request) -> Secret:
    """What the Authorization header says after its scheme, for Basic a name and a password in base64."""
    return Secret(request.headers.get("authorization", "").rpartition(" ")[2].encode("latin-1"))


def check_base(gate: Gate, base: str, instance: str) -> None:
    """Raise `Refused` unless `base` is a fixed host of the gate over https, or exactly the configured instance.

    Plain http is let through for a configured loopback instance only: simulators, and a proxy on the same machine.
    """
    if gate.databases and base == instance.rstrip("/"):
        return
    parts = urlsplit(base)
    host = parts.hostname or ""
    configured = bool(instance) and base.rstrip("/") == instance.rstrip("/")
    if not configured and host not in gate.hosts:
        raise Refused(
            f"{gate.provider}: {host or base!r} is not one of its hosts and no configured instance",
            advice=f"list the instance under [providers.{gate.provider}] in offkey.toml",
        )
    if parts.scheme != "https" and not (configured and is_loopback(host)):
        raise Refused(f"{gate.provider}: {base} is not https", advice="use https; http is for loopback alone")


def is_loopback(host: str) -> bool:
    """True for localhost and the addresses 127.0.0.0/8 and ::1."""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def scrub(text: str, hidden: tuple[Secret, ...]) -> str:
    """The text with each secret's raw, base64, hex and URL-encoded form replaced by `***`."""
    for secret in hidden:
        raw = secret.reveal()
        forms = (raw.decode("latin-1"), base64.b64encode(raw).decode(), raw.hex(), quote(raw, safe=""))
        for form in filter(None, forms):
            text = text.replace(form, "***")
    return text


def _fill(template: str, values: Mapping[str, str | Secret], show: Callable[[Secret], str]) -> str:
    def one(match: re.Match[str]) -> str:
        value = values[match[1]]
        if value in NO_NAMES:
            raise Refused(f"{template}: {match[1]} is {value!r}, which names another path", advice="report this")
        if isinstance(value, Secret):
            shown = show(value)
            return shown if shown == "***" else quote(shown, safe="")
        return quote(value, safe="")

    return re.sub(r"\{(\w+)\}", one, template)


def _gist(response: httpx.Response, hidden: tuple[Secret, ...]) -> str:
    """The provider's own error word: short, and the only part of a body that is recorded."""
    try:
        body = response.json()
        if not isinstance(body, dict):
            return ""
        told = [_scrubbed(body[key], hidden) for key in ("ok", "revoked", "error", "message") if key in body]
    except (ValueError, RecursionError):
        return "" if not response.content else "(not JSON)"
    return " ".join(scrub(str(word), hidden)[:120] for word in told)  # half a secret is not found any more


def _scrubbed(told: Any, hidden: tuple[Secret, ...]) -> Any:
    """Every text in it scrubbed, before quotes and backslashes are written otherwise."""
    if isinstance(told, dict):
        return {scrub(name, hidden): _scrubbed(value, hidden) for name, value in told.items()}
    if isinstance(told, list):
        return [_scrubbed(value, hidden) for value in told]
    return scrub(told, hidden) if isinstance(told, str) else told


def _wait(response: httpx.Response | None, attempt: int) -> float:
    """Seconds: what Retry-After says in seconds or as a date (RFC 9110), else twice as long each time."""
    given = "" if response is None else response.headers.get("retry-after", "")
    if given.isdigit():
        return min(float(given), LONGEST_WAIT)
    try:
        until = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):  # no date, or one without its zone
        until = 0.5 * 2**attempt
    return min(max(until, 0.0), LONGEST_WAIT)
