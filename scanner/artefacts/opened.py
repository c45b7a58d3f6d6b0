"""An artefact on the disk or in memory: what it is, and its files one after the other."""

import hashlib
import io
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from scanner.artefacts.forms import LOOK, TAIL, archive, behind, form_of, runnable
from scanner.artefacts.steps import IN_ARTEFACTS
from scanner.contents.opening import Layer, Refused
from scanner.repository.files import FileItem

AT_ONCE = 64 << 20
"""Bytes of a file that is read whole before it is known to be an artefact; a larger one is read as a stream."""


class Artefact:
    """One that is open. `digest` is that of all its bytes."""

    def __init__(self, file: io.BufferedReader | io.BytesIO, form: str) -> None:
        self._file, self._form = file, form

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the artefact as it stands."""
        self._file.seek(0)
        return "sha256:" + hashlib.file_digest(self._file, "sha256").hexdigest()

    def members(self, wanted: tuple[str, ...] | None = None) -> Iterator[Layer | Refused]:
        """As `scanner.artefacts.members.members`."""
        from scanner.artefacts.members import members  # imports every decoder, which few scans need

        self._file.seek(0)
        if self._form == "zip" and not isinstance(self._file, io.BytesIO):
            # Its directory stands at the end. A map is read as it is needed.
            yield from members(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ), wanted=wanted)
        else:
            yield from members(self._file, wanted=wanted)

    def close(self) -> None:
        self._file.close()


def in_memory(content: bytes) -> Artefact | None:
    """The artefact that a content is, None for any other."""
    form = form_of(content)
    return Artefact(io.BytesIO(content), form) if form else None


def on_disk(item: FileItem) -> Artefact | None:
    """The artefact that a regular file is, open; None for any other and where it cannot be opened."""
    try:
        path = os.path.join(item.root, item.path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    file = open(descriptor, "rb")  # noqa: SIM115 - the artefact closes it
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and (form := _form(file)):
            return Artefact(file, form)
    file.close()
    return None


def _form(file: io.BufferedReader) -> str | None:
    head = file.read(LOOK)
    if (form := archive(head)) is not None or not runnable(head):
        return form
    file.seek(-min(TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
    return behind(file.read(TAIL))


def text_at(source: FileItem | bytes, digest: str, steps: tuple[str, ...]) -> bytes | None:
    """What `steps` lead to in the artefact of this digest; None where there is none, or it does not hold that.

    Raises ValueError as `replay` does.
    """
    if not steps or steps[0].partition(":")[0] not in IN_ARTEFACTS:
        return None
    from scanner.contents.replay import replay

    artefact = in_memory(source) if isinstance(source, bytes) else on_disk(source)
    if artefact is None:
        return None
    try:
        if artefact.digest != digest:
            return None
        found = [
            one for one in artefact.members(steps) if isinstance(one, Layer) and one.steps == steps[: len(one.steps)]
        ]
    finally:
        artefact.close()
    last = max(found, key=lambda one: len(one.steps), default=None)
    return replay(last.text, steps[len(last.steps) :]) if last else None
