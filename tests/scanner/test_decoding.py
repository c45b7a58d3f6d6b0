"""What is hidden in a content is found, says how, is read again, and what stays closed is a gap."""

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pytest

from offboarding.demo.simulators.tokens import github_classic
from offkey.model import Place
from scanner.scan import ScanResult
from scanner.values import ValueGone, read_value
from tests.builders import Repo
from tests.scanner.conftest import Scan

TOKEN = github_classic("hidden")
TEXT = f"first line\ntoken = '{TOKEN}'\n".encode()


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def tarred(text: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("etc/app.conf")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def database(text: bytes) -> bytes:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE settings (name, value)")
    base.execute("INSERT INTO settings VALUES (?, ?)", ("token", text.decode()))
    base.commit()
    return base.serialize()


def notebook(text: bytes) -> bytes:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": text.decode().splitlines(keepends=True)}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def places(result: ScanResult) -> list[Place]:
    (finding,) = result.findings
    assert all(read_value(place) == {"secret": TOKEN.encode()} for place in finding.places)
    return list(finding.places)


CASES: dict[str, tuple[bytes, tuple[str, ...], int]] = {
    "gzip": (gzip.compress(TEXT), ("gzip",), 2),
    "xz": (lzma.compress(TEXT), ("xz",), 2),
    "bz2": (bz2.compress(TEXT), ("bz2",), 2),
    "zip": (zipped(a=b"none", b=TEXT), ("zip:b",), 2),
    "tar": (tarred(TEXT), ("tar:etc/app.conf",), 2),
    "tar.gz": (gzip.compress(tarred(TEXT)), ("gzip", "tar:etc/app.conf"), 2),
    "database": (database(TEXT), ("sqlite:settings",), 3),
    "UTF-32": (TEXT.decode().encode("utf-32-le"), ("utf-32le",), 2),
    "UTF-16 in a zip": (zipped(a=TEXT.decode().encode("utf-16")), ("zip:a", "utf-16le"), 2),
    "base64": (b"\n\na: " + base64.b64encode(TEXT), (f"base64:5:{5 + len(base64.b64encode(TEXT).rstrip(b'='))}",), 3),
    "base64 in a zip": (
        zipped(a=b"\nb: " + base64.b64encode(TEXT)),
        ("zip:a", f"base64:4:{4 + len(base64.b64encode(TEXT).rstrip(b'='))}"),
        2,
    ),
    "PowerShell": (
        b"powershell -enc " + base64.b64encode(TEXT.decode().encode("utf-16-le")),
        (f"base64:16:{16 + len(base64.b64encode(TEXT.decode().encode('utf-16-le')).rstrip(b'='))}", "utf-16le"),
        1,
    ),
    "Latin-1": ("h\u00e9 ".encode("latin-1") + TEXT, (), 2),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("exhaustive", [False, True])
def test_a_value_is_found_with_the_steps_to_it(look: Scan, tmp_path: Path, case: str, exhaustive: bool) -> None:
    content, steps, line = CASES[case]
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"data": content})
    repo.git("repack", "-q", "-adf")
    (place,) = places(look(repo.path, exhaustive=exhaustive))
    assert (place.decoding, place.line, place.object_type) == (steps, line, "blob")
    (repo.path / "data").write_bytes(content + b"\n")
    assert {place.object_type for place in places(look(repo.path))} == {"blob", "file"}


