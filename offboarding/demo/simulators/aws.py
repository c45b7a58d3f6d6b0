"""AWS (IAM and STS): moto's own HTTP server with authentication on, and a shim in front that mends what flatters us.

moto answers 200 to a made-up key unless `INITIAL_NO_AUTH_ACTION_COUNT` is 0 (moto/settings.py and
moto/core/authorization.py), so that is set while a server runs. moto's state is one per process; servers live side by
side because each has an account of its own, and moto finds the account by the access key.
"""

import http.client
import itertools
import json
import logging
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from xml.sax.saxutils import escape

from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from offkey.secret import Secret

DEVIATIONS = (
    "moto answers 200 to an INACTIVE access key; the shim answers 403 InvalidClientTokenId, as AWS does",
    "a deleted key is refused at once, whatever `delay` says: moto itself no longer knows it",
    "the shim refuses in the XML of IAM and STS whatever the service (S3 and EC2 name the error otherwise)",
    "GetAccessKeyLastUsed knows the keys of every account in the process (moto); AWS refuses other accounts' keys",
    "service-specific credentials, which moto lacks, are the shim's own: any living key may list and change them, in "
    "pages of three, and they sign in nowhere",
    "Condition and most Resource elements of policies are not evaluated (moto/iam/access_control.py)",
)
"""Where this server is known to differ from moto, or moto from AWS."""

REGION = "us-east-1"
_ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_READ_ONLY = re.compile(r":(Get|List|Describe|Simulate|Generate)|:(GET|HEAD) ")
_PER_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}
_ERRORS = {
    403: ("AccessDenied", "User is not authorized to perform this operation"),
    429: ("TooManyRequestsException", "Too many requests"),
    503: ("ServiceUnavailable", "The request has failed due to a temporary failure of the server"),
}
_SERVICE_CREDENTIALS = re.compile("^iam:(List|Update|Delete)ServiceSpecificCredentials?$")
_PAGE = 3
_NAMESPACE = ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"'
_REQUEST = "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
_accounts = itertools.count(419283746501)


