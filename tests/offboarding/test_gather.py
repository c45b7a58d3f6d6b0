"""Whose a credential is: what counts as evidence, and what does not."""

from dataclasses import replace

import pytest

from offboarding.ownership.testimony import Facts
from offboarding.planning.gather import gather
from offkey.model import AccessPoint, Account, Bond, Check, Finding, Identity, Liveness, Ownership, Person
from tests.offboarding.cases import LEAVER, LEAVER_ACCOUNT, author, check, finding, listed, place

PERSONAL = {"aws.access_key": Ownership.PERSONAL, "slack.user": Ownership.PERSONAL, "slack.bot": Ownership.SHARED}
STRANGER = Account(provider="aws", id="AIDAOTHER", login="ann")


def one(
    found: Finding | None = None,
    points: tuple[AccessPoint, ...] = (),
    answer: Check | None = None,
    person: Person = LEAVER,
) -> AccessPoint:
    findings = (found,) if found else ()
    checks = {found.fingerprint: answer} if found and answer else {}
    ids = {found.fingerprint: "AKIAONE"} if found and found.kind == "aws.access_key" else {}
    (point,) = gather(person, findings, points, checks, ownership=PERSONAL, ids=ids)
    return point


def test_a_leaked_key_that_is_also_listed_is_one_point_with_both_evidences() -> None:
    point = one(finding(), (listed(),), check(holder=LEAVER_ACCOUNT))
    assert point.id == "aws.access_key:AKIAONE"
    assert point.provider_id == "AKIAONE"
    assert point.places == (place(),)
    assert (point.bond, point.ownership) == (Bond.THEIRS, Ownership.PERSONAL)
    assert "listed for sam" in point.evidence
    assert any("author of its first commit" in line for line in point.evidence)


def test_two_findings_of_one_key_id_are_one_point_with_all_places() -> None:
    other = place(path="old.py")
    findings = (finding(), finding(value="lone", places=(other,)))
    ids = {found.fingerprint: "AKIAONE" for found in findings}
    (point,) = gather(LEAVER, findings, (listed(),), {}, ownership=PERSONAL, ids=ids)
    assert set(point.places) == {place(), other}


@pytest.mark.parametrize("decoys", [("a",), tuple("abcdefgh")])
def test_a_wrong_secret_beside_a_real_id_does_not_stand_for_it(decoys: tuple[str, ...]) -> None:
    real = finding()
    fakes = [finding(value=value, places=(place(path=f"{value}.py"),)) for value in decoys]
    checks = {fake.fingerprint: check(Liveness.UNKNOWN) for fake in fakes}
    checks[real.fingerprint] = check(holder=LEAVER_ACCOUNT)
    ids = dict.fromkeys(checks, "AKIAONE")
    (point,) = gather(LEAVER, [*fakes, real], (), checks, ownership=PERSONAL, ids=ids)
    assert point.fingerprint == real.fingerprint
    assert point.check == checks[real.fingerprint]


def test_one_id_at_two_instances_is_two_credentials() -> None:
    findings = [finding(value="one"), finding(value="two", provider="aws/research")]
    ids = {found.fingerprint: "AKIAONE" for found in findings}
    points = gather(LEAVER, findings, (), {}, ownership=PERSONAL, ids=ids)
    assert [(point.provider, point.id) for point in points] == [
        ("aws/research", "aws/research:leak:aws.access_key:AKIAONE"),
        ("aws", "leak:aws.access_key:AKIAONE"),
    ]
    joined = gather(LEAVER, findings, (listed(),), {}, ownership=PERSONAL, ids=ids)
    assert [point.fingerprint for point in joined if point.provider == "aws"] == [findings[0].fingerprint]


def test_an_author_field_alone_makes_introduced_and_never_personal() -> None:
    point = one(finding())
    assert (point.bond, point.ownership) == (Bond.INTRODUCED, Ownership.UNKNOWN)


def test_the_issuers_answer_makes_it_theirs_whoever_committed_it() -> None:
    point = one(finding(introduced=author("bob@example.com", "Bob")), answer=check(holder=LEAVER_ACCOUNT))
    assert (point.bond, point.ownership) == (Bond.THEIRS, Ownership.PERSONAL)


def test_an_issuers_answer_that_names_somebody_else_outweighs_the_author() -> None:
    point = one(finding(), answer=check(holder=STRANGER))
    assert (point.bond, point.ownership) == (Bond.INTRODUCED, Ownership.UNKNOWN)
    assert any(line.startswith("CONFLICT: introduced by the person, held by ann") for line in point.evidence)


def test_a_list_and_a_value_that_name_different_holders_are_a_conflict_and_not_personal() -> None:
    point = one(finding(), (listed(),), check(holder=STRANGER))
    assert point.ownership is Ownership.UNKNOWN
    assert any(line.startswith("CONFLICT") for line in point.evidence)


def test_a_login_that_another_account_took_over_is_not_theirs() -> None:
    renamed = Account(provider="aws", id="AIDANEW", login="sam")
    assert one(finding(), answer=check(holder=renamed)).bond is Bond.INTRODUCED


def test_a_verified_address_counts_only_where_no_account_contradicts_it() -> None:
    slack = Account(provider="slack", id="U1", login="s", email="Sam@Example.com")
    aws = Account(provider="aws", id="AIDANEW", login="x", email="sam@example.com")
    assert one(finding("slack.user"), answer=check(holder=slack)).bond is Bond.THEIRS
    assert one(finding(), answer=check(holder=aws)).bond is Bond.INTRODUCED


