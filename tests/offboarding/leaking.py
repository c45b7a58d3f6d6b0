"""Five providers with keys, a repository in which some of them lie, and the command line."""

import io
import json
import subprocess
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offboarding import cli
from offkey.errors import Exit
from offkey.secret import Secret
from tests.simulators import anthropic, databricks, datadog, openai, tailscale
from tests.simulators.anthropic import AnthropicSimulator
from tests.simulators.databricks import DatabricksSimulator
from tests.simulators.datadog import DatadogSimulator
from tests.simulators.openai import OpenAiSimulator
from tests.simulators.tailscale import TailscaleSimulator

SAM, KIM, APPROVER = "sam@example.com", "kim@example.com", "grace@example.com"
DATADOG_OWN = (datadog.api_key("offkey's own"), datadog.app_key("offkey's own"))


@dataclass
class World:
    """Five providers with keys of Sam's and Kim's, Sam's repository, and the command line."""

    folder: Path
    openai: OpenAiSimulator
    anthropic: AnthropicSimulator
    datadog: DatadogSimulator
    databricks: DatabricksSimulator
    tailscale: TailscaleSimulator
    said: str = ""

    def offkey(self, *words: str) -> int:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            code = cli.main(list(words))
        self.said += out.getvalue()
        return code

    def commit(self, *lines: str) -> None:
        (self.folder / "shop" / "settings.env").write_text("".join(f"{line}\n" for line in lines))
        self.git("add", "-A")
        self.git("-c", "user.name=Sam", "-c", f"user.email={SAM}", "commit", "-q", "-m", "Settings")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder / "shop", check=True)

    def plan(self) -> dict[str, Any]:
        assert self.offkey("plan", SAM, "-o", "plan.json", "--jobs", "1") == Exit.WAITS_FOR_APPROVAL
        found: dict[str, Any] = json.loads((self.folder / "plan.json").read_bytes())
        return found

    def apply(self) -> dict[str, str]:
        """Each step's outcome by its action and its point's id."""
        yes = ("--yes", "approve", "plan.json", "--as", APPROVER, "--key", "private/approver")
        assert self.offkey(*yes) == Exit.DONE
        self.offkey("apply", "plan.json")
        run = json.loads((self.folder / "plan.json").read_bytes())
        self.offkey("report", run["run"], "-o", "evidence")
        steps = {step["id"]: f"{step['action']} {step['point']['id']}" for step in run["steps"]}
        told = [json.loads(path.read_bytes()) for path in (self.folder / "evidence" / "receipts").glob("*.json")]
        return {steps[one["step"]]: one["outcome"] for one in told}


def world(folder: Path, stack: ExitStack) -> World:
    """In this folder, with the simulators running until the stack is left."""
    sims = [
        stack.enter_context(made())
        for made in (OpenAiSimulator, AnthropicSimulator, DatadogSimulator, DatabricksSimulator, TailscaleSimulator)
    ]
    made = World(folder, *sims)  # type: ignore[arg-type]  # each is of its own class
    (folder / "private").mkdir(mode=0o700)
    (folder / "shop").mkdir()
    made.git("init", "-q")
    _fill(made)
    return made


def _fill(world: World) -> None:
    admins = {"openai": openai.key("admin", "offkey's own"), "anthropic": anthropic.admin_key("offkey's own")}
    world.openai.add_key(world.openai.add_member("root", "owner"), admins["openai"])
    world.openai.add_project("shop")
    world.anthropic.add_admin_key(Secret(admins["anthropic"].encode()))
    world.anthropic.add_member("root", "admin")
    root = world.datadog.add_user("root")
    world.datadog.add_key("api_keys", root, DATADOG_OWN[0])
    world.datadog.add_key("application_keys", root, DATADOG_OWN[1])
    for name in ("sam", "kim"):
        world.openai.add_key(world.openai.add_member(name), openai.key("proj", name), "proj_shop")
        world.anthropic.add_key(world.anthropic.add_member(name), anthropic.key(name))
        world.datadog.add_key("application_keys", world.datadog.add_user(name), datadog.app_key(name))
        world.databricks.add_token(world.databricks.add_user(name), databricks.pat(name))
        world.tailscale.add_key(world.tailscale.add_user(name), name)
    admins |= {"databricks": world.databricks.admin, "tailscale": tailscale.key("offkey's own", "api")}
    world.tailscale.add_admin(admins["tailscale"])
    world.tailscale.add_key(world.tailscale.add_user("root", "owner"), "offkey's own", "api")
    held = {**admins, "datadog": ",".join(DATADOG_OWN), "key": "k" * 32}
    for name, value in held.items():
        (world.folder / "private" / name).write_text(value)
        (world.folder / "private" / name).chmod(0o600)
    approver = world.folder / "private" / "approver"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(approver)], check=True)
    public = approver.with_suffix(".pub").read_text()
    (world.folder / "approvers").write_text(f'{APPROVER} namespaces="offkey-plan" {public}')
    people = [
        {"id": "sam", "names": ["Sam"], "emails": [SAM], "left_at": "2026-11-01"},
        {"id": "kim", "names": ["Kim"], "emails": [KIM]},
    ]
    (world.folder / "people.yaml").write_text(json.dumps({"people": people}))
    (world.folder / "offkey.toml").write_text(_configuration(world))


def _configuration(world: World) -> str:
    providers = "".join(
        f'[providers.{sim.PROVIDER}]\nurl = "{sim.url}"\n'
        f'read = "file:private/{sim.PROVIDER}"\nwrite = "file:private/{sim.PROVIDER}"\n'
        for sim in (world.openai, world.anthropic, world.datadog, world.databricks, world.tailscale)
    )
    return f"""
[organisation]
key = "file:private/key"
state = "state"
requester = "ann@example.com"
[directory]
people = "people.yaml"
[repositories]
paths = ["shop"]
[approvers]
register = "approvers"
[policy]
confirm_seconds = 1
{providers}"""


def steps_on(plan: dict[str, Any], kind: str) -> dict[str, list[str]]:
    """The actions on each point of a kind."""
    found: dict[str, list[str]] = {}
    for step in plan["steps"]:
        if step["point"]["kind"] == kind:
            found.setdefault(step["point"]["id"], []).append(step["action"])
    return found


def point(plan: dict[str, Any], ident: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step["point"] for step in plan["steps"] if step["point"]["id"] == ident)
    return found


def looks_like(value: str, begins: int) -> str:
    """Another value of the same shortened form."""
    middle = value[begins:-4]
    return f"{value[:begins]}{middle[1:8]}{middle[0]}{middle[8:]}{value[-4:]}"
