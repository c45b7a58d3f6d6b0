"""The gates: what a Reader and a Writer let through, and what they never do."""

import base64
import gzip
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from offboarding.demo.simulators.slack import SlackSimulator
from offkey.http import ATTEMPTS, LONGEST_WAIT, Expired, NoAnswer, Reader, Refused, Writer, bearer, check_base, scrub
from offkey.secret import Secret
from offkey.warrant import Warrant
from tests.offkey.serving import BASE, DIGEST, GATE, NOW, Script, approval

TOKEN = Secret(("tok_" + "a1B2" * 6 + "/+").encode())


def test_a_reader_sends_get_head_and_the_listed_reads() -> None:
    script = Script()
    reader = script.reader()
    for method, path in (("GET", "/anything"), ("HEAD", "/anything"), ("POST", "/auth.test")):
        reader.request(method, path)
    assert [request.method for request in script.requests] == ["GET", "HEAD", "POST"]


@pytest.mark.parametrize(
    ("method", "template"),
    [("DELETE", "/tokens/{id}"), ("POST", "/revoke"), ("PUT", "/auth.test"), ("PATCH", "/x"), ("POST", "/auth.test/")],
)
def test_a_reader_refuses_every_other_request_before_it_is_sent(method: str, template: str) -> None:
    script = Script()
    with pytest.raises(Refused, match="not on the list of reads") as refusal:
        script.reader().request(method, template, path={"id": "1"})
    assert "offkey approve" in refusal.value.advice
    assert script.requests == []


def test_no_cookie_of_one_credential_goes_with_the_next() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        signed_in = request.headers.get("cookie") or request.headers["authorization"].endswith("alive")
        return httpx.Response(200 if signed_in else 401, headers={"Set-Cookie": "session=first; Path=/"})

    reader = Reader(GATE, BASE, transport=httpx.MockTransport(answer))
    told = [reader.request("GET", "/me", headers=bearer(Secret(value))).status for value in (b"alive", b"dead")]
    assert told == [200, 401]