def test_a_bot_is_shared_even_when_the_person_installed_it() -> None:
    point = one(finding("slack.bot"), answer=check(holder=Account(provider="slack", id="UBOT", login="bot")))
    assert point.ownership is Ownership.SHARED


@pytest.mark.parametrize("role", ["committer", "co-author"])
def test_other_roles_of_the_first_commit_introduce_too(role: str) -> None:
    stranger = author("bob@example.com", "Bob")
    mine = author(role=role)
    found = (
        finding(introduced=stranger, committer=mine)
        if role == "committer"
        else finding(introduced=stranger, coauthors=(mine,))
    )
    assert one(found).bond is Bond.INTRODUCED


def test_who_only_carried_it_on_was_exposed() -> None:
    point = one(finding(introduced=author("bob@example.com", "Bob"), carried=(author(),)))
    assert point.bond is Bond.EXPOSED
    assert any("carried on" in line for line in point.evidence)


def test_an_address_that_was_ruled_out_ties_nothing() -> None:
    shared = replace(LEAVER, excluded=(Identity(email="sam@example.com"),))
    assert one(finding(), person=shared).bond is Bond.EXPOSED


def test_a_dead_answer_keeps_the_listed_holder() -> None:
    point = one(finding(), (listed(),), check(Liveness.DEAD))
    assert point.holder == LEAVER_ACCOUNT
    assert (point.bond, point.ownership) == (Bond.THEIRS, Ownership.PERSONAL)


def test_what_a_provider_lists_for_somebody_else_is_not_theirs() -> None:
    assert one(points=(listed(holder=STRANGER),)).bond is Bond.NONE


def by_login(listed_id: str = "", at: str = "github") -> AccessPoint:
    """A token that answers as sam-gh (id 77); the directory knows the login alone; the organisation may list an id."""
    person = replace(LEAVER, accounts=(Account(provider=at, id="", login="sam-gh"),), certain=())
    member = Account(provider=at, id=listed_id, login="sam-gh")
    membership = AccessPoint(id="m", provider=at, kind="github.membership", holder=member)
    token = finding("github.pat.classic", provider=at)
    answer = check(holder=Account(provider=at, id="77", login="sam-gh"))
    points = gather(
        person, [token], [membership] if listed_id else [], {token.fingerprint: answer},
        ownership={"github.pat.classic": Ownership.PERSONAL}, ids={},
    )  # fmt: skip
    return next(point for point in points if point.kind == "github.pat.classic")


@pytest.mark.parametrize("at", ["github", "github/ghes"])
def test_a_login_that_could_have_been_taken_over_is_not_enough_to_call_a_token_personal(at: str) -> None:
    point = by_login(at=at)
    assert point.ownership is Ownership.UNKNOWN
    assert any(f"add {at}.id to people.yaml" in line for line in point.evidence)


def test_a_login_whose_id_the_organisation_lists_is_enough() -> None:
    assert (by_login("77").bond, by_login("77").ownership) == (Bond.THEIRS, Ownership.PERSONAL)


def test_a_login_that_the_organisation_lists_with_another_id_is_somebody_elses() -> None:
    assert by_login("78").bond is not Bond.THEIRS


def test_an_address_that_may_be_the_persons_contradicts_nothing_and_proves_nothing() -> None:
    probable = replace(LEAVER, probable=(Identity(email="sam@home.example"),))
    signed = {finding().fingerprint: Facts(signed_by="sam@home.example", exposed=False)}
    (point,) = gather(probable, [finding()], (), {}, ownership=PERSONAL, ids={}, facts=signed)
    assert point.bond is Bond.INTRODUCED
    assert not any(line.startswith("CONFLICT") for line in point.evidence)
    (point,) = gather(LEAVER, [finding()], (), {}, ownership=PERSONAL, ids={}, facts=signed)
    assert any(line.startswith("CONFLICT: only fields that any committer can write") for line in point.evidence)


def test_githubs_own_signature_on_what_was_done_on_its_pages_names_nobody() -> None:
    signed = {finding().fingerprint: Facts(signed_by="noreply@github.com")}
    (point,) = gather(LEAVER, [finding()], (), {}, ownership=PERSONAL, ids={}, facts=signed)
    assert not any(line.startswith("CONFLICT") for line in point.evidence)
    assert point.bond is Bond.INTRODUCED


def test_with_no_tie_at_all_there_is_none() -> None:
    stranger = finding(introduced=author("bob@example.com", "Bob"))
    nobody = {stranger.fingerprint: Facts(exposed=False)}
    (point,) = gather(LEAVER, [stranger], (), {}, ownership=PERSONAL, ids={}, facts=nobody)
    assert point.bond is Bond.NONE
    (point,) = gather(LEAVER, [stranger], (), {}, ownership=PERSONAL, ids={})
    assert point.bond is Bond.EXPOSED, "where nobody looked, it is not known"


def test_a_shared_kind_stays_shared_whoever_signed_for_it() -> None:
    found = finding("slack.bot", introduced=author("bob@example.com", "Bob"))
    signed = {found.fingerprint: Facts(signed_by="sam@example.com")}
    (point,) = gather(LEAVER, [found], (), {}, ownership=PERSONAL, ids={}, facts=signed)
    assert (point.bond, point.ownership) == (Bond.THEIRS, Ownership.SHARED)
