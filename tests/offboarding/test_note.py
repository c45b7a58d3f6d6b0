"""Signed checkpoints against the published example of the format, and against the stand-alone verifier."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from offboarding.evidence_kit import verify as kit
from offboarding.ledger import note
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.note import KeyRefused, NoteRefused, Verifier
from offkey.secret import Secret

ORIGIN = "example.com/ledger"
SIGNER = note.make(ORIGIN, bytes(range(32)))
OTHER = note.make("witness.example/w", b"w" * 32)
CHECKPOINT = Checkpoint(seq=20852163, merkle_root="sha256:" + hashlib.sha256(b"root").hexdigest())
NOTE = SIGNER.sign(CHECKPOINT)

# The example of Go's golang.org/x/mod/sumdb/note, from which the format comes.
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
EXAMPLE_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def resigned(text: str, *signers: note.Signer) -> bytes:
    """Any text signed by hand, as the specification says."""
    lines = []
    for one in signers:
        raw = Ed25519PrivateKey.from_private_bytes(one.seed.reveal()).sign(text.encode())
        lines.append(f"— {one.name} {base64.b64encode(one.verifier.id + raw).decode()}\n")
    return (text + "\n" + "".join(lines)).encode()


def test_the_published_key_and_signature_are_understood() -> None:
    key = note.read_public(EXAMPLE_KEY)
    signature = base64.b64decode(EXAMPLE_SIGNATURE)
    assert key.vkey == EXAMPLE_KEY
    assert signature[:4] == key.id
    assert kit.ed25519_verify(key.public, EXAMPLE_TEXT.encode(), signature[4:])
    whole = f"{EXAMPLE_TEXT}\n— PeterNeumann {EXAMPLE_SIGNATURE}\n".encode()
    with pytest.raises(NoteRefused, match="no checkpoint"):  # signed, but it says something else
        note.opened(whole, [key])


def test_a_note_has_the_three_lines_and_comes_back_as_the_checkpoint() -> None:
    root = base64.b64encode(bytes.fromhex(CHECKPOINT.merkle_root.removeprefix("sha256:"))).decode()
    assert NOTE.decode().startswith(f"{ORIGIN}\n20852163\n{root}\n\n— {ORIGIN} ")
    assert NOTE.endswith(b"\n")
    assert note.opened(NOTE, [SIGNER.verifier]) == CHECKPOINT
    assert SIGNER.sign(CHECKPOINT) == NOTE


def test_signatures_of_unknown_keys_are_ignored_and_one_known_is_needed() -> None:
    both = resigned(note.body(ORIGIN, CHECKPOINT).decode(), OTHER, SIGNER)
    assert note.opened(both, [SIGNER.verifier]) == CHECKPOINT
    assert kit.signed_checkpoint(both, SIGNER.verifier.vkey)["seq"] == CHECKPOINT.seq
    alone = resigned(note.body(ORIGIN, CHECKPOINT).decode(), OTHER)
    with pytest.raises(NoteRefused, match="no known key"):
        note.opened(alone, [SIGNER.verifier])
    with pytest.raises(kit.Bad, match="not signed by"):
        kit.signed_checkpoint(alone, SIGNER.verifier.vkey)
    same_name = note.make(ORIGIN, b"x" * 32)
    assert note.opened(resigned(note.body(ORIGIN, CHECKPOINT).decode(), same_name, SIGNER), [SIGNER.verifier])


def test_another_ledgers_checkpoint_signed_by_a_known_witness_is_not_this_ones() -> None:
    foreign = resigned(note.body(ORIGIN, CHECKPOINT).decode(), OTHER)
    with pytest.raises(NoteRefused, match="no known key"):
        note.opened(foreign, [OTHER.verifier])


@pytest.mark.parametrize("at", range(len(NOTE)))
def test_every_changed_byte_of_a_note_is_refused(at: int) -> None:
    changed = NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :]
    with pytest.raises(NoteRefused):
        note.opened(changed, [SIGNER.verifier])
    with pytest.raises((kit.Bad, UnicodeDecodeError, ValueError)):
        kit.signed_checkpoint(changed, SIGNER.verifier.vkey)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n007\nAAAA\n",
        f"{ORIGIN}\n7\n{'A' * 43}=\n\nmore\n",
        f"{ORIGIN}\n-7\n{'A' * 43}=\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\nAAAA\n",
        f"{ORIGIN}\n07\n{'A' * 43}=\n",
    ],
)
def test_what_is_signed_but_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        note.opened(resigned(text, SIGNER), [SIGNER.verifier])
    with pytest.raises((kit.Bad, ValueError)):
        kit.signed_checkpoint(resigned(text, SIGNER), SIGNER.verifier.vkey)


def test_extension_lines_are_read_over() -> None:
    extended = resigned(note.body(ORIGIN, CHECKPOINT).decode() + "witnessed twice\n", SIGNER)
    assert note.opened(extended, [SIGNER.verifier]) == CHECKPOINT
    assert kit.signed_checkpoint(extended, SIGNER.verifier.vkey)["merkle_root"] == CHECKPOINT.merkle_root


def test_keys_come_back_as_they_were_written_and_never_show_the_private_half() -> None:
    assert note.read_private(SIGNER.private()) == SIGNER
    assert note.read_public(SIGNER.verifier.vkey) == SIGNER.verifier
    assert kit.public_key(SIGNER.verifier.vkey) == (ORIGIN, SIGNER.verifier.id, SIGNER.verifier.public)
    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert isinstance(note.read_public(EXAMPLE_KEY), Verifier)


@pytest.mark.parametrize(
    "text", ["", "name", "name+12345678+AQ==", SIGNER.verifier.vkey[:-2], SIGNER.verifier.vkey.replace("+", "+0", 1)]
)
def test_a_public_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        note.read_public(text)


def test_a_private_key_whose_id_or_kind_is_wrong_is_refused() -> None:
    whole = SIGNER.private().reveal().decode()
    for text in (whole[:-4], whole.replace(SIGNER.verifier.id.hex(), "00000000"), "PRIVATE+KEY+a+b", SIGNER.name):
        with pytest.raises(KeyRefused):
            note.read_private(Secret(text.encode()))
    for name in ("two words", "a+b", "", "x\ny"):
        with pytest.raises(KeyRefused):
            note.make(name, bytes(32))
