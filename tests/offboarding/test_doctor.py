"""`offkey doctor` against real tools, real files and the local provider servers."""

import io
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from offboarding import cli
from offboarding.approval import signing
from offboarding.approval.duties import Role
from offboarding.commands import doctor as command
from offboarding.configuration import beginning, config, doctor, sections
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.aws import AwsServer
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.demo.simulators.slack import SlackSimulator
from offboarding.identity import directory
from offboarding.ui import UI
from offkey.errors import Exit
from tests import needs
from tests.builders import Repo

TOOLS = ("packages", "git", "ssh-keygen", "hyperscan")


def results(folder: Path) -> dict[str, doctor.Result]:
    return {result.what: result for result in doctor.examine(folder / "offkey.toml", folder / "state")}


def call(folder: Path, *words: str) -> tuple[Exit, str]:
    out = io.StringIO()
    args = cli.parser("doctor").parse_args(
        ["--config", str(folder / "offkey.toml"), "doctor", "--state", str(folder / "state"), *words]
    )
    return command.run(args, UI(Console(file=out, width=220), Console(file=io.StringIO()))), out.getvalue()


@needs.OPENSSH
def test_init_makes_a_beginning_in_which_nothing_fails(tmp_path: Path) -> None:
    code, out = call(tmp_path, "--init")
    assert code is Exit.DONE
    assert "written" in out
    assert "fail" not in out
    key = config.load(tmp_path / "offkey.toml").org_key()
    assert key is not None
    assert len(key.key.reveal()) == 32
    assert stat.S_IMODE((tmp_path / "organisation.key").stat().st_mode) == 0o600


def test_init_never_replaces_what_exists(tmp_path: Path) -> None:
    call(tmp_path, "--init")
    (tmp_path / "people.yaml").write_text("- {id: ann}\n")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    _, out = call(tmp_path, "--init")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before
    assert out.count("kept as it was") == 4


