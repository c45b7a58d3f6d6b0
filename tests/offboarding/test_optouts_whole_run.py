"""An opt-out from asking to its end, on the command line, against the sample organisation."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.demo.organisation import SAM
from offboarding.demo.story import APPROVER
from offkey.errors import Exit
from tests import needs
from tests.offboarding import test_whole_run
from tests.offboarding.test_whole_run import Office

pytestmark = needs.OPENSSH
office = test_whole_run.office

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
KEPT = ("optout", "add", SAM[1], "--system", "aws", "--action", "DISABLE", "REVOKE", "REMOVE", "--until", TOMORROW)


def steps(office: Office) -> list[tuple[str, str, str]]:
    """(provider, action, what is kept) of each step of the plan."""
    plan: Any = json.loads((office.folder / "plan.json").read_bytes())
    return [(step["point"]["provider"], step["action"], step.get("keeps", "")) for step in plan["steps"]]


def listed(office: Office) -> list[Any]:
    office.said = ""
    assert office.offkey("optout", "list", "--format", "json") == Exit.DONE
    found: list[Any] = json.loads(office.said)
    return found


def aws_lives(office: Office) -> list[bool]:
    return [alive for name, (sams, alive) in office.services.alive().items() if sams and "aws" in name.lower()]


@pytest.mark.parametrize("on_expiry", ["run", "approve"])
def test_what_is_kept_lives_until_the_opt_out_ends(office: Office, on_expiry: str) -> None:
    config = office.folder / "offkey.toml"
    config.write_text(config.read_text() + f'\n[optouts]\nowners = ["{APPROVER}"]\nstream = "told.jsonl"\n')
    register = office.folder / "approvers"
    register.write_text(register.read_text().replace('"offkey-plan"', '"offkey-plan,offkey-optout"'))
    more = ("--reason", "service_continuity", "--on-expiry", on_expiry, "--allow-after-disable")
    assert office.offkey(*KEPT, *more) == Exit.WAITS_FOR_APPROVAL
    name = listed(office)[0]["id"]
    sign = ("--yes", "optout", "approve", name, "--as", APPROVER, "--key", "private/approver")
    assert office.offkey(*sign) == Exit.DONE

    assert office.plan() == Exit.WAITS_FOR_APPROVAL
    of_aws = [(action, keeps) for provider, action, keeps in steps(office) if provider == "aws"]
    assert ("KEEP", "DISABLE") in of_aws
    assert not {"DISABLE", "REVOKE"} & {action for action, _ in of_aws}
    assert "REVOKE" in {action for provider, action, _ in steps(office) if provider != "aws"}
    assert office.approve("github-public-revoke") == Exit.DONE
    assert office.offkey("apply", "plan.json") == Exit.NOT_ALL_CONFIRMED
    assert all(aws_lives(office))
    assert aws_lives(office)
    assert office.offkey("optout", "due") == Exit.DONE

    assert office.offkey("optout", "cancel", name, "--why", "moved to another account") == Exit.DONE
    assert office.offkey("optout", "due") == Exit.OPEN
    office.said = ""
    assert office.offkey("verify", office.run) == Exit.OPEN
    assert "KEPT NO MORE" in office.said
    office.offkey("apply", "plan.json", "--resume")
    assert any(aws_lives(office)) is (on_expiry == "approve")
    if on_expiry == "approve":
        code = office.offkey("plan", "--resume-optout", name, "-o", "plan.json", "--jobs", "1")
        assert code == Exit.WAITS_FOR_APPROVAL
        assert not any(keeps for _, _, keeps in steps(office))
        assert office.approve() == Exit.DONE
        office.offkey("apply", "plan.json")
    assert not any(aws_lives(office))
    assert office.offkey("optout", "due") == Exit.DONE
    told = [json.loads(line)["type"].rpartition(".")[2] for line in (office.folder / "told.jsonl").open()]
    assert told[:3] == ["requested", "approved", "used"]
    assert {"cancelled", "used"} <= set(told[3:])


def test_without_leave_to_outlast_the_departure_it_is_void(office: Office) -> None:
    config = office.folder / "offkey.toml"
    config.write_text(config.read_text() + f'\n[optouts]\nowners = ["{APPROVER}"]\n')
    assert office.offkey(*KEPT, "--reason", "temporary_leave") == Exit.WAITS_FOR_APPROVAL
    (one,) = listed(office)
    assert one["state"] == "void"
    assert "has left" in one["why"]
    sign = ("--yes", "optout", "approve", one["id"], "--as", APPROVER, "--key", "private/approver")
    assert office.offkey(*sign) == Exit.WAITS_FOR_APPROVAL


def test_a_mover_keeps_what_the_role_has_and_inventory_shows_the_difference(office: Office) -> None:
    config = office.folder / "offkey.toml"
    config.write_text(config.read_text() + '\n[roles]\nfile = "roles.yaml"\n')
    assert office.offkey("inventory", SAM[1], "--format", "json") == Exit.OPEN
    office.said = ""
    office.offkey("inventory", SAM[1], "--format", "json")
    points = json.loads(office.said[office.said.index("{") :])["points"]
    kept = next(point for point in points if point["provider_id"] and point["provider"] == "github")
    entry = json.dumps({"provider": kept["provider"], "kind": kept["kind"], "ids": [kept["provider_id"]]})
    (office.folder / "roles.yaml").write_text(f"- name: lead\n  has: [{entry}, {{provider: aws, kind: k, ids: [x]}}]\n")
    office.said = ""
    assert office.offkey("inventory", SAM[1], "--role", "lead") == Exit.OPEN
    assert "beyond lead" in office.said
    assert "missing: k x at aws" in office.said
    assert office.plan("--role", "lead") == Exit.PLAN_REFUSED, "sam has left"
    people = office.folder / "people.yaml"
    people.write_text(re.sub(r"\n *left_at: .*", "", people.read_text()))
    assert office.plan("--role", "lead") == Exit.WAITS_FOR_APPROVAL
    plan: Any = json.loads((office.folder / "plan.json").read_bytes())
    assert plan["role"] == "lead"
    assert [s["action"] for s in plan["steps"] if s["point"]["id"] == kept["id"]] == ["KEEP"]
    assert {"REVOKE", "DISABLE"} & {step["action"] for step in plan["steps"]}
