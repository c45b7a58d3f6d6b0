"""Where in a repository a report points to: the object that it means, and what stands between its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from offboarding.reports.formats import Reported
from offkey.errors import OffkeyError
from offkey.found import Gap
from offkey.secret import Secret
from scanner.matching.encoding import decoded
from scanner.repository.files import FileItem, read_file
from scanner.repository.git import Git
from scanner.repository.objects import SIZE_LIMIT, CatFileReader, ObjectInfo
from scanner.repository.sources import Target

_SHORTEST = 6


@dataclass(frozen=True)
class Located:
    """`blob` is the object's id where the report names a commit that is there; `value` what it means, or None and why.

    A value that the report gives itself is taken as it is.
    """

    blob: str = ""
    value: Secret | None = None
    why: str = ""


def locate(one: Reported, targets: Sequence[Target]) -> Located:
    """Never raises: what cannot be read is a reason."""
    blob, text, why = "", None, "no repository holds what the report points to"
    for target in targets:
        try:
            blob, text = _content(one, target)
        except OffkeyError as error:
            why = str(error)
            continue
        if text is not None:
            break
    if one.value is not None:
        return Located(blob, one.value)
    if text is None:
        return Located(blob, None, why)
    value = between(text, one)
    if value is None:
        return Located(blob, None, "the report gives neither the value nor the columns in which it stands")
    return Located(blob, Secret(value))


def _content(one: Reported, target: Target) -> tuple[str, bytes | None]:
    """The blob's id ("" for a file of the work tree) and its text; None where the target does not hold it."""
    if target.git is not None and one.commit:
        return _committed(one, target.git)
    root = target.git.work_tree if target.git is not None else target.root
    if root is None or one.commit or not one.path:
        return "", None
    path = relative(one.path, root)
    content = read_file(FileItem(str(root), path, "file", "worktree", ""), SIZE_LIMIT) if path else None
    return "", decoded(content)[0] if isinstance(content, bytes) else None


def relative(path: str, root: Path) -> str:
    """A report's path within a folder; "" for one that lies elsewhere."""
    inside = Path(path)
    if inside.is_absolute():
        for base in (root, root.resolve()):
            if inside.is_relative_to(base):
                return inside.relative_to(base).as_posix()
        return ""
    return "" if ".." in inside.parts else inside.as_posix()


def _committed(one: Reported, git: Git) -> tuple[str, bytes | None]:
    root = git.work_tree or git.path
    path = relative(one.path, root)
    if not path:
        return "", None
    told = git.run("ls-tree", "-z", "--full-tree", one.commit, "--", path, check=False)
    head = told.partition(b"\t")[0].split()
    if len(head) != 3 or head[1] != b"blob":
        return "", None
    oid = head[2].decode("ascii")
    reader = CatFileReader(git)
    try:
        found = next(reader.read([ObjectInfo(oid, "blob", 0)]))
    finally:
        reader.close()
    return oid, None if isinstance(found, Gap) else decoded(found.content)[0]


def between(text: bytes, one: Reported) -> bytes | None:
    """What stands between the columns of a report, in its lines; None where it gives none, or they do not fit."""
    lines = text.split(b"\n")
    last = max(one.end_line, one.line)
    if not (one.line and one.column and one.end_column) or last > len(lines):
        return None
    first, final = lines[one.line - 1], lines[last - 1]
    start, end = _offset(first, one.column, one), _offset(final, one.end_column, one)
    if one.line == last:
        found = first[start:end]
    else:
        found = b"\n".join([first[start:], *lines[one.line : last - 1], final[:end]])
    found = found.strip()
    return found if len(found) >= _SHORTEST else None


def _offset(line: bytes, column: int, one: Reported) -> int:
    """The byte offset of a column, which counts from 1."""
    if not one.in_characters or line.isascii():
        return column - 1
    units = line.decode("utf-8", "surrogateescape").encode("utf-16-le", "surrogatepass")[: 2 * (column - 1)]
    return len(units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogateescape"))