def test_two_beginnings_have_different_keys(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        beginning.write(tmp_path / name / "offkey.toml")
        keys.add((tmp_path / name / "organisation.key").read_bytes())
    assert len(keys) == 2


def test_every_setting_in_the_commented_examples_is_valid_when_switched_on(tmp_path: Path) -> None:
    switched = re.compile(r"^#(?=\S)", re.MULTILINE)
    (tmp_path / "offkey.toml").write_text(switched.sub("", beginning.CONFIGURATION))
    (tmp_path / "people.yaml").write_text(re.sub(r"^#(?=-|  )", "", beginning.PEOPLE, flags=re.MULTILINE))
    read = config.load(tmp_path / "offkey.toml")
    assert set(read.providers) == {"aws", "aws/research", "github", "private_key", "slack", "vercel"}
    # What is switched on from the beginning is stricter than the default; an example shows what is empty by default.
    assert read.policy == sections.Policy(four_eyes="irreversible", assignees={"aws": "cloud@example.com"})
    assert {role for roles in read.approvers.roles.values() for role in roles} < set(Role)
    ann, build = directory.load(read.directory.people).entries
    assert (ann.account_id("github"), build.shared) == ("4711", True)
    example = switched.sub("", beginning.APPROVERS).replace("AAAA...", "AAAAC3Nz")
    (tmp_path / "approvers").write_text(example)
    assert set(signing.read_register(tmp_path / "approvers")) == {"bob@example.com"}


@needs.OPENSSH
def test_the_tools_of_this_machine_are_really_tried() -> None:
    found = list(doctor.examine(Path("/nonexistent/offkey.toml")))
    assert [(result.what, result.state) for result in found[:3]] == [(name, "ok") for name in TOOLS[:3]]
    assert found[-1].what == "configuration"
    assert found[-1].state == "fail"


def test_a_missing_ssh_keygen_fails_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beginning.write(tmp_path / "offkey.toml")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = results(tmp_path)
    assert (found["ssh-keygen"].state, found["git"].state) == ("fail", "fail")
    assert "install OpenSSH" in found["ssh-keygen"].advice


def test_loose_files_and_broken_lists_fail_each_by_name(tmp_path: Path) -> None:
    beginning.write(tmp_path / "offkey.toml")
    text = (tmp_path / "offkey.toml").read_text()
    (tmp_path / "offkey.toml").write_text(text.replace("\n[repositories]\n", '\n[repositories]\npaths = ["nothing"]\n'))
    (tmp_path / "organisation.key").chmod(0o644)
    (tmp_path / "people.yaml").write_text("- {id: a}\n- {id: a}\n")
    (tmp_path / "approvers").write_text("*@example.com ssh-ed25519 AAAA\n")
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state" / "letters").write_text("")
    found = results(tmp_path)
    for what in ("organisation key", "directory", "approvers", "state", f"repository {tmp_path}/nothing"):
        assert found[what].state == "fail", what
        assert found[what].advice
    code, out = call(tmp_path)
    assert code is Exit.ERROR
    assert "chmod 600" in out


def test_a_register_that_others_can_write_fails_and_one_without_a_second_pair_of_eyes_warns(tmp_path: Path) -> None:
    beginning.write(tmp_path / "offkey.toml")
    (tmp_path / "approvers").write_text('sec@example.com namespaces="offkey-plan" ssh-ed25519 AAAA\n')
    text = (tmp_path / "offkey.toml").read_text().replace('#requester = "you@', 'requester = "sec@')
    (tmp_path / "offkey.toml").write_text(text)
    assert results(tmp_path)["approvers"].state == "warn"
    (tmp_path / "approvers").chmod(0o666)
    assert results(tmp_path)["approvers"].state == "fail"


def test_a_tampered_ledger_fails(tmp_path: Path) -> None:
    from tests.offboarding.test_store import ledger, tampered

    beginning.write(tmp_path / "offkey.toml")
    ledger(tmp_path / "state").append("run.opened", "r", {"person": "a"})
    assert results(tmp_path)["state"].state == "ok"
    tampered(tmp_path / "state", "UPDATE events SET actor = 'b'")
    assert results(tmp_path)["state"].state == "fail"


@dataclass
class Servers:
    folder: Path
    hub: GitHubSimulator
    slack: SlackSimulator
    aws: AwsServer

    def configure(self, *, account: str = "") -> None:
        beginning.write(self.folder / "offkey.toml")
        text = (self.folder / "offkey.toml").read_text()
        (self.folder / "offkey.toml").write_text(
            f'{text}\n[providers.github]\nurl="{self.hub.url}"\norganisations=["acme"]\nread="file:github"\n'
            f'[providers.slack]\nurl="{self.slack.url}/api"\nread="file:slack"\nwrite="file:never-there"\n'
            f'[providers.aws]\nurl="{self.aws.url}"\naccount="{account or self.aws.account}"\nread="file:aws"\n'
        )

    def put(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value)
        (self.folder / name).chmod(0o600)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with GitHubSimulator(delay=None) as hub, SlackSimulator() as slack, AwsServer() as aws:
        made = Servers(tmp_path, hub, slack, aws)
        hub.add_user("ann")
        github, slack_token = tokens.github_classic("ann"), tokens.slack_user("ann")
        hub.add_token("ann", github, scopes=["admin:org"])
        slack.add_token(slack.add_user("ann", admin=True), slack_token)
        made.put("github", github)
        made.put("slack", slack_token)
        made.put("aws", f"{aws.admin[0]}\n{aws.admin[1].reveal().decode()}\n")
        yield made


def test_live_read_credentials_are_ok_and_only_reads_are_sent(servers: Servers) -> None:
    servers.configure()
    Repo.create(servers.folder / "app")
    found = results(servers.folder)
    assert found["provider github"].state == "ok"
    assert "signs in as ann" in found["provider github"].detail
    assert "no write credential" in found["provider github"].detail
    assert "no write credential" not in found["provider slack"].detail
    assert (found["provider slack"].state, found["provider aws"].state) == ("ok", "ok")
    assert servers.aws.account in found["provider aws"].detail
    assert [(line.method, line.path) for line in servers.hub.requests] == [("GET", "/user")]
    assert [line.path for line in servers.slack.requests] == ["/api/auth.test"]
    assert all("GetCallerIdentity" in line.path for line in servers.aws.requests)


def test_dead_missing_and_misplaced_credentials_fail_without_being_shown(servers: Servers) -> None:
    servers.configure(account="999999999999")
    dead = tokens.github_classic("nobody")
    servers.put("github", dead)
    (servers.folder / "slack").unlink()
    found = results(servers.folder)
    for name in ("github", "slack", "aws"):
        assert found[f"provider {name}"].state == "fail", name
    assert "999999999999" in found["provider aws"].detail
    code, out = call(servers.folder)
    assert code is Exit.ERROR
    assert dead not in out


def test_a_provider_that_refuses_to_say_is_a_warning_not_a_verdict(servers: Servers) -> None:
    servers.configure()
    servers.hub.fail("GET", "/user", 403)
    result = results(servers.folder)["provider github"]
    assert result.state == "warn"
    assert "403" in result.detail
    assert "dead" not in result.detail


def test_the_files_of_signers_and_pushes_are_checked(tmp_path: Path) -> None:
    (tmp_path / "offkey.toml").write_text('[directory]\nallowed_signers = "signers"\npush_log = "pushes"\n')
    (tmp_path / "pushes").write_text("[]")
    (tmp_path / "signers").write_text("# nobody yet\n")
    assert results(tmp_path)["evidence"].state == "ok"
    (tmp_path / "signers").write_text("sam@example.com\n")
    broken = results(tmp_path)["evidence"]
    assert (broken.state, "line 1" in broken.detail) == ("fail", True)
