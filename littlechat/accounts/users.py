"""Users, their passwords, and their sessions. A session's token is known to its browser alone.

Whether somebody is disabled or administrator is read with every session, never from a copy in it.
"""

import asyncio
import contextlib
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from littlechat.accounts.roles import Roles
from littlechat.core import (
    NAME_READ_MAX,
    NO_PASSWORD,
    SEEN_EVERY,
    Invalid,
    Refused,
    Session,
    User,
    clean_password,
    clean_username,
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

SESSION_LIFE = timedelta(days=30)
"""A session ends after this long without a visit."""

SESSIONS_MAX = 50
"""A person's sessions; signing in once more ends the one unused for the longest."""

HASH_PASSES, HASH_KIB = 3, 32 * 1024
"""OWASP's cheat sheet on password storage asks for 2 passes over 19 MiB, or more."""

HASHES_AT_ONCE = 2
"""Each hash holds 32 MiB and a core for about 0.1 s: a flood of logins waits in line."""

ENDINGS_LIFE = timedelta(days=7)
"""How long a browser that lost its session to an administrator is told so."""

LISTED_MAX = 1_000
"""People on one list; beyond it the search helps."""

COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])


class WrongLogin(Exception):
    """No such name or not its password; which of them is never said."""


class Disabled(WrongLogin):
    """The password is right, and the account is not to be used."""


