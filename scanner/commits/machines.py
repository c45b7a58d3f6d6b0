"""Names and addresses under which machines commit.

Whoever commits can take any name; a person may be called Ci, or Jenkins. So there are two grades: what no person is
called, which may exclude an identity, and what merely sounds like a machine, which is evidence to be read.
"""

import re

_BOT = re.compile(
    r"\[bot\]|^(?:dependabot|renovate|greenkeeper|snyk-bot|github-actions|web-flow|mergify|codecov|pre-commit-ci"
    r"|semantic-release|gitlab-runner)\b",
    re.IGNORECASE,
)
_SOUNDS = re.compile(r"^jenkins\b|(?:^|[-_. ])(?:bot|ci)(?:$|[-_. @])", re.IGNORECASE)


def is_bot(text: str) -> bool:
    """Whether a name or an address is a known machine's."""
    return bool(_BOT.search(text))


def sounds_like_machine(text: str) -> bool:
    """Whether a name or an address is, or may be, a machine's."""
    return is_bot(text) or bool(_SOUNDS.search(text))
