"""Mailgun, stateful: the account's API keys.

Facts (documentation.mailgun.com, Keys): the list is {"items", "total_count"} and has no pages; deleting answers 200
{"message": "key deleted"}, or 404; a key that may not ask is answered 401. There is no official description at hand.
Simpler than Mailgun: every user and web key may list and delete keys, domain keys may not.
"""

from dataclasses import dataclass
from typing import Any

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.wire import Answer, Request
from tests.simulators.rest import RestSimulator, basic_of, done, fold, ok, route


def api_key(seed: str) -> str:
    return (
        "-".join(tokens.pick(seed, f"mailgun {width}", width, tokens.HEX) for width in (32, 8))
        + "-"
        + tokens.pick(seed, "mailgun end", 8, tokens.HEX)
    )


@dataclass(kw_only=True)
class MailgunKey:
    id: str
    folded: str
    kind: str
    email: str
    disabled: bool = False


class MailgunSimulator(RestSimulator):
    PROVIDER = "mailgun"

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, MailgunKey] = {}
        self.left_out = 0

    def add_key(self, email: str, value: str, kind: str = "web") -> MailgunKey:
        made = MailgunKey(id=f"{len(self.keys):08x}-key", folded=fold(value), kind=kind, email=email)
        self.keys[made.id] = made
        return made

    def error(self, status: int) -> Answer:
        return Answer(status=status, body={"message": f"trouble {status}"})

    @route("GET", "/v1/keys")
    def list_keys(self, request: Request) -> Answer:
        rows = [_view(key) for key in self.keys.values()]
        return self._refused(request) or ok({"items": rows[self.left_out :], "total_count": len(rows)})

    @route("DELETE", "/v1/keys/{key_id}")
    def delete_key(self, request: Request, key_id: str) -> Answer:
        if refused := self._refused(request):
            return refused
        if self.keys.pop(key_id, None) is None:
            return Answer(status=404, body={"message": "no key matching id"})
        return done(200, {"message": "key deleted"})

    def _refused(self, request: Request) -> Answer | None:
        user, value = basic_of(request)
        folded = fold(value)
        able = any(key.folded == folded and key.kind != "domain" and not key.disabled for key in self.keys.values())
        return None if user == "api" and able else Answer(status=401, body=b"Forbidden")


def _view(key: MailgunKey) -> dict[str, Any]:
    return {
        "id": key.id, "description": "a key", "kind": key.kind, "role": "admin", "created_at": "2025-01-01T00:00:00",
        "updated_at": "2025-01-01T00:00:00", "domain_name": None, "requestor": key.email, "user_name": None,
        "is_disabled": key.disabled,
    }  # fmt: skip
