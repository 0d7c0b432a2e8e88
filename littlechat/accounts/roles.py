"""The administrators: a list in one document, so that the last one cannot be removed.

Each user's document has a copy, `standing`, which is read with the user; `open` repairs it. It is
in the same document as `disabled`, so that no user can be both.
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
        """Make the oldest account administrator if there is none, and complete aborted changes."""
        listed = await self._listed()
        if not listed:
            accounts = [one for one in await self._db[USERS].find({}) if not one.get("disabled")]
            if accounts and not await self._insert_list(_oldest(accounts)):
                return
            listed = await self._listed()
        marked = [str(one["_id"]) for one in await self._db[USERS].find({"standing": "admin"})]
        for user_id in {*listed, *marked}:
            await self._sync_account(user_id)

    async def claim(self, user: User) -> Standing:
        """Make a new account administrator if it is the first; return its standing.

        If several are created at the same time, it is the one whose list is inserted first.
        """
        if self._claimed:
            return "member"
        exists = await self._db[SETTINGS].find_one({"_id": ADMINS})
        claimed = not exists and await self._insert_list(user.id)
        self._claimed = True
        return "admin" if claimed else "member"

    async def are_given(self) -> bool:
        """Whether there is an account yet, the first of which administers."""
        if self._claimed or await self._db[SETTINGS].find_one({"_id": ADMINS}):
            return True
        return await self._db[USERS].find_one({}) is not None

    async def promote(self, user: User) -> None:
        """Make a user administrator; raise `Refused` for a disabled account. May be repeated."""
        # Marked before it is listed: if it is being disabled meanwhile, it must not be listed.
        if not await self._mark(user.id):
            raise Refused(DISABLED)
        if not await self._db[SETTINGS].update({"_id": ADMINS}, {"$addToSet": {"ids": user.id}}):
            await self._insert_list(user.id)
        await self._sync_account(user.id)

    async def demote(self, user: User) -> None:
        """Make an administrator a member; raise `Refused` for the last administrator."""
        if not await self._pull(user.id) and await self._listed() == [user.id]:
            raise Refused(LAST)
        await self._sync_account(user.id)

    async def _pull(self, user_id: str) -> bool:
        """Remove a user from the list; return False if they are not on it, or the last one."""
        # One operation on one document: if the last two demote each other, one of them remains.
        where = {"_id": ADMINS, "ids": user_id, "ids.1": {"$exists": True}}
        return await self._db[SETTINGS].update(where, {"$pull": {"ids": user_id}})

    async def _insert_list(self, user_id: str) -> bool:
        try:
            await self._db[SETTINGS].insert({"_id": ADMINS, "ids": [user_id]})
        except Duplicate:
            return False
        await self._mark(user_id)
        return True

    async def _listed(self) -> list[str]:
        document = await self._db[SETTINGS].find_one({"_id": ADMINS})
        return [str(one) for one in document["ids"]] if document else []

    async def _sync_account(self, user_id: str) -> None:
        """Make a user's `standing` match the list, which other processes may be changing."""
        settled = None
        while settled != (listed := user_id in await self._listed()):
            settled = listed
            if not listed:
                # Removed rather than set to "member", so that the index has administrators only.
                change = {"$unset": {"standing": ""}}
                await self._db[USERS].update({"_id": user_id}, change)
            elif not await self._mark(user_id):
                await self._pull(user_id)

    async def _mark(self, user_id: str) -> bool:
        """Set a user's `standing` to admin; return False if the account is disabled."""
        enabled = {"_id": user_id, "disabled": None}
        return await self._db[USERS].update(enabled, {"$set": {"standing": "admin"}})


def _oldest(accounts: list[Document]) -> str:
    return str(min(accounts, key=lambda one: (one["created"], one["_id"]))["_id"])
