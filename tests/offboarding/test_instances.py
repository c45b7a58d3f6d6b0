"""One provider configured several times, by the command line: whose is what, at which instance, and what ends there."""

import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli, mirror
from offboarding.applying import wiring
from offboarding.asking import storelists, stores
from offboarding.configuration import config
from offboarding.configuration.schema import SettingsError
from offboarding.demo.simulators import tokens
from offboarding.identity import directory
from offboarding.planning.policy import Policy
from offboarding.remedy import locating
from offboarding.remedy.executor import Remedy
from offkey.errors import Exit
from offkey.model import Account, Gap, Use
from revokers.stores import Stored
from tests import needs
from tests.builders import Repo
from tests.offboarding.cases import NOW, leaked, place, plan_of
from tests.simulators.gitlab import GitLabSimulator
from tests.simulators.vault import VaultSimulator, vault_service

SAM, KIM, APPROVER = "sam@corp.test", "kim@corp.test", "grace@corp.test"


@dataclass
class World:
    """Two GitLabs and two Vaults, a repository with their tokens, and the command line.

    At the second GitLab `sam` is Kim, with the number that Sam has at the first.
    """

    folder: Path
    first: GitLabSimulator
    second: GitLabSimulator
    vaults: tuple[VaultSimulator, VaultSimulator]
    said: str = ""
    entities: dict[str, str] = field(default_factory=dict)

    def offkey(self, *words: str) -> int:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            code = cli.main(list(words))
        self.said = out.getvalue()
        return code

    def commit(self, **values: str) -> None:
        """Sam commits a file for each value."""
        for name, value in values.items():
            (self.folder / "shop" / f"{name}.env").write_text(f"TOKEN={value}\n")
        self.git("add", "-A")
        self.git("-c", "user.name=Sam", "-c", f"user.email={SAM}", "commit", "-q", "-m", "Settings")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder / "shop", check=True)

    def plan(self, file: str = "plan.json", *words: str) -> dict[str, Any]:
        assert self.offkey("plan", SAM, "-o", file, "--jobs", "1", *words) == Exit.WAITS_FOR_APPROVAL, self.said
        found: dict[str, Any] = json.loads((self.folder / file).read_bytes())
        return found

    def apply(self) -> dict[str, dict[str, Any]]:
        """Each step's receipt by its action, instance and point's id; every extra yes is given."""
        needs = {step["needs"] for step in json.loads((self.folder / "plan.json").read_bytes())["steps"]} - {""}
        allows = [word for need in sorted(needs) for word in ("--allow", need)]
        yes = ("--yes", "approve", "plan.json", "--as", APPROVER, "--key", "private/approver", *allows)
        assert self.offkey(*yes) == Exit.DONE, self.said
        self.offkey("apply", "plan.json")
        run = json.loads((self.folder / "plan.json").read_bytes())
        self.offkey("report", run["run"], "-o", "evidence")
        steps = {
            step["id"]: f"{step['action']} {step['point']['provider']} {step['point']['id']}" for step in run["steps"]
        }
        told = [json.loads(path.read_bytes()) for path in (self.folder / "evidence" / "receipts").glob("*.json")]
        return {steps[one["step"]]: one for one in told}

    def private(self, name: str, value: bytes) -> None:
        (self.folder / "private" / name).write_bytes(value)
        (self.folder / "private" / name).chmod(0o600)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        labs = [stack.enter_context(GitLabSimulator()) for _ in range(2)]
        vaults = (stack.enter_context(VaultSimulator()), stack.enter_context(VaultSimulator()))
        made = World(tmp_path, labs[0], labs[1], vaults)
        (tmp_path / "private").mkdir(mode=0o700)
        (tmp_path / "shop").mkdir()
        made.git("init", "-q")
        _fill(made)
        monkeypatch.chdir(tmp_path)
        yield made


