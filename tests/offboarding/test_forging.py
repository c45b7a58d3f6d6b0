"""Somebody commits a secret under another's name: nothing of anybody's is ended on what a committer can write."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.configuration.config import Config
from offboarding.demo.simulators import tokens
from offboarding.identity import people
from offboarding.identity.directory import Directory, Entry
from offboarding.ownership import facts
from offboarding.planning import gather
from offboarding.planning import plan as plans
from offboarding.remedy import locating
from offkey.errors import Exit
from offkey.model import AccessPoint, Account, Action, Bond, Check, Finding, Gap, Liveness, Ownership, Person, Plan
from rules import RuleSet
from tests import needs
from tests.builders import Person as Committer
from tests.builders import Repo, token
from tests.offboarding.cases import NOW, check, plan_of
from tests.offboarding.test_pushes import activity, write
from tests.offboarding.test_signatures import new_key, public
from tests.scanner.conftest import Scan
from tests.scanner.conftest import key as key  # noqa: PLC0414 - a fixture
from tests.scanner.conftest import look as look  # noqa: PLC0414 - a fixture
from tests.scanner.conftest import pattern_cache as pattern_cache  # noqa: PLC0414 - a fixture
from tests.scanner.conftest import ruleset as ruleset  # noqa: PLC0414 - a fixture
from tests.scanner.test_claims import jwt

VICTIM: Committer = ("Ann Archer", "ann@example.com")
LEAVER: Committer = ("Sam Rivera", "sam@example.com")
OTHER: Committer = ("Bob Baker", "bob@example.com")
PEOPLE = Directory(
    entries=(
        Entry(
            id="ann", names=("Ann Archer",), emails=("ann@example.com",), accounts={"aws": "ann", "aws.id": "AIDAANN"}
        ),
        Entry(
            id="sam",
            names=("Sam Rivera",),
            emails=("sam@example.com",),
            accounts={"aws": "sam", "aws.id": "AIDASAM", "github": "samr", "github.id": 77},
        ),
        Entry(id="bob", names=("Bob Baker",), emails=("bob@example.com",)),
    )
)
ENDING = frozenset({Action.REVOKE, Action.DISABLE, Action.REMOVE})
KEY_ID = token("AKIA", 16, alphabet="ABCDEFGHJKLMNPQRSTUV234567")
AWS = f"AWS_ACCESS_KEY_ID={KEY_ID}\n"
AWS += f"AWS_SECRET_ACCESS_KEY={token('', 40)}\n"


class Desk:
    """Plans for people over one repository, with what issuers would answer about each kind."""

    def __init__(self, repo: Repo, look: Scan, rules: RuleSet) -> None:
        self.repo, self.look, self.rules = repo, look, rules
        self.answers: dict[str, Account] = {}
        self.sources = facts.Sources()
        self.gaps: list[Gap] = []
        self.readable: frozenset[str] = frozenset()

    def findings(self) -> Sequence[Finding]:
        return self.look(self.repo.path).findings

    def points(self, who: str) -> tuple[Person, tuple[AccessPoint, ...]]:
        findings = self.findings()
        seen = [one for f in findings for one in (f.introduced, f.committer, *f.coauthors) if one is not None]
        person = people.resolve(who, PEOPLE, seen)
        looked_up = facts.collect(
            findings,
            {},
            self.sources,
            is_theirs=lambda address: gather.may_be_theirs(person, address),
            gaps=self.gaps,
            now=NOW,
            readable=self.readable,
        )
        checks: Mapping[str, Check] = {
            f.fingerprint: check(holder=self.answers[f.kind]) for f in findings if f.kind in self.answers
        }
        ownership = {rule.kind: rule.ownership for rule in self.rules.rules}
        ids = {f.fingerprint: KEY_ID for f in findings if f.kind == "aws.access_key"}
        return person, gather.gather(person, findings, (), checks, ownership=ownership, ids=ids, facts=looked_up)

    def plan(self, who: str) -> Plan:
        person, points = self.points(who)
        return plan_of(*points, person=person)

    def point(self, who: str, kind: str) -> AccessPoint:
        return next(point for point in self.points(who)[1] if point.kind == kind)


@pytest.fixture
def desk(tmp_path: Path, look: Scan, ruleset: RuleSet) -> Desk:
    repo = Repo.create(tmp_path / "app")
    repo.commit("begin", {"README": "app\n"}, author=OTHER)
    return Desk(repo, look, ruleset)


def ended(plan: Plan) -> list[Any]:
    return [step for step in plan.steps if step.action in ENDING]


FORGERIES = ("author", "committer", "trailer", "mailmap", "codeowners", "comment", "unsigned token", "signed token")


def forge(desk: Desk, how: str, folder: Path) -> None:
    """The leaver commits a credential and makes it look like the victim's."""
    repo, files, message, author, committer = desk.repo, {"deploy.env": AWS}, "deploy", LEAVER, LEAVER
    match how:
        case "author":
            author = VICTIM
        case "committer":
            author = committer = VICTIM
        case "trailer":
            message = "deploy\n\nCo-authored-by: Ann Archer <ann@example.com>\nSigned-off-by: Ann <ann@example.com>\n"
        case "mailmap":
            files |= {".mailmap": "Ann Archer <ann@example.com> <sam@example.com>\n"}
        case "codeowners":
            files |= {"CODEOWNERS": "* ann@example.com\n", "package.json": '{"author": "ann@example.com"}'}
            files["deploy.env"] = f"# owner: ann@example.com\n# /home/ann/.aws/credentials\n{AWS}"
        case "comment":
            made = folder / "made"
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann@example.com", "-f", str(made)]
            subprocess.run(command, check=True)
            files |= {"id_ed25519": made.read_text()}
        case "unsigned token" | "signed token":
            # No key of any issuer made this signature either: offline nobody can tell.
            head = "none" if how == "unsigned token" else "RS256"
            text = jwt({"sub": "ann", "email": "ann@example.com", "iss": "https://sso.example.com"}, head).decode()
            files |= {"curl.sh": f'curl -H "Authorization: Bearer {text}" https://api.corp.io\n'}
    for name, text in files.items():
        (repo.path / name).write_text(text)
    repo.git("add", ".")
    repo.git("commit", "-q", "-m", message, author=author, committer=committer)


