"""Google Cloud's own truths: which answer is a death, which only looks like one, and that ids come from the leak."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from offboarding.demo.simulators import tokens
from offkey.model import AccessPoint, Account, Action, Check, Credential, Liveness
from revokers import gcp
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from tests.revokers.contract import CASES, Case, credential
from tests.simulators.gcp import access_token, private_key_body, refresh_token

KIND = "gcp.service_account"


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def arranged(stack: ExitStack, kind: str) -> Case:
    return stack.enter_context(CASES[kind]())


def test_a_living_key_names_its_account_and_a_disabled_one_is_dead_only_by_the_list(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    said = gcp.check(case.reader(), case.credentials[1])
    assert (said.liveness, said.holder and said.holder.id) == (
        Liveness.LIVE,
        "dana@acme-prod.iam.gserviceaccount.com",
    )
    case.kill(1, action=Action.DISABLE)
    asked = gcp.check(case.reader(), case.credentials[1])
    assert (asked.liveness, "disabled, or" in asked.reason) == (Liveness.UNKNOWN, True)
    assert (case.state(1).liveness, case.state(1).status) == (Liveness.DEAD, "disabled")


def test_a_private_key_beside_a_foreign_id_is_not_called_dead(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    mixed = credential(KIND, **{**case.credentials[1].parts, "secret": case.credentials[0].secret})
    assert gcp.check(case.reader(), mixed).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("secret", ["no base64", "AAAA", private_key_body("dana")[:300]])
def test_half_a_private_key_is_unknown_and_nothing_is_sent(opened: ExitStack, secret: str) -> None:
    case = arranged(opened, KIND)
    half = credential(KIND, **{**case.credentials[1].parts, "secret": secret})
    assert gcp.check(case.reader(), half).liveness is Liveness.UNKNOWN
    assert case.sim.requests == []


def test_a_key_without_its_accounts_address_is_not_identified(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    parts = dict(case.credentials[1].parts)
    del parts["client_email"]
    lone = credential(KIND, **parts)
    assert gcp.state(case.reader(), case.settings, case.points[1], lone).liveness is Liveness.UNKNOWN
    with pytest.raises(NotIdentified, match="client_email"):
        gcp.revoke(case.writer(), case.settings, Action.DISABLE, case.points[1], lone)
    known = replace(
        case.points[1], holder=Account(provider="gcp", id=case.sim.keys[parts["id"].reveal().decode()].email)
    )  # type: ignore[attr-defined]
    assert gcp.state(case.reader(), case.settings, known, None).liveness is Liveness.LIVE


@pytest.mark.parametrize(
    "email", ["x/../y@a.iam.gserviceaccount.com", "a@evil.example.com", "a@b.gserviceaccount.com?x"]
)
def test_an_address_of_another_form_is_not_asked(opened: ExitStack, email: str) -> None:
    case = arranged(opened, KIND)
    odd = credential(KIND, **{**case.credentials[1].parts, "client_email": email})
    assert gcp.state(case.reader(), case.settings, case.points[1], odd).liveness is Liveness.UNKNOWN
    assert gcp.check(case.reader(), odd).liveness is Liveness.UNKNOWN
    assert case.sim.requests == []


def test_a_value_of_another_key_than_the_plans_ends_nothing(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    with pytest.raises(NotIdentified, match="another key"):
        gcp.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], case.credentials[0])
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE] * 3


def test_an_api_key_that_is_restricted_from_here_lives(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.api_key")
    for row in case.sim.api_keys.values():  # type: ignore[attr-defined]
        row.told["restrictions"] = {}
        row.told["restrictions"]["apiTargets"] = [{"service": "maps.googleapis.com"}]
    said = gcp.check(case.reader(), case.credentials[1])
    assert (said.liveness, "API_KEY_SERVICE_BLOCKED" in said.reason) == (Liveness.LIVE, True)


def test_a_403_without_a_reason_is_unknown_and_so_is_an_unlisted_key(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.api_key")
    case.sim.fail("GET", "discovery", 403, times=1)
    assert gcp.check(case.reader(), case.credentials[1]).liveness is Liveness.UNKNOWN
    other = credential("gcp.api_key", secret=tokens.google_api_key("of another company"))
    assert gcp.state(case.reader(), case.settings, case.points[1], other).liveness is Liveness.UNKNOWN
    with pytest.raises(Unclear):
        gcp.revoke(case.writer(), case.settings, Action.DISABLE, case.points[1], other)


def test_an_operation_that_failed_within_a_200_is_no_yes(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.api_key")
    sim = case.sim
    kept = sim.answer

    def refusing(request):  # type: ignore[no-untyped-def]
        answer = kept(request)
        if request.method == "DELETE":
            answer.body = {"name": "operations/1", "done": True, "error": {"code": 9}}
        return answer

    sim.answer = refusing  # type: ignore[method-assign]
    with pytest.raises(Unclear):
        case.kill(1)


def test_a_service_accounts_token_is_handed_over(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.oauth_access")
    value = access_token("robot")
    case.sim.add_grant("robot@acme-prod.iam.gserviceaccount.com", value)  # type: ignore[attr-defined]
    said = gcp.check(case.reader(), credential("gcp.oauth_access", secret=value))
    (way,) = gcp.options(replace(case.points[1], check=said))
    assert (way.action, "disable the account" in way.how) == (Action.HAND_OVER, True)


def test_a_refresh_token_is_ended_by_value_and_never_called_dead(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.oauth_access")
    value = refresh_token("dana")
    case.sim.add_grant("dana@example.com", value, access_token("dana's other"))  # type: ignore[attr-defined]
    held = credential("gcp.oauth_refresh", secret=value)
    point = replace(case.points[1], kind="gcp.oauth_refresh")
    assert gcp.state(case.reader(), case.settings, point, held).liveness is Liveness.UNKNOWN
    gcp.revoke(case.writer(), case.settings, Action.REVOKE, point, held)
    other = credential("gcp.oauth_access", secret=access_token("dana's other"))
    assert gcp.check(case.reader(), other).liveness is Liveness.DEAD


def test_an_hmac_key_of_another_project_is_unknown(opened: ExitStack) -> None:
    case = arranged(opened, "gcp.hmac")
    strange = replace(case.points[1], provider_id="GOOG1" + tokens.pick("other", "id", 56, tokens.UPPER))
    said: Check = gcp.state(case.reader(), case.settings, strange, None)
    assert (said.liveness, said.status) == (Liveness.UNKNOWN, "unlisted")
    without = replace(case.settings, project="")
    assert gcp.state(case.reader(), without, case.points[1], None).liveness is Liveness.UNKNOWN


def test_without_a_write_credential_nothing_is_ended(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    with pytest.raises(NotAutomatic, match="no write"):
        gcp.revoke(case.writer(), replace(case.settings, write=None), Action.DISABLE, case.points[1], case.value(1))
    with pytest.raises(NotAutomatic):
        gcp.undo(case.writer(), case.settings, replace(case.points[1], kind="gcp.oauth_access"), None)


def test_a_key_beside_another_accounts_address_is_not_called_dead(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    parts = dict(case.credentials[1].parts) | {"client_email": case.credentials[0].parts["client_email"]}
    mixed = Credential(kind=KIND, parts=parts)
    found = AccessPoint(id="leak:1", provider="gcp", kind=KIND)
    assert gcp.check(case.reader(), mixed).liveness is Liveness.UNKNOWN
    for settings in (case.settings, replace(case.settings, read=None)):
        assert gcp.state(case.reader(), settings, found, mixed).liveness is Liveness.UNKNOWN
        assert gcp.state(case.reader(), settings, found, case.credentials[1]).liveness is Liveness.LIVE


def test_a_deleted_key_is_dead_for_whoever_saw_it_sign_in_before(opened: ExitStack) -> None:
    case = arranged(opened, KIND)
    value = case.credentials[1]
    alive = gcp.check(case.reader(), value)
    known = AccessPoint(id="leak:1", provider="gcp", kind=KIND, check=alive, holder=alive.holder)
    assert alive.liveness is Liveness.LIVE
    case.sim.keys.pop(value.parts["id"].reveal().decode())  # type: ignore[attr-defined]
    for settings in (case.settings, replace(case.settings, read=None)):
        assert gcp.state(case.reader(), settings, known, value).liveness is Liveness.DEAD
        assert gcp.state(case.reader(), settings, replace(known, check=None), value).liveness is Liveness.UNKNOWN
