"""What earlier scans said, so that the next one reads only what is new: addresses and fingerprints, never values.

Two things are remembered. A whole result, which holds as long as nothing that it rests on has changed. And for each
repository what its objects gave: hits, gaps and the history, from which a scan goes on over new objects alone.
Whatever does not fit, or cannot be read back, is forgotten: then everything is looked at again.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol

from offkey.found import Authorship, Claim, Confidence, Finding, Gap, Place, Reach, Span, Use
from scanner.contents.hits import Hit

log = logging.getLogger(__name__)

FORMAT = 3
"""Raised with every change to what a scan finds or to the form of what is kept."""
_WRONG = (ValueError, KeyError, TypeError, IndexError, AttributeError)


class Vault(Protocol):
    """Where bytes are kept under a key."""

    def load(self, key: str) -> bytes | None: ...

    def save(self, key: str, data: bytes) -> None: ...


@dataclass(frozen=True)
class Result:
    """A whole scan's result, as far as it does not differ from run to run."""

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    examined: Mapping[str, int]


class Kept(NamedTuple):
    """What the objects of one repository gave. `missing` are absent ones; `sums` how many were looked at."""

    packs: Mapping[str, str]
    loose: Sequence[str]
    lfs: str
    hits: Sequence[Hit]
    gaps: Sequence[Gap]
    missing: Sequence[str]
    sums: Mapping[str, int]


@dataclass(frozen=True)
class Memory:
    """`digest` stands for rules, key and options: what was kept under another one is of no use."""

    vault: Vault
    digest: str

    def result(self, names: Sequence[str], state: str) -> Result | None:
        """What a scan of these targets said when all was in this state."""
        told = self._load(_key("result", *names))
        if told is None or told[0] != state:
            return None
        result: Result | None = _read(lambda: Result(tuple(map(_finding, told[1])), tuple(map(_gap, told[2])), told[3]))
        return result

    def keep_result(self, names: Sequence[str], state: str, result: Result) -> None:
        self._save(_key("result", *names), [state, result.findings, result.gaps, result.examined])

    def objects(self, name: str) -> Kept | None:
        """What the objects of a repository gave; `name` tells it from others."""
        told = self._load(_key("objects", name))
        if told is None:
            return None

        def made() -> Kept:
            packs, loose, lfs, hits, gaps, missing, sums = told
            return Kept(packs, loose, lfs, [_hit(hit) for hit in hits], [_gap(gap) for gap in gaps], missing, sums)

        kept: Kept | None = _read(made)
        return kept

    def keep_objects(self, name: str, objects: Kept) -> None:
        self._save(_key("objects", name), list(objects))

    def column(self, part: str, name: str) -> bytes | None:
        """Bytes kept beside the objects of a repository: its ids, its history."""
        data = self.vault.load(_key(part, name))
        return data[20:] if data and data[:20] == self._mark(data[20:]) else None

    def keep_column(self, part: str, name: str, data: bytes) -> None:
        self.vault.save(_key(part, name), self._mark(data) + data)

    def _load(self, key: str) -> Any:
        data = self.vault.load(key)
        if not data or data[:20] != self._mark(data[20:]):
            return None
        return _read(lambda: json.loads(data[20:]))

    def _save(self, key: str, told: Any) -> None:
        data = json.dumps(told, default=_plain, separators=(",", ":")).encode("utf-8", errors="surrogatepass")
        self.vault.save(key, self._mark(data) + data)

    def _mark(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=20, key=self.digest.encode()[:64]).digest()


def digest_of(*parts: object) -> str:
    """A digest over whatever decides what a scan finds."""
    return hashlib.blake2b(repr((FORMAT, *parts)).encode(), digest_size=20).hexdigest()


def _key(*parts: str) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", errors="surrogateescape"), digest_size=20).hexdigest()


def _read(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except _WRONG:
        log.warning("what an earlier scan left cannot be read: everything is looked at again")
        return None


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, one.name) for one in fields(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not kept")


def _gap(told: Sequence[Any]) -> Gap:
    return Gap(**_named(Gap, told))


def _hit(told: Sequence[Any]) -> Hit:
    hit = Hit(*told)
    spans = tuple((part, start, end) for part, start, end in hit.spans)
    claims = tuple((source, subject, grade) for source, subject, grade in hit.claims)
    return hit._replace(spans=spans, decoding=tuple(hit.decoding), claims=claims)


def _place(told: Sequence[Any]) -> Place:
    named = _named(Place, told)
    named["spans"] = tuple(Span(**_named(Span, span)) for span in named["spans"])
    return Place(**named | {"reach": Reach(named["reach"]), "decoding": tuple(named["decoding"])})


def _author(told: Sequence[Any] | None) -> Authorship | None:
    if told is None:
        return None
    named = _named(Authorship, told)
    return Authorship(**named | {"at": datetime.fromisoformat(named["at"])})


def _use(told: Sequence[Any]) -> Use:
    named = _named(Use, told)
    return Use(**named | {"when": tuple(named["when"]), "changed": _author(named["changed"])})


def _finding(told: Sequence[Any]) -> Finding:
    named = _named(Finding, told)
    for name in ("introduced", "committer"):
        named[name] = _author(named[name])
    for name in ("coauthors", "carried"):
        named[name] = tuple(map(_author, named[name]))
    named["places"] = tuple(map(_place, named["places"]))
    named["claims"] = tuple(Claim(**_named(Claim, claim)) for claim in named["claims"])
    named["evidence"], named["usage"] = tuple(named["evidence"]), tuple(map(_use, named["usage"]))
    return Finding(**named | {"confidence": Confidence(named["confidence"])})


def _named(kind: Any, told: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((one.name for one in fields(kind)), told, strict=True))
