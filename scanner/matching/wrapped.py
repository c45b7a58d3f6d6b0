"""base64 broken into lines, as `base64`, MIME and YAML do it: 60 to 200 characters a line, the last one shorter."""

import re
from functools import cache

_INDENT = 64
_WIDEST = 200
MARGIN = _WIDEST + 2 * _INDENT + 32
"""Bytes on either side of a block that say whether it goes on there."""
_REST = re.compile(rb"[ \t]{0,8}\r?\n")


@cache
def _lines(allowed: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A whole line of a block with its end; and what stands at the beginning of the next."""
    letters = b"[" + re.escape(allowed) + b"]"
    indent = rb"[ \t]{0,%d}" % _INDENT
    return (
        re.compile(indent + b"(" + letters + rb"{60,%d})[ \t]{0,8}\r?\n" % _WIDEST),
        re.compile(indent + b"(" + letters + rb"{1,%d})(?!" % _WIDEST + letters + b")"),
    )


def block(content: bytes, low: int, high: int, allowed: bytes) -> tuple[int, int]:
    """The bounds of the block of lines that the run [low, high) of `allowed` bytes is a line of; or its own bounds."""
    width = high - low
    begin = content.rfind(b"\n", max(0, low - _INDENT - 1), low) + 1
    if width > _WIDEST or low - begin > _INDENT or content[begin:low].strip(b" \t"):
        return low, high
    whole, following = _lines(allowed)
    first, size, at = low, 0, begin
    while at > 0 and (line := whole.fullmatch(content, _line_before(content, at), at)):
        found = len(line[1])
        if found < width or (size and found != size):
            break
        first, size, at = line.start(1), found, line.start()
    size = size or width
    end = high
    while size >= 60 and width == size and (rest := _REST.match(content, end)):
        after = following.match(content, rest.end())
        if after is None or len(after[1]) > size:
            break
        end, width = after.end(1), len(after[1])
    return first, end


def _line_before(content: bytes, at: int) -> int:
    """Where the line that ends at `at` begins, or so far back that it is too long to be of a block."""
    return content.rfind(b"\n", max(0, at - MARGIN - 1), at - 1) + 1 or max(0, at - MARGIN - 1)
