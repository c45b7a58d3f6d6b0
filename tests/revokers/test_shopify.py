"""Shopify's own truths: a token is asked about at its own shop alone, and ending it uninstalls the app."""

import pytest

from offkey.model import Action, Liveness
from revokers import shopify
from revokers.protocol import NotAutomatic, NotIdentified
from tests.revokers.case import credential, leak
from tests.revokers.contract import CASES
from tests.simulators.shopify import access_token


def test_a_token_found_beside_another_shop_is_not_sent() -> None:
    with CASES["shopify.access_token"]() as case:
        value = credential(shopify.ACCESS, secret=access_token("dana"), host="another.myshopify.com")
        found = shopify.check(case.reader(), value)
        assert found.liveness is Liveness.UNKNOWN
        assert "instance not configured" in found.reason
        with pytest.raises(NotIdentified):
            shopify.revoke(case.writer(), case.settings, Action.REVOKE, case.points[1], value)
        assert case.sim.requests == []


def test_a_refused_token_without_its_shop_may_be_another_shops() -> None:
    with CASES["shopify.access_token"]() as case:
        for seed, liveness in (("dana", Liveness.LIVE), ("of another shop", Liveness.UNKNOWN)):
            value = credential(shopify.ACCESS, secret=access_token(seed))
            assert shopify.check(case.reader(), value).liveness is liveness


def test_uninstalling_waits_for_its_own_yes_and_a_secret_for_a_person() -> None:
    (way,) = shopify.HANDLES[shopify.ACCESS]
    assert (way.needs, way.reversible) == ("shopify-uninstall", False)
    with CASES["shopify.access_token"]() as case, pytest.raises(NotAutomatic):
        shopify.revoke(case.writer(), case.settings, Action.REVOKE, leak(shopify.APP_SECRET))
