"""boto3 under the gates: the same refusals, no retries, no identity, proxy or profile that nobody named."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from offboarding.demo.simulators.wire import Answer
from offkey import boto
from offkey import http as gates
from offkey.boto import AwsCredentials, CredentialsUnusable
from offkey.http import Gate, NoAnswer, Reader, Redirected, Refused, Writer
from offkey.secret import Secret
from tests.offkey.serving import DIGEST, NOW, Canned, approval

GATE = Gate(
    provider="aws",
    hosts=frozenset({"sts.amazonaws.com", "iam.amazonaws.com"}),
    reads=frozenset({("AWS", "sts:GetCallerIdentity")}),
    writes=frozenset({("AWS", "iam:DeleteAccessKey")}),
)
SIGNER = AwsCredentials(
    access_key_id="AKIA" + "Q7" * 8, secret_access_key=Secret(b"s3" * 20), session_token=Secret(b"IQoJ" + b"t0" * 60)
)
IDENTITY = Answer(
    status=200,
    body=b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/dana</Arn>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>",
    headers={"Content-Type": "text/xml"},
)
DELETE = {"UserName": "dana", "AccessKeyId": SIGNER.access_key_id}


@pytest.fixture
def server() -> Iterator[Canned]:
    with Canned(IDENTITY) as canned:
        yield canned


def reader(server: Canned) -> Reader:
    return Reader(GATE, server.url, instance=server.url)


def test_a_listed_operation_is_answered_and_recorded(server: Canned) -> None:
    http = reader(server)
    status, code, answer = boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")
    assert (status, code, answer["Arn"]) == (200, "", "arn:aws:iam::1:user/dana")
    assert [(item.target.split()[1], item.status) for item in http.exchanges] == [("sts:GetCallerIdentity", 200)]


def test_an_operation_that_is_not_listed_is_refused_before_it_is_sent(server: Canned) -> None:
    http = reader(server)
    iam = boto.client(http, "iam", SIGNER)
    for operation, arguments in (("DeleteAccessKey", DELETE), ("ListUsers", {}), ("CreateAccessKey", {})):
        with pytest.raises(Refused, match=f"iam:{operation} is not on the list"):
            boto.call(http, iam, operation, **arguments)
    assert server.seen == []


def test_a_writer_sends_the_listed_write_once_and_no_other(server: Canned) -> None:
    server.answers = [Answer(status=500)]
    http = Writer(GATE, server.url, instance=server.url, approval=approval(), plan_digest=DIGEST, now=lambda: NOW)
    iam = boto.client(http, "iam", SIGNER)
    assert boto.call(http, iam, "DeleteAccessKey", **DELETE)[0] == 500
    with pytest.raises(Refused, match="iam:DeleteUser"):
        boto.call(http, iam, "DeleteUser", UserName="dana")
    assert len(server.seen) == 1


def test_a_host_that_is_not_awss_is_refused_before_it_is_asked(server: Canned) -> None:
    """boto3 picks the regional address by itself; only listed hosts are let through."""
    http = Reader(GATE, "https://sts.amazonaws.com")
    with pytest.raises(Refused, match=r"sts.us-east-1.amazonaws.com is not one of its hosts"):
        boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")


def test_an_address_from_the_environment_is_not_taken(server: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    http = reader(server)
    assert boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")[0] == 200


def test_aws_itself_is_asked_even_where_the_environment_names_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    made = boto.client(Reader(GATE, "https://sts.amazonaws.com"), "iam", SIGNER)
    assert made.meta.endpoint_url == "https://iam.amazonaws.com"


def test_a_redirect_is_not_followed(server: Canned) -> None:
    with Canned(IDENTITY) as elsewhere:
        server.answers = [Answer(status=307, headers={"Location": elsewhere.url})]
        http = reader(server)
        with pytest.raises(Redirected):
            boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")
        assert len(server.seen) == 1
        assert elsewhere.seen == []


@pytest.mark.parametrize(("limit", "most"), [("LARGEST_ANSWER", 100), ("LONGEST_ANSWER", -1.0)])
def test_an_answer_without_an_end_is_none(
    server: Canned, monkeypatch: pytest.MonkeyPatch, limit: str, most: float
) -> None:
    monkeypatch.setattr(gates, limit, most)
    http = reader(server)
    with pytest.raises(NoAnswer, match="does not end"):
        boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")
    assert [item.status for item in http.exchanges] == [0]


@pytest.mark.parametrize("body", [b"", b"<html>\x00\xff", b'{"no": "xml"}'])
@pytest.mark.parametrize("status", [200, 500])
def test_garbage_is_no_success(server: Canned, body: bytes, status: int) -> None:
    server.answers = [Answer(status=status, body=body)]
    http = reader(server)
    made = boto.client(http, "sts", SIGNER)
    with suppress(NoAnswer):
        seen, _, answer = boto.call(http, made, "GetCallerIdentity")
        assert seen == status
        assert "Arn" not in answer
    assert len(server.seen) == 1


def test_an_error_gives_its_status_and_code(server: Canned) -> None:
    body = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>"
    server.answers = [Answer(status=403, body=body, headers={"Content-Type": "text/xml"})]
    http = reader(server)
    assert boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity") == (403, "InvalidClientTokenId", {})
    assert http.exchanges[0].summary == "InvalidClientTokenId"


def test_nobody_there_is_no_answer() -> None:
    with Canned(IDENTITY) as gone:
        http = reader(gone)
    with pytest.raises(NoAnswer, match="ConnectError"):
        boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")


def test_a_profile_is_read_and_a_missing_one_is_an_error_with_advice(
    server: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[audit]\naws_access_key_id = {'AKIA' + 'P7' * 8}\naws_secret_access_key = {'x' * 40}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    http = reader(server)
    boto.call(http, boto.client(http, "sts", AwsCredentials(profile="audit")), "GetCallerIdentity")
    assert "Credential=AKIAP7" in server.seen[0].headers["authorization"]
    with pytest.raises(CredentialsUnusable, match="nosuch") as told:
        boto.client(http, "sts", AwsCredentials(profile="nosuch"))
    assert "offkey.toml" in told.value.advice


def test_no_other_identity_is_taken_from_the_environment(server: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA" + "E7" * 8)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "e" * 40)
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    http = reader(server)
    with pytest.raises(CredentialsUnusable, match="neither a profile nor a key"):
        boto.client(http, "sts", AwsCredentials())
    boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")
    assert f"Credential={SIGNER.access_key_id}/" in server.seen[0].headers["authorization"]


def test_nothing_secret_is_logged(server: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    http = reader(server)
    boto.call(http, boto.client(http, "sts", SIGNER), "GetCallerIdentity")
    shown = caplog.text + repr(http.exchanges) + repr(SIGNER)
    for secret in (SIGNER.secret_access_key, SIGNER.session_token):
        assert secret.reveal().decode() not in shown


def test_a_client_is_made_once_for_each_key_service_and_region_of_a_reader() -> None:
    http, other = (Reader(GATE, "https://sts.amazonaws.com") for _ in range(2))
    again = replace(SIGNER, secret_access_key=Secret(SIGNER.secret_access_key.reveal()))
    changed = replace(SIGNER, secret_access_key=Secret(b"another"))
    made = boto.client(http, "sts", SIGNER)
    assert boto.client(http, "sts", again) is made
    different = [
        boto.client(http, "iam", SIGNER),
        boto.client(http, "sts", SIGNER, "eu-west-1"),
        boto.client(http, "sts", changed),
        boto.client(other, "sts", SIGNER),
    ]
    assert len({id(one) for one in [made, *different]}) == 5
