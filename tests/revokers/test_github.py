"""GitHub's own truths, on the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

import revokers
from offboarding.demo.simulators import github_keys, tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offkey.errors import OffkeyError
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from offkey.secret import Secret
from revokers import github
from revokers.github_admin import Admin
from revokers.protocol import NotAutomatic, NotIdentified
from revokers.public_keys import fingerprint
from tests.revokers.case import known, leak
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


def test_a_token_that_an_enterprise_server_refuses_may_be_github_coms() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"message": "Bad credentials"}))
    value = credential("github.pat.classic", secret=tokens.github_classic("dana"))
    server = "https://ghe.corp/api/v3"
    here = Reader(github.gate, server, instance=server, transport=transport, sleep=lambda _: None)
    settings = github.Settings(read=value.secret, url=server, server="ghes")
    assert github.check(here, value).liveness is Liveness.UNKNOWN
    assert github.state(here, settings, leak("github.pat.classic"), value).liveness is Liveness.UNKNOWN
    assert github.state(here, settings, known("github.pat.classic"), value).liveness is Liveness.DEAD
    there = Reader(github.gate, github.URL, transport=transport, sleep=lambda _: None)
    assert github.check(there, value).liveness is Liveness.DEAD


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


def test_nothing_is_said_to_show_the_end_of_a_refresh_token() -> None:
    (way,) = github.HANDLES["github.app.refresh"]
    assert "GET /user" not in way.proof
    assert "ACKNOWLEDGED at most" in way.proof


def test_a_deploy_key_is_shared_and_waits_for_its_own_yes() -> None:
    (way,) = github.HANDLES["github.deploy_key"]
    assert way.needs == "github-deploy-key"
    with arranged("github.deploy_key") as (case, _):
        point = case.points[1]
        assert (point.ownership, point.redacted) == (Ownership.SHARED, fingerprint(tokens.ssh_public("dana")))
        assert "added by dana" in point.evidence[0]


def test_404_for_deploy_keys_proves_nothing_and_is_one_gap_for_all_repositories() -> None:
    with arranged("github.deploy_key") as (case, hub):
        hub.add_repo(f"{ORG}/library")
        hub.fail("GET", "/keys", 404, times=100)
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(OffkeyError, match="404"):
            case.kill(1)
        (gap,) = [item for item in case.inventory() if isinstance(item, Gap)]
        assert "shop and 1 more answered 404" in gap.why
        assert "Administration: read" in gap.advice
    assert len(hub.state.ssh_keys) == 3


def test_deploy_keys_of_other_organisations_and_of_none_are_not_touched() -> None:
    with arranged("github.deploy_key") as (case, hub):
        for wrong in ("other/shop/1", f"{ORG}/shop", f"{ORG}/shop/9999"):
            with pytest.raises(NotIdentified):
                github.revoke(case.writer(), case.settings, Action.REVOKE, replace(case.points[1], provider_id=wrong))
        assert len(hub.state.ssh_keys) == 3


def test_without_deploy_keys_no_repository_is_asked() -> None:
    with arranged("github.deploy_key") as (case, hub):
        before = len(hub.requests)
        found = list(github.inventory(case.reader(), replace(case.settings, deploy_keys=False), case.person))
        assert not [item for item in found if isinstance(item, AccessPoint) and item.kind == "github.deploy_key"]
        assert not [item for item in hub.requests[before:] if item.path.endswith("/repos")]


def test_a_key_is_looked_up_among_members_deploy_keys_and_single_sign_on() -> None:
    with arranged("github.deploy_key") as (case, hub):
        hub.add_collaborator(ORG, "out")
        hub.add_user("out")
        github_keys.add(hub, tokens.ssh_public("dana"), login="out")
        github_keys.add(hub, tokens.ssh_public("else"), login="zoe")
        hub.add_authorization(ORG, "ann", fingerprint=fingerprint(tokens.ssh_public("dana")))
        hub.add_authorization(ORG, "ann", fingerprint="06:5d:3c:9e")
        key = fingerprint(tokens.ssh_public("dana"))
        found = list(github.authorised(case.reader(), case.settings, frozenset({key})))
        assert [(item.kind, item.redacted) for item in found if isinstance(item, AccessPoint)] == [
            ("github.deploy_key", key), ("github.ssh_key", key), ("github.sso_authorization", key),
        ]  # fmt: skip
        assert len(found) == 3
        whose = [item.holder.login if item.holder else "" for item in found if isinstance(item, AccessPoint)]
        assert whose == ["", "out", "ann"]


def test_a_personal_key_is_ended_by_its_owner_and_seen_to_be_gone() -> None:
    with arranged("github.deploy_key") as (case, hub):
        made = github_keys.add(hub, tokens.ssh_public("own"), login="dana")
        key = frozenset({fingerprint(made.line)})
        (point,) = github.authorised(case.reader(), case.settings, key)
        assert isinstance(point, AccessPoint)
        assert [way.action for way in github.options(point)] == [Action.HAND_OVER]
        assert github.state(case.reader(), case.settings, point, None).liveness is Liveness.LIVE
        del hub.state.ssh_keys[made.id]
        assert github.state(case.reader(), case.settings, point, None).liveness is Liveness.DEAD


def test_all_authorizations_of_one_account_end_some_time_after_the_202() -> None:
    with arranged("github.sso_authorizations") as (case, hub):
        hub.delay = None
        (exchange,) = case.kill(1)
        assert (exchange.status, case.state(1).liveness) == (202, Liveness.LIVE)
        hub.settle()
        assert case.state(1).liveness is Liveness.DEAD
        assert {item.login for item in hub.state.orgs[ORG].authorizations.values()} == {"ann", "zoe"}


def test_a_servers_key_is_deleted_for_its_own_account_alone() -> None:
    with arranged("github.server.ssh_key") as (case, hub):
        mixed = replace(case.points[1], provider_id=case.points[1].provider_id.replace("/", "0/"))
        with pytest.raises(NotIdentified, match="does not list"):
            github.revoke(case.writer(), case.settings, Action.REVOKE, mixed)
        deploy = github_keys.add(hub, tokens.ssh_public("dana"), repo=f"{ORG}/shop", added_by="dana")
        hub.add_repo(f"{ORG}/shop")
        key = frozenset({fingerprint(deploy.line)})
        found = list(github.authorised(case.reader(), case.settings, key))
        kinds = sorted(item.kind if isinstance(item, AccessPoint) else item.why for item in found)
        assert kinds == ["github.deploy_key", "github.server.ssh_key"]
        assert len(hub.state.ssh_keys) == 4


def test_an_account_that_is_known_by_its_number_alone_is_found() -> None:
    with arranged("github.membership") as (case, hub):
        number = str(hub.state.users["dana"].id)
        found = list(github.inventory(case.reader(), case.settings, Account(provider="github", id=number)))
        assert [item.id for item in found if isinstance(item, AccessPoint)] == ["github.membership:acme/dana"]
        (gap,) = github.inventory(case.reader(), case.settings, Account(provider="github", id=""))
        assert isinstance(gap, Gap)
        assert "by login or number" in gap.why
