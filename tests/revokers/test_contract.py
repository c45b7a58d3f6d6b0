"""What every revoker must keep, tried over every kind that one ends by itself."""

import base64
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest

import revokers
from offboarding.demo.simulators.wire import Trouble
from offkey import http
from offkey.errors import OffkeyError
from offkey.http import NoAnswer, Refused
from offkey.model import AccessPoint, Action, Gap, Liveness
from revokers.protocol import NotIdentified, Unclear, reached
from tests.recording import NOTHING_TO_TRY
from tests.revokers.case import fails_at
from tests.revokers.contract import CASES, NOT_ARRANGED, Case

Property = Callable[[str, object], None]
TROUBLES: tuple[Trouble, ...] = (403, 404, 409, 422, 429, 500, 503, "garbage", "reset", "timeout", "drip")
_BY_VALUE = {kind for kind in CASES if kind in revokers.handled() and revokers.handled()[kind][0].by == "value"}
ASKED_BY_ADMIN = {kind for kind in _BY_VALUE if revokers.handled()[kind][0].via == "admin"}
"""Kinds whose value says nothing to whoever asks with it: an administrator asks about it."""
ASKED_AS_ITSELF = _BY_VALUE - ASKED_BY_ADMIN
OF_AN_INSTANCE = {
    "aws.access_key", "datadog.api_key", "gcp.service_account", "github.app.installation", "github.app.user",
    "github.oauth", "github.pat.classic", "github.pat.fine_grained", "grafana.service_account", "jenkins.api_token",
    "jfrog.reference_token", "launchdarkly.key", "mongodb.api_key", "okta.api_token", "sendgrid.api_key", "sonar.token",
    "terraform.token", "vault.legacy", "vault.service",
}  # fmt: skip
"""Kinds whose first refusal may be another instance's or region's: only what this one knew before is seen dead.

A simulator is a configured instance; what the providers' own addresses refuse is tried in the providers' tests.
"""
HANDS_OFF = {Action.HAND_OVER, Action.KEEP}
BY_HAND_ALONE = {
    name
    for name, revoker in revokers.REGISTRY.items()
    if all(way.action in HANDS_OFF for ways in revoker.HANDLES.values() for way in ways)
}
"""Providers that only answer whether a credential lives."""


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with CASES[request.param]() as arranged:
        yield arranged


def test_every_provider_and_every_kind_that_is_ended_automatically_is_tried() -> None:
    ended = {kind for kind, ways in revokers.handled().items() if {way.action for way in ways} - HANDS_OFF}
    assert ended == set(CASES) | set(NOT_ARRANGED)
    assert {kind.split(".")[0] for kind in (*CASES, *NOT_ARRANGED)} | BY_HAND_ALONE == set(revokers.REGISTRY)


def test_the_registry_names_each_provider_by_its_own_name() -> None:
    for name, revoker in revokers.REGISTRY.items():
        assert revoker.PROVIDER == name == revoker.gate.provider
        assert (revoker.gate.hosts, revoker.gate.reads, revoker.gate.writes) == (
            revoker.HOSTS,
            revoker.READS,
            revoker.WRITES,
        )
        assert all(kind.startswith(f"{name}.") for kind in revoker.HANDLES)
        assert not revoker.READS & revoker.WRITES
        assert not revoker.URL or httpx.URL(revoker.URL).host in revoker.HOSTS


def test_reversible_options_come_first() -> None:
    for kind, ways in revokers.handled().items():
        order = [way.reversible for way in ways]
        assert order == sorted(order, reverse=True), kind


def test_every_end_says_what_shows_it() -> None:
    for kind, ways in revokers.handled().items():
        for way in ways:
            assert way.action in HANDS_OFF or way.proof, kind


def test_the_second_of_three_dies_and_the_others_live(case: Case) -> None:
    assert len(case.points) == 3
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE] * 3
    for action in case.actions:
        case.kill(1, action=action)
        assert reached(revokers.option(case.kind, action), case.state(1))
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]
    if case.credentials and case.kind not in ASKED_BY_ADMIN:
        values = [case.revoker.check(case.reader(), value).liveness for value in case.credentials]
        assert values == [Liveness.LIVE, _refused(case.kind), Liveness.LIVE]


def test_a_second_kill_harms_nobody(case: Case) -> None:
    case.kill(1)
    with suppress(NotIdentified):
        case.kill(1)
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE, Liveness.DEAD, Liveness.LIVE]


def test_an_accepted_revocation_that_does_nothing_is_seen(case: Case) -> None:
    """A 2xx is no proof: the write is answered 204 and forgotten; the state is read anew and says LIVE."""
    for method, template in case.revoker.WRITES:
        case.sim.fail("*" if method == "AWS" else method, _regex(template), 204, times=10)
    with suppress(NoAnswer, Unclear):  # an empty answer is none of AWS's API, and GitHub accepts with 202 alone
        case.kill(1)
    assert case.state(1).liveness is Liveness.LIVE


