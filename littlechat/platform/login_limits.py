"""How many wrong passwords are taken: by address, by name and address, by known device.

The more there were, the longer is the wait, but no name is ever locked everywhere, and a known
device does not wait for what others did at its address. An attempt is counted before its password
is hashed, so that many at once cannot pass together, and is taken back if it was right. Processes
count together in Redis if there is one; while it does not answer, each counts by itself.
"""

from collections.abc import Awaitable, Callable
from math import ceil
from time import monotonic, time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from littlechat.platform.rate_limits import TooMany

Tiers = tuple[RateLimitItem, ...]

PAIR_TIERS: Tiers = (parse("6 per minute"), parse("12 per 10 minutes"), parse("24 per hour"))
"""For one name from one address."""
ADDRESS_TIERS: Tiers = (
    parse("100 per minute"),
    parse("150 per 10 minutes"),
    parse("300 per hour"),
)
"""For all names from one address, which an office may share."""
DEVICE_TIERS: Tiers = (parse("10 per 10 minutes"), parse("30 per hour"))
"""For one account on a device that it knows; beyond them it counts as any other device."""

REDIS_SECONDS = 1.0
"""How long Redis may take for an answer."""
WITHOUT_REDIS_SECONDS = 10.0
"""How long it is not asked again after it gave none."""


class LoginLimits:
    """Counts attempts at logging in; unless `enabled`, it allows everything."""

    def __init__(self, *, enabled: bool, redis_url: str | None = None, prefix: str = "") -> None:
        self.enabled = enabled
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared: FixedWindowRateLimiter | None = None
        self._ask_shared_from = 0.0
        if redis_url is not None and enabled:
            storage = RedisStorage(
                f"async+{redis_url}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix=f"{prefix}:logins",
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
            )
            self._shared = FixedWindowRateLimiter(storage)

    async def count(self, name: str, address: str, device: str) -> bool:
        """Count an attempt; raise `TooMany`. Return whether it is one of a known device.

        `device` is the id of a device that is known for this name, else "".
        """
        if not self.enabled:
            return bool(device)
        if device and not await self._hit(DEVICE_TIERS, "device", name, device):
            return True
        for tiers, key in _by_address(name, address):
            if wait := await self._hit(tiers, *key):
                raise TooMany(wait)
        return False

    async def was_right(self, name: str, address: str, device: str) -> None:
        """Forget what was mistyped, and take the attempt that was right back; `device` as known."""
        await self._use(lambda limiter: _forget(limiter, PAIR_TIERS, "pair", name, address))
        if device:
            await self._use(lambda limiter: _forget(limiter, DEVICE_TIERS, "device", name, device))
        else:
            await self._use(lambda limiter: _take_back(limiter, ADDRESS_TIERS, "address", address))

    async def _hit(self, tiers: Tiers, *key: str) -> int:
        """Count a use; return how many seconds to wait if it was one too many, else 0."""
        return await self._use(lambda limiter: _hit(limiter, tiers, *key))

    async def _use(self, act: Callable[[FixedWindowRateLimiter], Awaitable[int]]) -> int:
        if self._shared is not None and monotonic() >= self._ask_shared_from:
            try:
                return await act(self._shared)
            except StorageError:
                self._ask_shared_from = monotonic() + WITHOUT_REDIS_SECONDS
        return await act(self._own)


def _by_address(name: str, address: str) -> list[tuple[Tiers, tuple[str, ...]]]:
    return [(ADDRESS_TIERS, ("address", address)), (PAIR_TIERS, ("pair", name, address))]


async def _hit(limiter: FixedWindowRateLimiter, tiers: Tiers, *key: str) -> int:
    for item in tiers:
        if not await limiter.hit(item, *key):
            stats = await limiter.get_window_stats(item, *key)
            return max(1, ceil(stats.reset_time - time()))
    return 0


async def _take_back(limiter: FixedWindowRateLimiter, tiers: Tiers, *key: str) -> int:
    for item in tiers:
        await limiter.hit(item, *key, cost=-1)
    return 0


async def _forget(limiter: FixedWindowRateLimiter, tiers: Tiers, *key: str) -> int:
    for item in tiers:
        await limiter.clear(item, *key)
    return 0
