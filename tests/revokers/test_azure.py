"""Entra's and Azure DevOps's own truths."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import azure
from revokers.protocol import LAST_OWNER, UNTOLD, NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.azure import TENANT, AzureSimulator, client_secret, devops_pat

SECRET = "azure.client_secret"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def arranged(stack: ExitStack, kind: str) -> tuple[Case, AzureSimulator]:
    case = stack.enter_context(CASES[kind]())
    assert isinstance(case.sim, AzureSimulator)
    return case, case.sim


def found(case: Case, **account: str) -> list[AccessPoint | Gap]:
    person = Account(**{"provider": "azure", "id": "", **account})
    return list(azure.inventory(case.reader(), case.settings, person))


def of_dana(case: Case, sim: AzureSimulator, value: str) -> object:
    """The leaked value with the client id of dana's application beside it."""
    application = sim.applications[case.points[1].provider_id.partition("/")[0]]
    return credential(SECRET, secret=value, client_id=application["appId"])


def test_a_person_has_an_account_grants_secrets_of_applications_and_tokens(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.account")
    kinds = {"azure.account", "azure.grant", SECRET, "azure.devops_pat"}
    for account in ({"email": "dana@example.com"}, {"login": "dana@example.com"}, {"id": case.points[1].provider_id}):
        points = [point for point in found(case, **account) if isinstance(point, AccessPoint)]
        assert {point.kind for point in points} == kinds
        assert {point.kind for point in points if point.ownership is Ownership.SHARED} == {SECRET}
    assert found(case, email="o'hara@example.com") == []
    sim.add_user("o'hara")
    assert len(found(case, email="o'hara@example.com")) == 1
    for account in ({"id": "999"}, {"login": "nobody@example.com"}, {}):
        (gap,) = found(case, **account)
        assert isinstance(gap, Gap)
    twin = sim.users[sim.add_user("other")]
    twin["mail"] = "dana@example.com"
    (gap,) = found(case, email="dana@example.com")
    assert isinstance(gap, Gap)
    assert "several users" in gap.why


def test_a_leaked_secret_is_found_by_its_client_id_and_beginning(stack: ExitStack) -> None:
    case, sim = arranged(stack, SECRET)
    held = of_dana(case, sim, client_secret("dana"))
    said = azure.state(case.reader(), case.settings, leak(SECRET), held)
    key = case.points[1].provider_id.partition("/")[2]
    assert (said.liveness, key in said.reason) == (Liveness.LIVE, True)
    azure.revoke(case.writer(), case.settings, Action.REVOKE, leak(SECRET), held)
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]
    gone = azure.state(case.reader(), case.settings, leak(SECRET), held)
    assert gone.liveness is Liveness.UNKNOWN  # the client id beside it may have been another application's
    with pytest.raises(NotIdentified, match="no secret that begins"):
        azure.revoke(case.writer(), case.settings, Action.REVOKE, leak(SECRET), held)


@pytest.mark.parametrize("hint", [None, client_secret("dana")[:3]])
def test_secrets_that_begin_alike_or_do_not_say_how_are_not_identified(stack: ExitStack, hint: str | None) -> None:
    case, sim = arranged(stack, SECRET)
    application = case.points[1].provider_id.partition("/")[0]
    other = sim.add_secret(application, client_secret("second"))
    sim.applications[application]["passwordCredentials"][-1]["hint"] = hint
    held = of_dana(case, sim, client_secret("dana"))
    with pytest.raises(NotIdentified) as raised:
        azure.revoke(case.writer(), case.settings, Action.REVOKE, leak(SECRET), held)
    assert other in raised.value.advice
    assert len(sim.applications[application]["passwordCredentials"]) == 2


def test_a_secret_of_another_tenant_or_without_its_client_id_is_not_identified(stack: ExitStack) -> None:
    case, _ = arranged(stack, SECRET)
    foreign = credential(SECRET, secret=client_secret("dana"), client_id="00000000-0000-0000-0000-000000000001")
    lone = credential(SECRET, secret=client_secret("dana"))
    for held in (foreign, lone):
        assert azure.state(case.reader(), case.settings, leak(SECRET), held).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            azure.revoke(case.writer(), case.settings, Action.REVOKE, leak(SECRET), held)


def test_a_secret_signs_in_to_the_configured_tenant_alone(stack: ExitStack) -> None:
    case, sim = arranged(stack, SECRET)
    sim.requests.clear()
    lone = credential(SECRET, secret=client_secret("dana"))
    for settings, held in (
        (replace(case.settings, tenant=""), case.leaked[1]),
        (case.settings, lone),
    ):
        with pytest.raises(NotIdentified):
            azure.identify(case.reader(), settings, held)
    assert not [request for request in sim.requests if request.path.startswith("/login")]
    with pytest.raises(NotIdentified, match="not alive"):
        azure.identify(case.reader(), replace(case.settings, tenant="another"), case.leaked[1])
    assert azure.identify(case.reader(), case.settings, case.leaked[1]).id == case.points[1].id
    assert {request.path.split("/")[2] for request in sim.requests if "/login" in request.path} == {"another", TENANT}