@needs.OPENSSH
@pytest.mark.parametrize("how", FORGERIES)
@pytest.mark.parametrize("who", ["ann", "sam"])
def test_nothing_is_ended_on_forged_evidence_whoever_leaves(desk: Desk, tmp_path: Path, how: str, who: str) -> None:
    forge(desk, how, tmp_path)
    assert ended(desk.plan(who)) == []


@needs.OPENSSH
@pytest.mark.parametrize("how", FORGERIES)
def test_a_key_of_the_victims_is_not_ended_when_the_forger_leaves(desk: Desk, tmp_path: Path, how: str) -> None:
    """The leaver took the victim's key and committed it; its issuer says whose it is."""
    forge(desk, how, tmp_path)
    desk.answers["aws.access_key"] = Account(provider="aws", id="AIDAANN", login="ann")
    assert ended(desk.plan("sam")) == []
    assert desk.point("sam", "aws.access_key").bond is not Bond.THEIRS
    assert ended(desk.plan("ann"))


@needs.OPENSSH
@pytest.mark.parametrize("how", FORGERIES)
def test_the_forgers_own_key_is_the_forgers_whatever_name_is_on_it(desk: Desk, tmp_path: Path, how: str) -> None:
    forge(desk, how, tmp_path)
    desk.answers["aws.access_key"] = Account(provider="aws", id="AIDASAM", login="sam")
    mine, hers = desk.point("sam", "aws.access_key"), desk.point("ann", "aws.access_key")
    assert (mine.bond, mine.ownership) == (Bond.THEIRS, Ownership.PERSONAL)
    assert hers.bond is not Bond.THEIRS
    assert ended(desk.plan("sam"))
    assert ended(desk.plan("ann")) == []


def test_author_fields_make_introduced_at_most_and_trailers_and_mailmap_too(desk: Desk, tmp_path: Path) -> None:
    for how in ("author", "trailer", "mailmap"):
        forge(desk, how, tmp_path)
        assert desk.point("ann", "aws.access_key").bond in (Bond.INTRODUCED, Bond.EXPOSED, Bond.NONE)
        assert desk.point("ann", "aws.access_key").ownership is not Ownership.PERSONAL
        desk.repo.git("reset", "-q", "--hard", "HEAD~1")
        desk.repo.git("reflog", "expire", "--expire=all", "--all")
        desk.repo.git("gc", "-q", "--prune=now")


