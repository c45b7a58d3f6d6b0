"""Replace literals in one file by references that fit its language. Pure: bytes in, bytes out.

A rewrite that would not parse, or whose language has no reference, raises `CannotRewrite`: a person must look.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from offboarding.remedy import python_source, script_source, yaml_source
from offboarding.remedy.literal import CannotRewrite, Literal

Rewriter = Callable[[str, str, list[Literal]], str]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`content` is None when the whole file is the secret and goes away. `note` is for the reviewer.

    `companions` are lines that other files must have, too, as (path, line): `(".env.example", "AWS_KEY=")`.
    """

    content: bytes | None
    note: str = ""
    companions: tuple[tuple[str, str], ...] = ()


BY_SUFFIX: dict[str, Rewriter] = {
    ".py": python_source.rewrite,
    ".js": script_source.javascript,
    ".mjs": script_source.javascript,
    ".cjs": script_source.javascript,
    ".ts": script_source.javascript,
    ".jsx": script_source.javascript,
    ".tsx": script_source.javascript,
    ".sh": script_source.shell,
    ".bash": script_source.shell,
    ".zsh": script_source.shell,
    ".yml": yaml_source.rewrite,
    ".yaml": yaml_source.rewrite,
}


def rewrite(path: str, content: bytes, values: Mapping[str, bytes]) -> Rewritten:
    """The file with every occurrence of each value replaced by a reference to the name it is keyed by.

    `values` maps secret names (`AWS_SECRET_ACCESS_KEY`) to the values themselves. Raises `CannotRewrite`.
    """
    if _is_whole_file(content, values):
        return Rewritten(None, "the file held nothing but the credential and is removed")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise CannotRewrite("not UTF-8 text") from None
    literals = find(text, {name: value.decode("utf-8") for name, value in values.items()})
    if not literals:
        raise CannotRewrite("the value is not written there as it is (it may be encoded)")
    changed = _rewriter(path, text)(path, text, literals)
    if find(changed, {name: value.decode("utf-8") for name, value in values.items()}):
        raise CannotRewrite("a copy of the value would remain")
    return Rewritten(changed.encode("utf-8"))


def find(text: str, values: Mapping[str, str]) -> list[Literal]:
    """Every occurrence of the values, in order, none inside another."""
    hits = [
        Literal(match.start(), match.end(), name)
        for name, value in values.items()
        for match in re.finditer(re.escape(value), text)
    ]
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


def _rewriter(path: str, text: str) -> Rewriter:
    pure = PurePosixPath(path)
    if pure.name == "Dockerfile" or pure.name.startswith("Dockerfile.") or pure.suffix == ".dockerfile":
        return script_source.dockerfile
    if pure.name == ".env" or pure.name.startswith(".env.") or pure.suffix == ".env":
        return script_source.dotenv
    if not pure.suffix and re.match(r"#!.*\b(ba|z|da|k)?sh\b", text):
        return script_source.shell
    if not pure.suffix and re.match(r"#!.*\bpython", text):
        return python_source.rewrite
    try:
        return BY_SUFFIX[pure.suffix.lower()]
    except KeyError:
        raise CannotRewrite(f"no reference is known for {pure.suffix or pure.name} files") from None


def _is_whole_file(content: bytes, values: Mapping[str, bytes]) -> bool:
    rest = content
    for value in values.values():
        rest = rest.replace(value, b"")
    armour = re.sub(rb"-----(BEGIN|END) [A-Z0-9 ]+-----|PuTTY-User-Key-File.*", b"", rest)
    return len(armour.split()) == 0
