"""Fingerprints of public keys are what ssh-keygen tells."""

import subprocess
from pathlib import Path

import pytest

from offboarding.demo.simulators import tokens
from revokers.public_keys import fingerprint
from tests import needs


@needs.OPENSSH
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_line_has_the_fingerprint_that_ssh_keygen_tells(tmp_path: Path, kind: str) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "sam", "-f", str(key)], check=True)
    told = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True, text=True)
    line = key.with_suffix(".pub").read_text()
    for text in (line, line.strip(), f"no-pty {line}", f'command="run ssh-rsa" {line}'):
        assert fingerprint(text) == told.stdout.split()[1]


def test_what_is_no_public_key_has_no_fingerprint() -> None:
    body = tokens.ssh_public("x").split()[1]
    for text in ("", None, 7, "ssh-ed25519", f"ssh-rsa {body}", f"ssh-ed25519 {body[:-1]}!", f"ssh-ed25519 x{body}"):
        assert fingerprint(text) == ""
