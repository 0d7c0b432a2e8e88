"""Who administers the installation: one list in one document, so that it is never emptied.

What stands with each account is a copy, for the sake of one look-up; `open` puts it right.
"""

from littlechat.db import Database, Document, Duplicate
from littlechat.models import Refused, Standing, User

ADMINS = "admins"

LAST = "Somebody must stay administrator: make another one first."


class Roles:
    """The store of administrators."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._claimed = False

    async def open(self) -> None:
        """Make the oldest account administrator where there is none, and mend a broken-off act."""
        listed = await self._listed()
        if not listed:
            accounts = await self._db.users.find({})
            if accounts and not await self._found(_oldest(accounts)):
                return
            listed = await self._listed()
        for document in await self._db.users.find({"standing": "admin"}):
            if document["_id"] not in listed:
                await self._mark(document["_id"], "member")
        for user_id in listed:
            await self._mark(user_id, "admin")

    async def claim(self, user: User) -> Standing:
        """Make a new account administrator if it is the first; return what it is.

        Of several that are made at once, whosever list is inserted first.
        """
        if self._claimed:
            return "member"
        claimed = not await self._db.settings.find_one({"_id": ADMINS}) and await self._found(
            user.id
        )
        self._claimed = True
        return "admin" if claimed else "member"

    async def promote(self, user: User) -> None:
        """Make somebody administrator; twice is once."""
        if not await self._db.settings.update({"_id": ADMINS}, {"$addToSet": {"ids": user.id}}):
            await self._found(user.id)
        await self._mark(user.id, "admin")

    async def demote(self, user: User) -> None:
        """End somebody's being administrator; raise `Refused` for the last one."""
        # One act on one document: of the last two, who end each other at once, one stays.
        where = {"_id": ADMINS, "ids": user.id, "ids.1": {"$exists": True}}
        if await self._db.settings.update(where, {"$pull": {"ids": user.id}}):
            await self._mark(user.id, "member")
        elif user.id in await self._listed():
            raise Refused(LAST)

    async def _found(self, user_id: str) -> bool:
        try:
            await self._db.settings.insert({"_id": ADMINS, "ids": [user_id]})
        except Duplicate:
            return False
        await self._mark(user_id, "admin")
        return True

    async def _listed(self) -> list[str]:
        document = await self._db.settings.find_one({"_id": ADMINS})
        return [str(one) for one in document["ids"]] if document else []

    async def _mark(self, user_id: str, standing: Standing) -> None:
        # Left out for everybody else: the index holds the few.
        change = {"$set": {"standing": "admin"}} if standing == "admin" else _UNMARKED
        await self._db.users.update({"_id": user_id}, change)


_UNMARKED = {"$unset": {"standing": ""}}


def _oldest(accounts: list[Document]) -> str:
    return str(min(accounts, key=lambda one: (one["created"], one["_id"]))["_id"])
