"""AWS: access keys and sign-in of IAM users. What the account's administrator sees is in `revokers/aws_iam.py`.

What proves death: the status in `iam:ListAccessKeys` of the key's owner, Inactive or no longer listed. And
`sts:GetCallerIdentity`, signed by the pair itself, needs no permission; only its error InvalidClientTokenId says that
AWS does not know the id or that it is inactive, and that within one partition: a key of AWS China or GovCloud gets the
same error elsewhere. So it is proof for a key that answered here before, or is the configured account's own.
What does not: SignatureDoesNotMatch (the id exists, the secret is not its own, or a clock is wrong), AccessDenied (a
policy). Temporary credentials without their session token get InvalidClientTokenId in any case.
IAM is eventually consistent: ask again before believing that a key still lives.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from collections.abc import Iterator, Mapping

from offkey import boto
from offkey.boto import AwsCredentials
from offkey.http import Gate, Operation, Reader, Writer
from offkey.model import AccessPoint, Account, Action, Check, Credential, Exchange, Gap, Liveness
from offkey.secret import Secret
from revokers import aws_factors, aws_iam, aws_keys, aws_sessions, aws_ssh, aws_ways
from revokers.aws_iam import KEY, LISTS, MFA, PROVIDER, Settings, admin, issued, listed_check, owner
from revokers.aws_keys import NO_KEY
from revokers.aws_sessions import SESSIONS
from revokers.aws_ssh import authorised
from revokers.parts import answered, dead, last, live, or_gap, unexpected, unknown
from revokers.protocol import NotAutomatic, NotIdentified, Option

__all__ = [
    "BY_EMAIL", "HANDLES", "HOSTS", "NEEDS", "PROVIDER", "READS", "URL", "WRITES", "Settings", "authorised", "check",
    "gate", "inventory", "issued", "options", "revoke", "state", "undo",
]  # fmt: skip

URL = "https://sts.amazonaws.com"
HOSTS = frozenset(
    {"sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "iam.amazonaws.com"}
    | {"sts.cn-north-1.amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn"}
    | {"sts.us-gov-west-1.amazonaws.com", "iam.us-gov.amazonaws.com"}
)
READS: frozenset[Operation] = frozenset(
    {("AWS", "sts:GetCallerIdentity"), ("AWS", "sts:GetAccessKeyInfo"), ("AWS", f"iam:{aws_sessions.READ}")}
    | {("AWS", "iam:GetAccessKeyLastUsed"), ("AWS", "iam:GetUser"), ("AWS", "iam:ListUserTags")}
    | {("AWS", f"iam:{listed.lister}") for listed in LISTS.values()}
    | {("AWS", f"iam:{name}") for name in aws_ssh.OPERATIONS}
)
BY_EMAIL = False
WRITES: frozenset[Operation] = frozenset(
    ("AWS", f"iam:{name}")
    for name in (
        *(name for listed in LISTS.values() for name in (listed.disable, listed.delete) if name),
        aws_factors.DELETE_VIRTUAL, aws_sessions.DENY, aws_sessions.ALLOW,
    )
)  # fmt: skip
HANDLES: Mapping[str, tuple[Option, ...]] = aws_ways.HANDLES
_WRITING = frozenset(name for _, name in WRITES)
NEEDS: Mapping[str, str] = {
    **{name: "reading" for _, name in sorted(READS) if name != "sts:GetCallerIdentity"},
    **dict.fromkeys(sorted(_WRITING), "apply alone"),
}
gate = Gate(provider=PROVIDER, hosts=HOSTS, reads=READS, writes=WRITES)


def inventory(http: Reader, settings: Settings, account: Account) -> Iterator[AccessPoint | Gap]:
    """All that the IAM user `account.login` holds; tags tell whether the user is a person."""
    found = aws_iam.inventory(http, settings, account, aws_sessions.point)
    yield from or_gap("aws", found, needs=[n for n in NEEDS if n not in _WRITING])


def options(point: AccessPoint) -> tuple[Option, ...]:
    return aws_ways.ROOT if _is_root(point) else HANDLES.get(point.kind, ())


@answered
def check(http: Reader, credential: Credential) -> Check:
    """The holder's `id` is the UserId (for root the account number), `login` the user name or role session."""
    parts = credential.parts
    if "id" not in parts or "secret" not in parts:
        return unknown(http, "asking needs the key id and its secret; the account's administrator can tell by the id")
    if credential.kind != KEY and "session_token" not in parts:
        return unknown(http, "temporary credentials cannot be tried without their session token")
    signer = AwsCredentials(
        access_key_id=_text(parts["id"]),
        secret_access_key=parts["secret"],
        session_token=parts.get("session_token", Secret(b"")),
    )
    status, code, answer = boto.call(http, boto.client(http, "sts", signer), "GetCallerIdentity")
    if status == 200 and answer.get("Arn"):
        arn, identity = str(answer["Arn"]), str(answer.get("UserId", ""))
        login = "root" if arn.endswith(":root") else arn.rpartition("/")[2]
        return live(http, f"signs as {arn}", Account(provider=PROVIDER, id=identity, login=login))
    return _refused(http, credential.kind, status, code)


