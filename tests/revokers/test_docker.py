"""Docker Hub's own truths: values are tried nowhere, organisation tokens are nobody's own, lists must be whole."""

from dataclasses import replace
from typing import Any

import pytest

from offboarding.demo.simulators import tokens
from offkey.model import AccessPoint, Account, Action, Gap, Liveness, Ownership
from revokers import docker
from revokers.protocol import LAST_OWNER, NotAutomatic, NotIdentified
from tests.revokers.case import leak
from tests.revokers.contract import CASES, credential
from tests.simulators.wire_changes import changed


def test_a_value_is_sent_nowhere() -> None:
    with CASES["docker.pat"]() as case:
        case.sim.requests.clear()
        for kind in ("docker.pat", "docker.oat", "docker.config_auth", "docker.swarm_token"):
            value = credential(kind, secret=tokens.docker_hub("dana"))
            assert docker.check(case.reader(), value).liveness is Liveness.UNKNOWN
            assert case.revoker.state(case.reader(), case.settings, leak(kind), value).liveness is Liveness.UNKNOWN
        assert case.sim.requests == []


def test_a_value_that_was_found_is_handed_over() -> None:
    for kind in ("docker.pat", "docker.oat", "docker.config_auth", "docker.swarm_token", "docker.swarm_unlock"):
        assert [way.action for way in docker.options(leak(kind))] == [Action.HAND_OVER]


def test_an_organisation_token_is_shared_and_needs_its_own_yes() -> None:
    with CASES["docker.oat"]() as case:
        assert case.points[1].ownership is Ownership.SHARED
        assert {way.needs for way in docker.options(case.points[1])} == {"docker-organisation-token"}


def test_personal_tokens_are_listed_for_the_configured_account_alone() -> None:
    with CASES["docker.pat"]() as case:
        other = list(docker.inventory(case.reader(), case.settings, Account(provider="docker", id="", login="ann")))
        assert {point.kind for point in other if isinstance(point, AccessPoint)} == {"docker.member"}
        foreign = replace(case.points[1], provider_id=case.points[1].provider_id.replace("dana", "ann"))
        assert docker.state(case.reader(), case.settings, foreign).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            docker.revoke(case.writer(), case.settings, Action.REVOKE, foreign)


def test_a_list_shorter_than_it_says_proves_nothing() -> None:
    def cut(body: Any) -> Any:
        return {**body, "results": body["results"][:1]} if isinstance(body, dict) and "total" in body else body

    with CASES["docker.oat"]() as case:
        case.kill(1)
        assert case.state(1).liveness is Liveness.DEAD
        with changed(case.sim, cut):
            assert case.state(1).liveness is Liveness.UNKNOWN
            assert any(isinstance(found, Gap) for found in case.inventory())


def test_members_in_a_bare_page_are_read_too() -> None:
    with CASES["docker.member"]() as case, changed(case.sim, lambda body: body[0] if isinstance(body, list) else body):
        assert case.state(1).liveness is Liveness.LIVE


def test_the_only_owner_is_not_removed() -> None:
    with CASES["docker.member"]() as case:
        owner = Account(provider="docker", id="", login="root-owner")
        found = [one for one in docker.inventory(case.reader(), case.settings, owner) if isinstance(one, AccessPoint)]
        assert LAST_OWNER in found[0].evidence
        assert [way.action for way in docker.options(found[0])] == [Action.HAND_OVER]
        with pytest.raises(NotAutomatic):
            docker.revoke(case.writer(), case.settings, Action.REMOVE, found[0])
