"""Private keys from the repository to their end: real key pairs, the command line, and what the servers hold after."""

import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.demo.simulators import github_keys, tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offkey.errors import Exit
from tests import needs
from tests.simulators.gitlab import GitLabSimulator

pytestmark = needs.OPENSSH
SAM, KIM, APPROVER = "sam@corp.test", "kim@corp.test", "grace@corp.test"


@dataclass
class World:
    """Three providers, a repository with private keys, and the command line."""

    folder: Path
    hub: GitHubSimulator
    lab: GitLabSimulator
    aws: AwsServer
    lines: dict[str, str] = field(default_factory=dict)

    def offkey(self, *words: str) -> int:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return cli.main(list(words))

    def commit(self, name: str, passphrase: str = "", form: str = "RFC4716", kind: str = "ed25519") -> None:
        """A new key pair, whose private half Sam commits; `lines` has the public one."""
        made = self.folder / "private" / name
        command = ["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", passphrase, "-C", "", "-f", str(made)]
        subprocess.run(command, check=True)
        self.lines[name] = made.with_suffix(".pub").read_text().strip()
        (self.folder / "shop" / name).write_bytes(made.read_bytes())
        self.git("add", "-A")
        self.git("-c", "user.name=Sam", "-c", f"user.email={SAM}", "commit", "-q", "-m", "A key")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder / "shop", check=True)

    def plan(self) -> dict[str, Any]:
        assert self.offkey("plan", SAM, "-o", "plan.json", "--jobs", "1") == Exit.WAITS_FOR_APPROVAL
        found: dict[str, Any] = json.loads((self.folder / "plan.json").read_bytes())
        return found

    def apply(self) -> dict[str, str]:
        """Each step's outcome by its point's id and action."""
        yes = ("--yes", "approve", "plan.json", "--as", APPROVER, "--key", "private/approver")
        assert self.offkey(*yes) == Exit.DONE
        self.offkey("apply", "plan.json")
        run = json.loads((self.folder / "plan.json").read_bytes())
        self.offkey("report", run["run"], "-o", "evidence")
        steps = {step["id"]: f"{step['action']} {step['point']['id']}" for step in run["steps"]}
        told = [json.loads(path.read_bytes()) for path in (self.folder / "evidence" / "receipts").glob("*.json")]
        return {steps[one["step"]]: one["outcome"] for one in told}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        hub = stack.enter_context(GitHubSimulator(delay=0.0))
        made = World(tmp_path, hub, stack.enter_context(GitLabSimulator()), stack.enter_context(AwsServer()))
        (tmp_path / "private").mkdir(mode=0o700)
        (tmp_path / "shop").mkdir()
        made.git("init", "-q")
        _fill(made)
        monkeypatch.chdir(tmp_path)
        yield made


def _fill(world: World) -> None:
    """Sam and Kim at each provider, and the configuration."""
    app, root = tokens.github_installation("offkey"), tokens.gitlab_personal("root")
    world.hub.add_org("corp", saml=True)
    world.hub.add_repo("corp/shop")
    world.hub.add_app("corp", app)
    world.lab.add_token(root, world.lab.add_user("root", admin=True))
    for name in ("boss", "sam", "kim"):
        world.hub.add_user(name)
        world.hub.add_member("corp", name, "admin" if name == "boss" else "member")
        world.lab.add_user(name)
        world.aws.create_user(name)
    key_id, secret = world.aws.admin
    held = {"github": app.encode(), "gitlab": root.encode(), "aws": key_id.encode() + b"," + secret.reveal()}
    for name, value in {**held, "key": b"k" * 32}.items():
        (world.folder / "private" / name).write_bytes(value)
        (world.folder / "private" / name).chmod(0o600)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(world.folder / "private" / "approver")],
        check=True,
    )
    public = (world.folder / "private" / "approver.pub").read_text()
    (world.folder / "approvers").write_text(f'{APPROVER} namespaces="offkey-plan" {public}')
    number = world.hub.state.users["sam"].id
    people = [
        {"id": "sam", "names": ["Sam"], "emails": [SAM], "left_at": "2026-11-01",
         "accounts": {"github": "sam", "github.id": number, "gitlab": "sam", "aws": "sam"}},
        {"id": "kim", "names": ["Kim"], "emails": [KIM], "accounts": {"github": "kim", "aws": "kim"}},
    ]  # fmt: skip
    (world.folder / "people.yaml").write_text(json.dumps({"people": people}))
    (world.folder / "authorized_keys").write_text("# a server's\n")
    (world.folder / "offkey.toml").write_text(_configuration(world))


