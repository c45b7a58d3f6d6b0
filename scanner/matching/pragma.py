"""The allowlist pragma of detect-secrets, `pragma: allowlist secret`. Light: the pre-commit hook imports this.

Source: https://github.com/Yelp/detect-secrets/blob/master/README.md, "Inline Allowlisting".
"""

import re

_PRAGMA = re.compile(rb"pragma: ?(?:allow|white)list[ -]secret", re.IGNORECASE)
_PRAGMA_NEXT = re.compile(rb"pragma: ?(?:allow|white)list[ -]nextline[ -]secret", re.IGNORECASE)


def allowed(text: bytes, start: int) -> bool:
    """Whether the line at `start` carries detect-secrets' allowlist pragma, or the line before it the nextline form."""
    low = text.rfind(b"\n", 0, start) + 1
    high = text.find(b"\n", start)
    if _PRAGMA.search(text, low, high if high >= 0 else len(text)):
        return True
    before = text.rfind(b"\n", 0, max(low - 1, 0)) + 1
    return low > 0 and bool(_PRAGMA_NEXT.search(text, before, low))
