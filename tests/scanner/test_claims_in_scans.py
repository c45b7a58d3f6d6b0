"""What a credential says of its owner is the same however it was found, and never its value."""

import json
from pathlib import Path

import pytest

from offkey.found import Claim, Finding
from rules import RuleSet
from rules.examples import expand
from scanner.claims.around import with_surroundings
from scanner.claims.tokens import unbase64
from scanner.matching.matcher import masking
from scanner.output import formats
from scanner.values import read_text, read_value
from tests.builders import Repo, token
from tests.needs import KERNEL
from tests.scanner.conftest import Scan
from tests.scanner.test_claims import jwt
from tests.scanner.test_memory import Shelf, old
from tests.scanner.test_memory import look as look_again

PASSWORD = token("", 24)
TOKEN = jwt({"sub": "8812-sam", "email": "sam@corp.test", "iss": "https://sso.corp.test"}).decode()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "r")
    lines = "".join(f"line {n}\n" for n in range(60))
    repo.commit("one", {"db.py": f'{lines}URL = "mongodb://sam:{PASSWORD}@db1.corp.io/app"\n{lines}'})
    repo.commit("two", {"db.py": f'{lines}URL = "mongodb://ann:{PASSWORD}@db1.corp.io/app"\n{lines}more\n'})
    repo.commit("three", {"auth.sh": f'curl -H "Authorization: Bearer {TOKEN}" https://api.corp.io\n'})
    repo.git("gc", "-q")
    return repo


def of(findings: tuple[Finding, ...], kind: str) -> Finding:
    (found,) = (finding for finding in findings if finding.kind == kind)
    return found


def test_a_finding_tells_what_its_value_says_at_any_of_its_places(repo: Repo, look: Scan) -> None:
    findings = look(repo.path).findings
    database = of(findings, "database.mongodb")
    assert database.claims == (
        Claim(source="user of the mongodb URL", subject="ann", grade="written"),
        Claim(source="user of the mongodb URL", subject="sam", grade="written"),
    )
    told = of(findings, "jwt.token")
    assert Claim(source="JWT email", subject="sam@corp.test", grade="issued") in told.claims
    assert any(line.startswith("inside the value: JWT email sam@corp.test") for line in told.evidence)


def test_every_way_of_looking_tells_the_same_claims(repo: Repo, look: Scan) -> None:
    ways = ({}, {"compiled": False}, {"exhaustive": True}, {"jobs": 2}, {"matcher": "keyword"})
    told = [[(f.kind, f.claims, f.evidence) for f in look(repo.path, **way).findings] for way in ways]
    assert told[0]
    assert all(one == told[0] for one in told)


@KERNEL
def test_a_second_scan_remembers_the_claims(repo: Repo) -> None:
    shelf = Shelf()
    old(repo.path)
    first = look_again(repo.path, shelf)
    assert look_again(repo.path, shelf).findings == first.findings
    repo.commit("four", {"c.txt": "nothing"})
    assert [f.claims for f in look_again(repo.path, shelf).findings] == [f.claims for f in first.findings]
    assert any(f.claims for f in first.findings)


def test_json_lists_the_claims_and_neither_value(repo: Repo, look: Scan) -> None:
    text = formats.jsonl(look(repo.path).findings, ephemeral=False)
    rows = [json.loads(line) for line in text.splitlines()]
    told = [claim for row in rows for claim in row["claims"]]
    assert {"source": "JWT sub", "subject": "8812-sam", "grade": "issued"} in told
    assert PASSWORD not in text
    assert TOKEN not in text
    assert TOKEN.split(".")[2] not in text


def test_a_credential_inside_a_token_is_masked_in_what_is_told(tmp_path: Path, look: Scan) -> None:
    inner = token("sk_live_", 24)
    held = jwt({"sub": inner, "email": "sam@corp.test"}).decode()
    (tmp_path / "a.txt").write_text(f"token: {held}\n")
    found = of(look(tmp_path).findings, "jwt.token")
    assert found.claims
    assert inner not in str(found)


def test_of_no_example_of_any_rule_is_the_value_or_a_half_of_it_told(
    tmp_path: Path, look: Scan, ruleset: RuleSet
) -> None:
    """Claims, and what the file around says, over every example of every rule."""
    for rule in ruleset.rules:
        for number, template in enumerate(rule.examples):
            (tmp_path / f"{rule.kind}-{number}.txt").write_bytes(expand(rule, template, number))
    findings = look(tmp_path).findings
    told = with_surroundings(findings, read_text, {}, masking(ruleset))
    assert sum(bool(finding.claims) for finding in told) > 30
    quoted = {finding.fingerprint: "\n".join((str(finding.claims), *finding.evidence)) for finding in told}
    everything = "\n".join(quoted.values())
    for finding in findings:
        secret = read_value(finding.places[0]).get("secret", b"").decode("latin-1")
        if len(secret) >= 8:
            assert secret not in everything, finding.kind
            assert secret[len(secret) // 2 :] not in quoted[finding.fingerprint], finding.kind
            password = unbase64(secret.encode("latin-1")).partition(b":")[2].decode("latin-1")
            assert len(password) < 6 or password not in quoted[finding.fingerprint], finding.kind
