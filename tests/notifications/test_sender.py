"""Notifications are counted, and browsers that are gone forgotten."""

from littlechat.notifications.schema import SUBSCRIPTIONS
from tests.notifications.cast import Cast


async def test_a_browser_that_is_gone_is_forgotten(cast: Cast) -> None:
    cast.service.answers = [(410, {})]
    await cast.to_ben("to nobody")
    await cast.settle()
    assert await cast.site.services.platform.database[SUBSCRIPTIONS].find({}) == []
    assert len(cast.browser.pushed) == 1
    await cast.to_ben("not tried again")
    await cast.settle()
    assert len(cast.browser.pushed) == 1