def _fill(world: World) -> None:
    for number, lab in enumerate((world.first, world.second)):
        root = tokens.gitlab_personal(f"root {number}")
        lab.add_token(root, lab.add_user("root", admin=True))
        lab.add_user("sam")
        lab.add_user("srivera")
        world.private(f"lab{number}", root.encode())
    world.private("key", b"k" * 32)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "private/approver"]
    subprocess.run(command, check=True, cwd=world.folder)
    public = (world.folder / "private" / "approver.pub").read_text()
    (world.folder / "approvers").write_text(f'{APPROVER} namespaces="offkey-plan" {public}')
    people = [
        {"id": "sam", "names": ["Sam"], "emails": [SAM], "left_at": "2026-11-01",
         "accounts": {"gitlab": "sam", "gitlab/corp": "srivera"}},
        {"id": "kim", "names": ["Kim"], "emails": [KIM], "accounts": {"gitlab/corp": "sam"}},
    ]  # fmt: skip
    (world.folder / "people.yaml").write_text(json.dumps({"people": people}))
    (world.folder / "offkey.toml").write_text(_configuration(world))


def _configuration(world: World, more: str = "") -> str:
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
[providers.gitlab]
url = "{world.first.url}/api/v4"
server = "self-managed"
read = "file:private/lab0"
write = "file:private/lab0"
[providers.gitlab.instances.corp]
url = "{world.second.url}/api/v4"
server = "self-managed"
read = "file:private/lab1"
write = "file:private/lab1"
{more}
"""


def user(lab: GitLabSimulator, name: str) -> Any:
    return next(one for one in lab.users.values() if one.username == name)


def state_of(lab: GitLabSimulator) -> dict[str, str]:
    return {one.username: one.state for one in lab.users.values()}


def leaks(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The points of leaked values by the file that they lie in."""
    return {
        Path(point["places"][0]["path"]).stem: point
        for step in plan["steps"]
        if step["action"] != "REWRITE" and (point := step["point"])["places"]
    }


@needs.OPENSSH
def test_the_right_token_dies_at_the_right_instance_and_the_namesakes_stays(world: World) -> None:
    assert user(world.first, "sam").id == user(world.second, "sam").id
    values = {name: tokens.gitlab_personal(name) for name in ("here", "corp", "kims")}
    here = world.first.add_token(values["here"], user(world.first, "sam"))
    corp = world.second.add_token(values["corp"], user(world.second, "srivera"))
    kims = world.second.add_token(values["kims"], user(world.second, "sam"))
    other = world.first.add_token(tokens.gitlab_personal("other"), user(world.first, "srivera"))
    world.commit(**values)
    plan = world.plan()
    found = leaks(plan)
    assert {name: point["provider"] for name, point in found.items()} == {
        "here": "gitlab", "corp": "gitlab/corp", "kims": "gitlab/corp",
    }  # fmt: skip
    assert {name: point["bond"] for name, point in found.items()} == {
        "here": "theirs", "corp": "theirs", "kims": "introduced",
    }  # fmt: skip
    assert found["kims"]["holder"] == {
        "provider": "gitlab/corp",
        "id": "101",
        "login": "sam",
        "email": "sam@example.com",
    }
    receipts = world.apply()
    assert (here.revoked, corp.revoked, kims.revoked, other.revoked) == (True, True, False, False)
    assert state_of(world.first) == {"root": "active", "sam": "blocked", "srivera": "active"}
    assert state_of(world.second) == {"root": "active", "sam": "active", "srivera": "blocked"}
    ended = {name: told["outcome"] for name, told in receipts.items() if "account" in name}
    assert ended == {
        "DISABLE gitlab gitlab.account:101": "DISABLED",
        "DISABLE gitlab/corp gitlab/corp:gitlab.account:102": "DISABLED",
    }
    for name, told in receipts.items():  # nothing of one instance's was done at the other
        lab = world.second if name.split()[1] == "gitlab/corp" else world.first
        hosts = {sent["target"].partition("/")[0] for sent in told["exchanges"]}
        assert hosts <= {lab.url.partition("://")[2]}, name


@needs.OPENSSH
def test_two_points_of_the_same_number_are_two_points(world: World) -> None:
    for lab, name in ((world.first, "sam"), (world.second, "srivera")):
        lab.add_token(tokens.gitlab_personal(f"listed {name}"), user(lab, name))
    world.commit(nothing="x")
    plan = world.plan()
    ids = [step["point"]["id"] for step in plan["steps"]]
    assert [ident for ident in ids if ident.endswith("gitlab.listed_pat:901")] == [
        "gitlab.listed_pat:901", "gitlab/corp:gitlab.listed_pat:901",
    ]  # fmt: skip
    assert len({step["id"] for step in plan["steps"]}) == len(plan["steps"])


