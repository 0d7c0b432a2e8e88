"""The store of profiles: display names, statuses, avatars, and when somebody was last seen."""

from dataclasses import replace
from datetime import datetime

from littlechat.accounts.avatars import Avatars
from littlechat.accounts.names import Names
from littlechat.accounts.profile_values import Profile, Status, display_key, without_joiners
from littlechat.accounts.schema import USERS
from littlechat.core import (
    LAST_SEEN_INTERVAL,
    NAME_READ_MAX,
    Invalid,
    User,
    fold,
)
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)
from littlechat.text import accent_pattern, is_reserved, list_looks

PAGE_PEOPLE = 50
"""Users on a page of the directory."""

SEARCH_READ_MAX = 2_000
"""Users that the directory reads at most."""

TAKEN = "Somebody else goes by this name, or by one that looks like it."
NO_DISPLAY_KEYS = {"display_key": "", "display_looks": ""}
"""How the keys of a display name are removed."""

RESERVED = "This name seems to speak for everybody: only administrators may go by it."


class Profiles:
    """The store of profiles, which are fields of the users' documents."""

    def __init__(self, db: Database) -> None:
        self._db, self._names = db, Names(db)
        self.avatars = Avatars(db)
        self._seen: dict[str, datetime] = {}

    async def get(self, name: str) -> Profile:
        """Return the profile of a user, by name in any case; raise `Missing`."""
        document = await self._db[USERS].find_one({"key": fold(name[:NAME_READ_MAX])})
        if document is None:
            raise Missing
        return _profile(document)

    async def list_page(self, search: str, number: int) -> tuple[list[Profile], bool]:
        """Return page `number`, from 1, of the directory, and whether there is another after it.

        It is sorted by name. `search` finds users whose username or display name contains it.
        """
        pattern = accent_pattern(search.replace("\0", "")[:100])
        found = {}
        for field in ("key", "display_key") if pattern else ("key",):
            where = {field: {"$regex": pattern}} if pattern else {}
            for one in await self._db[USERS].find(where, limit=SEARCH_READ_MAX):
                found[str(one["_id"])] = _profile(one)
        people = sorted(
            (one for one in found.values() if not one.disabled), key=lambda one: fold(one.name)
        )
        start = (number - 1) * PAGE_PEOPLE
        return people[start : start + PAGE_PEOPLE], len(people) > start + PAGE_PEOPLE

    async def list_customized(self) -> list[Profile]:
        """Return the profiles of users that have an avatar or a display name, sorted by name."""
        documents = await self._db[USERS].find({"faced": True})
        return sorted(map(_profile, documents), key=lambda one: fold(one.name))

    async def describe(self, user: User, display: str, bio: str, zone: str) -> None:
        """Store a user's validated fields; raise `Invalid` if the display name is not free.

        It must neither be nor look like another's username or display name, or a reserved name.
        """
        if display and is_reserved(display) and not user.is_admin:
            raise Invalid(display=RESERVED)
        if display and await self._is_anothers(user, display):
            raise Invalid(display=TAKEN)
        values = {"display": display, "bio": bio, "zone": zone}
        if display:
            keys = {"display_key": display_key(display), "display_looks": list_looks(display)}
            await self._change(user, {"$set": {**values, **keys}})
        else:
            await self._change(user, {"$set": values, "$unset": NO_DISPLAY_KEYS})
        # If two users take the same name at the same time, each finds the other's here, and both
        # are refused.
        if display and await self._is_anothers(user, display):
            await self._change(user, {"$set": {"display": ""}, "$unset": NO_DISPLAY_KEYS})
            raise Invalid(display=TAKEN)

    async def _is_anothers(self, user: User, display: str) -> bool:
        try:
            await self._names.require_free(without_joiners(display), but=user.id)
        except Duplicate:
            return True
        return False

    async def set_status(self, user: User, status: Status) -> None:
        """Store a user's status."""
        await self._db[USERS].update(
            {"_id": user.id}, {"$set": {"status": status.text, "status_until": status.until}}
        )

    async def keep_position(self, user: User, keeps: bool) -> None:
        """Note whether somebody's pictures go on telling where they were taken."""
        change = "$set" if keeps else "$unset"
        await self._db[USERS].update({"_id": user.id}, {change: {"keeps_position": True}})

    async def set_avatar(self, user: User, data: bytes, kind: str) -> None:
        """Replace a user's avatar; `kind` is its media type."""
        # The new one is stored before the profile refers to it, and the old one deleted after, so
        # that no page refers to an avatar that does not exist.
        digest = await self.avatars.put(user.id, data, kind)
        await self._change(user, {"$set": {"avatar": digest}})
        await self.avatars.keep_only(user.id, digest)

    async def remove_avatar(self, user: User) -> None:
        """Remove a user's avatar."""
        await self._change(user, {"$unset": {"avatar": ""}})
        await self.avatars.keep_only(user.id, "")

    async def _change(self, user: User, change: Document) -> None:
        await self._db[USERS].update({"_id": user.id}, change)
        document = await self._db[USERS].find_one({"_id": user.id}) or {}
        faced = bool(document.get("avatar") or document.get("display"))
        mark = {"$set": {"faced": True}} if faced else {"$unset": {"faced": ""}}
        await self._db[USERS].update({"_id": user.id}, mark)

    async def note_seen(self, user_id: str) -> None:
        """Store that a user is online now, unless that was stored within `LAST_SEEN_INTERVAL`."""
        moment = now()
        last = self._seen.get(user_id)
        if last is not None and moment - last < LAST_SEEN_INTERVAL:
            return
        self._seen[user_id] = moment
        await self._db[USERS].update({"_id": user_id}, {"$max": {"seen": moment}})


def _profile(document: Document) -> Profile:
    return Profile(
        user_id=str(document["_id"]),
        name=str(document["name"]),
        created=document["created"],
        display=str(document.get("display", "")),
        bio=str(document.get("bio", "")),
        zone=str(document.get("zone", "")),
        status=Status(str(document.get("status", "")), document.get("status_until")),
        avatar=str(document.get("avatar", "")),
        seen=document.get("seen"),
        disabled=bool(document.get("disabled")),
        is_admin=document.get("standing") == "admin",
        bot=bool(document.get("bot")),
        bot_room=str(document.get("bot") or ""),
        keeps_position=bool(document.get("keeps_position")),
    )


def current(profile: Profile, moment: datetime) -> Profile:
    """Return the profile without its status if that has ended."""
    return profile if profile.status.holds(moment) else replace(profile, status=Status())
