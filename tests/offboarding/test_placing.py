"""At which instance a value is: by answers alone, without a provider."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import revokers
from offboarding.asking import issuers, placing
from offboarding.asking.placing import Here
from offboarding.configuration import config, instances
from offboarding.demo.simulators.aws import AwsServer
from offkey.boto import AwsCredentials
from offkey.http import Reader
from offkey.model import AccessPoint, Account, Check, Credential, Gap, Liveness
from offkey.secret import Secret
from revokers.aws_iam import Settings as AwsSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LIVE, DEAD, UNKNOWN = Liveness.LIVE, Liveness.DEAD, Liveness.UNKNOWN
GITHUB, GITLAB, SLACK, AWS = (revokers.REGISTRY[name] for name in ("github", "gitlab", "slack", "aws"))


def said(liveness: Liveness, reason: str = "told", ident: str = "", status: str = "") -> Check:
    holder = Account(provider="x", id=ident, login="sam") if ident else None
    return Check(liveness=liveness, reason=reason, at=NOW, holder=holder, status=status)


def here(**bases: str) -> list[Here]:
    """Instances by name (`_` for the provider's own is `own`) with their addresses."""
    return [Here(name=name.replace("__", "/"), settings=None, base=base) for name, base in bases.items()]


TWO = here(github="https://one", github__ghes="https://two")
SAME = here(slack="https://slack", slack__two="https://slack")


def test_alive_at_one_it_is_there() -> None:
    answers = {"https://one": said(DEAD), "https://two": said(LIVE, ident="7")}
    name, check = placing.placed(GITHUB, TWO, answers)
    assert (name, check.liveness) == ("github/ghes", LIVE)
    assert check.holder == Account(provider="github/ghes", id="7", login="sam")


@pytest.mark.parametrize(
    "other", [said(DEAD, "401"), said(UNKNOWN, "no answer"), said(UNKNOWN, "401", status="refused")]
)
def test_a_refusal_at_several_addresses_is_no_death(other: Check) -> None:
    name, check = placing.placed(GITHUB, TWO, {"https://one": said(DEAD, "401"), "https://two": other})
    assert (name, check.liveness) == ("github/?", UNKNOWN)
    assert (placing.OTHERS in check.reason) == (other.reason == "401")
    assert "github: 401; github/ghes: " in check.reason


def test_what_the_issuer_alone_says_is_a_death() -> None:
    two = here(gitlab="https://one", gitlab__corp="https://two")
    answers = {"https://one": said(UNKNOWN), "https://two": said(DEAD, "401 Token was revoked")}
    assert placing.placed(GITLAB, two, answers)[0] == "gitlab/corp"


def test_alive_at_two_addresses_is_nobodys() -> None:
    answers = {"https://one": said(LIVE, ident="7"), "https://two": said(LIVE, ident="7")}
    name, check = placing.placed(GITHUB, TWO, answers)
    assert (name, check.liveness, check.holder) == ("github/?", LIVE, None)
    assert "github, github/ghes" in check.reason


def test_a_value_that_names_another_host_was_not_asked_there() -> None:
    answers = {"https://one": said(UNKNOWN, "instance not configured: elsewhere"), "https://two": said(DEAD)}
    assert placing.placed(GITHUB, TWO, answers) == ("github/ghes", said(DEAD))
    nowhere = {base: said(UNKNOWN, "instance not configured") for base in answers}
    assert placing.placed(GITHUB, TWO, nowhere)[0] == "github/?"


def test_the_list_that_has_its_id_says_where_it_is() -> None:
    answers = {"https://one": said(DEAD), "https://two": said(UNKNOWN)}
    name, check = placing.placed(GITHUB, TWO, answers, listed={"github"})
    assert (name, check.liveness) == ("github", DEAD)


@pytest.mark.parametrize(
    ("accounts", "wanted"),
    [
        ({"slack": "U1", "slack/two": "U2"}, "slack/two"),
        ({"slack": "U1"}, "slack/?"),
        ({}, "slack/?"),
    ],
)
def test_of_instances_at_one_address_it_is_where_the_person_has_that_account(
    accounts: dict[str, str], wanted: str
) -> None:
    answers = {"https://slack": said(LIVE, ident="U2")}
    name, check = placing.placed(SLACK, SAME, answers, known=accounts.items())
    assert (name, check.liveness) == (wanted, LIVE)
    assert check.holder is not None
    assert check.holder.provider == wanted


@pytest.mark.parametrize(
    ("accounts", "wanted"),
    [({}, "slack/?"), ({"slack": "U2"}, "slack"), ({"slack/two": "U2"}, "slack/two")],
)
def test_what_could_not_be_asked_at_the_same_address_may_be_the_one(accounts: dict[str, str], wanted: str) -> None:
    unread = [replace(SAME[0], settings=Gap(where="slack", why="no credential")), SAME[1]]
    answers = {"https://slack": said(LIVE, ident="U2")}
    assert placing.placed(SLACK, unread, answers, known=accounts.items())[0] == wanted


def test_what_is_left_over_and_could_not_be_asked_is_not_taken_for_it() -> None:
    of = AwsSettings(read=AwsCredentials(profile="none"), account="000000000001")
    one = Here(name="aws/one", settings=of, base="https://sts.amazonaws.com")
    unread = Here(name="aws/two", settings=Gap(where="aws/two", why="no credential"), base=one.base)
    holder = Account(provider="aws", id="AIDAEXAMPLE", login="arn:aws:iam::000000000002:user/sam")
    answer = Check(liveness=LIVE, reason="arn:aws:iam::000000000002:user/sam", at=NOW, holder=holder)
    assert AWS.issued(of, answer) is False  # type: ignore[attr-defined]
    assert placing.placed(AWS, [one, unread], {one.base: answer})[0] == "aws/?"


def test_an_address_that_one_instance_can_be_asked_at_answers_for_both(tmp_path: Path) -> None:
    file = tmp_path / "offkey.toml"
    file.write_text(
        '[providers.slack]\nread = "env:OFFKEY_NO_SUCH_TOKEN"\n[providers.slack.instances.two]\nread = "file:token"\n'
    )
    (tmp_path / "token").write_text("t")
    (tmp_path / "token").chmod(0o600)
    gaps: list[Gap] = []
    found = issuers.of(config.load(file), "slack", gaps, lambda: NOW)
    assert [gap.where for gap in gaps] == ["slack"]
    assert (len(found.readers), found.unasked, len({one.base for one in found.here})) == (1, {}, 1)
    assert found.issuer("slack") is None
    assert found.issuer("slack/two") is not None


def test_at_one_address_the_answer_stands_for_all() -> None:
    assert placing.placed(SLACK, SAME, {"https://slack": said(DEAD)}) == ("slack/?", said(DEAD))


def test_a_single_instance_is_as_it_always_was() -> None:
    answer = said(DEAD)
    assert placing.placed(GITHUB, here(github="https://one"), {"https://one": answer}) == ("github", answer)


def test_of_two_aws_accounts_the_arn_says_which() -> None:
    def of(account: str) -> Here:
        settings = AwsSettings(read=AwsCredentials(profile="none"), account=account)
        return Here(name=f"aws/a{account[-1:]}", settings=settings, base="https://sts.amazonaws.com")

    with AwsServer() as server:
        server.create_user("sam")
        key, secret = server.create_key("sam")
        settings = AwsSettings(read=AwsCredentials(profile="none"), account=server.account, url=server.url)
        parts = {"id": Secret(key.encode()), "secret": secret}
        answer = AWS.check(revokers.reader("aws", settings), Credential(kind="aws.access_key", parts=parts))
        assert answer.liveness is LIVE
        own = Here(name="aws/own", settings=settings, base="https://sts.amazonaws.com")
    answers: dict[str, Check] = {"https://sts.amazonaws.com": answer}
    assert placing.placed(AWS, [of("000000000001"), own, of("000000000002")], answers)[0] == "aws/own"
    assert placing.placed(AWS, [of(""), own], answers)[0] == "aws/own"
    assert placing.placed(AWS, [of("000000000001"), of("000000000002")], answers)[0] == "aws/?"


def test_names_go_on_and_come_off() -> None:
    sam = Account(provider="gitlab", id="101", login="sam")
    told: Any = AccessPoint(
        id="gitlab.account:101", provider="gitlab", kind="gitlab.account", holder=sam, check=said(LIVE)
    )
    outward = instances.outward("gitlab/corp", told)
    assert (outward.provider, outward.id) == ("gitlab/corp", "gitlab/corp:gitlab.account:101")
    assert outward.holder == Account(provider="gitlab/corp", id="101", login="sam")
    assert instances.inward("gitlab/corp", outward) == told
    assert instances.outward("gitlab", told) is told
    gap = Gap(where="gitlab sam", why="403", advice="see [providers.gitlab]")
    assert instances.gap("gitlab/corp", gap) == Gap(
        where="gitlab/corp sam", why="403", advice="see [providers.gitlab.instances.corp]"
    )
    assert instances.gap("gitlab/corp", Gap(where="the list", why="x")).where == "gitlab/corp: the list"


def test_a_token_that_names_its_shop_goes_to_that_instance_alone() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(401, json={"errors": "[API] Invalid API key or access token (unrecognized login)"})

    shopify = revokers.REGISTRY["shopify"]
    shops = {f"https://{name}.myshopify.com": name for name in ("one", "two")}
    parts = {"secret": Secret(b"shpat_" + b"0" * 32), "host": Secret(b"two.myshopify.com")}
    value = Credential(kind="shopify.admin", parts=parts)
    kinds = [kind for kind in shopify.HANDLES if kind.startswith("shopify.")]
    answers = {
        url: shopify.check(
            Reader(shopify.gate, url, instance=url, transport=httpx.MockTransport(answer), sleep=lambda _: None),
            Credential(kind=kinds[0], parts=value.parts),
        )
        for url in shops
    }
    instances_of = [Here(name=f"shopify/{name}", settings=None, base=url) for url, name in shops.items()]
    name, check = placing.placed(shopify, instances_of, answers)
    assert set(asked) == {"two.myshopify.com"}
    assert (name, check.liveness) == ("shopify/two", DEAD)
