"""boto3 under the gates of `offkey/http.py`: explicit credentials, no retries, every operation asked first.

boto3 signs a request and reads its answer; the Reader sends it, so that redirects are refused and that an answer's size
and time are limited as everywhere. boto3 is imported where AWS is first asked.
"""

import functools
import io
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from offkey.errors import OffkeyError
from offkey.http import NoAnswer, Reader, Refused
from offkey.secret import Secret

logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs requests with their session token

# For an explicit key nothing of the user's AWS configuration counts: a wrong AWS_PROFILE would stop every check.
_UNCONFIGURED = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
_GARBLED = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What botocore's parsers raise for XML that is not the operation's."""
REGION = "us-east-1"  # IAM is global and signed for this region; the STS endpoint of it is always on
_PARTITIONS = {"sts.cn-north-1.amazonaws.com.cn": "cn-north-1", "sts.us-gov-west-1.amazonaws.com": "us-gov-west-1"}
"""AWS China and GovCloud know their own keys alone, and each has one region that IAM is signed for."""


class CredentialsUnusable(OffkeyError):
    """The user's AWS configuration cannot be used: no such profile, or nothing in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentials:
    """Either a profile of the user's AWS configuration, or an id and its secret."""

    profile: str = ""
    access_key_id: str = ""
    secret_access_key: Secret = Secret(b"")  # noqa: RUF009 - immutable
    session_token: Secret = Secret(b"")  # noqa: RUF009 - immutable


def client(http: Reader, service: str, credentials: AwsCredentials, region: str = "") -> Any:
    """A boto3 client of `service` in `region` whose every request asks the gate for `("AWS", "service:Operation")`.

    A Reader's instance, if configured, is the endpoint; otherwise AWS's own, checked against the gate's hosts: without
    a region of the partition whose STS is the Reader's base. The same arguments give the same client.
    """
    wanted = (service, credentials, region)
    if wanted not in http.clients:
        http.clients[wanted] = _made(http, service, credentials, region)
    return http.clients[wanted]


def _made(http: Reader, service: str, credentials: AwsCredentials, region: str) -> Any:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    host = urlsplit(http.base).hostname or ""
    configured, region = host not in http.gate.hosts, region or _PARTITIONS.get(host, REGION)
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        ignore_configured_endpoint_urls=True,
    )
    try:
        endpoint = http.base if configured else None
        made = _session(credentials, region).client(service, config=config, endpoint_url=endpoint)
    except BotoCoreError as error:
        raise CredentialsUnusable(
            f"aws: {type(error).__name__} for profile {credentials.profile or '(none)'}",
            advice="check [providers.aws] in offkey.toml, AWS_PROFILE and the files in ~/.aws",
        ) from None
    made.meta.events.register("before-send.*.*", lambda **event: _before_send(http, service, **event))
    return made


@functools.cache
def _models() -> Any:
    """Reading a service's description takes far longer than asking it: read once a process."""
    from botocore.loaders import Loader

    return Loader()


def _session(credentials: AwsCredentials, region: str) -> Any:
    import boto3
    import botocore.session

    if not credentials.profile and not credentials.access_key_id:
        # boto3 would silently take another identity from the environment.
        raise CredentialsUnusable(
            "aws: neither a profile nor a key is configured", advice="set read and write under [providers.aws]"
        )
    core = botocore.session.Session(
        _UNCONFIGURED if credentials.access_key_id else None, profile=credentials.profile or None
    )
    core.register_component("data_loader", _models())
    if credentials.profile:
        return boto3.session.Session(botocore_session=core, region_name=region)
    return boto3.session.Session(
        botocore_session=core,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key.reveal().decode("latin-1"),
        aws_session_token=credentials.session_token.reveal().decode("latin-1") or None,
        region_name=region,
    )


class _Body(io.BytesIO):
    """An answer's body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def _before_send(http: Reader, service: str, *, event_name: str, request: Any, **_: Any) -> Any:
    """What boto3 takes for the answer instead of asking itself. Raises Refused and NoAnswer."""
    from botocore.awsrequest import AWSResponse

    operation = event_name.rsplit(".", 1)[1]
    http.permit(("AWS", f"{service}:{operation}"))
    host = urlsplit(request.url).hostname or ""
    if host != urlsplit(http.base).hostname and host not in http.gate.hosts:
        raise Refused(f"aws: {host} is not one of its hosts")
    headers = {name: _text(value) for name, value in request.headers.items()}
    body = request.body.encode() if isinstance(request.body, str) else request.body
    answer = http.send_signed(request.method, request.url, headers, body)
    return AWSResponse(request.url, answer.status_code, dict(answer.headers), _Body(answer.content))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def call(http: Reader, made: Any, operation: str, **arguments: Any) -> tuple[int, str, Mapping[str, Any]]:
    """Run one operation and record it: (HTTP status, AWS error code or "", answer).

    `operation` is the API's own name, `ListAccessKeys`. Raises `NoAnswer` when nothing usable came back.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    service = made.meta.service_model.service_name
    shown = f"{urlsplit(made.meta.endpoint_url).netloc} {service}:{operation}"
    method = getattr(made, _snake(operation))
    try:
        answer: dict[str, Any] = method(**arguments)
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = re.sub(r"[^A-Za-z0-9.:_-].*", "", str(error.response.get("Error", {}).get("Code", "")))[:60]
        http.record("POST", shown, status, code)
        return status, code, {}
    except NoAnswer as error:
        http.record("POST", shown, 0, type(error).__name__)
        raise
    except (BotoCoreError, ResponseParserError, *_GARBLED) as error:
        # Its text may quote what was received or sent: only its name is kept.
        http.record("POST", shown, 0, type(error).__name__)
        raise NoAnswer(f"aws: {service}:{operation} failed: {type(error).__name__}", advice="try again later") from None
    status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
    http.record("POST", shown, status, "")
    return status, "", answer


def _snake(operation: str) -> str:
    from botocore import xform_name

    return str(xform_name(operation))
