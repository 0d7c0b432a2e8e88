"""Rate limits per person or client address. Each process counts by itself, with `limits`."""

from dataclasses import dataclass
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter


class TooMany(Exception):
    """A rate limit is exceeded; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Rule:
    """A rate limit; the uses of each name are counted separately."""

    name: str
    item: RateLimitItem


LOGIN_RATE = Rule("login-rate", parse("100 per minute"))
"""What costs a password hash besides logins, from one address; those are counted elsewhere."""
BOT_GUESS = Rule("bot-guess", parse("60 per minute"))
"""Wrong bots' tokens from one address; right ones go on."""
REGISTER = Rule("register", parse("60 per hour"))
SEND = Rule("send", parse("60 per 10 seconds"))
SEARCH = Rule("search", parse("80 per 10 seconds"))
"""The page searches at every pause in typing."""
CHECK_NAMES = Rule("check-names", parse("60 per 10 seconds"))
"""The page asks when somebody pauses after a name, and with every message that has one."""
REACT = Rule("react", parse("60 per 10 seconds"))
UPLOAD = Rule("upload", parse("60 per minute"))
CREATE_ROOM = Rule("create-room", parse("30 per hour"))
PROFILE = Rule("profile", parse("30 per 10 minutes"))
ADMINISTER = Rule("administer", parse("300 per 10 minutes"))
INVITE = Rule("invite", parse("30 per hour"))
OPEN_DIRECT = Rule("open-direct", parse("120 per 10 minutes"))
JOIN = Rule("join", parse("60 per 10 minutes"))
"""Rooms joined and left by one person: every open page shows what comes of it."""
READ = Rule("read", parse("120 per minute"))
"""Read positions of one person: each tab sends one every 5 s at most."""
CREATE_BOT = Rule("create-bot", parse("60 per hour"))
BOT = Rule("bot", parse("60 per minute"))
"""Messages posted by one bot."""
PASSWORD = Rule("password", parse("10 per 15 minutes"))
CONNECT = Rule("connect", parse("120 per minute"))
"""WebSockets opened by one person: every tab reconnects after a restart."""

SUBSCRIBE = Rule("subscribe", parse("30 per 10 minutes"))
"""Push subscriptions and test notifications of one person."""


class RateLimits:
    """Counts uses in a moving window; unless `enabled`, it allows everything."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, rule: Rule, *key: str) -> None:
        """Count a use by `key`; raise `TooMany` if the limit is exceeded."""
        if self.enabled and not await self._limiter.hit(rule.item, rule.name, *key):
            raise await self._too_many(rule, key)

    async def check(self, rule: Rule, *key: str) -> None:
        """Raise `TooMany` if the next use by `key` would exceed the limit; count nothing."""
        if self.enabled and not await self._limiter.test(rule.item, rule.name, *key):
            raise await self._too_many(rule, key)

    async def clear(self, rule: Rule, *key: str) -> None:
        """Reset the count of `key`."""
        await self._limiter.clear(rule.item, rule.name, *key)

    async def _too_many(self, rule: Rule, key: tuple[str, ...]) -> TooMany:
        stats = await self._limiter.get_window_stats(rule.item, rule.name, *key)
        return TooMany(max(1, ceil(stats.reset_time - time())))
