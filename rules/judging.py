"""How much a value looks like what a machine drew at random, and how little like what a person wrote.

Pure and light: the pre-commit hook imports this module. Everything is judged from the bytes given, so a value gets the
same answer wherever it stands.
"""

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_BIGRAMS = (
    b"OTUTOPRHSHOVRVHSIVTXQPNMPKVSSSVSLKUOLWPMUOHTTPULKHPKVPSPVPIUTGTTMJXMJSPVSJJHOHURRSYROKXMLQOOTNGRTNSOLLOI"
    b"TPUWRRPLNHJSSVMRNWWSLQNRMHVSSSVVLJXKJTLMVNKSQRTKKLRIULPMXNSUVHKRPTUOJVTOTMLKNMXMNNYJLKWKKPPPWNKSPTRKLJQK"
    b"RQUSSRSHJHLTSYVQIRUUISENGRVOPRXPOOSNPOQPVRQOVPWPQOPPSOOQYPQNWKKRORQPMNWQSMQIPLVMORXNLJWHMVMMVOGKSRROIIVH"
    b"WRMNXLLJWJLQTNUWJKSNSLJINITLUUUQXLTLONMPSMIMVWPQKHMJPQSSMPQKPLPTUXRSGWSSTRSNMIVKNNWMNRTFMVMKVTHWSTSKJIPF"
    b"QNNQQPNNOPOTNPNPQPQO[NPONOWMRRYNPJVFPPRQVOGRUTQPMHRDSKTMWOJTVHPQONSTLMUXULNJPGUJQMXMKTXFHQMMTNHUTRRHMJSH"
    b"TTSQSORHSIKUTWOTGVVVIIIMJIWLNMZNMLXKLMNNTMILOLNKKLNJXMOPWMNUWLNRNUVOLUTPLINMLLTPUQVRMQVMKPRPNXMOQWOOLTPN"
    b"SQRNTOQMVMNTTUSWNQWTOORNQQWMOPZOPPVNNNOMTONMQOPOQNQQ"
)
"""How much likelier a letter follows another in code than by chance: (letter - 83) / 2 in bits, 26 rows of 26.

Counted over the distinct words of 2 to 18 letters that stand in at least two of forty public repositories of many
languages (14,073 words); no value of any credential went into it.
"""
_RUN = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_WORDY = 0.2
"""Bits a byte above which a value reads like words: one in 500 random values of 20 letters and digits does."""
_SURPRISE = 0.72
"""The least `surprise` of a value of a known form, and below of one whose form nobody published."""
_OPAQUE = 0.8
_LETTERS = 24
"""The fewest letters that may be a key without a digit, in one case; they must be less like words than others."""
_ONE_CASE = -0.6
_STEPS = 0.6
SHORTEST = 16
"""Bytes of the shortest value that is judged by what it is alone."""
_UUID = re.compile(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_DIGITS = re.compile(rb"[0-9.,:+/_-]+")
_CLASSES = (
    (re.compile(rb"[0-9]"), 10),
    (re.compile(rb"[a-f]"), 6),
    (re.compile(rb"[g-z]"), 20),
    (re.compile(rb"[A-F]"), 6),
    (re.compile(rb"[G-Z]"), 20),
)
_SIGNS = 6
_PARTS = re.compile(rb"[^0-9A-Za-z]+")
_SMALLER = tuple(re.compile(one) for one in (rb"[0-9a-f]", rb"[0-9A-F]", rb"[0-9a-z]", rb"[0-9A-Z]"))
_LONG = 20
"""Characters of one alphabet; of so many drawn from a larger one hardly ever all but one lie in the smaller."""


def wordiness(value: bytes) -> float:
    """Bits a byte by which the letters of a value follow each other as in words rather than by chance."""
    total = 0.0
    for run in _RUN.findall(value):
        for left, right in pairwise(run.lower()):
            total += (_BIGRAMS[(left - 97) * 26 + right - 97] - 83) / 2
    return total / len(value) if value else 0.0


def wordy(value: bytes) -> bool:
    """Whether a value reads like words or names."""
    return wordiness(value) > _WORDY


def strays(value: bytes) -> bool:
    """Whether all but a character or two come from a smaller alphabet: hex with an `x` in it is hex that went wrong."""
    body = max(_PARTS.split(value), key=len)
    if len(body) < _LONG:
        return False
    outside = (len(body) - len(one.findall(body)) for one in _SMALLER)
    return any(1 <= count <= len(body) // _LONG for count in outside)


def stepped(value: bytes) -> bool:
    """Whether most characters of a value follow the one before (`456789abcdef`)."""
    steps = sum(abs(right - left) == 1 for left, right in pairwise(value))
    return steps > _STEPS * len(value)


def alphabet(value: bytes) -> int:
    """The size of the smallest usual alphabet that holds all characters of a value: 10, 16, 26, 36, 62 and more."""
    size = sum(count for pattern, count in _CLASSES if pattern.search(value))
    return size + (_SIGNS if re.search(rb"[^0-9A-Za-z-]", value) else 0)


def surprise(value: bytes) -> float:
    """Shannon entropy of a value as a share of what a random one of its length and alphabet has on average; 0 to 1.1.

    A random value of n characters out of k has about log2(k) - (k - 1) / (2 n ln 2) bits each (Miller and Madow's
    correction), and never more than log2(n). Of a value in several parts the longest counts, if that is more.
    """
    body = max(_PARTS.split(value), key=len)
    if SHORTEST <= len(body) < len(value):
        return max(surprise(body), _surprise(value))
    return _surprise(value)


def _surprise(value: bytes) -> float:
    if len(value) < 2:
        return 0.0
    total, size = len(value), max(2, alphabet(value))
    bits = -sum(n / total * math.log2(n / total) for n in Counter(value).values())
    expected = min(math.log2(size) - (size - 1) / (2 * total * math.log(2)), math.log2(total))
    return bits / max(expected, 0.7 * min(math.log2(size), math.log2(total)))


def is_hex(value: bytes) -> bool:
    """Whether a value is hex in one case."""
    return _HEX.fullmatch(value) is not None


def is_uuid(value: bytes) -> bool:
    """Whether a value is a UUID."""
    return _UUID.fullmatch(value) is not None


def least(value: bytes, *, known: bool) -> float:
    """The `surprise` that a value must have: of a `known` form, or of one that nobody published."""
    if is_uuid(value if known else value.rstrip(b"=")):
        return _SURPRISE / 2
    return _SURPRISE if known else _OPAQUE


def words_from(value: bytes, *, known: bool) -> float:
    """The `wordiness` above which a value is too much like words; hex is never."""
    if known:
        return _WORDY
    digits = sum(48 <= c <= 57 for c in value)
    if not digits and (value == value.lower() or value == value.upper()):
        return _ONE_CASE
    return _WORDY / 2 if digits > 1 else -0.2


@lru_cache(maxsize=65536)
def drawn(value: bytes) -> bool:
    """Whether a value of a known form may have been drawn at random: no word, no repetition, no plain number."""
    enough = surprise(value) > least(value, known=True)
    return enough and (is_uuid(value) or is_hex(value) or not wordy(value))


@lru_cache(maxsize=65536)
def opaque(value: bytes) -> bool:
    """The same of a value whose form nobody published, judged more strictly: letters with digits, or of both cases."""
    if len(value) < SHORTEST or _DIGITS.fullmatch(value):
        return False
    body = value.rstrip(b"=")
    if is_uuid(body):
        return drawn(body)
    if is_hex(body):
        whole = len(body) % 4 == 0  # as of keys of two or more bytes; 31 digits are what is left of 32
        return whole and not body.isdigit() and not body.isalpha() and surprise(body) >= _OPAQUE
    return surprise(value) >= _OPAQUE and not strays(body) and _unspoken(body)


def _unspoken(value: bytes) -> bool:
    limit = words_from(value, known=False)
    return (limit != _ONE_CASE or len(value) >= _LETTERS) and wordiness(value) < limit
