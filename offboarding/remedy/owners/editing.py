"""One file that names a person in charge: what it says without them, what was left, and why. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import yaml

from offboarding.remedy.literal import CannotRewrite, splice
from offboarding.remedy.metadata import COPYRIGHT, EMAIL, ON_CALL, PACKAGE, TASK, Mark, Words, kind_of, kind_of_file
from offboarding.remedy.owners import codeowners, lists, maintainers
from offboarding.remedy.owners.changes import Change, Who, applied
from offboarding.remedy.owners.trees import trees

LARGEST = 3 << 20
"""Bytes of a file that is edited: GitHub reads no larger CODEOWNERS."""
TOO_LARGE = "a file larger than is edited"
AGAIN = "named on the line once more"
ELSEWISE = "no owner or entry of a list of its own"
_WHY = {
    PACKAGE: "published with the package, and a credit",
    TASK: "who takes the task over is for a person to say",
    COPYRIGHT: "a notice of copyright is history",
    EMAIL: "what the address is there for only a person can tell",
}
_CREDITED = "authorship is a credit, and history"
_UNKNOWN = "no form of file that can be edited"
_COPIED = "a copy of somebody else's file"

Editor = Callable[[str, Who], list[Change]]
_COPIES = frozenset({"vendor", "node_modules", "third_party", "third-party", "thirdparty", "Godeps"})
_YAML, _JSON = re.compile(r"(?i).*\.ya?ml"), re.compile(r"(?i).*\.json5?|\.renovaterc")
_REVIEWERS = re.compile(r"(?i)dependabot\..*|\.?renovate.*|\.?mergify\..*|auto_assign\..*")


@dataclass(frozen=True, slots=True)
class Left:
    """A line that still names the person, and why a person has to look at it."""

    mark: Mark
    why: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A file's new content, the lines edited and the lines left, by their numbers before."""

    content: bytes
    edited: tuple[Mark, ...]
    left: tuple[Left, ...]


def why_not(path: str, what: str) -> str:
    """Why a line of a file is left for its path or kind alone; "" where the file is one that can be edited."""
    pure = PurePosixPath(path)
    if _COPIES.intersection(pure.parts[:-1]):
        return _COPIED
    if not kind_of_file(path) or kind_of_file(path) == PACKAGE:
        return _WHY.get(what, _UNKNOWN)
    if _stem(path) in ("AUTHORS", "CONTRIBUTORS", "CREDITS"):
        return _CREDITED
    return "" if _editor(path, "") else _UNKNOWN


def edit(path: str, content: bytes, marks: Sequence[Mark], who: Who, words: Words) -> Edited:
    """Take the person out of a file, as far as that needs no judgement. `marks` are its lines that `words` name."""
    text = content.decode("utf-8", "surrogateescape")
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(bom)
    editor = _editor(path, body)
    assert editor is not None
    try:
        found = editor(body, who)
    except CannotRewrite as error:
        return Edited(content, (), tuple(Left(mark, str(error)) for mark in marks))
    rest = _rest(body, found)
    by_line = {change.line: change for change in sorted(found, key=lambda change: bool(change.why))}
    left = []
    for mark in marks:
        change = by_line.get(mark.line)
        if change is None:
            left.append(Left(mark, _WHY.get(mark.what, ELSEWISE)))
        elif change.why:
            left.append(Left(mark, change.why))
        elif kind_of(path, rest[mark.line - 1], words):
            left.append(Left(mark, AGAIN))
    done = sorted({change.line for change in found if not change.why})
    after = (bom + applied(body, found)).encode("utf-8", "surrogateescape")
    return Edited(after, tuple(Mark(path, line, kind_of_file(path)) for line in done), tuple(left))


def _rest(text: str, found: Iterable[Change]) -> list[str]:
    """The lines without what is taken out of them, and without what is put there."""
    gone = [(start, end) for change in found for start, end, _ in change.pieces]
    return splice(text, [(start, end, re.sub(r"[^\n]", " ", text[start:end])) for start, end in gone]).split("\n")


def _stem(path: str) -> str:
    return PurePosixPath(path).name.partition(".")[0].upper()


def _editor(path: str, text: str) -> Editor | None:
    """What edits such a file; None where nothing does."""
    name, stem = PurePosixPath(path).name, _stem(path)
    if stem == "CODEOWNERS":
        return codeowners.changes
    if stem in ("OWNERS", "OWNERS_ALIASES"):
        return lists.changes if _is_mapping(text) else maintainers.changes
    as_json = _JSON.fullmatch(name) is not None
    if as_json or _YAML.fullmatch(name):
        reviewing, on_call = _REVIEWERS.fullmatch(name) is not None, kind_of_file(path) == ON_CALL
        return partial(_in_lists, as_json=as_json, reviewing=reviewing, on_call=on_call)
    return maintainers.changes if stem == "MAINTAINERS" and not name.endswith(".toml") else None


def _in_lists(text: str, who: Who, *, as_json: bool, reviewing: bool, on_call: bool) -> list[Change]:
    return lists.changes(text, who.anywhere() if on_call else who, as_json=as_json, reviewing=reviewing)


def _is_mapping(text: str) -> bool:
    """Whether an OWNERS file is YAML as Kubernetes reads it, not a list of addresses as Chromium does."""
    try:
        return any(isinstance(node, yaml.MappingNode) for node in trees(text))
    except CannotRewrite:
        return re.search(r"(?m)^(approvers|reviewers|aliases|filters|options)\s*:", text) is not None
