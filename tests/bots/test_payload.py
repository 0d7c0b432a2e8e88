"""What is sent to a webhook, and of which messages."""

from dataclasses import replace

from littlechat.bots.payload import is_deliverable, is_for, sign
from littlechat.bots.values import Bot, Webhook
from littlechat.core.messages import Message
from littlechat.platform.database import now


def test_a_signature_holds_for_one_body_and_one_second() -> None:
    signed = sign("secret", "1", b"{}")
    assert signed == sign("secret", "1", b"{}")
    assert signed not in (sign("other", "1", b"{}"), sign("secret", "2", b"{}"))
    assert signed != sign("secret", "1", b"{ }")


def test_a_webhook_gets_what_is_addressed_to_its_bot_or_everything() -> None:
    bot = Bot("b1", "Robot", "garden", "Ada", now(), True, None)
    mentions = Webhook("https://a.example/", "mention", "https://chat.example", "key")
    everything = replace(mentions, when="message")
    plain = Message("garden", 1, "u1", "Ada", "hello", now())
    addressed = replace(plain, addressed_to=("b1",))
    assert [is_for(bot, mentions, one) for one in (plain, addressed)] == [False, True]
    assert [is_for(bot, everything, one) for one in (plain, addressed)] == [True, True]


def test_what_a_bot_wrote_or_was_changed_since_is_not_sent() -> None:
    plain = Message("garden", 1, "u1", "Ada", "hello", now())
    assert is_deliverable(plain)
    for change in ({"bot": True}, {"removed": True}, {"edited": True}):
        assert not is_deliverable(replace(plain, **change))  # type: ignore[arg-type]
