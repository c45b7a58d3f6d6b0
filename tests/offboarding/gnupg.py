"""GnuPG with a home of its own: keys, commits signed with them, keyrings."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders import ANN, Person, Repo

GPG = pytest.mark.skipif(
    shutil.which("gpg") is None or shutil.which("gpgv") is None, reason="gpg and gpgv are not installed"
)


@dataclass
class Gnupg:
    folder: Path

    @property
    def _command(self) -> list[str]:
        home = str(self.folder / "g")
        return ["gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]

    def new(self, *people: str) -> None:
        """A key for each `Name <address>`."""
        for who in people:
            subprocess.run([*self._command, "--quick-generate-key", who, "ed25519"], check=True, capture_output=True)

    def sign(self, repo: Repo, by: str, message: str = "signed", who: Person = ANN) -> None:
        """A commit of `who`, signed by git itself with the key of an address."""
        wrapper = self.folder / "wrapped"
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(self._command[:-1])} "" "$@"\n')
        wrapper.chmod(0o755)
        repo.git("config", "gpg.format", "openpgp")
        repo.git("config", "gpg.program", str(wrapper))
        repo.git("config", "user.signingKey", by)
        repo.git("commit", "-q", "--allow-empty", "-S", "-m", message, author=who)

    def ring(self, *addresses: str, armour: bool = False) -> Path:
        """A keyring with the public keys of these addresses."""
        more = ["--armor"] if armour else []
        done = subprocess.run([*self._command, *more, "--export", *addresses], check=True, capture_output=True)
        path = self.folder / f"{len(list(self.folder.iterdir()))}.gpg"
        path.write_bytes(done.stdout)
        return path

    @property
    def keybox(self) -> Path:
        """All keys, in the form that GnuPG keeps them in."""
        return self.folder / "g" / "pubring.kbx"

    def ids(self) -> set[str]:
        """The ids of all keys and subkeys, as GnuPG lists them."""
        done = subprocess.run([*self._command, "--list-keys", "--with-colons"], check=True, capture_output=True)
        lines = [line.split(":") for line in done.stdout.decode().splitlines()]
        return {line[4] for line in lines if line[0] in ("pub", "sub")}


@contextmanager
def gnupg(folder: Path) -> Iterator[Gnupg]:
    """GnuPG in a folder with a short path; its agent is ended afterwards."""
    (folder / "g").mkdir(mode=0o700)
    try:
        yield Gnupg(folder)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(folder / "g"), "--kill", "gpg-agent"], check=False)
