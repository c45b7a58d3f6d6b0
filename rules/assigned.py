"""Values told by the name that they are given: `db_password = "..."`, `"apiKey": "..."`, `<token>...</token>`.

The name must speak of a secret, what stands between it and the value must be an assignment in some language, and the
value must be one that somebody chose or a machine drew. How sure that is depends on all three.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from rules import judging, passwords
from rules.checks import placeholder
from rules.drawn import holds
from rules.light import LightRule
from rules.names import OF_OTHER_KEYS, OF_SOMETHING_ELSE, PASSING, SHAM, pieces_of
from rules.published import published
from rules.spans import Anchor, apart, compiled

MODES = ("password", "token", "bare", "parameter")
"""Of a rule's context: passwords may be words with digits, tokens must look drawn, what is but a key even more so;
parameters stand in a URL."""
_BACK = 160
"""The most bytes before a name on its line that are read; what lies in them decides over values without quotes."""
SWAY = _BACK + 16
"""Up to where around a name and its value lies what decides over them."""
_QUALIFIER = 16
"""The most bytes before a word that say of what it is: `encryption_key`."""
_NAME_BEFORE = re.compile(rb"[A-Za-z0-9_$.-]{0,60}\Z")
_LABELLED = re.compile(rb"[a-z]+(?:-[a-z0-9.]+)*-[0-9a-f]{32,128}")
"""`node-modules-<digest>`"""
_BARE = 24
_PARAMETER = re.compile(rb"[?&;]([A-Za-z_-]+)=\Z")
_LEAST = 8
_START = re.compile(
    rb"\s*(?:(?:export|ENV|ARG|set|setx|SET|declare|local|readonly|-|\*|\#|//|--?|[$>%]|\+)\s*){0,3}"
    rb"(?:-[A-Za-z]\s+|--?|-D)?[\"']?\Z"
)
"""What may stand on a line before the name of a value without quotes: else it is code, and the value an expression."""
_CODE = re.compile(rb"[(){}\[\]<>;|`]|\A&|\A\$|\A[/~*%]|::|->|\A\w+\s*,|\A@\w+\Z")
_DOTTED = re.compile(rb"\w+\.\w+\.?\w*")
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z_]*[0-9]{0,2}|[A-Za-z]\w*(?:[.:]\w+)+")
_CAMEL = re.compile(rb"_?[A-Za-z]+(?:[0-9]{1,3}[A-Za-z]+){0,3}(?:_[a-z]+[0-9]{0,2})*[0-9]{0,3}")
"""`PBKDF2WithHmacSHA512`, `_ruby2_keywords`"""
_SIGNS = re.compile(rb"[^A-Za-z0-9]")
_SHORT = 12
SURE = 0.85
"""The `surprise` above which a token that is short, or not drawn for certain, may be of medium confidence."""
SPEAKING = 0.9
"""Bits a byte above which a password of letters and digits is too much like words for medium confidence."""
_SPOKEN = 0.4
_PATHLIKE = re.compile(rb"(?:[\w.-]{1,40}/){1,}[\w.-]{0,60}\Z")
_PATH = re.compile(
    rb"[a-z]+://|(?:arn|urn|vault|secret|op|ssm|gcpsm|awssm|keyvault):|\w:\\|[.~]{0,2}/(?:[\w.-]{1,40}/)|\.{1,2}/|~"
)
_SAYS = re.compile(rb"(?i)passw(?:or)?d|secret|token|credential|api[_-]?key")
"""What a value says only where it stands for one: `legacy_password__x1`, `my-secret-2`."""
SEALED = re.compile(
    rb"Ag[A-D][A-Za-z0-9+/]{40}|AQICAH|CiQA|gAAAAA|ENC\(|ENC\[|sha(?:1|256|384|512)-|pk\.eyJ|\$2[aby]\$|\$argon2|\$[156]\$"
)
"""How ciphertexts begin (Bitnami's sealed secrets, AWS and Google KMS, Fernet, Jasypt), public tokens and hashes."""
_ENDS = b"\r\n \t,;&)}]|\"'<\\`"
_VERSION = re.compile(rb"\d+\.\d+\.\d")
_DATE = re.compile(rb"\d{4}-\d\d-\d\d")
_CALL = re.compile(rb"[\w.]{1,60}\(")


def fits(rule: LightRule, content: bytes, low: int, high: int) -> Iterator[re.Match[bytes]]:
    """Every value between two offsets that is given a name with one of the rule's words in it; the match of the tail.

    A tail follows far fewer of the words than are in a text, so it is looked for first.
    """
    if not rule.context:
        return
    before, tail, _, words, _ = rule.context
    lower = content[low:high].lower()
    for word in words:
        at = lower.find(word.strip(b"|"))
        size = len(word.strip(b"|"))
        while at >= 0:
            hit = compiled(tail).match(content, low + at + size, high)
            if hit is not None and _word(word, content, low + at) and _preceded(before, content, low + at):
                yield hit
            at = lower.find(word.strip(b"|"), at + 1)


def _word(word: bytes, content: bytes, at: int) -> bool:
    """Whether a word at an offset stands alone where it must: `|pass|` is in `db_pass`, not in `bypass`."""
    end = at + len(word.strip(b"|"))
    first, last = content[at : at + 1], content[end - 1 : end]
    ahead, behind = content[max(0, at - 1) : at], content[end : end + 1]
    if word.startswith(b"|") and ahead.isalpha() and not (first.isupper() and ahead.islower()):
        return False
    return not (word.endswith(b"|") and behind.isalpha() and not (behind.isupper() and last.islower()))


def _preceded(before: bytes, content: bytes, at: int) -> bool:
    return not before or compiled(before).search(content, max(0, at - _QUALIFIER), at) is not None


def anchors(rule: LightRule, content: bytes, places: Iterable[tuple[int, int]]) -> list[Anchor]:
    """The spans of all values in the places that are given a telling name, in order, each with its confidence."""
    found: dict[tuple[int, int], str] = {}
    mode, malformed = (rule.context[2], rule.context[4]) if rule.context else ("", ())
    for low, high in places:
        for hit in fits(rule, content, low, high):
            if rule.lead >= 0 and not holds(hit["secret"]):
                continue
            confidence = "low" if hit["secret"].startswith(malformed) else _judged(content, hit, mode)
            if confidence and (confidence != "low" or rule.lone_confidence == "low"):
                found[hit.span("secret")] = confidence
    return apart((start, end, confidence) for (start, end), confidence in sorted(found.items()))


def likely(rule: LightRule, text: bytes) -> int:
    """Where the first value in a text ends that `anchors` may take by what it and its name are; -1 for none."""
    ends = (hit.end() for hit in fits(rule, text, 0, len(text)) if _possible(rule, hit))
    return min(ends, default=-1)


def _possible(rule: LightRule, hit: re.Match[bytes]) -> bool:
    value, rest = hit["secret"], hit["name"]
    if rule.lead >= 0 and not holds(value):
        return False
    if rest.lower() != rest.upper() and not rest[:1].islower() and not named(rest):
        return False
    mode, malformed = (rule.context[2], rule.context[4]) if rule.context else ("", ())
    if value.startswith(malformed):
        return rule.lone_confidence == "low"
    told = _of_password(value, quoted=bool(hit["quote"])) if mode == "password" else _of_token(value)
    return told == "medium" or (told == "low" and rule.lone_confidence == "low")


def _judged(content: bytes, hit: re.Match[bytes], mode: str) -> str:
    """Medium, low or "" for a value whose name has a telling word that ends where the match begins."""
    value = hit["secret"]
    at = hit.start()
    if mode == "parameter":
        found = _PARAMETER.search(content, max(0, at - _QUALIFIER - _BARE), at)
        return _of_token(value) if found is None or _opens(found[1]) else ""
    before, name = _name(content, hit)
    if not named(name) or before.endswith(b"::") or not _given(before, hit, content):
        return ""
    if mode == "bare" and not _of_its_own(name, value):
        return ""
    told = _of_password(value, quoted=bool(hit["quote"])) if mode == "password" else _of_token(value)
    return "low" if told and sham(name) else told


def _name(content: bytes, hit: re.Match[bytes]) -> tuple[bytes, bytes]:
    """What stands before the name on its line, and the name: its telling word ends where the match begins."""
    at = hit.start()
    low = content.rfind(b"\n", max(0, at - _BACK), at) + 1 or max(0, at - _BACK)
    line = content[low:at]
    found = _NAME_BEFORE.search(line)
    start = found[0] if found else b""
    return line[: len(line) - len(start)], start + content[at : hit.end("name")]


def naming(rule: LightRule, content: bytes, span: tuple[int, int]) -> bytes:
    """The name to which the value at a span is given; b"" where the rule does not take it."""
    for hit in fits(rule, content, max(0, span[0] - rule.width - _BACK), min(len(content), span[1] + rule.width)):
        if hit.span("secret") == span:
            return _name(content, hit)[1]
    return b""


def _opens(name: bytes) -> bool:
    """Whether a parameter's name is that of a secret: not `page_token`, `DocumentKey`."""
    return named(name) and OF_OTHER_KEYS.isdisjoint(pieces_of(name))


def _given(before: bytes, hit: re.Match[bytes], content: bytes) -> bool:
    """Whether the value is given to the name: between two quotes, or as text that is no expression of code."""
    if not hit["quote"]:
        return _plain(before, hit, content)
    if content[hit.end() : hit.end() + 1] not in (b'"', b"'", b"`", b"\\"):
        return False
    value = hit["secret"]
    told = _digits(value) > 0 and len(value) >= _LEAST and value.lower() != value.upper()
    return told or not hit["tail"].isspace()


@lru_cache(maxsize=16384)
def named(name: bytes) -> bool:
    """Whether a name with a word for secrets in it is the secret's own: not `password_field`, `token_url`, `key_id`."""
    pieces = pieces_of(name)
    while pieces and pieces[-1].isdigit():
        pieces.pop()
    if (
        not pieces
        or pieces[-1] in OF_SOMETHING_ELSE
        or (pieces[-1] == b"token" and pieces[-2:-1] and pieces[-2] in PASSING)
        or pieces[-1].removesuffix(b"token") in PASSING
    ):
        return False
    return not {b"public", b"publishable", b"pub"} & set(pieces) and not pieces[-1].endswith(b"hash")


def _of_its_own(name: bytes, value: bytes) -> bool:
    """Whether what is called a key and no more is one to a service: long, drawn, not that of a table or a cache."""
    pieces = set(pieces_of(name))
    if len(pieces) == 1 and judging.is_hex(value):
        return False
    if _LABELLED.fullmatch(value):
        return False
    return len(value) >= _BARE and _digits(value) > 1 and not pieces & OF_OTHER_KEYS and judging.opaque(value)


@lru_cache(maxsize=16384)
def sham(name: bytes) -> bool:
    """Whether a name says that its value is none: `test_token`, `exampleKey`."""
    return not SHAM.isdisjoint(pieces_of(name))


def _plain(before: bytes, hit: re.Match[bytes], content: bytes) -> bool:
    """Whether a value without quotes is text rather than an expression of code."""
    value = hit["secret"]
    if hit["tail"].endswith(b">"):
        return content[hit.end() : hit.end() + 2] == b"</" and not _CODE.search(value)
    if content[hit.end() : hit.end() + 1] not in _ENDS:
        return False
    after = content[hit.end() : hit.end() + 80].partition(b"\n")[0].strip()
    if _CODE.search(value):
        return False
    alone = not after or after.startswith((b"#", b"\\", b"-", b"&&", b";", b"//", b"|"))
    if alone and _START.fullmatch(before) and not _DOTTED.fullmatch(value):
        return not _IDENTIFIER.fullmatch(value)
    # In the middle of a line only what cannot be a name of code: `user=x password=9fK2...`, `--token=...`.
    return not after.startswith(b"(") and judging.opaque(value) and _digits(value) > 1


def _digits(value: bytes) -> int:
    return sum(48 <= c <= 57 for c in value)


@lru_cache(maxsize=65536)
def _of_token(value: bytes) -> str:
    value = value.rstrip(b",;&")
    if _no_value(value):
        return ""
    if judging.opaque(value):
        return "medium"
    if len(value) < _SHORT or not passwords.strong(value) or judging.wordy(value) or judging.strays(value):
        return ""
    mixed = value != value.lower() and value != value.upper()
    return "medium" if mixed and judging.surprise(value) > SURE and judging.wordiness(value) < 0 else "low"


@lru_cache(maxsize=65536)
def _of_password(value: bytes, *, quoted: bool) -> str:
    if _no_value(value):
        return ""
    if not quoted and b"_" in value and judging.wordiness(value) > _SPOKEN:
        return ""
    if not passwords.chosen(value) or (_IDENTIFIER.fullmatch(value) and not (quoted and _digits(value) > 1)):
        return ""
    letters = passwords.letters_and_digits(value)
    signs = _SIGNS.search(value) is not None and value.lower() != value.upper()
    if letters and signs:
        return "medium"
    if letters and len(value) >= 8:
        return "low" if judging.wordiness(value) > SPEAKING else "medium"
    return "low" if letters or signs else ""


def _no_value(value: bytes) -> bool:
    """Whether a value is a stand-in, a path, a date or a call."""
    if (
        published(value)
        or placeholder(value)
        or judging.stepped(value)
        or _SAYS.search(value)
        or SEALED.match(value)
        or _PATH.match(value)
        or _DATE.match(value)
        or _CALL.match(value)
    ):
        return True
    if _VERSION.search(value) or (_PATHLIKE.match(value) and judging.wordiness(value) > 0):
        return True
    return _CAMEL.fullmatch(value) is not None and judging.wordiness(value) > 0.1
