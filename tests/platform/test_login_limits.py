"""Attempts at logging in: waits grow, a known device has its own count, a right one is undone."""

import pytest

from littlechat.platform.login_limits import ADDRESS_TIERS, DEVICE_TIERS, PAIR_TIERS, LoginLimits
from littlechat.platform.rate_limits import TooMany


@pytest.fixture
def limits() -> LoginLimits:
    return LoginLimits(enabled=True)


async def test_each_tier_waits_longer() -> None:
    for tiers in (PAIR_TIERS, ADDRESS_TIERS, DEVICE_TIERS):
        waits = [item.get_expiry() for item in tiers]
        assert waits == sorted(set(waits))
        rates = [item.amount / item.get_expiry() for item in tiers]
        assert rates == sorted(rates, reverse=True)


async def test_a_name_is_never_locked_for_other_addresses(limits: LoginLimits) -> None:
    for number in range(500):
        await limits.count("ada", f"address{number}", "")
    await limits.count("ada", "home", "")


async def test_a_known_device_counts_by_itself_and_then_as_any_other(limits: LoginLimits) -> None:
    for _ in range(PAIR_TIERS[0].amount):
        await limits.count("ada", "office", "")
    for _ in range(DEVICE_TIERS[0].amount):
        assert await limits.count("ada", "office", "device")
    with pytest.raises(TooMany):
        await limits.count("ada", "office", "device")
    assert not await limits.count("ada", "home", "device")


async def test_right_logins_use_up_nothing_of_an_office(limits: LoginLimits) -> None:
    for number in range(2 * ADDRESS_TIERS[0].amount):
        await limits.count(f"name{number}", "office", "")
        await limits.was_right(f"name{number}", "office", "")


async def test_without_an_answer_of_redis_a_process_counts_by_itself() -> None:
    lonely = LoginLimits(enabled=True, redis_url="redis://127.0.0.1:1/0", prefix="test")
    for _ in range(PAIR_TIERS[0].amount):
        await lonely.count("ada", "office", "")
    with pytest.raises(TooMany):
        await lonely.count("ada", "office", "")
