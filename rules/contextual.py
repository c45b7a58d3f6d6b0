"""Values without a form of their own, told by the name of their provider before them.

A word that announces the provider, at most `GAP` bytes, then a value of the right form. What stands between is read as
people write it: the name nearest to the value says whether it is a key, an id or a checksum.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from rules import assigned, judging
from rules.checks import accepts
from rules.drawn import holds
from rules.light import LightRule
from rules.names import BESIDE_VALUES, SHOWN, of_another, pieces_of
from rules.record import Record
from rules.spans import Anchor, apart, compiled, occurrences, widened

Context = tuple[bytes, bytes, str, tuple[bytes, ...], tuple[bytes, ...]] | tuple[()]
"""Patterns of the name and the value, the mode (see `telling`) and (); or what `rules.assigned` needs; or ()."""
GAP = 80
"""The most bytes between a provider's name and its value."""
_BETWEEN = rb"(?s:.{0,%d}?)" % GAP
_KEY = (
    rb"(?i:key|token|secret|passw|pwd|passphrase|passcode|auth|bearer|credential|apikey|creds\b|pass\b|pat\b|\bsid\b)"
)
_HAS_KEY = re.compile(_KEY)
_JOINED = re.compile(rb"[\w.-]{0,40}" + _KEY)
_SECTION = re.compile(rb"[\w.-]{0,24}[\"'\]]{0,2}\s{0,8}(?:=>|[:=(>{\[])|\.(?:com|io|net|org|co|ai|dev|app|me)\b")
_TSERAEN = re.compile(
    rb"[\"'`<]{0,3}(?:[bru]{1,2}(?![\w$.-]))?\s{0,2}[\[({]{0,2}\s{0,8}(?:>=|=:|==|[:=,(>?]|si\b|>-)?\s{0,8}"
    rb"[\"'`\])]{0,3}([\w$.-]{0,60}[A-Za-z_$])"
)
"""The name nearest to a value, of the text before it read backwards: forwards each byte would be a beginning."""
_GIVEN = re.compile(rb"[\w.-]{0,40}" + _KEY + rb"[\w-]{0,24}[\"'\]]{0,2}[ \t]{0,3}(?:=>|[:=])")
"""A provider's name that is part of a key's, to which its own line gives something: `ACME_API_KEY=`."""
_NO_LETTERS = re.compile(rb"[^a-z0-9]")
_BLANK = re.compile(rb"\n[ \t\r]*\n")
_API = re.compile(rb"/v\d|\bapi\b|/api|hook")
_DIRECT = re.compile(
    rb"[\"'\])]{0,2}\s{0,3}(?:=>|[:=,])\s{0,3}[\"'`(]{0,2}|(?:[.:]{1,2}[A-Za-z_.]{0,20})?\([\"'`]|[\"']?\)?\([\"']"
)
"""A value that is given to the provider's name itself: `acme: ...`, `Acme("...")`, `acme.NewClient("...")`."""
_BACK = 40
"""The most bytes before a name on its line in which a word for keys counts: `API key for Acme: ...`."""
_SEARCHED = 240
"""Bytes around a change of which all are searched with it (`scanner.matching.expressions`: a few more)."""
_LINES = 4


def windows(
    rule: LightRule, content: bytes, within: Sequence[tuple[int, int]] | None = None
) -> Iterator[tuple[int, int]]:
    """The spans, from name to value, of all that the rule's pattern fits; in no order, and they may overlap."""
    if not rule.context:
        return
    value, mode = rule.context[1:3]
    for low, high in _around(rule.keywords, content, rule.width) if within is None else within:
        if mode in assigned.MODES:
            yield from (hit.span() for hit in assigned.fits(rule, content, low, high))
            continue
        for name, end in _reaches(rule, content, (low, high)):
            if rule.width > _SEARCHED:  # what decides may change far from the name
                yield name.start(), end
                continue
            hit = compiled(_BETWEEN + value).match(content, name.end(), end)
            if hit is not None:
                yield name.start(), hit.end()


def _reaches(rule: LightRule, content: bytes, place: tuple[int, int]) -> Iterator[tuple[re.Match[bytes], int]]:
    """Each name in a place, and up to where its values stand: as far as a match reaches, or up to the next name."""
    last: re.Match[bytes] | None = None
    for name in _names(rule, content, *place):
        if last is not None:
            yield last, min(last.end() + GAP + rule.width, name.start())
        last = name
    if last is not None:
        yield last, min(len(content), last.end() + GAP + rule.width)


