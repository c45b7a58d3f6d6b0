"""AWS IAM as the account's administrator sees it: whose a key is, what a user holds, what its status is.

An owner is found by `iam:GetAccessKeyLastUsed`, the account of a key by `sts:GetAccessKeyInfo` (also for a deleted
key), never by a list's first entry. Absence from a list proves something only when the list is the owner's, in the
account that was configured: both are asked each time.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from offkey import boto
from offkey.boto import AwsCredentials
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Bond, Check, Gap, Ownership
from revokers import aws_keys
from revokers.parts import dead, live, or_gap, trouble
from revokers.protocol import NotAutomatic, NotIdentified, Unclear

PROVIDER = "aws"
KEY, PROFILE, MFA = "aws.access_key", "aws.login_profile", "aws.mfa_device"
_MACHINE = frozenset({"ci", "service", "bot", "machine", "shared"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One kind of thing an IAM user holds: the operations that list and end it; `id` is its id's name in each."""

    lister: str
    rows: str
    id: str
    disable: str = ""
    delete: str = ""


LISTS: Mapping[str, Listed] = {
    KEY: Listed("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "UpdateAccessKey", "DeleteAccessKey"),
    PROFILE: Listed("GetLoginProfile", "LoginProfile", "UserName", delete="DeleteLoginProfile"),
    MFA: Listed("ListMFADevices", "MFADevices", "SerialNumber", delete="DeactivateMFADevice"),
    "aws.ssh_public_key": Listed(
        "ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "UpdateSSHPublicKey", "DeleteSSHPublicKey"
    ),
    "aws.service_credential": Listed(
        "ListServiceSpecificCredentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId",
        "UpdateServiceSpecificCredential", "DeleteServiceSpecificCredential",
    ),
    "aws.signing_certificate": Listed(
        "ListSigningCertificates", "Certificates", "CertificateId", "UpdateSigningCertificate",
        "DeleteSigningCertificate",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`account` is the 12-digit id that `read` and `write` must belong to; `url` is empty, an emulator's address, or
    another partition's STS: `https://sts.cn-north-1.amazonaws.com.cn`, `https://sts.us-gov-west-1.amazonaws.com`.
    """

    read: AwsCredentials
    account: str = ""
    write: AwsCredentials | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Admin:
    """Clients signed by a credential that was seen to belong to the configured account."""

    http: Reader
    sts: Any
    iam: Any
    account: str

    def ask(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        """IAM's answer; empty when it knows no such user or thing, and only then. Raises Unclear for anything else."""
        status, code, answer = boto.call(self.http, self.iam, operation, **arguments)
        if status == 200 and answer.keys() - {"ResponseMetadata"}:
            return answer
        if code in ("NoSuchEntity", "NoSuchEntityException"):
            return {}
        raise Unclear(f"iam:{operation} {trouble(status, code)}", advice=f"allow iam:{operation} to offkey's user")

    def rows(self, listed: Listed, user: str = "") -> Iterator[Mapping[str, Any]]:
        """What the user holds of one kind, over all pages; without a user, what the account has."""
        marker: dict[str, str] = {}
        while True:
            page = self.ask(listed.lister, **({"UserName": user} if user else {}), **marker)
            if page and listed.rows not in page:
                raise Unclear(f"iam:{listed.lister} {trouble(200)}")
            found = page.get(listed.rows, [])
            yield from [found] if isinstance(found, dict) else found
            if not page.get("IsTruncated"):
                return
            marker = {"Marker": page["Marker"]}


Sessions = Callable[[Admin, Account, Ownership], AccessPoint]


def admin(http: Reader, settings: Settings, credentials: AwsCredentials) -> Admin:
    """Raises NotIdentified when the credentials are of another account than the configured one, or refused."""
    sts = boto.client(http, "sts", credentials)
    status, code, answer = boto.call(http, sts, "GetCallerIdentity")
    if status != 200:
        raise Unclear(f"offkey's own AWS credential: {trouble(status, code)}", advice="check [providers.aws]")
    if not settings.account or answer.get("Account") != settings.account:
        raise NotIdentified(
            f"offkey's credential is of AWS account {answer.get('Account')}, not {settings.account or '(none set)'}",
            advice="set account under [providers.aws] to the account of read and write",
        )
    return Admin(http, sts, boto.client(http, "iam", credentials), settings.account)


def issued(settings: Settings, answer: Check) -> bool | None:
    """Whether the ARN that a key answered with is of the configured account; a refusal names none."""
    arn = re.search(r"\barn:[a-z-]+:(?:iam|sts)::(\d{12}):", answer.reason)
    return arn[1] == settings.account if arn and settings.account else None


def owner(asker: Admin, point: AccessPoint, identity: str) -> Account:
    """Whose the thing with this id is. Raises NotIdentified when it lies in another account or nobody is named."""
    holder = point.holder if point.holder and point.holder.login else None
    if point.kind == KEY:
        named = aws_keys.account_of(asker.http, asker.sts, identity)
        if named != asker.account:
            raise NotIdentified(
                f"{identity} is of account {named}, configured is {asker.account}",
                advice="run offkey with that account's settings",
            )
        status, _, answer = boto.call(asker.http, asker.iam, "GetAccessKeyLastUsed", AccessKeyId=identity)
        if status == 200 and answer.get("UserName"):
            same = holder is not None and holder.login == answer["UserName"]
            return holder if holder and same else Account(provider=PROVIDER, id="", login=str(answer["UserName"]))
    if holder is None:
        raise NotIdentified(f"IAM names no owner of {identity}", advice="look it up in the account's credential report")
    user = asker.ask("GetUser", UserName=holder.login).get("User", {})
    if not user:
        raise NotIdentified(
            f"IAM knows no {holder.login}: deleted, or renamed with all that they hold", advice="list them anew"
        )
    if holder.id and user.get("UserId") != holder.id:
        raise NotIdentified(f"{holder.login} is another user than before (id {user.get('UserId')})")
    return holder


def listed_check(http: Reader, row: Mapping[str, Any], holder: Account) -> Check:
    """A login profile has no status: it is there, or it is not."""
    status = str(row.get("Status", "Active"))
    tell = live if status == "Active" else dead
    return tell(http, f"listed for {holder.login} as {status}", holder, status)


def inventory(http: Reader, settings: Settings, account: Account, sessions: Sessions) -> Iterator[AccessPoint | Gap]:
    """All that the IAM user `account.login` holds; tags tell whether the user is a person.

    `sessions` gives the point that stands for the user's temporary credentials.
    """
    where = f"aws {settings.account} user {account.login or account.id}"
    yield from or_gap(where, _inventory(http, settings, account, where=where, sessions=sessions))


def _inventory(
    http: Reader, settings: Settings, account: Account, *, where: str, sessions: Sessions
) -> Iterator[AccessPoint | Gap]:
    if not account.login:
        raise NotIdentified("IAM lists by user name, and none is known", advice="add it to the person's accounts")
    asker = admin(http, settings, settings.read)
    user = asker.ask("GetUser", UserName=account.login).get("User")
    if not user:
        raise NotIdentified("IAM knows no such user", advice="correct the person's accounts, or remove this one")
    if account.id.startswith("AIDA") and user["UserId"] != account.id:
        raise NotIdentified(f"the name is now another user's ({user['UserId']})", advice="correct the accounts")
    holder = Account(provider=PROVIDER, id=user["UserId"], login=account.login, email=account.email)
    evidence, ownership = _told(asker, account.login)
    for kind, listed in LISTS.items():
        yield from or_gap(f"{where}: {listed.lister}", _points(asker, kind, holder, evidence, ownership))
    yield from or_gap(f"{where}: sessions", (sessions(asker, holder, ownership) for _ in range(1)))


def _told(asker: Admin, user: str) -> tuple[tuple[str, ...], Ownership]:
    """Evidence, and whether the user's tags say that it is a machine's."""
    tags = asker.rows(Listed("ListUserTags", "Tags", "Key"), user)
    texts = sorted(f"{tag['Key']}={tag['Value']}" for tag in tags)
    words = {word.lower() for text in texts for word in text.split("=", 1)}
    machine = bool(words & _MACHINE) and not any("@" in word for word in words)
    evidence = (f"IAM lists it for user {user}", *(f"IAM user tag {text}" for text in texts))
    return evidence, Ownership.SHARED if machine else Ownership.PERSONAL


def refuse_shared(asker: Admin, point: AccessPoint, holder: Account) -> None:
    """Raises NotAutomatic where the user was a person's when it was planned, and its tags say a machine's now."""
    if point.ownership is Ownership.PERSONAL and _told(asker, holder.login)[1] is Ownership.SHARED:
        raise NotAutomatic(f"{holder.login} is tagged as a machine's user since", advice="plan again")


def points_of(asker: Admin, kind: str, holder: Account) -> Iterator[AccessPoint]:
    """What a user holds of one kind."""
    yield from _points(asker, kind, holder, *_told(asker, holder.login))


def _points(
    asker: Admin, kind: str, holder: Account, evidence: tuple[str, ...], ownership: Ownership
) -> Iterator[AccessPoint]:
    for row in asker.rows(LISTS[kind], holder.login):
        identity = str(row[LISTS[kind].id])
        usage = asker.ask("GetAccessKeyLastUsed", AccessKeyId=identity) if kind == KEY else {}
        used = usage.get("AccessKeyLastUsed", {}).get("LastUsedDate")
        yield AccessPoint(
            id=f"{kind}:{identity}",
            provider=PROVIDER,
            kind=kind,
            holder=holder,
            ownership=ownership,
            bond=Bond.THEIRS,
            provider_id=identity,
            last_used=used.astimezone(UTC) if used else None,
            check=listed_check(asker.http, row, holder),
            evidence=evidence,
        )
