"""The ledger for others: OCSF by the published schema's rules, CEF read back, CloudEvents by their JSON schema."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import revokers
from offboarding import cli
from offboarding.formats import cef, export, ocsf
from offboarding.formats.context import context
from offboarding.ledger import chain
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import UsageError
from offkey.model import AccessPoint, Action, AuditEvent, Outcome, Plan, Receipt, Step, timestamp, to_json
from tests.offboarding.cases import LEAVER, LEAVER_ACCOUNT, NOW, leaked, listed, plan_of

DATA = Path(__file__).parents[1] / "data"
RULES = json.loads((DATA / "ocsf-rules.json").read_bytes())
CLOUDEVENTS = json.loads((DATA / "cloudevents-schema-1.0.json").read_bytes())


def chained(*told: tuple[str, str, Any]) -> list[AuditEvent]:
    """A ledger of (type, run, body), an event a minute."""
    events: list[AuditEvent] = []
    for number, (type_, run, body) in enumerate(told):
        last = events[-1] if events else None
        at = NOW + timedelta(minutes=number)
        events.append(chain.next_event(last, at=at, actor="boss@example.com", type=type_, run=run, body=body))
    return events


def receipt(step: Step, outcome: Outcome, note: str = "") -> tuple[str, str, Any]:
    made = Receipt(
        step=step.id, outcome=outcome, before=None, after=None, exchanges=(), started_at=NOW, finished_at=NOW, note=note
    )
    return "step.receipt", "run-1", {"receipt": made}


def every_kind() -> Plan:
    """A plan with a step for every action of every kind that a revoker handles."""
    steps = []
    for name, revoker in revokers.REGISTRY.items():
        for kind, ways in revoker.HANDLES.items():
            holder = replace(LEAVER_ACCOUNT, provider=name)
            point = AccessPoint(id=f"{kind}:x", provider=name, kind=kind, holder=holder, provider_id="x", redacted="…")
            for action in sorted({way.action for way in ways} | {Action.KEEP, Action.REWRITE, Action.REPLACE}):
                steps.append(Step(id=f"{kind} {action}", point=point, action=action, reversible=False, reason="r"))
    return replace(plan_of(listed()), steps=tuple(steps))


def whole() -> list[AuditEvent]:
    """A ledger with every outcome, every kind, and every other type of event."""
    plan = every_kind()
    outcomes = list(Outcome)
    receipts = [receipt(step, outcomes[number % len(outcomes)], "a=b|c\nd") for number, step in enumerate(plan.steps)]
    first = plan.steps[0].id
    incident = {"key": "k", "provider": "aws", "kind": "aws.access_key", "words": "it was used"}
    return chained(
        ("config.changed", "", {"what": "x"}),
        ("run.opened", "run-1", {"person": LEAVER.id, "subject": "sam", "trigger": None}),
        ("plan.made", "run-1", {"digest": plan.digest, "plan": plan}),
        ("apply.started", "run-1", {"digest": plan.digest}),
        ("step.intent", "run-1", {"step": first, "attempt": 1}),
        *receipts,
        ("undo.done", "run-1", {"step": first, "after": None, "exchanges": []}),
        ("run.closed", "run-1", {"digest": plan.digest}),
        ("incident.found", "run-1", incident),
        ("run.reopened", "run-1", {"reasons": [{"key": "k", "what": "alive", "words": "it lives"}]}),
        ("run.verified", "run-1", {"slot": "1h", "results": []}),
    )


def refused(record: Any, kind: str, rules: Any, where: str = "") -> Iterator[str]:
    """What the schema's rules say against an object or event."""
    known = rules["objects"].get(kind) or rules["classes"].get(kind)
    if known is None:
        yield f"{where}: {kind} has no rules here"
        return
    for name, rule in known["attributes"].items():
        if rule["requirement"] == "required" and name not in record:
            yield f"{where}.{name} is required"
    needed = known["constraints"].get("at_least_one", ())
    if needed and not set(needed) & set(record):
        yield f"{where} has none of {needed}"
    for name, value in record.items():
        rule = known["attributes"].get(name)
        if rule is None:
            yield f"{where}.{name} is unknown"
            continue
        for each in value if rule["array"] else [value]:
            yield from wrong(each, rule, rules, f"{where}.{name}")
        if rule["array"] is not isinstance(value, list):
            yield f"{where}.{name}: an array or not?"


