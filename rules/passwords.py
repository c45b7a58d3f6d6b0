"""Whether a password in a URL or connection string is one that someone chose, or a manual's stand-in for it.

A finding for `postgres://user:password@db` trains people to look away. A trivial password that really guards something
is missed by this on purpose: a scan for weak passwords is another tool's work.
"""

import re

_WEAK_WORDS = frozenset(
    b"aaa abc admin administrator alice am an and another api app at auth backend bad bar baz bbb bitnami blank "
    b"bob broker build builder by cable cache change changeit changeme ci client cluster com company consumer corp "
    b"correct database db default demo deploy deployer dev devel development django docker doe dummy empty encoded "
    b"enter escaped example external fake first fixme flask foo foobar for frontend gateway generated goes good "
    b"guest hello here hidden hide host http hunter in incorrect insert internal invalid io is it jane joe john "
    b"key letmein local localhost login long manager maria mariadb masked master me mongo mongodb mssql my "
    b"mypassword mysql name net new nil no node none not null of old on one only or oracle org other owner pass "
    b"passphrase passwd password passwords passwort port postgre postgres postgresql primary private prod producer "
    b"production provided public put pw pwd queue qux qwerty rabbit rabbitmq rails random read reader redis "
    b"replace replica root sa safe sample scott second secret secrets secure server service session short site "
    b"slave some sql staging string strong super system temp test testing tests text that the this three tiger tmp "
    b"to todo token tutorial two undefined uri url us user username users usr valid value very web welcome with "
    b"word wordpress worker world wp write writer wrong xx xxx xyz yes your yourpassword".split()
)
_LEET = bytes.maketrans(b"@4301$5", b"aaeoiss")
_TAIL = b"0123456789!?.#*$_-"
_LONGEST_WORD = max(map(len, _WEAK_WORDS))
_WEAK_DIGITS = 8
_NAME = re.compile(
    rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|\$[A-Za-z_][A-Za-z0-9_]*|[%#:@&][A-Za-z_]{2,40}[%#]?|[A-Za-z_.]+\([^)]*\)?"
)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_MARKUP = re.compile(rb"[{}<>()\[\]|`]|\$\w|%[sdv]\b|%\(|\\")


def chosen(value: bytes) -> bool:
    """A password that someone chose: no variable, template, type name, or words like `test123` and `my_password`."""
    value = _PERCENT.sub(lambda code: bytes([int(code[1], 16)]), value)
    if _MARKUP.search(value) or _NAME.fullmatch(value):
        return False
    lower = value.lower()
    return len(set(value)) > 3 and not _all_words(lower) and not _all_words(lower.rstrip(_TAIL).translate(_LEET))


def _all_words(lower: bytes) -> bool:
    """Whether the letters are nothing but weak words (`my_test-password123`), with few digits between them."""
    if sum(48 <= c <= 57 for c in lower) > _WEAK_DIGITS:
        return False
    return all(_segments(run) for run in re.findall(rb"[a-z]+", lower))


def _segments(run: bytes) -> bool:
    reached = [True] + [False] * len(run)
    for end in range(1, len(run) + 1):
        starts = range(max(0, end - _LONGEST_WORD), end)
        reached[end] = any(reached[start] and run[start:end] in _WEAK_WORDS for start in starts)
    return reached[-1]


def strong(value: bytes) -> bool:
    """A password as above that also mixes letters with digits or signs, as generated ones do."""
    return chosen(value) and letters_and_digits(_PERCENT.sub(b"", value))


def letters_and_digits(value: bytes) -> bool:
    """At least one digit and one letter occur."""
    return any(48 <= c <= 57 for c in value) and value.lower() != value.upper()
