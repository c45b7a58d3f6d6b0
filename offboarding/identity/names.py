"""How people's names are compared: case, accents, order, punctuation and script do not count; one word is no name.

`keys` are forms of a full name that the same name's other spellings share: `Muñoz, Ana` and `Ana Munoz`,
`Xiao-Ming Wang` and `Wang Xiaoming`, `Müller` and `Mueller`, `Иван Петров` and `Ivan Petrov`. Han characters are
compared as they are: their reading is not in them.
"""

import re
import unicodedata
from functools import lru_cache

_LATIN = {
    "ø": "o", "œ": "oe", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ħ": "h", "ŋ": "n",
}  # fmt: skip
_PASSPORT = "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e iu ia"
_CYRILLIC = {chr(0x430 + number): latin.strip("-") for number, latin in enumerate(_PASSPORT.split())}
_LETTERS = {**_LATIN, **_CYRILLIC, "\u0456": "i", "\u0454": "ie", "\u0491": "g"}
"""Letters that Unicode does not take apart; Cyrillic from U+0430 on as in passports (ICAO Doc 9303)."""
_TABLE = str.maketrans(_LETTERS)
_COMMON = (
    "aaron adam alan alex alexander andre andrea andreas andrew andrey anna anthony antonio ben benjamin brian carlos "
    "charles chris christian christopher daniel dave david dmitry eric erik frank gary george greg hans henry ivan "
    "jack jacob jakob james jan jane jason jean jeff jeffrey jens jim jo joe john johan johannes jon jonas jonathan "
    "jose joseph josh joshua juan julia julian justin karl ken kevin lars laura lee luis luke marco marcus maria mark "
    "markus martin mary matt matthew max michael michal mike mohamed mohammed nick nicholas nicolas niels oliver paul "
    "pavel pedro peter philip pierre rob robert ryan sam samuel sarah scott sean sebastian sergey simon stefan stephan "
    "stephen steve steven thomas tim tom tony vladimir william yuki "
    "adams ahmed ali anderson andersson baker brown campbell clark cohen costa davies davis edwards evans fernandes "
    "fischer garcia gomez gonzalez green gupta hall hansen harris hill jackson jensen johansson johnson jones khan "
    "king kumar larsen lewis lopez martinez meyer miller mitchell moore morris muller murphy nguyen nielsen olsen "
    "patel perez petersen pham phillips popov ramirez roberts robinson rodriguez rossi sanchez santos schmidt "
    "schneider schulz scott sharma silva singh smirnov smith "
    "taylor thompson tran turner walker weber white williams wilson "
    "wood wright young sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato"
)
_EAST_ASIAN = (
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng "
    "han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lu ding ren shen yao jin kim lee "
    "park choi jung kang cho yoon jang lim shin seo kwon hwang ahn hong chan wong chang lau cheung ng ho"
)
COMMON_WORDS = frozenset(_COMMON.split())
EAST_ASIAN_SURNAMES = frozenset(_EAST_ASIAN.split())
"""Shared by very many people, and written in Latin letters with given names that coincide often, too."""
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
LONGEST = 256
"""Characters of a name that are compared. Anybody can write a megabyte into a commit, and comparing is not linear."""


@lru_cache(maxsize=1 << 16)
def folded(text: str) -> str:
    """Without case and accents, in Latin letters where that is a matter of a table; `ae`, `oe`, `ue` as `a`, `o`, `u`.

    >>> folded("Müller"), folded("Mueller"), folded("Łukasz"), folded("Пётр")
    ('muller', 'muller', 'lukasz', 'petr')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text[:LONGEST]).casefold() if not unicodedata.combining(c))
    return plain.translate(_TABLE).replace("ae", "a").replace("oe", "o").replace("ue", "u")


@lru_cache(maxsize=1 << 16)
def name_words(name: str) -> tuple[str, ...]:
    """A name's words, folded and sorted: `Muñoz, Ana` and `Ana Munoz` are alike."""
    return tuple(sorted(_words(name)))