def test_a_notebooks_value_is_told_where_it_stands_in_the_file(look: Scan, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(notebook(TEXT))
    (place,) = places(look(tmp_path / "a.ipynb"))
    assert place.decoding == ()


def test_a_value_that_only_a_notebooks_cell_shows_is_found(look: Scan, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(notebook(TEXT).replace(b"ghp_", b"ghp\\u005f"))
    (place,) = places(look(tmp_path / "a.ipynb"))
    assert place.decoding == ("notebook",)


def test_a_deleted_row_of_a_database_is_found_in_the_bytes_as_they_stand(look: Scan, tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "app.db")
    base.execute("PRAGMA secure_delete=OFF")
    base.execute("CREATE TABLE settings (value)")
    base.execute("INSERT INTO settings VALUES (?)", (TEXT.decode(),))
    base.commit()
    base.execute("DELETE FROM settings")
    base.commit()
    base.close()
    (place,) = places(look(tmp_path / "app.db"))
    assert place.decoding == ()


def test_the_line_of_a_run_is_excused_by_a_pragma_beside_it(look: Scan, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: " + base64.b64encode(TEXT) + b"  # pragma: allowlist secret\n")
    result = look(tmp_path / "a.yaml")
    assert (result.findings, result.examined.suppressed) == ((), 1)


PKCS12 = b"\x30\x82\x0a\x01\x02\x01\x03\x30\x82\x09\xc7\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01" + bytes(40)
CLOSED = {
    "bomb": (gzip.compress(bytes(64 << 20)), "gzip: comes out more than 200 times as large"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "7z: 7z archives are not opened"),
    "cut": (gzip.compress(TEXT * 90)[:-30], "gzip: gzip ends early"),
    "p12": (PKCS12, "a PKCS #12 key store: what it holds is not looked at"),
    "jks": (b"\xfe\xed\xfe\xed" + bytes(40), "a JKS key store: what it holds is not looked at"),
}


@pytest.mark.parametrize("case", CLOSED)
@pytest.mark.parametrize("exhaustive", [False, True])
def test_what_stays_closed_is_a_gap_of_the_object(look: Scan, tmp_path: Path, case: str, exhaustive: bool) -> None:
    content, why = CLOSED[case]
    repo = Repo.create(tmp_path / "app")
    repo.commit("one", {"data": content})
    repo.git("repack", "-q", "-adf")
    (gap,) = look(repo.path, exhaustive=exhaustive).gaps
    assert (gap.where, gap.why) == (f"{repo.path}: blob {repo.blob('data')}", why)
    assert gap.advice


def test_many_closed_members_are_one_gap(look: Scan, tmp_path: Path) -> None:
    content = bytearray(zipped(**{f"m{n}": TEXT for n in range(9)}))
    at = 0
    while (at := content.find(b"PK\1\2", at)) >= 0:
        content[at + 8] |= 1  # "encrypted", in the directory
        at += 4
    (tmp_path / "a.zip").write_bytes(content)
    (gap,) = look(tmp_path / "a.zip").gaps
    assert gap.where == str(tmp_path / "a.zip")
    assert gap.why == "zip:m0, zip:m1, zip:m2 and 6 more: encrypted"


def pointer(text: bytes) -> tuple[bytes, str]:
    oid = hashlib.sha256(text).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(text)}\n".encode(), oid


@pytest.mark.parametrize("exhaustive", [False, True])
def test_what_a_pointer_of_git_lfs_names_is_looked_at_where_it_is_kept(
    look: Scan, tmp_path: Path, exhaustive: bool
) -> None:
    kept, oid = pointer(gzip.compress(TEXT))
    gone, _ = pointer(b"elsewhere")
    repo = Repo.create(tmp_path / "app")
    store = repo.path / ".git/lfs/objects" / oid[:2] / oid[2:4]
    store.mkdir(parents=True)
    (store / oid).write_bytes(gzip.compress(TEXT))
    repo.commit("one", {"a.bin": kept})
    result = look(repo.path, exhaustive=exhaustive)
    (place,) = places(result)
    assert (place.path, place.decoding) == ("a.bin", (f"lfs:{oid}", "gzip"))
    assert result.gaps == ()
    repo.commit("two", {"b.bin": gone, "c.bin": gone + b"x-more 1\n"})
    repo.git("repack", "-q", "-adf")
    (gap,) = look(repo.path, exhaustive=exhaustive).gaps
    assert gap.why.endswith("not kept here")
    (store / oid).unlink()
    with pytest.raises(ValueGone, match="gone"):
        read_value(place)
