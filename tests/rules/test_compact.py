"""The short form of a rule: a value that its provider's name announces."""

from pathlib import Path

import pytest

from rules import Rule, RuleError, expand, load
from rules.examples import problems
from rules.light import lighten
from rules.match import find

TEXT = """
provider = "acmecorp"
console = "https://acme.test/keys"
handover = "Ask."
[[rule]]
kind = "acmecorp.key"
name = "Acmecorp key"
context = ["acmecorp", "acme_corp"]
value = '[0-9a-f]{32}'
samples = ["<hex:32>"]
confidence = "high"
ownership = "shared"
references = ["https://acme.test/docs"]
"""
OVER = 'over = ["box.client_secret"]'
"""A rule of ours knows the name `box`, too."""


def made(folder: Path, text: str = TEXT) -> Rule:
    path = folder / "acmecorp.toml"
    path.write_text(text, encoding="utf-8")
    (rule,) = [rule for rule in load([path]).rules if rule.provider == "acmecorp"]
    return rule


def values(rule: Rule, template: str) -> list[bytes]:
    content = expand(rule, template, 0)
    return [content[match.start : match.end] for match in find(lighten(rule), content)]


def test_its_own_examples_and_counterexamples_hold(tmp_path: Path) -> None:
    rule = made(tmp_path)
    assert len(rule.examples) > 10
    assert len(rule.counterexamples) >= 4
    assert list(problems(rule)) == []


@pytest.mark.parametrize(("given", "expected"), [("high", "medium"), ("medium", "medium"), ("low", "low")])
def test_a_value_by_its_providers_name_alone_is_at_most_of_medium_confidence(
    tmp_path: Path, given: str, expected: str
) -> None:
    rule = lighten(made(tmp_path, TEXT.replace('confidence = "high"', f'confidence = "{given}"')))
    content = b"AcmeCorp('4f9a1c7e2b8d6f0a3c5e7b9d1f2a4c6e')"
    assert [match.confidence for match in find(rule, content)] == [expected]


@pytest.mark.parametrize(
    "template",
    [
        "ACME_CORP_API_KEY=<hex:32>\n",
        "acme-corp:\n  region: eu\n  secret: <hex:32>\n",
        "new AcmeCorp('<hex:32>')",
        "requests.get('https://api.acmecorp.com/v1', headers={'X-Key': '<hex:32>'})",
        "[INFO] using Acme Corp token <hex:32>\n",
        "<acmecorp><access_token><hex:32></access_token></acmecorp>",
    ],
)
def test_a_value_is_found_in_the_ways_people_write_it(tmp_path: Path, template: str) -> None:
    (value,) = values(made(tmp_path), template)
    assert len(value) == 32


@pytest.mark.parametrize(
    "template",
    [
        "acmecorp_commit = <hex:32>\n",
        "acmecorp/client@sha256:<hex:32>\n",
        "acmecorp_public_key: <hex:32>\n",
        "ACMECORP_KEY_ID=<hex:32>\n",
        "acmecorp_key = <hex:31>\n",
        "acmecorp_key = <hex:33>\n",
        "acmecorp_key = <hex:32>.png\n",
        "acmecorp_key = 00000000000000000000000000000000\n",
        "acmecorp_key = 0123456789abcdef0123456789abcdef\n",
        "acmecorp\n\n\n\n\n\nkey = <hex:32>\n",
        "acmecorp " + "x " * 50 + "key = <hex:32>\n",
    ],
)
def test_what_is_no_credential_is_left_alone(tmp_path: Path, template: str) -> None:
    assert values(made(tmp_path), template) == []


def test_the_second_value_counts_by_its_own_name(tmp_path: Path) -> None:
    rule = made(tmp_path)
    assert len(values(rule, "acmecorp: {key: '<hex:32>', secret: '<hex:32>'}")) == 2
    assert len(values(rule, "acmecorp: {key: '<hex:32>', build: '<hex:32>'}")) == 1


def test_an_everyday_word_needs_a_word_for_keys_joined_to_it(tmp_path: Path) -> None:
    text = TEXT.replace('["acmecorp", "acme_corp"]', f'["box"]\nordinary = true\n{OVER}')
    rule = made(tmp_path, text)
    assert values(rule, "BOX_CLIENT_SECRET=<hex:32>\n")
    assert values(rule, "box:\n  client_secret: <hex:32>\n")
    assert values(rule, "boxClientSecret = '<hex:32>'\n")
    assert not values(rule, "put it in the box <hex:32>\n")
    assert not values(rule, "box = <hex:32>\n")
    assert not values(rule, "inbox_key = <hex:32>\n")