def wrong(value: Any, rule: Any, rules: Any, where: str) -> Iterator[str]:
    kind = rules["types"].get(rule["type"], "")
    types = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool, "float_t": float}
    if kind in types:
        if type(value) is not types[kind] or value == "":
            yield f"{where}: {value!r} is no {rule['type']}"
        if rule["enum"] and str(value) not in rule["enum"]:
            yield f"{where}: {value} is none of {sorted(rule['enum'])}"
    elif rule["type"] in ("object", "object_t") or where == ".unmapped":
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
    else:
        yield from refused(value, rule["type"], rules, where)


@pytest.mark.parametrize("version", ocsf.VERSIONS)
def test_every_event_is_an_ocsf_record_by_the_published_rules(version: str) -> None:
    rules = RULES["versions"][version]
    names = {rules["category"] * 1000 + each["uid"]: name for name, each in rules["classes"].items()}
    events, seen = whole(), set()
    told = context(events)
    for event in events:
        record = ocsf.record(event, told, version)
        name = names[record["class_uid"]]
        assert list(refused(record, name, rules)) == []
        assert record["type_uid"] == record["class_uid"] * 100 + record["activity_id"]
        assert record["category_uid"] == rules["category"]
        assert record["metadata"]["version"] == version
        assert record["class_name"] == ocsf._CLASSES[record["class_uid"]]
        seen.add(record["class_uid"])
    assert seen == ({3001, 3004, 3005, 3006} if version == "1.8.0" else {3004, 3006, 3007})


def test_the_rules_refuse_what_the_schema_refuses() -> None:
    rules = RULES["versions"]["1.8.0"]
    events = whole()
    good = ocsf.record(events[-2], context(events))
    for change in (
        {"activity_id": 77},
        {"severity_id": "4"},
        {"nonsense": 1},
        {"entity": {"type": "x"}},
        {"time": 1.5},
    ):
        assert list(refused({**good, **change}, "entity_management", rules)), change
    for name in ("time", "metadata", "entity", "type_uid"):
        assert list(refused({k: v for k, v in good.items() if k != name}, "entity_management", rules)), name


CASES = [
    ("aws.access_key", Action.DISABLE, 300409, 300409),
    ("aws.access_key", Action.REVOKE, 300404, 300719),
    ("aws.mfa_device", Action.REMOVE, 300111, 300713),
    ("github.membership", Action.REMOVE, 300604, 300604),
    ("okta.account", Action.DISABLE, 300105, 300705),
    ("okta.account", Action.REMOVE, 300106, 300703),
    ("database.role", Action.REVOKE, 300502, 300715),
    ("slack.user", Action.REVOKE, 300404, 300719),
    ("aws.access_key", Action.REWRITE, 300403, 300403),
]


@pytest.mark.parametrize(("kind", "action", "now", "later"), CASES)
def test_a_deed_has_the_type_that_ocsf_has_for_it(kind: str, action: Action, now: int, later: int) -> None:
    point = listed("x1", kind)
    step = Step(id="s", point=point, action=action, reversible=False, reason="r")
    plan = replace(plan_of(listed()), steps=(step,))
    events = chained(
        ("plan.made", "run-1", {"digest": plan.digest, "plan": plan}),
        receipt(step, Outcome.REVOKED),
        receipt(step, Outcome.UNDONE),
    )
    told = context(events)
    records = [ocsf.record(events[1], told, version) for version in ocsf.VERSIONS]
    assert [record["type_uid"] for record in records] == [now, later]
    assert {record["status_id"] for record in records} == {1}
    assert ocsf.record(events[2], told)["type_uid"] == 300408


