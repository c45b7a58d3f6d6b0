"""Checkpoints go to real sinks: a git remote, a folder, a mailbox, a bucket under Object Lock; and come back."""

import base64
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import ClassVar

import boto3
import pytest

from offboarding.approval.signing import NAMESPACE
from offboarding.cli import main
from offboarding.configuration.config import Config
from offboarding.configuration.schema import SettingsError
from offboarding.ledger import keys, note, outside, publishing
from offboarding.ledger.access import opened
from offboarding.ledger.ledger import FAILED, PUBLISHED, Ledger
from offboarding.ledger.note import KeyRefused
from offkey.errors import Exit, UsageError
from offkey.http import Gate, Reader, Refused
from tests.offboarding.ledgers import NOW, ORIGIN, bare_remote, configured, open_ledger


def file_sink(folder: Path) -> str:
    (folder / "worm").mkdir(exist_ok=True)
    return '[[ledger.sink]]\nkind = "file"\nfolder = "worm"\n'


def git_sink(folder: Path) -> str:
    if not (folder / "remote.git").exists():
        bare_remote(folder / "remote.git")
    return '[[ledger.sink]]\nkind = "git"\nremote = "remote.git"\n'


def begun(settings: Config, state: Path, count: int = 3) -> Ledger:
    book = open_ledger(settings, state)
    for number in range(count):
        book.append("step.intent", "r", {"step": number})
    return book


def types(book: Ledger) -> list[str]:
    return [event.type for event in book.events("")]


def judged(book: Ledger, settings: Config, state: Path) -> tuple[outside.Verdict, outside.Found]:
    return outside.verify(book, settings, state, keys.verifiers(settings))


@pytest.mark.parametrize("sink", [file_sink, git_sink])
def test_a_checkpoint_is_published_once_recorded_and_read_back(tmp_path: Path, sink: "type[file_sink]") -> None:
    settings, state = configured(tmp_path, sink(tmp_path)), tmp_path / "state"
    book = begun(settings, state)
    assert publishing.publish(book, settings, state) == ()
    assert publishing.publish(book, settings, state) == ()
    assert types(book) == [PUBLISHED]
    verdict, found = judged(book, settings, state)
    assert verdict.anchored
    assert not found.gaps
    assert [kept.claims.seq for _, kept in found.held] == [3]
    book.append("run.closed", "r", {})
    assert publishing.publish(book, settings, state) == ()
    assert sorted(kept.claims.seq for _, kept in judged(book, settings, state)[1].held) == [3, 5]


@pytest.mark.parametrize("sink", [file_sink, git_sink])
def test_a_ledger_replaced_by_another_whole_one_is_found_by_the_sink_alone(
    tmp_path: Path, sink: "type[file_sink]"
) -> None:
    settings, state = configured(tmp_path, sink(tmp_path)), tmp_path / "state"
    publishing.publish(begun(settings, state), settings, state)
    forged = begun(settings, tmp_path / "forged", 9)
    assert forged.verify().ok
    verdict, _ = judged(forged, settings, tmp_path / "forged")
    assert not verdict.ok
    assert "holds a checkpoint over 3 events" in verdict.text
    assert settings.ledger.sink[0].name in verdict.text
    gaps = publishing.publish(forged, settings, tmp_path / "forged")
    assert "does not extend" in gaps[0].why
    assert types(forged) == [FAILED]


def test_whoever_holds_the_key_and_the_host_cannot_hide_what_a_sink_took(tmp_path: Path) -> None:
    settings, state = configured(tmp_path, file_sink(tmp_path)), tmp_path / "state"
    publishing.publish(begun(settings, state), settings, state)
    forged = begun(settings, tmp_path / "forged", 9)
    signer = keys.signer(settings)
    assert signer
    newer = forged.checkpoint()
    (tmp_path / "worm" / publishing.file.file_name(newer)).write_bytes(signer.sign(newer))
    verdict, _ = judged(forged, settings, tmp_path / "forged")
    assert not verdict.ok
    assert "over 3 events" in verdict.text


def test_what_no_known_key_signed_neither_anchors_nor_accuses(tmp_path: Path) -> None:
    settings, state = configured(tmp_path, file_sink(tmp_path)), tmp_path / "state"
    book, stranger = begun(settings, state), note.make(ORIGIN, b"s" * 32)
    other = begun(settings, tmp_path / "other", 2)
    for one in (book.checkpoint(), other.checkpoint()):
        (tmp_path / "worm" / publishing.file.file_name(one)).write_bytes(stranger.sign(one))
    verdict, found = judged(book, settings, state)
    assert (verdict.ok, verdict.anchored) == (True, False)
    assert len([told for told in found.notes if "counts for nothing" in told]) == 2


