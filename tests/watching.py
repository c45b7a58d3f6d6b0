"""Holds what revokers send, in all tests, and what simulators answer against the providers' official descriptions.

A simulator says which descriptions hold for it (`CONTRACTS`). What they lack, or say otherwise, is listed here by name
with its reason; anything else fails the test in which it happened. Where the descriptions are not at hand, nothing is
compared (tests/simulators/test_contracts.py skips and says so).
"""

import re
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from offboarding.demo.simulators.wire import Answer, LocalServer, Request
from tests.contracts import at_hand, contract

BUILT_IN: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "GitHubSimulator": ("github", (("", "github"), ("", "github-enterprise-cloud"), ("", "github-enterprise-server"))),
    "SlackSimulator": ("slack", (("/api", "slack"),)),
    "AwsServer": ("aws", ()),
}
"""The demonstration's simulators: provider and descriptions."""

UNDESCRIBED: dict[tuple[str, str, str], str] = {}
"""(description, method, path template) -> why a revoker calls what the official description does not have."""

DEVIATIONS: dict[tuple[str, str, str, str], str] = {
    ("github", "POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", "body"): "PyGithub sends the bare list, "
    "which the documentation allows beside the object",
    (
        "github-enterprise-cloud", "GET", "/orgs/{org}/credential-authorizations", "status 404",
    ): "what an organisation without single sign-on answers; the description has 200 alone",
    ("github", "GET", "/repos/{owner}/{repo}/actions/secrets/{secret_name}", "status 404"): "what is answered where "
    "there is no such secret; the description has 200 alone",
}  # fmt: skip
"""(description, method, path template, what) -> why the request or answer differs. `what` begins the complaint:
"query per_page", "header x", "body", "status 403", "answer"; method and template may be "*".

Both are for the demonstration's simulators; others carry their own under the same names."""

violations: list[str] = []
used: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
"""By provider: each (method, path template) that was called, with the description that has it, or "" for none."""
_lock = threading.Lock()


def observe(sim: LocalServer, request: Request, answer: Answer | None) -> None:
    """Called for each request that a simulator gets, in the simulator's own threads."""
    agent = request.headers.get("user-agent", "")
    if not agent.startswith(("offkey/", "PyGithub/", "Boto3/")):
        return  # a test that asks on its own
    provider, descriptions = _described(sim)
    at = next((at for at, _ in descriptions if request.path.startswith(at)), "")
    names = [name for begins, name in descriptions if begins == at]
    template, name = getattr(sim, "template", sim.label)(request), ""
    if names and at_hand():
        template, name = _compare(sim, names, request.path.removeprefix(at), request=request, answer=answer)
    elif isinstance(told := getattr(sim, "described", None), Callable):
        name, wrong = told(request, answer)
        with _lock:
            violations.extend(wrong)
    elif not names and agent.startswith("Boto3/"):
        name = "botocore"  # it validates both directions by its own service models
    with _lock:
        used[provider][(request.method, template)] = name


def _described(sim: LocalServer) -> tuple[str, tuple[tuple[str, str], ...]]:
    provider, descriptions = BUILT_IN.get(
        type(sim).__name__, (getattr(sim, "PROVIDER", ""), getattr(sim, "CONTRACTS", ()))
    )
    return provider, tuple(sorted(descriptions, key=lambda pair: -len(pair[0])))


def _compare(
    sim: LocalServer, names: list[str], path: str, *, request: Request, answer: Answer | None
) -> tuple[str, str]:
    """(path template, description); no description for an operation that is listed as undescribed."""
    matched = None
    for name in names:
        try:
            matched = contract(name), *contract(name).match(request.method, path)
        except AssertionError:
            continue
        break
    if matched is None:
        for listed, method, template in _listed(sim, "UNDESCRIBED"):
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if listed in names and method == request.method and re.fullmatch(pattern, path):
                return template, ""
        _complain(
            sim, names[0], request.method, path, what="operation", complaint="the description has no such operation"
        )
        return path, ""
    told, template, operation = matched
    name = told.name
    for what, complaint in _of_request(told, template, operation, request):
        _complain(sim, name, request.method, template, what=what, complaint=complaint)
    if answer is not None:
        try:
            told.check_answer(request.method, path, answer.status, _json(answer.content()))
        except AssertionError as error:
            what = f"status {answer.status}" if "does not describe" in str(error) else "answer"
            _complain(sim, name, request.method, template, what=what, complaint=str(error))
    return template, name


def _of_request(told: Any, template: str, operation: dict[str, Any], request: Request) -> list[tuple[str, str]]:
    """What is wrong with the request: parameters that are missing or unknown, and a body that does not fit."""
    shared = told.document["paths"][template].get("parameters", [])
    declared = [told._resolve(one) for one in (*shared, *operation.get("parameters", ()))]
    query = {one["name"].removesuffix("[]") for one in declared if one["in"] == "query"}
    found = [
        (f"query {name}", f"{name} is no parameter of it")
        for name in request.query
        if re.sub(r"\[.*", "", name) not in {re.sub(r"\[.*", "", known) for known in query}
    ]
    for one in declared:
        place = {"query": request.query, "header": request.headers}.get(one["in"])
        name = one["name"].lower() if one["in"] == "header" else one["name"]
        if one.get("required") and place is not None and name not in place and told.name != "slack":
            found.append((f"{one['in']} {one['name']}", "is required and was not sent"))
    return found + _of_body(told, operation, request)


def _of_body(told: Any, operation: dict[str, Any], request: Request) -> list[tuple[str, str]]:
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if told.name == "slack":
        return []
    if told.swagger2:
        schema = next(
            (told._resolve(p).get("schema") for p in operation.get("parameters", ()) if p.get("in") == "body"), None
        )
        required = False
    else:
        body = told._resolve(operation.get("requestBody", {}))
        kinds = body.get("content", {})
        wanted = "form" if form else "json"
        schema = next((kinds[kind].get("schema") for kind in kinds if wanted in kind), None)
        required = bool(body.get("required"))
        if request.body and kinds and schema is None:
            return [("body", f"its body is {sorted(kinds)}, and {wanted} was sent")]
    if not request.body:
        return [("body", "is required and was not sent")] if required else []
    if schema is None:
        return []
    if form:
        properties = told._resolve(schema).get("properties", {})
        unknown = set(parse_qs(request.body.decode("latin-1"))) - set(properties)
        return [("body", f"{sorted(unknown)} are no fields of it")] if unknown and properties else []
    try:
        told.validate(schema, request.json(), "request")
    except AssertionError as error:
        return [("body", str(error))]
    return []


def _json(content: bytes) -> Any:
    import json

    return json.loads(content) if content else None


def _listed(sim: LocalServer, name: str) -> dict[tuple[str, ...], str]:
    """What the simulator lists of this name, and what is listed here."""
    return {**globals()[name], **getattr(sim, name, {})}


def _complain(sim: LocalServer, name: str, method: str, template: str, *, what: str, complaint: str) -> None:
    known = [(name, method, template, what), (name, "*", "*", what), (name, "*", template, what)]
    if not any(one in _listed(sim, "DEVIATIONS") for one in known):
        with _lock:
            violations.append(f"{name}: {method} {template}: {what}: {complaint}")
