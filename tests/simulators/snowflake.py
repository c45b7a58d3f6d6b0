"""Snowflake's SQL API, stateful: the six statements that offkey runs about users and their access tokens.

Facts (Snowflake's description of the SQL API, its pages on the statements): values are texts, columns are named, large
results come in partitions; a user that is not there and one that may not be seen are one answer, 422 with 002003; a
user that is disabled has its tokens DISABLED, and they stay so; what a statement changed, its only row says.
"""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, bearer_of, done, ok, route

_NAME = r'"((?:[^"]|"")*)"'
_PAT = f"PROGRAMMATIC ACCESS TOKEN {_NAME}"


@dataclass
class User:
    email: str
    kind: str = "PERSON"
    disabled: bool = False
    tokens: dict[str, str] = field(default_factory=dict)


class SnowflakeSimulator(RestSimulator):
    """`admin` is an administrator's JWT. `statements` are those that came, in order.

    `administrators` are the users, and `parents` the roles, that ACCOUNTADMIN is granted to.
    """

    PROVIDER = "snowflake"
    CONTRACTS = (("", "snowflake"),)

    def __init__(self) -> None:
        super().__init__()
        self.admin = "eyJ." + tokens.pick("snowflake", "jwt", 200, tokens.URL_SAFE)
        self.users: dict[str, User] = {}
        self.administrators: list[str] = []
        self.parents: list[str] = []
        self.statements: list[str] = []
        self.results: dict[str, list[list[Any]]] = {}

    def label(self, request: Request) -> str:
        return request.target if request.method == "POST" else request.path

    def error(self, status: int) -> Answer:
        if status in (408, 422):
            return Answer(status=status, body={"statementHandle": str(uuid.UUID(int=1)), "message": "trouble"})
        return Answer(status=status)

    @route("POST", "/api/v2/statements")
    def submit(self, request: Request) -> Answer:
        if bearer_of(request) != self.admin:
            return self.error(401)
        statement = request.json()["statement"]
        self.statements.append(statement)
        if statement == "SHOW USERS":
            rows = [[name, user.email, str(user.disabled).lower(), user.kind] for name, user in self.users.items()]
            return self._result(["name", "email", "disabled", "type"], rows)
        if statement == "SHOW GRANTS OF ROLE ACCOUNTADMIN":
            granted = [["ACCOUNTADMIN", "USER", name] for name in self.administrators]
            rows = [*(["ACCOUNTADMIN", "ROLE", name] for name in self.parents), *granted]
            return self._result(["role", "granted_to", "grantee_name"], rows)
        if told := re.fullmatch(f"SHOW USER PROGRAMMATIC ACCESS TOKENS FOR USER {_NAME}", statement):
            user = self.users.get(_plain(told[1]))
            listed = [[name, _plain(told[1]), status] for name, status in user.tokens.items()] if user else []
            return self._result(["name", "user_name", "status"], listed) if user else self._missing()
        if told := re.fullmatch(f"DESCRIBE USER {_NAME}", statement):
            user = self.users.get(_plain(told[1]))
            properties = [["EMAIL", user.email], ["DISABLED", str(user.disabled).lower()]] if user else []
            return self._result(["property", "value"], properties) if user else self._missing()
        return self._alter(statement)

    def _alter(self, statement: str) -> Answer:
        told = re.fullmatch(
            f"ALTER USER {_NAME} (?:(MODIFY|REMOVE) {_PAT} ?)?(?:SET DISABLED = (TRUE|FALSE))?", statement
        )
        user = self.users.get(_plain(told[1])) if told else None
        if told is None or user is None:
            return self._missing()
        off, token = told[4] == "TRUE", _plain(told[3] or "")
        if not told[2]:
            user.disabled = off
            user.tokens = {name: "DISABLED" if off else status for name, status in user.tokens.items()}
        elif token not in user.tokens:
            return self._missing()
        elif told[2] == "REMOVE":
            del user.tokens[token]
        else:
            user.tokens[token] = "DISABLED" if off else "ACTIVE"
        return done(200, self._result(["status"], [["Statement executed successfully."]]).body)

    @route("GET", "/api/v2/statements/{handle}")
    def partition(self, request: Request, handle: str) -> Answer:
        at = int(request.query["partition"][0]) * self.page_size
        return ok({"data": self.results[handle][at : at + self.page_size]})

    def _missing(self) -> Answer:
        message = "SQL compilation error: User does not exist or not authorized."
        body = {"code": "002003", "sqlState": "02000", "message": message, "statementHandle": str(uuid.uuid4())}
        return Answer(status=422, body=body)

    def _result(self, names: list[str], rows: list[list[Any]]) -> Answer:
        handle = str(uuid.uuid4())
        self.results[handle] = rows
        count = max(1, -(-len(rows) // self.page_size))
        told = {
            "format": "jsonv2",
            "numRows": len(rows),
            "rowType": [{"name": name, "type": "text", "nullable": True} for name in names],
            "partitionInfo": [{"rowCount": len(rows[n * self.page_size :][: self.page_size])} for n in range(count)],
        }
        body = {"resultSetMetaData": told, "data": rows[: self.page_size], "code": "090001", "sqlState": "00000"}
        return ok({**body, "statementHandle": handle, "message": "Statement executed successfully.", "createdOn": 1})


def _plain(name: str) -> str:
    return name.replace('""', '"')