def test_a_sink_that_fails_is_a_gap_recorded_and_tried_again(tmp_path: Path) -> None:
    settings = configured(tmp_path, file_sink(tmp_path) + git_sink(tmp_path))
    state = tmp_path / "state"
    (tmp_path / "worm").rmdir()
    book = begun(settings, state)
    (gap,) = publishing.publish(book, settings, state)
    assert "worm" in gap.where
    assert types(book) == [FAILED, PUBLISHED]
    (tmp_path / "worm").mkdir()
    assert publishing.publish(book, settings, state) == ()
    assert [event.body["sink"] for event in book.events("")][-1].startswith("file:")
    assert judged(book, settings, state)[0].anchored


def test_a_kill_between_the_sink_and_the_ledger_repeats_nothing(tmp_path: Path) -> None:
    for sink in (file_sink, git_sink):
        folder = tmp_path / sink.__name__
        folder.mkdir()
        settings, state = configured(folder, sink(folder)), folder / "state"
        book, signer = begun(settings, state), keys.signer(settings)
        assert signer
        module = publishing.SINKS[settings.ledger.sink[0].kind]
        current = book.checkpoint()
        first = module.put(settings.ledger.sink[0], state, signer.sign(current), current, NOW)
        assert publishing.publish(book, settings, state) == ()
        (event,) = book.events("")
        assert event.body["where"] == first
        assert len(module.kept(settings.ledger.sink[0], state, NOW)) == 1


def test_a_git_branch_that_was_rewritten_is_found_by_what_was_fetched_before(tmp_path: Path) -> None:
    settings, state = configured(tmp_path, git_sink(tmp_path)), tmp_path / "state"
    book = begun(settings, state)
    publishing.publish(book, settings, state)
    remote = tmp_path / "remote.git"
    git = ["git", "-C", str(remote), "-c", "user.name=x", "-c", "user.email=x@x"]
    tree = subprocess.run([*git, "mktree"], input=b"", capture_output=True, check=True).stdout.decode().strip()
    new = (
        subprocess.run([*git, "commit-tree", tree, "-m", "x"], capture_output=True, check=True).stdout.decode().strip()
    )
    subprocess.run([*git, "update-ref", "refs/heads/offkey-checkpoints", new], check=True)
    verdict, found = judged(book, settings, state)
    assert not verdict.anchored
    assert "was rewritten" in found.gaps[0].why
    subprocess.run([*git, "update-ref", "-d", "refs/heads/offkey-checkpoints"], check=True)
    assert "the branch is gone" in judged(book, settings, state)[1].gaps[0].why


