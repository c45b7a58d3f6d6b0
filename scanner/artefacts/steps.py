"""How the way into an artefact reads: `image.tar!sha256:0f3c…!app/.env`. Pure, and needed wherever places are shown."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

SILENT = frozenset({"gzip", "xz", "bz2", "zstd", "bytes", "rpm"})
"""Steps that say how something is packed, not where it lies."""
NAMED = frozenset({"zip", "tar", "ar", "cpio", "image-config", "zip-rest"})
IN_ARTEFACTS = SILENT | NAMED
_LAYER = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{12})[0-9a-f]{52}(?:/layer\.tar|\.json|\.tar)?")
"""An OCI layout names its blobs by digest; so did `docker save` its layers and configurations before."""


def inside(path: str, steps: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The path of what lies in an archive, as a reader would write it, and the steps that it does not tell of."""
    parts = [path]
    for number, step in enumerate(steps):
        form, _, name = step.partition(":")
        if form in NAMED:
            parts.append(_named(form, name))
        elif form not in SILENT:
            return "!".join(parts), tuple(steps[number:])
    return "!".join(parts), ()


def _named(form: str, name: str) -> str:
    if form in ("image-config", "zip-rest"):
        return f"image configuration, {name}" if name else "between the files"
    plain = unquote(name.partition(":")[0], errors="replace")
    layer = _LAYER.fullmatch(plain)
    return f"sha256:{layer[1]}" if layer else plain
