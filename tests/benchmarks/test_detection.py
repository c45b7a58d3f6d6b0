"""The corpus of detection, how tools' reports are read, and how they are scored."""

import hashlib
import json
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from benchmarks.detection import corpus as made
from benchmarks.detection import near, score, table, tools, values
from benchmarks.detection.corpus import Text, all_forms, corpus, report_only, usable
from benchmarks.detection.forms import Form, filled
from benchmarks.detection.providers import providers, split_of

ROOT = Path(__file__).parents[2]
PRINT = "import tests.benchmarks.test_detection as t; print(t.digest(7))"


@cache
def texts() -> tuple[Text, ...]:
    return tuple(corpus())


def few(seed: int) -> list[Text]:
    """The texts of some providers, and the near misses."""
    own = [text for provider in providers()[::20] for text in made.of_provider(provider, seed, 0)]
    return [*own, *made._published(seed, 0)]


def digest(seed: int) -> str:
    return hashlib.sha256(repr([(text.path, text.text, text.split) for text in few(seed)]).encode()).hexdigest()


def one(label: str, *lines: int, number: int = 3) -> Text:
    return Text(number, "tune", label, "provider", "acme", "env", "key", True, ".env", "A\nB\n", (), frozenset(lines))


def test_the_same_seed_makes_the_same_corpus_in_another_process() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(7)


def test_another_seed_makes_other_values_and_the_same_halves() -> None:
    ours, other = ([text for text in few(seed) if text.label == "credential"] for seed in (7, 8))
    assert {(text.source, text.split) for text in other} == {(text.source, text.split) for text in ours}
    assert not {text.secrets for text in other} & {text.secrets for text in ours}


def test_no_provider_and_no_family_of_templates_is_in_both_halves() -> None:
    halves: dict[tuple[str, str], set[str]] = {}
    for text in texts():
        if text.split != "later" and (text.group == "provider" or text.label != "credential"):
            halves.setdefault((text.label, text.source), set()).add(text.split)
    assert [where for where, split in halves.items() if len(split) > 1] == []


@pytest.mark.parametrize("label", ["credential", "plain", "near"])
def test_each_half_has_its_share(label: str) -> None:
    these = [text for text in texts() if text.label == label and text.split != "later"]
    assert 0.35 < sum(text.split == "tune" for text in these) / len(these) < 0.65


def test_what_was_written_later_holds_no_credential_and_is_of_neither_half() -> None:
    later = [text for text in texts() if text.split == "later"]
    assert {text.label for text in later} == {"plain", "near"}
    assert min(sum(text.label == label for text in later) for label in ("plain", "near")) >= 400


def test_some_forms_of_files_are_kept_for_the_report() -> None:
    kept = {form.name for form in all_forms() if report_only(form.name)}
    assert len(kept) >= 10
    assert not [text for text in texts() if text.split == "tune" and text.form in kept]
    assert kept == {text.form for text in texts() if text.split == "report"} & kept


def test_each_credential_stands_on_the_lines_that_are_said_to_hold_it() -> None:
    for text in texts():
        if text.label == "credential":
            lines = text.text.split("\n")
            held = "\n".join(lines[number - 1] for number in sorted(text.lines))
            assert text.secrets, text.path
            assert all(secret in held for secret in text.secrets), (text.source, text.form)


def test_what_is_no_credential_has_no_lines() -> None:
    assert all(not text.lines and not text.secrets for text in texts() if text.label != "credential")


def test_no_credential_of_a_provider_stands_twice() -> None:
    said = [text.secrets for text in texts() if text.group == "provider" and len(text.secrets[0]) > 12]
    assert len(said) == len(set(said))


def test_no_slot_is_left_open() -> None:
    assert [text.path for text in texts() if {"«", "»", "\x02", "\x03"} & set(text.path + text.text)] == []


def test_the_corpus_is_as_large_as_it_is_said_to_be() -> None:
    assert len(providers()) >= 640
    assert len({form.name for form in all_forms()}) >= 40
    labels = [text.label for text in texts()]
    assert labels.count("credential") >= 5000
    assert labels.count("plain") + labels.count("near") >= 2500


def test_paths_stay_in_their_folder() -> None:
    assert not [text.path for text in texts() if text.path.startswith("/") or ".." in Path(text.path).parts]


def test_every_kind_of_every_provider_can_be_made_and_put_somewhere() -> None:
    for provider in providers():
        for kind in (*provider.kinds, *provider.ids):
            assert len(values.made(kind.shape, random.Random(1))) >= 4, provider.name
        assert provider.kinds
        assert len({form.name for form in usable(provider, provider.kinds[0].name, "tune")}) >= 7, provider.name


def test_the_halves_of_providers_depend_on_their_names_alone() -> None:
    assert [split_of(name) for name in ("stripe", "github", "npm")] == [
        next(text.split for text in texts() if text.source == name) for name in ("stripe", "github", "npm")
    ]


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        ("sk_{b24}", r"sk_[0-9A-Za-z]{24}"),
        ("{h8}-{H4}", r"[0-9a-f]{8}-[0-9A-F]{4}"),
        ("{d2-4}", r"\d{2,4}"),
        ("{E32}", r"[A-Za-z0-9+/]{43}="),
        ("{uuid}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    ],
)
def test_a_shape_is_filled_with_what_it_says(shape: str, pattern: str) -> None:
    import re

    assert re.fullmatch(pattern, values.made(shape, random.Random(3)))


