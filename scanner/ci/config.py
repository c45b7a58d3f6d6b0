"""What a configuration file says: jobs with their lines, the names of secrets it refers to, the files it leans on.

Every name has a line, and every job and step has lines: which job uses a name, or holds a literal, follows from them.
A job's lines are its own and those of the templates it is made from (anchors, `extends`).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from offkey.secret import Secret

SECRET = "secret"  # noqa: S105 - a word, not a value
VARIABLE = "variable"
"""How a variable is named that may or may not be a secret; kept to compare names, shown when it sounds like one."""
EVERY_SECRET = "*"  # noqa: S105 - a sign for all of them
"""The name that stands for all secrets a job can read (`secrets: inherit`, `toJSON(secrets)`)."""

INCLUDE = "include"
REMOTE = "include from elsewhere"
COMPUTED = "include computed by a run"
"""How another file of the same pipeline is named: one of the repository (its path from the root, perhaps with `*`), one
that is not, and one whose path only a run can tell."""

Lines = tuple[int, int]
"""First and last line, both counted from 1."""


class Part(NamedTuple):
    """A job, or a step of it. `when` is None where it runs whenever the whole does; `bases` are templates elsewhere."""

    lines: tuple[Lines, ...]
    job: str = ""
    step: str = ""
    environment: str = ""
    when: tuple[str, ...] | None = None
    bases: tuple[str, ...] = ()


class Name(NamedTuple):
    """A secret that is referred to. `how` in words: secret, variable, context, credentials id ..."""

    name: str
    line: int
    how: str = SECRET


class Given(NamedTuple):
    """What a setting with a credential's name holds. `form` is a word of `judged`; `how` says how it is encrypted.

    `value` is the value without quotes, decoded where its place says in what it is encoded; `lines` hold it.
    """

    name: str
    lines: Lines
    form: str
    value: Secret
    how: str = ""


class Reference(NamedTuple):
    """Another file that is named. `how` in words: include, env_file, COPY, called workflow, command ..."""

    path: str
    line: int
    how: str


class Config(NamedTuple):
    """One version of one file. `problem` says why it could not be parsed; then only names are known, from its lines.

    `crons` are the schedules that stand in it, with their lines. `templates` never run; jobs are made from them.
    """

    workflow: str = ""
    when: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    names: tuple[Name, ...] = ()
    files: tuple[Reference, ...] = ()
    crons: tuple[tuple[str, int], ...] = ()
    problem: str = ""
    templates: tuple[Part, ...] = ()
    given: tuple[Given, ...] = ()


WHOLE = Part(())
TEMPLATE = Part((), when=())
"""What a line belongs to that only templates hold from which no job of the file is made: by itself none runs."""
MOST = 2_000
"""Parts of a file that are kept: nobody has more jobs and steps in one."""
PAIRS = 50_000
"""Uses that one version of a file may make; with more, its jobs are not told apart."""


def numbering(text: str) -> Callable[[int], int]:
    """What gives the line, counted from 1, at an offset."""
    starts = [0, *(hit.end() for hit in re.finditer("\n", text))]
    return lambda offset: bisect_right(starts, offset)


def owners(config: Config, line: int) -> list[Part]:
    """The parts that a line belongs to: of each job the step if one holds it. Else TEMPLATE, or the whole."""
    return owners_of(config, [line])[line]


def owners_of(config: Config, lines: Iterable[int]) -> dict[int, list[Part]]:
    """The same for many lines at once."""
    wanted = sorted(set(lines))
    found: dict[int, dict[str, Part]] = {line: {} for line in wanted}
    for part in config.parts:
        for line in _within(part, wanted):
            known = found[line].get(part.job)
            if known is None or (part.step and (not known.step or _size(part) < _size(known))):
                found[line][part.job] = part
    spare = {line: TEMPLATE for part in config.templates for line in _within(part, wanted)}
    return {line: list(by_job.values()) or [spare.get(line, WHOLE)] for line, by_job in found.items()}


def _within(part: Part, lines: Sequence[int]) -> Iterator[int]:
    """Those of the lines, which are in order, that a part holds."""
    for first, last in part.lines:
        yield from lines[bisect_left(lines, first) : bisect_right(lines, last)]


def _size(part: Part) -> int:
    return sum(last - first for first, last in part.lines)


def _multiplied(config: Config) -> bool:
    """Whether jobs that share a template make far more uses than the file has lines."""
    lines = sorted([*(name.line for name in config.names), *(file.line for file in config.files)])
    pairs = 0
    for part in (*config.parts, *config.templates):
        pairs += sum(bisect_right(lines, last) - bisect_left(lines, first) for first, last in part.lines)
        if pairs > PAIRS:
            return True
    return False


def runs(config: Config, part: Part) -> tuple[str, ...]:
    """When a part runs."""
    return config.when if part.when is None else part.when


_SOUND = re.compile(
    r"(?:^|[_.\-])(?:API)?(?:TOKENS?|KEYS?|SECRETS?|PASS|PASSWORDS?|PASSWD|PWD|PASSPHRASE|CREDS?|CREDENTIALS?|AUTH|PAT|"
    r"PRIVATE|CERT|CERTIFICATE|DSN|WEBHOOK|KUBECONFIG|NETRC|SIGNING)(?:[_.\-0-9]|$)|(?:TOKEN|SECRET|PASSWORD|APIKEY)$",
    re.IGNORECASE,
)


def sounds_secret(name: str) -> bool:
    """Whether a variable's name suggests that it holds a credential."""
    return _SOUND.search(name) is not None


