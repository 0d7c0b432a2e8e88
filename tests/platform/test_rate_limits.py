"""Uses are counted by rule and key; beyond the limit they are refused with a time to wait."""

import pytest
from limits import parse

from littlechat.platform import rate_limits as throttle
from littlechat.platform.rate_limits import RateLimits, Rule, TooMany

RULE = Rule("test", parse("3 per 10 minutes"))
OTHER = Rule("other", parse("3 per 10 minutes"))
RULES = [rule for rule in vars(throttle).values() if isinstance(rule, Rule)]


@pytest.fixture
def counting() -> RateLimits:
    return RateLimits(enabled=True)


async def use_up(counting: RateLimits, *key: str) -> None:
    for _ in range(3):
        await counting.hit(RULE, *key)


async def test_last_use_is_allowed_and_the_next_is_refused(counting: RateLimits) -> None:
    await use_up(counting, "ada")
    for _ in range(2):
        with pytest.raises(TooMany):
            await counting.hit(RULE, "ada")


async def test_refusal_says_how_many_seconds_to_wait(counting: RateLimits) -> None:
    await use_up(counting, "ada")
    with pytest.raises(TooMany, match="retry after") as refused:
        await counting.hit(RULE, "ada")
    assert 590 <= refused.value.retry_after <= 600
    assert isinstance(refused.value.retry_after, int)


async def test_wait_is_never_said_to_be_nothing(counting: RateLimits) -> None:
    rule = Rule("quick", parse("1 per second"))
    await counting.hit(rule, "ada")
    with pytest.raises(TooMany) as refused:
        await counting.hit(rule, "ada")
    assert refused.value.retry_after >= 1


async def test_checking_counts_nothing(counting: RateLimits) -> None:
    for _ in range(10):
        await counting.check(RULE, "ada")
    await use_up(counting, "ada")
    with pytest.raises(TooMany):
        await counting.check(RULE, "ada")


async def test_one_person_uses_up_nobody_elses(counting: RateLimits) -> None:
    await use_up(counting, "ada")
    await use_up(counting, "ben")
    await use_up(counting, "ada", "192.0.2.1")
    with pytest.raises(TooMany):
        await counting.hit(RULE, "ben")


async def test_equal_rules_of_other_names_count_apart(counting: RateLimits) -> None:
    await use_up(counting, "ada")
    await counting.hit(OTHER, "ada")


async def test_cleared_key_starts_anew_and_others_stay(counting: RateLimits) -> None:
    await use_up(counting, "ada")
    await use_up(counting, "ben")
    await counting.clear(RULE, "ada")
    await use_up(counting, "ada")
    with pytest.raises(TooMany):
        await counting.check(RULE, "ben")


async def test_switched_off_it_lets_everything_through() -> None:
    off = RateLimits(enabled=False)
    for _ in range(10):
        await off.hit(RULE, "ada")
        await off.check(RULE, "ada")


def test_rules_have_names_of_their_own() -> None:
    assert len(RULES) >= 10
    assert len({rule.name for rule in RULES}) == len(RULES)
