"""The store of subscribed browsers, of what people are notified of, and of the installation's
key."""

import hashlib
from collections.abc import Iterable
from datetime import time
from typing import Any

from littlechat.core import Session
from littlechat.notifications.rules import Preferences, Subscription
from littlechat.notifications.schema import INSTALLATION, PREFERENCES, SUBSCRIPTIONS
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)

SUBSCRIPTIONS_MAX = 10
"""How many browsers one person may subscribe; one more replaces the oldest."""

KEY_ID = "push-key"


class Subscriptions:
    """The store. A subscription belongs to a session: senders must ask whether that has ended."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def settle_key(self, made: str) -> str:
        """Return the installation's private key; store `made` if there is none yet."""
        if found := await self._db[INSTALLATION].find_one({"_id": KEY_ID}):
            return str(found["private"])
        try:
            await self._db[INSTALLATION].insert({"_id": KEY_ID, "private": made, "made": now()})
        except Duplicate:
            return await self.settle_key(made)  # Another process was first.
        return made

    async def pass_on(self, old_session_id: str, session_id: str) -> None:
        """Let the subscriptions of a session belong to the one that replaces it."""
        where = {"session": old_session_id}
        await self._db[SUBSCRIPTIONS].update_many(where, {"$set": {"session": session_id}})

    async def add(
        self, session: Session, endpoint: str, p256dh: str, auth: str, contact: str
    ) -> Subscription:
        """Store a browser for a session. The same endpoint replaces an earlier one, of whoever it
        was."""
        subscription = Subscription(
            id=hashlib.sha256(endpoint.encode()).hexdigest(),
            user_id=session.user.id,
            session_id=session.id,
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            contact=contact,
            agent=session.agent,
            created=now(),
        )
        await self._db[SUBSCRIPTIONS].update(
            {"_id": subscription.id}, {"$set": _values(subscription)}, upsert=True
        )
        mine = (await self.list_of([session.user.id]))[session.user.id]
        await self.drop(one.id for one in mine[SUBSCRIPTIONS_MAX:])
        return subscription

    async def remove(self, user_id: str, subscription_id: str) -> None:
        """Delete one of a person's own subscriptions; raise `Missing`."""
        where = {"_id": subscription_id[:64], "user": user_id}
        if not await self._db[SUBSCRIPTIONS].delete(where):
            raise Missing

    async def drop(self, ids: Iterable[str]) -> None:
        """Delete subscriptions by their ids."""
        if gone := list(ids):
            await self._db[SUBSCRIPTIONS].delete({"_id": {"$in": gone}})

    async def list_of(self, user_ids: list[str]) -> dict[str, list[Subscription]]:
        """Return the subscriptions of each of some people by user id, the latest first."""
        documents = await self._db[SUBSCRIPTIONS].find({"user": {"$in": user_ids}})
        found: dict[str, list[Subscription]] = {user_id: [] for user_id in user_ids}
        for one in sorted(map(_subscription, documents), key=lambda it: it.created, reverse=True):
            found[one.user_id].append(one)
        return found

    async def list_preferences(self, user_ids: list[str]) -> dict[str, Preferences]:
        """Return the preferences of each of some people by user id."""
        documents = await self._db[PREFERENCES].find({"_id": {"$in": user_ids}})
        chosen = {str(one["_id"]): _preferences(one) for one in documents}
        return {user_id: chosen.get(user_id, Preferences()) for user_id in user_ids}

    async def set_preferences(self, user_id: str, chosen: Preferences) -> None:
        """Store the preferences of a person."""
        values = {
            "level": chosen.level,
            "quiet_from": chosen.quiet_from and f"{chosen.quiet_from:%H:%M}",
            "quiet_to": chosen.quiet_to and f"{chosen.quiet_to:%H:%M}",
            "zone": chosen.zone,
        }
        await self._db[PREFERENCES].update({"_id": user_id}, {"$set": values}, upsert=True)


def _values(one: Subscription) -> dict[str, Any]:
    return {
        "user": one.user_id,
        "session": one.session_id,
        "endpoint": one.endpoint,
        "p256dh": one.p256dh,
        "auth": one.auth,
        "contact": one.contact,
        "agent": one.agent,
        "created": one.created,
    }


def _subscription(document: Document) -> Subscription:
    return Subscription(
        id=str(document["_id"]),
        user_id=str(document["user"]),
        session_id=str(document["session"]),
        endpoint=str(document["endpoint"]),
        p256dh=str(document["p256dh"]),
        auth=str(document["auth"]),
        contact=str(document["contact"]),
        agent=str(document["agent"]),
        created=document["created"],
    )


def _preferences(document: Document) -> Preferences:
    return Preferences(
        level=document["level"],
        quiet_from=_time(document["quiet_from"]),
        quiet_to=_time(document["quiet_to"]),
        zone=str(document["zone"]),
    )


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
