"""The providers' API descriptions, and whether a request or an answer keeps to them.

The descriptions lie beside the repository, in `../shared/contracts`, and are never copied into it. OpenAPI 3.0 and 3.1
and Swagger 2.0 are read; Swagger 2.0 differs in where bodies and schemas are written and in `x-nullable`.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "contracts"
ALLOWED: dict[tuple[str, str, int | str], str] = {
    ("github", "/credentials/revoke", 403): "an authenticated call answers 403: prose only, not among the responses",
    ("github", "*", 401): "only 30 of 328 operations list 401, although nearly all can answer it",
    ("github", "/orgs/{org}/members", 403): "a token cut off from the organisation; the description has 200 and 422",
    ("slack", "*", 429): "rate limiting is prose only (api.slack.com/docs/rate-limits)",
    ("slack", "/users.info", "missing_scope"): "documented on the method's page; the description of 2021 lacks it",
    ("slack", "/users.lookupByEmail", "missing_scope"): "as above",
    ("slack", "/users.info", "token_revoked"): "as above",
    ("slack", "/users.lookupByEmail", "token_revoked"): "as above",
}
"""Known deviations: contract, path (or *), and status or Slack error -> why. Whatever else differs is our mistake."""


class Contract:
    """One description: `match` finds the operation of a request, `check_answer` and `check_body` judge JSON."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document = json.loads((FOLDER / f"{name}.json").read_text())
        self.swagger2 = "swagger" in self.document
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:contract", resource)
        self._paths = sorted(self.document["paths"], key=lambda path: path.count("{"))

    def match(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """The path template and operation of a request; raises AssertionError when the description has none."""
        for template in self._paths:
            item = self.document["paths"][template]
            # Slack's description has GET where the API takes POST as well (contracts' README, known deviations).
            verb = next(iter(item)) if self.name == "slack" else method.lower()
            if verb in item and re.fullmatch(_pattern(template), path):
                return template, item[verb]
        raise AssertionError(f"{self.name}: no operation {method} {path}")

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Raises AssertionError unless the status is described and the body fits its schema (None: no body)."""
        template, operation = self.match(method, path)
        response = self._response(operation["responses"], status, body)
        error = body.get("error") if self.name == "slack" and isinstance(body, dict) else None
        if {(self.name, template, error), (self.name, "*", error)} & set(ALLOWED):
            return
        if response is None:
            known = {(self.name, template, status), (self.name, "*", status)} & set(ALLOWED)
            assert known, f"{self.name}: {method} {template} does not describe status {status}"
            return
        schema = self._schema(response)
        if schema is None:
            assert body is None, f"{self.name}: {method} {template} {status} has no body, one was sent"
        else:
            self.validate(schema, body, f"{method} {template} {status}")

    def check_body(self, method: str, path: str, body: Any) -> None:
        """Raises AssertionError unless the request's JSON body fits (OpenAPI 3 only)."""
        _, operation = self.match(method, path)
        schema = self._schema(self._resolve(operation.get("requestBody", {})))
        if schema is not None:
            self.validate(schema, body, f"{method} {path} request")

    def validate(self, schema: dict[str, Any], data: Any, where: str) -> None:
        validator = self._validator()(self._absolute(schema), registry=self._registry)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {_short(e.message)}" for e in validator.iter_errors(data)]
        assert not errors, f"{self.name}: {where}: {errors[:5]}"

    def _validator(self) -> Any:
        if self.swagger2:
            return Draft202012Validator
        return OAS30Validator if self.document["openapi"].startswith("3.0") else OAS31Validator

    def _response(self, responses: dict[str, Any], status: int, body: Any) -> dict[str, Any] | None:
        """Exact status, then range, then default. Slack sends errors with 200: those belong to the default."""
        keys = [str(status), f"{status // 100}XX", "default"]
        if self.name == "slack" and isinstance(body, dict) and body.get("ok") is False:
            keys = ["default"]
        if self.name == "slack" and status != 200:
            return None
        return next((self._resolve(responses[key]) for key in keys if key in responses), None)

    def _schema(self, part: dict[str, Any]) -> dict[str, Any] | None:
        if self.swagger2:
            return part.get("schema")
        content = part.get("content", {})
        return next((content[kind].get("schema") for kind in content if "json" in kind), None)

    def _resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            part = found
        return part

    def _absolute(self, schema: Any) -> Any:
        """The schema with its references made absolute, and `x-nullable` turned into what a validator knows."""
        if isinstance(schema, list):
            return [self._absolute(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if self.swagger2:
            return self._inlined(schema)
        # References, and the values of a discriminator's mapping, are local: they begin with `#/`.
        return {
            key: f"urn:contract{value}" if isinstance(value, str) and value.startswith("#/") else self._absolute(value)
            for key, value in schema.items()
        }

    def _inlined(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Swagger 2: references written out (Slack's do not recurse), `x-nullable` as one more type."""
        schema = self._resolve(schema)
        plain = {key: self._absolute(value) for key, value in schema.items() if key != "x-nullable"}
        return {"anyOf": [plain, {"type": "null"}]} if schema.get("x-nullable") else plain


def _short(message: str) -> str:
    """Messages quote the whole value first and say what is wrong with it last."""
    return message if len(message) < 400 else f"{message[:100]} … {message[-200:]}"


def _pattern(template: str) -> str:
    """A git ref may hold slashes; every other parameter is one segment."""
    pieces = re.split(r"(\{[^{}]+\})", template)
    return "".join(
        (".+" if piece == "{ref}" else "[^/]+") if piece.startswith("{") else re.escape(piece) for piece in pieces
    )


@cache
def _load(name: str) -> Contract:
    return Contract(name)


def at_hand() -> bool:
    """Whether the descriptions lie beside this checkout."""
    return FOLDER.is_dir()


def contract(name: str) -> Contract:
    """The named description, read once; skips the test, saying so, where the descriptions are not at hand."""
    if not at_hand():
        pytest.skip("the providers' API descriptions (../shared/contracts) do not lie beside this checkout")
    return _load(name)
