"""AWS's own truths, on moto with authentication on."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offkey import boto
from offkey.boto import AwsCredentials
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import aws, aws_sessions, reader
from revokers.protocol import NotAutomatic, NotIdentified, reached
from tests.revokers.contract import CASES, Case, credential

LONE = AccessPoint(id="leak:1", provider="aws", kind="aws.access_key")


@pytest.fixture
def case() -> Iterator[Case]:
    with CASES["aws.access_key"]() as arranged:
        yield arranged


def test_a_living_pair_names_its_holder(case: Case) -> None:
    said = aws.check(case.reader(), case.credentials[1])
    assert said.liveness is Liveness.LIVE
    assert said.holder
    assert said.holder.login == "dana"
    assert said.reason.endswith(":user/dana")


def test_a_living_id_with_a_foreign_secret_is_not_called_dead(case: Case) -> None:
    mixed = credential("aws.access_key", id=case.credentials[1].parts["id"], secret=case.credentials[0].secret)
    said = aws.check(case.reader(), mixed)
    assert (said.liveness, said.status) == (Liveness.UNKNOWN, "SignatureDoesNotMatch")


def test_an_id_alone_is_not_asked_but_its_state_is_found_with_its_owner(case: Case) -> None:
    lone = credential("aws.access_key", id=case.credentials[1].parts["id"])
    assert aws.check(case.reader(), lone).liveness is Liveness.UNKNOWN
    said = aws.state(case.reader(), case.settings, LONE, lone)
    assert (said.liveness, said.holder and said.holder.login) == (Liveness.LIVE, "dana")


def test_deactivation_is_proved_by_the_listed_status_and_does_not_pass_for_deletion(case: Case) -> None:
    case.kill(1, action=Action.DISABLE)
    said = case.state(1)
    assert (said.liveness, said.status) == (Liveness.DEAD, "Inactive")
    disable, delete = aws.HANDLES["aws.access_key"]
    assert reached(disable, said)
    assert not reached(delete, said)
    assert disable.reversible
    assert not delete.reversible


def test_a_key_that_still_answers_is_not_dead_because_it_is_not_listed(case: Case) -> None:
    """The plan names the wrong holder: absence from that user's list proves nothing about a pair that signs."""
    point = replace(case.points[1], holder=case.points[0].holder)
    case.sim.fail("*", "iam:GetAccessKeyLastUsed", 403)
    assert aws.state(case.reader(), case.settings, point, case.credentials[1]).liveness is Liveness.LIVE


def test_a_key_of_another_user_than_the_plan_says_is_not_touched(case: Case) -> None:
    point = replace(case.points[1], holder=case.points[0].holder)
    with pytest.raises(NotIdentified, match="the plan says ann's"):
        aws.revoke(case.writer(), case.settings, Action.REVOKE, point, None)
    assert case.state(1).liveness is Liveness.LIVE


def test_boto3_asks_at_the_listed_hosts() -> None:
    signer = AwsCredentials(access_key_id="AKIA" + "Q7" * 8, secret_access_key=Secret(b"x" * 40))
    http = Reader(aws.gate, aws.URL)
    for service in ("sts", "iam"):
        assert httpx.URL(boto.client(http, service, signer).meta.endpoint_url).host in aws.HOSTS


@pytest.mark.parametrize("url", ["https://sts.cn-north-1.amazonaws.com.cn", "https://sts.us-gov-west-1.amazonaws.com"])
def test_another_partitions_account_is_asked_at_its_own_listed_hosts(url: str) -> None:
    signer = AwsCredentials(access_key_id="AKIA" + "Q7" * 8, secret_access_key=Secret(b"x" * 40))
    http = reader("aws", aws.Settings(read=signer, url=url))
    assert str(boto.client(http, "sts", signer).meta.endpoint_url) == url
    host = httpx.URL(boto.client(http, "iam", signer).meta.endpoint_url).host
    assert host in aws.HOSTS
    assert host != "iam.amazonaws.com"


def test_a_key_that_aws_does_not_know_may_be_another_partitions(case: Case) -> None:
    key_id, secret = tokens.aws_pair("of another partition")
    pair = credential("aws.access_key", id=key_id, secret=secret)
    case.sim.fail("*", "sts:GetAccessKeyInfo", 403, times=9)  # moto names its own account for any key
    for said in (aws.check(case.reader(), pair), aws.state(case.reader(), case.settings, LONE, pair)):
        assert (said.liveness, said.status) == (Liveness.UNKNOWN, "InvalidClientTokenId")
    alive = aws.check(case.reader(), case.credentials[1])
    known = aws.state(case.reader(), case.settings, replace(LONE, check=alive), pair)
    assert known.liveness is Liveness.DEAD