def test_a_writer_sends_the_listed_writes_and_nothing_else() -> None:
    script = Script()
    writer = script.writer()
    assert writer.request("DELETE", "/tokens/{id}", path={"id": "1"}).status == 200
    with pytest.raises(Refused, match="not on the list of writes"):
        writer.request("DELETE", "/users/{id}", path={"id": "1"})
    assert [request.url.path for request in script.requests] == ["/tokens/1"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"approval": approval(signature="")}, "no signed approval"),
        ({"approval": approval(plan_digest="sha256:another")}, "another plan"),
        ({"plan_digest": "sha256:edited"}, "another plan"),
        ({"approval": approval(expires_at=NOW)}, "expired"),
        ({"approval": approval(expires_at=NOW - timedelta(seconds=1))}, "expired"),
    ],
)
def test_there_is_no_writer_without_a_valid_approval_of_this_plan(given: dict[str, object], why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        Script().writer(**given)
    assert refusal.value.advice


def warrant(**changes: Any) -> Warrant:
    given: dict[str, Any] = {
        "plan_digest": DIGEST,
        "standing": "sha256:standing",
        "signatures": (("ann@example.com", "signed"), ("bob@example.com", "signed")),
        "expires_at": NOW + timedelta(hours=1),
        "stopped": lambda: "",
    }
    return Warrant(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"signatures": ()}, "no signed approval"),
        ({"signatures": (("ann@example.com", "signed"),)}, "no signed approval"),
        ({"signatures": (("ann@example.com", "signed"), ("bob@example.com", ""))}, "no signed approval"),
        ({"signatures": (("ann@example.com", "signed"), ("Ann@Example.com", "signed"))}, "no signed approval"),
        ({"standing": ""}, "no signed approval"),
        ({"plan_digest": "sha256:another"}, "another plan"),
        ({"expires_at": NOW}, "expired"),
        ({"stopped": lambda: "revoked"}, "stopped: revoked"),
    ],
)
def test_a_standing_approval_makes_no_writer_unless_two_signed_it_for_this_plan(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        Script().writer(approval=warrant(**changes))


def test_a_standing_approval_that_is_stopped_stops_the_very_next_write() -> None:
    said: list[str] = [""]
    script = Script()
    writer = script.writer(approval=warrant(stopped=lambda: said[0]))
    assert writer.request("POST", "/revoke").status == 200
    said[0] = "revoked"
    with pytest.raises(Expired, match="stopped: revoked"):
        writer.request("POST", "/revoke")
    assert writer.request("GET", "/user").status == 200
    assert [request.method for request in script.requests] == ["POST", "GET"]


def test_a_writer_cannot_be_made_without_naming_an_approval() -> None:
    with pytest.raises(TypeError, match="approval"):
        Writer(GATE, BASE, plan_digest=DIGEST)  # type: ignore[call-arg]  # on purpose


@pytest.mark.parametrize(
    ("base", "instance", "why"),
    [
        ("https://evil.example.net", "", "not one of its hosts"),
        ("https://api.example.com.evil.net", "", "not one of its hosts"),
        ("https://api.example.com@evil.net", "", "not one of its hosts"),
        ("https://evil.net", "https://other.net", "not one of its hosts"),
        ("http://api.example.com", "", "not https"),
        ("http://api.example.com", "http://api.example.com", "not https"),
        ("http://10.0.0.1", "http://10.0.0.1", "not https"),
        ("http://127.0.0.1.evil.net", "http://127.0.0.1.evil.net", "not https"),
        ("http://127.0.0.1:80", "", "not one of its hosts"),
        ("", "", "not one of its hosts"),
    ],
)
def test_a_host_that_is_not_the_providers_is_refused(base: str, instance: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_base(GATE, base, instance)


@pytest.mark.parametrize(
    ("base", "instance"),
    [(BASE, ""), ("https://ghe.corp", "https://ghe.corp/"), ("http://127.0.0.1:81/x", "http://127.0.0.1:81/x")],
)
def test_its_own_hosts_and_the_configured_instance_are_let_through(base: str, instance: str) -> None:
    check_base(GATE, base, instance)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_is_no_answer(status: int) -> None:
    script = Script(httpx.Response(status, headers={"location": "https://evil.example.net/"}))
    with pytest.raises(Refused, match="redirect") as refusal:
        script.reader().request("GET", "/user", headers=bearer(TOKEN))
    assert isinstance(refusal.value, NoAnswer)
    assert [request.url.host for request in script.requests] == ["api.example.com"]


@pytest.mark.parametrize("first", [httpx.Response(503), httpx.Response(409), httpx.ConnectError("refused")])
def test_a_write_is_sent_once_whatever_comes_back(first: httpx.Response | Exception) -> None:
    script = Script(first)
    writer = script.writer()
    if isinstance(first, Exception):
        with pytest.raises(NoAnswer):
            writer.request("POST", "/revoke")
    else:
        assert writer.request("POST", "/revoke").status == first.status_code
    assert len(script.requests) == 1
    assert script.waits == []


def test_a_write_is_repeated_where_the_provider_says_that_it_did_nothing_yet() -> None:
    script = Script(httpx.Response(429, headers={"retry-after": "3"}), httpx.Response(204))
    assert script.writer().request("POST", "/revoke").status == 204
    assert script.waits == [3.0]


def test_a_write_is_not_repeated_after_the_approval_has_run_out_and_a_read_is() -> None:
    ends = NOW + timedelta(hours=1)
    script = Script(httpx.Response(429), httpx.Response(200))
    writer = script.writer()
    writer.sleep = lambda _: setattr(writer, "now", lambda: ends)
    with pytest.raises(Expired):
        writer.request("POST", "/revoke")
    assert len(script.requests) == 1
    script.answers.insert(0, httpx.Response(429))
    assert writer.request("GET", "/user").status == 200


def test_a_time_to_wait_may_be_a_date() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)
    script = Script(httpx.Response(429, headers={"retry-after": then}), httpx.Response(200))
    script.reader().request("GET", "/user")
    assert 9 < script.waits[0] <= 12


@pytest.mark.parametrize(
    ("base", "instance", "asked"),
    [
        (BASE, "", "https://id.example.com/v1/me"),
        ("http://127.0.0.1:81/x", "http://127.0.0.1:81/x", "http://127.0.0.1:81/x/id.example.com/v1/me"),
    ],
)
def test_a_template_may_name_another_of_the_hosts(base: str, instance: str, asked: str) -> None:
    gate = replace(GATE, hosts=GATE.hosts | {"id.example.com"})
    seen: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200)

    http = Reader(gate, base, instance=instance, transport=httpx.MockTransport(server))
    http.request("GET", "//id.example.com/v1/{what}", path={"what": "me"})
    assert seen == [asked]
    with pytest.raises(Refused, match="not one of its hosts"):
        http.request("GET", "//evil.example.net/v1/me")
    assert len(seen) == 1


