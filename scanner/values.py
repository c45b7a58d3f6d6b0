"""Re-reads a value by its address, for whoever must send it to its issuer or show it. Nothing else holds values."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from offkey.canonical import content_digest
from offkey.errors import OffkeyError
from offkey.fingerprint import OrgKey
from offkey.model import Credential, Gap, Place
from offkey.secret import Secret
from scanner.artefacts.opened import text_at
from scanner.contents.replay import replay
from scanner.repository import lfs
from scanner.repository.files import FileItem, read_file
from scanner.repository.git import Git
from scanner.repository.objects import SIZE_LIMIT, CatFileReader, ObjectInfo, object_id

_GIT_TYPES = ("blob", "commit", "tag")
_ADVICE = "scan again and make a new plan; the value may still be valid at its issuer"


class ValueGone(OffkeyError):
    """The address no longer leads to the content that was scanned."""


def read_value(place: Place, repository: Path | None = None) -> dict[str, bytes]:
    """The parts at an address, by name.

    `repository` is where to read instead of `place.repo`: a run's own mirror. Raises ValueGone when the object or file
    is gone, its content's digest differs or the spans do not fit; GitError and UsageError when nothing can be opened.
    """
    text = read_text(place, repository)
    if any(not 0 <= span.start < span.end <= len(text) for span in place.spans) or not place.spans:
        raise _gone(place, "its address points outside the content")
    return {span.part: text[span.start : span.end] for span in place.spans}


def read_text(place: Place, repository: Path | None = None) -> bytes:
    """The whole decoded content at an address, which its spans count in. Raises as `read_value` does."""
    if (text := _in_artefact(place, repository)) is not None:
        return text
    content, steps = _content(place, repository), place.decoding
    if steps and steps[0].startswith(f"{lfs.STEP}:"):
        content, steps = _stored(place, steps[0].partition(":")[2], content, repository), steps[1:]
    try:
        return replay(content, steps)
    except ValueError:
        raise _gone(place, "its content decodes otherwise than when it was scanned") from None


def read_credential(
    kind: str, fingerprint: str, places: Iterable[Place], key: OrgKey, repository: Path | None = None
) -> Credential:
    """The credential with this fingerprint, read from the first of its places that still holds it.

    Raises ValueGone, with the last reason, when none does, and for a fingerprint of another organisation key.
    """
    gone = ValueGone(f"{kind}: no address to read it from", advice=_ADVICE)
    for place in places:
        try:
            parts = read_value(place, repository)
        except ValueGone as error:
            gone = error
            continue
        if key.fingerprint(kind, parts) == fingerprint:
            return Credential(kind=kind, parts={name: Secret(value) for name, value in parts.items()})
        gone = _gone(place, "the value there is another one, or the organisation key is")
    raise gone


def _content(place: Place, repository: Path | None) -> bytes:
    if place.object_type in _GIT_TYPES:
        return _object(place, Git(repository or Path(place.repo)))
    if place.repo == "-":
        raise _gone(place, "standard input cannot be read again")
    content = read_file(_file(place, repository), SIZE_LIMIT)
    if content is None or isinstance(content, Gap):
        raise _gone(place, content.why if content else "the file is gone")
    if content_digest(content) != place.object:
        raise _gone(place, "the file has changed since it was scanned")
    return content


_AS_FILE = ("file", "worktree", "")


def _file(place: Place, repository: Path | None) -> FileItem:
    root = repository or Path(place.repo)
    if root.is_file():
        root = root.resolve()
        return FileItem(str(root.parent), root.name, *_AS_FILE)
    if root.name == ".git":
        root = Git(root).work_tree or root
    return FileItem(str(root), place.path, *_AS_FILE)


def _in_artefact(place: Place, repository: Path | None) -> bytes | None:
    """The text at an address in an artefact; None where it lies in none, or is not found so."""
    if place.object_type != "file" or place.repo == "-":
        return None
    with suppress(ValueError):
        return text_at(_file(place, repository), place.object, place.decoding)
    return None


def _object(place: Place, git: Git) -> bytes:
    reader = CatFileReader(git)
    try:
        found = next(reader.read([ObjectInfo(place.object, place.object_type, 0)]))
    finally:
        reader.close()
    if isinstance(found, Gap):
        raise _gone(place, found.why)
    # git does not compare a packed object with its id when it reads it.
    if found.type != place.object_type or object_id(found.type, found.content, git.object_format) != place.object:
        raise _gone(place, "the object there is not what its id says")
    return found.content


def _stored(place: Place, oid: str, content: bytes, repository: Path | None) -> bytes:
    if lfs.pointer(content) != oid:
        raise _gone(place, "it points to another content of Git LFS")
    kept = lfs.stored(Git(repository or Path(place.repo)).common_dir, oid, SIZE_LIMIT)
    if not isinstance(kept, bytes):
        raise _gone(place, "the content that Git LFS kept is gone")
    return kept


def _gone(place: Place, why: str) -> ValueGone:
    where = place.path or f"{place.object_type} {place.object}"
    return ValueGone(f"{place.repo}: {where}: {why}", advice=_ADVICE)
