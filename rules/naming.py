"""The short form of a rule for values told by the name they are given: from `assigned` and `words`.

How an assignment is written in programming languages, configuration files, markup and on command lines.
"""

import re
from typing import Any

from rules.assigned import MODES
from rules.contextual import Context
from rules.reading import Table

_NAME = rb"(?P<name>[A-Za-z0-9_$.-]{0,%d})"
_ENVIRONMENT = rb"(?P<name>(?:[_-](?i:prod(?:uction)?|dev(?:elopment)?|live|staging|test|qa|local|\d))?)"
_SIGN = (
    rb"(?P<tail>"
    rb"\\?[\"'`\])}]{0,2}[ \t]{0,12}(?:=>|:=|:-|\?:|<-|==?|:|,|\|\||\?\?|or\b)[ \t]{0,12}"
    rb"|[ \t]{0,2}:[ \t]?[A-Za-z&'<>\[\]?.| ]{1,20}=[ \t]{0,4}"
    rb"|[\"']?[ \t]{0,4},?[ \t]{0,12}[\"']?(?:[a-z]{1,10}:)?(?i:value|default|content)[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rb"|[\"']?>"
    rb"|[ \t]{1,2}(?i:as[ \t]{1,2}[a-z]{1,10})[ \t]{1,2}=[ \t]{1,2}"
    rb"|[ \t]{0,2}\{[ \t]?get;[a-z ;]{0,20}\}[ \t]{0,2}=[ \t]{0,2}"
    rb"|[\"']?[ \t]{1,4}--?(?:b|body|v|value|secret-string)[ \t=]{1,2}"
    rb"|[ \t]{1,8}"
    rb"|[ \t]{0,4}\([ \t]{0,4})"
)
_NEXT_LINE = (
    rb"(?P<tail>"
    rb"[\"']?,?:?[ \t]?\{?[ \t\r]{0,4}\n(?:[ \t]{0,16}[\"']?(?i:description|type|required)[^\n]{0,40}\n)?"
    rb"[ \t]{0,16}-?[ \t]{0,4}[\"']?(?:[a-z]{1,10}:)?(?i:value|default|secret)[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rb"|[\"']?[ \t]{0,4}[=:][ \t]{0,4}\(?[ \t|>\\-]{0,4}\r?\n[ \t]{0,16}"
    rb"|</[a-z-]{1,16}>[ \t\r]{0,4}\n[ \t]{0,16}<(?:string|value|[a-z-]{1,12}value)>)"
)
_CALL = (
    rb"(?:(?:[A-Za-z_]{1,10}(?:\.|::))?(?:[A-Z]\w{0,20}|[a-z_]{0,10}env(?:iron)?\w{0,8}(?:\.get|\.fetch)?|ENV\.fetch"
    rb"|\w{0,10}(?:config|[sS]ecret|[sS]tring|default)\w{0,10})"
    rb"\([ \t]{0,4}(?:[\"'][\w.-]{0,40}[\"'][ \t]{0,2},[ \t]{0,4})?)?"
)
"""What a value is wrapped in: `os.environ.get("NAME", "...")`, `SecretStr("...")`; not what is asked of it."""
_SCHEME = rb"(?:(?i:bearer|token|basic|apikey|api-key|key|oauth)[ \t:=]{1,3})?"
_QUOTE = rb"(?:[bruf@]{1,2}(?=[\"'`]))?(?P<quote>(?:[\"'`]\\)?[\"'`]|\\[\"'`]|)"
TEXT = rb"[^\s\"'`<>\\]"
"""A byte of a password."""
_TOKEN = rb"[A-Za-z0-9_+/=.~%:@!#$^&*-]"
_NEAR_SECRET = rb"(?P<secret>" + _TOKEN + rb"{0,24}?[0-9]" + _TOKEN + rb"{3,64})"
"""Shorter, so that all of it is searched with a change (`scanner.matching.expressions.narrow`)."""
_DRAWN = rb"(?P<secret>(?:%s{0,64}?[0-9]%s{5,200}|%s{6,70}?[0-9]%s{0,5}))" % ((_TOKEN,) * 4)
_SECRET = {
    "password": rb"(?P<secret>" + TEXT + rb"{0,64}?[0-9!@#^]" + TEXT + rb"{0,64})",
    "bare": _DRAWN,
    "token": _DRAWN,
}
_PARAMETER = rb"(?P<name>)(?P<tail>)(?P<quote>)(?P<secret>[A-Za-z0-9_.%~+/-]{12,200}={0,2})"


def spelled_out(table: Table) -> tuple[dict[str, Any], Context]:
    """A row with `assigned` as a row of the ordinary form, and the rule's context. Raises RuleError.

    The keywords are the telling words; a `|` at either end says that no other letter may stand there. `before` is what
    must stand before one of them.
    """
    row = {key: value for key, value in table.data.items() if key not in ("assigned", "before", "next_line")}
    if "pattern" in row:
        table.fail("has pattern and assigned", "a rule has a pattern, or words and a way of assigning")
    mode = table.text("assigned")
    if mode not in MODES:
        table.fail(f"assigned is {mode!r}", f"use one of {', '.join(MODES)}")
    if mode == "parameter":
        tail = _PARAMETER
    elif table.flag("next_line"):
        tail = _NAME % 16 + _NEXT_LINE + _QUOTE + _NEAR_SECRET
    else:
        tail = _NAME % 40 + _SIGN + _CALL + _QUOTE + _SCHEME + _SECRET[mode]
    if mode == "bare":
        tail = tail.replace(_NAME % 40, _ENVIRONMENT)
    before = b"(?:" + table.text("before").encode() + b")" if "before" in table.data else b""
    words = b"|".join(map(_word, table.words("keywords")))
    row["pattern"] = (before + b"(?:" + words + b")" + tail).decode()
    row["keywords"] = sorted({word.strip(b"|").decode() for word in table.words("keywords")})
    # What a name goes on with is taken as a whole: else each of its bytes would be tried as its end.
    tail = tail.replace(b"$.-]{0,40})", b"$.-]{0,40}+)").replace(b"$.-]{0,16})", b"$.-]{0,16}+)")
    return row, (before + rb"\Z" if before else b"", tail, mode, table.words("keywords"), ())


def _word(word: bytes) -> bytes:
    """A telling word for the prefilter, which knows no looking behind: what must not be there is told by what is."""
    text = re.escape(word.strip(b"|"))
    if not word.startswith(b"|"):
        return b"(?i:" + text + b")"
    return b"(?:^|[^A-Za-z\n])(?i:%s)|[a-z]%s(?i:%s)" % (text, text[:1].upper(), text[1:])