def test_a_read_is_repeated_after_the_time_the_provider_asks_for() -> None:
    script = Script(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(503), httpx.Response(200))
    assert script.reader().request("POST", "/auth.test").status == 200
    assert script.waits == [7.0, 2.0]


def test_no_provider_can_make_us_wait_for_ever() -> None:
    script = Script(httpx.Response(429, headers={"retry-after": "86400"}))
    assert script.reader().request("GET", "/user").status == 429
    assert script.waits == [LONGEST_WAIT] * (ATTEMPTS - 1)


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
def test_no_answer_is_an_error_of_its_own(error: Exception) -> None:
    script = Script(error)
    with pytest.raises(NoAnswer, match=type(error).__name__) as told:
        script.reader().request("GET", "/user")
    assert told.value.advice
    assert len(script.requests) == ATTEMPTS


def test_every_attempt_is_recorded_even_without_an_answer() -> None:
    script = Script(httpx.ConnectError("no"), httpx.Response(200, json={"ok": True}))
    reader = script.reader()
    reader.request("GET", "/user")
    assert [(item.status, item.summary) for item in reader.exchanges] == [(0, "ConnectError"), (200, "True")]
    assert reader.exchanges[0].target == "api.example.com/user"
    assert reader.exchanges[0].at == NOW


def test_an_echoed_secret_is_recorded_as_stars() -> None:
    raw = TOKEN.reveal()
    forms = [raw.decode(), base64.b64encode(raw).decode(), raw.hex(), quote(raw, safe="")]
    script = Script(httpx.Response(400, json={"error": forms[0], "message": " ".join(forms)}))
    reader = script.reader()
    reader.request("GET", "/user", headers=bearer(TOKEN), hide=(TOKEN,))
    assert all(form not in repr(reader.exchanges) for form in forms)
    assert "***" in reader.exchanges[0].summary


def test_an_echoed_sign_in_is_recorded_as_stars_whoever_forgot_to_hide_it() -> None:
    word = base64.b64encode(b"ann:" + TOKEN.reveal()).decode()
    script = Script(httpx.Response(401, json={"message": f"cannot read Basic {word}"}))
    reader = script.reader()
    reader.request("GET", "/user", headers={"Authorization": f"Basic {word}"})
    assert reader.exchanges[0].summary == "cannot read Basic ***"


@pytest.mark.parametrize("before", range(0, 120, 7))
def test_of_a_secret_in_a_long_message_no_part_is_recorded(before: int) -> None:
    script = Script(httpx.Response(401, json={"message": "x" * before + TOKEN.reveal().decode()}))
    reader = script.reader()
    reader.request("GET", "/user", hide=(TOKEN,))
    assert "tok_" not in reader.exchanges[0].summary
    assert len(reader.exchanges[0].summary) <= 120


def test_a_secret_with_quotes_is_hidden_wherever_it_stands_in_an_answer() -> None:
    secret = "it's" + chr(92) + "a" + '"' + "word"
    script = Script(httpx.Response(401, json={"error": {"message": f"wrong: {secret}", "tried": [secret]}}))
    reader = script.reader()
    reader.request("GET", "/user", hide=(Secret(secret.encode()),))
    assert reader.exchanges[0].summary == "{'message': 'wrong: ***', 'tried': ['***']}"


def test_a_secret_in_the_path_is_sent_but_not_recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script()
    writer = script.writer()
    writer.request("DELETE", "/tokens/{id}", path={"id": TOKEN})
    assert script.requests[0].url.raw_path == f"/tokens/{quote(TOKEN.reveal(), safe='')}".encode()
    assert writer.exchanges[0].target == "api.example.com/tokens/***"
    assert TOKEN.reveal().decode() not in caplog.text


