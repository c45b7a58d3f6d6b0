"""OAuth's own truths: a token goes to the issuer that it names, if that is the configured one, and nowhere else."""

from dataclasses import replace

import httpx
import pytest

from offkey.http import Reader
from offkey.model import Action, Liveness
from revokers import oidc
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from tests.revokers.case import Case, leak
from tests.revokers.contract import CASES, credential
from tests.simulators.oidc import jwt
from tests.simulators.rest import fold

ACCESS, REFRESH = "oidc.access_token", "oidc.refresh_token"


def end(case: Case, value: str, kind: str = ACCESS) -> None:
    oidc.revoke(case.writer(), case.settings, Action.REVOKE, leak(kind), credential(kind, secret=value))


def test_a_token_of_another_issuer_or_of_none_is_sent_nowhere() -> None:
    with CASES[ACCESS]() as case:
        case.sim.requests.clear()
        for value in (jwt("dana", "https://elsewhere.example.com"), "opaque-0123456789", "a.b.c"):
            told = oidc.check(case.reader(), credential(ACCESS, secret=value))
            assert told.liveness is Liveness.UNKNOWN
            with pytest.raises(NotIdentified):
                end(case, value)
        assert case.sim.requests == []
        elsewhere = credential(ACCESS, secret=jwt("dana", "https://elsewhere.example.com"))
        assert "instance not configured" in oidc.check(case.reader(), elsewhere).reason


def test_metadata_of_another_issuer_is_not_followed() -> None:
    with CASES[ACCESS]() as case:
        case.sim.metadata["issuer"] = "https://elsewhere.example.com"  # type: ignore[attr-defined]
        assert case.state(1).liveness is Liveness.UNKNOWN
        with pytest.raises(Unclear):
            case.kill(1)


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example.com/revoke", "{url}.evil.example.com/revoke", "{url}/a%2f..", "{url}/a?b=c", 7],
)
def test_an_endpoint_that_is_not_below_the_issuer_is_not_used(address: object) -> None:
    with CASES[ACCESS]() as case:
        told = address.format(url=case.sim.url) if isinstance(address, str) else address
        case.sim.metadata["revocation_endpoint"] = told  # type: ignore[attr-defined]
        with pytest.raises(Unclear):
            case.kill(1)
        assert case.state(1).liveness is Liveness.LIVE


def test_a_refresh_token_is_ended_and_proven_by_introspection_alone() -> None:
    with CASES[ACCESS]() as case:
        value = jwt("refresh", case.sim.url, azp="app-one", typ="Offline")
        case.sim.tokens[fold(value)] = "dana"  # type: ignore[attr-defined]
        held = credential(REFRESH, secret=value)
        assert oidc.check(case.reader(), held).liveness is Liveness.UNKNOWN
        assert oidc.state(case.reader(), case.settings, leak(REFRESH), held).liveness is Liveness.LIVE
        end(case, value, REFRESH)
        assert oidc.state(case.reader(), case.settings, leak(REFRESH), held).liveness is Liveness.DEAD
        alone = replace(case.settings, read=None)
        assert oidc.state(case.reader(), alone, leak(REFRESH), held).liveness is Liveness.UNKNOWN


def test_without_introspection_userinfo_tells() -> None:
    with CASES[ACCESS]() as case:
        del case.sim.metadata["introspection_endpoint"]  # type: ignore[attr-defined]
        assert case.state(1).holder is not None
        case.kill(1)
        assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_another_clients_token_is_not_ours_to_end() -> None:
    with CASES[ACCESS]() as case:
        value = jwt("other", case.sim.url, azp="another-app")
        case.sim.tokens[fold(value)] = "dana"  # type: ignore[attr-defined]
        with pytest.raises(NotAutomatic):
            end(case, value)
        assert oidc.check(case.reader(), credential(ACCESS, secret=value)).liveness is Liveness.LIVE


def test_a_401_that_is_not_about_the_token_is_not_death() -> None:
    here = "https://issuer.example.com"

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": here, "userinfo_endpoint": f"{here}/userinfo"})
        return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})

    http = Reader(oidc.gate, here, instance=here, transport=httpx.MockTransport(answer))
    assert oidc.check(http, credential(ACCESS, secret=jwt("dana", here))).liveness is Liveness.UNKNOWN


def test_an_issuer_without_openid_is_found_by_its_oauth_metadata() -> None:
    here, asked = "https://issuer.example.com", []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(404)
        if request.url.path == "/.well-known/oauth-authorization-server":
            return httpx.Response(200, json={"issuer": f"{here}/", "userinfo_endpoint": f"{here}/me"})
        return httpx.Response(200, json={"sub": "1"})

    http = Reader(oidc.gate, here, instance=here, transport=httpx.MockTransport(answer))
    assert oidc.check(http, credential(ACCESS, secret=jwt("dana", f"{here}/"))).liveness is Liveness.LIVE
    assert asked[-1] == "/me"
