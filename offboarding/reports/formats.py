"""Reports of gitleaks, betterleaks, TruffleHog, Kingfisher and in SARIF, recognised by what they hold.

Sources: the READMEs and documentation of https://github.com/gitleaks/gitleaks,
https://github.com/betterleaks/betterleaks (docs/schemas), https://github.com/trufflesecurity/trufflehog and
https://github.com/mongodb/kingfisher (docs), and SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from offkey.errors import UsageError
from offkey.secret import Secret

LARGEST = 512 << 20
"""Bytes of a report."""
_HIDDEN = ("REDACTED", "[REDACTED", "***", "…")
_SHORTENED = ("...", "…")
_FILES_ALONE = ("git", "filesystem", "github", "gitlab", "bitbucket", "azurerepos", "gitea")
Table = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One finding of a report. `value` is None where the report hides it; 0 stands for a number that it does not give.

    `column` and `end_column` count from 1, the end is the column behind the last; `in_characters` or in bytes.
    """

    tool: str
    rule: str
    path: str
    line: int = 0
    end_line: int = 0
    column: int = 0
    end_column: int = 0
    in_characters: bool = False
    commit: str = ""
    value: Secret | None = None

    @property
    def where(self) -> str:
        """For people: path, line and commit."""
        place = f"{self.path or 'no path'}{f':{self.line}' if self.line else ''}"
        return f"{place} in commit {self.commit[:12]}" if self.commit else place

    @property
    def said_by(self) -> str:
        return f"{self.tool}'s rule {self.rule}"


def read(path: Path) -> list[Reported]:
    """The findings in a report. Raises UsageError for a file that is none of these, or is broken."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path}: is larger than {LARGEST >> 20} MiB", advice="divide it")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", advice="check the path") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8 text", advice="export the report as JSON") from None
    try:
        return list(_findings(_rows(text)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path}: is no report of gitleaks, betterleaks, TruffleHog, Kingfisher or in SARIF that can be read "
            f"({type(error).__name__})",
            advice="export it as JSON, JSON lines or SARIF",
        ) from None  # the error may quote a value


def _rows(text: str) -> list[Any]:
    """The document's entries: of a list, of the one object, or of the lines."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return data if isinstance(data, list) else [data]


def _findings(rows: Sequence[Table]) -> Iterator[Reported]:
    for row in rows:
        for told, reader in _READERS:
            if told(row):
                yield from reader(row)
                break
        else:
            if not {"level", "msg"} <= set(row) and not set(row) <= _BESIDES:  # a line of the tool's log, or its sums
                raise ValueError("neither a finding nor a report")


_BESIDES = {"access_map", "audit", "metadata", "stats", "summary", "validation"}


def _sarif(row: Table) -> Iterator[Reported]:
    for run in row["runs"]:
        tool = _name(run["tool"]["driver"]["name"])
        characters = run.get("columnKind", "utf16CodeUnits") in ("utf16CodeUnits", "unicodeCodePoints")
        for result in run.get("results") or ():
            rule = str(result.get("ruleId") or _rule_by_index(run, result))
            known = result.get("partialFingerprints") or {}
            locations: Sequence[Table] = result.get("locations") or ({},)
            for location in locations:
                place = location.get("physicalLocation") or {}
                region = place.get("region") or {}
                snippet = (region.get("snippet") or {}).get("text", "") if region.get("startColumn") else ""
                yield Reported(
                    tool=tool,
                    rule=rule,
                    path=_path((place.get("artifactLocation") or {}).get("uri", "")),
                    line=_number(region.get("startLine")),
                    end_line=_number(region.get("endLine")) or _number(region.get("startLine")),
                    column=_number(region.get("startColumn")),
                    end_column=_number(region.get("endColumn")),
                    in_characters=characters,
                    commit=_commit(known.get("commitSha")),
                    value=_value(snippet) if tool in ("gitleaks", "betterleaks") else None,
                )


