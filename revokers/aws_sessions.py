"""Sessions of an IAM user that live on: a policy of offkey's denies them, and can be taken away again.

Temporary credentials cannot be revoked. An inline policy of the user with a Deny on everything, under the condition
that `aws:TokenIssueTime` lies before now, ends what was issued by then (GetSessionToken, GetFederationToken), and
neither touches access keys, which carry no such time, nor later sessions. That the policy stands is the proof: what a
session may do is decided at each request, though IAM needs some seconds until it does so everywhere.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from offkey import boto
from offkey.http import Reader, Writer
from offkey.model import AccessPoint, Account, Bond, Check, Ownership
from revokers.aws_iam import PROVIDER, Admin
from revokers.parts import dead, live, when
from revokers.protocol import NotIdentified, Unclear

SESSIONS = "aws.user_sessions"
POLICY = "offkey-deny-older-sessions"
LONGEST = timedelta(hours=36)
READ, DENY, ALLOW = "GetUserPolicy", "PutUserPolicy", "DeleteUserPolicy"


def document(until: datetime) -> dict[str, Any]:
    """The policy: a Deny of everything to sessions issued before `until` (UTC)."""
    condition = {"DateLessThan": {"aws:TokenIssueTime": f"{until:%Y-%m-%dT%H:%M:%SZ}"}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def point(asker: Admin, holder: Account, ownership: Ownership) -> AccessPoint:
    return AccessPoint(
        id=f"{SESSIONS}:{holder.id}",
        provider=PROVIDER,
        kind=SESSIONS,
        holder=holder,
        ownership=ownership,
        bond=Bond.THEIRS,
        provider_id=holder.id,
        check=state(asker, holder),
        evidence=("sessions are listed nowhere: there may be some of up to 36 hours",),
    )


def user_of(asker: Admin, point: AccessPoint) -> Account:
    """The user of the plan, whom IAM still knows by the same name and id. Raises NotIdentified."""
    if point.holder is None or not point.holder.login or not point.provider_id:
        raise NotIdentified("whose sessions, is not known", advice="list the user anew")
    user = asker.ask("GetUser", UserName=point.holder.login).get("User", {})
    if user.get("UserId") != point.provider_id:
        raise NotIdentified(f"{point.holder.login} is not that user any more", advice="correct the person's accounts")
    return point.holder


def state(asker: Admin, holder: Account, since: datetime | None = None) -> Check:
    """DEAD with "denied" where the policy stands; LIVE says that sessions may live, not that there are any.

    A policy from before `since` (UTC; without it, of more than the longest session's time ago) leaves younger ones.
    """
    answer = asker.ask(READ, UserName=holder.login, PolicyName=POLICY)
    if not answer:
        return live(asker.http, f"nothing keeps {holder.login}'s sessions from going on", holder)
    before = _denied_before(answer)
    said = f"sessions of {holder.login} from before {before:%Y-%m-%d %H:%M} are denied"
    if before < (since.replace(microsecond=0) if since else asker.http.now() - LONGEST):
        return live(asker.http, f"{said}, and younger ones go on", holder)
    return dead(asker.http, said, holder, "denied")


def _denied_before(answer: Mapping[str, Any]) -> datetime:
    """The policy's time. Raises Unclear for a policy of the name that says anything else."""
    told = answer.get("PolicyDocument")
    policy: Any = None
    moment: datetime | None = None
    try:
        policy = json.loads(unquote(told)) if isinstance(told, str) else told
        (statement,) = policy["Statement"]
        moment = when(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"])
    except (KeyError, TypeError, ValueError):
        moment = None
    if moment is None or policy != document(moment):
        raise Unclear(f"the policy {POLICY} is not as offkey writes it", advice="look at it in the console")
    return moment


def deny(http: Writer, asker: Admin, holder: Account) -> None:
    text = json.dumps(document(http.now()))
    boto.call(http, asker.iam, DENY, UserName=holder.login, PolicyName=POLICY, PolicyDocument=text)


def allow(http: Reader, asker: Admin, holder: Account) -> None:
    boto.call(http, asker.iam, ALLOW, UserName=holder.login, PolicyName=POLICY)
