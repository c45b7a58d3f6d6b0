"""boto3 under the gates of `offkey/http.py`: explicit credentials, no retries, every operation asked first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
from botocore.config import Config

from offkey.http import NoAnswer, Reader, Refused
from offkey.secret import Secret

REGION = "us-east-1"  # IAM is global and signed for this region; the STS endpoint of it is always on


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentials:
    """Either a profile of the user's AWS configuration, or an id and its secret."""

    profile: str = ""
    access_key_id: str = ""
    secret_access_key: Secret = Secret(b"")  # noqa: RUF009 - immutable
    session_token: Secret = Secret(b"")  # noqa: RUF009 - immutable


def client(http: Reader, service: str, credentials: AwsCredentials) -> Any:
    """A boto3 client of `service` whose every request asks the gate for `("AWS", "service:Operation")`.

    A Reader's instance, if configured, is the endpoint; otherwise AWS's own, checked against the gate's hosts.
    """
    session = (
        boto3.session.Session(profile_name=credentials.profile, region_name=REGION)
        if credentials.profile
        else boto3.session.Session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key.reveal().decode("latin-1"),
            aws_session_token=credentials.session_token.reveal().decode("latin-1") or None,
            region_name=REGION,
        )
    )
    configured = urlsplit(http.base).hostname not in http.gate.hosts
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=10,
        read_timeout=20,
        ignore_configured_endpoint_urls=True,
    )
    made = session.client(service, config=config, endpoint_url=http.base if configured else None)
    made.meta.events.register("before-send.*.*", lambda **event: _before_send(http, service, **event))
    return made


def _before_send(http: Reader, service: str, *, event_name: str, request: Any, **_: Any) -> None:
    operation = event_name.rsplit(".", 1)[1]
    http.permit(("AWS", f"{service}:{operation}"))
    host = urlsplit(request.url).hostname or ""
    if host != urlsplit(http.base).hostname and host not in http.gate.hosts:
        raise Refused(f"aws: {host} is not one of its hosts")


def call(http: Reader, made: Any, operation: str, **arguments: Any) -> tuple[int, str, Mapping[str, Any]]:
    """Run one operation and record it: (HTTP status, AWS error code or "", answer).

    `operation` is the API's own name, `ListAccessKeys`. Raises `NoAnswer` when nothing usable came back.
    """
    service = made.meta.service_model.service_name
    shown = f"{urlsplit(made.meta.endpoint_url).netloc} {service}:{operation}"
    method = getattr(made, _snake(operation))
    try:
        answer: dict[str, Any] = method(**arguments)
    except botocore.exceptions.ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = str(error.response.get("Error", {}).get("Code", ""))
        http.record("POST", shown, status, code)
        return status, code, {}
    except botocore.exceptions.BotoCoreError as error:
        http.record("POST", shown, 0, type(error).__name__)
        raise NoAnswer(f"aws: {service}:{operation} failed: {type(error).__name__}", advice="try again later") from None
    status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
    http.record("POST", shown, status, "")
    return status, "", answer


def _snake(operation: str) -> str:
    return str(botocore.xform_name(operation))