def test_a_deleted_key_of_the_configured_account_is_dead_though_nobody_holds_it_any_more(case: Case) -> None:
    case.kill(1)
    said = aws.state(case.reader(), case.settings, LONE, case.credentials[1])
    assert (said.liveness, "of this account" in said.reason) == (Liveness.DEAD, True)
    assert aws.check(case.reader(), case.credentials[1]).liveness is Liveness.UNKNOWN


def test_a_key_of_another_account_is_unknown_and_never_touched(case: Case) -> None:
    with AwsServer() as other:
        other.create_user("dana")
        key_id, _ = other.create_key("dana")
        point = replace(case.points[1], provider_id=key_id)
        said = aws.state(case.reader(), case.settings, point, None)
        assert said.liveness is Liveness.UNKNOWN
        assert other.account in said.reason
        with pytest.raises(NotIdentified):
            aws.revoke(case.writer(), case.settings, Action.REVOKE, point, None)
        assert other.key_status(key_id) == "Active"


@pytest.mark.parametrize("account", ["", "999999999999"])
def test_offkeys_credential_must_be_of_the_configured_account(case: Case, account: str) -> None:
    settings = replace(case.settings, account=account)
    said = aws.state(case.reader(), settings, case.points[1], None)
    assert said.liveness is Liveness.UNKNOWN
    assert "offkey's credential is of AWS account" in said.reason
    (gap,) = aws.inventory(case.reader(), settings, case.person)
    assert isinstance(gap, Gap)
    assert "[providers.aws]" in gap.advice


def test_a_person_without_permission_to_ask_gets_a_gap_with_advice(case: Case) -> None:
    """The leaver's own key as offkey's credential: IAM denies, and that is no answer about anything."""
    parts = case.credentials[0].parts
    poor = AwsCredentials(access_key_id=parts["id"].reveal().decode(), secret_access_key=parts["secret"])
    (gap,) = aws.inventory(case.reader(), replace(case.settings, read=poor), case.person)
    assert isinstance(gap, Gap)
    assert "AccessDenied" in gap.why
    assert "iam:GetUser" in gap.advice


def test_an_unknown_user_and_a_nameless_account_are_gaps(case: Case) -> None:
    for account in (Account(provider="aws", id="", login="nobody"), Account(provider="aws", id="AIDA1")):
        (gap,) = aws.inventory(case.reader(), case.settings, account)
        assert isinstance(gap, Gap)


@pytest.mark.parametrize(
    ("tags", "ownership"),
    [
        ({"mail": "dana@example.com"}, Ownership.PERSONAL),
        ({}, Ownership.PERSONAL),
        ({"purpose": "ci"}, Ownership.SHARED),
        ({"purpose": "ci", "owner": "dana@example.com"}, Ownership.PERSONAL),
    ],
)
def test_tags_tell_a_machines_user_from_a_persons(tags: dict[str, str], ownership: Ownership) -> None:
    with AwsServer() as server:
        server.create_user("u", tags=tags)
        key_id, _ = server.create_key("u")
        admin = AwsCredentials(access_key_id=server.admin[0], secret_access_key=server.admin[1])
        settings = aws.Settings(read=admin, account=server.account, url=server.url)
        point, sessions = aws.inventory(reader("aws", settings), settings, Account(provider="aws", id="", login="u"))
        assert isinstance(point, AccessPoint)
        assert isinstance(sessions, AccessPoint)
        assert (sessions.kind, sessions.ownership) == ("aws.user_sessions", ownership)
        assert (point.ownership, point.provider_id, point.bond.value) == (ownership, key_id, "theirs")
        assert all(f"IAM user tag {key}={value}" in point.evidence for key, value in tags.items())


def test_root_is_never_automatic(case: Case) -> None:
    root = replace(case.points[1], holder=Account(provider="aws", id="123456789012", login="root"))
    assert [way.action for way in aws.options(root)] == [Action.HAND_OVER]
    with pytest.raises(NotAutomatic, match="not done automatically"):
        aws.revoke(case.writer(), case.settings, Action.REVOKE, root, None)
    assert case.state(1).liveness is Liveness.LIVE


def test_a_session_without_its_token_is_not_called_dead_and_is_handed_over(case: Case) -> None:
    key_id, secret = tokens.aws_pair("session")
    session = credential("aws.session", id="ASIA" + key_id[4:], secret=secret)
    assert aws.check(case.reader(), session).liveness is Liveness.UNKNOWN
    whole = credential("aws.session", id="ASIA" + key_id[4:], secret=secret, session_token=Secret(b"IQoJ" + b"x" * 96))
    assert aws.check(case.reader(), whole).liveness is Liveness.UNKNOWN
    (way,) = aws.HANDLES["aws.session"]
    assert (way.action, "AWSRevokeOlderSessions" in way.how) == (Action.HAND_OVER, True)


