"""Google's own API descriptions (the discovery documents inside google-api-python-client): what is sent and answered.

A simulator says which documents hold for which beginning of its paths. Where the package is not installed, nothing is
compared.
"""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict,
    "any": object,
}  # fmt: skip


def at_hand() -> bool:
    return find_spec("googleapiclient") is not None


@cache
def _document(name: str) -> dict[str, Any]:
    spec = find_spec("googleapiclient")
    assert spec
    assert spec.origin
    loaded = json.loads((Path(spec.origin).parent / "discovery_cache" / "documents" / f"{name}.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


@cache
def _operations(name: str) -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    document = _document(name)
    found: list[tuple[str, re.Pattern[str], dict[str, Any]]] = []

    def walk(resource: dict[str, Any]) -> None:
        for method in resource.get("methods", {}).values():
            path = "/" + document.get("servicePath", "") + (method.get("flatPath") or method["path"])
            pieces = re.split(r"\{\+?\w+\}", path.replace("//", "/"))
            found.append((method["httpMethod"], re.compile("[^/]+".join(map(re.escape, pieces))), method))
        for below in resource.get("resources", {}).values():
            walk(below)

    walk(document)
    return found


def hold(name: str, path: str, request: Request, answer: Answer | None) -> list[str]:
    """What is wrong with a request and its answer by the document `name`; `path` is the host's own."""
    fitting = [one for verb, pattern, one in _operations(name) if verb == request.method and pattern.fullmatch(path)]
    if not fitting:
        return [f"{name}: no operation {request.method} {path}"]
    operation = fitting[0]
    known = {*operation.get("parameters", {}), *_document(name).get("parameters", {})}
    wrong = [f"{operation['id']}: no parameter {one}" for one in request.query if one not in known]
    if request.body:
        wrong += _misfits(name, operation.get("request", {}).get("$ref"), request.json(), f"{operation['id']} request")
    if answer is not None and answer.status < 300 and answer.body is not None:
        body = json.loads(answer.content())
        wrong += _misfits(name, operation.get("response", {}).get("$ref"), body, f"{operation['id']} answer")
    return wrong


def _misfits(name: str, schema: str | None, data: Any, where: str) -> list[str]:
    if schema is None:
        return [f"{where}: has no body"] if data else []
    return _against(name, {"$ref": schema}, data, where)


def _against(name: str, schema: dict[str, Any], data: Any, where: str) -> list[str]:
    if "$ref" in schema:
        schema = _document(name)["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if not isinstance(data, _TYPES[kind]) or (kind == "integer" and isinstance(data, bool)):
        return [f"{where}: {type(data).__name__} is no {kind}"]
    wrong: list[str] = []
    if kind == "array":
        for item in data:
            wrong += _against(name, schema["items"], item, f"{where}[]")
    if kind == "object" and "properties" in schema:
        for key, value in data.items():
            if key not in schema["properties"]:
                wrong.append(f"{where}: no field {key}")
            else:
                wrong += _against(name, schema["properties"][key], value, f"{where}.{key}")
    return wrong


class DiscoveredSimulator(RestSimulator):
    """`DOCUMENTS` are pairs of a path's beginning on this simulator and the name of the discovery document."""

    DOCUMENTS: tuple[tuple[str, str], ...] = ()

    def error(self, status: int) -> Answer:
        return failed(status, "trouble")

    def described(self, request: Request, answer: Answer | None) -> tuple[str, list[str]]:
        """The document that has the operation, or "", and what the request and answer do not keep of it."""
        fitting = [pair for pair in self.DOCUMENTS if request.path.startswith(pair[0])]
        if not fitting or not at_hand():
            return "", []
        _, name = max(fitting, key=lambda pair: len(pair[0]))
        return name, hold(name, re.sub(r"^/[a-z]+\.googleapis\.com/", "/", request.path), request, answer)


def failed(status: int, message: str, reason: str = "") -> Answer:
    """The form in which Google's APIs tell of an error (google.rpc.Status over HTTP)."""
    words = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    error: dict[str, Any] = {"code": status, "message": message, "status": words.get(status, "INTERNAL")}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com"}]
    return Answer(status=status, body={"error": error})