def test_asking_and_listing_change_nothing(case: Case) -> None:
    changes: list[object] = []
    case.sim.after_write = changes.append
    found = case.inventory()
    for number in range(3):
        case.state(number)
        if value := case.value(number):
            case.revoker.check(case.reader(), value)
    assert bool(found) == case.lists
    assert changes == []


def test_a_reader_cannot_kill(case: Case) -> None:
    with pytest.raises(Refused, match="not on the list"):
        case.kill(1, http=case.reader())  # type: ignore[arg-type]  # on purpose
    assert case.state(1).liveness is Liveness.LIVE


def test_trouble_is_unknown_with_a_reason(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for trouble in TROUBLES:
        case.only(trouble)
        if trouble in ("timeout", "drip"):
            monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(0.05))
            monkeypatch.setattr(http, "LONGEST_ANSWER", 0.1)
        said = case.state(1)
        assert (trouble, said.liveness) == (trouble, Liveness.UNKNOWN)
        assert said.reason
        listed = case.inventory()
        assert bool(listed) == case.lists
        assert all(isinstance(item, Gap) and item.why for item in listed)


def test_a_list_is_read_to_its_end(case: Case, record_property: Property) -> None:
    if case.more is None:
        record_property(NOTHING_TO_TRY, case.unpaged)
        assert case.unpaged or not case.lists, "say why its list has no second page"
        return
    case.more(5)
    found = [item for item in case.inventory() if isinstance(item, AccessPoint) and item.kind == case.kind]
    assert len({point.id for point in found}) == 6


def test_a_page_that_fails_is_a_gap_and_not_the_end_of_the_list(case: Case, record_property: Property) -> None:
    if case.more is None:
        record_property(NOTHING_TO_TRY, case.unpaged)
        return
    case.more(5)
    before = len(case.sim.requests)
    case.inventory()
    pages = len(case.sim.requests) - before
    for number in range(pages):
        case.only(None)
        case.sim.before = fails_at(case, number, 500)
        listed = case.inventory()
        case.sim.before = None
        assert any(isinstance(item, Gap) for item in listed), f"request {number} of {pages} failed"


def test_a_missing_permission_is_said_by_its_name(case: Case, record_property: Property) -> None:
    if not case.lists or not case.revoker.NEEDS:
        record_property(NOTHING_TO_TRY, "nothing is listed")
        return
    case.only(403)
    gaps = [item for item in case.inventory() if isinstance(item, Gap)]
    assert any(name in f"{gap.why} {gap.advice}" for gap in gaps for name in case.revoker.NEEDS), gaps


@pytest.mark.parametrize(
    "case", sorted(k for k in CASES if any(w.action is Action.DISABLE for w in revokers.handled()[k])), indirect=True
)
def test_what_was_switched_off_can_be_switched_on_again(case: Case) -> None:
    assert Action.DISABLE in case.actions
    case.kill(1, action=Action.DISABLE)
    assert case.state(1).liveness is Liveness.DEAD
    case.undo(1)
    assert [case.state(n).liveness for n in range(3)] == [Liveness.LIVE] * 3


@pytest.mark.parametrize("case", sorted(set(CASES) - ASKED_AS_ITSELF), indirect=True)
def test_offkeys_own_credential_being_refused_proves_nothing(case: Case) -> None:
    case.sim.fail("*", "", 401, times=100)
    assert case.state(1).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("case", sorted(ASKED_AS_ITSELF | {"aws.access_key"}), indirect=True)
def test_a_made_up_credential_is_dead(case: Case) -> None:
    assert case.made_up
    assert case.revoker.check(case.reader(), case.made_up).liveness is _refused(case.kind)


def test_nothing_secret_is_shown(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[object] = [case.settings, case.points, case.credentials]
    for trouble in (429, 500, 503, "garbage", "reset", None):
        case.only(trouble)
        gate = case.writer()
        seen += [case.state(1, gate), *case.inventory(gate)]
        try:
            seen.append(case.kill(1, gate))
        except OffkeyError as error:
            seen += [str(error), repr(error), error.advice, "".join(traceback.format_exception(error))]
        assert len(gate.exchanges) > 0
        seen.append(gate.exchanges)
    shown = caplog.text + "\n".join(map(repr, seen)) + "\n".join(map(str, seen))
    for secret in case.secrets():
        raw = secret.reveal()
        for form in (raw.decode(), base64.b64encode(raw).decode(), raw.hex(), quote(raw, safe="")):
            assert form not in shown


def _refused(kind: str) -> Liveness:
    return Liveness.UNKNOWN if kind in OF_AN_INSTANCE else Liveness.DEAD


def _regex(template: str) -> str:
    """`//host/path` is asked at a simulator as `/host/path`."""
    template = template.removeprefix("/") if template.startswith("//") else template
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + "$"
