"""The store of bots: programs that post in one room. Only digests of their tokens are stored.

A bot has a username and is a member of its room, so that it can be mentioned like anybody; it has
no password, so that nobody can sign in as one.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from littlechat.accounts import Users
from littlechat.bots.schema import BOTS, DELIVERIES
from littlechat.bots.values import Bot, Webhook, When
from littlechat.core import (
    NAME_READ_MAX,
    Invalid,
    Refused,
    User,
    fold,
    new_id,
    validate_username,
)
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms import Memberships

ROOM_BOTS_MAX = 20
URL_MAX = 500

OFF_AFTER = 15
"""After how many failed tries in a row a webhook is switched off: as many as for three messages."""


class BotStore:
    """The store. Webhooks' secrets are derived from `secret_key`, the installation's own."""

    def __init__(
        self, db: Database, users: Users, memberships: Memberships, secret_key: str
    ) -> None:
        self._db, self._users, self._memberships = db, users, memberships
        self._secret_key = secret_key

    async def create(self, room_id: str, name: str, by: User) -> tuple[Bot, str]:
        """Create a bot in a room; return it and its token, which is stored nowhere.

        Raises `Invalid`, `Refused`, or `Duplicate` for a name that is taken. A bot that was removed
        from this room can be created again: it has the same id.
        """
        try:
            name = validate_username(name[:NAME_READ_MAX])
        except Invalid as invalid:
            raise Invalid(
                name=invalid.errors["username"].replace("username", "bot’s name")
            ) from None
        if len(await self.list_bots(room_id)) >= ROOM_BOTS_MAX:
            raise Refused(f"A room has at most {ROOM_BOTS_MAX} bots.")
        former = await self._users.find_former_bot(name, room_id)
        token, digest = _new_token()
        document: Document = {
            "_id": former.id if former else new_id(),
            "name": former.name if former else name,
            "room": room_id,
            "by": by.id,
            "by_name": by.name,
            "created": former.created if former else now(),
            "digest": digest,
            "has_token": True,
            "webhook": None,
        }
        # Before its user and membership: after a crash in between, people see the bot and can
        # remove it, or complete it by a new token.
        await self._db[BOTS].insert(document)
        await self._settle(document)
        return _bot(document), token

    async def _settle(self, document: Document) -> None:
        """Create the user and the membership of a bot, as far as they are missing."""
        bot = _bot(document)
        try:
            await self._users.add_bot(bot.user, bot.room_id)
        except Duplicate:
            await self._db[BOTS].delete({"_id": bot.id})
            raise
        await self._memberships.add_bot(bot.room_id, bot.user)

    async def list_bots(self, room_id: str) -> list[Bot]:
        """Return a room's bots, sorted by name."""
        documents = await self._db[BOTS].find({"room": room_id})
        return sorted(map(_bot, documents), key=lambda one: fold(one.name))

    async def list_with_webhook(self) -> list[Bot]:
        """Return the bots of all rooms whose webhook is on."""
        bots = map(_bot, await self._db[BOTS].find({}))
        return [one for one in bots if one.webhook and not one.webhook.off]

    async def get(self, room_id: str, bot_id: str) -> Bot:
        """Return a bot of a room; raise `Missing`."""
        bot = await self.find(bot_id)
        if bot is None or bot.room_id != room_id:
            raise Missing
        return bot

    async def find(self, bot_id: str) -> Bot | None:
        """Return a bot, or None."""
        document = await self._db[BOTS].find_one({"_id": bot_id[:64]})
        return _bot(document) if document else None

    async def find_by_token(self, token: str) -> Bot | None:
        """Return the bot that has this token, or None."""
        if not re.fullmatch(r"lc_[A-Za-z0-9_-]{43}", token):
            return None
        document = await self._db[BOTS].find_one({"digest": _digest(token)})
        return _bot(document) if document else None

    async def replace_token(self, bot: Bot) -> str:
        """Return a new token, which replaces the old one."""
        document = await self._db[BOTS].find_one({"_id": bot.id})
        if document is None:
            raise Missing
        await self._settle(document)
        token, digest = _new_token()
        await self._set(bot, {"digest": digest, "has_token": True})
        return token

    async def revoke_token(self, bot: Bot) -> None:
        """End a bot's token: it cannot post until it gets a new one."""
        await self._set(bot, {"digest": f"revoked {bot.id}", "has_token": False})

    async def remove(self, bot: Bot) -> None:
        """Remove a bot for good. Its messages and its username stay."""
        await self._db[BOTS].delete({"_id": bot.id})
        await self._memberships.remove(bot.room_id, bot.id)
        await self._db[DELIVERIES].delete({"bot": bot.id})

    async def clear_room(self, room_id: str) -> None:
        """Remove the bots of a deleted room."""
        await self._db[BOTS].delete({"room": room_id})

    async def set_webhook(self, bot: Bot, url: str, when: str, origin: str) -> str:
        """Set where messages are sent to a bot; return the secret if it is a new one, else "".

        The webhook is on then, whatever had failed; an empty address removes it. Raises `Invalid`.
        """
        url, when = validate_url(url), validate_when(when)
        if not url:
            await self._set(bot, {"webhook": None})
            await self._db[DELIVERIES].delete({"bot": bot.id})
            return ""
        # Another origin gets a new secret: it must not be able to sign in the name of this one.
        same = bot.webhook is not None and urlsplit(bot.webhook.url)[:2] == urlsplit(url)[:2]
        key = bot.webhook.key if bot.webhook and same else secrets.token_urlsafe(24)
        values = {"url": url, "when": when, "origin": origin, "key": key, "since": now()}
        await self._set(bot, {"webhook": values})
        return "" if same else self.secret(key)

    def secret(self, key: str) -> str:
        """Return the secret that signs deliveries, derived from a webhook's key."""
        made = hmac.digest(self._secret_key.encode(), f"webhook {key}".encode(), "sha256")
        return "lcs_" + urlsafe_b64encode(made).decode().rstrip("=")

    async def note_success(self, bot: Bot) -> None:
        """Reset the failures: the webhook has answered."""
        if bot.webhook and (bot.webhook.failures or bot.webhook.skipped):
            cleared = {"webhook.failures": 0, "webhook.problem": "", "webhook.skipped": 0}
            await self._set_webhook(bot, {"$set": cleared})

    async def note_failure(self, bot: Bot, problem: str) -> bool:
        """Count a failed try; return whether it switched the webhook off."""
        change = {"$inc": {"webhook.failures": 1}, "$set": {"webhook.problem": problem}}
        await self._set_webhook(bot, change)
        counted = await self.find(bot.id)
        hook = counted.webhook if counted else None
        if hook is None or hook.off or hook.failures < OFF_AFTER:
            return False
        await self._set_webhook(bot, {"$set": {"webhook.off": True}})
        return True

    async def note_skipped(self, bot: Bot) -> None:
        """Count a message that is not sent to the webhook."""
        await self._set_webhook(bot, {"$inc": {"webhook.skipped": 1}})

    async def note_since(self, bot: Bot, at: datetime) -> None:
        """Store from when on messages are sent to a webhook that an earlier version stored."""
        await self._set_webhook(bot, {"$set": {"webhook.since": at}})

    async def _set_webhook(self, bot: Bot, change: Document) -> None:
        # Only if it is still the same webhook: one that was removed meanwhile must not come back.
        key = bot.webhook.key if bot.webhook else ""
        await self._db[BOTS].update({"_id": bot.id, "webhook.key": key}, change)

    async def _set(self, bot: Bot, values: Document) -> None:
        if not await self._db[BOTS].update({"_id": bot.id}, {"$set": values}):
            raise Missing


