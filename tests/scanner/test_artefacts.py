"""Wheels, packages and images: what lies in them is found, what cannot be opened is said, whatever they hold."""

import bz2
import gzip
import io
import lzma
import random
import re
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from offboarding.demo.simulators.tokens import github_classic
from scanner.artefacts import opened
from scanner.artefacts.members import Limits, members
from scanner.artefacts.steps import inside
from scanner.contents.opening import Layer, Refused
from scanner.repository.sources import open_target
from scanner.scan import ScanResult
from scanner.values import read_value
from tests.artefacts import deb, docker_save, tarred, zipped
from tests.scanner.conftest import Scan

TOKEN = github_classic("artefact").encode()
LIMITS = Limits()
LINE = b"token = '" + TOKEN + b"'\n"
FILES = {"app/__init__.py": b"", "app/settings.py": LINE}


def texts(content: bytes, limits: Limits = LIMITS) -> list[Layer]:
    return [one for one in members(io.BytesIO(content), limits) if isinstance(one, Layer)]


def refused(content: bytes, limits: Limits = LIMITS) -> list[Refused]:
    return [one for one in members(io.BytesIO(content), limits) if isinstance(one, Refused)]


def shown(result: ScanResult) -> set[str]:
    return {inside(place.path, place.decoding)[0] for one in result.findings for place in one.places}


