"""The store of users: creating, finding and disabling them, and checking their passwords.

Whether somebody is disabled or an administrator must be read here, never from a copy in a session.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from itertools import chain

from littlechat.accounts.names import Names, keys_of, validate_new_username
from littlechat.accounts.passwords import Passwords, require_password
from littlechat.accounts.roles import Roles
from littlechat.accounts.schema import USERS
from littlechat.core import (
    NAME_READ_MAX,
    NO_PASSWORD,
    Invalid,
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
from littlechat.text import accent_pattern, comparable

LISTED_MAX = 1_000
"""Users on the list for administrators; to find others, they search."""


RequireStill = Callable[[], Awaitable[None]]
"""Raises if who sets a password lost the right meanwhile."""


class WrongLogin(Exception):
    """The name or the password is wrong. Which of them must not be shown."""


class Disabled(WrongLogin):
    """The password is right, but the account is disabled."""


class Users:
    """The store of users."""

    def __init__(self, db: Database, roles: Roles, passwords: Passwords) -> None:
        self._db, self._roles, self._passwords = db, roles, passwords
        self._names = Names(db)

    async def register(
        self, username: str, password: str, require_still: RequireStill | None = None
    ) -> User:
        """Create an account; raise `Invalid` for the fields at fault, `Duplicate` for a name taken.

        The first account becomes administrator. `require_still` is called as in `set_password`.
        """
        errors: dict[str, str] = {}
        name = username.strip()
        try:
            name = validate_new_username(username)
        except Invalid as invalid:
            errors |= invalid.errors
        try:
            require_password(name, password)
        except Invalid as invalid:
            errors |= invalid.errors
        if errors:
            raise Invalid(**errors)
        await self._names.require_free(name)
        digest = await self._passwords.hash(password)
        if require_still:
            await require_still()
        return await self._insert(name, digest)

    async def make(self, username: str) -> User:
        """Create an account without a password, which its owner sets by a link.

        Raises `Invalid` or `Duplicate`.
        """
        name = validate_new_username(username)
        await self._names.require_free(name)
        return await self._insert(name, NO_PASSWORD)

    async def _insert(self, name: str, digest: str) -> User:
        user = User(new_id(), name, now())
        await self._db[USERS].insert(
            {
                "_id": user.id,
                "name": user.name,
                **keys_of(user.name),
                "password": digest,
                "password_at": user.created,
                "created": user.created,
            }
        )
        return replace(user, standing=await self._roles.claim(user))

    async def withdraw(self, user: User) -> None:
        """Take back an account that was made this moment and that nothing knows yet."""
        await self._db[USERS].delete({"_id": user.id, "standing": None})

    async def find_former_bot(self, name: str, room_id: str) -> User | None:
        """Return a bot of that name that was in the room before, None if the name is free.

        Raises `Duplicate` if somebody else has the name, or one that looks like it.
        """
        known = await self._db[USERS].find_one({"key": fold(name)})
        if known and known.get("bot") != room_id:
            raise Duplicate
        await self._names.require_free(name, but=str(known["_id"]) if known else "")
        return user_from(known) if known else None

    async def add_bot(self, bot: User, room_id: str) -> None:
        """Store a bot as a user, unless it is stored; raise `Duplicate` for a name taken."""
        if await self._db[USERS].find_one({"_id": bot.id}):
            return
        await self._db[USERS].insert(
            {
                "_id": bot.id,
                "name": bot.name,
                **keys_of(bot.name),
                "password": NO_PASSWORD,
                "created": bot.created,
                "bot": room_id,
                # So that it is not offered for direct messages or found in the directory.
                "disabled": bot.created,
            }
        )

    async def check_password(self, username: str, password: str) -> User:
        """Return the user with this name and password; raise `WrongLogin`, or `Disabled`.

        An unknown name takes the same time as a known one, so that timing does not reveal names.
        """
        document = await self._db[USERS].find_one({"key": fold(username.strip())})
        digest = str(document["password"]) if document else None
        right = await self._passwords.verify(digest, password)
        if document is None or digest is None or not right or document.get("bot"):
            raise WrongLogin
        # It may have been changed, or the account disabled, while this one waited to be hashed.
        document = await self._db[USERS].find_one({"_id": document["_id"], "password": digest})
        if document is None:
            raise WrongLogin
        if self._passwords.is_outdated(digest):
            await self._db[USERS].update(
                {"_id": document["_id"], "password": digest},
                {"$set": {"password": await self._passwords.hash(password)}},
            )
        if document.get("disabled"):
            raise Disabled
        return user_from(document)

    async def change_password(
        self, user: User, current: str, new: str, require_still: RequireStill | None = None
    ) -> None:
        """Replace a password; raise `WrongLogin` for `current` and `Invalid` for `new`."""
        await self.check_password(user.name, current)
        require_password(user.name, new)
        await self.set_password(user, new, require_still)

    async def set_password(
        self, user: User, new: str, require_still: RequireStill | None = None
    ) -> None:
        """Set a password that has passed `require_password`.

        `require_still` is called when the hash, which takes long, is made; what it raises is raised
        and nothing is stored.
        """
        digest = await self._passwords.hash(new)
        if require_still:
            await require_still()
        values = {"password": digest, "password_at": now()}
        await self._db[USERS].update({"_id": user.id}, {"$set": values})

    def require_password(self, user: User, new: str) -> None:
        """Raise `Invalid` for a password that `user` may not choose."""
        require_password(user.name, new)

    async def mark_disabled(self, user: User) -> None:
        """Mark an account as disabled; raise `Refused` if it is an administrator's by now."""
        member = {"_id": user.id, "standing": None}
        if not await self._db[USERS].update(member, {"$set": {"disabled": now()}}):
            raise Refused("This is an administrator: remove them as administrator first.")

    async def enable(self, user: User) -> None:
        """Allow a disabled account to sign in again."""
        await self._db[USERS].update({"_id": user.id}, {"$unset": {"disabled": ""}})

    async def find(self, name: str) -> User | None:
        """Return the user of that name, in any case, or None."""
        document = await self._db[USERS].find_one({"key": fold(name)})
        return user_from(document) if document else None

    async def find_several(self, names: Iterable[str]) -> dict[str, User]:
        """Return the users with these names, in any case, by folded name; no disabled ones."""
        keys = list({fold(name) for name in names})
        documents = await self._db[USERS].find({"key": {"$in": keys}})
        return {str(one["key"]): user_from(one) for one in documents if not one.get("disabled")}

    async def list_names(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that people have, as they are written; no bots' names.

        A bot is known in its room only, whose members are asked before.
        """
        keys = list({fold(name) for name in names})
        documents = await self._db[USERS].find({"key": {"$in": keys}}) if keys else []
        return [str(one["name"]) for one in documents if not one.get("bot")]

    async def list_by_prefix(self, start: str, limit: int, also: Iterable[str] = ()) -> list[User]:
        """Return at most `limit` users whose names start with `start`, in any case and accents.

        Also returns users with the names `also`, for whom half of `limit` is reserved; they come
        last. No disabled ones. Sorted by name.
        """
        users = await self._list_starting(start, limit)
        if not (keys := [fold(name) for name in also]):
            return users
        sure, found = users[: limit - limit // 2], await self.find_several(keys)
        others = [found[key] for key in keys if key in found and found[key] not in sure]
        others = others[: limit - len(sure)]
        rest = [user for user in users[len(sure) :] if user not in others]
        kept = [*sure, *rest][: limit - len(others)]
        return kept + sorted(others, key=lambda one: fold(one.name))

    async def _list_starting(self, start: str, limit: int) -> list[User]:
        # By the folded name as well: an older process, during an upgrade, writes no search keys.
        found = await asyncio.gather(
            self._find_range("search_key", comparable(start), limit),
            self._find_range("key", fold(start), limit),
        )
        documents = {str(one["_id"]): one for one in chain(*found) if not one.get("disabled")}
        users = sorted(map(user_from, documents.values()), key=lambda one: comparable(one.name))
        return users[:limit]

    async def _find_range(self, field: str, first: str, limit: int) -> list[Document]:
        # A range with both bounds, which both databases answer from the index.
        within = {field: {"$gte": first, "$lte": f"{first}\U0010ffff"}}
        return await self._db[USERS].find(within, sort=[(field, 1)], limit=limit)

    async def get(self, name: str) -> User:
        """Return the user of that name, in any case; raise `Missing`, also for a bot."""
        user = await self.find(name[:NAME_READ_MAX])
        if user is None or user.bot:
            raise Missing
        return user

    async def get_by_id(self, user_id: str) -> User:
        """Return the user with this id; raise `Missing`."""
        document = await self._db[USERS].find_one({"_id": user_id})
        if document is None:
            raise Missing
        return user_from(document)

    async def list_matching(self, search: str = "") -> list[User]:
        """Return the people whose names contain `search`, disabled ones too, sorted by name."""
        pattern = accent_pattern(search.replace("\0", "")[:100])
        where = {"key": {"$regex": pattern}} if pattern else {}
        documents = await self._db[USERS].find(where, limit=LISTED_MAX)
        users = (user_from(document) for document in documents if not document.get("bot"))
        return sorted(users, key=lambda one: fold(one.name))


def user_from(document: Document) -> User:
    """Return the user stored in a document."""
    return User(
        str(document["_id"]),
        str(document["name"]),
        document["created"],
        document.get("password_at"),
        "admin" if document.get("standing") == "admin" else "member",
        bool(document.get("disabled")),
        bot=bool(document.get("bot")),
    )
