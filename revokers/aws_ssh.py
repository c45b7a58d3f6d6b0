"""SSH public keys of IAM users (for CodeCommit), found by their fingerprint whoever's they are.

IAM has no question by fingerprint: every user's keys are listed, and each key is read. Key pairs of EC2 are none of
these; where one is trusted, the instance's own authorized_keys says.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSSHPublicKey.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from collections.abc import Iterator
from dataclasses import replace

from offkey.http import Reader
from offkey.model import AccessPoint, Account, Gap
from revokers.aws_iam import LISTS, PROVIDER, Admin, Listed, Settings, admin, points_of
from revokers.parts import or_gap
from revokers.protocol import Unclear
from revokers.public_keys import fingerprint

KIND = "aws.ssh_public_key"
OPERATIONS = ("ListUsers", "GetSSHPublicKey")
_USERS = Listed("ListUsers", "Users", "UserName")


def authorised(http: Reader, settings: Settings, keys: frozenset[str]) -> Iterator[AccessPoint | Gap]:
    """IAM users' SSH keys among these."""
    needs = [f"iam:{name}" for name in (*OPERATIONS, LISTS[KIND].lister, "ListUserTags")]
    yield from or_gap(f"aws {settings.account}: SSH keys", _authorised(http, settings, keys), needs=needs)


def _authorised(http: Reader, settings: Settings, keys: frozenset[str]) -> Iterator[AccessPoint]:
    asker = admin(http, settings, settings.read)
    for user in asker.rows(_USERS):
        name = str(user["UserName"])
        listed = {str(row["SSHPublicKeyId"]): _key(asker, name, row) for row in asker.rows(LISTS[KIND], name)}
        if not keys & set(listed.values()):
            continue
        holder = Account(provider=PROVIDER, id=str(user["UserId"]), login=name)
        for point in points_of(asker, KIND, holder):
            if (key := listed.get(point.provider_id, "")) in keys:
                yield replace(point, redacted=key)


def _key(asker: Admin, user: str, row: object) -> str:
    assert isinstance(row, dict)
    number = str(row["SSHPublicKeyId"])
    found = asker.ask("GetSSHPublicKey", UserName=user, SSHPublicKeyId=number, Encoding="SSH").get("SSHPublicKey")
    if not found:
        raise Unclear(f"iam:GetSSHPublicKey knows no {number}", advice="try again: IAM is eventually consistent")
    return fingerprint(found["SSHPublicKeyBody"])
