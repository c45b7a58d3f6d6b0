"""Line by line: properties and ini files, `.npmrc`, `.pypirc`, `.netrc`, `.env`, pip's requirement files."""

import re
from pathlib import PurePosixPath

from offboarding.remedy.languages.addresses import tool, without_userinfo
from offboarding.remedy.literal import (
    REMOVED,
    CannotRewrite,
    Companion,
    Edited,
    Literal,
    line_end,
    line_start,
    splice,
)

EMPTY = ""
Piece = tuple[int, int, str]
KEY = re.compile(r"[^=:]*[=:]\s*|\s*[^\s\[]+\s+")
EXAMPLES = frozenset({".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env"})
ENTRY = re.compile(r"(?ms)^[ \t]*(?:machine\s+\S+|default)\b.*?(?=^[ \t]*(?:machine|default)\b|\Z)")
FORMS = (
    (re.compile(r"(^|/)(user)?\.?npmrc$"), "${{{name}}}", ""),
    (re.compile(r"(^|/)\.pypirc$"), EMPTY, "twine takes it from TWINE_PASSWORD"),
    (
        re.compile(r"(^|/)gradle\.properties$"),
        EMPTY,
        "Gradle takes it from ORG_GRADLE_PROJECT_ and the property's name",
    ),
    (re.compile(r"(^|/)sonar[\w-]*\.properties$"), "${{env.{name}}}", ""),
    (re.compile(r"(^|/)log4j2?[\w-]*\.properties$"), "${{env:{name}}}", ""),
    (re.compile(r"(^|/)(application|bootstrap)[\w.-]*\.properties$"), "${{{name}}}", ""),
    (re.compile(r""), "${{{name}}}", "nothing is known to fill in {path}: what reads it must replace ${{{name}}}"),
)
"""What takes a value's place, and what its reviewer must know. First match wins; npm and Spring expand `${NAME}`."""


def settings(path: str, text: str, literals: list[Literal]) -> Edited:
    """`key = value` lines; the key and all other lines stay. Raises `CannotRewrite`."""
    form, note = next((form, note) for pattern, form, note in FORMS if pattern.search(path))
    pieces: list[Piece] = []
    notes: dict[str, None] = {}
    for item in literals:
        start, end = line_start(text, item.start), line_end(text, item.end)
        if re.match(r"\s*[#;!]", text[start:end]):
            pieces.append((item.start, item.end, REMOVED))
            continue
        key = KEY.match(text, start, item.start)
        if key is None and not _continues(text, start):
            raise CannotRewrite("the value is not behind a key")
        if tool(path):
            pieces.append(without_userinfo(text, item))
            notes[f"pip takes the credential from {tool(path)}"] = None
            continue
        if form == EMPTY and (key is None or text[key.end() : end].strip() != text[item.start : item.end]):
            raise CannotRewrite("a part of a value, in a file that takes no references")
        pieces.append((item.start, item.end, form.format(name=item.name)))
        notes[note.format(name=item.name, path=PurePosixPath(path).name)] = None
    return Edited(splice(text, pieces), tuple(one for one in notes if one))


def _continues(text: str, start: int) -> bool:
    """Whether a line belongs to the one above: by a backslash there, or indented as ini files do it."""
    above = text[line_start(text, max(start - 1, 0)) : max(start - 1, 0)].rstrip("\r")
    return above.endswith("\\") or (bool(above.strip()) and re.match(r"[ \t]+\S", text[start:]) is not None)


def requirements(path: str, text: str, literals: list[Literal]) -> Edited:
    """pip replaces `${NAME}` in requirement files (pip's documentation, "Using environment variables")."""
    pieces = []
    for item in literals:
        before = text[line_start(text, item.start) : item.start]
        pieces.append((item.start, item.end, REMOVED if re.search(r"(^|\s)#", before) else f"${{{item.name}}}"))
    return Edited(splice(text, pieces))


def dotenv(path: str, text: str, literals: list[Literal]) -> Edited:
    """The values go; their names stay in `.env.example`, and git ignores the file from now on."""
    pure = PurePosixPath(path)
    pieces: list[Piece] = []
    names: dict[str, None] = {}
    for item in literals:
        start, end = line_start(text, item.start), line_end(text, item.end)
        set_here = re.match(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(['\"]?)", text[start : item.start])
        if text[start : item.start].lstrip().startswith("#"):
            pieces.append((item.start, item.end, REMOVED))
            continue
        if set_here is None:
            raise CannotRewrite("the value is not behind a name")
        rest = text[item.end : end].strip()
        whole = start + set_here.end() == item.start and (not rest or rest == set_here[2])
        name = set_here[1] if whole else item.name
        if not whole and set_here[2] == "'":
            raise CannotRewrite("a part of a value between single quotes, in which nothing is expanded")
        pieces.append((item.start, item.end, "" if whole else f"${{{item.name}}}"))
        names[f"{name}="] = None
    changed = splice(text, pieces)
    if pure.name in EXAMPLES or pure.suffix in (".example", ".sample", ".template", ".dist") or not names:
        return Edited(changed)
    example = str(pure.parent / ".env.example")
    companions = [Companion(example, line) for line in names]
    return Edited(changed, ("git still tracks the file: git rm --cached takes it out",), (*companions, ignored(path)))


def ignored(path: str) -> Companion:
    """The line of `.gitignore` that names exactly this file."""
    return Companion(".gitignore", "/" + re.sub(r"([\\*?\[#!]| $)", r"\\\1", path))


def netrc(path: str, text: str, literals: list[Literal]) -> Edited:
    """A `.netrc` expands nothing, so the entries with a value go. Raises `CannotRewrite`."""
    pieces = []
    for item in literals:
        if text[line_start(text, item.start) : item.start].lstrip().startswith("#"):
            pieces.append((item.start, item.end, REMOVED))
            continue
        entry = next((one for one in ENTRY.finditer(text) if one.start() <= item.start and item.end <= one.end()), None)
        if entry is None:
            raise CannotRewrite("the value is in no entry for a machine")
        pieces.append((entry.start(), entry.end(), ""))
    return Edited(splice(text, set(pieces)), ("make the file where it is needed, from a secret",), (ignored(path),))


def stored(path: str, text: str, literals: list[Literal]) -> Edited:
    """`.git-credentials` and `.pgpass`: a line each, and nothing is expanded, so the lines go."""
    pieces = {(line_start(text, item.start), min(line_end(text, item.end) + 1, len(text)), "") for item in literals}
    return Edited(splice(text, pieces), ("make the file where it is needed, from a secret",), (ignored(path),))


def manifest(path: str, text: str, literals: list[Literal]) -> Edited:
    """Lock files and go.mod, which are no data format: `user:password@` goes out of URLs. Raises `CannotRewrite`."""
    pieces = {without_userinfo(text, item) for item in literals if not _in_comment(text, item)}
    comments = {(item.start, item.end, REMOVED) for item in literals if _in_comment(text, item)}
    note = f"what reads {PurePosixPath(path).name} takes the credential from {tool(path)}"
    return Edited(splice(text, pieces | comments), (note,) if pieces else ())


def _in_comment(text: str, item: Literal) -> bool:
    return re.search(r"(^|\s)(#|//)", text[line_start(text, item.start) : item.start]) is not None


def prose(path: str, text: str, literals: list[Literal]) -> Edited:
    """Documentation: the value is taken out."""
    return Edited(splice(text, [(item.start, item.end, REMOVED) for item in literals]))
