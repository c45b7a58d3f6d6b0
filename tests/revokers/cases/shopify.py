"""Shopify, on its simulator: three apps of one shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import revokers
from offkey.model import Account, Action
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.shopify import ShopifySimulator, access_token

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _shopify() -> Iterator[Case]:
    with ShopifySimulator() as sim:
        settings = revokers.shopify.Settings(url=sim.url)
        case = Case("shopify.access_token", sim, settings, (Action.REVOKE,), [], lists=False)
        shop = urlsplit(sim.url).netloc
        for name in NAMES:
            sim.add_token(access_token(name), f"{name}'s app")
            case.points.append(leak(case.kind))
            case.credentials.append(credential(case.kind, secret=access_token(name), host=shop))
        case.made_up = credential(case.kind, secret=access_token("made up"), host=shop)
        case.person = Account(provider="shopify", id="", login="dana")
        yield case


CASES: dict[str, Arrange] = {"shopify.access_token": _shopify}
