"""Private keys are sent nowhere: what files authorise, and what is never claimed."""

from pathlib import Path

import pytest

import revokers
from offboarding.demo.simulators import tokens
from offkey.http import Refused
from offkey.model import AccessPoint, Account, Action, Gap, Liveness
from revokers import private_key
from revokers.protocol import NotAutomatic
from revokers.public_keys import fingerprint
from tests.revokers.case import DIGEST, approval, credential, leak

KEY, OTHER = tokens.ssh_public("dana"), tokens.ssh_public("ann")


def settings(*files: Path | str) -> private_key.Settings:
    return private_key.Settings(authorized_keys=tuple(map(str, files)))


def asked(given: private_key.Settings, *lines: str) -> list[AccessPoint | Gap]:
    http = revokers.reader("private_key", given)
    return list(private_key.authorised(http, given, frozenset(map(fingerprint, lines))))


def test_a_file_authorises_a_key_behind_options_and_the_end_of_its_line_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "authorized_keys"
    file.write_text(f'# ours\n\n{OTHER} ann\nfrom="10.0.0.1",command="echo \'hi there\'" {KEY} dana@laptop\n')
    given = settings(file)
    (point,) = asked(given, KEY, tokens.ssh_public("nobody"))
    assert isinstance(point, AccessPoint)
    assert (point.kind, point.redacted) == ("private_key.authorized_key", fingerprint(KEY))
    assert point.evidence == (f"{file} authorises {fingerprint(KEY)} in line 4",)
    http = revokers.reader("private_key", given)
    assert private_key.state(http, given, point).liveness is Liveness.LIVE
    file.write_text(f"{OTHER} ann\n")
    assert private_key.state(http, given, point).liveness is Liveness.DEAD
    file.unlink()
    assert private_key.state(http, given, point).liveness is Liveness.UNKNOWN
    file.write_text("")
    assert private_key.state(http, settings(), point).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("content", ["hello\n", "ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAAgQ x\n", "\0\xff\n"])
def test_a_file_that_is_no_authorized_keys_is_a_gap(tmp_path: Path, content: str) -> None:
    file = tmp_path / "authorized_keys"
    file.write_text(f"{KEY}\n{content}")
    (gap,) = asked(settings(file), KEY)
    assert isinstance(gap, Gap)
    assert gap.why == "line 2 is no public key"


def test_a_missing_file_and_a_relative_path_are_gaps(tmp_path: Path) -> None:
    missing, relative = asked(settings(tmp_path / "gone", "authorized_keys"), KEY)
    assert isinstance(missing, Gap)
    assert isinstance(relative, Gap)
    assert "cannot be read" in missing.why
    assert relative.why == "is no absolute path"


def test_a_key_pair_is_neither_sent_nor_called_dead_nor_ended() -> None:
    given = settings()
    http = revokers.reader("private_key", given)
    kinds = [kind for kind in private_key.HANDLES if kind != private_key.FILE]
    assert len(kinds) == 13
    for kind in kinds:
        value = credential(kind, secret=tokens.private_key_pem("dana"))
        assert private_key.check(http, value).liveness is Liveness.UNKNOWN
        assert private_key.state(http, given, leak(kind), value).liveness is Liveness.UNKNOWN
        writer = revokers.writer("private_key", given, approval=approval(), plan_digest=DIGEST)
        with pytest.raises(NotAutomatic):
            private_key.revoke(writer, given, Action.REVOKE, leak(kind), value)
        assert [way.action for way in private_key.options(leak(kind))] == [Action.HAND_OVER]
    assert list(private_key.inventory(http, given, Account(provider="private_key", id="1"))) == []
    assert http.exchanges == []


def test_its_gate_leads_nowhere() -> None:
    http = revokers.reader("private_key", settings())
    with pytest.raises(Refused):
        http.request("POST", "/keys")
    assert http.base.endswith(".invalid")