@lru_cache(maxsize=1 << 16)
def _words(name: str) -> tuple[str, ...]:
    # What stands in brackets or after "via" is said about the name: "Ann Archer (Corp)", "Ann via GitHub".
    bare = re.sub(r"\(.*?\)|\[.*?\]|\s+via\s.*$", " ", folded(name)) or folded(name)
    return tuple(_WORD.findall(bare.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")))


@lru_cache(maxsize=1 << 16)
def keys(name: str) -> frozenset[str]:
    """The forms by which a full name is found; none for a name of one word. Spellings of one name share one."""
    words = _words(name)
    if len(words) < 2:
        han = "".join(words)
        # Two to four Han characters or Hangul syllables are surname and given name without a blank.
        return frozenset({han}) if 2 <= len(han) <= 4 and all(ord(c) >= 0x3400 for c in han) else frozenset()
    turned = ["".join(words), "".join((*words[1:], words[0])), "".join((words[-1], *words[:-1]))]
    return frozenset({*turned, " ".join(sorted(words))})


def same(one: str, other: str) -> bool:
    """Whether two full names are spellings of one."""
    return bool(keys(one) & keys(other))


@lru_cache(maxsize=1 << 16)
def similar(one: str, other: str) -> bool:
    """Whether two full names, not the same, may be one: a typing error, an initial, a middle name or a nickname's stem.

    Both need a word in common, or nearly, on each side of the name.
    """
    a, b = set(name_words(one)), set(name_words(other))
    if len(a) < 2 or len(b) < 2:
        return False
    fewer, more = sorted((a, b), key=lambda words: (len(words), sorted(words)))
    return all(any(_alike(word, another) for another in more) for word in fewer) and any(
        len(word) > 1 and any(len(another) > 1 and _alike(word, another) for another in more) for word in fewer
    )


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    if len(short) == 1:
        return long.startswith(short)
    if len(short) >= 3 and long.startswith(short):
        return True
    return len(short) >= 4 and one_edit(short, long)


def one_edit(one: str, other: str) -> bool:
    """Whether one letter added, lost, changed or swapped with its neighbour makes the one of the other."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long


def is_common(name: str) -> bool:
    """Whether many people bear the name: all words very frequent ones, or an East Asian surname in Latin letters."""
    words = _words(name)
    latin = all(c.isascii() for word in words for c in word)
    if latin and len(words) <= 3 and any(word in EAST_ASIAN_SURNAMES for word in words):
        return True
    return all(word in COMMON_WORDS or len(word) == 1 for word in words)


@lru_cache(maxsize=1 << 16)
def local_words(local: str) -> frozenset[str]:
    """The words of an address' local part or a login, without digits: `ann.archer7` has `ann` and `archer`."""
    bare = _DIGITS.sub(" ", folded(local))
    return frozenset(word for word in _WORD.findall(bare) if len(word) > 1)


@lru_cache(maxsize=1 << 14)
def forms(name: str) -> frozenset[str]:
    """What people make their address or login of: the words, all of them, initials, one word and the start of another.

    >>> {"ann", "annarcher", "aarcher", "archera", "aa"} <= forms("Ann Archer")
    True
    """
    words = [word for word in _words(name) if word][:5]
    pieces = {*words, "".join(words), "".join(word[0] for word in words)}
    for first in words:
        for second in words:
            if first is not second:
                pieces |= {first + second, first[0] + second, first + second[0], second[0] + first}
                pieces |= {first[:3] + second[:3], first[:2] + second, first + second[:2], first[0] + second[0]}
    return frozenset(pieces)


def logins(name: str) -> frozenset[str]:
    """What people make logins of from a full name, without single words of it."""
    words = name_words(name)
    return forms(name) - set(words) if len(words) > 1 else frozenset()


@lru_cache(maxsize=1 << 16)
def letters(local: str) -> str:
    """A local part or login as it compares with `forms`: folded, without digits and punctuation."""
    return "".join(_WORD.findall(_DIGITS.sub("", folded(local))))


def made_of(local: str, name: str) -> bool:
    """Whether a local part is what a name gives (`ann.archer`, `aarcher`, `archera`, `ann`, `aa`): not distinctive."""
    found, words = letters(local), _words(name)
    if not found or not words:
        return not found
    return found in forms(name) or (len(found) <= 3 and found[0] == words[0][0])


def tokens(name: str, local: str) -> frozenset[str]:
    """The words of a name and of a local part, of two letters or more: what two spellings may have in common."""
    return frozenset(word for word in _words(name) if len(word) > 1) | local_words(local)
