"""PyGithub under the gates: asked by template, to our own base, once, and never past a Reader."""

import logging
from collections.abc import Iterator
from contextlib import suppress

import github
import pytest
from github.Repository import Repository

from offboarding.demo.simulators.wire import Answer
from offkey import pygithub
from offkey.http import Gate, NoAnswer, Reader, Refused, Writer
from offkey.secret import Secret
from tests.offkey.serving import DIGEST, NOW, Canned, approval

GATE = Gate(
    provider="github",
    hosts=frozenset({"api.github.com"}),
    writes=frozenset({("POST", "/repos/{owner}/{repo}/pulls"), ("DELETE", "/orgs/{org}/memberships/{username}")}),
)
TOKEN = Secret(b"ghp_" + b"k9" * 18)
DANA = {"login": "dana", "id": 7, "url": "https://evil.example.net/users/dana"}
REPO = {"full_name": "acme/app", "id": 1, "name": "app"}


@pytest.fixture
def server() -> Iterator[Canned]:
    with Canned(Answer(status=200, body=DANA)) as canned:
        yield canned


def reader(server: Canned, path: str = "") -> Reader:
    return Reader(GATE, server.url + path, instance=server.url + path, sleep=lambda _: None)


def writer(server: Canned) -> Writer:
    return Writer(GATE, server.url, instance=server.url, approval=approval(), plan_digest=DIGEST, now=lambda: NOW)


def lazy_repo(http: Reader) -> Repository:
    """The repository's object without asking for it."""
    client = pygithub.client(http, TOKEN)
    return Repository(client.requester, {}, {"url": f"{http.base}/repos/acme/app"}, completed=True)


def test_reads_pass_and_are_recorded(server: Canned) -> None:
    http = reader(server)
    assert pygithub.client(http, TOKEN).get_user("dana").id == 7
    assert [(item.method, item.status) for item in http.exchanges] == [("GET", 200)]
    assert server.seen[0].headers["authorization"] == f"token {TOKEN.reveal().decode()}"


def test_a_base_with_a_path_is_kept(server: Canned) -> None:
    pygithub.client(reader(server, "/api/v3"), TOKEN).get_user("dana")
    assert server.seen[0].path == "/api/v3/users/dana"


def test_a_write_through_a_reader_is_refused_before_it_is_sent(server: Canned) -> None:
    repo = lazy_repo(reader(server))
    with pytest.raises(Refused, match="not on the list of reads"):
        repo.create_pull(base="main", head="x", title="t", body="b")
    assert [request.method for request in server.seen] == []


def test_a_writer_sends_the_listed_write_and_no_other(server: Canned) -> None:
    server.answers = [
        Answer(status=200, body={**REPO, "url": f"{server.url}/repos/acme/app"}),
        Answer(status=201, body={}),
    ]
    repo = pygithub.client(writer(server), TOKEN).get_repo("acme/app")
    repo.create_pull(base="main", head="x", title="t", body="b")
    with pytest.raises(Refused, match="DELETE /repos/acme/app is not on the list of writes"):
        repo.delete()
    assert [(request.method, request.path) for request in server.seen] == [
        ("GET", "/repos/acme/app"),
        ("POST", "/repos/acme/app/pulls"),
    ]


def test_templates_are_matched_segment_by_segment(server: Canned) -> None:
    http = writer(server)
    assert pygithub.template_of(http, "POST", "/repos/a/b/pulls") == "/repos/{owner}/{repo}/pulls"
    for method, path in (
        ("POST", "/repos/a/b/pulls/1"),
        ("POST", "/repos/a/pulls"),
        ("DELETE", "/repos/a/b/pulls"),
        ("POST", "/x/a/b/pulls"),
        ("DELETE", "/orgs/o/memberships/"),
        ("DELETE", "/orgs/o/memberships/.."),
    ):
        assert (method, pygithub.template_of(http, method, path)) not in GATE.writes, path


@pytest.mark.parametrize("status", [500, 502, 503, 429, 403])
def test_a_write_is_never_repeated(server: Canned, status: int) -> None:
    """PyGithub's own default repeats POST and DELETE."""
    server.answers = [Answer(status=status, body={"message": "trouble"}, headers={"Retry-After": "0"})]
    repo = lazy_repo(writer(server))
    with pytest.raises(github.GithubException):
        repo.create_pull(base="main", head="x", title="t", body="b")
    assert [request.method for request in server.seen] == ["POST"]


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_refused(server: Canned, status: int) -> None:
    with Canned(Answer(status=200, body=DANA)) as elsewhere:
        server.answers = [Answer(status=status, headers={"Location": f"{elsewhere.url}/users/dana"})]
        client = pygithub.client(reader(server), TOKEN)
        with pytest.raises(Refused, match="redirect"):
            client.get_user("dana")
        assert elsewhere.seen == []


def test_an_address_inside_an_answer_is_not_where_the_next_request_goes(server: Canned) -> None:
    """DANA's url names another host; completing the object must not send the token there."""
    user = pygithub.client(reader(server), TOKEN).get_user("dana")
    with suppress(AssertionError, github.GithubException):  # PyGithub itself refuses a foreign host
        user.update()
    assert all(request.headers["host"] == server.url.removeprefix("http://") for request in server.seen)


@pytest.mark.parametrize(("status", "body"), [(404, {"message": "Not Found"}), (401, {"message": "Bad credentials"})])
def test_githubs_errors_come_as_their_status(server: Canned, status: int, body: dict[str, str]) -> None:
    server.answers = [Answer(status=status, body=body)]
    client = pygithub.client(reader(server), TOKEN)
    assert pygithub.ask(lambda: client.get_user("dana").id) == (status, None)


@pytest.mark.parametrize("body", [b"<html>", b'{"login": ', b'["x"]', b"null", b'{"id": "seven", "login": 7}'])
def test_garbage_is_no_answer(server: Canned, body: bytes) -> None:
    server.answers = [Answer(status=200, body=body)]
    client = pygithub.client(reader(server), TOKEN)
    with pytest.raises(NoAnswer, match="none of its API"):
        pygithub.ask(lambda: int(client.get_user("dana").id))


def test_an_echoed_token_is_recorded_as_stars(server: Canned) -> None:
    server.answers = [Answer(status=400, body={"message": f"bad {TOKEN.reveal().decode()}"})]
    http = reader(server)
    client = pygithub.client(http, TOKEN)
    assert pygithub.ask(lambda: client.get_user("dana")) == (400, None)
    assert http.exchanges[0].summary == "bad ***"


def test_the_injected_connection_class_is_put_back(server: Canned) -> None:
    before = github.Requester.Requester._Requester__httpsConnectionClass  # type: ignore[attr-defined]
    pygithub.client(reader(server), TOKEN)
    assert github.Requester.Requester._Requester__httpsConnectionClass is before  # type: ignore[attr-defined]


def test_nothing_secret_is_logged(server: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    http = reader(server)
    client = pygithub.client(http, TOKEN)
    client.get_user("dana")
    assert TOKEN.reveal().decode() not in caplog.text + repr(http.exchanges) + repr(client)
