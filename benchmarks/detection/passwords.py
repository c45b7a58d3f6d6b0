"""Passwords as people choose them, and as a generator does; made at run time."""

import random
import string

from benchmarks.detection.wordlists import LISTS

_WORDS = LISTS["password"]
_LEET = str.maketrans({"a": "4", "e": "3", "o": "0", "i": "1", "s": "5"})


def password(rng: random.Random, symbols: str) -> str:
    """One of six manners, with no other symbols than these."""
    return rng.choice((_word_year, _leet, _two_words, _keyed, _generated, _generated))(rng, symbols)


def passphrase(rng: random.Random) -> str:
    return rng.choice("-_.").join(rng.sample(_WORDS, 4)) + str(rng.randint(10, 99))


def _word_year(rng: random.Random, symbols: str) -> str:
    return f"{rng.choice(_WORDS).capitalize()}{rng.randint(1970, 2025)}{rng.choice(symbols)}"


def _leet(rng: random.Random, symbols: str) -> str:
    return f"{rng.choice(_WORDS).capitalize().translate(_LEET)}{rng.choice(symbols)}{rng.randint(1, 999)}"


def _two_words(rng: random.Random, symbols: str) -> str:
    one, two = rng.sample(_WORDS, 2)
    return f"{one.capitalize()}{rng.choice(symbols)}{two.capitalize()}{rng.randint(1, 99)}"


def _keyed(rng: random.Random, symbols: str) -> str:
    letters = "".join(rng.choices(string.ascii_letters, k=rng.randint(4, 7)))
    return f"{letters}{rng.choice(symbols)}{rng.randint(100, 9999)}{rng.choice(symbols)}"


def _generated(rng: random.Random, symbols: str) -> str:
    alphabet = string.ascii_letters + string.digits + symbols
    body = "".join(rng.choices(alphabet, k=rng.randint(10, 24)))
    return rng.choice(string.ascii_letters) + body + rng.choice(string.digits)
