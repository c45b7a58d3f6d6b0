"""Opt-outs from plan to end: kept while they hold, done or waiting when they do not, told to whoever is to know."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from offboarding.applying import apply, keeping
from offboarding.applying.closing import close_if_done, code
from offboarding.applying.keeping import SilentSkip, WhyNot
from offboarding.approval import approve
from offboarding.ledger.history import past
from offboarding.optouts import history, notices
from offboarding.optouts.due import due
from offboarding.optouts.settings import OptOuts
from offboarding.verifying.checking import kept_no_more
from offkey.errors import Exit
from offkey.model import Action, Credential, Liveness, OptOut, Outcome, Plan, Receipt, to_json
from offkey.secret import Secret
from tests import needs
from tests.offboarding.cases import KEY, NOW, approver, check, leaked, listed, plan_of
from tests.offboarding.optouts import Office
from tests.offboarding.test_apply import Provider

pytestmark = needs.OPENSSH
LIVE, DEAD = Liveness.LIVE, Liveness.DEAD


class Desk(Office):
    """An office in which plans are made and applied, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.who = approver(self.folder / "plans", "carl@example.com")
        off, deleted = check(DEAD, status="Inactive"), check(DEAD, status="deleted")
        self.provider = Provider([check(LIVE), off, off, deleted])

    def plan(self, *optouts: OptOut, run: str = "run-1", hours: int = 72) -> Plan:
        plan = plan_of(listed(), optouts=optouts, now=self.now, run=run)
        plan = replace(plan, expires_at=self.now + timedelta(hours=hours))
        self.ledger.append("plan.made", plan.run, {"digest": plan.digest, "plan": to_json(plan)})
        return plan

    def apply(self, plan: Plan, why_not: WhyNot | None = None) -> list[Receipt]:
        given = replace(self.who.sign(plan, now=plan.created_at), expires_at=plan.expires_at, signature="")
        receipts = apply.apply(
            plan,
            [approve.sign(given, self.who.key)],
            {"aws": self.provider},
            self.ledger,
            register=self.who.register,
            credentials=lambda point: Credential(kind=point.kind, parts={"secret": Secret(b"one")}),
            key=KEY,
            now=lambda: self.now,
            sleep=lambda seconds: None,
            optouts=why_not or self.judge().why_not,
        )
        return list(receipts)

    def outcomes(self, plan: Plan) -> list[tuple[Outcome, str]]:
        return [(receipt.outcome, receipt.optout) for receipt in self.apply(plan)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_kept_is_skipped_with_the_id_and_sends_nothing(desk: Desk) -> None:
    given = desk.approve(desk.ask())
    plan = desk.plan(given)
    assert desk.outcomes(plan) == [(Outcome.SKIPPED, given.id)] * 2
    assert desk.provider.sent == []
    used = desk.judge().known()[given.id].used
    assert [(where, run) for _, where, run in used] == [("apply", "run-1")] * 2


def test_open_access_is_said_in_the_exit_code(desk: Desk) -> None:
    given = desk.approve(desk.ask())
    receipts = desk.apply(desk.plan(given))
    assert code(receipts, ()) is Exit.OPEN
    failed = replace(receipts[0], outcome=Outcome.FAILED, optout="")
    assert code([*receipts, failed], ()) is Exit.NOT_ALL_CONFIRMED
    assert code([replace(one, optout="") for one in receipts], ()) is Exit.DONE, "what is left alone by its nature"


@pytest.mark.parametrize("end", ["time", "cancelled", "left", "forged", "unreadable"])
@pytest.mark.parametrize("on_expiry", ["run", "approve"])
def test_what_ends_between_plan_and_apply_runs_or_waits_for_an_approval(desk: Desk, on_expiry: str, end: str) -> None:
    given = desk.approve(desk.ask(expires_at=NOW + timedelta(hours=1), on_expiry=on_expiry))
    plan = desk.plan(given)
    if end == "time":
        desk.now = NOW + timedelta(hours=1)
    elif end == "cancelled":
        desk.ledger.append(history.CANCELLED, history.RUN, {"id": given.id, "by": "x@example.com", "why": "y"})
    elif end == "left":
        desk.people["sam"]["left_at"] = NOW
    elif end == "forged":
        desk.settings = OptOuts(owners=("nobody@example.com",))
    else:
        desk.unreadable = True
    wanted = {
        "run": [(Outcome.DISABLED, ""), (Outcome.REVOKED, "")],
        "approve": [(Outcome.HANDED_OVER, "")] * 2,
    }[on_expiry]
    assert desk.outcomes(plan) == wanted
    assert len(desk.provider.sent) == (2 if on_expiry == "run" else 0)


def test_what_was_skipped_is_done_when_the_run_goes_on_after_the_end(desk: Desk) -> None:
    given = desk.approve(desk.ask(expires_at=NOW + timedelta(hours=1), on_expiry="run"))
    plan = desk.plan(given)
    receipts = desk.apply(plan)
    assert {receipt.outcome for receipt in receipts} == {Outcome.SKIPPED}
    assert not close_if_done(plan, receipts, desk.ledger, desk.folder / "state"), "it may still have to be done"
    desk.now = NOW + timedelta(hours=1)
    assert desk.outcomes(plan) == [(Outcome.DISABLED, ""), (Outcome.REVOKED, "")]
    assert len(desk.provider.sent) == 2
    assert desk.outcomes(plan) == [(Outcome.DISABLED, ""), (Outcome.REVOKED, "")]
    assert len(desk.provider.sent) == 2, "nothing is done twice"


def test_what_was_skipped_waits_for_a_new_plan_where_the_opt_out_says_so(desk: Desk) -> None:
    given = desk.approve(desk.ask(expires_at=NOW + timedelta(hours=1)))
    plan = desk.plan(given)
    receipts = desk.apply(plan)
    assert close_if_done(plan, receipts, desk.ledger, desk.folder / "state")
    desk.now = NOW + timedelta(hours=1)
    first, *_ = desk.apply(plan)
    assert (first.outcome, first.assignee) == (Outcome.HANDED_OVER, plan.requester)
    assert f"offkey plan --resume-optout {given.id}" in first.advice
    assert desk.provider.sent == []


@pytest.mark.parametrize("after", [2, 3, 4])
def test_an_opt_out_that_ends_while_a_run_is_under_way_is_seen_at_each_step(desk: Desk, after: int) -> None:
    """It is asked about at the start for each step, and again at each."""
    plan = desk.plan(desk.approve(desk.ask(on_expiry="run")))
    answers = iter([""] * after)
    first, second = desk.apply(plan, lambda optout: next(answers, "it ended just now"))
    kept = after == 4  # the first half is done, too, where only the second is seen to be kept no more
    wanted = (Outcome.SKIPPED, Outcome.SKIPPED) if kept else (Outcome.DISABLED, Outcome.REVOKED)
    assert (first.outcome, second.outcome) == wanted


def test_what_was_begun_after_the_end_is_gone_on_with_even_if_the_opt_out_seems_to_hold_again(desk: Desk) -> None:
    given = desk.approve(desk.ask(on_expiry="run"))
    plan = desk.plan(given)
    begun = {plan.steps[0].id}
    now_so = keeping.as_it_is(plan, {}, begun, lambda one: "", NOW)
    assert [(step.action, step.keeps) for step in now_so.steps] == [
        (Action.DISABLE, None), (Action.KEEP, Action.REVOKE),
    ]  # fmt: skip


def test_a_step_that_is_left_out_without_an_opt_out_is_an_error(desk: Desk) -> None:
    given = desk.approve(desk.ask())
    plan = desk.plan(given)
    step = plan.steps[0]
    skipped = desk.apply(plan)[0]
    assert keeping.checked(step, skipped).optout == given.id
    for wrong in (replace(step, action=Action.REVOKE, keeps=None), replace(step, how="")):
        with pytest.raises(SilentSkip):
            keeping.checked(wrong, replace(skipped, optout=""))


def test_verify_finds_what_was_left_out_silently_or_is_kept_no_more(desk: Desk) -> None:
    given = desk.approve(desk.ask())
    desk.apply(desk.plan(given))
    told = past(desk.ledger.events("run-1"))
    assert kept_no_more(told, desk.judge().why_not, desk.now) == ()
    assert told.plan is not None
    step = told.plan.steps[0]
    told.receipts[step.id] = replace(told.receipts[step.id], optout="")
    assert [line for line in kept_no_more(told, desk.judge().why_not, desk.now) if "without an opt-out" in line]
    desk.now = NOW + timedelta(days=10)
    assert len(kept_no_more(told, desk.judge().why_not, desk.now)) == 2


def test_due_lists_what_has_to_run_until_a_newer_plan_takes_it_up(desk: Desk) -> None:
    given = desk.approve(desk.ask(expires_at=NOW + timedelta(hours=1)))
    desk.apply(desk.plan(given))
    assert list(due(desk.judge(), desk.ledger.events())) == []
    desk.now = NOW + timedelta(hours=2)
    (one,) = due(desk.judge(), desk.ledger.events())
    assert (one.id, len(one.steps), one.how) == (given.id, 2, f"offkey plan --resume-optout {given.id}")
    desk.plan(run="run-2")
    assert list(due(desk.judge(), desk.ledger.events())) == []


def test_due_says_when_the_old_plan_may_still_be_applied(desk: Desk) -> None:
    given = desk.approve(desk.ask(expires_at=NOW + timedelta(hours=1), on_expiry="run"))
    plan = desk.plan(given)
    desk.ledger.append("plan.approved", plan.run, {"approval": desk.who.sign(plan)})
    desk.apply(plan)
    desk.now = NOW + timedelta(hours=2)
    (one,) = due(desk.judge(), desk.ledger.events())
    assert "apply PLAN --resume" in one.how
    desk.apply(plan)
    assert list(due(desk.judge(), desk.ledger.events())) == []


def test_the_literal_of_a_credential_that_is_kept_is_not_proposed_for_removal(desk: Desk) -> None:
    given = desk.approve(desk.ask())
    plan = plan_of(leaked(), optouts=(given,))
    held = keeping.as_it_is(plan, {}, (), desk.judge().why_not, NOW)
    assert [step.keeps for step in held.steps if step.keeps is Action.REWRITE] == [Action.REWRITE]
    assert {step.action for step in held.steps} == {Action.KEEP}


# --- telling ---


class Hook:
    """A receiver of posts on loopback, which answers as `answers` says and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status = hook.answers.pop(0) if hook.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/t0ken?x=1"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()
    monkeypatch.setenv("OPTOUTS_URL", made.url)
    monkeypatch.setenv("OPTOUTS_KEY", "shared")
    yield made
    made.server.shutdown()
    made.server.server_close()


def told(desk: Desk, **changes: Any) -> list[str]:
    settings = OptOuts(owners=("ann@example.com",), **changes)
    return notices.tell(settings, desk.folder / "state", desk.ledger, lambda: NOW)


HOOK = {"notify": "env:OPTOUTS_URL", "notify_key": "env:OPTOUTS_KEY"}


def test_each_event_is_posted_once_signed_over_id_time_and_body(desk: Desk, hook: Hook) -> None:
    desk.approve(desk.ask())
    assert told(desk, **HOOK) == []
    assert told(desk, **HOOK) == []
    assert [json.loads(body)["type"] for _, _, body in hook.got] == [
        "offkey.optout.requested",
        "offkey.optout.approved",
    ]
    path, headers, body = hook.got[0]
    assert path == "/hook/t0ken?x=1"
    right = notices.signature(Secret(b"shared"), headers["webhook-id"], headers["webhook-timestamp"], body)
    assert headers["webhook-signature"] == right
    assert right != notices.signature(Secret(b"other"), headers["webhook-id"], headers["webhook-timestamp"], body)
    assert json.loads(body)["id"] == headers["webhook-id"]


@pytest.mark.parametrize("answer", [500, 302, 404])
def test_what_was_not_taken_is_said_and_tried_again_in_order(desk: Desk, hook: Hook, answer: int) -> None:
    desk.approve(desk.ask())
    hook.answers = [204, answer]
    (trouble,) = told(desk, **HOOK)
    assert "127.0.0.1" in trouble
    assert "t0ken" not in trouble
    assert told(desk, **HOOK) == []
    kinds = [json.loads(body)["type"].rpartition(".")[2] for _, _, body in hook.got]
    assert kinds == ["requested", "approved", "approved"]


def test_nothing_is_lost_while_nobody_answers(desk: Desk, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.approve(desk.ask())
    monkeypatch.setenv("OPTOUTS_URL", "http://127.0.0.1:1/hook/t0ken")
    (trouble,) = told(desk, **HOOK)
    assert "t0ken" not in trouble
    monkeypatch.setenv("OPTOUTS_URL", hook.url)
    assert told(desk, **HOOK) == []
    assert len(hook.got) == 2


@pytest.mark.parametrize("url", ["http://hooks.example.com/x", "ftp://hooks.example.com/x", "hooks.example.com", ""])
def test_a_webhook_is_https_and_a_url(desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    desk.ask()
    monkeypatch.setenv("OPTOUTS_URL", url)
    monkeypatch.setenv("OPTOUTS_KEY", "shared")
    assert len(told(desk, **HOOK)) == 1


def test_a_webhook_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs notify_key"):
        OptOuts(notify="env:OPTOUTS_URL")


def test_each_event_is_a_line_in_the_stream_once(desk: Desk, tmp_path: Path) -> None:
    stream = tmp_path / "optouts.jsonl"
    asked = desk.ask()
    assert told(desk, stream=stream) == []
    desk.approve(asked)
    for _ in range(2):
        assert told(desk, stream=stream) == []
    lines = [json.loads(line) for line in stream.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["offkey.optout.requested", "offkey.optout.approved"]
    assert stream.stat().st_mode & 0o777 == 0o600


def test_a_stream_that_cannot_be_written_is_said_and_caught_up_on(desk: Desk, tmp_path: Path) -> None:
    desk.approve(desk.ask())
    missing = tmp_path / "not yet" / "optouts.jsonl"
    (trouble,) = told(desk, stream=missing)
    assert "the stream was not told" in trouble
    missing.parent.mkdir()
    assert told(desk, stream=missing) == []
    assert len(missing.read_text().splitlines()) == 2


def test_a_position_that_cannot_be_read_means_from_the_beginning(desk: Desk, hook: Hook) -> None:
    desk.ask()
    told(desk, **HOOK)
    (desk.folder / "state" / notices.POSITION).write_text("{garbled")
    told(desk, **HOOK)
    assert len(hook.got) == 2
