"""Made-up credentials have the shape and the checksum of real ones."""

import inspect
import re
import zlib

import pytest

from offboarding.demo.simulators import tokens

SHAPES = {
    tokens.github_classic: r"ghp_[A-Za-z0-9]{36}",
    tokens.github_oauth: r"gho_[A-Za-z0-9]{36}",
    tokens.github_app_user: r"ghu_[A-Za-z0-9]{36}",
    tokens.github_installation: r"ghs_[A-Za-z0-9]{36}",
    tokens.github_refresh: r"ghr_[A-Za-z0-9]{76}",
    tokens.github_fine_grained: r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    tokens.gitlab_personal: r"glpat-[\w-]{20}",
    tokens.gitlab_routable: r"glpat-[\w-]{27}\.[0-9a-z]{9}",
    tokens.slack_bot: r"xoxb-\d{12}-\d{13}-[A-Za-z0-9]{24}",
    tokens.slack_user: r"xoxp-\d{12}-\d{12}-\d{12}-[0-9a-f]{32}",
    tokens.slack_app: r"xapp-1-A[A-Z0-9]{10}-\d{13}-[0-9a-f]{64}",
    tokens.npm: r"npm_[A-Za-z0-9]{36}",
    tokens.vercel_personal: r"vcp_[A-Za-z0-9]{56}",
    tokens.pypi: r"pypi-AgEIcHlwaS5vcmc[\w-]{70,}",
    tokens.stripe_live: r"sk_live_[A-Za-z0-9]{24}",
    tokens.openai_project: r"sk-proj-[\w-]+T3BlbkFJ[\w-]+",
    tokens.anthropic: r"sk-ant-api03-[\w-]{93}AA",
    tokens.huggingface: r"hf_[A-Za-z]{34}",
    tokens.sendgrid: r"SG\.[\w-]{22}\.[\w-]{43}",
    tokens.digitalocean: r"dop_v1_[a-f0-9]{64}",
    tokens.docker_hub: r"dckr_pat_[\w-]{27}",
    tokens.google_api_key: r"AIza[\w-]{35}",
    tokens.database_url: r"postgresql://app:\w{20}@db\.example\.com:5432/app",
    tokens.private_key_pem: r"-----BEGIN PRIVATE KEY-----\n[\w+/=\n]+-----END PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("build", SHAPES, ids=lambda build: build.__name__)
def test_a_builder_gives_the_right_shape_and_the_seed_alone_decides_the_value(build):
    assert re.fullmatch(SHAPES[build], build("alice"))
    assert build("alice") == build("alice") != build("bob")


def _base62(text: str) -> int:
    number = 0
    for letter in text:
        number = number * 62 + tokens.BASE62.index(letter)
    return number


@pytest.mark.parametrize(
    "build",
    [tokens.github_classic, tokens.github_oauth, tokens.github_app_user, tokens.github_refresh, tokens.npm],
    ids=lambda build: build.__name__,
)
@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_the_last_six_characters_are_the_crc_of_the_body_without_its_prefix(build, seed):
    body = build(seed).split("_", 1)[1]
    assert _base62(body[-6:]) == zlib.crc32(body[:-6].encode())


def test_a_short_checksum_is_padded_with_zeros():
    assert tokens.crc_tail("", 6) == "000000"


def test_the_aws_pair_uses_the_alphabet_of_real_key_ids():
    key_id, secret = tokens.aws_pair("alice")
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key_id)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", secret)


def test_the_source_of_the_builders_holds_no_value():
    assert not re.search(
        r"[A-Za-z0-9]{30,}", inspect.getsource(tokens).replace(tokens.BASE62, "").replace(tokens.UPPER, "")
    )
