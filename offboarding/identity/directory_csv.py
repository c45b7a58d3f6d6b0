"""A directory as a CSV file, exported from a personnel system or an identity provider. One line a person.

The first line names the columns. HEADERS maps what systems call them to ours; case, blanks, `-` and `_` do not matter.
`PROVIDER` and `PROVIDER id` (github, gitlab, slack, aws; any other as `account:NAME`, `account:NAME.id`) are accounts.
Other columns are left out, but one that seems to hold addresses or accounts is refused: nothing is lost in silence.
"""

import csv
import io
import re
from pathlib import Path
from typing import Any

from offboarding.configuration.schema import SettingsError

HEADERS = {
    "id": "id", "employeeid": "id", "employeenumber": "id", "personid": "id", "userid": "id",
    "name": "names", "names": "names", "displayname": "names", "fullname": "names", "formername": "names",
    "givenname": "given", "firstname": "given", "familyname": "family", "surname": "family", "lastname": "family",
    "email": "emails", "emails": "emails", "mail": "emails", "workemail": "emails", "primaryemail": "emails",
    "emailaddress": "emails", "alias": "emails", "aliases": "emails", "emailaliases": "emails",
    "userprincipalname": "emails", "proxyaddresses": "emails",
    "personalemail": "unverified_emails", "secondemail": "unverified_emails", "secondaryemail": "unverified_emails",
    "privateemail": "unverified_emails", "othermails": "unverified_emails",
    "leftat": "left_at", "leavingdate": "left_at", "terminationdate": "left_at", "enddate": "left_at",
    "lastworkingday": "left_at", "employeeleavedatetime": "left_at",
    "notme": "not_me", "shared": "shared",
}  # fmt: skip
PROVIDERS = ("github", "gitlab", "slack", "aws")
_TELLING = re.compile(r"mail|login|account|alias|github|gitlab|username|upn")
_LISTS = ("names", "emails", "unverified_emails", "not_me")
_YES = {"true": True, "yes": True, "1": True, "": False, "false": False, "no": False, "0": False}


def rows(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    """(line, entry as in people.yaml) of each person in a CSV text. Raises SettingsError naming file and line."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        header = next(reader, [])
        columns = [column(path, name) for name in header]
        if not any(columns):
            raise SettingsError(f"{path}: line 1: no column is known", advice=f"known: {', '.join(sorted(HEADERS))}")
        found = []
        for cells in reader:
            if any(map(str.strip, cells)):
                if len(cells) != len(columns):
                    raise _wrong(path, reader.line_num, f"{len(cells)} columns, but the first line has {len(columns)}")
                found.append((reader.line_num, _entry(path, reader.line_num, columns, cells)))
    except csv.Error as error:
        raise _wrong(path, reader.line_num, str(error)) from None
    return found


def _wrong(path: Path, line: int, what: str) -> SettingsError:
    return SettingsError(f"{path}: line {line}: {what}", advice="mend the file and try again")


def column(path: Path, header: str) -> str:
    """What a column holds: a key of people.yaml, `given`, `family`, `accounts.NAME`; empty for what is left out."""
    bare = re.sub(r"[\s_-]+", "", header.strip().casefold())
    if bare in HEADERS:
        return HEADERS[bare]
    account = re.fullmatch(r"account:\s*(?P<name>[\w./-]+)", header.strip().casefold())
    if account:
        return f"accounts.{account['name']}"
    for provider in PROVIDERS:
        if bare in (provider, f"{provider}login", f"{provider}username"):
            return f"accounts.{provider}"
        if bare in (f"{provider}id", f"{provider}.id", f"{provider}userid"):
            return f"accounts.{provider}" if provider == "slack" else f"accounts.{provider}.id"
    if _TELLING.search(bare):
        raise SettingsError(
            f"{path}: line 1: unknown column {header.strip()!r}, which may hold addresses or accounts",
            advice="name it as docs/configuration.md says, or take it out",
        )
    return ""


def _entry(path: Path, line: int, columns: list[str], cells: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    parts: dict[str, str] = {}
    for column, cell in zip(columns, map(str.strip, cells), strict=True):
        if column in ("given", "family"):
            parts[column] = cell
        elif column in _LISTS:
            made[column] = [*made.get(column, []), *_several(column, cell)]
        elif column == "shared":
            made["shared"] = _yes(path, line, cell)
        elif column.startswith("accounts.") and cell:
            made.setdefault("accounts", {})[column.removeprefix("accounts.")] = cell
        elif column and cell:
            if made.get(column, cell) != cell:
                raise _wrong(path, line, f"{column}: two columns differ")
            made[column] = cell
    whole = " ".join(filter(None, (parts.get("given"), parts.get("family"))))
    if whole:
        made["names"] = list(dict.fromkeys([*made.get("names", []), whole]))
    return _identified(path, line, made)


def _yes(path: Path, line: int, cell: str) -> bool:
    if cell.casefold() not in _YES:
        raise _wrong(path, line, "shared: must be yes or no")
    return _YES[cell.casefold()]


def _identified(path: Path, line: int, made: dict[str, Any]) -> dict[str, Any]:
    """The entry with an id: its own, or the first address."""
    for email in (*made.get("emails", []), *made.get("unverified_emails", [])):
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", email):
            raise _wrong(path, line, "emails: not an e-mail address")
    if "id" in made:
        return made
    if not made.get("emails"):
        raise _wrong(path, line, "neither an id nor an e-mail address")
    return {"id": made["emails"][0], **made}


def _several(column: str, cell: str) -> list[str]:
    """The values in a cell: `;`, `|` or (in addresses) `,` and blanks part them; Exchange's `smtp:` goes."""
    if column == "names":
        return [part.strip() for part in re.split(r"[;|]", cell) if part.strip()]
    found = [part for part in re.split(r"[;|,\s]+", cell) if part]
    kept = [part for part in found if part.casefold().partition(":")[0] not in ("x500", "x400", "sip", "eum")]
    return list(dict.fromkeys(re.sub(r"(?i)^smtp:", "", part) for part in kept))
