"""The provider services of the demonstration, on loopback: moto's AWS server, and our GitHub and Slack simulators."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from offboarding.demo.organisation import ANN, BOB, CHEN, SAM, SAM_LOGIN, Keys
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.slack import SlackSimulator
from offkey.secret import Secret

ORGANISATION = "kestrel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The running servers, what they know of Sam, and the keys that are put into the code."""

    aws: AwsServer
    hub: GitHubSimulator
    slack: SlackSimulator
    keys: Keys
    github_admin: Secret
    slack_admin: Secret
    sam_github_id: int
    sam_slack_id: str
    unleaked_aws_key: str

    def add_repository(self, name: str, remote: Path) -> None:
        self.hub.add_repo(f"{ORGANISATION}/{name}", remote)

    def alive(self) -> dict[str, tuple[bool, bool]]:
        """What each server says now, asked directly: name -> (is it Sam's, is it alive)."""
        keys = self.keys
        return {
            "Sam's AWS key in the shop": (True, self.aws.key_status(keys.aws[0]) == "Active"),
            "Sam's AWS key that never leaked": (True, self.aws.key_status(self.unleaked_aws_key) == "Active"),
            "Sam's classic GitHub token": (True, not self.hub.is_dead(keys.github_classic)),
            "Sam's fine-grained GitHub token": (True, not self.hub.is_dead(keys.github_fine_grained)),
            "Sam's GitHub OAuth token": (True, not self.hub.is_dead(keys.github_oauth)),
            "Sam's Slack token": (True, not self.slack.is_dead(keys.slack_user)),
            "Ann's AWS key": (False, self.aws.key_status(keys.ann_aws[0]) == "Active"),
            "Bob's GitHub token, in a stash": (False, not self.hub.is_dead(keys.bob_github)),
            "the Slack bot's token": (False, not self.slack.is_dead(keys.bob_slack_bot)),
        }


@contextmanager
def running(seed: str) -> Iterator[Services]:
    """Start and fill the services; `seed` decides the tokens' values. Ends them on leaving."""
    with ExitStack() as stack:
        aws = stack.enter_context(AwsServer())
        hub = stack.enter_context(GitHubSimulator(delay=0.3))
        slack = stack.enter_context(SlackSimulator(team="Kestrel Robotics"))
        for name, email in (("sam.rivera", SAM[1]), ("ann.archer", ANN[1]), ("bob.baker", BOB[1])):
            aws.create_user(name, tags={"email": email})
        keys = Keys(
            aws=aws.create_key("sam.rivera"),
            ann_aws=aws.create_key("ann.archer"),
            github_classic=_secret(tokens.github_classic(f"{seed} sam")),
            github_fine_grained=_secret(tokens.github_fine_grained(f"{seed} sam")),
            github_oauth=_secret(tokens.github_oauth(f"{seed} sam")),
            slack_user=_secret(tokens.slack_user(f"{seed} sam")),
            private_key=_secret(tokens.private_key_pem(f"{seed} sam")),
            database_url=_secret(tokens.database_url(f"{seed} shop", user="shop", host="db.kestrel.example")),
            bob_slack_bot=_secret(tokens.slack_bot(f"{seed} bot")),
            chen_npm=_secret(tokens.npm(f"{seed} chen")),
            bob_github=_secret(tokens.github_classic(f"{seed} bob")),
        )
        admin = _secret(tokens.github_installation(f"{seed} admin"))
        sam_id = _fill_github(hub, keys, admin)
        slack_admin = _secret(tokens.slack_user(f"{seed} admin"))
        sam_slack = _fill_slack(slack, keys, slack_admin)
        yield Services(
            aws=aws,
            hub=hub,
            slack=slack,
            keys=keys,
            github_admin=admin,
            slack_admin=slack_admin,
            sam_github_id=sam_id,
            sam_slack_id=sam_slack,
            unleaked_aws_key=aws.create_key("sam.rivera")[0],
        )


def _fill_github(hub: GitHubSimulator, keys: Keys, admin: Secret) -> int:
    hub.add_org(ORGANISATION)
    people = (("annarcher", ANN, "admin"), ("bobbaker", BOB, "member"), ("chenwei", CHEN, "member"))
    for login, (name, email), role in (*people, (SAM_LOGIN, SAM, "member")):
        hub.add_user(login, name=name, email=email)
        hub.add_member(ORGANISATION, login, role)
    hub.add_app(ORGANISATION, admin)
    hub.add_token(SAM_LOGIN, keys.github_classic, scopes=["repo"], name="deploy")
    fine = hub.add_token(SAM_LOGIN, keys.github_fine_grained, kind="fine-grained", name="mirror")
    hub.add_grant(ORGANISATION, fine)
    hub.add_token(SAM_LOGIN, keys.github_oauth, kind="oauth", scopes=["repo"])
    hub.add_token("bobbaker", keys.bob_github, scopes=["repo"])
    return hub.state.users[SAM_LOGIN].id


def _fill_slack(slack: SlackSimulator, keys: Keys, admin: Secret) -> str:
    boss = slack.add_user("ann.archer", email=ANN[1], real_name=ANN[0], admin=True)
    slack.add_token(boss, admin, ["users:read", "users:read.email"])
    sam = slack.add_user("sam.rivera", email=SAM[1], real_name=SAM[0])
    slack.add_token(sam, keys.slack_user, ["chat:write"])
    slack.add_token(slack.add_bot("kestrel-bot"), keys.bob_slack_bot, ["chat:write"])
    return sam.id


def _secret(text: str) -> Secret:
    return Secret(text.encode())