def _rule_by_index(run: Table, result: Table) -> str:
    rules, index = run["tool"]["driver"].get("rules") or [], result.get("ruleIndex", -1)
    return str(rules[index]["id"]) if 0 <= index < len(rules) else "unnamed"


def _gitleaks(row: Table) -> Iterator[Reported]:
    """Version 8 of gitleaks, and version 1 of betterleaks, which writes the same."""
    known = row.get("Attributes") or {}
    yield Reported(
        tool="gitleaks",
        rule=str(row["RuleID"]),
        path=_path(row.get("File") or known.get("path", "")),
        line=_number(row.get("StartLine")),
        end_line=_number(row.get("EndLine")),
        column=_number(row.get("StartColumn")),
        end_column=_number(row.get("EndColumn")) + 1,  # its end is the last column itself
        commit=_commit(row.get("Commit") or known.get("git.sha")),
        value=_value(row.get("Secret", "")),
    )


def _betterleaks(row: Table) -> Iterator[Reported]:
    place, known = row["location"], row.get("attributes") or {}
    yield Reported(
        tool="betterleaks",
        rule=str(row["ruleID"]),
        path=_path(known.get("path", "")),
        line=_number(place.get("startLine")),
        end_line=_number(place.get("endLine")),
        commit=_commit(known.get("git.sha")),
        value=_value(row.get("secret", "")),
    )


def _trufflehog(row: Table) -> Iterator[Reported]:
    data: Table = (row["SourceMetadata"] or {}).get("Data") or {}
    kind = next(iter(data), "")
    place: Table = data[kind] if kind else {}
    local = kind.lower() in _FILES_ALONE
    yield Reported(
        tool="trufflehog",
        rule=str(row.get("DetectorName") or row.get("DetectorType")),
        path=_path(place.get("file", "") if local else ""),
        line=_number(place.get("line")),
        commit=_commit(place.get("commit")),
        value=_value(row.get("Raw", "")),
    )


def _kingfisher(row: Table) -> Iterator[Reported]:
    for entry in row.get("findings", (row,)):
        found = entry["finding"]
        commit = (found.get("git_metadata") or {}).get("commit") or {}
        yield Reported(
            tool="kingfisher",
            rule=str(entry["rule"]["id"]),
            path=_path(((found.get("git_metadata") or {}).get("file") or {}).get("path") or found.get("path", "")),
            line=_number(found.get("line")),
            commit=_commit(commit.get("id")),
            value=_value(found.get("snippet", "")),
        )


_READERS: tuple[tuple[Callable[[Table], bool], Callable[[Table], Iterator[Reported]]], ...] = (
    (lambda row: "runs" in row, _sarif),
    (lambda row: "RuleID" in row, _gitleaks),
    (lambda row: "ruleID" in row and "location" in row, _betterleaks),
    (lambda row: "SourceMetadata" in row, _trufflehog),
    (lambda row: "findings" in row or ("rule" in row and "finding" in row), _kingfisher),
)


def _value(text: Any) -> Secret | None:
    """What the report gives as the value; None where it is hidden or cut."""
    if not isinstance(text, str) or not text.strip():
        return None
    hidden = any(mark in text for mark in _HIDDEN) or text.endswith(_SHORTENED)
    return None if hidden else Secret(text.encode("utf-8", "surrogatepass"))


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _commit(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return text.lower() if text and len(text) in (40, 64) and not set(text.lower()) - set("0123456789abcdef") else ""


def _path(value: Any) -> str:
    """A path with `/`; a SARIF location may be a URL, and a member of an archive stands behind `!`."""
    text = value if isinstance(value, str) else ""
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    return text.replace("\\", "/").removeprefix("./").partition("!")[0]


def _name(text: str) -> str:
    """A tool's name as a part of a kind."""
    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in text.lower()).strip("_")
    return name if name[:1].isalpha() else f"tool_{name}"
