"""Successors of IAM users' access keys.

IAM lets a user have two access keys. `CreateAccessKey` answers with the secret once and never again. `CreateDate` tells
how old a key is, `GetAccessKeyLastUsed` when it last signed something; offkey's own question whether the key lives
counts as a use. A new key takes some seconds to be known everywhere.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from offkey import boto
from offkey.http import Gate, NoAnswer, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Credential, Exchange
from offkey.secret import Secret
from revokers import aws, aws_ways
from revokers.aws import URL, check
from revokers.aws_iam import KEY, LISTS, PROVIDER, Admin, Settings, admin, owner
from revokers.parts import last, trouble
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from revokers.rotation import LastUse, Made, Replaceable

__all__ = ["KINDS", "NEEDS", "PROVIDER", "URL", "check", "create", "discard", "gate", "listed", "used"]

MOST_KEYS = 2
WRITES: frozenset[Operation] = frozenset({("AWS", "iam:CreateAccessKey"), ("AWS", "iam:DeleteAccessKey")})
gate = Gate(provider=PROVIDER, hosts=aws.HOSTS, reads=aws.READS, writes=WRITES)
NEEDS: Mapping[str, str] = {
    "iam:ListAccessKeys, iam:GetAccessKeyLastUsed": "apply: seeing what the user has, and whether it is used",
    "iam:CreateAccessKey": "apply: making the successor",
    "iam:DeleteAccessKey": "apply: deleting a successor that no store got",
}
KINDS: Mapping[str, Replaceable] = {
    KEY: Replaceable(
        parts=(frozenset({"id", "secret"}),),
        ends=aws_ways.DISABLE_THEN_DELETE,
        breaks=("nothing yet: both keys work; once the old one is switched off, what has not taken up the new one",),
    )
}


def listed(http: Reader, settings: Settings, point: AccessPoint, _: str) -> Mapping[str, datetime]:
    """All access keys of the user, inactive ones too."""
    return _keys(admin(http, settings, settings.read), point)[1]


def _keys(asker: Admin, point: AccessPoint) -> tuple[Account, dict[str, datetime]]:
    """Whose keys, and which. Raises NotIdentified where IAM does not name the plan's holder as the key's owner."""
    holder = owner(asker, point, point.provider_id)
    planned = point.holder
    if planned is None or holder.login != planned.login or (holder.id and planned.id and holder.id != planned.id):
        raise NotIdentified(f"{point.provider_id} is {holder.login}'s, not whose the plan says", advice="plan again")
    keys = {str(row["AccessKeyId"]): row["CreateDate"].astimezone(UTC) for row in asker.rows(LISTS[KEY], holder.login)}
    if point.provider_id not in keys:
        raise NotIdentified(f"{holder.login} has no key {point.provider_id}", advice="plan again: it may be deleted")
    return holder, keys


def create(http: Writer, settings: Settings, point: AccessPoint, _: str) -> Made:
    """One more access key for exactly this user."""
    asker = _changing(http, settings)
    holder, keys = _keys(asker, point)
    if len(keys) >= MOST_KEYS:
        others = ", ".join(sorted(keys.keys() - {point.provider_id}))
        raise NotAutomatic(
            f"{holder.login} has {len(keys)} access keys, as many as IAM allows",
            advice=f"see who uses {others}; delete it if nobody does, then plan again",
        )
    status, code, answer = boto.call(http, asker.iam, "CreateAccessKey", UserName=holder.login)
    if code.startswith("LimitExceeded"):
        raise NotAutomatic(
            f"{holder.login} has as many access keys as IAM allows", advice="delete one, then plan again"
        )
    if status >= 500:
        raise NoAnswer(f"iam:CreateAccessKey {trouble(status, code)}", advice="plan again later")
    if status != 200:
        raise Unclear(f"iam:CreateAccessKey {trouble(status, code)}", advice="allow it to offkey's write credential")
    made = answer.get("AccessKey", {})
    if not made.get("AccessKeyId") or not made.get("SecretAccessKey"):
        raise NoAnswer(f"iam:CreateAccessKey {trouble(200)}", advice="see what answers in AWS's place")
    parts = {"id": Secret(made["AccessKeyId"].encode()), "secret": Secret(made["SecretAccessKey"].encode())}
    return Made(provider_id=str(made["AccessKeyId"]), credential=Credential(kind=KEY, parts=parts))


def used(http: Reader, settings: Settings, point: AccessPoint, identity: str) -> LastUse:
    """IAM names the service and region of the last use as well."""
    answer = admin(http, settings, settings.read).ask("GetAccessKeyLastUsed", AccessKeyId=identity)
    if "AccessKeyLastUsed" not in answer:
        raise NotIdentified(f"IAM does not know {identity}", advice="plan again")
    told = answer["AccessKeyLastUsed"]
    at = told.get("LastUsedDate")
    by = " in ".join(str(told[name]) for name in ("ServiceName", "Region") if told.get(name, "N/A") != "N/A")
    return LastUse(tells=True, at=at.astimezone(UTC) if at else None, by=by)


def discard(http: Writer, settings: Settings, point: AccessPoint, identity: str) -> Exchange:
    """Delete one key of the same user, never the planned one."""
    asker = _changing(http, settings)
    holder, keys = _keys(asker, point)
    if identity == point.provider_id or identity not in keys:
        raise NotIdentified(f"{identity} is no successor of {point.provider_id}", advice="look at the user's keys")
    boto.call(http, asker.iam, "DeleteAccessKey", UserName=holder.login, AccessKeyId=identity)
    return last(http)


def _changing(http: Writer, settings: Settings) -> Admin:
    if settings.write is None:
        raise NotIdentified("no write credential is configured", advice="set write under [providers.aws]")
    return admin(http, settings, settings.write)
