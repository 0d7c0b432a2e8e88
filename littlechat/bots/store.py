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
from urllib.parse import urlsplit

from littlechat.accounts import Users, validate_new_username
from littlechat.bots.documents import bot_from, makers_of
from littlechat.bots.schema import BOTS, DELIVERIES
from littlechat.bots.values import MASK, Bot, When
from littlechat.core import (
    NAME_READ_MAX,
    EndedRight,
    Invalid,
    Made,
    Refused,
    User,
    fold,
    new_id,
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
            name = validate_new_username(name[:NAME_READ_MAX])
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
            "token_by": by.id,
            "created": former.created if former else now(),
            "digest": digest,
            "has_token": True,
            "webhook": None,
        }
        # Before its user and membership: after a crash in between, people see the bot and can
        # remove it, or complete it by a new token.
        await self._db[BOTS].insert(document)
        await self._settle(document)
        return bot_from(document), token

    async def _settle(self, document: Document) -> None:
        """Create the user and the membership of a bot, as far as they are missing."""
        bot = bot_from(document)
        try:
            await self._users.add_bot(bot.user, bot.room_id)
        except Duplicate:
            await self._db[BOTS].delete({"_id": bot.id})
            raise
        await self._memberships.add_bot(bot.room_id, bot.user)

    async def list_bots(self, room_id: str) -> list[Bot]:
        """Return a room's bots, sorted by name."""
        documents = await self._db[BOTS].find({"room": room_id})
        return sorted(map(bot_from, documents), key=lambda one: fold(one.name))

    async def list_with_webhook(self) -> list[Bot]:
        """Return the bots of all rooms whose webhook is on."""
        bots = map(bot_from, await self._db[BOTS].find({}))
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
        return bot_from(document) if document else None

    async def find_by_token(self, token: str) -> Bot | None:
        """Return the bot that has this token, or None."""
        if not re.fullmatch(r"lc_[A-Za-z0-9_-]{43}", token):
            return None
        document = await self._db[BOTS].find_one({"digest": _digest(token)})
        return bot_from(document) if document else None

    async def replace_token(self, bot: Bot, by: User | None = None) -> str:
        """Return a new token of `by`, or of the bot's maker, which replaces the old one."""
        document = await self._db[BOTS].find_one({"_id": bot.id})
        if document is None:
            raise Missing
        await self._settle(document)
        token, digest = _new_token()
        whose = by.id if by else document["by"]
        values = {"digest": digest, "has_token": True, "token_by": whose, "ended_with": ""}
        await self._set(bot, values)
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

    async def end_made(self, ended: EndedRight) -> list[str]:
        """End the tokens and webhooks that somebody made by a right that ended; say which."""
        where = {"room": ended.room_id} if ended.room_id else {}
        found = list[str]()
        for document in await self._db[BOTS].find(where):
            token, hook = (maker == ended.user_id for maker in makers_of(document))
            if (token or hook) and not await self._may_still(ended, document):
                found += await self._end_made(bot_from(document), ended, token=token, hook=hook)
        return found

    async def list_made(self) -> set[Made]:
        """Return by whom tokens and webhooks were made: by managers of their rooms."""
        found = set[Made]()
        for document in await self._db[BOTS].find({}):
            makers = makers_of(document)
            found |= {Made(one, "manage", str(document["room"])) for one in makers if one}
        return found

    async def _may_still(self, ended: EndedRight, document: Document) -> bool:
        """Whether a former administrator manages the bot's room by their role in it."""
        if ended.kind != "administer":
            return False
        places = await self._memberships.list_of(str(document["room"]))
        return any(one.may_manage and one.user_id == ended.user_id for one in places)

    async def _end_made(self, bot: Bot, ended: EndedRight, *, token: bool, hook: bool) -> list[str]:
        if token:
            await self.revoke_token(bot)
        if hook:
            await self._set(bot, {"webhook": None})
            await self._db[DELIVERIES].delete({"bot": bot.id})
        await self._set(bot, {"ended_with": ended.user_name})
        words = {"token": token, "webhook": hook}
        return [f"the {what} of {bot.name}" for what, was in words.items() if was]

    async def set_webhook(
        self, bot: Bot, url: str, when: str, origin: str, by: User | None = None
    ) -> str:
        """Set where messages are sent to a bot; return the secret if it is a new one, else "".

        The webhook is on then, whatever had failed; an empty address removes it, and the masked one
        stays as it is and whose it is. A new one is `by`'s, or the bot's maker's. Raises `Invalid`.
        """
        old, whose = bot.webhook, by.id if by else ""
        if old is not None and url.strip() == old.masked:
            url, whose = old.url, old.by_id
        url, when = validate_url(url), validate_when(when)
        if not url:
            await self._set(bot, {"webhook": None})
            await self._db[DELIVERIES].delete({"bot": bot.id})
            return ""
        # Another origin gets a new secret: it must not be able to sign in the name of this one.
        # So does another person: who made this one knows its secret.
        same = old is not None and (urlsplit(old.url)[:2], old.by_id) == (urlsplit(url)[:2], whose)
        key = old.key if old and same else secrets.token_urlsafe(24)
        values = {"url": url, "when": when, "origin": origin, "key": key, "since": now()}
        await self._set(bot, {"webhook": {**values, "by": whose}, "ended_with": ""})
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
    if MASK in url:
        raise Invalid(url="Type the whole address: what is hidden here cannot be taken over.")
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
