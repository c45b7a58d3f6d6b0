"""AWS, on moto."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    else:
        backend.upload_ssh_public_key(user, f"ssh-ed25519 {tokens.pick(user, 'public key', 60)}")
    return []


CASES: dict[str, Arrange] = {
    "aws.access_key": _aws("aws.access_key", Action.DISABLE, Action.REVOKE),
    "aws.login_profile": _aws("aws.login_profile", Action.REMOVE),
    "aws.ssh_public_key": _aws("aws.ssh_public_key", Action.DISABLE, Action.REVOKE),
}

NOT_ARRANGED = {"aws.service_credential": "moto has no service-specific credentials"}

WRONG = (b"<html></html>", b"<a><ListAccessKeysResult><IsTruncated>true</IsTruncated></ListAccessKeysResult></a>")
"""Bodies with status 200 that are no answer of its API."""