@needs.OPENSSH
def test_verify_undo_inventory_and_doctor_know_the_instances(world: World) -> None:
    world.commit(nothing="x")
    plan = world.plan()
    assert world.offkey("inventory", SAM, "--format", "json") == Exit.OPEN
    listed = {(point["provider"], point["holder"]["login"]) for point in json.loads(world.said)["points"]}
    assert listed == {("gitlab", "sam"), ("gitlab/corp", "srivera")}
    world.apply()
    assert world.offkey("verify", plan["run"]) == Exit.DONE, world.said
    corp = next(step["id"] for step in plan["steps"] if step["point"]["provider"] == "gitlab/corp")
    assert world.offkey("undo", "plan.json", corp, "--reason", "the build stands") == Exit.DONE, world.said
    assert state_of(world.second)["srivera"] == "active"
    assert state_of(world.first)["sam"] == "blocked"
    assert world.offkey("verify", plan["run"]) != Exit.DONE
    world.offkey("doctor")
    assert "provider gitlab/corp" in " ".join(world.said.split())


@needs.OPENSSH
def test_a_value_that_all_instances_refuse_is_unknown(world: World) -> None:
    world.commit(lost=tokens.gitlab_personal("lost"))
    point = leaks(world.plan())["lost"]
    assert (point["provider"], point["check"]["liveness"]) == ("gitlab/?", "UNKNOWN")
    assert "gitlab: answered 401" in point["check"]["reason"]
    assert "gitlab/corp: answered 401" in point["check"]["reason"]
    told = world.apply()
    assert {told[name]["outcome"] for name in told if "gitlab/?" in name} == {"HANDED_OVER"}


@needs.OPENSSH
def test_what_nobody_could_place_is_asked_about_at_all_instances_again(world: World) -> None:
    value = tokens.gitlab_personal("lost")
    world.commit(lost=value)
    plan = world.plan()
    assert leaks(plan)["lost"]["provider"] == "gitlab/?"
    world.second.add_token(value, user(world.second, "srivera"), revoked=True)
    (told,) = [told for name, told in world.apply().items() if "gitlab/?" in name and "REWRITE" not in name]
    assert (told["outcome"], told["after"]["liveness"]) == ("ALREADY_DEAD", "DEAD")
    asked = {sent["target"].partition("/")[0] for sent in told["exchanges"]}
    assert asked == {lab.url.partition("://")[2] for lab in (world.first, world.second)}
    assert world.offkey("verify", plan["run"]) != Exit.ERROR
    assert "DEAD 401 Token was revoked" in " ".join(world.said.split())


@needs.OPENSSH
def test_a_value_that_one_instance_knows_as_revoked_is_dead(world: World) -> None:
    value = tokens.gitlab_personal("old")
    world.second.add_token(value, user(world.second, "srivera"), revoked=True)
    world.commit(old=value)
    point = leaks(world.plan())["old"]
    assert (point["provider"], point["check"]["liveness"]) == ("gitlab/corp", "DEAD")


@needs.OPENSSH
def test_an_instance_that_cannot_be_asked_is_a_gap_and_proves_no_death(world: World) -> None:
    value = tokens.gitlab_personal("corp")
    world.second.add_token(value, user(world.second, "srivera"))
    world.commit(corp=value)
    (world.folder / "private" / "lab1").unlink()
    plan = world.plan()
    assert leaks(plan)["corp"]["provider"] == "gitlab/?"
    assert any(gap["where"] == "gitlab/corp" for gap in plan["gaps"])


@needs.OPENSSH
def test_where_no_instance_can_be_asked_it_is_at_none_of_them_until_they_can(world: World) -> None:
    """Else the first would be asked alone when the credentials are there again, and its refusal be a death."""
    value = tokens.gitlab_personal("corp")
    corp = world.second.add_token(value, user(world.second, "srivera"))
    world.commit(corp=value)
    held = {name: (world.folder / "private" / name).read_bytes() for name in ("lab0", "lab1")}
    for name in held:
        (world.folder / "private" / name).unlink()
    point = leaks(world.plan())["corp"]
    assert (point["provider"], point["check"]) == ("gitlab/?", None)
    for name, content in held.items():
        world.private(name, content)
    (told,) = [told for name, told in world.apply().items() if "gitlab/?" in name and "REWRITE" not in name]
    assert (told["outcome"], told["before"]["liveness"]) == ("HANDED_OVER", "LIVE")
    assert not corp.revoked


