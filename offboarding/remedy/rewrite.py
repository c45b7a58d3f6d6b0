"""Replace literals in one file by references that fit its language. Pure: bytes in, bytes out.

Who reads a file is told by its path, and for scripts by their first line. A rewrite that would parse differently, or
for which no reference is known, raises `CannotRewrite`: a person must look (ADR 24, docs/remediation.md).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from offboarding.remedy.languages import (
    data,
    dockerfile,
    go,
    groovy,
    java,
    javascript,
    keyvalue,
    markup,
    python,
    ruby,
    shell,
    terraform,
    yaml_files,
)
from offboarding.remedy.languages.helm import TEMPLATE
from offboarding.remedy.literal import CannotRewrite, Companion, Edited, Literal
from offboarding.remedy.occurrences import by_chance, spans

Rewriter = Callable[[str, str, list[Literal]], Edited]
BOM = "\ufeff"
MAX_BYTES, MAX_LITERALS = 2_000_000, 200
"""Larger files, and those that are full of a value, are generated: whoever generates them must change it there."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`content` is None when the whole file is the secret and goes away. `note` is for the reviewer.

    `companions` are lines that other files must have, by their paths in the repository: `.gitignore`, `.env.example`
    beside a `.env`, `variables.tf` beside a Terraform file. `ensure_lines` adds them.
    """

    content: bytes | None
    note: str = ""
    companions: tuple[Companion, ...] = ()


BY_NAME: tuple[tuple[re.Pattern[str], Rewriter], ...] = (
    (re.compile(r"^(Docker|Container)file(\..+)?$|\.dockerfile$", re.IGNORECASE), dockerfile.rewrite),
    (re.compile(r"^\.env(\..+)?$|\.env$|^\.envrc\.example$|^(example|sample)\.env$"), keyvalue.dotenv),
    (re.compile(r"^Jenkinsfile|\.jenkinsfile$", re.IGNORECASE), groovy.jenkinsfile),
    (re.compile(r"^[._]netrc$"), keyvalue.netrc),
    (re.compile(r"^\.(git-credentials|pgpass)$"), keyvalue.stored),
    (re.compile(r"^(requirements|constraints)[^/]*\.(txt|in)$"), keyvalue.requirements),
    (re.compile(r"^(Pipfile|poetry\.lock|uv\.lock|pdm\.lock|Cargo\.lock)$"), data.rewrite_toml),
    (re.compile(r"^(Pipfile|composer|deno|flake)\.lock$|^\.(babel|eslint|stylelint|prettier)rc$"), data.rewrite_json),
    (re.compile(r"^(Gemfile|yarn)\.lock$|^go\.(mod|sum)$"), keyvalue.manifest),
    (re.compile(r"^(\.?npmrc|\.pypirc|pip\.conf|\.editorconfig|\.flake8|\.coveragerc)$"), keyvalue.settings),
    (re.compile(r"^(Gemfile|Rakefile|Vagrantfile|Podfile|Fastfile|Brewfile|Guardfile|Capfile)$"), ruby.rewrite),
    (re.compile(r"^\.(bashrc|bash_profile|profile|zshrc|zshenv|envrc)$"), shell.rewrite),
    (re.compile(r"^(README|CHANGELOG|CONTRIBUTING|NOTES|TODO|INSTALL)$"), keyvalue.prose),
)
"""By the file's name. First match wins, before the suffix."""
SUFFIXES: tuple[tuple[str, Rewriter], ...] = (
    (".py .pyi .pyw", python.rewrite),
    (".js .mjs .cjs .jsx .ts .mts .cts .tsx", javascript.rewrite),
    (".go", go.rewrite),
    (".java", java.rewrite),
    (".rb .rake .gemspec .ru", ruby.rewrite),
    (".sh .bash .zsh .ksh", shell.rewrite),
    (".gradle .groovy", groovy.gradle),
    (".tf .tfvars .hcl", terraform.rewrite),
    (".yml .yaml", yaml_files.rewrite),
    (".json .jsonc .json5 .ipynb .webmanifest", data.rewrite_json),
    (".toml", data.rewrite_toml),
    (".properties .ini .cfg", keyvalue.settings),
    (".xml .config .csproj .props .targets .plist", markup.rewrite),
    (".md .markdown .rst .adoc .txt", keyvalue.prose),
)
BY_SUFFIX: dict[str, Rewriter] = {suffix: rewriter for row, rewriter in SUFFIXES for suffix in row.split()}
INTERPRETERS: tuple[tuple[re.Pattern[str], Rewriter], ...] = (
    (re.compile(r"#!.*\b(ba|z|da|k)?sh\b"), shell.rewrite),
    (re.compile(r"#!.*\bpython"), python.rewrite),
    (re.compile(r"#!.*\bruby\b"), ruby.rewrite),
    (re.compile(r"#!.*\b(node|bun|deno)\b"), javascript.rewrite),
)