def _refused(http: Reader, kind: str, status: int, code: str) -> Check:
    if code == NO_KEY and kind == KEY:
        return unknown(http, "InvalidClientTokenId: unknown or inactive, or another partition's key", status=code)
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return dead(http, "the session has expired", status="expired")
    if code == "SignatureDoesNotMatch":
        return unknown(http, "SignatureDoesNotMatch: the id exists, this secret is not its own", status=code)
    return unexpected(http, status, code)


@answered
def state(http: Reader, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Check:
    """By the owner's list; what is not listed anywhere is asked by its value.

    DEAD with status "Inactive" or "denied" proves DISABLE, with "deleted" REVOKE and REMOVE.
    """
    if point.kind == SESSIONS:
        asker = admin(http, settings, settings.read)
        planned = point.check.at if point.check else None
        return aws_sessions.state(asker, aws_sessions.user_of(asker, point), planned)
    whole = credential if credential and "secret" in credential.parts else None
    if point.kind not in LISTS:
        return check(http, whole) if whole else unknown(http, "listed nowhere, and its value is not at hand")
    identity = _identity(point, credential)
    asker = admin(http, settings, settings.read)
    try:
        holder = owner(asker, point, identity)
    except NotIdentified:
        if whole is None:
            raise
        said = check(http, whole)
        ours = said.status == NO_KEY and aws_keys.is_of(http, asker.sts, identity, asker.account)
        return aws_keys.ended(said, point, ours=ours)
    for row in asker.rows(LISTS[point.kind], holder.login):
        if str(row[LISTS[point.kind].id]) == identity:
            return listed_check(http, row, holder)
    by_value = check(http, whole) if whole else None
    if by_value and by_value.liveness is not Liveness.DEAD and by_value.status != NO_KEY:
        return by_value
    return dead(http, f"not listed for {holder.login} any more", holder, "deleted")


def revoke(
    http: Writer, settings: Settings, action: Action, point: AccessPoint, credential: Credential | None = None
) -> Exchange:
    """Deactivate or delete exactly this id of exactly this owner, whom IAM names anew."""
    if _is_root(point) or action not in {option.action for option in HANDLES.get(point.kind, ())}:
        by_hand = " ".join(option.how for option in options(point))
        raise NotAutomatic(f"{action} of {point.kind} is not done automatically here", advice=by_hand)
    if point.kind == SESSIONS:
        asker = _changing(http, settings)
        aws_sessions.deny(http, asker, aws_sessions.user_of(asker, point))
        return last(http)
    listed = LISTS.get(point.kind)
    operation = "" if listed is None else listed.disable if action is Action.DISABLE else listed.delete
    status = "Inactive" if action is Action.DISABLE else ""
    return _change(http, settings, operation, status, point=point, credential=credential)


def undo(http: Writer, settings: Settings, point: AccessPoint, credential: Credential | None = None) -> Exchange:
    """Set it Active again, by the same id of the same owner; let the user's sessions go on."""
    if point.kind == SESSIONS:
        asker = _changing(http, settings)
        aws_sessions.allow(http, asker, aws_sessions.user_of(asker, point))
        return last(http)
    operation = LISTS[point.kind].disable if point.kind in LISTS else ""
    return _change(http, settings, operation, "Active", point=point, credential=credential)


def _change(
    http: Writer,
    settings: Settings,
    operation: str,
    status: str,
    *,
    point: AccessPoint,
    credential: Credential | None,
) -> Exchange:
    if not operation:
        raise NotAutomatic(f"this change of {point.kind} is left to a person")
    identity = _identity(point, credential)
    asker = _changing(http, settings)
    holder = owner(asker, point, identity)
    if point.holder and point.holder.login not in ("", holder.login):
        raise NotIdentified(f"{identity} is {holder.login}'s, the plan says {point.holder.login}'s")
    if status != "Active":
        aws_iam.refuse_shared(admin(http, settings, settings.read), point, holder)
    if point.kind == MFA:
        aws_factors.end_factor(http, asker, holder, identity)
        return last(http)
    more = {"Status": status} if status else {}
    boto.call(http, asker.iam, operation, **{"UserName": holder.login, LISTS[point.kind].id: identity, **more})
    return last(http)


def _changing(http: Writer, settings: Settings) -> aws_iam.Admin:
    if settings.write is None:
        raise NotIdentified("no write credential is configured", advice="set write under [providers.aws]")
    return admin(http, settings, settings.write)


def _identity(point: AccessPoint, credential: Credential | None) -> str:
    if point.provider_id:
        return point.provider_id
    if credential is None or "id" not in credential.parts:
        raise NotIdentified(f"no id of this {point.kind} is known", advice="scan again: the value was not found anew")
    return _text(credential.parts["id"])


def _is_root(point: AccessPoint) -> bool:
    """Only root's UserId is a bare account number; a user may be called root."""
    return bool(point.holder) and point.holder is not None and point.holder.id.isdigit()


def _text(part: Secret) -> str:
    return part.reveal().decode("latin-1")
