"""Every file inside an artefact, one after the other, however deep; and what could not be opened.

Bounds hold whatever an archive says of itself: bytes that come out in all, by how much one stream may grow, number of
files, depth. What lies beyond is told, never left out silently.
"""

import io
import mmap
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scanner.artefacts import image, packed, tape
from scanner.artefacts.forms import CLOSED, STREAMS, form_of
from scanner.artefacts.streams import Begun, Bomb, Damaged, Inflated, Source, readable, zstd_damage
from scanner.contents.containers import escaped
from scanner.contents.opening import Layer, Refused
from scanner.storage.inflate import DAMAGE, Overflow, Room

_PART = "bytes"
_NOTHING = io.BytesIO()
_TAPES: dict[str, Callable[[Source], Iterator[tape.Entry]]] = {"tar": tape.tar, "ar": tape.ar, "cpio": tape.cpio}
_DAMAGE: tuple[type[Exception], ...] = (
    *DAMAGE,
    zipfile.BadZipFile,
    tarfile.TarError,
    ValueError,
    LookupError,
    NotImplementedError,
    *zstd_damage(),
)


@dataclass(frozen=True)
class Limits:
    """Bytes in all, output per input byte of one stream (from 1 MiB on), depth, files.

    `whole` bytes of one file are looked at together, and of a larger one so many at a time, `shared` of them again
    with the next. A zip within another archive is held in memory up to `held` bytes.
    """

    size: int = 16 << 30
    ratio: int = 200
    depth: int = 12
    members: int = 1_000_000
    whole: int = 32 << 20
    held: int = 512 << 20
    shared: int = 1 << 20


def members(
    file: Source | mmap.mmap, limits: Limits = Limits(), wanted: tuple[str, ...] | None = None
) -> Iterator[Layer | Refused]:
    """Every text in an artefact with the steps that lead to it, in their order, and what was refused.

    A map of a file is that of a zip archive. With `wanted`, what these steps lead to or through alone. Where bytes do
    not have the form that they begin with, they are given as they stand, too.
    """
    walk = _Walk(limits, wanted)
    try:
        if isinstance(file, mmap.mmap):
            yield from walk.archive("zip", file, (), limits.depth)
        else:
            yield from walk.content(file, (), limits.depth)
    except Bomb as error:
        yield Refused((), str(error))
    except Overflow as error:
        yield Refused((), f"{error}; what comes after is not looked at")


class _Walk:
    def __init__(self, limits: Limits, wanted: tuple[str, ...] | None) -> None:
        self._limits, self._wanted = limits, wanted
        self._room = Room(limits.size, limits.members, limits.ratio)

    def content(self, source: Source, steps: tuple[str, ...], depth: int) -> Iterator[Layer | Refused]:
        """What a source holds: itself, unless it is an archive. Raises what reading on raises."""
        text, trouble = readable(source, self._limits.whole)
        form = form_of(text)
        if form == "zip" and trouble is None and len(text) == self._limits.whole:
            more, trouble = readable(source, self._limits.held)
            text += more
        if form is None:
            yield from self._file(text, source if trouble is None else _NOTHING, steps)
        elif depth <= 0:
            yield Refused((*steps, form), "nested deeper than the limit")
        elif len(text) < self._limits.whole or (form == "zip" and len(text) < self._limits.held):
            yield from self._held(form, text, steps, depth)
        else:
            yield from self.archive(form, Begun(text, source), steps, depth)
        if trouble is not None:
            raise trouble

    def _held(self, form: str, text: bytes, steps: tuple[str, ...], depth: int) -> Iterator[Layer | Refused]:
        """What an archive in memory holds; and the archive itself as it stands where it is not what it seems."""
        refused = False
        for found in self.archive(form, text if form == "zip" else io.BytesIO(text), steps, depth):
            refused |= isinstance(found, Refused) and found.steps == (*steps, form)
            yield found
        if refused:
            yield from self._file(text, _NOTHING, steps)

    def archive(self, form: str, source: Any, steps: tuple[str, ...], depth: int) -> Iterator[Layer | Refused]:
        """What an archive of this form holds."""
        try:
            yield from (self._zip if form == "zip" else self._tape)(form, source, steps, depth)
        except Bomb as error:
            yield Refused((*steps, form), str(error))
        except Overflow:
            raise
        except Damaged as error:
            yield Refused((*steps, form), str(error))
        except _DAMAGE:
            yield Refused((*steps, form), f"damaged or unusual {form}")

    def _tape(self, form: str, source: Source, steps: tuple[str, ...], depth: int) -> Iterator[Layer | Refused]:
        """Forms that are read from front to back."""
        if form in CLOSED:
            raise Damaged(f"packed as {form}, which nothing here opens")
        if form in STREAMS:
            if self._wants(below := (*steps, form)):
                yield from self.content(Inflated(form, source, self._room), below, depth - 1)
            return
        if form == "rpm":
            header, below = tape.rpm_header(source), (*steps, "rpm:header")
            if self._wants(below):
                yield Layer(header, below)
            yield from self.content(source, (*steps, "rpm:payload"), depth - 1)
            return
        seen: dict[str, int] = {}
        for entry in _TAPES[form](source):
            if self._wants(below := (*steps, self._step(form, entry.name, seen))):
                yield from self.content(entry.content, below, depth - 1)

    def _zip(self, form: str, source: Any, steps: tuple[str, ...], depth: int) -> Iterator[Layer | Refused]:
        if not isinstance(source, bytes | mmap.mmap):
            yield Refused((*steps, form), f"a zip of more than {self._limits.held} bytes within another archive")
            return
        seen: dict[str, int] = {}
        for info in packed.listed(source):
            if not self._wants(below := (*steps, self._step("zip", info.filename, seen))):
                continue
            try:
                yield from self.content(packed.content(source, info, self._room, self._limits.whole), below, depth - 1)
            except Bomb as error:
                yield Refused(below, str(error))
            except Overflow:
                raise
            except _DAMAGE as error:
                yield Refused(below, str(error) if isinstance(error, Damaged) else "damaged member")
        if self._wants(below := (*steps, "zip-rest")):
            yield Layer(packed.rest(source), below)
        if packed.unlisted(source):
            yield Refused((*steps, form), "files that its directory does not list are not unpacked")

    def _step(self, form: str, name: str, seen: dict[str, int]) -> str:
        """A file's step; archives may hold a name twice, and the two must be told apart."""
        self._room.enter()
        step = f"{form}:{escaped(name)}"
        seen[step] = seen.get(step, 0) + 1
        return step if seen[step] == 1 else f"{step}:{seen[step]}"

    def _file(self, text: bytes, source: Source, steps: tuple[str, ...]) -> Iterator[Layer]:
        """A file that is no archive, of which `text` has been read already."""
        if image.is_config(text):
            with suppress(*_DAMAGE, AttributeError, RecursionError):
                yield from (Layer(one.text, (*steps, *one.steps)) for one in image.config(text))
                return
        if len(text) < self._limits.whole:
            yield Layer(text, steps)
            return
        at, trouble = 0, None
        while text:
            more, trouble = readable(source, self._limits.whole)
            yield Layer(text, (*steps, f"{_PART}:{at}:{at + len(text)}"))
            shared = text[-self._limits.shared :] if more else b""
            at += len(text) - len(shared)
            text = shared + more
        if trouble is not None:
            raise trouble

    def _wants(self, steps: tuple[str, ...]) -> bool:
        wanted = self._wanted
        return wanted is None or wanted[: len(steps)] == steps
