"""Snowflake's SQL API: one statement a request, each under the name of the operation that the gate lists.

https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from offkey.http import Answer, Operation, Reader, Refused, bearer
from offkey.secret import Secret
from revokers import owners
from revokers.parts import fields, trouble
from revokers.protocol import Unclear

READ: Operation = ("POST", "/api/v2/statements")
WRITE: Operation = ("POST", "/api/v2/statements?async=false")
"""The same address, under which a Reader is not let through."""
SHOW: Operation = ("SQL", "SHOW USERS")
SHOW_TOKENS: Operation = ("SQL", "SHOW USER PROGRAMMATIC ACCESS TOKENS")
SHOW_GRANTS: Operation = ("SQL", "SHOW GRANTS OF ROLE ACCOUNTADMIN")
DESCRIBE: Operation = ("SQL", "DESCRIBE USER")
ALTER: Operation = ("SQL", "ALTER USER")
_SECONDS = 60


def quoted(name: str) -> str:
    """A quoted identifier: its case counts, and quotes in it are doubled."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Sql:
    http: Reader
    token: Secret
    token_type: str
    role: str

    def run(self, operation: Operation, statement: str) -> Answer:
        """One statement, sent under the name of its operation. Raises Refused where the two do not fit."""
        if not statement.startswith(operation[1]):
            raise Refused(f"snowflake: {operation[1]} does not begin the statement", advice="report this")
        self.http.permit(operation)
        method, template = WRITE if operation in self.http.gate.writes else READ
        body = {"statement": statement, "timeout": _SECONDS, **({"role": self.role} if self.role else {})}
        return self.http.request(method, template, headers=self._headers(), json=body, hide=(self.token,))

    def rows(self, operation: Operation, statement: str) -> Iterator[dict[str, Any]]:
        """The rows of all partitions, by the columns' names in lower case. Raises Unclear where some are missing."""
        answer = self.run(operation, statement)
        first = fields(answer, f"{operation[1]}:", "statementHandle", "resultSetMetaData", "data")
        told = first["resultSetMetaData"]
        names = [str(column["name"]).lower() for column in told["rowType"]]
        found = list(first["data"])
        for number in range(1, len(told.get("partitionInfo") or [0])):
            answer = self.http.request(
                "GET", "/api/v2/statements/{handle}", path={"handle": str(first["statementHandle"])},
                params={"partition": str(number)}, headers=self._headers(), hide=(self.token,),
            )  # fmt: skip
            found += fields(answer, f"{operation[1]}:", "data")["data"]
        if len(found) != told["numRows"] or not all(len(row) == len(names) for row in found):
            raise Unclear(f"{operation[1]}: {trouble(200)}")
        yield from (dict(zip(names, row, strict=True)) for row in found)

    def _headers(self) -> dict[str, str]:
        return {
            **bearer(self.token),
            "X-Snowflake-Authorization-Token-Type": self.token_type,
            "Accept": "application/json",
        }


def everybody(sql: Sql) -> list[dict[str, str]]:
    rows = list(sql.rows(SHOW, "SHOW USERS"))
    if len(rows) >= 10_000:
        raise Unclear("SHOW USERS stops at 10,000 rows, and there are as many", advice="end the user by hand")
    return rows


def administrators(sql: Sql, name: str) -> tuple[str, ...]:
    """Who is ACCOUNTADMIN besides this user; a disabled user or a service is nobody who could help.

    Who has it through another role is not listed: where it is granted to one, that may be this user.
    """
    grants = list(sql.rows(SHOW_GRANTS, SHOW_GRANTS[1]))
    granted = {row["grantee_name"] for row in grants if row["granted_to"] == "USER"}
    if name not in granted and all(row["granted_to"] == "USER" for row in grants):
        return ()
    people = (user for user in everybody(sql) if "SERVICE" not in str(user.get("type") or "").upper())
    able = {str(user["name"]) for user in people if str(user["disabled"]).lower() == "false"}
    return owners.beside(name in granted, granted & able - {name})
