"""What a list must be before an absence from it proves an end: a list, whole, and not emptier than it can be."""

import json

import pytest

from offkey.model import Liveness
from revokers import parts
from tests.revokers.contract import CASES
from tests.revokers.test_garbage import answering, asked

LISTED = (
    "anthropic.member", "atlassian.api_token", "azure.client_secret", "azure.devops_pat", "azure.grant",
    "datadog.access_token", "datadog.api_key", "datadog.app_key", "openai.admin", "openai.member", "openai.project",
    "pagerduty.user", "sendgrid.teammate",
)  # fmt: skip
_COUNTED = {"meta": {"page": {"total_filtered_count": 0}}, "count": 0}
_USER = {"id": "PX", "name": "x", "email": "x@example.com", "role": "owner"}
_NAMES = ("data", "users", "result", "value", "passwordCredentials", "items")
NO_LISTS = [
    {**dict.fromkeys(_NAMES, wrong), **_COUNTED, "has_more": False, "more": False, "id": "x", "appId": "x"}
    for wrong in ({}, "", ["text"])
]
NO_ENDS = [{"data": [], "users": [_USER], "has_more": end, "more": end} for end in (None, "", 0)]
EMPTY = {"data": [], "users": [], "has_more": False, "more": False, "result": [], **_COUNTED}
SAY_MORE = ("anthropic", "openai", "pagerduty")
NEVER_EMPTY = (
    "anthropic.member", "datadog.app_key", "openai.admin", "openai.member", "pagerduty.user", "sendgrid.teammate",
)  # fmt: skip


@pytest.mark.parametrize("kind", LISTED)
def test_what_is_no_list_proves_nothing(kind: str) -> None:
    with CASES[kind]() as case:
        for label in ("", *asked(case)):
            for body in NO_LISTS + (
                NO_ENDS if kind.split(".", maxsplit=1)[0] in ("anthropic", "openai", "pagerduty") else []
            ):
                answering(case.sim, label, json.dumps(body).encode())
                assert case.state(1).liveness is not Liveness.DEAD, (label, body)


@pytest.mark.parametrize("kind", NEVER_EMPTY)
def test_a_list_that_cannot_be_empty_proves_nothing_where_it_is(kind: str) -> None:
    with CASES[kind]() as case:
        for label in asked(case):
            answering(case.sim, label, json.dumps(EMPTY).encode())
            assert case.state(1).liveness is not Liveness.DEAD, label


def test_a_time_at_the_calendars_edge_is_no_time() -> None:
    assert parts.when("9999-12-31T23:59:59-05:00") is None
    assert parts.when("9999-12-31T23:59:59Z") is not None
    assert parts.when("2026-01-01T00:00:00") is None
