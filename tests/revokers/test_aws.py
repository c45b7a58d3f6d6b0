"""AWS's own truths, on moto with authentication on."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offkey import boto
from offkey.boto import AwsCredentials
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import aws, reader
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
        (point,) = aws.inventory(reader("aws", settings), settings, Account(provider="aws", id="", login="u"))
        assert isinstance(point, AccessPoint)
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