FORMS = {
    "app.whl": (zipped(FILES), "app.whl!app/settings.py"),
    "stored.jar": (zipped(FILES, zipfile.ZIP_STORED), "stored.jar!app/settings.py"),
    "old.zip": (zipped(FILES, zipfile.ZIP_BZIP2), "old.zip!app/settings.py"),
    "app.tar": (tarred(FILES), "app.tar!app/settings.py"),
    "gnu.tar": (tarred({"d" * 200 + "/a": LINE}, tarfile.GNU_FORMAT), f"gnu.tar!{'d' * 200}/a"),
    "old.tar": (tarred(FILES, tarfile.USTAR_FORMAT), "old.tar!app/settings.py"),
    "package.tgz": (gzip.compress(tarred(FILES)), "package.tgz!app/settings.py"),
    "app.tar.xz": (lzma.compress(tarred(FILES)), "app.tar.xz!app/settings.py"),
    "app.tar.bz2": (bz2.compress(tarred(FILES)), "app.tar.bz2!app/settings.py"),
    "app.deb": (deb({"control": b"Package: app\n"}, {"./etc/app.conf": LINE}), "app.deb!data.tar.gz!./etc/app.conf"),
    "fat.jar": (zipped({"lib/inner.jar": zipped(FILES)}), "fat.jar!lib/inner.jar!app/settings.py"),
    "run.pex": (b"#!/usr/bin/env python3\n" + zipped(FILES), "run.pex!app/settings.py"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_value_in_each_form_is_found_by_its_way_in_and_read_again(name: str, tmp_path: Path, look: Scan) -> None:
    content, where = FORMS[name]
    (tmp_path / name).write_bytes(content)
    result = look(tmp_path / name)
    assert shown(result) == {where}
    assert result.gaps == ()
    (finding,) = result.findings
    assert [read_value(place) for place in finding.places] == [{"secret": TOKEN}]


@pytest.mark.parametrize("name", ["app.whl", "app.tar", "package.tgz", "fat.jar"])
def test_what_is_too_large_to_be_held_is_read_as_a_stream_with_the_same_outcome(
    name: str, tmp_path: Path, look: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, where = FORMS[name]
    (tmp_path / name).write_bytes(content)
    held = look(tmp_path / name)
    monkeypatch.setattr("scanner.workers.artefacts.AT_ONCE", 16)
    streamed = look(tmp_path / name)
    assert streamed.findings == held.findings
    assert shown(streamed) == {where}
    assert [read_value(place) for place in streamed.findings[0].places] == [{"secret": TOKEN}]


def test_standard_input_may_be_an_artefact(look: Scan) -> None:
    result = look(open_target("-", stdin=FORMS["package.tgz"][0]))
    assert shown(result) == {"!app/settings.py"} or shown(result) == {"-!app/settings.py"}


def test_an_image_is_looked_at_in_all_its_layers_its_environment_and_its_history(tmp_path: Path, look: Scan) -> None:
    build, run, gone = (github_classic(f"image {n}").encode() for n in range(3))
    image = docker_save(
        [{"app/.env": LINE, "app/gone": b"t = '" + gone + b"'\n"}, {"app/.wh.gone": b""}],
        env=[f"GITHUB_TOKEN={run.decode()}", "PASSWORD=a&b"],
        history=[f"|1 TOKEN={build.decode()} /bin/sh -c pip install app"],
    )
    (tmp_path / "image.tar").write_bytes(image)
    result = look(tmp_path / "image.tar")
    values = {
        read_value(place)["secret"]: re.sub("[0-9a-f]{12}", "…", inside(place.path, place.decoding)[0])
        for one in result.findings
        for place in one.places
    }
    assert values == {
        TOKEN: "image.tar!sha256:…!app/.env",
        gone: "image.tar!sha256:…!app/gone",
        run: "image.tar!sha256:…!image configuration, env",
        build: "image.tar!sha256:…!image configuration, history",
    }
    assert result.gaps == ()
    environment = next(one.text for one in texts(image) if one.steps[-1] == "image-config:env")
    assert environment == b"PATH=/usr/bin\nGITHUB_TOKEN=" + run + b"\nPASSWORD=a&b"


def test_a_configuration_that_is_no_json_after_all_is_looked_at_as_it_stands() -> None:
    content = tarred({"c.json": b'{"rootfs": {"diff_ids": [' + LINE})
    assert [one.text for one in texts(content)] == [b'{"rootfs": {"diff_ids": [' + LINE]


def test_every_text_of_a_configuration_is_looked_at_though_a_key_stands_there_twice() -> None:
    told = (
        '{"rootfs": {"diff_ids": []}, "config": {"Env": ["A=%s"]}, '
        '"config": {"Env": [], "Volumes": {"%s": {}}}, "%s": {"a": 1}}'
    )
    found = b"\n".join(one.text for one in texts(tarred({"c.json": (told % ("first", "second", "third")).encode()})))
    assert [word in found for word in (b"A=first", b"second", b"third")] == [True] * 3


def test_a_zip_of_folders_and_files_lists_all_that_it_holds() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.mkdir("app") if hasattr(archive, "mkdir") else archive.writestr("app/", b"")
        archive.writestr("app/inner.zip", zipped(FILES, zipfile.ZIP_STORED))
        archive.writestr("app/settings.py", LINE)
    assert refused(out.getvalue()) == []
    assert refused(b"#!/usr/bin/env python3\n" + out.getvalue()) == []


def test_a_folder_of_artefacts_is_looked_into(tmp_path: Path, look: Scan) -> None:
    (tmp_path / "dist").mkdir()
    for name in ("app.whl", "package.tgz"):
        (tmp_path / "dist" / name).write_bytes(FORMS[name][0])
    assert shown(look(tmp_path / "dist")) == {"app.whl!app/settings.py", "package.tgz!app/settings.py"}


def test_what_lies_between_the_files_of_a_zip_is_looked_at_once() -> None:
    content = b"#!/bin/sh\n" + LINE + zipped({"a": LINE}, zipfile.ZIP_STORED)
    assert [one.steps for one in texts(content) if TOKEN in one.text] == [("zip:a",), ("zip-rest",)]


def test_a_large_file_is_looked_at_in_stretches_that_overlap() -> None:
    content = b"x" * 1020 + TOKEN + b"y" * 3000
    found = texts(tarred({"big": content}), Limits(whole=1024, shared=100))
    assert any(TOKEN in one.text for one in found)
    for one in found:
        _, start, end = one.steps[-1].split(":")
        assert content[int(start) : int(end)] == one.text
    assert {byte for one in found for byte in range(*map(int, one.steps[-1].split(":")[1:]))} == set(
        range(len(content))
    )


# What is hostile or broken


def bomb() -> bytes:
    return gzip.compress(tarred({"zeros": bytes(40 << 20)}))


def encrypted() -> bytes:
    content = bytearray(zipped({"a": LINE, "b": LINE}))
    for at in (content.index(b"PK\3\4") + 6, content.index(b"PK\1\2") + 8):
        content[at] |= 1
    return bytes(content)


def overlapping(count: int = 2000, size: int = 1 << 20) -> bytes:
    """A zip whose files are all the same bytes, listed again and again."""
    packed = zipped({"a": bytes(size)}, zipfile.ZIP_STORED)
    directory = packed.index(b"PK\1\2")
    end = packed.index(b"PK\5\6")
    listed = packed[directory:end] * count
    return (
        packed[:directory] + listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(listed), directory, 0)
    )


TROUBLE = {
    "encrypted": (encrypted(), "encrypted"),
    "gzip cut off": (gzip.compress(tarred(FILES))[:-12], "gzip ends early"),
    "tar cut off in a file": (tarred({"a": LINE * 400})[:4096], "ends early"),
    "tar cut off between files": (tarred({"a": LINE * 20, "b": LINE * 20})[:1536], "tar has no end: it may be cut off"),
    "tar with another tail": (tarred(FILES) + b"something else that is no header" * 16, "something else follows"),
    "tar damaged in the middle": (
        (whole := tarred({"a": LINE, "b": LINE, "c": LINE}))[:1024] + b"X" + whole[1025:],
        "damaged tar",
    ),
    "bomb": (bomb(), "more than 200 times as large"),
    "bzip2 bomb in a zip": (zipped({"a": bytes(40 << 20)}, zipfile.ZIP_BZIP2), "more than 200 times as large"),
    "zip without its directory": (zipped(FILES)[:-30], "damaged or unusual zip"),
    "zip behind another zip": (
        zipped({"a": b"other"}) + zipped(FILES, zipfile.ZIP_STORED),
        "files that its directory does not list",
    ),
    "7z beside a file": (zipped({"a": LINE, "b": b"7z\xbc\xaf\x27\x1c" + bytes(99)}), "packed as 7z"),
    "rar beside a file": (tarred({"a": LINE, "b": b"Rar!\x1a\x07\x01\0" + bytes(99)}), "packed as rar"),
    "lz4 beside a file": (tarred({"a": LINE, "b": b"\x04\x22\x4d\x18" + bytes(99)}), "packed as lz4"),
    "lzma": (lzma.compress(tarred(FILES), lzma.FORMAT_ALONE), "packed as lzma"),
    "deb with a wrong size": (deb({}, FILES).replace(b"4         `\n", b"999999999 `\n", 1), "ends early"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_what_cannot_be_looked_at_is_said_and_scanned_around(name: str, tmp_path: Path, look: Scan) -> None:
    content, why = TROUBLE[name]
    assert any(why in one.why for one in refused(content))
    (tmp_path / "it").write_bytes(content)
    result = look(tmp_path / "it")
    assert any(why in gap.why for gap in result.gaps)
    assert result.findings or name in (
        "bomb",
        "bzip2 bomb in a zip",
        "deb with a wrong size",
        "zip without its directory",
        "lzma",
    )


def test_what_came_before_a_damage_is_looked_at() -> None:
    lines = random.Random(1).randbytes(1 << 16)
    content = gzip.compress(tarred({"a": LINE, "b": lines}))[: 1 << 15]
    assert any(one.text == LINE for one in texts(content))


def test_the_bounds_hold_for_files_bytes_and_depth() -> None:
    many = tarred({str(n): b"" for n in range(50)})
    assert [one.why for one in refused(many, Limits(members=20))] == [
        "more members than the limit; what comes after is not looked at"
    ]
    assert any("more comes out than the limit" in one.why for one in refused(overlapping(), Limits(size=8 << 20)))
    deep = LINE
    for _ in range(9):
        deep = zipped({"a": deep})
    assert any(one.why == "nested deeper than the limit" for one in refused(deep, Limits(depth=8)))
    assert any(TOKEN in one.text for one in texts(deep, Limits(depth=9)))


def test_a_zip_that_lists_the_same_bytes_again_and_again_ends_soon() -> None:
    began = time.process_time()
    found = refused(overlapping(20_000), Limits(size=1 << 30))
    assert any("more comes out than the limit" in one.why for one in found)
    assert time.process_time() - began < 20


def test_names_that_lead_out_links_and_names_that_come_twice_write_nothing(tmp_path: Path, look: Scan) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("../../outside", "/etc/absolute", "twice", "twice"):
            info = tarfile.TarInfo(name)
            info.size = len(LINE)
            archive.addfile(info, io.BytesIO(LINE))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo("link")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar").write_bytes(out.getvalue())
    result = look(tmp_path / "in")
    steps = sorted(place.decoding[0] for one in result.findings for place in one.places)
    assert steps == ["tar:../../outside", "tar:/etc/absolute", "tar:twice", "tar:twice:2"]
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.tar"]
    assert result.gaps == ()


def test_sparse_files_and_several_streams_in_one_are_read() -> None:
    assert [one.text for one in texts(gzip.compress(tarred({"a": LINE})) + gzip.compress(tarred({"b": LINE})))] == [
        LINE,
        LINE,
    ]


def test_zstandard_is_opened_or_said_to_be_closed(tmp_path: Path, look: Scan) -> None:
    content = bytes.fromhex("28b52ffd") + b"\0" * 20
    assert refused(content)
    zstd = pytest.importorskip("backports.zstd")
    (tmp_path / "app.tar.zst").write_bytes(zstd.compress(tarred(FILES)))
    assert shown(look(tmp_path / "app.tar.zst")) == {"app.tar.zst!app/settings.py"}
    assert any("ends early" in one.why for one in refused(zstd.compress(tarred(FILES))[:-3]))
    assert any("200 times" in one.why for one in refused(zstd.compress(bytes(40 << 20))))


def test_an_rpm_package_is_its_header_and_its_payload() -> None:
    def file(name: bytes, content: bytes) -> bytes:
        fields = (1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
        return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)

    payload = gzip.compress(file(b"./etc/app.conf", LINE) + file(b"TRAILER!!!", b""))
    header = b"\x8e\xad\xe8\x01" + bytes(4) + (1).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes(21)
    lead = b"\xed\xab\xee\xdb" + bytes(92)
    content = lead + header + bytes(-len(header) % 8 + 0) + header + payload
    found = [one for one in texts(content) if TOKEN in one.text]
    assert [one.steps for one in found] == [("rpm:payload", "gzip", "cpio:./etc/app.conf")]
    assert any(one.why == "damaged cpio" or "ends early" in one.why for one in refused(content[:-20]))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_whatever_is_changed_in_an_archive_nothing_but_layers_and_refusals_comes_out(data: some.DataObject) -> None:
    name = data.draw(some.sampled_from(sorted(FORMS)))
    content = bytearray(FORMS[name][0])
    for _ in range(data.draw(some.integers(1, 6))):
        at = data.draw(some.integers(0, len(content) - 1))
        content[at] = data.draw(some.integers(0, 255))
    cut = data.draw(some.integers(1, len(content)))
    found = list(members(io.BytesIO(bytes(content[:cut])), Limits(size=64 << 20)))
    assert all(isinstance(one, Layer | Refused) for one in found)
    assert found


@settings(max_examples=60, deadline=None)
@given(
    files=some.dictionaries(
        some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300).filter(
            lambda name: not name.endswith("/")
        ),
        some.binary(max_size=2000),
        max_size=6,
    ),
    form=some.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_a_tar_holds_for_us_what_it_holds_for_python(files: dict[str, bytes], form: int) -> None:
    content = tarred(files, form)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        theirs = [(info.name, archive.extractfile(info).read()) for info in archive]  # type: ignore[union-attr]
    from scanner.artefacts.tape import tar

    ours = [(one.name, one.content.read(1 << 20)) for one in tar(io.BytesIO(content))]
    assert ours == theirs


def test_only_what_is_wanted_is_given_when_a_value_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    content = docker_save([{"a": b"first", "b": LINE}])
    steps = next(one.steps for one in texts(content) if one.text == LINE)
    assert [one.text for one in members(io.BytesIO(content), wanted=steps)] == [LINE]
    digest = opened.in_memory(content).digest  # type: ignore[union-attr]
    assert opened.text_at(content, digest, steps) == LINE
    assert opened.text_at(content, "sha256:other", steps) is None


def test_neither_the_hook_nor_a_scan_that_meets_no_archive_imports_what_opens_them() -> None:
    code = (
        "import sys, scanner.hook\n"
        "assert not [name for name in sys.modules if name.startswith('scanner.artefacts')]\n"
        "import offboarding.commands.scan\n"
        "late = ('scanner.artefacts.members', 'scanner.artefacts.tape', 'offboarding.gate.check', 'tarfile')\n"
        "print([name for name in late if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
