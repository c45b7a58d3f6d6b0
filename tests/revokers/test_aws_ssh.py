"""AWS's SSH public keys, looked up by fingerprint on moto."""

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offkey.model import AccessPoint, Gap
from revokers import aws
from revokers.public_keys import fingerprint
from tests.revokers.contract import CASES


def test_of_a_users_ssh_keys_only_the_one_that_is_looked_for_is_told() -> None:
    from moto.iam.models import iam_backends

    with CASES["aws.ssh_public_key"]() as case:
        assert isinstance(case.sim, AwsServer)
        lines = [tokens.ssh_public("one"), tokens.ssh_public("two")]
        backend = iam_backends[case.sim.account]["aws"]
        made = [backend.upload_ssh_public_key("dana", line).ssh_public_key_id for line in lines]
        backend.upload_ssh_public_key("zoe", lines[1])
        keys = frozenset({fingerprint(lines[1])})
        found = list(aws.authorised(case.reader(), case.settings, keys))
        points = [point for point in found if isinstance(point, AccessPoint)]
        assert [point.provider_id for point in points if point.holder and point.holder.login == "dana"] == [made[1]]
        assert {point.redacted for point in points} == keys
        assert (len(found), len(points)) == (2, 2)


def test_what_aws_does_not_show_of_ssh_keys_is_a_gap_with_the_permission() -> None:
    with CASES["aws.ssh_public_key"]() as case:
        for operation in ("iam:ListUsers", "iam:ListSSHPublicKeys", "iam:GetSSHPublicKey"):
            case.only(None)
            case.sim.fail("*", operation, 403, times=100)
            (gap,) = aws.authorised(case.reader(), case.settings, frozenset({"SHA256:x"}))
            assert isinstance(gap, Gap)
            assert operation in gap.advice
