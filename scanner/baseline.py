"""What is known and not to be reported again: our baseline, our ignore file, and the baseline of detect-secrets.

None holds a value. Ours hold salted scrypt hashes of a value and its kind, computed for what was found alone (DESIGN
rule 7); detect-secrets' holds bare SHA-1. An entry is for one value in one file, wherever in it that stands: a moved
line stays known, and another value on the same line is new.

Light: the pre-commit hook imports this, once it has found something.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterable, Sequence

from offkey.errors import UsageError
from rules.record import Record

OURS, THEIRS, IGNORED = ".offkey.baseline", ".secrets.baseline", ".offkeyignore"
FILES = (OURS, THEIRS, IGNORED)
"""Names of the files at the top of a repository."""
VERSION = 1
COST = (1 << 14, 8, 1)
"""What one guess at a value costs: scrypt's n, r and p; some 16 MiB and 50 ms."""
_MOST = (1 << 16, 16, 2)
_SIZE = 16
SALT_SIZE = 16


class BaselineError(UsageError):
    """A baseline or an ignore file cannot be read."""


class Salt(Record):
    """With what a value is hashed."""

    salt: bytes
    n: int = COST[0]
    r: int = COST[1]
    p: int = COST[2]

    @property
    def by(self) -> str:
        """The scheme, its costs and the salt, as files hold them: with no name that scanners take for a secret's."""
        return f"scrypt${self.n}${self.r}${self.p}${base64.b64encode(self.salt).decode()}"

    def hashed(self, kind: str, value: bytes) -> str:
        """Hex of the hash of a value of a kind. Takes 50 ms on purpose."""
        told = len(kind.encode()).to_bytes(2, "big") + kind.encode() + value
        memory = 256 * self.n * self.r * self.p + (1 << 20)
        return hashlib.scrypt(told, salt=self.salt, n=self.n, r=self.r, p=self.p, dklen=_SIZE, maxmem=memory).hex()


class Entry(Record):
    """A value of a kind that is known in the file at `path`, relative to the top of the repository, with `/`."""

    path: str
    kind: str
    salt: Salt
    hash: str


class Known:
    """All entries of some files."""

    def __init__(self, entries: Iterable[Entry] = (), sums: Iterable[tuple[str, str]] = ()) -> None:
        self._ours: dict[str, dict[Salt, set[tuple[str, str]]]] = {}
        for one in entries:
            self._ours.setdefault(one.kind, {}).setdefault(one.salt, set()).add((one.path, one.hash))
        self._theirs: dict[str, set[str]] = {}
        for path, sum_ in sums:
            self._theirs.setdefault(path, set()).add(sum_)

    def __bool__(self) -> bool:
        return bool(self._ours or self._theirs)

    def where(self, kind: str, value: bytes, paths: Iterable[str]) -> set[str]:
        """Of the paths those in which this value is known. A hash is made only where one of them has the kind."""
        asked = set(paths)
        found = {path for path in asked if _is_hash(path, value)}
        if theirs := asked & self._theirs.keys():
            sum_ = hashlib.sha1(value, usedforsecurity=False).hexdigest()  # their choice
            found |= {path for path in theirs if sum_ in self._theirs[path]}
        for salt, entries in self._ours.get(kind, {}).items():
            if not asked.isdisjoint(path for path, _ in entries):
                made = salt.hashed(kind, value)
                found |= {path for path, known in entries if known == made and path in asked}
        return found


def _is_hash(path: str, value: bytes) -> bool:
    """Whether a value in one of these files is what they hold: a hash, which some providers' tokens look like."""
    size = {THEIRS: 40, OURS: 2 * _SIZE, IGNORED: 2 * _SIZE}.get(os.path.basename(path))
    return len(value) == size and not set(value) - set(b"0123456789abcdef")


def at_top(folder: str, named: str = "") -> Known:
    """What the files at the top of a repository say; with `named` that, not its baselines. Raises BaselineError."""
    entries: list[Entry] = []
    sums: list[tuple[str, str]] = []
    for path in (named,) if named else (os.path.join(folder, OURS), os.path.join(folder, THEIRS)):
        data = _json(path, needed=bool(named))
        if data is not None and "results" in data:
            sums += _theirs(path, data)
        elif data is not None:
            entries += _ours(path, data)
    return Known([*entries, *ignored(os.path.join(folder, IGNORED))], sums)