def test_a_value_in_the_path_cannot_lead_elsewhere() -> None:
    script = Script()
    script.writer().request("DELETE", "/tokens/{id}", path={"id": "../users/1?x=#"})
    assert script.requests[0].url.raw_path == b"/tokens/..%2Fusers%2F1%3Fx%3D%23"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_address_another_path_is_refused(name: str) -> None:
    script = Script()
    with pytest.raises(Refused, match="names another path"):
        script.writer().request("DELETE", "/tokens/{id}", path={"id": name})
    assert script.requests == []


def test_scrubbing_leaves_other_text_alone() -> None:
    assert scrub("bad token abc", (TOKEN,)) == "bad token abc"
    assert scrub("x", (Secret(b""),)) == "x"


def test_no_password_from_netrc_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.example.com login eve password " + "x" * 12 + "\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    script = Script()
    script.reader().request("GET", "/user")
    assert "authorization" not in script.requests[0].headers


def test_no_proxy_from_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with SlackSimulator() as there:
        assert (
            Reader(GATE, there.url, instance=there.url).request("GET", "/api/auth.test").json["error"] == "not_authed"
        )


def test_pages_follow_the_link_header_on_our_own_base() -> None:
    more = {"link": '<https://evil.example.net/next>; rel="next"'}
    script = Script(httpx.Response(200, json=[1], headers=more), httpx.Response(200, json=[2]))
    pages = list(script.reader().pages("/tokens", params={"owner": "dana"}))
    assert [page.json for page in pages] == [[1], [2]]
    assert [str(request.url.copy_with(query=None)) for request in script.requests] == [f"{BASE}/tokens"] * 2
    assert [request.url.params["page"] for request in script.requests] == ["1", "2"]
    assert all(request.url.params["owner"] == "dana" for request in script.requests)


def test_endless_pages_are_an_error_not_a_short_list() -> None:
    script = Script(httpx.Response(200, json=[1], headers={"link": '<x>; rel="next"'}))
    with pytest.raises(NoAnswer, match="more than 3 pages"):
        list(script.reader().pages("/tokens", most=3))


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\x00"])
def test_a_body_that_is_no_json_is_none(body: bytes) -> None:
    answer = Script(httpx.Response(200, content=body)).reader().request("GET", "/user")
    assert (answer.status, answer.json) == (200, None)


def test_an_answer_that_does_not_end_is_no_answer() -> None:
    def endless(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(b"x" * (1 << 20) for _ in range(1 << 20)))

    with pytest.raises(NoAnswer, match="does not end"):
        Script(endless).reader().request("GET", "/user")


def test_a_compressed_answer_is_read_as_what_it_says() -> None:
    packed = gzip.compress(b'{"login": "ann"}')
    answer = Script(httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed)).reader()
    assert answer.request("GET", "/user").json == {"login": "ann"}


def test_an_answer_whose_headers_are_no_ascii_is_an_answer() -> None:
    served = httpx.Response(200, headers=[(b"X-Served-By", "Zürich".encode())], json={"login": "ann"})
    reader = Script(served).reader()
    assert reader.request("GET", "/user").json == {"login": "ann"}
    assert [item.status for item in reader.exchanges] == [200]


@pytest.mark.parametrize(
    "challenge",
    ['Digest realm="a"', 'Digest realm="a", nonce="b", algorithm=NEW', 'Digest realm="a", nonce="b", qop="auth-int"',
     "Digest realm"],
)  # fmt: skip
def test_a_challenge_that_cannot_be_met_is_no_answer_and_leaves_no_connection_open(challenge: str) -> None:
    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{}"

        def close(self) -> None:
            closed.append(challenge)

    closed: list[str] = []
    script = Script(lambda _: httpx.Response(401, headers={"WWW-Authenticate": challenge}, stream=Body()))
    reader = script.reader()
    with pytest.raises(NoAnswer):
        reader.request("GET", "/user", auth=httpx.DigestAuth("ann", "b"))
    assert [item.status for item in reader.exchanges] == [0] * ATTEMPTS
    assert len(closed) == len(script.requests)
