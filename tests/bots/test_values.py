"""A bot is a user among the others, and marked as a bot."""

from littlechat.bots.values import Bot
from littlechat.platform.database import now


def test_a_bot_is_the_author_of_its_messages() -> None:
    bot = Bot("b1", "Robot", "garden", "Ada", now(), True, None)
    assert (bot.user.id, bot.user.name, bot.user.bot) == ("b1", "Robot", True)
    assert not bot.user.is_admin
