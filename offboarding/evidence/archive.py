"""The evidence folder as one zip file, the same bytes for the same files on every machine. Pure.

Nothing is compressed: what a deflater writes differs from one version of zlib to the next. Every entry has the
format's earliest time and the same mode, and they are sorted by name.
"""

import io
import zipfile
from collections.abc import Mapping

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100600 << 16


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """A zip whose entries all lie in one folder of that name."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _EARLIEST)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, content)
    return whole.getvalue()
