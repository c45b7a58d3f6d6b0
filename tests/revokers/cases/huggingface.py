"""Hugging Face, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import revokers
from offboarding.demo.simulators import tokens
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.huggingface import HuggingFaceSimulator, org_token


def _huggingface(kind: str, make: Callable[[str], str], type: str) -> Any:
    @contextmanager
    def arrange() -> Iterator[Case]:
        with HuggingFaceSimulator() as hub:
            settings = revokers.huggingface.Settings(url=hub.url)
            case = Case(kind, hub, settings, (Action.REVOKE,), [leak(kind) for _ in range(3)], lists=False)
            for name in ("ann", "dana", "zoe"):
                hub.add_token(make(name), name, type)
                case.credentials.append(credential(kind, secret=make(name)))
            case.person = Account(provider="huggingface", id="", login="dana")
            case.made_up = credential(kind, secret=make("made up"))
            yield case

    return arrange


CASES: dict[str, Arrange] = {
    "huggingface.token": _huggingface("huggingface.token", tokens.huggingface, "user"),
    "huggingface.org": _huggingface("huggingface.org", org_token, "org"),
}
