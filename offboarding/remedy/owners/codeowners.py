"""CODEOWNERS of GitHub and GitLab, line by line. Everything but the person's words stays to the byte. Pure.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
https://docs.gitlab.com/user/project/codeowners/reference/ (sections with default owners; a comment behind a pattern
is none there: owners in it count)
"""

import re

from offboarding.remedy.owners.changes import ALONE, Change, Piece, Who, cuts

_HEADING = re.compile(r"\s*\^?\[[^\]]+\](?:\[\d+\])?(?=\s|$)")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_OWNER = re.compile(r"@{1,2}[\w./-]{1,100}|[^\s@<>]{1,64}@[^\s@<>.]{1,63}(?:\.[^\s@<>.]{1,63}){1,8}")
"""With bounds: a token is a stranger's, and may be long."""


def changes(text: str, who: Who) -> list[Change]:
    """The person taken out of each line that others own, too; else the successor in their place, or it stays.

    Without owners a pattern is nobody's, or in GitLab its section's, and a section has no default owner.
    """
    found, at = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        change = _line(line, at, number, who)
        found += [change] if change else []
        at += len(line) + 1
    return found


def _line(line: str, at: int, number: int, who: Who) -> Change | None:
    head = _HEADING.match(line) or _WORD.search(line)
    if head is None or line.lstrip().startswith("#"):
        return None
    words = []
    for word in _WORD.finditer(line, head.end()):
        if word[0].startswith("#"):
            break
        words.append(word)
    theirs = [index for index, word in enumerate(words) if who.is_owner(word[0])]
    if not theirs:
        return None
    spans = [(at + word.start(), at + word.end()) for word in words]
    others = any(_OWNER.fullmatch(word[0]) for index, word in enumerate(words) if index not in theirs)
    new: tuple[Piece, ...] = ()
    if not others:
        if not who.owner():
            return Change(number, why=ALONE)
        new = ((*spans[theirs[0]], who.owner()),)
        theirs = theirs[1:]
    return Change(number, (*new, *cuts(spans, theirs).values()))