@needs.OPENSSH
def test_two_vaults(world: World) -> None:
    """A refusal is Vault's answer to another's token, too: the one that knows it decides, and it dies there."""
    values = {name: vault_service(name) for name in ("one", "two")}
    for number, (vault, value) in enumerate(zip(world.vaults, values.values(), strict=True)):
        entity = vault.add_entity("sam")
        vault.add_token(value, "sam", entity=entity, policies=("lister",))
        world.entities[f"vault/{'ab'[number]}.id"] = entity
    people = json.loads((world.folder / "people.yaml").read_text())
    people["people"][0]["accounts"] |= world.entities
    (world.folder / "people.yaml").write_text(json.dumps(people))
    vaults = "\n".join(
        f'[providers.vault.instances.{name}]\nurl = "{vault.url}/v1"'
        for name, vault in zip("ab", world.vaults, strict=True)
    )
    (world.folder / "offkey.toml").write_text(_configuration(world, vaults))
    world.commit(**values)
    found = leaks(world.plan())
    assert {name: (point["provider"], point["check"]["liveness"]) for name, point in found.items()} == {
        "one": ("vault/a", "LIVE"), "two": ("vault/b", "LIVE"),
    }  # fmt: skip
    told = {name: told["outcome"] for name, told in world.apply().items() if "REVOKE" in name}
    assert {name.split()[1]: outcome for name, outcome in told.items()} == {"vault/a": "REVOKED", "vault/b": "REVOKED"}


@needs.OPENSSH
def test_equal_runs_give_equal_plans(world: World) -> None:
    values = {name: tokens.gitlab_personal(name) for name in ("here", "corp", "lost")}
    world.first.add_token(values["here"], user(world.first, "sam"))
    world.second.add_token(values["corp"], user(world.second, "srivera"))
    world.commit(**values)
    at = ("--at", "2026-11-22T10:00:00+00:00")
    world.plan("one.json", *at)
    world.plan("two.json", *at)
    assert (world.folder / "one.json").read_bytes() == (world.folder / "two.json").read_bytes()


HUBS = """
[providers.github]
organisations = ["corp", "acme"]
[providers.github.instances.ghes]
url = "https://git.corp.test/api/v3"
[providers.github.instances.second]
organisations = ["zweite"]
[providers.gitlab]
[providers.gitlab.instances.own]
url = "https://lab.corp.test/api/v4"
[providers.gitlab.instances.com]
groups = ["corp"]
[remedy.repositories]
"/srv/app" = "github/ghes:corp/app"
"/srv/lib" = "corp/lib"
"/srv/who" = "nobody/who"
"""


@pytest.mark.parametrize(
    ("repo", "at", "name"),
    [
        ("https://github.com/corp/app.git", "github", "corp/app"),
        ("https://github.com/Zweite/app", "github/second", "Zweite/app"),
        ("https://github.com/stranger/app", "", ""),
        ("https://git.corp.test/corp/app.git", "github/ghes", "corp/app"),
        ("https://elsewhere.test/corp/app.git", "", ""),
        ("/srv/app", "github/ghes", "corp/app"),
        ("/srv/lib", "github", "corp/lib"),
        ("/srv/who", "", ""),
    ],
)
def test_a_repository_is_at_the_github_whose_host_and_organisation_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: str, at: str, name: str
) -> None:
    monkeypatch.setattr(locating, "origin", lambda path: f"/mirrors/{path.name}.git")
    (tmp_path / "offkey.toml").write_text(HUBS)
    assert locating.github_name(config.load(tmp_path / "offkey.toml"), repo) == (at, name)


def test_a_pull_request_is_opened_at_the_github_that_has_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos = {f"/srv/{name}": f"https://{host}/corp/{name}.git" for name, host in (
        ("app", "git.corp.test"), ("lib", "github.com"),
    )}  # fmt: skip
    monkeypatch.setattr(locating, "origin", lambda path: repos[str(path)])
    plan = plan_of(*(leaked(value=repo, places=(place(repo),)) for repo in repos))
    for repo in repos:
        Repo.create(mirror.folder(tmp_path / "state", plan.run, repo), bare=True)
    for name in ("com", "ghes"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "offkey.toml").write_text(
        '[providers.github]\nread = "file:com"\n[providers.github.instances.ghes]\n'
        'url = "https://git.corp.test/api/v3"\nread = "file:ghes"\n'
    )
    told = wiring.watcher(config.load(tmp_path / "offkey.toml"), plan, tmp_path / "state", lambda: NOW)
    assert isinstance(told, Remedy)
    forges = {repo: target.forge for repo, target in told.targets.items()}
    assert {repo: forge.name for repo, forge in forges.items()} == {"/srv/lib": "corp/lib", "/srv/app": "corp/app"}
    assert {repo: forge.reader().base for repo, forge in forges.items()} == {
        "/srv/lib": "https://api.github.com", "/srv/app": "https://git.corp.test/api/v3",
    }  # fmt: skip


