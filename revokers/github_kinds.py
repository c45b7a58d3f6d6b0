"""What can be done about each kind of GitHub credential (see `revokers/github.py`)."""

from collections.abc import Mapping
from dataclasses import replace

from offkey.model import Action
from revokers.github_admin import DEPLOY_KEY, PAT_GRANT, SERVER_KEY, SSH_KEY, SSO
from revokers.github_org import ALL_SSO, COLLABORATOR, MEMBERSHIP
from revokers.parts import by_hand
from revokers.protocol import Option

INSTALLATION, REFRESH = "github.app.installation", "github.app.refresh"
ON_SERVER = frozenset({"github.pat.classic", "github.pat.fine_grained"})
_BY_VALUE = (
    Option(
        action=Action.REVOKE,
        reversible=False,
        needs="github-public-revoke",
        by="value",
        via="value",
        proof="GET /user: 401 Bad credentials",
        reason="GitHub's public call ends the token everywhere, whoever owns it, and mails its owner",
        mails="the token's owner",
        breaks=("whatever still signs in with this token", "deploy keys that were made with this token"),
        how="The owner deletes it at https://github.com/settings/tokens (or under Applications); an organisation owner "
        "can only end its access to the organisation.",
    ),
)
_REFRESH = tuple(
    replace(way, proof="none: nothing asks about a refresh token, so ACKNOWLEDGED at most") for way in _BY_VALUE
)
_REMOVE = Action.REMOVE
HANDLES: Mapping[str, tuple[Option, ...]] = {
    **dict.fromkeys((*sorted(ON_SERVER), "github.oauth", "github.app.user"), _BY_VALUE),
    REFRESH: _REFRESH,
    INSTALLATION: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            by="value",
            via="self",
            proof="GET /installation/repositories: 401 Bad credentials",
            reason="the token ends itself; the App is untouched and gets new ones",
            breaks=("a job that runs with it now",),
        ),
    ),
    MEMBERSHIP: (
        Option(
            action=_REMOVE,
            reversible=True,
            via="person",
            proof="the organisation's membership: 404",
            reason="an owner can reinstate a former member with all settings for three months",
            breaks=("access to the organisation's repositories", "private forks until reinstated"),
        ),
    ),
    COLLABORATOR: (
        Option(
            action=_REMOVE,
            reversible=False,
            via="person",
            proof="the list of outside collaborators has them no more",
            reason="invitations must be sent anew for each repository",
        ),
    ),
    PAT_GRANT: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the organisation's list of grants has it no more",
            reason="ends the token's access to this organisation only",
        ),
    ),
    SSO: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the organisation's list of authorizations has it no more",
            reason="this credential cannot be authorised again",
        ),
    ),
    ALL_SSO: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            via="person",
            proof="the organisation's list of authorizations has none of the account's",
            reason="ends all of the account's at once, those of this moment included; GitHub does it a little later",
        ),
    ),
    DEPLOY_KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            needs="github-deploy-key",
            proof="the repository's list of deploy keys has it no more",
            reason="a deploy key is the repository's: whatever pulls or deploys with it stops",
            breaks=("whatever pulls from or deploys to the repository with it",),
            how="An administrator of the repository adds a new deploy key at "
            "https://github.com/ORGANISATION/REPOSITORY/settings/keys, puts its private half where the old one is used "
            "and then deletes the old one there.",
        ),
    ),
    SSH_KEY: by_hand(
        "The account's owner alone deletes it at https://github.com/settings/keys. Until then end what the account "
        "may do: its membership, its outside collaborations and its single sign-on authorizations."
    ),
    SERVER_KEY: (
        Option(
            action=Action.REVOKE,
            reversible=False,
            proof="the instance's list of SSH keys has it no more",
            reason="a site administrator deletes the account's key from the instance",
            breaks=("whatever still signs in with this key",),
        ),
    ),
}
LAST_OWNER_ALONE = (
    Option(
        action=Action.HAND_OVER,
        reversible=False,
        how="This is the last owner: make another member an owner at https://github.com/orgs/ORGANISATION/people, then "
        "plan again.",
    ),
)
