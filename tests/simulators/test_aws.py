"""The AWS server refuses every key that AWS would refuse: through real boto3, over real HTTP."""

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import DEVIATIONS, AwsServer
from offboarding.demo.simulators.wire import DROP
from offkey.secret import Secret

CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)


@pytest.fixture(scope="module")
def aws():
    with AwsServer() as server:
        yield server


@pytest.fixture
def leaver(aws, request):
    name = f"user-{request.node.name}"[:60]
    aws.create_user(name, {"Owner": "leaver@example.com"})
    return name


def client(aws, service, key):
    key_id, secret = key
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret.reveal().decode(),
        config=CONFIG,
    )


def admin(aws):
    return client(aws, "iam", aws.admin)


def answer(aws, key):
    """Status and error code of sts GetCallerIdentity."""
    try:
        reply = client(aws, "sts", key).get_caller_identity()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return reply["ResponseMetadata"]["HTTPStatusCode"], reply["Arn"]


DEAD = (403, "InvalidClientTokenId")


def test_a_made_up_key_is_refused(aws):
    key_id, secret = tokens.aws_pair("nobody")
    assert answer(aws, (key_id, Secret(secret.encode()))) == DEAD


def test_a_live_key_answers_with_its_owner(aws, leaver):
    assert answer(aws, aws.create_key(leaver)) == (200, f"arn:aws:iam::{aws.account}:user/{leaver}")


def test_the_right_id_with_a_wrong_secret_is_refused(aws, leaver):
    key_id, _ = aws.create_key(leaver)
    assert answer(aws, (key_id, Secret(b"x" * 40))) == (403, "SignatureDoesNotMatch")


def test_an_inactive_key_is_refused_until_it_is_active_again_and_for_good_once_deleted(aws, leaver):
    key = aws.create_key(leaver)
    admin(aws).update_access_key(UserName=leaver, AccessKeyId=key[0], Status="Inactive")
    assert (answer(aws, key), aws.key_status(key[0])) == (DEAD, "Inactive")
    admin(aws).update_access_key(UserName=leaver, AccessKeyId=key[0], Status="Active")
    assert (answer(aws, key)[0], aws.key_status(key[0])) == (200, "Active")
    admin(aws).delete_access_key(UserName=leaver, AccessKeyId=key[0])
    assert (answer(aws, key), aws.key_status(key[0])) == (DEAD, "Deleted")


def test_only_the_named_key_is_inactivated(aws, leaver):
    first, second = aws.create_key(leaver), aws.create_key(leaver)
    admin(aws).update_access_key(UserName=leaver, AccessKeyId=second[0], Status="Inactive")
    assert (answer(aws, first)[0], answer(aws, second)) == (200, DEAD)


def test_a_user_without_a_policy_may_ask_who_it_is_and_nothing_else(aws, leaver):
    iam = client(aws, "iam", aws.create_key(leaver))
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.list_users()


def test_the_admin_finds_the_owner_of_a_key_and_his_tags(aws, leaver):
    key_id, _ = aws.create_key(leaver)
    assert admin(aws).get_access_key_last_used(AccessKeyId=key_id)["UserName"] == leaver
    assert admin(aws).list_user_tags(UserName=leaver)["Tags"] == [{"Key": "Owner", "Value": "leaver@example.com"}]


def test_an_inactivated_key_goes_on_answering_for_the_delay():
    with AwsServer(delay=3600) as aws:
        aws.create_user("slow")
        key = aws.create_key("slow")
        admin(aws).update_access_key(UserName="slow", AccessKeyId=key[0], Status="Inactive")
        assert (answer(aws, key)[0], aws.key_status(key[0])) == (200, "Inactive")
        aws.delay = 0
        assert answer(aws, key) == DEAD


def test_an_unsigned_request_is_refused(aws):
    reply = httpx.post(aws.url, data={"Action": "GetCallerIdentity", "Version": "2011-06-15"})
    assert (reply.status_code, "MissingAuthenticationToken" in reply.text) == (403, True)


def test_two_servers_side_by_side_do_not_share_users(aws):
    with AwsServer() as other:
        other.create_user("only-there")
        names = [user["UserName"] for user in admin(aws).list_users()["Users"]]
        assert "only-there" not in names
        assert answer(other, other.admin)[0] == 200
    assert answer(aws, aws.admin)[0] == 200


def test_authentication_is_back_as_it_was_after_the_last_server():
    from moto import settings

    before = settings.INITIAL_NO_AUTH_ACTION_COUNT
    with AwsServer():
        assert settings.INITIAL_NO_AUTH_ACTION_COUNT == 0
    assert before == settings.INITIAL_NO_AUTH_ACTION_COUNT


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (429, "TooManyRequestsException"), (500, "Internal")]
)
def test_an_operation_can_be_made_to_fail_without_effect(aws, leaver, status, code):
    key_id, _ = aws.create_key(leaver)
    aws.fail("POST", "^iam:UpdateAccessKey$", status)
    with pytest.raises(ClientError, match=code):
        admin(aws).update_access_key(UserName=leaver, AccessKeyId=key_id, Status="Inactive")
    assert aws.key_status(key_id) == "Active"


def test_the_answer_to_a_write_can_be_lost_although_it_took_effect(aws, leaver):
    key_id, _ = aws.create_key(leaver)
    aws.after_write = lambda line: DROP if line.path == "iam:UpdateAccessKey" else None
    try:
        with pytest.raises(BotoCoreError):
            admin(aws).update_access_key(UserName=leaver, AccessKeyId=key_id, Status="Inactive")
    finally:
        aws.after_write = None
    assert aws.key_status(key_id) == "Inactive"


def test_the_log_names_key_ids_and_operations_and_holds_no_secret(aws, leaver):
    key_id, secret = aws.create_key(leaver)
    answer(aws, (key_id, secret))
    line = aws.requests[-1]
    assert (line.who, line.path, line.status) == (key_id, "sts:GetCallerIdentity", 200)
    assert secret.reveal().decode() not in repr(aws.requests)


def test_known_deviations_are_named():
    assert any("INACTIVE" in line for line in DEVIATIONS)