def test_a_checkpoint_that_vanished_from_its_sink_is_said(tmp_path: Path) -> None:
    settings, state = configured(tmp_path, file_sink(tmp_path)), tmp_path / "state"
    book = begun(settings, state)
    publishing.publish(book, settings, state)
    for one in (tmp_path / "worm").iterdir():
        one.unlink()
    verdict, found = judged(book, settings, state)
    assert (verdict.ok, verdict.anchored) == (True, False)
    assert "not there any more" in found.gaps[0].why


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 and AUTH PLAIN as a delivery takes."""

    taken: ClassVar[list[bytes]] = []
    said: ClassVar[list[str]] = []
    refuse: ClassVar[str] = ""

    def handle(self) -> None:
        self.wfile.write(b"220 loopback\r\n")
        while line := self.rfile.readline().decode().strip():
            self.said.append(line)
            word = line.split(" ", 1)[0].upper()
            if self.refuse and line.upper().startswith(self.refuse):
                self.wfile.write(b"550 no such user here\r\n")
            elif word == "EHLO":
                self.wfile.write(b"250-loopback\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH":
                self.wfile.write(b"235 ok\r\n")
            elif word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (got := self.rfile.readline()) != b".\r\n":
                    body += got
                self.taken.append(body)
                self.wfile.write(b"250 taken\r\n")
            elif word == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@contextmanager
def mailbox(refuse: str = "") -> Iterator[tuple[int, type[_Smtp]]]:
    handler = type("Smtp", (_Smtp,), {"taken": [], "said": [], "refuse": refuse})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], handler
        finally:
            server.shutdown()


def mail_sink(folder: Path, port: int) -> str:
    (folder / "mail.password").write_text("hunter" + "2")
    (folder / "mail.password").chmod(0o600)
    return (
        f'[[ledger.sink]]\nkind = "mail"\nserver = "smtp://bot@127.0.0.1:{port}"\nsender = "offkey@example.com"\n'
        'to = ["auditor@example.org"]\npassword = "file:mail.password"\n'
    )


def test_a_checkpoint_is_mailed_and_verifies_from_the_attachment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mailbox() as (port, server):
        settings, state = configured(tmp_path, mail_sink(tmp_path, port)), tmp_path / "state"
        book = begun(settings, state)
        assert publishing.publish(book, settings, state) == ()
        book.store.close()
    (raw,) = server.taken
    message = message_from_bytes(raw, policy=policy.default)
    assert message["To"] == "auditor@example.org"
    assert any("AUTH PLAIN" in line for line in server.said)
    (attached,) = [part for part in message.walk() if part.get_filename() == "checkpoint"]
    kept = tmp_path / "kept"
    kept.write_bytes(base64.b64decode(attached.get_payload()))
    config = ["--config", str(tmp_path / "offkey.toml")]
    assert main([*config, "ledger", "verify", "--state", str(state)]) == Exit.GAPS
    assert "cannot be read from here" in capsys.readouterr().err
    assert main([*config, "ledger", "verify", "--state", str(state), "--checkpoint", str(kept)]) == Exit.DONE


def test_mail_that_is_refused_is_a_gap_and_the_password_is_not_told(tmp_path: Path) -> None:
    with mailbox(refuse="RCPT") as (port, _):
        settings, state = configured(tmp_path, mail_sink(tmp_path, port)), tmp_path / "state"
        book = begun(settings, state)
        (gap,) = publishing.publish(book, settings, state)
    assert "SMTPRecipientsRefused" in gap.why
    assert "hunter" + "2" not in f"{gap}{book.events('')}"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client(url).create_bucket(Bucket="evidence", ObjectLockEnabledForBucket=True)
    client(url).create_bucket(Bucket="plain")
    yield url
    server.stop()


def client(url: str) -> "boto3.client":
    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def s3_sink(folder: Path, url: str, name: str = "evidence") -> str:
    (folder / "aws").write_text("AKIA" + "X" * 16 + "\n" + "s" * 40)
    (folder / "aws").chmod(0o600)
    return (
        f'[[ledger.sink]]\nkind = "s3"\nbucket = "{name}"\nprefix = "{folder.name}/"\nurl = "{url}"\n'
        'credentials = "file:aws"\nretain_days = 400\n'
    )


def test_an_object_under_lock_holds_the_checkpoint_and_newer_versions_hide_nothing(tmp_path: Path, bucket: str) -> None:
    settings, state = configured(tmp_path, s3_sink(tmp_path, bucket)), tmp_path / "state"
    book = begun(settings, state)
    assert publishing.publish(book, settings, state) == ()
    (event,) = book.events("")
    (listed,) = client(bucket).list_objects_v2(Bucket="evidence", Prefix=f"{tmp_path.name}/")["Contents"]
    kept = client(bucket).head_object(Bucket="evidence", Key=listed["Key"], VersionId=event.body["where"])
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert (kept["ObjectLockRetainUntilDate"] - NOW).days == 400
    assert judged(book, settings, state)[0].anchored
    client(bucket).put_object(Bucket="evidence", Key=listed["Key"], Body=b"something else")
    verdict, found = judged(book, settings, state)
    assert verdict.anchored
    assert len([told for told in found.notes if "counts for nothing" in told]) <= 1
    forged = begun(settings, tmp_path / "forged", 9)
    verdict, _ = judged(forged, settings, tmp_path / "forged")
    assert "over 3 events" in verdict.text
    assert not verdict.ok


def test_a_bucket_without_lock_is_a_gap(tmp_path: Path, bucket: str) -> None:
    settings, state = configured(tmp_path, s3_sink(tmp_path, bucket, "plain")), tmp_path / "state"
    (gap,) = publishing.publish(begun(settings, state), settings, state)
    assert "PutObject" in gap.why or "no versions" in gap.why


def test_the_gate_to_a_sink_lets_deposits_through_and_nothing_else() -> None:
    gate = Gate(provider="x", hosts=frozenset({"h"}), deposits=frozenset({("AWS", "s3:PutObject")}))
    reader = Reader(gate, "https://h")
    reader.permit(("AWS", "s3:PutObject"))
    for operation in (("AWS", "s3:DeleteObject"), ("POST", "/"), ("AWS", "s3:PutObjectRetention")):
        with pytest.raises(Refused):
            reader.permit(operation)


def test_no_revoker_has_deposits() -> None:
    from revokers import REGISTRY

    assert not [name for name, module in REGISTRY.items() if module.gate.deposits]


def test_the_commands_tell_keys_sinks_and_replacement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "offkey.toml"
    file.write_text("")
    config, state = ["--config", str(file)], ["--state", str(tmp_path / "state")]
    assert main([*config, "ledger", "init", "--name", ORIGIN]) == Exit.DONE
    vkey = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(ORIGIN))
    assert note.read_public(vkey).name == ORIGIN
    assert main([*config, "ledger", "init"]) == Exit.USAGE
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    settings = configured(tmp_path, file_sink(tmp_path))
    begun(settings, tmp_path / "state").store.close()
    assert main([*config, "ledger", "verify", *state]) == Exit.GAPS
    assert "self-consistent; replacement cannot be excluded" in capsys.readouterr().out
    assert main([*config, "ledger", "publish", *state]) == Exit.DONE
    assert main([*config, "ledger", "verify", *state]) == Exit.DONE
    assert "consistent with the checkpoint over 3 events" in capsys.readouterr().out
    assert main([*config, "ledger", "checkpoint", *state]) == Exit.DONE
    printed = capsys.readouterr().out
    assert note.opened(printed.encode(), [note.read_public(vkey)]).seq == 4
    kept = tmp_path / "kept"
    kept.write_text(printed)
    bare = tmp_path / "bare.toml"
    bare.write_text("")
    auditor = ["--config", str(bare), "ledger", "verify", *state, "--checkpoint", str(kept)]
    assert main(auditor) == Exit.ERROR
    assert "no known key signed" in capsys.readouterr().err
    assert main([*auditor, "--key", vkey]) == Exit.DONE
    assert main([*auditor, "--key", str(tmp_path / "ledger.key.pub")]) == Exit.DONE
    other = begun(settings, tmp_path / "other", 9)
    other.store.close()
    assert main([*config, "ledger", "verify", "--state", str(tmp_path / "other")]) == Exit.ERROR
    assert "over 3 events" in capsys.readouterr().out
    (tmp_path / "worm").rename(tmp_path / "away")
    assert main([*config, "ledger", "publish", "--state", str(tmp_path / "other")]) == Exit.GAPS
    assert "CHECKPOINT NOT PUBLISHED" in capsys.readouterr().err


def test_a_checkpoint_key_that_an_approver_has_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    settings = configured(tmp_path, "")
    signer = keys.signer(settings)
    assert signer
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(signer.verifier.public)
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (tmp_path / "approvers").write_text(f'ann@example.com namespaces="{NAMESPACE}" {line}\n')
    refused = configured(tmp_path, '[approvers]\nregister = "approvers"\n')
    with pytest.raises(KeyRefused, match=r"ann@example\.com"):
        opened(refused, tmp_path / "state")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "text",
    [
        '[[ledger.sink]]\nkind = "file"\nfolder = "x"\n',
        '[ledger]\nkey = "file:k"\n[[ledger.sink]]\nkind = "git"\nremote = "r"\nbranch = "../x"\n',
        '[ledger]\nkey = "file:k"\n[[ledger.sink]]\nkind = "carrier-pigeon"\n',
        '[ledger]\nkey = "file:k"\n[[ledger.sink]]\nkind = "mail"\nserver = "s"\nsender = "x"\nto = ["a@b"]\n',
        '[ledger]\nkey = "file:k"\n' + 2 * '[[ledger.sink]]\nkind = "file"\nfolder = "x"\n',
    ],
)
def test_a_sink_that_cannot_be_is_refused_when_the_file_is_read(tmp_path: Path, text: str) -> None:
    from offboarding.configuration import config

    (tmp_path / "offkey.toml").write_text(text)
    with pytest.raises(SettingsError):
        config.load(tmp_path / "offkey.toml")


def test_a_mail_servers_address_with_a_password_is_refused() -> None:
    from offkey import smtp

    with pytest.raises(UsageError, match="password"):
        smtp.server("smtp://bot:" + "x" * 9 + "@mail.example.com")
    with pytest.raises(UsageError):
        smtp.server("http://mail.example.com")
