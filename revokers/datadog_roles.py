"""Who else has the Datadog Admin Role of an organisation; service accounts sign in nowhere.

https://docs.datadoghq.com/account_management/rbac/permissions/
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from offkey.http import Answer
from revokers import owners
from revokers.parts import fields

_ROLE = "Datadog Admin Role"
ANOTHER = (
    "give another user the Datadog Admin Role at https://app.datadoghq.com/organization-settings/users first, then "
    "plan again"
)


def beside(
    user: str, answer: Answer, everybody: Callable[[], Iterator[tuple[Answer, dict[str, Any]]]]
) -> tuple[str, ...]:
    """What is seen of others with the role; nobody need have it besides a user who has not. `answer` is the user's own.

    Raises what reading an answer raises that is none.
    """
    if not _held(answer, fields(answer, "the user", "data")["data"]):
        return ()
    return owners.beside(
        True, (row for page, row in everybody() if row["id"] != user and _able(row) and _held(page, row))
    )


def _able(row: Mapping[str, Any]) -> bool:
    about = row["attributes"]
    return about["disabled"] is False and about["status"] == "Active" and not about.get("service_account")


def _held(answer: Answer, row: Mapping[str, Any]) -> bool:
    """Whether the row's user has the role, whose name stands beside the rows."""
    named = {one["id"] for one in answer.json["included"] if one["attributes"].get("name") == _ROLE}
    return any(role["id"] in named for role in row["relationships"]["roles"]["data"])