def test_ending_an_applications_secret_waits_for_a_yes_of_its_own(stack: ExitStack) -> None:
    (way,) = azure.HANDLES[SECRET]
    assert (way.needs, "https://entra" in way.how) == ("azure-app-secret-remove", True)


def test_sign_ins_are_revoked_before_the_account_is_blocked(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.account")
    sim.requests.clear()
    case.kill(1)
    assert [request.method for request in sim.requests if request.method != "GET"] == ["POST", "PATCH"]
    assert sim.sign_ins_revoked == [case.points[1].provider_id]


def test_an_account_of_active_directory_is_handed_over(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.account")
    sim.users[case.points[1].provider_id]["onPremisesSyncEnabled"] = True
    account = found(case, email="dana@example.com")[0]
    assert isinstance(account, AccessPoint)
    (way,) = azure.options(account)
    assert (way.action, "Active Directory" in way.how) == (Action.HAND_OVER, True)


def test_a_leaked_token_names_its_owner_and_no_refusal_is_its_death(stack: ExitStack) -> None:
    case, _ = arranged(stack, "azure.devops_pat")
    held = credential("azure.devops_pat", secret=devops_pat("dana"))
    said = azure.check(case.reader(), held)
    assert (said.liveness, said.holder and said.holder.email) == (Liveness.LIVE, "dana@example.com")
    with pytest.raises(NotIdentified, match="nobody can tell"):
        azure.revoke(case.writer(), case.settings, Action.REVOKE, leak("azure.devops_pat"), held)
    case.kill(1)
    assert azure.check(case.reader(), held).liveness is Liveness.UNKNOWN
    assert azure.state(case.reader(), case.settings, leak("azure.devops_pat"), held).liveness is Liveness.UNKNOWN


def test_a_token_that_is_listed_as_not_valid_or_expired_is_dead(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.devops_pat")
    row = sim.tokens[case.points[1].provider_id.partition("/")[2]]
    row["validTo"] = "2020-01-01T00:00:00Z"
    assert (case.state(1).liveness, case.state(1).status) == (Liveness.DEAD, "expired")
    row["isValid"] = False
    assert (case.state(1).liveness, case.state(1).status) == (Liveness.DEAD, "revoked")


def test_azure_devops_without_a_token_of_its_own_is_a_gap_and_the_rest_is_listed(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.devops_pat")
    case.settings = replace(case.settings, read=Secret(sim.admin[0].encode()))
    items = found(case, email="dana@example.com")
    assert [item.where for item in items if isinstance(item, Gap)] == ["azure dana@example.com: Azure DevOps"]
    assert len(items) == 4
    case.settings = replace(case.settings, organisation="")
    assert len(found(case, email="dana@example.com")) == 3


def test_only_an_account_can_be_unblocked(stack: ExitStack) -> None:
    case, _ = arranged(stack, "azure.grant")
    with pytest.raises(NotAutomatic):
        case.undo(1)


def account_of(case: Case) -> AccessPoint:
    point = found(case, email="dana@example.com")[0]
    assert isinstance(point, AccessPoint)
    return point


def test_the_last_global_administrator_is_not_blocked_by_a_plan_or_since(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.account")
    ann, dana = (case.points[number].provider_id for number in (0, 1))
    for principal in (ann, dana, "an application's id"):
        sim.make_admin(principal)
    point = account_of(case)
    assert {LAST_OWNER, UNTOLD}.isdisjoint(point.evidence)
    sim.users[ann]["accountEnabled"] = False
    alone = account_of(case)
    assert LAST_OWNER in alone.evidence
    assert [way.action for way in azure.options(alone)] == [Action.HAND_OVER]
    with pytest.raises(NotAutomatic):
        azure.revoke(case.writer(), case.settings, Action.DISABLE, point, None)
    assert sim.users[dana]["accountEnabled"]


def test_where_other_global_administrators_cannot_be_seen_blocking_needs_a_yes_that_says_so(stack: ExitStack) -> None:
    case, sim = arranged(stack, "azure.account")
    for number in (0, 1):
        sim.make_admin(case.points[number].provider_id)
    seen = account_of(case)
    sim.fail("GET", "/roleAssignments", 403, times=2)
    point = account_of(case)
    assert UNTOLD in point.evidence
    assert [way.needs for way in azure.options(point)] == ["azure-disable-unseen"]
    with pytest.raises(NotAutomatic):
        azure.revoke(case.writer(), case.settings, Action.DISABLE, seen, None)
    assert case.state(1).liveness is Liveness.LIVE


def test_a_user_whom_azure_devops_does_not_list_is_a_gap_and_one_of_the_same_name_is_not_the_person(
    stack: ExitStack,
) -> None:
    case, sim = arranged(stack, "azure.devops_pat")
    dana = case.person.id or account_of(case).provider_id  # type: ignore[union-attr]
    sim.strangers.add(dana)
    twin = sim.add_user("twin")
    sim.users[twin]["mail"] = "dana@example.com"
    items = found(case, id=dana)
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert "lists no such user" in gap.why
    assert "azure.devops_pat" not in {item.kind for item in items if isinstance(item, AccessPoint)}
