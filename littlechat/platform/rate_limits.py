"""How often a person or an address may do something; counted by the `limits` library, a process."""

from dataclasses import dataclass
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter


class TooMany(Exception):
    """A limit is used up; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit under a name of its own."""

    name: str
    item: RateLimitItem


LOGIN_PAIR = Rule("login-pair", parse("10 per 15 minutes"))
"""Failed logins with one name from one address."""
LOGIN_ADDRESS = Rule("login-address", parse("40 per 15 minutes"))
"""Failed logins from one address, whatever the name: an office may share one."""
LOGIN_RATE = Rule("login-rate", parse("100 per minute"))
"""Logins of any outcome from one address: a burst must not outrun the counting of failures."""
LOGIN_NAME = Rule("login-name", parse("100 per hour"))
"""Failed logins with one name from anywhere: far above one person's, below a botnet's use."""
REGISTER = Rule("register", parse("60 per hour"))
SEND = Rule("send", parse("60 per 10 seconds"))
SEARCH = Rule("search", parse("80 per 10 seconds"))
"""Every pause in typing asks."""
REACT = Rule("react", parse("60 per 10 seconds"))
UPLOAD = Rule("upload", parse("60 per minute"))
CREATE_ROOM = Rule("create-room", parse("30 per hour"))
PROFILE = Rule("profile", parse("30 per 10 minutes"))
ADMINISTER = Rule("administer", parse("300 per 10 minutes"))
INVITE = Rule("invite", parse("30 per hour"))
OPEN_DIRECT = Rule("open-direct", parse("120 per 10 minutes"))
JOIN = Rule("join", parse("60 per minute"))
READ = Rule("read", parse("120 per minute"))
"""Read positions of one person: a page tells of one every 5 s at the most, and there are tabs."""
CREATE_BOT = Rule("create-bot", parse("60 per hour"))
BOT = Rule("bot", parse("60 per minute"))
"""Messages of one bot."""
PASSWORD = Rule("password", parse("10 per 15 minutes"))
CONNECT = Rule("connect", parse("120 per minute"))
"""Sockets opened by one person: every tab reconnects after a restart."""

SUBSCRIBE = Rule("subscribe", parse("30 per 10 minutes"))
"""Browsers that one person puts up for notifications, and tests of them."""


class RateLimits:
    """Counts in a moving window. Switched off, it lets everything through (`RATE_LIMITS=off`)."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, rule: Rule, *key: str) -> None:
        """Count one use by `key`; raise `TooMany` if none was left."""
        if self.enabled and not await self._limiter.hit(rule.item, rule.name, *key):
            raise await self._too_many(rule, key)

    async def check(self, rule: Rule, *key: str) -> None:
        """Raise `TooMany` if `key` has no use left; count nothing."""
        if self.enabled and not await self._limiter.test(rule.item, rule.name, *key):
            raise await self._too_many(rule, key)

    async def clear(self, rule: Rule, *key: str) -> None:
        """Forget the uses by `key`."""
        await self._limiter.clear(rule.item, rule.name, *key)

    async def _too_many(self, rule: Rule, key: tuple[str, ...]) -> TooMany:
        stats = await self._limiter.get_window_stats(rule.item, rule.name, *key)
        return TooMany(max(1, ceil(stats.reset_time - time())))