def test_a_name_that_holds_a_word_for_keys_needs_no_other(tmp_path: Path) -> None:
    rule = made(tmp_path, TEXT.replace('["acmecorp", "acme_corp"]', f'["box", "box_token"]\nordinary = true\n{OVER}'))
    assert values(rule, "MY_BOX_TOKEN=<hex:32>\n")
    assert not values(rule, "BOX_TOKEN_URL=<hex:32>\n")


def test_pinned_commits_and_digests_of_packages_are_no_values(tmp_path: Path) -> None:
    rule = made(tmp_path)
    assert not values(rule, "uses: acmecorp/token-action@<hex:32>\n")
    assert not values(rule, 'resolved "https://pkg.corp.io/acmecorp-key-1.tgz#<hex:32>"\n')


def test_a_value_whose_form_nobody_published_must_look_drawn_at_random(tmp_path: Path) -> None:
    rule = made(tmp_path, TEXT.replace("'[0-9a-f]{32}'", "'opaque'"))
    for template in ("<base62:24>", "<hex:40>", "<lower:32>", "<b64url:43>", "<uuid>"):
        assert values(rule, f"ACMECORP_TOKEN={template}\n"), template
    for text in (
        "my-long-acme-service-token",
        "com.acmecorp.client.TokenProvider",
        "2024-01-02T10:11:12.000",
        "/etc/acmecorp/token/file1",
    ):
        assert not values(rule, f"acmecorp_token = {text}\n"), text
    assert not values(rule, "acmecorp <base62:24>\n")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("samples = [\"<hex:32>\"]", "samples = []"), "context or samples are empty"),
        (("value = '[0-9a-f]{32}'", "value = '([0-9a-f]{32})'"), "group of its own"),
        (('context = ["acmecorp", "acme_corp"]', 'context = ["acm"]'), "is short"),
        (('context = ["acmecorp", "acme_corp"]', 'context = ["acme*"]'), "is none"),
        (("value =", 'pattern = "x"\nvalue ='), "has pattern and context"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        made(tmp_path, TEXT.replace(*change))


@pytest.mark.parametrize(
    "template",
    [
        "ACME_CORP_API_KEY=\nPAYMENTS_API_KEY=<hex:32>\n",
        "ACMECORP_TOKEN='<base62:9>'\nexport BETA_TOKEN='<hex:32>'\n",
        "acmecorp_api_key: changeme\nbeta_api_key: <hex:32>\n",
        '{{"acmecorpApiKey": "", "betaApiKey": "<hex:32>"}}'.replace(", ", ",\n"),
    ],
)
def test_a_value_given_to_somebody_elses_name_is_theirs(tmp_path: Path, template: str) -> None:
    assert values(made(tmp_path), template) == []


@pytest.mark.parametrize(
    "template",
    [
        "ACMECORP_KEY=<hex:32>\nBETA_KEY=<hex:32>\n",
        "acmecorp.key=<hex:32>\npayments.secret=<hex:32>\n",
    ],
)
def test_behind_its_own_value_no_other_name_counts(tmp_path: Path, template: str) -> None:
    assert len(values(made(tmp_path), template)) == 1


@pytest.mark.parametrize(
    "template",
    [
        "acmecorp:\n  production_api_key: <hex:32>\n  webhook_secret: <hex:32>\n",
        "ACMECORP_KEY=<hex:32>\nACMECORP_SECRET=<hex:32>\n",
        "acmecorp_key = <hex:32>\nclient_secret = <hex:32>\n",
    ],
)
def test_names_of_anybodys_keys_below_a_providers_are_its_own(tmp_path: Path, template: str) -> None:
    assert len(values(made(tmp_path), template)) == 2


def test_a_word_for_keys_in_a_providers_name_is_none(tmp_path: Path) -> None:
    text = TEXT.replace("acmecorp", "acmekey").replace("acme_corp", "acme_key")
    path = tmp_path / "acmekey.toml"
    path.write_text(text, encoding="utf-8")
    (rule,) = [rule for rule in load([path]).rules if rule.provider == "acmekey"]
    (bare,), (given,) = (
        [m.confidence for m in find(lighten(rule), expand(rule, one, 0))]
        for one in ("acmekey <hex:32>\n", "acmekey_secret=<hex:32>\n")
    )
    assert (bare, given) == ("low", "high")
