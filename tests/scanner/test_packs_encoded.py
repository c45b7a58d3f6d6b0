"""The contract of reading packs holds for what is encoded, too: the same findings as `--exhaustive`, however packed."""

import base64
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.values import read_value
from tests.builders import Repo
from tests.scanner.test_packs import PACKINGS, SNIPPETS, Scan, alike, lines


def as_parameter(text: bytes) -> bytes:
    return quote(text, safe="").encode()


FORMS: tuple[Callable[[bytes], bytes], ...] = (
    base64.b64encode,
    lambda text: base64.urlsafe_b64encode(b"?" * 9 + text + b"?" * 9),
    lambda text: base64.b64encode(base64.b64encode(text)),
    lambda text: text.hex().encode(),
    lambda text: "".join(f"%{byte:02X}" for byte in text).encode(),
    as_parameter,
    lambda text: "".join(f"\\u{byte:04x}" for byte in text).encode(),
    base64.encodebytes,
    lambda text: base64.b64encode(gzip.compress(text, mtime=0)),
)
NAMES = ("base64", "base64url", "base64", "hex", "percent", "percent", "escapes", "base64", "gzip")


def zipped(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("settings.txt"), text)
    return out.getvalue()


WHOLE: tuple[Callable[[bytes], bytes], ...] = (
    lambda text: text,
    lambda text: gzip.compress(text, mtime=0),
    zipped,
    lambda text: b"\xff\xfe" + text.decode().encode("utf-16-le"),
    lambda text: text.decode().encode("utf-32-be"),
)


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int, int, int]]:
    """What to do, where (in thousandths), with which snippet, in which form, how much padding before it."""
    kinds = ["insert"] * 4 + ["delete", "replace", "cut", "mend", "grow", "duplicate", "move", "whole"]
    step = st.tuples(
        st.sampled_from(kinds),
        st.integers(0, 999),
        st.integers(0, len(SNIPPETS) - 1),
        st.integers(0, len(FORMS) - 1),
        st.sampled_from([0, 1, 2, 50, 1500, 4000]),
    )
    return draw(st.lists(step, min_size=3, max_size=14))


def edited(text: list[str], step: tuple[str, int, int, int, int]) -> list[str]:
    what, where, which, form, padding = step
    at = where * (len(text) + 1) // 1000
    line = text[min(at, len(text) - 1)] if text else ""
    half = len(line) // 2
    if what == "insert":
        # Padding puts the value far from an end of its run: edits there are out of reach of its mark.
        noise = random.Random(padding).randbytes(padding).hex().encode()
        hidden = FORMS[form](noise[:padding] + b" " + SNIPPETS[which](1).encode() + b" " + noise[:padding]).decode()
        return [*text[:at], f'value: "{hidden}"' if form != 7 else f"value: |\n    {hidden}", *text[at:]]
    if what == "delete":
        return text[:at] + text[at + 2 :]
    if what == "replace":
        return [*text[:at], "changed", *text[at + 1 :]]
    if what == "cut":
        return [*text[: min(at, len(text) - 1)], line[:half] + "!" + line[half + 1 :], *text[at + 1 :]]
    if what == "mend":
        return [one.replace("!", "A") for one in text]
    if what == "grow":
        return [*text[: min(at, len(text) - 1)], line.replace('"', '"QUJD', 1), *text[at + 1 :]]
    if what == "duplicate":
        return text + text[at : at + 30]
    if what == "move":
        return text[at:] + text[:at]
    return lines(60, where)


def build(repo: Repo, done: list[tuple[str, int, int, int, int]]) -> Repo:
    text = lines(80, 0)
    for number, step in enumerate(done):
        text = edited(text, step)
        content = "\n".join(text).encode()
        repo.commit(f"step {number}", {"settings.txt": content, "side.bin": WHOLE[step[1] % len(WHOLE)](content)})
    return repo


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    done=steps(),
    packing=st.sampled_from(PACKINGS),
    compiled=st.booleans(),
    matcher=st.sampled_from(["auto", "keyword"]),
)
def test_any_history_gives_the_same_findings_as_reading_every_object(
    look: Scan,
    tmp_path_factory: pytest.TempPathFactory,
    done: list[tuple[str, int, int, int, int]],
    packing: tuple[str, ...],
    compiled: bool,
    matcher: str,
) -> None:
    repo = build(Repo.create(tmp_path_factory.mktemp("history") / "app"), done)
    repo.git(*packing)
    alike(look, repo.path, compiled=compiled, matcher=matcher)


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_a_value_is_found_in_each_form_though_its_run_is_long_and_read_again(
    look: Scan, tmp_path: Path, form: int
) -> None:
    repo = Repo.create(tmp_path / "app")
    # Of a URL, percent-encoding leaves all but what is around the password.
    snippet = 3 if FORMS[form] is as_parameter else 5
    cuts = [("cut", 10 * n, 0, 0, 0) for n in range(6)]
    build(repo, [("insert", 500, snippet, form, 4000), *cuts, ("mend", 0, 0, 0, 0)])
    repo.git("repack", "-q", "-adf")
    (finding,) = alike(look, repo.path).findings
    assert {place.decoding[-1].split(":")[0] for place in finding.places} == {NAMES[form]}
    assert len({place.object for place in finding.places}) > 6
    assert {part for place in finding.places for part in read_value(place).values()} <= values(snippet)


def values(snippet: int) -> set[bytes]:
    text = SNIPPETS[snippet](1)
    return {text.encode(), text.partition(":")[2].encode(), *re.split(rb"[:/@]+", text.encode())}