def _names(rule: LightRule, content: bytes, low: int, high: int) -> Iterator[re.Match[bytes]]:
    """The names between two offsets, by keywords: quicker than asking the pattern at each byte."""
    lower = content[low:high].lower()
    places = {low + at for keyword in rule.keywords for at in occurrences(keyword, lower)}
    pattern = compiled(rule.context[0] if rule.context else b"")
    end = low
    for at in sorted(places):
        if at >= end and (name := pattern.match(content, at, high)):
            end = name.end()
            yield name


def sway(rule: LightRule) -> tuple[int, int]:
    """Around a name and its value up to where lies what decides over them, and how long both may be together so that
    all is searched with a change in it (of 256 bytes on either side).
    """
    if rule.context and rule.context[2] in assigned.MODES:
        return assigned.SWAY, _SEARCHED - assigned.SWAY
    return GAP + rule.width + _BACK, _SEARCHED - _BACK


def _around(keywords: Iterable[bytes], content: bytes, width: int) -> list[tuple[int, int]]:
    """Where a content holds keywords, with as much around them as a match can span; in order and apart."""
    lower = content.lower()
    places = ((at, at + len(keyword)) for keyword in keywords for at in occurrences(keyword, lower))
    return widened(places, width, len(content))


def anchors(rule: LightRule, content: bytes, places: Iterable[tuple[int, int]]) -> list[Anchor]:
    """The spans of all values in the places that a name announces, in order, each with its confidence."""
    if not rule.context:
        return []
    if rule.context[2] in assigned.MODES:
        return assigned.anchors(rule, content, places)
    found: dict[tuple[int, int], str] = {}
    for low, high in places:
        for name, reach in _reaches(rule, content, (low, high)):
            for start, end, confidence in _announced(rule, content, name, reach):
                found.setdefault((start, end), confidence)
    return apart((start, end, confidence) for (start, end), confidence in sorted(found.items()))


def likely(rule: LightRule, text: bytes) -> int:
    """Where the first value in a text ends that `anchors` may take for what it is itself; -1 for none.

    Quicker than `anchors`, and true of any part of a larger text in which name and value stand.
    """
    if not rule.context:
        hits = compiled(rule.pattern).finditer(text)
        return next((hit.end() for hit in hits if _taken(rule, hit[rule.anchor])), -1)
    if rule.context[2] in assigned.MODES:
        return assigned.likely(rule, text)
    ends = (_first(rule, text, name) for name in _names(rule, text, 0, len(text)))
    return min((end for end in ends if end >= 0), default=-1)


def _first(rule: LightRule, content: bytes, name: re.Match[bytes]) -> int:
    """Where the first value that may belong to a name ends; -1 for none."""
    value = compiled(rule.context[1] if rule.context else b"")
    for hit in value.finditer(content, name.end(), min(len(content), name.end() + GAP + rule.width)):
        if _taken(rule, hit["secret"]):
            return hit.end()
    return -1


def _taken(rule: LightRule, value: bytes) -> bool:
    """Whether a value is one by what it is itself."""
    if (rule.lead >= 0 and not holds(value)) or assigned.SEALED.match(value):
        return False
    return accepts(value, entropy_min=rule.entropy, checksum=rule.checksum, reject=rule.reject)


def _announced(rule: LightRule, content: bytes, name: re.Match[bytes], end: int) -> Iterator[Anchor]:
    """The first value up to an end behind a name that counts, and those behind it whose own name is a key's."""
    if not rule.context:
        return
    keyed = _keyed(rule, name[0])
    pattern, mode = compiled(_BETWEEN + rule.context[1]), "" if keyed else rule.context[2]
    begin = at = name.end()
    first = True
    while hit := pattern.match(content, at, end):
        start, at = hit.span("secret")
        if start - begin > GAP or (at == end < len(content) and content[end : end + 1].isalnum()):
            return  # too far, or the next name begins in the value
        gap = content[begin:start]
        if gap.count(b"\n") > _LINES or b"\0" in gap:
            return
        before = content[max(0, name.start() - _BACK) : name.start()].rpartition(b"\n")[2]
        if not telling(gap, mode, before) or not (first or _HAS_KEY.search(_nearest(gap))) or _passed(gap, first):
            continue
        if _taken(rule, hit["secret"]):
            first = False
            yield start, at, rule.confidence if keyed else _sureness(rule, gap, before, hit["secret"])


