"""What is sent to a webhook of a message, its signature, and which messages are sent. Pure."""

import hmac

from littlechat.bots.values import Bot, Webhook
from littlechat.core import Message, Room
from littlechat.rendering import iso


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return the signature of a body that is sent at the second `stamp` (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256")
    return f"sha256={digest.hexdigest()}"


def is_addressed_to(bot: Bot, message: Message) -> bool:
    """Whether a message mentions a bot, or replies to it."""
    return bot.id in message.addressed_to


def is_deliverable(message: Message) -> bool:
    """Whether a message that was found in the store may be sent to bots."""
    # Not an edited one: it may mention a bot only since then, and edits are not sent.
    return not (message.bot or message.removed or message.edited)


def is_for(bot: Bot, hook: Webhook, message: Message) -> bool:
    """Whether a message is to be sent to a bot's webhook."""
    return hook.when == "message" or is_addressed_to(bot, message)


def payload(bot: Bot, hook: Webhook, room: Room, message: Message) -> dict[str, object]:
    """Return what is sent of a message, as docs/bots.md describes it."""
    place = f"/rooms/{room.id}?around={message.seq}#message-{message.seq}"
    return {
        "event": "mention" if is_addressed_to(bot, message) else "message",
        "bot": bot.name,
        "room": {"id": room.id, "name": room.name},
        "message": {
            "seq": message.seq,
            "author": message.author_name,
            "text": message.body,
            "at": iso(message.at),
            "thread": message.thread,
            "files": [
                {"name": one.name, "type": one.type, "size": one.size} for one in message.files
            ],
            "url": hook.origin + place,
        },
    }