def _configuration(world: World) -> str:
    access = {
        name: f'read = "file:private/{name}"\nwrite = "file:private/{name}"' for name in ("github", "gitlab", "aws")
    }
    return f"""
[organisation]
key = "file:private/key"
state = "state"
requester = "ann@corp.test"
[directory]
people = "people.yaml"
[repositories]
paths = ["shop"]
[approvers]
register = "approvers"
[policy]
confirm_seconds = 1
[providers.github]
url = "{world.hub.url}"
organisations = ["corp"]
{access["github"]}
[providers.gitlab]
url = "{world.lab.url}/api/v4"
server = "self-managed"
{access["gitlab"]}
[providers.aws]
url = "{world.aws.url}"
account = "{world.aws.account}"
{access["aws"]}
[providers.private_key]
authorized_keys = ["{world.folder}/authorized_keys"]
"""


def lab_user(world: World, name: str) -> Any:
    return next(user for user in world.lab.users.values() if user.username == name)


def backend(world: World) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[world.aws.account]["aws"]


def fingerprint(world: World, name: str) -> str:
    """As ssh-keygen itself tells it."""
    told = subprocess.run(
        ["ssh-keygen", "-lf", str(world.folder / "private" / f"{name}.pub")], check=True, capture_output=True, text=True
    )
    return told.stdout.split()[1]


def test_a_leaked_key_is_ended_wherever_the_leaver_authorised_it(world: World) -> None:
    world.commit("id_laptop")
    line, print_ = world.lines["id_laptop"], fingerprint(world, "id_laptop")
    github_keys.add(world.hub, line, login="sam")
    world.hub.add_authorization("corp", "sam", fingerprint=print_.removeprefix("SHA256:"), title="laptop")
    others = world.hub.add_authorization("corp", "kim", fingerprint="x" * 43, title="kim's")
    world.lab.add_key(lab_user(world, "sam"), "laptop", line)
    world.lab.add_key(lab_user(world, "kim"), "kim's", tokens.ssh_public("kim"))
    backend(world).upload_ssh_public_key("sam", line)
    kims = backend(world).upload_ssh_public_key("kim", tokens.ssh_public("kim"))
    plan = world.plan()
    assert {gap["where"] for gap in plan["gaps"]} == set()
    (leak,) = {
        step["point"]["id"]: step["point"] for step in plan["steps"] if step["point"]["kind"].startswith("private")
    }.values()
    assert (leak["bond"], leak["check"]["liveness"]) == ("theirs", "LIVE")
    for kind in ("github.ssh_key:", "github.sso_authorization:", "gitlab.ssh_key:", "aws.ssh_public_key:"):
        assert kind in leak["check"]["reason"]
    outcomes = world.apply()
    ended = {name.partition(":")[0]: outcome for name, outcome in outcomes.items()}
    assert ended["REVOKE gitlab.ssh_key"] == ended["REVOKE aws.ssh_public_key"] == "REVOKED"
    # The end of the membership, which can be taken back, comes first and takes the authorizations along.
    assert ended["REVOKE github.sso_authorization"] == "ALREADY_DEAD"
    assert ended["DISABLE aws.ssh_public_key"] == "DISABLED"
    assert ended["HAND_OVER github.ssh_key"] == "HANDED_OVER"
    assert outcomes[f"HAND_OVER {leak['id']}"] == "HANDED_OVER"
    assert list(world.hub.state.orgs["corp"].authorizations) == [others.id]
    assert (len(lab_user(world, "sam").keys), len(lab_user(world, "kim").keys)) == (0, 1)
    left = backend(world)
    assert [key.ssh_public_key_id for key in left.get_all_ssh_public_keys("kim")] == [kims.ssh_public_key_id]
    assert not left.get_all_ssh_public_keys("sam")


