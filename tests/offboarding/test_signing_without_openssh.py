"""Where there is no ssh-keygen: the same signatures hold, and whatever cannot be judged is refused."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offboarding.approval import signing
from offboarding.demo import approver
from tests import needs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GRACE = "grace@example.com"
STATEMENT = b'{"plan_digest":"sha256:00"}'


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "key"


def register(folder: Path, public: str, options: str = "") -> Path:
    file = folder / "approvers"
    file.write_text(f'{GRACE} namespaces="offkey-plan"{options} {public}\n')
    return file


def signature(folder: Path, key: Path) -> str:
    statement = folder / "statement"
    statement.write_bytes(STATEMENT)
    return approver.sign(statement, key).read_text()


@pytest.fixture
def no_openssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert shutil.which("ssh-keygen") is None


@needs.OPENSSH
def test_a_signature_of_ours_is_one_that_openssh_accepts(key: Path, tmp_path: Path) -> None:
    file = register(tmp_path, approver.make_key(key))
    signing.verify(STATEMENT, signature(tmp_path, key), GRACE, file, NOW)


@needs.OPENSSH
def test_a_signature_of_openssh_holds_without_it(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    file = register(tmp_path, key.with_suffix(".pub").read_text().strip())
    signed = signing.sign(STATEMENT, key)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    signing.verify(STATEMENT, signed, GRACE, file, NOW)


@pytest.mark.usefixtures("no_openssh")
def test_another_statement_another_key_and_another_time_are_refused(key: Path, tmp_path: Path) -> None:
    file = register(tmp_path, approver.make_key(key))
    signed = signature(tmp_path, key)
    signing.verify(STATEMENT, signed, GRACE, file, NOW)
    with pytest.raises(signing.SignatureRefused, match="does not hold"):
        signing.verify(STATEMENT + b" ", signed, GRACE, file, NOW)
    foreign = tmp_path / "foreign"
    approver.make_key(foreign)
    with pytest.raises(signing.SignatureRefused, match="not by a key"):
        signing.verify(STATEMENT, signature(tmp_path, foreign), GRACE, file, NOW)
    expired = register(tmp_path, " ".join(file.read_text().split()[-2:]), ',valid-before="20261101"')
    with pytest.raises(signing.SignatureRefused, match="not by a key"):
        signing.verify(STATEMENT, signed, GRACE, expired, NOW)


@pytest.mark.usefixtures("no_openssh")
def test_what_only_openssh_can_judge_is_refused(key: Path, tmp_path: Path) -> None:
    file = register(tmp_path, approver.make_key(key))
    (tmp_path / "approvers.revoked").write_text("")
    with pytest.raises(signing.SignatureRefused, match="revoked"):
        signing.verify(STATEMENT, signature(tmp_path, key), GRACE, file, NOW)
