"""GitHub's own truths, on the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

import revokers
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from offkey.secret import Secret
from revokers import github
from revokers.github_admin import Admin
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.contract import CASES, ORG, Case, approval, credential


@contextmanager
def arranged(kind: str) -> Iterator[tuple[Case, GitHubSimulator]]:
    with CASES[kind]() as case:
        assert isinstance(case.sim, GitHubSimulator)
        yield case, case.sim


def test_a_living_token_names_its_holder_and_scopes() -> None:
    with arranged("github.pat.classic") as (case, hub):
        said = github.check(case.reader(), case.credentials[1])
        assert said.holder == Account(provider="github", id=str(hub.state.users["dana"].id), login="dana")
        assert "repo" in said.reason


def test_the_public_call_needs_its_own_yes_carries_no_authorization_and_mails_the_leaver() -> None:
    (way,) = github.HANDLES["github.pat.classic"]
    assert (way.needs, way.reversible, way.by) == ("github-public-revoke", False, "value")
    with arranged("github.pat.classic") as (case, hub):
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD
        sent = [item for item in hub.requests if item.path == "/credentials/revoke"]
        assert [(item.who, item.status) for item in sent] == [("anonymous", 202)]
        assert [mail.login for mail in hub.state.mails] == ["dana"]


def test_202_is_not_proof_the_token_lives_until_the_provider_has_acted() -> None:
    with arranged("github.pat.classic") as (case, hub):
        hub.delay = None
        (exchange,) = case.kill(1)
        assert exchange.status == 202
        assert case.state(1).liveness is Liveness.LIVE
        hub.settle()
        assert case.state(1).liveness is Liveness.DEAD


def test_the_enterprise_server_has_the_opposite_rule() -> None:
    seen: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={})

    admin = Secret(tokens.github_classic("admin").encode())
    settings = github.Settings(read=admin, write=admin, url="https://ghe.corp/api/v3", server="ghes")
    gate = revokers.writer(
        "github",
        settings,
        approval=approval(),
        plan_digest=approval().plan_digest,
        transport=httpx.MockTransport(server),
    )
    for kind in ("github.pat.classic", "github.oauth"):
        value = credential(kind, secret=tokens.github_classic("dana"))
        point = AccessPoint(id="x", provider="github", kind=kind)
        if kind == "github.oauth":
            with pytest.raises(NotAutomatic, match="Enterprise Server"):
                github.revoke(gate, settings, Action.REVOKE, point, value)
        else:
            github.revoke(gate, settings, Action.REVOKE, point, value)
    assert [str(request.url) for request in seen] == ["https://ghe.corp/api/v3/credentials/revoke"]
    assert seen[0].headers["authorization"] == f"Bearer {admin.reveal().decode()}"


def test_a_401_that_is_not_githubs_is_no_death() -> None:
    proxy = httpx.MockTransport(lambda _: httpx.Response(401, text="<h1>Proxy login</h1>"))
    said = github.check(
        Reader(github.gate, github.URL, transport=proxy),
        credential("github.pat.classic", secret=tokens.github_classic("dana")),
    )
    assert said.liveness is Liveness.UNKNOWN


def test_a_refresh_token_cannot_be_tried() -> None:
    with arranged("github.pat.classic") as (case, hub):
        asked = len(hub.requests)
        value = credential("github.app.refresh", secret=tokens.github_refresh("dana"))
        assert github.check(case.reader(), value).liveness is Liveness.UNKNOWN
        assert len(hub.requests) == asked


def test_without_the_value_a_token_is_neither_asked_nor_ended() -> None:
    with arranged("github.pat.classic") as (case, _):
        assert github.state(case.reader(), case.settings, case.points[1], None).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified, match="not at hand"):
            github.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], None)


def test_the_last_owner_is_never_removed() -> None:
    with arranged("github.membership") as (case, hub):
        found = list(
            github.inventory(case.reader(), case.settings, Account(provider="github", id="", login="root-owner"))
        )
        (point,) = [item for item in found if isinstance(item, AccessPoint)]
        assert [way.action for way in github.options(point)] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic, match="last owner") as refusal:
            github.revoke(case.writer(), case.settings, Action.REMOVE, point)
        assert "make another member an owner" in refusal.value.advice
        hub.add_member(ORG, "ann", "admin")
        github.revoke(case.writer(), case.settings, Action.REMOVE, point)
        assert github.state(case.reader(), case.settings, point, None).liveness is Liveness.DEAD


def test_404_for_a_member_proves_nothing_when_the_token_sees_no_memberships() -> None:
    """A token without read:org gets 404 for everybody, members and owners too."""
    with arranged("github.membership") as (case, hub):
        hub.fail("GET", "/memberships/", 404, times=2)
        said = case.state(1)
        assert said.liveness is Liveness.UNKNOWN
        assert "does not see memberships" in said.reason
        assert case.state(1).liveness is Liveness.LIVE


def test_a_login_that_somebody_else_took_over_is_not_touched() -> None:
    with arranged("github.membership") as (case, hub):
        hub.state.users["dana"].id = 999_999
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            case.kill(1)
        assert "dana" in hub.state.orgs[ORG].members


def test_a_grant_of_somebody_else_is_not_ended_under_this_name() -> None:
    with arranged("github.pat_grant") as (case, hub):
        mixed = replace(case.points[1], provider_id=case.points[2].provider_id)
        with pytest.raises(NotIdentified, match="does not list"):
            github.revoke(case.writer(), case.settings, Action.REVOKE, mixed)
        assert len(hub.state.orgs[ORG].grants) == 3


def test_a_server_that_ignores_the_narrowing_lists_nobody_elses_grants() -> None:
    rows = [{"id": 1, "owner": {"login": "ann"}}, {"id": 2, "owner": {"login": "Dana"}}]
    server = httpx.MockTransport(lambda _: httpx.Response(200, json=rows))
    asker = Admin(Reader(github.gate, github.URL, transport=server), Secret(b"t"))
    assert [row["id"] for row in asker.listed("github.pat_grant", ORG, "dana")] == [2]


def test_an_organisation_that_is_not_configured_is_not_touched() -> None:
    with arranged("github.membership") as (case, _):
        foreign = replace(case.points[1], provider_id="other/dana")
        assert github.state(case.reader(), case.settings, foreign, None).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified, match="no configured organisation"):
            github.revoke(case.writer(), case.settings, Action.REMOVE, foreign)


def test_what_the_plan_or_token_cannot_list_is_a_gap_with_advice() -> None:
    """A personal token sees no token grants, and single sign-on is Enterprise Cloud's."""
    with arranged("github.membership") as (case, hub):
        hub.state.orgs[ORG].saml = False
        person = Secret(tokens.github_classic("owner").encode())
        hub.add_token("root-owner", person, scopes=("admin:org", "read:org"))
        found = list(github.inventory(case.reader(), replace(case.settings, read=person), case.person))
        gaps = {item.where.split()[-1]: item for item in found if isinstance(item, Gap)}
        assert set(gaps) == {"github.pat_grant", "github.sso_authorization"}
        assert "GitHub App" in gaps["github.pat_grant"].advice
        assert "Enterprise Cloud" in gaps["github.sso_authorization"].advice
        assert [item.kind for item in found if isinstance(item, AccessPoint)] == ["github.membership"]


def test_no_organisation_and_no_such_account_are_gaps() -> None:
    with arranged("github.membership") as (case, _):
        none = replace(case.settings, organisations=())
        assert any("no organisation" in gap.why for gap in github.inventory(case.reader(), none, case.person))  # type: ignore[union-attr]
        ghost = Account(provider="github", id="", login="ghost")
        (gap,) = github.inventory(case.reader(), case.settings, ghost)
        assert isinstance(gap, Gap)
        assert "no account ghost" in gap.why


def test_a_long_list_is_read_to_its_end() -> None:
    with arranged("github.pat_grant") as (case, hub):
        for number in range(150):
            token = hub.add_token("dana", tokens.github_fine_grained(f"more {number}"), kind="fine-grained")
            hub.add_grant(ORG, token)
        found = list(github.inventory(case.reader(), case.settings, case.person))
        assert sum(isinstance(item, AccessPoint) and item.kind == "github.pat_grant" for item in found) == 151
        assert case.state(1).liveness is Liveness.LIVE