def test_deploy_keys_and_strangers_keys_are_named_and_handed_over(world: World) -> None:
    world.commit("deploy", passphrase="correct horse battery")
    world.commit("kims", form="PEM", kind="rsa")
    deploy = github_keys.add(world.hub, world.lines["deploy"], repo="corp/shop", added_by="kim")
    world.lab.add_deploy_key(7, "deploy", world.lines["deploy"])
    kims = github_keys.add(world.hub, world.lines["kims"], login="kim")
    world.lab.add_key(lab_user(world, "kim"), "kim's", world.lines["kims"])
    backend(world).upload_ssh_public_key("sam", world.lines["kims"])
    (world.folder / "authorized_keys").write_text(f'# a server\'s\nfrom="10.0.0.1" {world.lines["deploy"]} ci\n')
    plan = world.plan()
    points = {step["point"]["id"]: step for step in plan["steps"] if step["action"] != "REWRITE"}
    shared = [f"github.deploy_key:corp/shop/{deploy.id}", "gitlab.deploy_key:7/"]
    for name in (*shared, "github.ssh_key:", "gitlab.ssh_key:", "private_key.authorized_key:"):
        (step,) = [step for ident, step in points.items() if ident.startswith(name)]
        assert step["action"] in ("HAND_OVER", "ROTATE"), name
        assert step["point"]["bond"] == "introduced", name
        assert any("its private key was found" in line for line in step["point"]["evidence"])
    leaks = [step["point"] for ident, step in points.items() if ident.startswith("leak:")]
    assert [point["check"]["liveness"] for point in leaks] == ["LIVE", "LIVE"]
    (held,) = [point for point in leaks if point["holder"]]
    assert (held["holder"]["login"], held["bond"]) == ("kim", "introduced")
    assert any(line.startswith("CONFLICT") for line in held["evidence"])
    outcomes = world.apply()
    others = {name: outcome for name, outcome in outcomes.items() if "key" in name and " aws." not in name}
    assert set(others.values()) == {"HANDED_OVER"}
    assert {deploy.id, kims.id} <= world.hub.state.ssh_keys.keys()
    assert world.lab.projects[7]
    assert lab_user(world, "kim").keys
    assert not backend(world).get_all_ssh_public_keys("sam")
    assert world.lines["deploy"] in (world.folder / "authorized_keys").read_text()


def test_a_key_authorised_nowhere_that_could_be_seen_is_not_called_dead(world: World) -> None:
    world.commit("id_old")
    world.commit("locked", passphrase="correct horse battery", form="PEM", kind="rsa")
    world.hub.fail("GET", "/repos/corp/shop/keys", 404, times=100)
    plan = world.plan()
    checks = {
        step["point"]["redacted"]: step["point"]["check"]
        for step in plan["steps"]
        if "private_key" in step["point"]["id"]
    }
    assert {check["liveness"] for check in checks.values()} == {"UNKNOWN"}
    reasons = " ".join(check["reason"] for check in checks.values())
    assert f"its public key {fingerprint(world, 'id_old')} is authorised nowhere that could be looked at" in reasons
    assert "(aws, gitlab, private_key); not looked at: github corp: deploy keys (shop answered 404" in reasons
    assert "its public half cannot be told from it" in reasons
    assert any("deploy keys" in gap["where"] for gap in plan["gaps"])


def test_without_a_private_key_nobody_is_asked_about_any(world: World) -> None:
    (world.folder / "shop" / "readme").write_text("nothing here\n")
    world.git("add", "-A")
    world.git("-c", "user.name=Sam", "-c", f"user.email={SAM}", "commit", "-q", "-m", "Nothing")
    world.plan()
    assert not [asked for asked in world.lab.requests if asked.path.endswith("/keys") and "users" not in asked.path]
    assert not [asked for asked in world.hub.requests if asked.path.startswith("/users/kim/keys")]


def test_equal_runs_give_equal_points(world: World) -> None:
    world.commit("id_laptop")
    github_keys.add(world.hub, world.lines["id_laptop"], login="sam")
    github_keys.add(world.hub, world.lines["id_laptop"], repo="corp/shop", added_by="sam")
    first, second = world.plan(), world.plan()
    assert [step["id"] for step in first["steps"]] == [step["id"] for step in second["steps"]]
    body = (world.folder / "private" / "id_laptop").read_text().splitlines()[2]
    assert body not in json.dumps([first, second])