class Accounts:
    """The store of users and sessions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.roles = Roles(db)
        self._hasher = PasswordHasher(HASH_PASSES, HASH_KIB, parallelism=1)
        self._gate = asyncio.Semaphore(HASHES_AT_ONCE)
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def register(self, username: str, password: str) -> User:
        """Make an account; raise `Invalid` for either field, `Duplicate` for a name taken."""
        errors: dict[str, str] = {}
        name = username.strip()
        try:
            name = clean_username(username)
        except Invalid as invalid:
            errors |= invalid.errors
        try:
            clean_password(password, name, COMMON_PASSWORDS)
        except Invalid as invalid:
            errors |= invalid.errors
        if errors:
            raise Invalid(**errors)
        await self._require_free(name)
        return await self._insert(name, await self._hash(password))

    async def make(self, username: str) -> User:
        """Make an account for somebody, who sets the password; raise `Invalid` or `Duplicate`."""
        name = clean_username(username)
        await self._require_free(name)
        return await self._insert(name, NO_PASSWORD)

    async def _require_free(self, name: str) -> None:
        # Nor may it be what another is displayed as: one would pass for the other.
        for key in ("key", "display_key"):
            if await self._db.users.find_one({key: fold(name)}):
                raise Duplicate

    async def _insert(self, name: str, digest: str) -> User:
        user = User(new_id(), name, now())
        await self._db.users.insert(
            {
                "_id": user.id,
                "name": user.name,
                "key": fold(user.name),
                "password": digest,
                "password_at": user.created,
                "created": user.created,
            }
        )
        return replace(user, standing=await self.roles.claim(user))

    async def check_password(self, username: str, password: str) -> User:
        """Return whose name and password these are; raise `WrongLogin`, `Disabled` if they were.

        An unknown name costs the same hash as a known one, so time tells nothing.
        """
        document = await self._db.users.find_one({"key": fold(username.strip())})
        digest = str(document["password"]) if document else self._decoy
        digest = self._decoy if digest == NO_PASSWORD else digest
        right = await self._verify(digest, password)
        if document is None or not right:
            raise WrongLogin
        if document.get("bot"):
            raise WrongLogin
        if self._hasher.check_needs_rehash(digest):
            await self._db.users.update(
                {"_id": document["_id"], "password": digest},
                {"$set": {"password": await self._hash(password)}},
            )
        if document.get("disabled"):
            raise Disabled
        return _user(document)

    async def change_password(self, user: User, current: str, new: str) -> None:
        """Replace a password; raise `WrongLogin` for the current one, `Invalid` for the new one."""
        await self.check_password(user.name, current)
        clean_password(new, user.name, COMMON_PASSWORDS)
        await self.set_password(user, new)

    async def set_password(self, user: User, new: str) -> None:
        """Set a password that `require_password` let through."""
        values = {"password": await self._hash(new), "password_at": now()}
        await self._db.users.update({"_id": user.id}, {"$set": values})

    def require_password(self, user: User, new: str) -> None:
        """Raise `Invalid` for what may not serve somebody as a password."""
        clean_password(new, user.name, COMMON_PASSWORDS)

    async def disable(self, user: User) -> None:
        """End somebody's sessions and let none begin; their browsers are told for a while.

        Raises `Refused` for an administrator, whatever they were when `user` was read.
        """
        # Marked first: a sign-in under way looks again when its session stands.
        member = {"_id": user.id, "standing": None}
        if not await self._db.users.update(member, {"$set": {"disabled": now()}}):
            raise Refused("This is an administrator: end that first.")
        for session in await self.list_sessions(user):
            await self._note_ending(session.id)
        await self._db.sessions.delete({"user": user.id})

    async def enable(self, user: User) -> None:
        """Let somebody sign in again."""
        await self._db.users.update({"_id": user.id}, {"$unset": {"disabled": ""}})

    async def _note_ending(self, session_id: str) -> None:
        with contextlib.suppress(Duplicate):
            await self._db.endings.insert({"_id": session_id, "expires": now() + ENDINGS_LIFE})

    async def was_disabled(self, token: str) -> bool:
        """Whether the session that `token` opened ended with its account's disabling."""
        ending = await self._db.endings.find_one({"_id": _digest(token)})
        return ending is not None

    async def open_session(self, user: User, agent: str, address: str) -> tuple[str, Session]:
        """Return a new session and its token, which is stored nowhere.

        Raises `WrongLogin` if the password that was checked has been changed since: the change
        ended the sessions there were, and must end this one too.
        """
        token = secrets.token_urlsafe(32)
        moment = now()
        session = Session(_digest(token), user, moment, moment, agent[:300], address[:64])
        await self._db.sessions.insert(
            {
                "_id": session.id,
                "user": user.id,
                "name": user.name,
                "user_created": user.created,
                "created": moment,
                "seen": moment,
                "expires": moment + SESSION_LIFE,
                "agent": session.agent,
                "address": session.address,
            }
        )
        account = await self._db.users.find_one({"_id": user.id})
        if account and (account.get("disabled") or _changed_since(account, user)):
            await self._db.sessions.delete({"_id": session.id})
            raise WrongLogin
        # Not `end_session`: of two sign-ins at once both may find the same one too many.
        if too_many := [old.id for old in (await self.list_sessions(user))[SESSIONS_MAX:]]:
            await self._db.sessions.delete({"_id": {"$in": too_many}})
        return token, session

    async def find_session(self, token: str) -> Session | None:
        """Return the live session that `token` opens, and note the visit."""
        document = await self._db.sessions.find_one({"_id": _digest(token)})
        moment = now()
        if document is None or document["expires"] <= moment:
            return None
        account = await self._db.users.find_one({"_id": document["user"]})
        if account is None or account.get("disabled"):
            return None
        session = replace(_session(document), user=replace(_user(account), password_at=None))
        if moment - session.seen < SEEN_EVERY:
            return session
        await self._db.users.update({"_id": session.user.id}, {"$max": {"seen": moment}})
        await self._db.sessions.update(
            {"_id": session.id}, {"$set": {"seen": moment, "expires": moment + SESSION_LIFE}}
        )
        return replace(session, seen=moment)

    async def list_sessions(self, user: User) -> list[Session]:
        """Return a person's live sessions, the latest visit first."""
        documents = await self._db.sessions.find(
            {"user": user.id, "expires": {"$gt": now()}}, limit=1_000
        )
        return sorted(map(_session, documents), key=lambda one: one.seen, reverse=True)

    async def list_live(self, session_ids: list[str]) -> set[str]:
        """Return those of `session_ids` that are still live."""
        documents = await self._db.sessions.find(
            {"_id": {"$in": session_ids}, "expires": {"$gt": now()}}
        )
        return {str(document["_id"]) for document in documents}

    async def end_session(self, user: User, session_id: str) -> None:
        """End one session of `user`; raise `Missing` if it is not theirs."""
        if not await self._db.sessions.delete({"_id": session_id, "user": user.id}):
            raise Missing

    async def end_all_sessions(self, user: User) -> None:
        """End every session of `user`."""
        await self._db.sessions.delete({"user": user.id})

    async def end_other_sessions(self, user: User, kept_id: str) -> list[str]:
        """End every session of `user` but one; return the ids of those ended."""
        others = [one.id for one in await self.list_sessions(user) if one.id != kept_id]
        await self._db.sessions.delete({"_id": {"$in": others}, "user": user.id})
        return others

    async def find_user(self, name: str) -> User | None:
        """Return the user of that name, however cased, or None."""
        document = await self._db.users.find_one({"key": fold(name)})
        return _user(document) if document else None

    async def find_users(self, names: Iterable[str]) -> dict[str, User]:
        """Return the users of those names, however cased, by their folded names."""
        keys = list({fold(name) for name in names})
        documents = await self._db.users.find({"key": {"$in": keys}})
        return {str(one["key"]): _user(one) for one in documents if not one.get("disabled")}

    async def list_starting(self, start: str, limit: int, also: Iterable[str] = ()) -> list[User]:
        """Return at most `limit` users whose names start with `start`, however cased, by name.

        After them come those of the names `also`, the first of which have half of the places.
        """
        first = fold(start)
        # A closed range, which both databases answer from the index.
        within = {"$gte": first, "$lte": f"{first}\U0010ffff"}
        documents = await self._db.users.find({"key": within}, sort=[("key", 1)], limit=limit)
        users = [_user(document) for document in documents if not document.get("disabled")]
        if not (keys := [fold(name) for name in also]):
            return users
        sure, found = users[: limit - limit // 2], await self.find_users(keys)
        others = [found[key] for key in keys if key in found and found[key] not in sure]
        others = others[: limit - len(sure)]
        rest = [user for user in users[len(sure) :] if user not in others]
        kept = [*sure, *rest][: limit - len(others)]
        return kept + sorted(others, key=lambda one: fold(one.name))

    async def get_user(self, name: str) -> User:
        """Return the user of that name, however cased; raise `Missing`."""
        user = await self.find_user(name[:NAME_READ_MAX])
        if user is None or user.bot:
            raise Missing
        return user

    async def get_user_by_id(self, user_id: str) -> User:
        """Return a user; raise `Missing`."""
        document = await self._db.users.find_one({"_id": user_id})
        if document is None:
            raise Missing
        return _user(document)

    async def list_users(self, search: str = "") -> list[User]:
        """Return the accounts by name, those whose names hold `search` if it is given."""
        search = fold(search.replace("\0", "")[:100])
        where = {"key": {"$regex": re.escape(search)}} if search else {}
        documents = await self._db.users.find(where, limit=LISTED_MAX)
        users = (_user(document) for document in documents if not document.get("bot"))
        return sorted(users, key=lambda one: fold(one.name))

    async def _hash(self, password: str) -> str:
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, digest: str, password: str) -> bool:
        if len(password) > 4_096:
            password = password[:1]  # Never right, as it is over the limit, and cheap to hash.
        async with self._gate:
            try:
                return await asyncio.to_thread(self._hasher.verify, digest, password)
            except (VerificationError, InvalidHashError):
                return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user(document: Document) -> User:
    return User(
        str(document["_id"]),
        str(document["name"]),
        document["created"],
        document.get("password_at"),
        "admin" if document.get("standing") == "admin" else "member",
        bool(document.get("disabled")),
        bot=bool(document.get("bot")),
    )


def _changed_since(account: Document, user: User) -> bool:
    return bool(user.password_at) and account.get("password_at") != user.password_at


def _session(document: Document) -> Session:
    return Session(
        id=str(document["_id"]),
        user=User(str(document["user"]), str(document["name"]), document["user_created"]),
        created=document["created"],
        seen=document["seen"],
        agent=str(document["agent"]),
        address=str(document["address"]),
    )
