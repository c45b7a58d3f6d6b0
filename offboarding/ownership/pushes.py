"""Who pushed what, by the provider's own record: an export of GitHub's repository activity.

    gh api --paginate /repos/OWNER/REPO/activity --jq '.[]' > pushes.jsonl

Each object has `before`, `after`, `ref`, `timestamp`, `activity_type` and `actor` (docs.github.com/rest/repos/repos,
"List repository activities"). A JSON array, or one object a line. The audit log's `git.push` names no commits, so it
cannot say who pushed a given one. A pusher is an account; whose it is says the directory.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from offboarding.configuration.schema import SettingsError, Table, validated
from offboarding.ownership.presence import Graph
from offkey.errors import UsageError
from offkey.model import Account

Kind = Literal["push", "force_push", "branch_deletion", "branch_creation", "pr_merge", "merge_queue_merge"]
_PUSHES = frozenset({"push", "force_push", "branch_creation"})
"""Where the actor sent the commits. Whoever merges a pull request need not have written or pushed any."""
_ADVICE = "export it with `gh api --paginate /repos/OWNER/REPO/activity --jq '.[]'`"


class _Actor(BaseModel):
    """As much of GitHub's user as tells the account."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    login: str
    id: int


class _Activity(Table):
    id: int = 0
    node_id: str = ""
    before: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    after: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    ref: str
    timestamp: AwareDatetime
    activity_type: Kind
    actor: _Actor | None


class _Log(Table):
    entries: tuple[_Activity, ...] = ()


@dataclass(frozen=True, slots=True)
class Push:
    """One change of a branch. `account` is None where the provider no longer knows the actor."""

    before: str
    after: str
    at: datetime
    account: Account | None
    pushed: bool


def load(path: Path | None) -> tuple[Push, ...]:
    """The pushes in an export, the earliest first. Raises SettingsError and UsageError."""
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read", advice="set `push_log` under [directory] to an export") from error
    rows = _rows(text, path)
    if any(isinstance(row, dict) and "action" in row for row in rows):
        raise SettingsError(f"{path} is an audit log, which names no commits", advice=_ADVICE)
    made = (_push(entry) for entry in validated(_Log, {"entries": rows}, path).entries)
    return tuple(sorted(made, key=lambda push: (push.at, push.after, push.before)))


def _rows(text: str, path: Path) -> list[Any]:
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    except RecursionError as error:
        raise SettingsError(f"{path} is no JSON", advice=_ADVICE) from error
    if rows is not None:
        return rows if isinstance(rows, list) else [rows]
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):  # str.splitlines() would split a branch's name
        try:
            rows += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path} line {number} is no JSON", advice=_ADVICE) from error
    return rows


def _push(entry: _Activity) -> Push:
    actor = Account(provider="github", id=str(entry.actor.id), login=entry.actor.login) if entry.actor else None
    return Push(entry.before, entry.after, entry.timestamp, actor, entry.activity_type in _PUSHES)


def pusher(pushes: Sequence[Push], graph: Graph, commit: str) -> tuple[Account | None, str]:
    """(the account that pushed a commit, sentence); (None, why not) where the log does not tell, both empty without it.

    The first change by which a branch came to hold the commit. If the branch held it before, the log begins too late.
    """
    if not pushes:
        return None, ""
    holding = graph.descendants(commit)
    first = next((push for push in pushes if push.after in holding), None)
    if first is None or first.before in holding:
        return None, "the push log does not reach back to the push of its commit"
    if first.account is None:
        return None, "the push log no longer names who pushed its commit"
    who = f"{first.account.login} (id {first.account.id})"
    when = f"{first.at:%Y-%m-%d}"
    if not first.pushed:
        return None, f"its commit came by a merge of {who} on {when}; who pushed it, the push log does not say"
    return first.account, f"its commit was pushed by the github account {who} on {when}, as github's own log says"
