"""Converts stored documents to bots and webhooks."""

from typing import cast

from littlechat.bots.values import Bot, Webhook, When
from littlechat.platform import Document


def bot_from(document: Document) -> Bot:
    """Return the bot stored in a document."""
    hook = document["webhook"]
    return Bot(
        id=str(document["_id"]),
        name=str(document["name"]),
        room_id=str(document["room"]),
        by_name=str(document["by_name"]),
        created=document["created"],
        has_token=bool(document["has_token"]),
        webhook=_webhook(hook) if hook else None,
        ended_with=str(document.get("ended_with", "")),
    )


def makers_of(document: Document) -> tuple[str, str]:
    """Return who made a bot's token, and who its webhook; empty where it has none.

    An earlier version stored only who made the bot.
    """
    maker, hook = str(document["by"]), document["webhook"]
    token_by = str(document.get("token_by", maker)) if document["has_token"] else ""
    return token_by, str(hook.get("by") or maker) if hook else ""


def _webhook(values: Document) -> Webhook:
    return Webhook(
        url=str(values["url"]),
        when=cast(When, values["when"]),
        origin=str(values["origin"]),
        key=str(values["key"]),
        failures=int(values.get("failures", 0)),
        problem=str(values.get("problem", "")),
        off=bool(values.get("off", False)),
        skipped=int(values.get("skipped", 0)),
        since=values.get("since"),
        by_id=str(values.get("by", "")),
    )
