"""What can be done about each kind of GitLab credential (see `revokers/gitlab.py`)."""

from collections.abc import Mapping
from typing import Any

from offkey.model import Action
from revokers.gitlab_enterprise import KEY as ENTERPRISE_KEY
from revokers.gitlab_enterprise import TOKEN as ENTERPRISE_TOKEN
from revokers.gitlab_lists import ACCOUNT, KEY, LISTED, MEMBER
from revokers.gitlab_ssh import DEPLOY_KEY
from revokers.parts import by_hand
from revokers.protocol import Option

TOKENS = frozenset({"gitlab.pat", "gitlab.pat.routable"})
BY_ADMIN = frozenset({"gitlab.deploy_token", "gitlab.agent"})
_SELF = "GET /personal_access_tokens/self: 401 invalid_token"


def _revoke(**more: Any) -> Option:
    return Option(action=Action.REVOKE, reversible=False, **more)


_TOKEN = (
    _revoke(
        by="value",
        via="self",
        proof=_SELF,
        reason="ends this one token; GitLab mails its owner",
        mails="the token's owner",
        breaks=("whatever still signs in with this token",),
    ),
)
BOT = (
    _revoke(
        by="value",
        via="self",
        needs="gitlab-bot-revoke",
        proof=_SELF,
        reason="a project's or group's access token: whatever uses it stops for everybody",
        breaks=("the project's or group's automation",),
        how="A maintainer makes a new one under Settings, Access tokens of the project or group at https://gitlab.com "
        "or the instance and puts it where the old one is used; only then is this one revoked.",
    ),
)
_SHARED = (
    _revoke(
        by="value",
        needs="gitlab-shared-revoke",
        proof="POST /admin/token: revoked",
        reason="self-managed alone, by an administrator; belongs to a project, group or cluster",
        breaks=("whatever pulls, deploys or connects with it",),
        how="A maintainer makes a new one (deploy token: Settings, Repository, Deploy tokens; agent: Operate, "
        "Kubernetes clusters) at https://gitlab.com or the instance, puts it where the old one is used, and revokes "
        "the old one.",
    ),
)


def _renewed(where: str, then: str = "afterwards the old value is refused") -> tuple[Option, ...]:
    return by_hand(f"{where} at https://gitlab.com or the instance; {then}.")


HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys(sorted(TOKENS), _TOKEN),
    **dict.fromkeys(sorted(BY_ADMIN), _SHARED),
    ACCOUNT: (
        Option(
            action=Action.DISABLE,
            reversible=True,
            via="person",
            proof="GET /users/{id}: blocked",
            reason="self-managed: a blocked account cannot sign in, nor use git, the API or any of its tokens",
            breaks=("the account's tokens, keys, schedules and webhooks", "pipelines that run as this account"),
        ),
    ),
    LISTED: (
        _revoke(
            proof="GET /personal_access_tokens/{id}: revoked",
            reason="ends this one token; mails its owner",
            mails="the token's owner",
        ),
    ),
    KEY: (_revoke(proof="no longer in the user's keys", reason="deletes this one SSH key of the account"),),
    ENTERPRISE_TOKEN: (
        _revoke(
            proof="the group's list: revoked",
            reason="ends this one token of an enterprise user; mails the user",
            mails="the enterprise user",
            breaks=("whatever still signs in with this token",),
        ),
    ),
    ENTERPRISE_KEY: (
        _revoke(proof="no longer in the group's list", reason="deletes this one SSH key of an enterprise user"),
    ),
    DEPLOY_KEY: (
        _revoke(
            needs="gitlab-deploy-key",
            proof="no longer in the project's deploy keys",
            reason="a deploy key is the project's: whatever pulls or deploys with it stops",
            breaks=("whatever pulls from or pushes to the project with it",),
            how="A maintainer adds a new deploy key under Settings, Repository, Deploy keys at https://gitlab.com or "
            "the instance, puts its private half where the old one is used and then removes the old one there.",
        ),
    ),
    MEMBER: (
        Option(
            action=Action.REMOVE,
            reversible=False,
            via="person",
            proof="no longer in the group's members",
            reason="ends the access to the group, its subgroups and projects; the role must be given anew to return",
            breaks=("schedules and mirrors that run as this member",),
        ),
    ),
    "gitlab.runner": _renewed("An owner deletes the runner, or resets its token, under CI/CD, Runners"),
    "gitlab.runner.registered": _renewed("An owner deletes the runner under CI/CD, Runners"),
    "gitlab.runner_registration": _renewed("An owner resets the registration token under CI/CD, Runners"),
    "gitlab.trigger": _renewed("A maintainer deletes the trigger under Settings, CI/CD, Pipeline trigger tokens"),
    "gitlab.feed": _renewed("Its owner resets the feed token in the preferences, Access tokens"),
    "gitlab.incoming_mail": _renewed("Its owner resets the incoming mail token in the preferences, Access tokens"),
    "gitlab.oauth_app": _renewed("The application's owner renews its secret under Applications"),
    "gitlab.feature_flag": _renewed("A maintainer resets the instance id under Deploy, Feature flags, Configure"),
    "gitlab.ci_job": _renewed("Cancel the job, if it still runs", "the token ends with its job"),
    "gitlab.scim": _renewed("A group's owner resets the SCIM token under Settings, SAML SSO"),
    "gitlab.workspace": _renewed("Its owner terminates the workspace", "its token ends with it"),
}
ALONE = by_hand(
    "This is the last owner of a group: make another member an owner under Manage, Members at https://gitlab.com or "
    "the instance, then plan again."
)
