"""Approvals with real ssh-keygen: one way to say yes, and every way in which a yes does not count."""

import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding.approval import approve, signing
from offboarding.approval.approve import ApprovalRefused, accept
from offboarding.approval.signing import RegisterBroken, SigningFailed
from offkey.errors import UsageError
from offkey.model import AccessPoint, Account, Action, Approval, Identity, Person, Plan, Step
from tests import needs

pytestmark = needs.OPENSSH

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ANN, BOB = "ann@example.com", "bob@example.com"


def make_key(folder: Path, name: str, *options: str) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, *options, "-f", str(folder / name)], check=True
    )
    return folder / name


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("ann", "bob", "mallory")}


def line(email: str, key: Path, more: str = "") -> str:
    return f'{email} namespaces="offkey-plan"{more} {key.with_suffix(".pub").read_text().strip()}\n'


@pytest.fixture
def register(tmp_path: Path, keys: dict[str, Path]) -> Path:
    file = tmp_path / "approvers"
    file.write_text("# who may approve\n\n" + line(ANN, keys["ann"]) + line(BOB, keys["bob"]))
    return file


def plan(**changes: object) -> Plan:
    point = AccessPoint(id="p1", provider="github", kind="github.pat.classic")
    step = Step(id="s1", point=point, action=Action.REVOKE, reversible=False, reason="theirs", needs="github-by-value")
    made = Plan(
        run="r1",
        person=Person(
            id="lea",
            emails=("lea@example.com",),
            accounts=(Account(provider="github", id="1", login="lea", email="lea@work.example"),),
            certain=(Identity(email="lea@home.example"),),
            probable=(Identity(email="lea@maybe.example"),),
        ),
        requester="sec@example.com",
        created_at=NOW - timedelta(hours=1),
        expires_at=NOW + timedelta(hours=71),
        rules_digest="sha256:r",
        key_id="aaaa",
        steps=(step,),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def signed(key: Path, who: str = ANN, the_plan: Plan | None = None, **options: object) -> Approval:
    return approve.sign(approve.approve(the_plan or plan(), who, NOW, **options), key)  # type: ignore[arg-type]


def refused(
    approval: Approval | None, register: Path, says: str, *, at: datetime = NOW, of: Plan | None = None
) -> None:
    with pytest.raises(ApprovalRefused, match=says) as caught:
        accept(of or plan(), approval, register, at)
    assert caught.value.advice


def test_a_signed_approval_of_exactly_this_plan_counts(keys: dict[str, Path], register: Path) -> None:
    accept(plan(), signed(keys["ann"]), register, NOW)
    accept(plan(), signed(keys["bob"], BOB, allows=["github-by-value"]), register, NOW + timedelta(hours=23))


def test_the_signature_is_what_plain_ssh_keygen_makes_by_hand(
    keys: dict[str, Path], register: Path, tmp_path: Path
) -> None:
    unsigned = approve.approve(plan(), ANN, NOW)
    file = tmp_path / "statement"
    file.write_bytes(approve.statement(unsigned))
    subprocess.run(signing.sign_command(keys["ann"], file), shell=True, check=True, capture_output=True)
    accept(plan(), replace(unsigned, signature=Path(f"{file}.sig").read_text()), register, NOW)


def test_an_agents_key_signs_by_its_public_half_alone(
    keys: dict[str, Path], register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    variables = dict(re.findall(r"(SSH_\w+)=([^;]+);", agent))
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", variables["SSH_AUTH_SOCK"])
        subprocess.run(["ssh-add", "-q", str(keys["ann"])], check=True, env={**os.environ})
        public = tmp_path / "ann.pub"
        public.write_text(keys["ann"].with_suffix(".pub").read_text())
        accept(plan(), signed(public), register, NOW)
    finally:
        os.kill(int(variables["SSH_AGENT_PID"]), signal.SIGTERM)


def test_no_approval_and_an_unsigned_one_are_refused(register: Path) -> None:
    refused(None, register, "has no approval")
    refused(approve.approve(plan(), ANN, NOW), register, "not signed")


@pytest.mark.parametrize(
    "changes",
    [
        {"run": "r2"},
        {"steps": ()},
        {"person": Person(id="other")},
        {"expires_at": NOW + timedelta(hours=70)},
        {"rules_digest": "sha256:s"},
        {"requester": "else@example.com"},
    ],
)
def test_an_approval_of_another_or_edited_plan_is_refused(
    keys: dict[str, Path], register: Path, changes: dict[str, object]
) -> None:
    refused(signed(keys["ann"]), register, "another plan, or the plan was changed", of=plan(**changes))


def test_the_digest_cannot_be_bent_to_fit_an_edited_plan(keys: dict[str, Path], register: Path) -> None:
    edited = plan(steps=())
    refused(replace(signed(keys["ann"]), plan_digest=edited.digest), register, "does not hold", of=edited)


@pytest.mark.parametrize(
    ("minutes", "says"), [(-1, "counts from"), (24 * 60, "expired"), (24 * 60 + 1, "expired"), (10**6, "expired")]
)
def test_it_counts_only_from_its_time_to_its_end(
    keys: dict[str, Path], register: Path, minutes: int, says: str
) -> None:
    refused(signed(keys["ann"]), register, says, at=NOW + timedelta(minutes=minutes))


def test_it_never_outlives_its_plan_even_when_it_says_so(keys: dict[str, Path], register: Path) -> None:
    late = approve.approve(plan(), ANN, NOW, valid=timedelta(days=90))
    assert late.expires_at == plan().expires_at
    longer = approve.sign(replace(late, expires_at=NOW + timedelta(days=90)), keys["ann"])
    refused(longer, register, "expired", at=plan().expires_at)
    with pytest.raises(ApprovalRefused, match="plan expired"):
        approve.approve(plan(), ANN, plan().expires_at)


@pytest.mark.parametrize(
    "field",
    [
        {"approver": BOB},
        {"at": NOW - timedelta(minutes=5)},
        {"expires_at": NOW + timedelta(days=2)},
        {"allows": ("github-by-value",)},
    ],
)
def test_any_changed_word_of_the_statement_breaks_the_signature(
    keys: dict[str, Path], register: Path, field: dict[str, object]
) -> None:
    refused(replace(signed(keys["ann"]), **field), register, "does not hold")  # type: ignore[arg-type]


def test_an_approver_outside_the_register_is_refused(keys: dict[str, Path], register: Path) -> None:
    refused(signed(keys["mallory"], "mallory@example.com"), register, "not in the register")


def test_a_signature_by_another_key_of_the_register_is_refused(keys: dict[str, Path], register: Path) -> None:
    refused(signed(keys["bob"], ANN), register, "does not hold")
    refused(signed(keys["mallory"], ANN), register, "does not hold")


@pytest.mark.parametrize("who", ["sec@example.com", "SEC@example.com"])
def test_the_requester_may_not_approve(keys: dict[str, Path], register: Path, who: str) -> None:
    register.write_text(line("sec@example.com", keys["ann"]))
    with pytest.raises(ApprovalRefused, match="asked for this plan"):
        approve.approve(plan(), who, NOW)
    forged = approve.sign(replace(approve.approve(plan(), ANN, NOW), approver=who), keys["ann"])
    refused(forged, register, "asked for this plan")


@pytest.mark.parametrize(
    "who", ["lea@example.com", "LEA@Example.com", "lea@home.example", "lea@maybe.example", "lea@work.example"]
)
def test_the_person_may_not_approve_by_any_address(keys: dict[str, Path], register: Path, who: str) -> None:
    register.write_text(line(who, keys["ann"]))
    with pytest.raises(ApprovalRefused, match="the person whom the plan is about"):
        approve.approve(plan(), who, NOW)
    forged = approve.sign(replace(approve.approve(plan(), ANN, NOW), approver=who), keys["ann"])
    refused(forged, register, "the person whom the plan is about")


def test_a_signature_made_for_another_purpose_is_refused(keys: dict[str, Path], register: Path) -> None:
    unsigned = approve.approve(plan(), ANN, NOW)
    for namespace in ("git", "file", "offkey-plan2"):
        done = subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", keys["ann"]],
            input=approve.statement(unsigned), capture_output=True, check=True,
        )  # fmt: skip
        refused(replace(unsigned, signature=done.stdout.decode()), register, "does not hold")


@pytest.mark.parametrize(
    "garbage", ["x", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", "\x00ü"]
)
def test_garbage_is_no_signature(register: Path, garbage: str) -> None:
    refused(replace(approve.approve(plan(), ANN, NOW), signature=garbage), register, "does not hold")


def test_a_key_counts_only_within_the_registers_dates(keys: dict[str, Path], register: Path) -> None:
    approval = signed(keys["ann"])
    register.write_text(line(ANN, keys["ann"], ',valid-before="20261102080000"'))
    refused(approval, register, "does not hold")
    register.write_text(line(ANN, keys["ann"], ',valid-after="20261102100000"'))
    refused(approval, register, "does not hold")
    register.write_text(line(ANN, keys["ann"], ',valid-after="20261102080000",valid-before="20261102100000"'))
    accept(plan(), approval, register, NOW)
    refused(approval, register, "does not hold", at=NOW + timedelta(hours=2))


def test_a_revoked_key_no_longer_counts(keys: dict[str, Path], register: Path) -> None:
    approval = signed(keys["ann"])
    accept(plan(), approval, register, NOW)
    register.with_name("approvers.revoked").write_text(keys["ann"].with_suffix(".pub").read_text())
    refused(approval, register, "does not hold: .*revoked")
    accept(plan(), signed(keys["bob"], BOB), register, NOW)
    register.write_text(line(BOB, keys["bob"]))
    refused(approval, register, "not in the register")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('*@example.com namespaces="offkey-plan" KEY', "not one plain e-mail"),
        ('ann@example.com,bob@example.com namespaces="offkey-plan" KEY', "not one plain e-mail"),
        ('ann namespaces="offkey-plan" KEY', "not one plain e-mail"),
        ("ann@example.com KEY", "not for this use alone"),
        ('ann@example.com namespaces="*" KEY', "not for this use alone"),
        ('ann@example.com namespaces="git,offkey-plan" KEY', "not for this use alone"),
        ('ann@example.com cert-authority,namespaces="offkey-plan" KEY', "certificate authorities"),
        ('ann@example.com namespaces="offkey-plan"', "no public key"),
        ('ann@example.com namespaces="offkey-plan" KEY\nANN@example.com namespaces="offkey-plan" OTHER', "there twice"),
        ('ann@example.com namespaces="offkey-plan" KEY\nann2@example.com namespaces="offkey-plan" KEY', "same key as"),
    ],
)  # fmt: skip
def test_a_register_that_would_let_the_wrong_one_approve_is_refused(
    keys: dict[str, Path], register: Path, text: str, says: str
) -> None:
    public = {
        name: keys[key].with_suffix(".pub").read_text().strip() for name, key in (("KEY", "ann"), ("OTHER", "bob"))
    }
    register.write_text(re.sub("KEY|OTHER", lambda m: public[m[0]], text))
    with pytest.raises(RegisterBroken, match=says) as caught:
        signing.read_register(register)
    assert "line" in str(caught.value)
    refused(signed(keys["ann"]), register, says)


