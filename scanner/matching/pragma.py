"""Comments that excuse a line: `offkey:allow`, and those of detect-secrets and gitleaks. Light: the hook imports this.

Sources: https://github.com/Yelp/detect-secrets/blob/master/README.md, "Inline Allowlisting", for
`pragma: allowlist secret`, and https://github.com/gitleaks/gitleaks#gitleaksallow for `gitleaks:allow`. Two forms
excuse the line below: `pragma: allowlist nextline secret` and `offkey:allow nextline`.
"""

import re

_HERE = re.compile(
    rb"pragma: ?(?:allow|white)list[ -]secret|(?:gitleaks|\boffkey):allow\b(?![ -]nextline)", re.IGNORECASE
)
_NEXT = re.compile(rb"pragma: ?(?:allow|white)list[ -]nextline[ -]secret|\boffkey:allow[ -]nextline\b", re.IGNORECASE)


def allowed(text: bytes, start: int) -> bool:
    """Whether the line at `start` is excused by a comment on it, or on the line before."""
    low = text.rfind(b"\n", 0, start) + 1
    high = text.find(b"\n", start)
    if _HERE.search(text, low, high if high >= 0 else len(text)):
        return True
    before = text.rfind(b"\n", 0, max(low - 1, 0)) + 1
    return low > 0 and bool(_NEXT.search(text, before, low))
