"""Twilio, on its simulator."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import revokers
from offboarding.demo.simulators import tokens
from offkey.model import Account, Action
from offkey.secret import Secret
from tests.revokers.case import Arrange, Case, credential, leak
from tests.simulators.twilio import TwilioSimulator, auth_token

NAMES = ("ann", "dana", "zoe")


@contextmanager
def _keys() -> Iterator[Case]:
    with TwilioSimulator() as sim:
        account = sim.add_account("acme").sid
        sid, secret = tokens.twilio_key("offkey's own")
        sim.add_key(account, sid, secret, main=True)
        admin = Secret(f"{sid},{secret}".encode())
        settings = revokers.twilio.Settings(read=admin, write=admin, url=sim.url, account=account)
        case = Case(
            "twilio.api_key", sim, settings, (Action.REVOKE,), [], lists=False, hidden=(Secret(secret.encode()),)
        )
        for name in NAMES:
            sid, secret = tokens.twilio_key(name)
            sim.add_key(account, sid, secret)
            case.points.append(leak("twilio.api_key", provider_id=sid))
            case.credentials.append(credential("twilio.api_key", id=sid, secret=secret))
        case.person = Account(provider="twilio", id="", login="dana")
        yield case


@contextmanager
def _tokens() -> Iterator[Case]:
    """Three accounts; the second is the configured one, and offkey has its secondary token."""
    with TwilioSimulator() as sim:
        case = Case("twilio.auth_token", sim, None, (Action.REVOKE,), [], lists=False)
        for name in NAMES:
            account = sim.add_account(name, secondary=f"{name}'s second")
            case.points.append(leak("twilio.auth_token", provider_id=account.sid))
            case.credentials.append(credential("twilio.auth_token", id=account.sid, secret=auth_token(name)))
        mine, second = case.points[1].provider_id, auth_token("dana's second")
        admin = Secret(f"{mine},{second}".encode())
        case.settings = revokers.twilio.Settings(read=admin, write=admin, url=sim.url, account=mine)
        case.hidden = (Secret(second.encode()),)
        case.person = Account(provider="twilio", id="", login="dana")
        yield case


_ARRANGED: dict[str, Callable[[], AbstractContextManager[Case]]] = {
    "twilio.api_key": _keys,
    "twilio.auth_token": _tokens,
}
CASES: dict[str, Arrange] = dict(_ARRANGED)
