"""Tells the demonstration: runs the real command line, step by step, against the local services."""

import json
import secrets
import shlex
import shutil
import subprocess  # noqa: TID251 - runs offkey itself, as a user would
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.rule import Rule
from rich.table import Table

from offboarding.demo import approver
from offboarding.demo.organisation import SAM, SAM_BEFORE, SAM_LOGIN
from offboarding.demo.services import ORGANISATION, Services
from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError
from offkey.fingerprint import KEY_BYTES

APPROVER = "grace.hall@kestrel.example"
REQUESTER = "ann.archer@kestrel.example"


class DemoBroken(OffkeyError):
    """A step of the demonstration did not end as it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One telling in `folder`. `work` maps repository names to work trees."""

    ui: UI
    folder: Path
    services: Services
    work: dict[str, Path]

    def prepare(self) -> None:
        """Write what an administrator would have: configuration, directory, references, an approver's key."""
        private = self.folder / "private"
        private.mkdir(mode=0o700)
        for name, content in self._private_files().items():
            (private / name).write_bytes(content)
            (private / name).chmod(0o600)
        public = approver.make_key(private / "approver")
        (self.folder / "approvers").write_text(f'{APPROVER} namespaces="offkey-plan" {public}\n')
        (self.folder / "people.yaml").write_text(self._people())
        (self.folder / "offkey.toml").write_text(self._configuration())

    def tell(self) -> None:
        """The eight steps. Raises DemoBroken at the first that does not end as it should."""
        email = SAM[1]
        plan = "plan.json"
        works = [str(path.relative_to(self.folder)) for path in self.work.values()]
        self._step("Which identities are Sam?", ["whois", email], Exit.DONE)
        self._step("What did he leave in the code?", ["scan", *works, "--person", email], Exit.OPEN)
        self._step("What has to be done? Nothing is changed yet.", ["plan", email, "-o", plan], Exit.WAITS_FOR_APPROVAL)
        run = str(json.loads((self.folder / plan).read_bytes())["run"])
        self._approve(plan)
        self._step(
            "Do it, and prove each step.", ["apply", plan], Exit.DONE, Exit.OPEN, Exit.NOT_ALL_CONFIRMED, Exit.GAPS
        )
        self._step("Evidence for the auditor.", ["report", run, "-o", "evidence"], Exit.DONE, Exit.OPEN, Exit.GAPS)
        self._step("Is it intact?", ["verify", "evidence"], Exit.DONE)
        self._step(
            "Is everything still dead, at the providers?", ["verify", run], Exit.DONE, Exit.NOT_ALL_CONFIRMED, Exit.GAPS
        )
        self._ask_the_services()

    def _approve(self, plan: str) -> None:
        """Grace approves with her own key; where there is no OpenSSH, in two steps, as by hand."""
        title = "Somebody else says yes, with an SSH key."
        words = ["--yes", "approve", plan, "--as", APPROVER, "--allow", "github-public-revoke"]
        if shutil.which("ssh-keygen"):
            self._step(title, [*words, "--key", "private/approver"], Exit.DONE)
            return
        self._step(title, words, Exit.WAITS_FOR_APPROVAL)
        statement = next((self.folder / f"{plan}.approvals").glob("*.statement"))
        signature = approver.sign(statement, self.folder / "private" / "approver")
        told = ["approve", plan, "--as", APPROVER, "--signature", str(signature.relative_to(self.folder))]
        self._step("She signs the statement and hands the signature in.", ["--yes", *told], Exit.DONE)

    def _step(self, title: str, words: Sequence[str], *expected: Exit) -> None:
        self.ui.out.print()
        self.ui.out.print(Rule(f"[bold]{title}", align="left"))
        self.ui.out.print(f"$ offkey {shlex.join(words)}", style="dim", markup=False, highlight=False, soft_wrap=True)
        done = subprocess.run([sys.executable, "-m", "offkey", *words], cwd=self.folder, check=False)
        if done.returncode not in expected:
            raise DemoBroken(
                f"`offkey {words[0]}` ended with exit code {done.returncode}",
                advice=f"look into {self.folder}, and please report it",
            )

    def _ask_the_services(self) -> None:
        """What the servers themselves say, behind offkey's back."""
        table = Table(title="What the servers say now, asked directly", title_justify="left")
        table.add_column("credential")
        table.add_column("state")
        wrong = []
        for name, (sams, alive) in self.services.alive().items():
            table.add_row(name, "alive" if alive else "[bold]dead")
            if sams is alive:
                wrong.append(name)
        self.ui.out.print()
        self.ui.out.print(table)
        if wrong:
            raise DemoBroken(f"not as it should be: {', '.join(wrong)}", advice="please report it")
        self.ui.out.print("Every key of Sam's is dead, everybody else's works.", style="bold green")

    def _private_files(self) -> dict[str, bytes]:
        services = self.services
        key_id, secret = services.aws.admin
        return {
            "organisation.key": secrets.token_bytes(KEY_BYTES),
            "github": services.github_admin.reveal(),
            "slack": services.slack_admin.reveal(),
            "aws": f"{key_id},".encode() + secret.reveal(),
        }

    def _people(self) -> str:
        return f"""\
people:
  - id: sam.rivera
    names: [Sam Rivera, Samuel Rivera]
    emails: [{SAM[1]}, {SAM_BEFORE[1]}]
    accounts:
      github: {SAM_LOGIN}
      github.id: {self.services.sam_github_id}
      aws: sam.rivera
      slack: {self.services.sam_slack_id}
    left_at: {datetime.now(UTC):%Y-%m-%d}
  - id: ann.archer
    names: [Ann Archer]
    emails: [ann.archer@kestrel.example]
    accounts: {{github: annarcher, aws: ann.archer}}
  - id: bob.baker
    names: [Bob Baker]
    emails: [bob.baker@kestrel.example]
    accounts: {{github: bobbaker, aws: bob.baker}}
"""

    def _configuration(self) -> str:
        services = self.services
        paths = ", ".join(f'"{path.relative_to(self.folder)}"' for path in self.work.values())
        names = "\n".join(
            f'"{path.relative_to(self.folder)}" = "{ORGANISATION}/{name}"' for name, path in self.work.items()
        )
        return f"""\
# The demonstration's configuration. Every credential stands here by reference alone.
[organisation]
name = "Kestrel Robotics"
key = "file:private/organisation.key"
state = "state"
requester = "{REQUESTER}"

[directory]
people = "people.yaml"

[repositories]
paths = [{paths}]

[approvers]
register = "approvers"

[break_glass]
accounts = ["aws:organisation-admin", "github:annarcher"]

[providers.aws]
url = "{services.aws.url}"
account = "{services.aws.account}"
read = "file:private/aws"
write = "file:private/aws"

[providers.github]
url = "{services.hub.url}"
organisations = ["{ORGANISATION}"]
sso = false
read = "file:private/github"
write = "file:private/github"

[providers.slack]
url = "{services.slack.url}/api"
read = "file:private/slack"
write = "file:private/slack"

[remedy]
author_name = "Kestrel Security"
author_email = "security@kestrel.example"

[remedy.repositories]
{names}
"""