def test_another_text_is_another_fingerprint() -> None:
    assert made.fingerprint([one("plain")]) != made.fingerprint([one("plain", number=4)])


def test_an_unknown_slot_is_refused() -> None:
    with pytest.raises(KeyError):
        values.made("{zebra}", random.Random(1))


def test_the_lines_of_a_value_over_several_lines_are_all_counted() -> None:
    form = Form("x", "a/«app».txt", "one\nkey = «secret:{ec}»\nend\n")
    file = filled(form, {"app": "shop"}, random.Random(1))
    assert file.path == "a/shop.txt"
    assert file.lines == frozenset(range(2, 2 + file.secrets[0].count("\n") + 1))
    assert file.text.startswith("one\nkey = -----BEGIN EC")


@pytest.mark.parametrize("way", near.WRONG)
def test_a_near_miss_is_not_of_its_providers_form(way: str) -> None:
    case = near.Case("x", way, providers()[0], "api_key", "{h32}" if way in ("length", "alphabet") else "sk_{h32}")
    value = near.value(case, {}, random.Random(2))  # type: ignore[arg-type]
    body = value.removeprefix("sk_")
    assert len(body) != 32 or set(body) - set("0123456789abcdef") or len(set(body)) <= 2


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [
        pytest.param(one("credential", 2), {(3, 2)}, True, id="on its line"),
        pytest.param(one("credential", 2, 3, 4), {(3, 4)}, True, id="on one of its lines"),
        pytest.param(one("credential", 2), {(3, 1)}, False, id="on another line"),
        pytest.param(one("credential", 2), {(4, 2)}, False, id="in another file"),
        pytest.param(one("plain"), {(3, 1)}, True, id="anywhere in a text without a credential"),
        pytest.param(one("near"), {(4, 1)}, False, id="nothing in a text without a credential"),
    ],
)
def test_what_counts_as_reported(text: Text, places: set[tuple[int, int]], expected: bool) -> None:
    assert score.hits([text], frozenset(places)) == {3: expected}


def test_the_summary_counts_each_half_and_label() -> None:
    these = [one("credential", 1, number=1), one("credential", 1, number=2), one("plain", number=5)]
    told = score.summary(these, {1: True, 2: False, 5: False})
    assert told["tune credential"] == {"texts": 2, "reported": 1, "share": 0.5}
    assert told["all plain"] == {"texts": 1, "reported": 0, "share": 0.0}
    assert "report credential" not in told


def test_the_table_says_the_share_of_each_label() -> None:
    these = [one("credential", 1, number=1), one("near", number=5)]
    hits = {1: True, 5: True}
    told = {"tools": {"offkey": {"scores": score.summary(these, hits), "seconds": 1.4}}}
    assert "| offkey | tune | 100.0% (1 of 1) | none | 100.0% (1 of 1) | 1 |" in table.scores(told, ("tune",))
    assert "| acme | 1 | 1 | 100% |" in table.by(score.counts(these, hits, "provider"), "provider")
    assert "false alarm: 00005/.env [acme key env tune]" in table.wrong(these, hits, 5, values=False)


REPORTS = {
    "offkey": b"\n".join(
        json.dumps({"confidence": level, "places": [{"path": f"0000{at}/a/.env", "line": at + 1}]}).encode()
        for at, level in enumerate(("high", "low"), 3)
    ),
    "kingfisher": b'INFO\n{"finding": {"path": "./00003/a/.env", "line": 4}}\n{"findings": 1}',
    "detect-secrets": b'{"results": {"00003/a/.env": [{"line_number": 4}]}}',
    "credsweeper": b'[{"line_data_list": [{"path": "./00003/a/.env", "line_num": 4}]}]',
}


@pytest.mark.parametrize("name", [*tools.TOOLS])
def test_each_tools_report_is_read(name: str, tmp_path: Path) -> None:
    read = tools.TOOLS[name].read(REPORTS[name], tmp_path)
    assert [(tools._number(path), line) for path, line in read] == [(3, 4)]


@pytest.mark.parametrize(("decoding", "lines"), [([], {2, 3, 4}), (["base64"], {2})])
def test_the_lines_of_the_secret_itself_are_read_from_its_span(
    tmp_path: Path, decoding: list[str], lines: set[int]
) -> None:
    (tmp_path / "00003").write_bytes(b"a\nid: 7\nkey: one\ntwo\n")
    place = {"path": "00003", "line": 2, "decoding": decoding, "spans": [{"part": "secret", "start": 13, "end": 20}]}
    output = json.dumps({"confidence": "high", "places": [place]}).encode()
    assert {line for _, line in tools.TOOLS["offkey"].read(output, tmp_path)} == lines


def test_offkey_is_really_run_over_the_files(tmp_path: Path) -> None:
    text = next(text for text in texts() if text.source == "private-key")
    folder = tmp_path / "files"
    tools.written([text], folder)
    report = tools.asked(tools.TOOLS["offkey"], folder, tmp_path / "out", program="offkey")
    assert score.hits([text], report.places) == {text.number: True}


def test_a_tool_that_leaves_no_report_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with pytest.raises(RuntimeError, match="left no report"):
        tools.asked(tools.TOOLS["detect-secrets"], tmp_path / "files", tmp_path / "out", program="false")
