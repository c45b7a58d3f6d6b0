"""`offkey scan --explain` says why each finding is a credential and why it is as sure as it is; on real files."""

import json
import random
import re
import string
from pathlib import Path
from typing import Any

import pytest

from offboarding import cli
from offboarding.demo.simulators import tokens
from offkey.errors import Exit
from rules import assigned, expand, judging, load, reasons
from rules.checks import CHECKSUMS
from tests.builders import Repo

CHANCE = random.Random("explained")
KEY = "".join(CHANCE.choices(string.ascii_letters + string.digits, k=32))
LETTERS = "".join(CHANCE.choices(string.ascii_letters + string.digits, k=20)) + "7a"
AWS_ID, AWS_SECRET = tokens.aws_pair("explained")
RULES = {rule.kind: rule for rule in load().rules}


def explained(folder: Path, content: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """The one finding in a file of this content, as JSON with its reasons."""
    (folder / "app").mkdir()
    (folder / "app" / "deploy.env").write_text(content)
    assert cli.main(["scan", str(folder / "app"), "--explain", "--format", "jsonl", *more]) == Exit.OPEN
    (found,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert isinstance(found, dict)
    return found


def test_a_token_with_a_prefix_and_a_checksum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(tmp_path, f"x = {tokens.github_classic('explained')}\n", capsys)
    first, *others = found["reasons"]
    assert first.startswith("rule github.pat.classic: it has the form of GitHub personal access token (classic) (https")
    assert "its last six characters are the checksum of the others" in others
    assert "high, as its rule says of any value of this form" in others
    assert any(line.endswith(f"(needs {RULES['github.pat.classic'].entropy:.2f})") for line in others)


def test_a_value_of_a_known_form_told_by_its_providers_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = expand(RULES["bannerbear.api_key"], RULES["bannerbear.api_key"].examples[0], 0).decode().partition("=")[2]
    found = explained(tmp_path, f"BANNERBEAR_API_KEY={value}", capsys)
    told = found["reasons"]
    share = f"{judging.surprise(value.strip().encode()):.2f} of what a random text"
    assert told[0].startswith("rule bannerbear.api_key: it has the right form (https://developers.bannerbear.com")
    assert "told by BANNERBEAR_API_KEY before it" in told
    assert any(line.startswith(f"random-looking: {share}") and line.endswith("(needs 0.72)") for line in told)
    assert any(line.startswith("not like words: ") and line.endswith("(at most 0.20)") for line in told)
    assert told[-1] == f"{found['confidence']}: a word such as key, token or secret stands by it"


def test_a_value_whose_form_nobody_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(tmp_path, f"apimetrics:\n  api_token: {KEY}\n", capsys)
    told = found["reasons"]
    assert found["confidence"] == "medium"
    assert "no form of it is published (https://docs.apimetrics.io/)" in told[0]
    assert "told by apimetrics and api_token before it" in told
    assert any(line.startswith("random-looking: ") and line.endswith("(needs 0.80)") for line in told)
    assert told[-1] == "medium: a word such as key, token or secret stands by it, and no form is published"


def test_a_password_told_by_its_name_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(tmp_path, f"SHOP_DB_PASSWORD={KEY[:14]}4\n", capsys)
    told = found["reasons"]
    assert (found["kind"], found["confidence"]) == ("generic.password", "medium")
    assert "told by the name SHOP_DB_PASSWORD before it" in told
    assert told[-1].startswith("medium: letters with digits; ")
    assert f"(low above {assigned.SPEAKING:.2f}" in told[-1]


def test_a_password_too_much_like_words_and_a_made_up_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = f"vault_password=stationering2024\ntest_token='{KEY}'\n"
    (tmp_path / "deploy.env").write_text(content)
    words = ["scan", str(tmp_path / "deploy.env"), "--generic", "--explain", "--format", "jsonl"]
    assert cli.main(words) == Exit.OPEN
    found = {row["kind"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    like = float(re.findall(r"(-?\d\.\d\d) bits a character like words", found["generic.password"]["reasons"][-1])[0])
    assert found["generic.password"]["confidence"] == "low"
    assert like > assigned.SPEAKING
    assert found["generic.token"]["confidence"] == "low"
    assert found["generic.token"]["reasons"][-1] == "low: its name says that it is made up"


def test_a_pair_and_one_part_of_it_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = explained(tmp_path, f"aws_access_key_id = {AWS_ID}\nsecret = {AWS_SECRET}\n", capsys)
    assert pair["reasons"][-1] == "high: not the id alone"
    assert "its secret stands within 6 lines of it" in pair["reasons"]
    (tmp_path / "alone").mkdir()
    alone = explained(tmp_path / "alone", f"id: {AWS_ID}\n", capsys)
    assert (alone["confidence"], alone["reasons"][-1]) == ("medium", "only medium: no secret within 6 lines of it")


def test_a_lone_part_of_low_confidence_is_explained_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = tokens.database_url("explained", user="", host="[::1]")
    found = explained(tmp_path, f"DATABASE_URL={url}\n", capsys, "--confidence", "low")
    assert (found["kind"], found["confidence"]) == ("database.postgres", "low")
    assert found["reasons"][-1].startswith("only low: no user and host on its line")


def test_a_private_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tokens.private_key_pem("explained")
    found = explained(tmp_path, key, capsys)
    assert found["reasons"][0].startswith("rule private_key.pkcs8: it has the form of Private key (PKCS#8) (https://")
    assert not any(line in said for said in found["reasons"] for line in key.splitlines())


def test_the_table_gives_the_reasons_on_request_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.env").write_text(f"apimetrics_api_token={KEY}\n")
    cli.main(["scan", str(tmp_path / "a.env")])
    assert "credential: " not in capsys.readouterr().out
    cli.main(["scan", str(tmp_path / "a.env"), "--explain"])
    assert "credential: told by apimetrics_api_token before it" in " ".join(capsys.readouterr().out.split())


def test_what_is_only_in_history_is_explained_from_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = Repo.create(tmp_path / "past")
    repo.commit("in", {"deploy.env": f"apimetrics_api_token={KEY}\n"})
    repo.commit("out", {"deploy.env": ""})
    assert cli.main(["scan", str(repo.path), "--explain", "--format", "json"]) == Exit.OPEN
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert "told by apimetrics_api_token before it" in found["reasons"]


def test_without_explain_nothing_is_worked_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "reasons", lambda *_: pytest.fail("reasons were worked out"))
    (tmp_path / "a.env").write_text(f"apimetrics_api_token={KEY}\n")
    assert cli.main(["scan", str(tmp_path / "a.env"), "--format", "jsonl"]) == Exit.OPEN
    assert "reasons" not in json.loads(capsys.readouterr().out)


def test_no_name_is_quoted_that_may_be_a_credential_or_holds_the_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tokens.github_classic("a name")
    content = f'{{"{KEY}_{LETTERS}_token": "{KEY}"}}\n{token}_password=Kr4tzbaum!{LETTERS[:4]}\n'
    (tmp_path / "a.json").write_text(content)
    assert cli.main(["scan", str(tmp_path / "a.json"), "--explain", "--format", "json"]) == Exit.OPEN
    out = capsys.readouterr().out
    told = [line for one in json.loads(out)["findings"] for line in one["reasons"]]
    assert any("(a name that is not shown)" in line for line in told)
    assert not any(piece in out for piece in (KEY, LETTERS, token, "Kr4tzbaum"))


def test_every_check_has_its_words() -> None:
    assert set(reasons._SUMS) | {"drawn", "opaque"} == set(CHECKSUMS)


@pytest.mark.parametrize("kind", [kind for kind in RULES if kind.startswith(("sentry", "azure", "private_key", "gcp"))])
def test_no_reason_holds_a_value_or_a_piece_of_it(kind: str) -> None:
    from rules.light import light
    from rules.match import find

    compact = {one.kind: one for one in light(load())}[kind]
    for index, template in enumerate(RULES[kind].examples):
        text = expand(RULES[kind], template, index)
        for match in find(compact, text):
            told = reasons.reasons(RULES[kind], compact, text, match.spans, lambda _: True)
            assert told.confidence == match.confidence
            assert told.lines
            for _, start, end in match.spans:
                value = text[start:end].decode("latin-1")
                pieces = {value[at : at + 12] for at in range(4, max(5, len(value) - 12))}
                assert not any(piece in line for piece in pieces for line in told.lines)
