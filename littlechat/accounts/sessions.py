"""The store of sessions, one for each signed-in browser.

Only the digest of a session's token is stored; the token itself is in the browser's cookie only.
"""

import contextlib
import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from littlechat.accounts.schema import ENDED_SESSIONS, SESSIONS, USERS
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
"""Sessions of one user; a further sign-in ends the one that was unused for the longest."""

ENDED_SESSION_LIFE = timedelta(days=7)
"""For how long a browser can learn that its session ended because its account was disabled."""


class Sessions:
    """The store of sessions."""

    def __init__(self, db: Database, users: Users) -> None:
        self._db, self._users = db, users

    async def open(self, user: User, agent: str, address: str) -> tuple[str, Session]:
        """Create a session; return its token, which is not stored, and the session.

        Raises `WrongLogin` if the password has been changed since `user` was read: the change ended
        all sessions, and must prevent this one as well.
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
        # Not `end`, which raises `Missing`: two simultaneous sign-ins may delete the same session.
        if too_many := [old.id for old in (await self.list_of(user))[SESSIONS_MAX:]]:
            await self._db[SESSIONS].delete({"_id": {"$in": too_many}})
        return token, session

    async def find(self, token: str) -> Session | None:
        """Return the valid session with this token, or None; store when it was last seen."""
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
        """Return a user's valid sessions, the last seen first."""
        documents = await self._db[SESSIONS].find(
            {"user": user.id, "expires": {"$gt": now()}}, limit=1_000
        )
        return sorted(map(_session, documents), key=lambda one: one.seen, reverse=True)

    async def list_live(self, session_ids: list[str]) -> set[str]:
        """Return those of `session_ids` that are still valid."""
        documents = await self._db[SESSIONS].find(
            {"_id": {"$in": session_ids}, "expires": {"$gt": now()}}
        )
        return {str(document["_id"]) for document in documents}

    async def end(self, user: User, session_id: str) -> None:
        """End one session; raise `Missing` unless it is one of `user`'s."""
        if not await self._db[SESSIONS].delete({"_id": session_id, "user": user.id}):
            raise Missing

    async def end_all(self, user: User) -> None:
        """End all sessions of `user`."""
        await self._db[SESSIONS].delete({"user": user.id})

    async def end_others(self, user: User, kept_id: str) -> list[str]:
        """End all sessions of `user` but one; return the ids of those ended."""
        others = [one.id for one in await self.list_of(user) if one.id != kept_id]
        await self._db[SESSIONS].delete({"_id": {"$in": others}, "user": user.id})
        return others

    async def disable(self, user: User) -> None:
        """Disable an account and end its sessions; raise `Refused` for an administrator."""
        # Marked first: a sign-in under way checks again after it has inserted its session.
        await self._users.mark_disabled(user)
        for session in await self.list_of(user):
            await self._note_ended(session.id)
        await self._db[SESSIONS].delete({"user": user.id})

    async def _note_ended(self, session_id: str) -> None:
        with contextlib.suppress(Duplicate):
            await self._db[ENDED_SESSIONS].insert(
                {"_id": session_id, "expires": now() + ENDED_SESSION_LIFE}
            )

    async def was_disabled(self, token: str) -> bool:
        """Whether the session with this token ended because its account was disabled."""
        ending = await self._db[ENDED_SESSIONS].find_one({"_id": _digest(token)})
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