def test_a_repositorys_stores_are_those_of_the_instance_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "offkey.toml").write_text(HUBS.replace("[providers.gitlab]\n", ""))
    known = config.load(tmp_path / "offkey.toml")
    repos = ["https://gitlab.com/team/app.git", "https://lab.corp.test/team/app.git", "https://git.corp.test/corp/app"]
    assert list(storelists.whereabouts(known, repos).values()) == [
        {"gitlab/com": "team/app"}, {"gitlab/own": "team/app"}, {"github/ghes": "corp/app"},
    ]  # fmt: skip


def test_of_two_projects_of_one_name_a_job_gets_its_own_instances_variable() -> None:
    def variable(instance: str) -> Stored:
        return Stored(
            store="gitlab.variables", level="project", owner="team/app", name="DEPLOY_TOKEN", environment="*",
            projects=("team/app",), readable=True, instance=instance,
        )  # fmt: skip

    def use(repo: str, name: str = "DEPLOY_TOKEN") -> Use:
        return Use(system="gitlab-ci", repo=repo, path=".gitlab-ci.yml", line=3, job="ship", name=name, present=True)

    where = {"here": {"gitlab": "team/app"}, "corp": {"gitlab/corp": "team/app"}}
    stored = storelists.merged([variable(""), variable("gitlab/corp"), variable("gitlab/corp")])
    names = [use("here"), use("corp"), use("corp", "LOST_TOKEN")]
    joined = stores.join(stored, names, (), where, {"gitlab": frozenset(), "gitlab/corp": frozenset({"team/app"})})
    assert [(held.secret.instance, [one.repo for one in held.uses]) for held in joined.held] == [
        ("", ["here"]), ("gitlab/corp", ["corp"]),
    ]  # fmt: skip
    assert (
        stores.title(joined.held[1].secret) == "GitLab CI variable DEPLOY_TOKEN of the project team/app at gitlab/corp"
    )
    assert [(missing.name, missing.doubt) for missing in joined.missing] == [
        ("LOST_TOKEN", "not all stores of the repository could be read")
    ]