def _json(path: str, *, needed: bool) -> "dict[str, object] | None":
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except FileNotFoundError:
        if needed:
            raise BaselineError(f"{path}: no such baseline", advice="name an existing file") from None
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if not isinstance(data, dict):
        raise _unreadable(path, TypeError())
    return data


def _unreadable(path: str, error: Exception) -> BaselineError:
    advice = "write it anew with `offkey baseline create` or `detect-secrets scan`, or remove it"
    return BaselineError(f"{path}: no baseline of offkey or of detect-secrets ({type(error).__name__})", advice=advice)


def _theirs(path: str, data: "dict[str, object]") -> list[tuple[str, str]]:
    """`results` maps a file name to entries whose `hashed_secret` is the hex SHA-1 of the secret.

    Source: https://github.com/Yelp/detect-secrets, docs/design.md.
    """
    try:
        results = data["results"]
        return [(name.replace("\\", "/"), row["hashed_secret"]) for name, rows in results.items() for row in rows]  # type: ignore[attr-defined]
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from None


def _ours(path: str, data: "dict[str, object]") -> list[Entry]:
    try:
        _expected(data["version"], VERSION)
        salt = _salt(str(data["by"]))
        rows: list[dict[str, str]] = data["known"]  # type: ignore[assignment]
        return [Entry(str(row["path"]), str(row["kind"]), salt, str(row["hash"])) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(path, error) from None


def _expected(told: object, wanted: object) -> None:
    if told != wanted:
        raise ValueError("of another make")


def _salt(text: str) -> Salt:
    """What `scrypt$N$R$P$SALT` says.

    Raises ValueError for another scheme, and for costs that nobody of ours chose: a file shall not keep the hook busy.
    """
    scheme, *costs, salt = text.split("$")
    _expected(scheme, "scrypt")
    n, r, p = map(int, costs)
    told = zip((n, r, p), _MOST, strict=True)
    if not all(1 <= one <= most for one, most in told) or n & (n - 1) or not 2 <= n < 1 << 16 * r:
        raise ValueError("costs beyond reason")
    try:
        return Salt(base64.b64decode(salt, validate=True), n, r, p)
    except binascii.Error as error:
        raise ValueError("no salt") from error


def ignored(path: str) -> list[Entry]:
    """The entries of an ignore file; none where there is no such file. Raises BaselineError, which names the line.

    A line is `scrypt$N$R$P$SALT$HASH KIND PATH`; one that begins with `#` says why.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read ({type(error).__name__})", advice="mend or remove it") from None
    entries = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            told, kind, name = line.split(" ", 2)
            by, _, hash_ = told.rpartition("$")
            entries.append(Entry(name, kind, _salt(by), hash_))
        except ValueError:
            advice = "`offkey baseline ignore PATH:LINE` writes such lines"
            raise BaselineError(f"{path}:{number}: is no line of an ignore file", advice=advice) from None
    return entries


def ignore_line(entry: Entry) -> str:
    """The line of an ignore file for an entry."""
    return f"{entry.salt.by}${entry.hash} {entry.kind} {entry.path}"


def document(salt: Salt, entries: Sequence[Entry]) -> str:
    """A baseline of ours: an entry a line, in order, so that two branches' additions merge."""
    rows = sorted({(one.path, one.kind, one.hash) for one in entries if one.salt == salt})
    head = {
        "version": VERSION,
        "about": "Findings that are known, as salted hashes, by `offkey baseline create`. It holds no values.",
        "by": salt.by,
    }
    lines = [json.dumps({"path": path, "kind": kind, "hash": hash_}) for path, kind, hash_ in rows]
    body = json.dumps(head, indent=1).removesuffix("\n}")
    return body + ',\n "known": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n" if lines else body + ',\n "known": []\n}\n'


def salt_of(path: str) -> "Salt | None":
    """The salt of a baseline of ours that is there; None where there is none. Raises BaselineError."""
    data = _json(path, needed=False)
    if data is None:
        return None
    if "results" in data:
        raise BaselineError(f"{path}: is a baseline of detect-secrets", advice="name another file with --output")
    try:
        return _salt(str(data["by"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from None
