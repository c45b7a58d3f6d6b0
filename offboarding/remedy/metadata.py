"""Where a person is still named as one in charge: owners of code, maintainers of packages, reviewers, on-call, TODOs.

Read from the files of a branch's tip, and reported alone. Authors of commits stay what they are: history.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from offkey.model import Person
from scanner.repository.git import Git
from scanner.repository.giterrors import failure

SHORTEST = 3
"""Letters of a login or name below which it is no name to search text for."""
LONGEST = 500
"""Characters of a line that are looked at: a minified file names everybody."""

_OWNERS = re.compile(r"(?i)CODEOWNERS|OWNERS(_ALIASES)?(\.ya?ml)?")
_MAINTAINERS = re.compile(r"(?i)(MAINTAINERS|AUTHORS|CONTRIBUTORS|CREDITS)(\.\w+)?")
_MANIFESTS = re.compile(
    r"package\.json|composer\.json|bower\.json|pyproject\.toml|setup\.(py|cfg)|Cargo\.toml|pom\.xml|build\.gradle(\.kts)?"
    r"|mix\.exs|DESCRIPTION|Chart\.yaml|galaxy\.yml|pubspec\.yaml|.*\.(gemspec|podspec|nuspec|cabal|csproj)"
)
_REVIEWERS = re.compile(r"(?i)dependabot\.ya?ml|\.?renovate(rc)?(\.json5?)?|\.?mergify\.ya?ml|auto_assign\.ya?ml")
_ON_CALL = re.compile(r"(?i).*(on[-_]?call|pager[-_]?duty|escalation|opsgenie|rota)\b.*")
_TODO = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\s*\(([^)]{1,80})\)")
_COPYRIGHT = re.compile(r"(?i)\bcopyright\b|\(c\)|©")
EMAIL = "an e-mail address"
PACKAGE = "an author or maintainer of a package"
TASK = "a task in a comment"
COPYRIGHT = "a copyright line"
ON_CALL = "somebody on call"


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that names the person: `what` it is, in words. The line itself is not kept."""

    path: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Words:
    """By what a person is named in files. All in lower case; `logins` are looked for where people are named alone."""

    emails: frozenset[str]
    names: frozenset[str]
    logins: frozenset[str]

    @classmethod
    def of(cls, person: Person) -> "Words":
        """The names, addresses and accounts that are certainly the person's."""
        names = {*person.names, *(one.name for one in person.certain)}
        emails = {*person.emails, *(one.email for one in person.certain)}
        logins = {account.login for account in person.accounts}
        whole = (name for name in names if " " in name.strip())  # a first name alone is many people's
        return cls(_long(emails), _long(whole), _long(logins))

    def every(self) -> list[str]:
        return sorted(self.emails | self.names | self.logins)


def _long(words: "set[str] | Iterator[str]") -> frozenset[str]:
    return frozenset(word.strip().lower() for word in words if len(word.strip()) >= SHORTEST)


def in_commit(git: Git, commit: str, words: Words) -> list[Mark]:
    """Every line in the commit's files that names the person, by path and line. Raises GitError."""
    found = []
    for path, number, text in _lines(git, commit, words.every()):
        what = kind_of(path, text, words)
        if what:
            found.append(Mark(path, number, what))
    return found


def kind_of(path: str, text: str, words: Words) -> str:
    """What a line is that names the person, in words; "" where it does not, or only by chance."""
    line = " ".join(text.lower().split())[:LONGEST]
    named = any(_has(line, word) for word in words.emails | words.names)
    known = named or any(_has(line, login) for login in words.logins)
    if known and (what := kind_of_file(path)):
        return what
    if any(_is(told, words) for told in _TODO.findall(text[:LONGEST])):
        return TASK
    if not named:
        return ""
    return COPYRIGHT if _COPYRIGHT.search(line) else EMAIL if any(e in line for e in words.emails) else ""


def kind_of_file(path: str) -> str:
    """What a line that names people is in files made for that; "" in others."""
    pure = PurePosixPath(path)
    for pattern, what in (
        (_OWNERS, "an owner of code"),
        (_MAINTAINERS, "a maintainer"),
        (_MANIFESTS, PACKAGE),
        (_REVIEWERS, "a reviewer of updates"),
        (_ON_CALL, ON_CALL),
    ):
        if pattern.fullmatch(pure.name) or (pattern is _ON_CALL and pattern.fullmatch(path)):
            return what
    return ""


def _is(told: str, words: Words) -> bool:
    """Whether what stands in the brackets of a TODO is the person."""
    name = " ".join(told.lower().split()).lstrip("@")
    return name in words.emails | words.names | words.logins


def _has(line: str, word: str) -> bool:
    """Whether the word stands there as a whole: `sam` is not in `sample`, nor `sam` in `sam-b`."""
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", line) is not None


def _lines(git: Git, commit: str, words: list[str]) -> Iterator[tuple[str, int, str]]:
    if not words:
        return
    options = ("grep", "-n", "-z", "-I", "-i", "-F", "--no-textconv", "--full-name", "-f", "-", commit)
    with git.popen(*options) as grep:
        grep.stdin.write("\n".join(words).encode() + b"\n")
        grep.stdin.close()
        printed = grep.stdout.read()
        if grep.wait() not in (0, 1):  # 1: nothing found
            raise failure(grep.said(), git.path)
    # With -z: COMMIT:PATH NUL LINE NUL TEXT newline
    for row in printed.split(b"\n"):
        fields = row.split(b"\0", 2)
        if len(fields) == 3 and fields[1].isdigit():
            path = fields[0].decode("utf-8", "surrogateescape").removeprefix(f"{commit}:")
            yield path, int(fields[1]), fields[2].decode(errors="replace")