def test_people_have_accounts_at_instances(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(
        "- {id: sam, accounts: {slack/two: U2, gitlab/lab: sam, gitlab/lab.id: 7}}\n"
        "- {id: kim, accounts: {gitlab: sam}}\n"
    )
    people = directory.load(tmp_path / "people.yaml")
    assert people.entries[0].account_records == (
        Account(provider="gitlab/lab", id="7", login="sam"), Account(provider="slack/two", id="U2", login="U2"),
    )  # fmt: skip
    found = [people.find(subject) for subject in ("gitlab/lab:sam", "gitlab/lab:7", "gitlab:sam")]
    assert [one.id for one in found if one] == ["sam", "sam", "kim"]


@pytest.mark.parametrize(
    ("entry", "protected"),
    [
        ("gitlab/corp:root", {"gitlab/corp"}),
        ("gitlab/own:root", {"gitlab/own"}),
        ("gitlab:root", {"gitlab/corp", "gitlab/own"}),  # there is no table without a name any more
        ("GitLab/Crop:root", {"gitlab/corp", "gitlab/own"}),
        ("vault:root", set()),
    ],
)
def test_a_break_glass_account_at_no_configured_instance_is_protected_at_each(
    tmp_path: Path, entry: str, protected: set[str]
) -> None:
    file = tmp_path / "offkey.toml"
    tables = "".join(f'[providers.gitlab.instances.{name}]\nread = "env:X"\n' for name in ("corp", "own"))
    file.write_text(f'[break_glass]\naccounts = ["{entry}"]\n[providers.aws]\naccount = "1"\n{tables}')
    policy = config.load(file).limits()
    names = ("gitlab/corp", "gitlab/own", "aws")
    assert {name for name in names if policy.protects(Account(provider=name, id="1", login="Root"))} == protected


def test_a_break_glass_account_is_one_instances() -> None:
    policy = Policy(break_glass=("gitlab/lab:root",))
    assert policy.protects(Account(provider="gitlab/lab", id="1", login="root"))
    assert not policy.protects(Account(provider="gitlab", id="1", login="root"))


def test_a_table_with_instances_alone_is_no_instance(tmp_path: Path) -> None:
    def names(text: str) -> list[str]:
        (tmp_path / "offkey.toml").write_text(text)
        return sorted(config.load(tmp_path / "offkey.toml").providers)

    assert names("[providers.gitlab.instances.corp]\n[providers.gitlab.instances.lab]\n") == [
        "gitlab/corp",
        "gitlab/lab",
    ]
    assert names('[providers.gitlab]\ngroups = ["a"]\n[providers.gitlab.instances.corp]\n') == ["gitlab", "gitlab/corp"]
    assert names("[providers.gitlab]\n") == ["gitlab"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[providers.gitlab.instances.Corp]\n", "lower-case"),
        ("[providers.gitlab.instances.'a/b']\n", "lower-case"),
        ("[providers.gitlab.instances.'a.id']\n", "lower-case"),
        ("[providers.gitlab]\ninstances = 3\n", "a table for each instance"),
        ("[providers.'gitlab/corp']\n", "[providers.gitlab.instances.corp]"),
        ("[providers.gitlab.instances.corp]\nurk = 1\n", "[providers.gitlab.instances.corp] urk"),
        ("[providers.gitlab.instances.corp]\nread = 'secret'\n", "[providers.gitlab.instances.corp] read"),
        ("[providers.vault.instances.corp]\n", "[providers.vault.instances.corp] url: is missing"),
        ("[providers.nobody.instances.corp]\n", "unknown provider"),
    ],
)
def test_what_is_wrong_with_an_instance_is_said_by_its_table(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "offkey.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        config.load(tmp_path / "offkey.toml")
    assert words in str(raised.value)


def test_a_csv_names_instances_too(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,account:gitlab/eu-lab,Account: gitlab/eu-lab.id\nsam,srivera,7\n")
    (sam,) = directory.load(tmp_path / "people.csv").entries
    assert sam.account_records == (Account(provider="gitlab/eu-lab", id="7", login="srivera"),)


def test_a_provider_with_named_instances_alone_is_not_asked_at_its_own_address(tmp_path: Path) -> None:
    (tmp_path / "offkey.toml").write_text(
        "[policy]\nunlisted_providers = true\n[providers.gitlab.instances.corp]\n"
        'url = "https://lab.corp.test/api/v4"\nserver = "self-managed"\n'
    )
    read = config.load(tmp_path / "offkey.toml")
    assert read.instances_of("gitlab") == ("gitlab/corp",)
    assert isinstance(read.provider_settings("gitlab", write=False), Gap)
    assert isinstance(read.provider_settings("gitlab/other", write=False), Gap)
    assert not isinstance(read.provider_settings("buildkite", write=False), Gap)
    assert read.provider_settings("gitlab/corp", write=False).url == "https://lab.corp.test/api/v4"


@needs.OPENSSH
def test_a_private_key_is_looked_up_at_each_instance(world: World) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(world.folder / "private" / "laptop")]
    subprocess.run(command, check=True)
    line = (world.folder / "private" / "laptop.pub").read_text().strip()
    (world.folder / "shop" / "id_ed25519").write_bytes((world.folder / "private" / "laptop").read_bytes())
    world.commit(nothing="x")
    world.first.add_key(user(world.first, "srivera"), "laptop", line)
    world.second.add_key(user(world.second, "srivera"), "laptop", line)
    plan = world.plan()
    keys = {step["point"]["id"]: step for step in plan["steps"] if step["point"]["kind"] == "gitlab.ssh_key"}
    found = {ident: (step["point"]["bond"], step["action"]) for ident, step in keys.items()}
    assert found == {
        "gitlab.ssh_key:102/500": ("introduced", "HAND_OVER"),
        "gitlab/corp:gitlab.ssh_key:102/500": ("theirs", "REVOKE"),
    }
    world.apply()
    assert [len(user(lab, "srivera").keys) for lab in (world.first, world.second)] == [1, 0]