def validate_url(raw: str) -> str:
    """Return an address for a webhook, empty for none; raise `Invalid`."""
    url = raw.strip()
    if not url:
        return ""
    if len(url) > URL_MAX:
        raise Invalid(url=f"An address has at most {URL_MAX} characters.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Invalid(url="This is not an address.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Invalid(url="An address begins with https:// or http:// and names a host.")
    if "@" in parts.netloc or parts.fragment:
        raise Invalid(url="The address may hold no password and no part after #.")
    if not url.isprintable() or " " in url or "\\" in url:
        raise Invalid(url="The address has a character in it that none may have.")
    return url


def validate_when(raw: str) -> When:
    """Return `mention` or `message`; raise `Invalid`."""
    if raw in ("", "mention"):
        return "mention"
    if raw == "message":
        return "message"
    raise Invalid(when="A webhook tells of mentions or of every message.")


def _new_token() -> tuple[str, str]:
    token = "lc_" + secrets.token_urlsafe(32)
    return token, _digest(token)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _bot(document: Document) -> Bot:
    hook = document["webhook"]
    return Bot(
        id=str(document["_id"]),
        name=str(document["name"]),
        room_id=str(document["room"]),
        by_name=str(document["by_name"]),
        created=document["created"],
        has_token=bool(document["has_token"]),
        webhook=_webhook(hook) if hook else None,
    )


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
    )