def _keyed(rule: LightRule, name: bytes) -> bool:
    """Whether a name holds a word for keys besides its provider's name, which may hold one itself: `digikey`."""
    if not _HAS_KEY.search(name):
        return False
    provider = rule.kind.partition(".")[0].encode()
    rest = _NO_LETTERS.sub(b"", name.lower()).replace(provider, b"")
    return not _HAS_KEY.search(provider) or _HAS_KEY.search(rest) is not None


def _passed(gap: bytes, first: bool) -> bool:
    """Whether a value on a later line is given to somebody else's name: to `BETA_TOKEN` below `ACME_TOKEN=`."""
    return b"\n" in gap and (not first or _GIVEN.match(gap) is not None) and of_another(_nearest(gap))


def _sureness(rule: LightRule, gap: bytes, before: bytes, value: bytes) -> str:
    """The rule's confidence where a word for keys stands by; at most medium where the value is the name's own or like
    nothing but a token; else that of a value alone: hex by a name may be a commit."""
    if _speaks(gap, before):
        return rule.confidence
    telling_form = not judging.is_hex(value) and not judging.is_uuid(value)
    if _DIRECT.fullmatch(gap) or telling_form:
        return "low" if rule.confidence == "low" else "medium"
    return rule.lone_confidence


def _speaks(gap: bytes, before: bytes) -> bool:
    """Whether a word for keys stands between a provider's name and a value, or before the name on its line."""
    return _HAS_KEY.search(gap) is not None or _HAS_KEY.search(before) is not None


class Announcement(Record):
    """Why a value is taken for a provider's: the provider's name and the one nearest to the value, which may be one,
    and whether a word for keys stands by them.
    """

    names: tuple[bytes, ...]
    keyed: bool


def announcement(rule: LightRule, content: bytes, span: tuple[int, int]) -> Announcement | None:
    """What tells the value at a span, as `anchors` saw it; None where the rule does not take it."""
    place = (max(0, span[0] - GAP - rule.width), min(len(content), span[1] + 1))
    for name, reach in _reaches(rule, content, place):
        if any(one[:2] == span for one in _announced(rule, content, name, reach)):
            gap = content[name.end() : span[0]]
            before = content[max(0, name.start() - _BACK) : name.start()].rpartition(b"\n")[2]
            nearest = _nearest(gap)
            names = (name[0] + nearest,) if gap.startswith(nearest) else (name[0], nearest)
            return Announcement(names, _keyed(rule, name[0]) or _speaks(gap, before))
    return None


def _nearest(gap: bytes) -> bytes:
    name = _TSERAEN.match(gap[::-1])
    return name[1][::-1] if name else b""


def telling(gap: bytes, mode: str, before: bytes = b"") -> bool:
    """Whether the text between a provider's name and a value speaks for a credential; `before` stands before the name.

    `mode` is "" for a name that means nothing but the provider, "opaque" where a word for keys is needed as well, and
    "ordinary" where that word must be of one name with the provider's, or stand in a section of that name. A provider's
    name that holds a word for keys itself (`gitlab_token`) is taken for "".
    """
    if mode == "ordinary" and not (_JOINED.match(gap) or (_SECTION.match(gap) and _HAS_KEY.search(gap))):
        return False
    if mode == "opaque" and not (_HAS_KEY.search(gap) or _HAS_KEY.search(before) or _DIRECT.fullmatch(gap)):
        return False
    if (blank := _BLANK.search(gap)) and not gap[: blank.start()].rstrip().endswith(b":"):
        return False
    name = _nearest(gap)
    if _HAS_KEY.search(name):
        return not _public(name)
    if gap.endswith(b"/") and not _API.search(gap) and not _HAS_KEY.search(gap):
        return False
    return BESIDE_VALUES.isdisjoint(pieces_of(name))


def _public(name: bytes) -> bool:
    """Whether a name with a word for keys in it is that of something else: `key_id`, `publicKey`, `token_url`."""
    pieces = pieces_of(name)
    return bool(pieces) and (pieces[-1] in BESIDE_VALUES - {b"hash", b"sid"} or not SHOWN.isdisjoint(pieces))