def test_a_missing_register_refuses(keys: dict[str, Path], tmp_path: Path) -> None:
    refused(signed(keys["ann"]), tmp_path / "none", "cannot be read")


def test_an_extra_yes_that_nobody_asked_for_is_a_wrong_call(register: Path) -> None:
    with pytest.raises(UsageError, match="no step of the plan needs 'everything'") as caught:
        approve.approve(plan(), ANN, NOW, allows=["everything"])
    assert "github-by-value" in caught.value.advice


def test_missing_extra_yeses_are_named_until_one_approval_gives_them() -> None:
    without, having = (approve.approve(plan(), ANN, NOW, allows=a) for a in ([], ["github-by-value"]))
    assert approve.missing(plan(), [without]) == ("github-by-value",)
    assert approve.missing(plan(), [without, having]) == ()


def test_signing_with_what_is_no_key_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "nokey").write_text("not a key")
    for name in ("nokey", "missing"):
        with pytest.raises(SigningFailed) as caught:
            approve.sign(approve.approve(plan(), ANN, NOW), tmp_path / name)
        assert "--key" in caught.value.advice


def test_the_statement_is_canonical_json_of_everything_but_the_signature(keys: dict[str, Path]) -> None:
    approval = signed(keys["ann"])
    assert json.loads(approve.statement(approval)) == {
        "plan_digest": plan().digest,
        "approver": ANN,
        "at": "2026-11-02T09:00:00Z",
        "expires_at": "2026-11-03T09:00:00Z",
        "allows": [],
    }
    assert b" " not in approve.statement(approval)
