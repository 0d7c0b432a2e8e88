"""Who administers the installation: one list in one document, so that it is never emptied.

What stands with each account is a copy, for the sake of one look-up; `open` puts it right. Beside
it stands whether the account is disabled, so that of the two it is one at the most.
"""

from littlechat.accounts.schema import SETTINGS, USERS
from littlechat.core import Refused, Standing, User
from littlechat.platform import Database, Document, Duplicate

ADMINS = "admins"

LAST = "Somebody must stay administrator: make another one first."
DISABLED = "This account is disabled: enable it first."


class Roles:
    """The store of administrators."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._claimed = False

    async def open(self) -> None:
        """Make the oldest account administrator where there is none, and mend a broken-off act."""
        listed = await self._listed()
        if not listed:
            accounts = [one for one in await self._db[USERS].find({}) if not one.get("disabled")]
            if accounts and not await self._found(_oldest(accounts)):
                return
            listed = await self._listed()
        marked = [str(one["_id"]) for one in await self._db[USERS].find({"standing": "admin"})]
        for user_id in {*listed, *marked}:
            await self._settle(user_id)

    async def claim(self, user: User) -> Standing:
        """Make a new account administrator if it is the first; return what it is.

        Of several that are made at once, whosever list is inserted first.
        """
        if self._claimed:
            return "member"
        claimed = not await self._db[SETTINGS].find_one({"_id": ADMINS}) and await self._found(
            user.id
        )
        self._claimed = True
        return "admin" if claimed else "member"

    async def promote(self, user: User) -> None:
        """Make somebody administrator; raise `Refused` for a disabled account. Twice is once."""
        # Marked first: an account that is being disabled meanwhile is not listed at all.
        if not await self._mark(user.id):
            raise Refused(DISABLED)
        if not await self._db[SETTINGS].update({"_id": ADMINS}, {"$addToSet": {"ids": user.id}}):
            await self._found(user.id)
        await self._settle(user.id)

    async def demote(self, user: User) -> None:
        """End somebody's being administrator; raise `Refused` for the last one."""
        if not await self._pull(user.id) and await self._listed() == [user.id]:
            raise Refused(LAST)
        await self._settle(user.id)

    async def _pull(self, user_id: str) -> bool:
        """Take somebody off the list; return whether they were on it and not the last one."""
        # One act on one document: of the last two, who end each other at once, one stays.
        where = {"_id": ADMINS, "ids": user_id, "ids.1": {"$exists": True}}
        return await self._db[SETTINGS].update(where, {"$pull": {"ids": user_id}})

    async def _found(self, user_id: str) -> bool:
        try:
            await self._db[SETTINGS].insert({"_id": ADMINS, "ids": [user_id]})
        except Duplicate:
            return False
        await self._mark(user_id)
        return True

    async def _listed(self) -> list[str]:
        document = await self._db[SETTINGS].find_one({"_id": ADMINS})
        return [str(one) for one in document["ids"]] if document else []

    async def _settle(self, user_id: str) -> None:
        """Let an account say what the list says, which others may be changing at this moment."""
        settled = None
        while settled != (listed := user_id in await self._listed()):
            settled = listed
            if not listed:
                # Left out for everybody but the few: the index holds these.
                change = {"$unset": {"standing": ""}}
                await self._db[USERS].update({"_id": user_id}, change)
            elif not await self._mark(user_id):
                await self._pull(user_id)

    async def _mark(self, user_id: str) -> bool:
        """Note with an account that it is an administrator's, unless it is disabled."""
        enabled = {"_id": user_id, "disabled": None}
        return await self._db[USERS].update(enabled, {"$set": {"standing": "admin"}})


def _oldest(accounts: list[Document]) -> str:
    return str(min(accounts, key=lambda one: (one["created"], one["_id"]))["_id"])