def rewrite(path: str, content: bytes, values: Mapping[str, bytes]) -> Rewritten:
    """The file with every occurrence of each value replaced by a reference to the name it is keyed by.

    `values` maps secret names (`AWS_SECRET_ACCESS_KEY`) to the values themselves. Raises `CannotRewrite`.
    """
    if _is_whole_file(content, values):
        note = "the file held nothing but the credential and is removed"
        return Rewritten(None, note, (keyvalue.ignored(path),))
    if len(content) > MAX_BYTES:
        raise CannotRewrite(f"larger than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8")
        wanted = {name: value.decode("utf-8") for name, value in values.items()}
    except UnicodeDecodeError:
        raise CannotRewrite("not UTF-8 text") from None
    mark, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    literals = find(text, wanted)
    if not literals:
        raise CannotRewrite("the value is not written there as it is (it may be encoded)")
    if len(literals) > MAX_LITERALS:
        raise CannotRewrite(f"the value stands there {len(literals):,} times")
    done = rewriter(path, text)(path, text, literals)
    if find(done.text, wanted):
        raise CannotRewrite("a copy of the value would remain")
    return Rewritten(
        (mark + done.text).encode("utf-8"), "; ".join(note for note in done.notes if note), done.companions
    )


def ensure_lines(existing: bytes | None, lines: Iterable[str]) -> bytes:
    """A file's content with each of the lines in it: those that it lacks are added at its end, in its line ends.

    `existing` is None where there is no such file yet. A name with any value in `.env.example` has its line, and a
    variable declared at length in `variables.tf` has its own.
    """
    content = existing or b""
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    present = [line.strip() for line in content.splitlines()]
    for line in dict.fromkeys(lines):
        wanted = line.encode("utf-8")
        start = wanted if wanted.endswith(b"=") else wanted.partition(b"{")[0] + b"{" if b" { " in wanted else None
        if wanted in present or (start and any(one.removeprefix(b"export ").startswith(start) for one in present)):
            continue
        content += (newline if content and not content.endswith(b"\n") else b"") + wanted + newline
    return content


def find(text: str, values: Mapping[str, str]) -> list[Literal]:
    """Every occurrence of the values, in order, none inside another."""
    hits = [Literal(start, end, name) for name, value in values.items() for start, end in spans(text, value)]
    kept: list[Literal] = []
    for hit in sorted(hits, key=lambda literal: (literal.start, -literal.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def secret_name(kind: str, part: str, taken: frozenset[str] = frozenset()) -> str:
    """A name for the environment variable or CI secret that replaces a part of a credential.

    GitHub refuses names that begin with `GITHUB_` (docs: "Using secrets in GitHub Actions"), hence `GH_`.
    """
    well_known = {
        ("aws.access_key", "id"): "AWS_ACCESS_KEY_ID",
        ("aws.access_key", "secret"): "AWS_SECRET_ACCESS_KEY",
        ("aws.session", "session_token"): "AWS_SESSION_TOKEN",
    }
    words = kind if part == "secret" else f"{kind}.{part}"
    name = well_known.get((kind, part)) or re.sub(r"\W+", "_", words).upper()
    name = re.sub(r"^GITHUB_", "GH_", name)
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique


def rewriter(path: str, text: str) -> Rewriter:
    """Who rewrites a file. Raises `CannotRewrite` where no reference is known for its format."""
    pure = PurePosixPath(path)
    for pattern, found in BY_NAME:
        if pattern.search(pure.name):
            return found
    if re.search(r"(^|/)requirements/[^/]+\.(txt|in)$", path):
        return keyvalue.requirements
    if TEMPLATE.search(path) and "{{" in text:
        return yaml_files.rewrite
    if not pure.suffix:
        for pattern, found in INTERPRETERS:
            if pattern.match(text):
                return found
    try:
        return BY_SUFFIX[pure.suffix.lower()]
    except KeyError:
        raise CannotRewrite(f"no reference is known for {pure.suffix or pure.name} files") from None


def _is_whole_file(content: bytes, values: Mapping[str, bytes]) -> bool:
    rest = content
    for value in values.values():
        if not by_chance(value.decode("latin-1")):
            rest = rest.replace(value, b"")
    armour = re.sub(rb"-----(BEGIN|END) [A-Z0-9 ]+-----|PuTTY-User-Key-File.*", b"", rest)
    return len(armour.split()) == 0
