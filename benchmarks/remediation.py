"""How many literals of real files are rewritten, and whether the files go on parsing with nothing else changed.

    python benchmarks/remediation.py REPOSITORY... [--files N] [--plants N] [--seed N] [--output FILE] [--refused]

REPOSITORY is a git repository; its HEAD is read, nothing is checked out. In each language up to N files are drawn. A
plant puts a token, made at run time, in the place of a string literal or value of the file, or into the middle of it;
plants after which the file would parse worse than before are no plants, and where a language wants a name known
beforehand (an import, a block's label) nothing is planted. Each is rewritten on its own. Counted are plants, those
edited, those refused with their reasons, and of the edited: whether the file parses as well as before (by tree-sitter
or the standard library, and by `gofmt`, `node --check`, `bash -n` and `terraform fmt` where they are on PATH), whether
all lines but the plant's are what they were (added ones: an import, a declaration), whether on the plant's line all is
what it was besides the literal, and whether the value is gone.
"""

import argparse
import ast
import difflib
import json
import random
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path, PurePosixPath
from xml.parsers import expat

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.rewrite import rewrite

LIMIT = 60_000
"""Bytes; larger files are not drawn."""
LANGUAGES = (
    ("GitHub Actions", r"(^|/)\.github/workflows/[^/]+\.ya?ml$|^(ci|deployments|automation)/[^/]+\.yml$"),
    ("GitLab CI", r"\.gitlab-ci[^/]*\.ya?ml$"),
    ("CircleCI", r"(^|/)\.circleci/[^/]+\.ya?ml$"),
    ("Compose", r"(^|/)(docker-)?compose[^/]*\.ya?ml$"),
    ("Helm template", r"(^|/)templates/.*\.(ya?ml|tpl)$"),
    ("Helm values", r"(^|/)values[^/]*\.ya?ml$"),
    ("Dockerfile", r"(^|/)Dockerfile[^/]*$"),
    ("Jenkinsfile", r"(^|/)Jenkinsfile[^/]*$"),
    ("Gradle", r"\.gradle$"),
    (".env", r"(^|/)\.env[^/]*$"),
    ("requirements", r"(^|/)requirements[^/]*\.txt$"),
    ("Python", r"\.py$"),
    ("JavaScript", r"\.(js|mjs|cjs)$"),
    ("JSX/TSX", r"\.(jsx|tsx)$"),
    ("TypeScript", r"\.ts$"),
    ("Go", r"\.go$"),
    ("Java", r"\.java$"),
    ("Ruby", r"\.(rb|rake|gemspec)$"),
    ("Shell", r"\.(sh|bash|zsh)$"),
    ("Terraform", r"\.tf$"),
    ("YAML, other", r"\.ya?ml$"),
    ("JSON", r"\.json$"),
    ("TOML", r"\.toml$"),
    ("Properties, ini", r"\.(properties|ini|cfg)$"),
    ("XML", r"\.(xml|config)$"),
)
VALUE = r"[^\s\"'#{}\[\]<>&*!|%@`,]"
STRING = re.compile(r"\"(?P<d>[^\"\\\n]{3,80})\"|'(?P<s>[^'\\\n]{3,80})'")
ASSIGNED = re.compile(rf"(?m)^[ \t]*(?:- )?(?:export |ENV |ARG )?[\w.-]+(?:: |=| = )(?P<v>{VALUE}{{3,80}})[ \t]*$")
FIXED = re.compile(
    r"^\s*(import|export\b.*\bfrom|from|package|resource|data|module|variable|provider|output|terraform|backend|\}.*from)\b"
    r"|^\s*(\w+\s+)?$|\brequire\w*\($|\bimport\($|\b(id|version|include|template|define)\s+$"
)
"""What stands before a string where no credential can stand: names of modules, labels of blocks, a string alone."""
PARSERS = {
    "Python": "python", "JavaScript": "javascript", "JSX/TSX": "tsx", "TypeScript": "typescript", "Go": "go",
    "Java": "java", "Ruby": "ruby", "Shell": "bash", "Terraform": "hcl", "Dockerfile": "dockerfile",
    "Jenkinsfile": "groovy", "Gradle": "groovy",
}  # fmt: skip
HEAD = (
    "| language | files | plants | edited | refused | still parsing | own parser agrees | only that value | gone |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
REAL = {
    "Go": ["gofmt", "-e"],
    "Shell": ["bash", "-n"],
    "Terraform": ["terraform", "fmt", "-"],
    "JavaScript": ["node", "--check", "-"],
}


@dataclass
class Row:
    """What happened to the plants of one language."""

    files: set[str] = field(default_factory=set)
    plants: int = 0
    edited: int = 0
    parsing: int = 0
    only: int = 0
    gone: int = 0
    real: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def git(repository: Path, *args: str) -> bytes:
    return subprocess.run(["git", "-C", str(repository), *args], check=True, capture_output=True).stdout


@cache
def reader(repository: Path) -> "subprocess.Popen[bytes]":
    """One process of git for all that is read from a repository."""
    command = ["git", "-C", str(repository), "cat-file", "--batch"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def content(repository: Path, path: str) -> str:
    """A file of HEAD; empty where it is not there, or not UTF-8."""
    process = reader(repository)
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"HEAD:{path}\n".encode())
    process.stdin.flush()
    head = process.stdout.readline().split()
    if len(head) != 3 or head[1] != b"blob":
        return ""
    held = process.stdout.read(int(head[2]) + 1)[:-1]
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def language(path: str) -> str | None:
    return next((name for name, pattern in LANGUAGES if re.search(pattern, path)), None)


def draw(
    repositories: list[Path], count: int, seeded: random.Random, only: str | None
) -> Iterator[tuple[str, str, str]]:
    """Language, path and text of up to `count` files a language, out of all repositories."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for repository in repositories:
        for path in (
            git(repository, "ls-tree", "-r", "-z", "--name-only", "HEAD").decode("utf-8", "replace").split("\0")
        ):
            name = language(path)
            if name:
                found[name].append((repository, path))
    for name, _ in LANGUAGES:
        held = found[name] if name == (only or name) else []
        seeded.shuffle(held)
        taken = 0
        for repository, path in held:
            if taken == count:
                break
            text = content(repository, path)
            if 0 < len(text) <= LIMIT:
                taken += 1
                yield name, f"{repository.parent.name}/{path}", text


def places(name: str, text: str) -> list[tuple[int, int]]:
    """Where strings and values stand. Prose, such as `it's` in a comment, is among them: comments are planted, too."""
    spans = [match.span(match.lastgroup or 0) for match in STRING.finditer(text)]
    if name not in PARSERS or name in ("Shell", "Dockerfile"):
        spans += [match.span("v") for match in ASSIGNED.finditer(text)]
    return sorted(set(spans))


def plants(name: str, path: str, text: str, count: int, seeded: random.Random) -> Iterator[tuple[str, str]]:
    """(value, planted text): in two of three the whole string is the value, else it stands inside the string."""
    found = places(name, text)
    seeded.shuffle(found)
    made = 0
    for start, end in found:
        if made == count:
            return
        value = "tk" + "".join(seeded.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=30))
        if FIXED.search(text[text.rfind("\n", 0, start) + 1 : start].rstrip("\"'")):
            continue
        middle = start + (end - start) // 2 if made % 3 == 2 else start
        planted = text[:middle] + value + (text[middle:] if made % 3 == 2 else text[end:])
        if errors(name, path, planted) <= errors(name, path, text):
            made += 1
            yield value, planted


@lru_cache(64)
def errors(name: str, path: str, text: str) -> int:
    """How many errors a parser sees. 0 is none; data formats have one or none."""
    if name in PARSERS:
        if name == "Python":
            return _fails(lambda: ast.parse(text))
        root = syntax.parse(PARSERS[name], text).root
        return sum(node.is_error or node.is_missing for node, _ in syntax.walk(root)) if root.has_error else 0
    suffix = PurePosixPath(path).suffix
    if suffix in (".yml", ".yaml") and name != "Helm template":
        return _fails(lambda: list(yaml.compose_all(text, yaml.CSafeLoader)))
    if suffix == ".json":
        return _fails(lambda: json.loads(text))
    if suffix == ".toml":
        return _fails(lambda: tomllib.loads(text))
    if name == "XML":
        return _fails(lambda: expat.ParserCreate().Parse(text, True))
    return 0


def _fails(parse: object) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse()  # type: ignore[operator]
    except (ValueError, SyntaxError, yaml.YAMLError, RecursionError, expat.ExpatError):
        return 1
    return 0


def really(name: str, text: str) -> bool | None:
    """What the language's own program says; None where there is none."""
    if name not in REAL or not shutil.which(REAL[name][0]):
        return None
    done = subprocess.run(REAL[name], input=text.encode(), capture_output=True, check=False)
    return done.returncode == 0


def only(value: str, before: str, after: str) -> bool:
    """Whether nothing but the plant's lines changed, and what stands around the value stayed; others may be added.

    A line that the plant was all of may go.
    """
    old, new = before.split("\n"), after.replace(" --mount=type=secret,id=API_KEY", "").split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("equal", "insert"):
            continue
        if not all(value in line for line in old[first:last]):
            return False
        if kind == "replace":
            head, _, tail = old[first].replace("const ", "").partition(value)
            rest = iter("\n".join(new[begin:end]))
            told = re.findall(r"\w", re.sub(r"\bvalue: $|\bdefault\s*= |\b[fubr]+(?=[\"'])", "", head) + tail)
            if not all(char in rest for char in told):
                return False
    return True


def measure(name: str, path: str, value: str, planted: str, row: Row) -> None:
    row.plants += 1
    try:
        done = rewrite(path.partition("/")[2], planted.encode(), {"API_KEY": value.encode()})
    except CannotRewrite as refusal:
        row.refused[str(refusal)] += 1
        line = next(line for line in planted.split("\n") if value in line)
        row.examples.setdefault(str(refusal), []).append(f"{path}: {line.strip()[:160]}")
        return
    row.edited += 1
    after = (done.content or b"").decode()
    parsing = errors(name, path, after) <= errors(name, path, planted)
    alone = only(value, planted, after)
    row.parsing += parsing
    row.only += alone
    row.gone += value not in after
    before = really(name, planted)
    if before:
        row.real[str(really(name, after))] += 1
    if not (parsing and alone) or (before and not really(name, after)):
        difference = difflib.unified_diff(planted.split("\n"), after.split("\n"), path, "after", lineterm="", n=0)
        row.wrong.append("\n".join(difference))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=60, help="files a language")
    parser.add_argument("--plants", type=int, default=3, help="plants a file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one language")
    parser.add_argument("--output", type=Path, help="the table as JSON")
    parser.add_argument("--refused", action="store_true", help="print the reasons, and what went wrong")
    args = parser.parse_args()
    seeded = random.Random(args.seed)
    rows: dict[str, Row] = defaultdict(Row)
    print(HEAD)
    for wanted, drawn in groupby(draw(args.repositories, args.files, seeded, args.only), key=lambda one: one[0]):
        for name, path, text in drawn:
            for value, planted in plants(name, path, text, args.plants, seeded):
                rows[name].files.add(path)
                measure(name, path, value, planted, rows[name])
        report(wanted, rows[wanted], args.refused)
    if args.output:
        table = {name: {**vars(row), "files": len(row.files)} for name, row in rows.items()}
        args.output.write_text(json.dumps(table, indent=1))
    return 0


def report(name: str, row: Row, refused: bool) -> None:
    share = f"{100 * row.edited / row.plants:.1f} %" if row.plants else ""
    real = f"{row.real['True']} of {row.real.total()}" if row.real else "-"
    cells = (len(row.files), row.plants, f"{row.edited} ({share})", row.refused.total(), row.parsing, real)
    print("|", " | ".join(str(cell) for cell in (name, *cells, row.only, row.gone)), "|", flush=True)
    if refused:
        for reason, count in row.refused.most_common():
            print(f"  {count:4} {reason}")
            for example in row.examples[reason][:4]:
                print(f"         {example}")
        for wrong in row.wrong[:8]:
            print("   WRONG", wrong.replace("\n", "\n     "), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
