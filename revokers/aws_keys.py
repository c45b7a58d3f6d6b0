"""AWS access keys that AWS does not know any more: whose they were, and whether that proves their death.

`InvalidClientTokenId` is said of a key that was deleted or is inactive, and of every key of another partition.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from dataclasses import replace
from typing import Any

from offkey import boto
from offkey.http import Reader
from offkey.model import AccessPoint, Check, Liveness
from revokers.parts import refused_here, trouble
from revokers.protocol import NotIdentified

NO_KEY = "InvalidClientTokenId"


def account_of(http: Reader, sts: Any, identity: str) -> str:
    """The account of a key, also of one that was deleted. Raises NotIdentified where AWS does not say."""
    status, code, answer = boto.call(http, sts, "GetAccessKeyInfo", AccessKeyId=identity)
    if status != 200 or not answer.get("Account"):
        raise NotIdentified(f"{identity} {trouble(status, code)}", advice="allow sts:GetAccessKeyInfo to offkey's user")
    return str(answer["Account"])


def is_of(http: Reader, sts: Any, identity: str, account: str) -> bool:
    """Whether AWS says that the key is, or was, of this account."""
    try:
        return account_of(http, sts, identity) == account
    except NotIdentified:
        return False


def ended(said: Check, point: AccessPoint, *, ours: bool) -> Check:
    """DEAD for a refused key that was alive here before, or is of the configured account; else what was said."""
    if said.status == NO_KEY and ours:
        return replace(said, liveness=Liveness.DEAD, reason=f"{said.reason}; it is of this account")
    return refused_here(said, point, NO_KEY)
