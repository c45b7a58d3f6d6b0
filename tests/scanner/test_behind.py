"""Who is named as standing behind a commit of a machine or of a hosting service."""

from datetime import UTC, datetime

import pytest

from offboarding.identity.addresses import is_bot
from offkey.model import Authorship
from scanner.commits.authors import Credits
from scanner.commits.behind import behind


def person(name: str, email: str, role: str = "author") -> Authorship:
    return Authorship(
        name=name, email=email, raw_email=email, role=role, at=datetime(2024, 1, 1, tzinfo=UTC), commit="c" * 40
    )


ANN = person("Ann Archer", "ann@example.com")
BOB = person("Bob Baker", "bob@example.com", "committer")
BOT = person("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com")
GITHUB = person("GitHub", "noreply@github.com", "committer")


def told(message: str, author: Authorship = ANN, committer: Authorship | None = None) -> str:
    return "\n".join(behind(Credits(author, committer or author, message=message), "commit c"))


def test_of_a_persons_ordinary_commit_nothing_is_said() -> None:
    assert told("add\n\nSigned-off-by: Cat <cat@example.com>", committer=BOB) == ""


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Merge pull request #31 from cat-cooper/side\n\nTitle", "pull request #31 from cat-cooper"),
        ("Title (#12)", "pull request #12"),
        ("Title (#12)\n\nbody", "pull request #12"),
        ("Merged in side (pull request #4)", "pull request #4"),
        ("Merged PR 77: title", "pull request #77"),
        ("Pull request #5: title", "pull request #5"),
        ("Merge branch 'side' into 'main'\n\nSee merge request group/app!9", "merge request !9"),
    ],
)
def test_the_pull_request_is_named(message: str, named: str) -> None:
    assert told(message) == f"the message of commit c names {named}"


@pytest.mark.parametrize("message", ["", "fix #12", "see (#12) for more", "title\n\nbody (#12)", "(#1234567890)"])
def test_a_number_elsewhere_is_no_pull_request(message: str) -> None:
    assert told(message) == ""


@pytest.mark.parametrize(
    "name", ["dependabot[bot]", "renovate", "corp-bot", "github-actions", "Jenkins", "release bot"]
)
def test_machines_are_known_by_their_names(name: str) -> None:
    assert "looks like a machine" in told("x", person(name, "x@example.com"))


@pytest.mark.parametrize(
    "name",
    ["dependabot[bot]", "renovate", "web-flow", "semantic-release", "gitlab-runner", "github-actions@github.com"],
)
def test_what_excludes_an_identity_as_a_bots_is_also_said_of_a_commit(name: str) -> None:
    assert is_bot(name, "")
    assert is_bot("", name)
    assert "looks like a machine" in told("x", person(name, "x@example.com"))


@pytest.mark.parametrize("name", ["Jenkins, Mary", "Ci Wang", "corp-bot"])
def test_what_merely_sounds_like_a_machine_excludes_nobody(name: str) -> None:
    assert "looks like a machine" in told("x", person(name, "x@example.com"))
    assert not is_bot(name, "mary@example.com")


@pytest.mark.parametrize("name", ["Abbott", "Talbot Ci", "Lucia Cibot", "Botond", "Marcia"])
def test_people_are_not(name: str) -> None:
    assert ("machine" in told("x", person(name, "p@example.com"))) is (name == "Talbot Ci")


def test_behind_a_machine_stand_who_signed_and_who_committed() -> None:
    lines = told("Update\n\nSigned-off-by: Cat <cat@example.com>", BOT, BOB)
    assert "behind commit c may stand Cat <cat@example.com>, who signed it off" in lines
    assert "behind commit c may stand its committer Bob Baker <bob@example.com>" in lines


def test_the_machine_itself_does_not_stand_behind_itself() -> None:
    assert "may stand" not in told(f"Update\n\nSigned-off-by: renovate[bot] <{BOT.email}>", BOT, BOT)


def test_a_commit_of_the_hosting_service_is_told_by_its_committer() -> None:
    assert "committed by the hosting service (noreply@github.com)" in told("edit", committer=GITHUB)
    assert "its committer" not in told("edit", BOT, GITHUB)


def test_no_more_is_quoted_of_a_message_than_numbers_and_accounts() -> None:
    value = "A" * 50
    lines = told(f"Merge pull request #1 from cat/{value}\n\nSee merge request {value}!3\n{value} (#4)")
    assert lines == "the message of commit c names pull request #1 from cat"
    assert told(f"Merge pull request #1 from {value}/x") == ""