def test_cloudevents_hold_to_their_schema_and_are_known_again() -> None:
    events = whole()
    records = [json.loads(line) for line in export.lines(events, "cloudevents")]
    validator = jsonschema.Draft7Validator(CLOUDEVENTS, format_checker=jsonschema.FormatChecker())
    for event, record in zip(events, records, strict=True):
        assert [error.message for error in validator.iter_errors(record)] == []
        assert record["specversion"] == "1.0"
        assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in record)
        assert record["data"]["body"] == json.loads(json.dumps(to_json(dict(event.body))))
    assert len({(record["source"], record["id"]) for record in records}) == len(events)
    assert [record["sequence"] for record in records] == sorted(record["sequence"] for record in records)


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Takes a line of CEF apart by its specification, without anything of ours."""
    parts, field, rest = [], "", line
    while len(parts) < 7:
        if rest[0] == "\\":
            field, rest = field + rest[1], rest[2:]
        elif rest[0] == "|":
            parts.append(field)
            field, rest = "", rest[1:]
        else:
            field, rest = field + rest[0], rest[1:]
    marks = list(re.finditer(r"(?:^| )([A-Za-z][A-Za-z0-9_]*)(?<!\\)=", rest))
    ends = [*(mark.start() for mark in marks[1:]), len(rest)] if marks else []
    plain = {"n": "\n", "r": "\r", "\\": "\\", "=": "="}
    values = {
        mark[1]: re.sub(r"\\(.)", lambda found: plain[found[1]], rest[mark.end() : end])
        for mark, end in zip(marks, ends, strict=True)
    }
    return parts, values


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.text("\\=|\n\r a1", max_size=20)


@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True), TEXT, max_size=5), TEXT)
def test_what_cef_holds_is_read_back(fields: dict[str, str], head: str) -> None:
    line = f"CEF:0|a|b|c|d|{cef.header(head)}|5|{cef.extension(fields)}"
    parts, values = read_cef(line)
    assert line.splitlines() == [line]
    assert values == {key: uncontrolled(value) for key, value in fields.items() if value}
    assert parts[5] == uncontrolled(head.replace("\n", " ").replace("\r", " "))


def uncontrolled(text: str) -> str:
    """Without the control characters, and the separators of lines, that CEF cannot write."""
    odd = (one for one in text if unicodedata.category(one) in ("Cc", "Zl", "Zp") and one not in "\n\r\t")
    for one in set(odd):
        text = text.replace(one, "\ufffd")
    return text


def test_the_command_writes_a_line_an_event_and_goes_on_after_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    ledger = Ledger(Store.open(state), lambda: NOW, "tab\there <a@example.com>")
    for number in range(3):
        ledger.append("run.opened", f"run-{number}", {"person": "sam", "subject": "sam", "trigger": None})

    def told(*words: str) -> list[str]:
        assert cli.main(["ledger", "export", "--state", str(state), *words]) == 0
        return capsys.readouterr().out.splitlines()

    for form in export.FORMS:
        assert told("--format", form) == list(export.lines(ledger.events(), form))
        assert told("--format", form, "--since", "2") == told("--format", form)[2:]
    assert told("--format", "ocsf", "--ocsf-version", "1.9.0-dev")[0].count("1.9.0-dev") == 1
    assert "suser=tab\there <a@example.com>" in told("--format", "cef")[0]
    assert len(told("--run", "run-1")) == 1


def test_cef_tells_what_was_done_to_what() -> None:
    events = whole()
    told = context(events)
    for event in events:
        parts, values = read_cef(cef.line(event, told))
        assert parts[:3] == ["CEF:0", "offkey", "offkey"]
        assert parts[4] == event.type
        assert int(parts[6]) in range(11)
        assert values["externalId"] == str(event.seq)
        assert values["rt"] == str(int(event.at.timestamp() * 1000))
    incident = next(event for event in events if event.type == "incident.found")
    assert read_cef(cef.line(incident, told))[0][6] == "10"
    with pytest.raises(ValueError, match="no key"):
        cef.extension({"a key": "1"})


@pytest.mark.parametrize("form", export.FORMS)
def test_what_is_shipped_in_parts_is_the_whole(form: str) -> None:
    """A cron job ships what is after the last number that it has; every part knows the plan that lies before it."""
    events = whole()
    at_once = list(export.lines(events, form))
    assert len(at_once) == len(events)
    for cut in (0, 1, 3, len(events) - 1, len(events)):
        first = list(export.lines(events[:cut], form))
        assert first + list(export.lines(events, form, after=cut)) == at_once


def test_lines_from_a_time_or_of_a_run() -> None:
    events = whole()
    from_third = export.since(timestamp(events[2].at))
    assert list(export.lines(events, after=from_third)) == list(export.lines(events))[2:]
    assert len(list(export.lines(events, run="run-1"))) == len(events) - 1
    assert export.since("7") == 7
    assert export.since("2026-11-20T13:00:00+01:00") == datetime(2026, 11, 20, 12, tzinfo=UTC)
    for bad in ("yesterday", "2026-11-20", "2026-11-20T12:00:00", "-1", "٣"):
        with pytest.raises(UsageError):
            export.since(bad)


def test_a_plan_does_not_stand_in_every_record_and_a_fingerprint_does() -> None:
    plan = plan_of(leaked())
    step = plan.steps[0]
    events = chained(("plan.made", "run-1", {"digest": plan.digest, "plan": plan}), receipt(step, Outcome.DISABLED))
    told = context(events)
    assert ocsf.record(events[0], told)["unmapped"] == {"digest": plan.digest}
    assert read_cef(cef.line(events[1], told))[1]["cs5"] == step.point.fingerprint