class _Authentication:
    """Holds moto's process-wide switch on while at least one server runs, and puts it back after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._before = 0.0

    def hold(self) -> None:
        from moto import settings

        with self._lock:
            if self._holders == 0:
                self._before = settings.INITIAL_NO_AUTH_ACTION_COUNT
                settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
            self._holders += 1

    def release(self) -> None:
        from moto import settings

        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                settings.INITIAL_NO_AUTH_ACTION_COUNT = self._before


_authentication = _Authentication()


class AwsServer(LocalServer):
    """`with AwsServer() as aws: boto3.client("sts", endpoint_url=aws.url, ...)`.

    The log and `fail` name operations, such as `iam:UpdateAccessKey` (method POST). `delay` is how many seconds an
    inactivated key goes on answering; its listed status changes at once.
    """

    def __init__(self, *, account: str | None = None, delay: float = 0.0) -> None:
        super().__init__()
        self.account = account or str(next(_accounts))
        self.delay = delay
        self._inactive_since: dict[str, float] = {}
        self.service_credentials: dict[str, dict[str, str]] = {}
        """By id: UserName, ServiceName, Status and what else IAM lists of a service-specific credential."""
        self._moto: Any = None
        self.admin: tuple[str, Secret] = ("", Secret(b""))
        """Access key id and secret of a user who may do anything in the account."""

    def start(self) -> Self:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        _authentication.hold()
        self._moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._moto.start()
        self.create_user("organisation-admin", policy=_ALLOW_ALL)
        self.admin = self.create_key("organisation-admin")
        return super().start()

    def stop(self) -> None:
        super().stop()
        if self._moto is not None:
            # It looks every half a second whether it is to end; nobody can reach it but through this server.
            threading.Thread(target=self._moto.stop, daemon=True).start()
            self._moto = None
            self._backend().reset()
            _authentication.release()

    def create_user(
        self, name: str, tags: Mapping[str, str] | None = None, policy: Mapping[str, Any] | None = None
    ) -> str:
        """Makes an IAM user, with an inline policy document if given, and returns the ARN."""
        with self.lock:
            user = self._backend().create_user(
                REGION, name, tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()]
            )
            if policy is not None:
                self._backend().put_user_policy(name, "inline", json.dumps(policy))
            return str(user.arn)

    def create_key(self, user: str) -> tuple[str, Secret]:
        """Makes an access key of an existing user: its id and its secret. AWS and moto allow two a user."""
        with self.lock:
            key = self._backend().create_access_key(user)
        return key.access_key_id, Secret(key.secret_access_key.encode())

    def create_service_credential(self, user: str, service: str = "codecommit.amazonaws.com") -> str:
        """Makes a service-specific credential of an existing user and returns its id."""
        with self.lock:
            made = f"ACCA{len(self.service_credentials) + 1:016d}"
            self.service_credentials[made] = {
                "UserName": user,
                "Status": "Active",
                "ServiceUserName": f"{user}-at-{self.account}",
                "CreateDate": "2026-01-02T03:04:05Z",
                "ServiceSpecificCredentialId": made,
                "ServiceName": service,
            }
            return made

    def _service_credentials(self, form: Mapping[str, str]) -> Answer:
        """List, Update and Delete, as botocore's model of IAM has them."""
        action, user = form["Action"], form.get("UserName", "")
        with self.lock:
            if action.startswith("List"):
                rows = [row for row in self.service_credentials.values() if row["UserName"] == user]
                return _listed(rows, int(form.get("Marker", "0")))
            row = self.service_credentials.get(form.get("ServiceSpecificCredentialId", ""))
            if row is None or row["UserName"] != user:
                return _xml_error(404, "NoSuchEntity", "No such service specific credential.")
            if action.startswith("Update"):
                row["Status"] = form["Status"]
            else:
                del self.service_credentials[row["ServiceSpecificCredentialId"]]
            return _xml(f"<{action}Response{_NAMESPACE}>{_REQUEST}</{action}Response>", wrote=True)

    def key_status(self, key_id: str) -> str:
        """`Active` or `Inactive` as IAM lists it, or `Deleted` when IAM does not know the key."""
        key = self._backend().access_keys.get(key_id)
        return str(key.status) if key else "Deleted"

    def use_key(self, key_id: str, at: datetime) -> None:
        """Has an access key last used at a moment, by S3. What it really signs counts as well, at the real time."""
        from moto.iam.models import AccessKeyLastUsed

        self._backend().access_keys[key_id].last_used = AccessKeyLastUsed(at, "s3", REGION)

    def keys_of(self, user: str) -> dict[str, str]:
        """The ids of a user's access keys with their status."""
        keys = self._backend().access_keys.values()
        return {str(key.access_key_id): str(key.status) for key in keys if key.user_name == user}

    def who(self, request: Request) -> str:
        """The access key id: an identifier, not a secret."""
        found = re.search(r"Credential=([^/,]+)/", request.headers.get("authorization", ""))
        return found[1] if found else ""

    def label(self, request: Request) -> str:
        scope = re.search(r"Credential=[^/,]+/\d+/[^/]+/([^/]+)/", request.headers.get("authorization", ""))
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.form().get("Action")
        return f"{scope[1] if scope else ''}:{operation or f'{request.method} {request.path}'}"

    def error(self, status: int) -> Answer:
        code, message = _ERRORS.get(status, ("InternalFailure", "The request processing has failed"))
        return _xml_error(status, code, message)

    def answer(self, request: Request) -> Answer:
        if not self.who(request):
            return _xml_error(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        if self._refused(self.who(request)):
            return _xml_error(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if _SERVICE_CREDENTIALS.search(self.label(request)) and self.key_status(self.who(request)) == "Active":
            return self._service_credentials(request.form())
        answer = self._forward(request)
        self._note_inactive()
        answer.wrote = answer.status < 300 and not _READ_ONLY.search(self.label(request))
        return answer

    def _backend(self) -> Any:
        from moto.iam.models import iam_backends

        return iam_backends[self.account]["aws"]

    def _refused(self, key_id: str) -> bool:
        with self.lock:
            self._note_inactive()
            since = self._inactive_since.get(key_id)
        return since is not None and time.monotonic() - since >= self.delay

    def _note_inactive(self) -> None:
        """Learns from moto's own IAM state which keys are inactive, and since when."""
        now = time.monotonic()
        with self.lock:
            inactive = {
                key.access_key_id for key in list(self._backend().access_keys.values()) if key.status != "Active"
            }
            self._inactive_since = {key_id: self._inactive_since.get(key_id, now) for key_id in inactive}

    def _forward(self, request: Request) -> Answer:
        """Passes the request on unchanged, Host header included: the signature covers it."""
        host, port = self._moto.get_host_and_port()
        connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name != "connection":
                    connection.putheader(name, value)
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _PER_HOP}
            return Answer(status=response.status, body=response.read(), headers=headers)
        finally:
            connection.close()


def _listed(rows: list[dict[str, str]], start: int) -> Answer:
    shown = "".join(
        f"<member>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in row.items())}</member>"
        for row in rows[start : start + _PAGE]
    )
    end = start + _PAGE
    more = f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < len(rows) else ""
    name = "ListServiceSpecificCredentials"
    return _xml(
        f"<{name}Response{_NAMESPACE}><{name}Result><ServiceSpecificCredentials>{shown}</ServiceSpecificCredentials>"
        f"{more}</{name}Result>{_REQUEST}</{name}Response>"
    )


def _xml(text: str, *, wrote: bool = False) -> Answer:
    return Answer(status=200, body=text.encode(), headers={"Content-Type": "text/xml"}, wrote=wrote)


def _xml_error(status: int, code: str, message: str) -> Answer:
    """The error form of the query protocol, which IAM and STS speak."""
    text = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
    )
    return Answer(status=status, body=text.encode(), headers={"Content-Type": "text/xml"})
