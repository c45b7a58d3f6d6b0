"""Looks at everything in an artefact: its files one after the other, small ones together."""

from collections.abc import Callable

from offkey.found import Gap
from scanner.artefacts.opened import AT_ONCE, Artefact, in_memory, on_disk
from scanner.contents.carry import Searcher
from scanner.contents.layers import Looked, look
from scanner.contents.opening import Layer, Refused, worth
from scanner.repository.files import FileItem, read_file

_TOGETHER = 16 << 10
"""Bytes of small files that are searched at once: in nearly all there is nothing, which is soon seen of all as one."""


def opened(item: FileItem, limit: int) -> Artefact | bytes | Gap | None:
    """The artefact that a file is, open; of any other file the content, as `read_file` gives it."""
    content = read_file(item, min(AT_ONCE, limit))
    if content is None:
        return None
    artefact = on_disk(item) if isinstance(content, Gap) else in_memory(content)
    if artefact is not None:
        return artefact
    return read_file(item, limit) if isinstance(content, Gap) and limit > AT_ONCE else content


def look_into(
    artefact: Artefact, searcher: Searcher, tell: Callable[[Looked], None], stopped: Callable[[], bool]
) -> int:
    """Tell what each file of an artefact holds, and in the end what could not be looked at. Returns bytes looked at."""
    refused: list[Refused] = []
    together: list[Layer] = []
    seen = waiting = 0

    def found(looked: Looked) -> None:
        refused.extend(looked.refused)
        if looked.texts:
            tell(looked._replace(refused=()))

    for one in artefact.members():
        if stopped():
            return seen
        if isinstance(one, Refused):
            refused.append(one)
            continue
        seen += len(one.text)
        if len(one.text) > _TOGETHER:
            found(look(searcher, one.text, one.steps))
            continue
        together.append(one)
        waiting += len(one.text)
        if waiting > _TOGETHER:
            _searched(searcher, together, found)
            together, waiting = [], 0
    _searched(searcher, together, found)
    tell(Looked((), tuple(refused), None))
    return seen


def _searched(searcher: Searcher, together: list[Layer], found: Callable[[Looked], None]) -> None:
    for one, nothing in zip(together, searcher.clear([one.text for one in together]), strict=True):
        if not nothing or worth(one.text):
            found(look(searcher, one.text, one.steps))
