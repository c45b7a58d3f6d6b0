"""Slack's own truths: the status is 200 whatever happens, and a bot is everybody's."""

from dataclasses import replace

import httpx
import pytest

from offboarding.demo.simulators import tokens
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import slack
from revokers.protocol import NotAutomatic, NotIdentified, Unclear
from tests.revokers.contract import CASES, credential

VALUE = credential("slack.user", secret=tokens.slack_user("dana"))


def said(body: object, status: int = 200) -> tuple[Liveness, str]:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    check = slack.check(Reader(slack.gate, slack.URL, transport=transport, sleep=lambda _: None), VALUE)
    return check.liveness, check.reason


@pytest.mark.parametrize("error", sorted(slack.DEAD))
def test_these_errors_are_death(error: str) -> None:
    assert said({"ok": False, "error": error})[0] is Liveness.DEAD


@pytest.mark.parametrize(
    "error", ["ratelimited", "fatal_error", "org_login_required", "access_denied", "missing_scope", "not_authed", ""]
)
def test_other_errors_are_not(error: str) -> None:
    liveness, reason = said({"ok": False, "error": error})
    assert liveness is Liveness.UNKNOWN
    assert reason


@pytest.mark.parametrize(
    "body", [{"ok": True}, {"error": "token_revoked"}, {"ok": "false", "error": "token_revoked"}, [], None]
)
def test_an_answer_without_its_fields_is_unknown(body: object) -> None:
    assert said(body)[0] is Liveness.UNKNOWN


def test_death_needs_the_status_200_too() -> None:
    assert said({"ok": False, "error": "token_revoked"}, 503)[0] is Liveness.UNKNOWN


def test_an_answer_that_echoes_the_token_is_not_repeated() -> None:
    value = VALUE.secret.reveal().decode()
    assert value not in said({"ok": False, "error": f"bad {value}"})[1]


def test_a_dry_run_comes_first_and_a_refused_one_is_the_last() -> None:
    with CASES["slack.user"]() as case:
        case.kill(1)
        case.kill(1)
        asked = [item.path for item in case.sim.requests if item.path.endswith("auth.revoke")]
        assert len(asked) == 3  # dry run and call, then a dry run that says token_revoked


def test_a_bot_is_told_by_its_answer_and_needs_its_own_yes() -> None:
    with CASES["slack.bot"]() as case:
        check = slack.check(case.reader(), case.credentials[1])
        assert check.status == "bot"
        disguised = replace(case.points[1], kind="slack.user", check=check)
        for point in (case.points[1], disguised):
            (way,) = slack.options(point)
            assert (way.needs, way.reversible) == ("slack-bot-revoke", False)


def test_app_tokens_and_webhooks_are_handed_over() -> None:
    for kind in ("slack.app", "slack.config.access", "slack.webhook", "slack.account"):
        (way,) = slack.HANDLES[kind]
        assert way.action is Action.HAND_OVER
        assert "https://" in way.how


def test_without_the_value_nothing_is_asked_or_ended() -> None:
    with CASES["slack.user"]() as case:
        assert slack.state(case.reader(), case.settings, case.points[1], None).liveness is Liveness.UNKNOWN
        with pytest.raises(NotIdentified):
            slack.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], None)
        with pytest.raises(NotAutomatic):
            slack.revoke(case.writer(), case.settings, Action.DISABLE, case.points[1], case.credentials[1])
        assert case.state(1).liveness is Liveness.LIVE


def test_a_member_is_listed_by_id_or_address_and_a_stranger_is_a_gap() -> None:
    with CASES["slack.user"]() as case:
        (point,) = slack.inventory(case.reader(), case.settings, case.person)
        assert isinstance(point, AccessPoint)
        assert point.holder
        assert point.holder.login == "dana"
        (same,) = slack.inventory(case.reader(), case.settings, Account(provider="slack", id=point.holder.id))
        assert isinstance(same, AccessPoint)
        assert same.id == point.id
        case.sim.users[point.holder.id].active = False  # type: ignore[attr-defined]
        assert slack.state(case.reader(), case.settings, point, None).liveness is Liveness.DEAD
        for nobody in (Account(provider="slack", id="U0"), Account(provider="slack", id="", login="dana")):
            (gap,) = slack.inventory(case.reader(), case.settings, nobody)
            assert isinstance(gap, Gap)


def test_a_no_in_an_answer_of_200_does_not_pass_for_a_yes() -> None:
    with CASES["slack.user"]() as case:
        for trouble in ("garbage", 429):
            case.only(trouble)
            if trouble == "garbage":
                with pytest.raises(Unclear):
                    case.kill(1)
            else:
                assert case.kill(1)[0].status == 429
        case.only(None)
        assert case.state(1).liveness is Liveness.LIVE
