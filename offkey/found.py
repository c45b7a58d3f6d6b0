"""The vocabulary of a scan: what is found, where, by whom, and what could not be looked at (DESIGN section 4).

A part of `offkey.model` that is read by itself, because making a record's class takes longer than filling a thousand.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Reach(StrEnum):
    """How an object is reached; the strongest that applies."""

    BRANCH = "branch"
    TAG = "tag"
    MERGE = "merge"
    OTHER_REF = "ref"
    NOTES = "notes"
    STASH = "stash"
    REFLOG = "reflog"
    DANGLING = "dangling"
    MESSAGE = "message"
    INDEX = "index"
    WORKTREE = "worktree"
    CONFIG = "config"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Ownership(StrEnum):
    """UNKNOWN is treated as SHARED (DESIGN section 4)."""

    PERSONAL = "PERSONAL"
    SHARED = "SHARED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What could not be looked at, and why. Never silently nothing."""

    where: str
    why: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Byte offsets [start, end) of one part of a credential in the decoded content of its object."""

    part: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address of a value.

    `object` is a git object id, or for `object_type` file, index and config the `sha256:` digest of the content.
    `repo` is the path or URL that was scanned; `path` is relative to it, with `/`. `line` and `column` count from 1.
    """

    repo: str
    object: str
    object_type: str
    path: str
    line: int
    column: int
    spans: tuple[Span, ...]
    commit: str = ""
    reach: Reach = Reach.WORKTREE
    present: bool = False
    decoding: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """`email` after mailmap, `raw_email` as committed; `commit` is what it rests on; `kind` says how it carried."""

    name: str
    email: str
    raw_email: str
    role: str
    at: datetime
    commit: str
    person: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whom a credential names. `grade`: issued (a part of it) or written (by whoever made the file)."""

    source: str
    subject: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A job that uses a credential or the `name` of a secret; `note` says how that is known.

    `when` is when it runs. `present`: in a branch tip today. `commit` is the first that had it, `last` the newest that
    wrote it, `changed` who last changed the job's text.
    """

    system: str
    repo: str
    path: str
    line: int
    workflow: str = ""
    job: str = ""
    step: str = ""
    environment: str = ""
    name: str = ""
    when: tuple[str, ...] = ()
    present: bool = False
    commit: str = ""
    last: str = ""
    changed: Authorship | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of CI or deployment configuration that is called like a credential and holds a value itself.

    `form` is literal, placeholder or encrypted; `how` says how it is encrypted. `findings` are the kinds and
    fingerprints of the findings that lie in it; without one its name alone tells it. The value is nowhere in here.
    """

    use: Use
    form: str
    redacted: str
    how: str = ""
    findings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One distinct secret value of one kind, with every place that holds it."""

    kind: str
    provider: str
    rule: str
    fingerprint: str
    redacted: str
    confidence: Confidence
    places: tuple[Place, ...]
    introduced: Authorship | None = None
    committer: Authorship | None = None
    coauthors: tuple[Authorship, ...] = ()
    carried: tuple[Authorship, ...] = ()
    evidence: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    usage: tuple[Use, ...] = ()
    new: bool = True


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, to the microsecond only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
