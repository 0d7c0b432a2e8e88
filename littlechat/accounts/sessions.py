"""Sessions: one for each signed-in browser. A session's token is known to its browser alone."""

import contextlib
import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from littlechat.accounts.schema import ENDINGS, SESSIONS, USERS
from littlechat.accounts.users import Users, WrongLogin, user_from
from littlechat.core import LAST_SEEN_INTERVAL, Session, User
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

ENDINGS_LIFE = timedelta(days=7)
"""How long a browser that lost its session to an administrator is told so."""


class Sessions:
    """The store of sessions."""

    def __init__(self, db: Database, users: Users) -> None:
        self._db, self._users = db, users

    async def open(self, user: User, agent: str, address: str) -> tuple[str, Session]:
        """Return a new session and its token, which is stored nowhere.

        Raises `WrongLogin` if the password that was checked has been changed since: the change
        ended the sessions there were, and must end this one too.
        """
        token = secrets.token_urlsafe(32)
        moment = now()
        session = Session(_digest(token), user, moment, moment, agent[:300], address[:64])
        await self._db[SESSIONS].insert(
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
        account = await self._db[USERS].find_one({"_id": user.id})
        if account and (account.get("disabled") or _changed_since(account, user)):
            await self._db[SESSIONS].delete({"_id": session.id})
            raise WrongLogin
        # Not `end`: of two sign-ins at once both may find the same one too many.
        if too_many := [old.id for old in (await self.list_of(user))[SESSIONS_MAX:]]:
            await self._db[SESSIONS].delete({"_id": {"$in": too_many}})
        return token, session

    async def find(self, token: str) -> Session | None:
        """Return the live session that `token` opens, and note the visit."""
        document = await self._db[SESSIONS].find_one({"_id": _digest(token)})
        moment = now()
        if document is None or document["expires"] <= moment:
            return None
        account = await self._db[USERS].find_one({"_id": document["user"]})
        if account is None or account.get("disabled"):
            return None
        session = replace(_session(document), user=replace(user_from(account), password_at=None))
        if moment - session.seen < LAST_SEEN_INTERVAL:
            return session
        await self._db[USERS].update({"_id": session.user.id}, {"$max": {"seen": moment}})
        await self._db[SESSIONS].update(
            {"_id": session.id}, {"$set": {"seen": moment, "expires": moment + SESSION_LIFE}}
        )
        return replace(session, seen=moment)

    async def list_of(self, user: User) -> list[Session]:
        """Return a person's live sessions, the latest visit first."""
        documents = await self._db[SESSIONS].find(
            {"user": user.id, "expires": {"$gt": now()}}, limit=1_000
        )
        return sorted(map(_session, documents), key=lambda one: one.seen, reverse=True)

    async def list_live(self, session_ids: list[str]) -> set[str]:
        """Return those of `session_ids` that are still live."""
        documents = await self._db[SESSIONS].find(
            {"_id": {"$in": session_ids}, "expires": {"$gt": now()}}
        )
        return {str(document["_id"]) for document in documents}

    async def end(self, user: User, session_id: str) -> None:
        """End one session of `user`; raise `Missing` if it is not theirs."""
        if not await self._db[SESSIONS].delete({"_id": session_id, "user": user.id}):
            raise Missing

    async def end_all(self, user: User) -> None:
        """End every session of `user`."""
        await self._db[SESSIONS].delete({"user": user.id})

    async def end_others(self, user: User, kept_id: str) -> list[str]:
        """End every session of `user` but one; return the ids of those ended."""
        others = [one.id for one in await self.list_of(user) if one.id != kept_id]
        await self._db[SESSIONS].delete({"_id": {"$in": others}, "user": user.id})
        return others

    async def disable(self, user: User) -> None:
        """End somebody's sessions and let none begin; their browsers are told for a while.

        Raises `Refused` for an administrator.
        """
        # Marked first: a sign-in under way looks again when its session stands.
        await self._users.mark_disabled(user)
        for session in await self.list_of(user):
            await self._note_ending(session.id)
        await self._db[SESSIONS].delete({"user": user.id})

    async def _note_ending(self, session_id: str) -> None:
        with contextlib.suppress(Duplicate):
            await self._db[ENDINGS].insert({"_id": session_id, "expires": now() + ENDINGS_LIFE})

    async def was_disabled(self, token: str) -> bool:
        """Whether the session that `token` opened ended with its account's disabling."""
        ending = await self._db[ENDINGS].find_one({"_id": _digest(token)})
        return ending is not None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


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
