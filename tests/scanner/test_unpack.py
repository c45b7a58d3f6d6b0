import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile

import pytest

from scanner.contents.opening import Layer, Refused, keystore, worth
from scanner.contents.replay import replay
from scanner.contents.unpack import Budget, unpacked

TEXT = b"password = something that is hidden here\n" * 3


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def tarred(name: str, text: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def database() -> bytes:
    base = sqlite3.connect(":memory:")
    base.execute('CREATE TABLE "a:b" (x TEXT, y BLOB)')
    base.execute('INSERT INTO "a:b" VALUES (?, ?)', (TEXT.decode(), b"blob"))
    base.commit()
    return base.serialize()


NOTEBOOK = json.dumps({"cells": [{"source": ["a = 1\n", TEXT.decode()], "outputs": []}], "nbformat": 4}).encode()
FORMS = {
    "gzip": gzip.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "bz2": bz2.compress(TEXT),
    "zip:d/a%3Ab": zipped(**{"d/a:b": TEXT}),
    "tar:d/a%3Ab": tarred("d/a:b", TEXT),
    "sqlite:a%3Ab": database(),
    "notebook": NOTEBOOK,
    "utf-16le": TEXT.decode().encode("utf-16le"),
    "utf-16be": TEXT.decode().encode("utf-16be"),
    "utf-32le": TEXT.decode().encode("utf-32le"),
    "utf-32be": TEXT.decode().encode("utf-32be"),
}


@pytest.mark.parametrize("step", FORMS)
def test_each_form_gives_its_text_and_replays(step: str) -> None:
    content = FORMS[step]
    assert worth(content)
    (layer,) = unpacked(content)
    assert isinstance(layer, Layer)
    assert layer.steps == (step,)
    assert TEXT in layer.text
    assert replay(content, layer.steps) == layer.text


def test_ordinary_text_is_not_worth_opening() -> None:
    assert not worth(TEXT)
    assert list(unpacked(TEXT)) == []


def test_nested_archives_are_opened_to_the_depth_and_then_refused() -> None:
    content = zipped(a=gzip.compress(tarred("t", gzip.compress(TEXT))))
    found = list(unpacked(content, Budget(depth=3)))
    assert found[-1] == Refused(("zip:a", "gzip", "tar:t", "gzip"), "nested deeper than the limit")
    assert all(replay(content, one.steps) == one.text for one in found if isinstance(one, Layer))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda text: zipped(a=text)])
def test_a_bomb_is_refused(pack) -> None:
    found = list(unpacked(pack(bytes(8 << 20)), Budget(size=2 << 20)))
    assert found
    assert all(isinstance(one, Refused) for one in found)


def test_a_cut_gzip_gives_what_came_before_and_says_so() -> None:
    text = b"".join(b"%d line\n" % (number * 7919) for number in range(9000))
    layer, refused = unpacked(gzip.compress(text)[:-4000])
    assert isinstance(layer, Layer)
    assert layer.text
    assert text.startswith(layer.text)
    assert refused == Refused(("gzip",), "gzip ends early")


def test_too_many_members_are_refused() -> None:
    found = list(unpacked(zipped(a=b"1", b=b"2", c=b"3"), Budget(members=2)))
    assert found[-1] == Refused(("zip",), "more members than the limit")


def test_key_stores_are_named() -> None:
    assert keystore(b"\xfe\xed\xfe\xed\0\0\0\2") == "JKS"
    assert keystore(b"\xce\xce\xce\xce\0\0\0\2") == "JCEKS"
    shape = bytes.fromhex("30820a00020103308209c606092a864886f70d010701a0")
    assert keystore(shape) == "PKCS #12"
    assert keystore(TEXT) is None


def test_a_zip_member_whose_output_cannot_be_bounded_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", TEXT)
    assert list(unpacked(out.getvalue())) == [Refused(("zip:a",), "packed in another way than deflate")]
