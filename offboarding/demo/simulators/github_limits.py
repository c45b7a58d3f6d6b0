"""GitHub's primary rate limit: so many requests an hour for each token, and for all anonymous calls together."""

import time
from dataclasses import dataclass, field
from typing import Any

from offboarding.demo.simulators.github_state import fold

_HOUR = 3600.0


@dataclass(kw_only=True)
class Limits:
    """Requests an hour (docs.github.com, rate limits for the REST API). Tests may lower them."""

    token: int = 5000
    anonymous: int = 60
    _used: dict[str, int] = field(default_factory=dict)
    _reset: float = 0.0

    def take(self, value: str | None) -> bool:
        """Counts one call with this token (None: anonymous) and says whether it is within the limit."""
        if time.time() >= self._reset:
            self._used, self._reset = {}, time.time() + _HOUR
        bucket, limit = self._bucket(value)
        allowed = self._used.get(bucket, 0) < limit
        if allowed:
            self._used[bucket] = self._used.get(bucket, 0) + 1
        return allowed

    def numbers(self, value: str | None) -> dict[str, int]:
        bucket, limit = self._bucket(value)
        used = self._used.get(bucket, 0)
        return {"limit": limit, "remaining": max(0, limit - used), "used": used, "reset": int(self._reset)}

    def headers(self, value: str | None) -> dict[str, str]:
        numbers = {f"x-ratelimit-{name}": str(number) for name, number in self.numbers(value).items()}
        return numbers | {"x-ratelimit-resource": "core"}

    def overview(self, value: str | None) -> dict[str, Any]:
        """The body of `GET /rate_limit`, which is not counted itself."""
        numbers = self.numbers(value)
        return {"resources": {"core": numbers, "search": numbers}, "rate": numbers}

    def _bucket(self, value: str | None) -> tuple[str, int]:
        return ("anonymous", self.anonymous) if value is None else (fold(value), self.token)
