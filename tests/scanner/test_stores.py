"""Whose name stands in a key store that nobody can open without its password."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.claims import stores
from tests.builders import token
from tests.scanner.conftest import Scan

OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
KEYTOOL = pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool is not installed")
WORD = "changeit"
SUBJECT = "/CN=Sam Rivera/emailAddress=sam@corp.test"


def pkcs12(folder: Path, name: str, *options: str) -> bytes:
    """A store as openssl writes it, the certificate encrypted unless `options` say otherwise."""
    key, certificate, store = folder / "key.pem", folder / "cert.pem", folder / "sam.p12"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", SUBJECT, "-days", "2"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    packed = ["openssl", "pkcs12", "-export", "-inkey", str(key), "-in", str(certificate), "-name", name, *options]
    subprocess.run([*packed, "-passout", f"pass:{WORD}", "-out", str(store)], check=True, capture_output=True)
    return store.read_bytes()


def java(folder: Path, kind: str, alias: str) -> bytes:
    store = folder / f"store.{kind}"
    command = ["keytool", "-genkeypair", "-alias", alias, "-keyalg", "RSA", "-dname", "CN=Sam Rivera, O=Corp"]
    command += ["-storetype", kind, "-keystore", str(store), "-storepass", WORD, "-keypass", WORD]
    subprocess.run(command, check=True, capture_output=True)
    return store.read_bytes()


@OPENSSL
def test_a_pkcs12_store_names_its_key_and_not_what_is_encrypted(tmp_path: Path) -> None:
    assert stores.names(pkcs12(tmp_path, "sam laptop")) == ("sam laptop",)


@OPENSSL
def test_a_certificate_that_is_not_encrypted_names_its_subject(tmp_path: Path) -> None:
    told = stores.names(pkcs12(tmp_path, "sam", "-certpbe", "NONE"))
    assert set(told) == {"sam", "Sam Rivera", "sam@corp.test"}


@KEYTOOL
@pytest.mark.parametrize(("kind", "told"), [("JKS", {"samr", "Sam Rivera"}), ("JCEKS", {"samr", "Sam Rivera"})])
def test_a_java_store_names_its_entries_and_whom_their_certificates_name(
    tmp_path: Path, kind: str, told: set[str]
) -> None:
    assert set(stores.names(java(tmp_path, kind, "samr"))) == told


@KEYTOOL
def test_keytools_pkcs12_names_its_entry(tmp_path: Path) -> None:
    assert "samr" in stores.names(java(tmp_path, "PKCS12", "samr"))


@OPENSSL
def test_the_gap_of_a_store_says_the_names_in_it(tmp_path: Path, look: Scan) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "client.p12").write_bytes(pkcs12(tmp_path, "sam laptop"))
    (gap,) = look(tmp_path / "app").gaps
    assert gap.why == "a PKCS #12 key store: what it holds is not looked at; it names sam laptop"


def entry(name: bytes, kind: int = 1) -> bytes:
    """An entry of a Java store: a key of four bytes and no certificate."""
    return kind.to_bytes(4, "big") + len(name).to_bytes(2, "big") + name + bytes(8) + b"\0\0\0\4keys" + bytes(4)


def test_a_name_that_may_be_a_credential_or_drives_a_terminal_is_not_told() -> None:
    names = [token("ghp_", 36).encode(), b"\x1b[2Jsam", b"ann", b"", b"x" * 300]
    head = b"\xfe\xed\xfe\xed\0\0\0\2" + len(names).to_bytes(4, "big")
    assert stores.names(head + b"".join(map(entry, names))) == ("ann",)


def test_a_count_that_lies_takes_no_long_time_and_no_many_names() -> None:
    begin = time.process_time()
    head = b"\xfe\xed\xfe\xed\0\0\0\2\xff\xff\xff\xff"
    told = stores.names(head + b"".join(entry(b"n%d" % number) for number in range(20_000)))
    assert (len(told), told[0]) == (5, "n0")
    stores.names(head + entry(b"x")[:-4] + b"\xff\xff\xff\xff")
    assert time.process_time() - begin < 2


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\3\0\0\0\1", b"\x30\x40\x02\x01\x03\x30"]),
)
def test_no_bytes_whatever_make_a_store_fail(raw: bytes, begin: bytes) -> None:
    assert all(name.isprintable() for name in stores.names(begin + raw))