@needs.OPENSSH
def test_a_comment_in_a_key_is_shown_and_decides_nothing(desk: Desk, tmp_path: Path) -> None:
    forge(desk, "comment", tmp_path)
    hers, his = desk.point("ann", "private_key.openssh"), desk.point("sam", "private_key.openssh")
    assert (hers.bond, hers.ownership) == (Bond.EXPOSED, Ownership.UNKNOWN)
    assert any("SSH key comment ann@example.com" in line for line in hers.evidence)
    assert his.bond is Bond.INTRODUCED
    assert "CONFLICT: introduced by the person; SSH key comment names ann@example.com" in his.evidence


def test_an_unsigned_token_names_nobody_and_a_signed_one_is_never_personal(desk: Desk, tmp_path: Path) -> None:
    forge(desk, "unsigned token", tmp_path)
    assert not [point for point in desk.points("ann")[1] if point.kind == "jwt.token" and point.bond is Bond.THEIRS]
    forge(desk, "signed token", tmp_path)
    told = desk.point("ann", "jwt.token")
    assert (told.bond, told.ownership) == (Bond.THEIRS, Ownership.UNKNOWN)
    assert {step.action for step in desk.plan("ann").steps if step.point.kind == "jwt.token"} <= {
        Action.ROTATE,
        Action.HAND_OVER,
        Action.REWRITE,
    }


def test_three_witnesses_who_name_three_people_are_shown_as_a_conflict(desk: Desk) -> None:
    text = jwt({"email": "sam@example.com", "iss": "https://sso.example.com"}).decode()
    desk.repo.commit("x", {"curl.sh": f'curl -H "Authorization: Bearer {text}" https://api.corp.io\n'}, author=OTHER)
    desk.answers["jwt.token"] = Account(provider="jwt", id="1", login="ann", email="ann@example.com")
    for who in ("ann", "sam"):
        point = desk.point(who, "jwt.token")
        (line,) = (line for line in point.evidence if line.startswith("CONFLICT"))
        assert "jwt answers to its value as ann" in line
        assert "JWT email names sam@example.com" in line
        assert "its first commit names Bob Baker <bob@example.com>" in line
        assert point.ownership is Ownership.UNKNOWN
    assert ended(desk.plan("ann")) == []


def test_a_token_that_has_ended_by_its_own_word_says_so_and_stays_in_the_plan(desk: Desk) -> None:
    text = jwt({"email": "sam@example.com", "exp": 1_600_000_000}).decode()
    desk.repo.commit("x", {"curl.sh": f'curl -H "Authorization: Bearer {text}" https://api.corp.io\n'}, author=LEAVER)
    point = desk.point("sam", "jwt.token")
    assert "JWT expiry 2020-09-13T12:26:40Z: it has ended, by its own word" in point.evidence
    assert desk.plan("sam").steps


# --- exposed, and not ---


def test_who_worked_in_the_repository_afterwards_was_exposed_and_who_left_before_was_not(desk: Desk) -> None:
    desk.repo.commit("early", {"a": "1"}, author=VICTIM)
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.repo.commit("late", {"b": "1"}, author=LEAVER)
    exposed = desk.point("sam", "aws.access_key")
    assert exposed.bond is Bond.EXPOSED
    assert exposed.evidence[0] == "the person has commits in app that are not older than it"
    assert desk.point("ann", "aws.access_key").bond is Bond.NONE


def test_who_is_listed_in_the_organisation_that_keeps_the_repository_was_exposed_without_a_commit(desk: Desk) -> None:
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.repo.config("remote.origin.url", "git@github.com:Corp/app.git")
    member = AccessPoint(id="m", provider="github", kind="github.membership", provider_id="corp/samr")
    elsewhere = replace(member, provider_id="other/samr")
    here = {str(desk.repo.path)}
    assert locating.readable(Config(), [elsewhere], here) == frozenset()
    assert desk.point("sam", "aws.access_key").bond is Bond.NONE
    desk.readable = locating.readable(Config(), [elsewhere, member], here)
    point = desk.point("sam", "aws.access_key")
    assert point.bond is Bond.EXPOSED
    assert point.evidence[0] == "the provider lists the person in the organisation that keeps app"


