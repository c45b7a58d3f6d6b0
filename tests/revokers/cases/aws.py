"""AWS, on moto and the shim before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

import revokers
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offkey.boto import AwsCredentials
from offkey.model import Account, Action, Credential
from tests.revokers.case import Arrange, Case, credential, listed


def _aws(kind: str, *actions: Action) -> Arrange:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with AwsServer() as aws:
            admin = AwsCredentials(access_key_id=aws.admin[0], secret_access_key=aws.admin[1])
            settings = revokers.aws.Settings(read=admin, write=admin, account=aws.account, url=aws.url)
            names = ("ann", "dana", "zoe")
            case = Case(kind, aws, settings, actions, [], unpaged="no user has more than a page of them")
            case.person = Account(provider="aws", id="", login="dana")
            for name in names:
                aws.create_user(name, tags={"mail": f"{name}@example.com"})
                case.credentials += _aws_thing(aws, kind, name)
            case.points = listed(case, [Account(provider=case.provider, id="", login=name) for name in names])
            if case.credentials:
                made = tokens.aws_pair(f"made up {kind}")
                case.made_up = credential(kind, id=made[0], secret=made[1])
            if kind == "aws.service_credential":
                case.more = lambda count: [_aws_thing(aws, kind, "dana") for _ in range(count)]
            yield case

    return arrange


def _aws_thing(aws: AwsServer, kind: str, user: str) -> list[Credential]:
    from moto.iam.models import iam_backends

    backend = iam_backends[aws.account]["aws"]
    if kind == "aws.access_key":
        key_id, secret = aws.create_key(user)
        return [credential(kind, id=key_id, secret=secret)]
    if kind == "aws.login_profile":
        backend.create_login_profile(user, "Pass-" + tokens.pick(user, "password", 20))
    elif kind == "aws.service_credential":
        aws.create_service_credential(user)
    elif kind == "aws.signing_certificate":
        backend.upload_signing_certificate(user, certificate())
    elif kind == "aws.mfa_device":
        device = backend.create_virtual_mfa_device(f"{user}-phone", "/")
        backend.enable_mfa_device(user, device.serial_number, "123456", "654321")
    elif kind == "aws.ssh_public_key":
        backend.upload_ssh_public_key(user, f"ssh-ed25519 {tokens.pick(user, 'public key', 60)}")
    return []


@cache
def certificate() -> str:
    """A self-signed one, PEM; its private key is thrown away."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding

    key, name = Ed25519PrivateKey.generate(), x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC), datetime.now(UTC) + timedelta(1))
    return made.sign(key, None).public_bytes(Encoding.PEM).decode()


CASES: dict[str, Arrange] = {
    "aws.access_key": _aws("aws.access_key", Action.DISABLE, Action.REVOKE),
    "aws.login_profile": _aws("aws.login_profile", Action.REMOVE),
    "aws.mfa_device": _aws("aws.mfa_device", Action.REMOVE),
    "aws.service_credential": _aws("aws.service_credential", Action.DISABLE, Action.REVOKE),
    "aws.signing_certificate": _aws("aws.signing_certificate", Action.DISABLE, Action.REVOKE),
    "aws.ssh_public_key": _aws("aws.ssh_public_key", Action.DISABLE, Action.REVOKE),
    "aws.user_sessions": _aws("aws.user_sessions", Action.DISABLE),
}

WRONG = (b"<html></html>", b"<a><ListAccessKeysResult><IsTruncated>true</IsTruncated></ListAccessKeysResult></a>")
"""Bodies with status 200 that are no answer of its API."""