def test_without_a_write_credential_nothing_is_ended(case: Case) -> None:
    with pytest.raises(NotIdentified, match="no write credential"):
        aws.revoke(case.writer(), replace(case.settings, write=None), Action.DISABLE, case.points[1], None)
    assert case.state(1).status == "Active"


def test_a_second_factor_is_not_taken_from_before_a_password() -> None:
    with CASES["aws.mfa_device"]() as case:
        backend = _backend(case)
        backend.create_login_profile("dana", "Pass-" + tokens.pick("dana", "password", 20))
        with pytest.raises(NotAutomatic, match="console password"):
            case.kill(1)
        assert case.state(1).liveness is Liveness.LIVE
        backend.delete_login_profile("dana")
        case.kill(1)
        assert case.points[1].provider_id not in backend.virtual_mfa_devices
        assert len(backend.virtual_mfa_devices) == 2


def test_a_hardware_device_is_deactivated_and_not_deleted() -> None:
    with CASES["aws.mfa_device"]() as case:
        _backend(case).enable_mfa_device("dana", "GAHT12345678", "123456", "654321")
        (device,) = [
            point
            for point in case.inventory()
            if isinstance(point, AccessPoint) and point.provider_id == "GAHT12345678"
        ]
        aws.revoke(case.writer(), case.settings, Action.REMOVE, device, None)
        assert aws.state(case.reader(), case.settings, device, None).liveness is Liveness.DEAD
        assert not any("DeleteVirtual" in request.path for request in case.sim.requests)


def test_the_policy_denies_what_was_issued_before_now_and_nothing_else() -> None:
    with CASES["aws.user_sessions"]() as case:
        case.kill(1)
        policy = _backend(case).get_user_policy("dana", "offkey-deny-older-sessions")["policy_document"]
        (statement,) = json.loads(policy)["Statement"]
        issued = statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", ["*"], ["*"])
        assert abs((datetime.fromisoformat(issued) - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("change", [{"Effect": "Allow"}, {"Action": ["s3:*"]}, {"Condition": {}}])
def test_another_policy_of_that_name_proves_nothing(change: dict[str, object]) -> None:
    with CASES["aws.user_sessions"]() as case:
        case.kill(1)
        policy = json.loads(_backend(case).get_user_policy("dana", "offkey-deny-older-sessions")["policy_document"])
        policy["Statement"][0] |= change
        _backend(case).put_user_policy("dana", "offkey-deny-older-sessions", json.dumps(policy))
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_a_policy_from_an_earlier_departure_leaves_the_sessions_since_then_alive() -> None:
    with CASES["aws.user_sessions"]() as case:
        old = aws_sessions.document(datetime.now(UTC) - timedelta(hours=40))
        _backend(case).put_user_policy("dana", aws_sessions.POLICY, json.dumps(old))
        (listed,) = [p for p in case.inventory() if isinstance(p, AccessPoint) and p.kind == case.kind]
        assert listed.check
        assert listed.check.liveness is Liveness.LIVE
        assert case.state(1).liveness is Liveness.LIVE
        recent = aws_sessions.document(datetime.now(UTC) - timedelta(hours=1))
        _backend(case).put_user_policy("dana", aws_sessions.POLICY, json.dumps(recent))
        assert case.state(1).liveness is Liveness.LIVE
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD


@pytest.mark.parametrize("kind", ["aws.ssh_public_key", "aws.login_profile", "aws.mfa_device"])
def test_what_a_renamed_user_holds_is_not_called_dead(kind: str) -> None:
    with CASES[kind]() as case:
        _backend(case).update_user("dana", None, "dana.new")
        assert case.state(1).liveness is Liveness.UNKNOWN


def test_sessions_of_a_user_who_took_over_the_name_are_not_touched() -> None:
    with CASES["aws.user_sessions"]() as case:
        point = replace(case.points[1], provider_id="AIDA" + "Q" * 17)
        with pytest.raises(NotIdentified, match="not that user"):
            aws.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
        assert aws.state(case.reader(), case.settings, point, None).liveness is Liveness.UNKNOWN


def _backend(case: Case) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[case.settings.account]["aws"]


def test_a_user_who_has_become_a_machines_since_the_plan_is_left_to_people(case: Case) -> None:
    assert case.points[1].ownership is Ownership.PERSONAL
    _backend(case).tag_user("dana", [{"Key": "purpose", "Value": "ci"}])
    _backend(case).untag_user("dana", ["mail"])
    for action in (Action.DISABLE, Action.REVOKE):
        with pytest.raises(NotAutomatic, match="machine"):
            case.kill(1, action=action)
    assert case.state(1).liveness is Liveness.LIVE