def test_a_repository_that_cannot_be_read_is_a_gap_and_leaves_it_open(desk: Desk, tmp_path: Path) -> None:
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    findings = desk.findings()
    gaps: list[Gap] = []
    desk.repo.path.rename(tmp_path / "moved")
    told = facts.collect(findings, {}, facts.Sources(), is_theirs=lambda _: False, gaps=gaps, now=NOW)
    assert {one.exposed for one in told.values()} == {None}
    assert [gap.where for gap in gaps] == [str(desk.repo.path)]
    assert "it is not known whether the person worked there" in gaps[0].why


def test_a_merge_on_githubs_pages_exposes_nobody(desk: Desk) -> None:
    """GitHub itself is the committer of what everybody does there."""
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    (desk.repo.path / "README").write_text("more")
    desk.repo.git("commit", "-qam", "by the page", author=OTHER, committer=("GitHub", "noreply@github.com"))
    assert desk.point("sam", "aws.access_key").bond is Bond.NONE


def test_a_date_that_a_committer_wrote_decides_nothing(desk: Desk) -> None:
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.repo.clock = desk.repo.clock.replace(year=1999)
    desk.repo.commit("dated back", {"b": "1"}, author=LEAVER)
    assert desk.point("sam", "aws.access_key").bond is Bond.EXPOSED


def test_who_worked_on_another_branch_meanwhile_was_exposed(desk: Desk) -> None:
    desk.repo.branch("side").commit("side", {"c": "1"}, author=LEAVER)
    desk.repo.checkout("main").commit("key", {"deploy.env": AWS}, author=OTHER)
    assert desk.point("sam", "aws.access_key").bond is Bond.EXPOSED


def test_what_was_only_exposed_is_listed_in_the_plan_without_a_step_and_what_was_not_is_not(desk: Desk) -> None:
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.repo.commit("late", {"b": "1"}, author=LEAVER)
    told, nothing = desk.plan("sam"), desk.plan("ann")
    assert told.steps == ()
    (point,) = told.exposed
    assert point.kind == "aws.access_key"
    assert point.evidence[-1] == "app:deploy.env:1"
    assert point.places == ()
    assert (nothing.steps, nothing.exposed) == ((), ())


def test_what_its_issuer_calls_dead_needs_no_rotation(desk: Desk) -> None:
    desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.repo.commit("late", {"b": "1"}, author=LEAVER)
    person, points = desk.points("sam")
    dead = [replace(point, check=check(Liveness.DEAD)) for point in points]
    assert plan_of(*dead, person=person, now=NOW).exposed == ()


def test_a_value_in_a_plain_file_may_have_been_read_by_anybody(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "app" / "local.env").write_text(AWS)
    assert desk.point("ann", "aws.access_key").bond is Bond.EXPOSED


# --- what a committer cannot write: signatures and pushes ---


def signed_commit(desk: Desk, folder: Path, *, author: Committer, signer: str) -> None:
    """A commit of the key under somebody's name, signed by somebody; the organisation lists the signer's key."""
    made = new_key(folder / "keys", signer.partition("@")[0])
    desk.repo.config("gpg.format", "ssh").config("user.signingKey", str(made))
    (desk.repo.path / "deploy.env").write_text(AWS)
    desk.repo.git("add", ".")
    desk.repo.git("commit", "-q", "-S", "-m", "deploy", author=author)
    listed = folder / "allowed_signers"
    listed.write_text(f"{signer} {public(made)}\n")
    desk.sources = facts.sources(listed, None, None)


@needs.OPENSSH
def test_a_signature_ties_a_credential_to_the_signer_but_makes_it_nobodys_own(desk: Desk, tmp_path: Path) -> None:
    signed_commit(desk, tmp_path, author=LEAVER, signer="sam@example.com")
    point = desk.point("sam", "aws.access_key")
    assert (point.bond, point.ownership) == (Bond.THEIRS, Ownership.UNKNOWN)
    assert "the commit that brought it in is signed by sam@example.com" in point.evidence
    plan = desk.plan("sam")
    assert ended(plan) == []
    assert Action.ROTATE in {step.action for step in plan.steps}


