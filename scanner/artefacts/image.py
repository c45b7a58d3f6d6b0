"""Container images: what the configuration of one holds, such as its environment and the commands that built it.

Its form is the OCI Image Configuration (https://github.com/opencontainers/image-spec/blob/main/config.md), which
`docker save` writes, too. Layers are tar archives like any other; a file that a later layer takes away by a whiteout
is still in the image, and is looked at in the layer that brought it.
"""

import json
from collections.abc import Iterator
from typing import Any

from scanner.contents.opening import Layer

STEP = "image-config"
_MOST = 8 << 20


class _Pairs(list[Any]):
    """An object of JSON with each of its keys, though one stands there twice."""

    def items(self) -> Iterator[tuple[str, Any]]:
        return iter(self)


def is_config(text: bytes) -> bool:
    """Whether a file may be the configuration of an image."""
    return text[:1] == b"{" and len(text) <= _MOST and b'"rootfs"' in text and b'"diff_ids"' in text


def config(text: bytes) -> Iterator[Layer]:
    """All texts of a configuration, without JSON's escapes, by where they stand. Raises ValueError, AttributeError.

    Of each section one layer: `env` is the environment, one variable a line, `history` the commands that built it.
    A key that stands there twice is told twice.
    """
    told = json.loads(text, object_pairs_hook=_Pairs)
    sections: dict[str, list[str]] = {"env": [], "history": [], "rest": []}
    for key, value in told.items():
        if key in ("config", "container_config") and isinstance(value, _Pairs):
            for name, inner in value.items():
                _texts(inner, sections["env" if name == "Env" else "rest"], "" if name == "Env" else name)
        else:
            _texts(_Pairs([(key, value)]), sections["history" if key == "history" else "rest"])
    for name, texts in sections.items():
        if texts:
            yield Layer("\n".join(texts).encode("utf-8", "replace"), (f"{STEP}:{name}",))


def _texts(value: Any, texts: list[str], key: str = "") -> None:
    """A text under a key is written as `key=text`, such as a label."""
    if isinstance(value, str):
        texts.append(f"{key}={value}" if key else value)
    elif isinstance(value, _Pairs):
        for name, inner in value.items():
            if isinstance(inner, str):
                _texts(inner, texts, name)
            else:
                texts.append(name)
                _texts(inner, texts)
    elif isinstance(value, list):
        for inner in value:
            _texts(inner, texts)
