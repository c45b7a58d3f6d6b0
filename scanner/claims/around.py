"""What the file around a value says of an owner: a home folder, an owner's line, CODEOWNERS, a package's author.

Anybody who commits can write all of it: it is shown as evidence and decides nothing. It is looked up for what was
found alone, when somebody asks for explanations or a plan.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from offkey.errors import OffkeyError
from offkey.found import Claim, Finding, Place
from scanner.claims import codeowners
from scanner.claims.said import WRITTEN, name_like, plain, showable
from scanner.repository.git import Git

SOURCE = "file: "
"""How the sources of these claims begin."""
MOST = 500
"""Findings whose surroundings are looked at; each costs a read."""
NOT_LOOKED = f"the file around the value was not looked at: there are more than {MOST} findings"
_REACH = 2048
_SHOWN = 8
_HOME = re.compile(rb"(?:/home/|/Users/|\b[A-Za-z]:\\{1,2}Users\\{1,2})([A-Za-z][\w.-]{0,31})(?=[/\\])")
_NOBODY = frozenset(
    b"runner runneradmin root ubuntu debian ec2-user circleci vagrant jenkins app user git ci node public shared "
    b"default administrator builder build deploy travis vsts vscode codespace username youruser me you".split()
)
_LINE = re.compile(
    rb"(?im)^[^\n:=@]{0,12}[\"']?(@author|owner|code-?owner|maintainers?|managed[-_]by|contact|responsible)[\"']?"
    rb"\s{0,4}[:= ]\s{0,4}[\"']?([^\n\"'#,{}\[\]<>]{0,60}(?:<[^\s<>]{3,100}>)?)"
)
_PERSON = re.compile(r"[^\W\d_][\w.'@+ -]{1,59}(?: ?<[^\s<>@]{1,64}@[^\s<>@]{1,100}>)?|[^\s@]{1,64}@[\w.-]{3,100}")

Read = Callable[[Place], bytes]


def with_surroundings(
    findings: Sequence[Finding], read: Read, gits: Mapping[str, Git], mask: Callable[[str], str]
) -> tuple[Finding, ...]:
    """The findings with what the files around their values say, as written claims and as evidence.

    `read` gives the content at a place or raises OffkeyError, `gits` the repositories by their places' name; `mask`
    takes credentials out of text. One place a finding is looked at: one that stands today, if there is any.
    """
    owners: dict[tuple[str, str], str] = {}
    return tuple(
        _told(finding, read, gits, mask, owners=owners)
        if number < MOST
        else replace(finding, evidence=(*finding.evidence, NOT_LOOKED))
        for number, finding in enumerate(findings)
    )


def _told(
    finding: Finding,
    read: Read,
    gits: Mapping[str, Git],
    mask: Callable[[str], str],
    *,
    owners: dict[tuple[str, str], str],
) -> Finding:
    place = min(finding.places, key=lambda one: not one.present)
    try:
        text = read(place)
    except OffkeyError:
        return finding  # whoever needs the value says so
    values = [text[span.start : span.end] for span in place.spans]
    said = [*near(place.path, text, place.spans[0].start), *_owned(place, gits.get(place.repo), owners)]
    claims = tuple(
        dict.fromkeys(
            Claim(source=SOURCE + source, subject=mask(subject), grade=WRITTEN)
            for source, subject in said
            if showable(subject, b"") and not any(value and value in subject.encode() for value in values)
        )
    )[:_SHOWN]
    lines = tuple(f"around the value: {one.source.removeprefix(SOURCE)} {one.subject}" for one in claims)
    more = tuple(f"{line} (anybody who commits can write it)" for line in lines)
    return replace(finding, claims=(*finding.claims, *claims), evidence=(*finding.evidence, *more))


def near(path: str, text: bytes, at: int) -> Iterator[tuple[str, str]]:
    """(source, whom) for each owner that the content names around an offset, or as the author of its package. Pure."""
    around = text[max(0, at - _REACH) : at + _REACH]
    for user in dict.fromkeys(_HOME.findall(around)):
        if user.lower() not in _NOBODY and name_like(plain(user)):
            yield "home folder of", plain(user)
    head = text[:_REACH] if at > 2 * _REACH else b""
    for word, who in dict.fromkeys(_LINE.findall(head + b"\n" + around)):
        subject = plain(who).strip(" \t\r.;")
        if _PERSON.fullmatch(subject) and all(name_like(part) for part in re.split(r"[ <>']+", subject) if part):
            yield f"line {plain(word).lower()}", subject
    name = path.rpartition("/")[2]
    if name in ("package.json", "pyproject.toml"):
        for who in _people(_package(name, text)):
            yield f"author in {name}", who


def _package(name: str, text: bytes) -> list[Any]:
    """The authors and maintainers of a package (docs.npmjs.com/cli/configuring-npm/package-json,
    packaging.python.org/specifications/pyproject-toml).
    """
    try:
        told = json.loads(text) if name == "package.json" else tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return []
    if isinstance(told, dict) and name == "pyproject.toml":
        told = told.get("project")
    if not isinstance(told, dict):
        return []
    lists = [told.get("authors"), told.get("contributors"), told.get("maintainers")]
    return [told.get("author"), *(one for listed in lists if isinstance(listed, list) for one in listed[:5])]


def _people(told: Sequence[Any]) -> Iterator[str]:
    for one in told:
        if isinstance(one, dict):
            name, email = one.get("name"), one.get("email")
            words = [name] if isinstance(name, str) else []
            words += [f"<{email}>"] if isinstance(email, str) else []
            yield " ".join(words)
        elif isinstance(one, str):
            yield one.partition("(")[0].strip()


def _owned(place: Place, git: Git | None, known: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """The code owners of a place's path: at the tip for what stands there today, else at the commit that brought it."""
    if git is None or not place.path or place.object_type != "blob":
        return
    revision = "HEAD" if place.present else place.commit
    if not revision:
        return
    if (place.repo, revision) not in known:
        known[place.repo, revision] = _file(git, revision)
    for owner in codeowners.owners(known[place.repo, revision], place.path):
        yield "code owner", owner


def _file(git: Git, revision: str) -> str:
    for path in codeowners.PLACES:
        told = git.run("cat-file", "blob", f"{revision}:{path}", check=False)
        if told and len(told) <= codeowners.LARGEST:
            return told.decode("utf-8", "replace")
    return ""
