"""The library that inflates: isal where it is installed (two to three times as fast), else zlib."""

import importlib
import zlib
from contextlib import suppress
from typing import Any

deflate: Any = zlib
with suppress(ImportError):
    deflate = importlib.import_module("isal.isal_zlib")

RATIO = 1032
"""Deflate expands at most so much (RFC 1951): what is small stays small without a check on the way."""
DAMAGE: tuple[type[Exception], ...] = (deflate.error, zlib.error, ValueError, EOFError)
"""What a damaged stream raises."""
