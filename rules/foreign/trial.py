"""Whether a rule that nobody tried here is slow on hostile text. In a process of its own, which can be ended.

A pattern of a stranger may take longer on forty bytes than a scan may last, and `re` cannot be told to stop.
"""

import multiprocessing
import random
import re
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from rules.foreign.sample import sample
from rules.light import LightRule
from rules.match import find

SECONDS = 5.0
"""Of a processor's time for one rule, after which it is slow."""
WAIT = 90.0
"""Seconds of waiting for the answer about one rule where a process cannot be given so much time and no more."""
SIZE = 50_000
_TASTE = 3_000
_MOST = 12
"""Times what a plain pattern takes for eight times as much text: half a second. Bundled rules may take a third of it
(tests/rules/test_time.py), but common patterns of others take twice that."""
_PLAIN = re.compile(rb"[a-z][a-z0-9]{3,12}(?<!xx)[0-9][=:]")
_TEXT = b"abcdefghijklmn opqrst uvw 12345 " * 12_500
_RUNS = (b"a", b"A1", b"-", b"_", b" ", b"\n", b":", b"/", b"=", b".")


def slow(rules: Sequence[LightRule]) -> set[int]:
    """The numbers of the rules that hostile text makes slow."""
    found: set[int] = set()
    left = list(range(len(rules)))
    while left:
        answered = _answers([(number, rules[number]) for number in left])
        found |= {number for number, quick in answered.items() if not quick}
        left = [number for number in left if number not in answered]
        if left:  # the first without an answer is what the process was ended over
            found.add(left.pop(0))
    return found


def _answers(rules: Sequence[tuple[int, LightRule]]) -> dict[int, bool]:
    """Whether each is quick, up to the first that gives no answer in time."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tried, args=(rules, theirs), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    answered: dict[int, bool] = {}
    try:
        while len(answered) < len(rules) and ours.poll(WAIT):
            number, quick = ours.recv()
            answered[number] = quick
    except EOFError:
        pass  # its time was up
    finally:
        process.kill()
        process.join()
        ours.close()
    return answered


def _tried(rules: Sequence[tuple[int, LightRule]], answer: Connection) -> None:
    limit = getattr(signal, "setitimer", None)
    most = _MOST * min(_plain() for _ in range(3))
    for number, rule in rules:
        if limit:
            # A match cannot be interrupted, but the process can be ended.
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
            limit(signal.ITIMER_VIRTUAL, SECONDS)
        answer.send((number, quick(rule, most)))


def quick(rule: LightRule, most: float) -> bool:
    """Whether hostile text takes at most so many seconds. May take for ever."""
    taste = []
    for text in texts(rule, _TASTE):
        taste.append(_seconds(rule, text))
        if taste[-1] > most:
            return False
    slowest = texts(rule, SIZE)[taste.index(max(taste))]
    return _seconds(rule, slowest) < most or _seconds(rule, slowest) < most  # whoever else works here disturbs


def texts(rule: LightRule, size: int) -> list[bytes]:
    """Repeated keywords, beginnings of matches, near misses and long runs."""
    chance = random.Random(rule.kind)  # noqa: S311  the same texts each time
    good = max((sample(rule.pattern, chance) for _ in range(8)), key=len)
    words = [*rule.keywords[:3], *rule.near[:2]]
    lower = good.lower()
    told = {word: lower.find(word) for word in words if word in lower}
    start = min(told.values(), default=0)
    begun = {good[: at + len(word)] for word, at in told.items()}
    begun |= {good[: start + 12], good[: len(good) // 2], good[:-1]}
    pieces = [good, good[:-1], good[:-2], good + b"\n", good[start : start + 24], *words]
    pieces += [word + end for word in words for end in (b"a", b"=", b" ", b"\t= ", b"\n", b'": "')]
    found = [(piece * (size // len(piece) + 1))[:size] for piece in pieces if piece]
    opening = b" ".join(rule.near[:1]) + b" "
    runs = (*_RUNS, *{good[-2:-1], good[len(good) // 2 :][:1]} - {b""})
    found += [opening + beginning + run * size for run in runs for beginning in sorted(begun)]
    found += [opening + run * (size // 2) + good for run in runs]
    found.append(b"".join(chance.choice(pieces) for _ in range(size // 20)))
    return [text[:size] for text in found]


def _seconds(rule: LightRule, text: bytes) -> float:
    began = time.process_time()
    find(rule, text)
    return time.process_time() - began


def _plain() -> float:
    began = time.process_time()
    _PLAIN.findall(_TEXT)
    return time.process_time() - began