@needs.OPENSSH
def test_a_forged_author_is_seen_by_the_signature_of_another(desk: Desk, tmp_path: Path) -> None:
    signed_commit(desk, tmp_path, author=VICTIM, signer="sam@example.com")
    hers, his = desk.point("ann", "aws.access_key"), desk.point("sam", "aws.access_key")
    assert hers.bond is Bond.INTRODUCED
    assert any(
        line.startswith("CONFLICT: only fields that any committer can write name the person; the commit that brought")
        for line in hers.evidence
    )
    assert his.bond is Bond.THEIRS
    assert ended(desk.plan("ann")) == ended(desk.plan("sam")) == []


@needs.OPENSSH
def test_who_signed_the_commit_of_anothers_key_does_not_own_the_key(desk: Desk, tmp_path: Path) -> None:
    signed_commit(desk, tmp_path, author=LEAVER, signer="sam@example.com")
    desk.answers["aws.access_key"] = Account(provider="aws", id="AIDAANN", login="ann")
    assert desk.point("sam", "aws.access_key").bond is Bond.INTRODUCED
    assert ended(desk.plan("sam")) == []
    assert ended(desk.plan("ann"))


def test_who_pushed_a_commit_under_anothers_name_is_told_by_the_provider(desk: Desk, tmp_path: Path) -> None:
    before = desk.repo.head()
    after = desk.repo.commit("key", {"deploy.env": AWS}, author=VICTIM)
    log = write(tmp_path / "pushes.jsonl", activity(before, after, "samr", 77))
    desk.sources = facts.sources(None, None, log)
    hers, his = desk.point("ann", "aws.access_key"), desk.point("sam", "aws.access_key")
    assert (his.bond, his.ownership) == (Bond.THEIRS, Ownership.UNKNOWN)
    assert "github account samr pushed the commit that brought it in" in his.evidence
    # The directory knows no GitHub account of hers, so whether samr is she is open: a note and no contradiction.
    assert hers.bond is Bond.INTRODUCED
    assert any("pushed by the github account samr (id 77)" in line for line in hers.evidence)
    assert ended(desk.plan("ann")) == ended(desk.plan("sam")) == []


def test_a_pusher_with_the_leavers_login_and_another_id_is_somebody_else(desk: Desk, tmp_path: Path) -> None:
    before = desk.repo.head()
    after = desk.repo.commit("key", {"deploy.env": AWS}, author=OTHER)
    desk.sources = facts.sources(None, None, write(tmp_path / "p", activity(before, after, "samr", 78)))
    assert desk.point("sam", "aws.access_key").bond is Bond.NONE


@needs.OPENSSH
def test_a_plan_by_the_command_uses_the_signers_and_the_log_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Desk
) -> None:
    signed_commit(desk, tmp_path, author=VICTIM, signer="sam@example.com")
    desk.repo.commit("more", {"npm.env": f"NPM_TOKEN={tokens.npm('one')}\n"}, author=OTHER)
    desk.repo.commit("late", {"b": "1"}, author=LEAVER)
    write(tmp_path / "pushes.jsonl", activity("0" * 40, desk.repo.head("HEAD~2"), "samr", 77))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "people.yaml").write_text(
        "- {id: sam, names: [Sam Rivera], emails: [sam@example.com], accounts: {github: samr, github.id: 77}}\n"
    )
    (tmp_path / "offkey.toml").write_text(
        '[organisation]\nkey = "file:key"\nstate = "state"\nrequester = "boss@example.com"\n'
        '[repositories]\npaths = ["app"]\n'
        '[directory]\npeople = "people.yaml"\nallowed_signers = "allowed_signers"\npush_log = "pushes.jsonl"\n'
    )
    assert cli.main(["plan", "sam@example.com", "--jobs", "1"]) == Exit.WAITS_FOR_APPROVAL
    made = plans.read(tmp_path / "plan.json")
    (step,) = (step for step in made.steps if step.action is Action.ROTATE)
    assert step.point.bond is Bond.THEIRS
    assert any("SSH signature verified by" in line for line in step.point.evidence)
    assert any("pushed by the github account samr (id 77)" in line for line in step.point.evidence)
    (exposed,) = made.exposed
    assert exposed.kind == "npm.token"
    said = capsys.readouterr().out
    assert "Within their reach (1)" in said
    assert "app:npm.env:1" in said