_VARIABLE = re.compile(
    r"(?<![\\$])\$(?:\{(?:env[:.])?|env:|\(|ENV\{['\"]?)?([A-Za-z_][A-Za-z0-9_]{2,100})|%([A-Z_][A-Z0-9_]{2,100})%"
)
_ORDINARY = frozenset(
    ("HOME", "PATH", "PWD", "OLDPWD", "USER", "SHELL", "LANG", "TERM", "HOSTNAME", "TMPDIR", "TEMP", "TMP", "IFS",
     "UID", "EUID", "PPID", "RANDOM", "BASH_SOURCE", "LINENO", "SECONDS", "OPTARG", "OPTIND", "REPLY", "CXX", "CFLAGS",
     "CXXFLAGS", "LDFLAGS", "MAKEFLAGS", "NODE_ENV", "RAILS_ENV", "PYTHONPATH", "GOPATH")
)  # fmt: skip
"""Variables that say nothing about secrets."""


def variables(text: str) -> Iterator[Name]:
    """Variables that a text refers to, in the ways of shells and CI systems, line by line; comments are left out."""
    for number, line in enumerate(text.split("\n"), start=1):
        if "$" not in line and "%" not in line:
            continue
        for hit in _VARIABLE.finditer(without_comment(line)):
            name = hit[1] or hit[2]
            if name.upper() == name and name not in _ORDINARY:
                yield Name(name, number, VARIABLE)


def without_comment(line: str) -> str:
    """A line of YAML, a shell or HCL without its comment, as far as that can be told without quoting rules."""
    if line.lstrip().startswith(("#", "//")):
        return ""
    at = line.find(" #")
    return line if at < 0 or line.count('"', 0, at) % 2 or line.count("'", 0, at) % 2 else line[:at]


_PATH = re.compile(r"(?<![\w$@:{}/.-])(?:\./)?([\w.-][\w./-]*)")
_FILE = re.compile(
    r"/|^\.[a-z]|\.(?:sh|env|py|js|ts|rb|pl|ps1|json|ya?ml|toml|ini|cfg|conf|properties|pem|key|tfvars|xml)$"
)


def commands(text: str, first: int = 1) -> Iterator[Reference]:
    """Files that a text of shell commands names: whatever looks like a relative path, line by line."""
    for number, line in enumerate(text.split("\n"), start=first):
        for hit in _PATH.finditer(without_comment(line[:2000])):
            if _FILE.search(hit[1]) and ".." not in hit[1]:
                yield Reference(hit[1], number, "command")


def distinct(config: Config) -> Config:
    """The same with each name and each reference once a line, in the order of lines."""
    explicit = {(name.name, name.line) for name in config.names if name.how != VARIABLE}
    names = {name for name in config.names if name.how != VARIABLE or (name.name, name.line) not in explicit}
    made = config._replace(
        parts=config.parts[:MOST],
        templates=config.templates[:MOST],
        names=tuple(sorted(names, key=lambda name: (name.line, name.name, name.how))),
        files=tuple(sorted(set(config.files), key=lambda file: (file.line, file.path, file.how))),
        given=tuple(_once(config.given)[:MOST]),
    )
    if not _multiplied(made):
        return made
    return made._replace(parts=(), templates=(), problem=f"its jobs and names multiply to more than {PAIRS} uses")


def _once(given: Iterable[Given]) -> list[Given]:
    """Each setting once, in the order of lines; of several for one value that with a name that is not made up."""
    found: dict[tuple[Lines, str, bytes], Given] = {}
    for one in sorted(given, key=lambda one: (one.lines, one.name.startswith("a "), one.name, one.form)):
        found.setdefault((one.lines, one.form, one.value.reveal()), one)
    return list(found.values())


def joined(when: Iterable[str]) -> tuple[str, ...]:
    """Each way of starting once, in the order given."""
    return tuple(dict.fromkeys(filter(None, when)))
