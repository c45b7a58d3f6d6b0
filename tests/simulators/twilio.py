"""Twilio, stateful: keys by SID, the account with its primary and secondary auth token, one resource any key may read.

Facts (twilio.com/docs, twilio-oai): errors are {"code", "message", "more_info", "status"}; a wrong or deleted
credential is answered 401 with code 20003, a missing resource 404 with code 20404; standard keys are refused at
Accounts and Keys; promoting answers the new primary token, and the old one ends at once.
Simpler than Twilio: no regions, restricted keys or subaccounts; without a secondary token promoting is 400.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, basic_of, done, fold, ok, route


def account_sid(seed: str) -> str:
    return "AC" + tokens.pick(seed, "twilio account", 32, tokens.HEX)


def auth_token(seed: str) -> str:
    return tokens.pick(seed, "twilio auth token", 32, tokens.HEX)


@dataclass(kw_only=True)
class TwilioKey:
    account: str
    folded: str
    main: bool = False


@dataclass(kw_only=True)
class TwilioAccount:
    """Twilio shows the primary token to its account's owner, so here it is kept by the seed it was made from."""

    sid: str
    primary: str
    secondary: str = ""
    status: str = "active"

    def folded(self) -> set[str]:
        return {fold(auth_token(seed)) for seed in (self.primary, self.secondary) if seed}


class TwilioSimulator(RestSimulator):
    PROVIDER = "twilio"
    CONTRACTS = (("", "twilio-iam"), ("/api.twilio.com", "twilio"), ("/accounts.twilio.com", "twilio-accounts"))
    UNDESCRIBED = {
        ("twilio-iam", "GET", "/messaging.twilio.com/v1/Services"): "described in twilio-oai's twilio_messaging_v1, "
        "which is not at hand",
    }
    DEVIATIONS = {
        (name, "*", "*", f"status {status}"): "Twilio's descriptions have successes alone; errors are prose"
        for name in ("twilio-iam", "twilio", "twilio-accounts")
        for status in (400, 401, 404)
    }

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, TwilioKey] = {}
        self.accounts: dict[str, TwilioAccount] = {}

    def add_account(self, seed: str, *, primary: str = "", secondary: str = "") -> TwilioAccount:
        """`primary` and `secondary` are the seeds that `auth_token` makes the tokens from."""
        made = TwilioAccount(sid=account_sid(seed), primary=primary or seed, secondary=secondary)
        self.accounts[made.sid] = made
        return made

    def add_key(self, account: str, sid: str, secret: str, *, main: bool = False) -> None:
        self.keys[sid] = TwilioKey(account=account, folded=fold(secret), main=main)

    def error(self, status: int) -> Answer:
        return _error(status, status)

    @route("GET", "/messaging.twilio.com/v1/Services")
    def services(self, request: Request) -> Answer:
        account, _ = self._signer(request)
        return ok({"services": [], "meta": {"page": 0, "key": "services"}}) if account else _error(401, 20003)

    @route("GET", "/v1/Keys/{sid}")
    def fetch_key(self, request: Request, sid: str) -> Answer:
        return self._key(request, sid) or ok(_view(sid))

    @route("DELETE", "/v1/Keys/{sid}")
    def delete_key(self, request: Request, sid: str) -> Answer:
        if refused := self._key(request, sid):
            return refused
        del self.keys[sid]
        return done()

    @route("GET", "/api.twilio.com/2010-04-01/Accounts/{sid}.json")
    def fetch_account(self, request: Request, sid: str) -> Answer:
        account, main = self._signer(request)
        if not account or not main:
            return _error(401, 20003)
        found = self.accounts.get(sid)
        if found is None or account != sid:
            return _error(404, 20404)
        return ok({"sid": sid, "status": found.status, "auth_token": auth_token(found.primary), "type": "Full"})

    @route("POST", "/accounts.twilio.com/v1/AuthTokens/Promote")
    def promote(self, request: Request) -> Answer:
        account, main = self._signer(request)
        if not account or not main:
            return _error(401, 20003)
        found = self.accounts[account]
        if not found.secondary:
            return _error(400, 20001)
        found.primary, found.secondary = found.secondary, ""
        return done(200, {"account_sid": account, "auth_token": auth_token(found.primary)})

    def _key(self, request: Request, sid: str) -> Answer | None:
        """What is wrong with asking about this key."""
        account, main = self._signer(request)
        if not account or not main:
            return _error(401, 20003)
        found = self.keys.get(sid)
        return None if found is not None and found.account == account else _error(404, 20404)

    def _signer(self, request: Request) -> tuple[str, bool]:
        """The account that the credential opens, and whether it may see keys and accounts."""
        user, password = basic_of(request)
        key = self.keys.get(user)
        if key is not None and key.folded == fold(password):
            return key.account, key.main
        account = self.accounts.get(user)
        if account is not None and fold(password) in account.folded() and account.status == "active":
            return user, True
        return "", False


def _view(sid: str) -> dict[str, Any]:
    return {"sid": sid, "friendly_name": "a key", "date_created": None, "date_updated": None, "policy": None}


def _error(status: int, code: int) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Answer(status=status, body={"code": code, "message": "no", "more_info": more, "status": status})
