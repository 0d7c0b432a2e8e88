"""How much space all files of the installation take, and the quota on it."""

import contextlib

from littlechat.core import Invalid
from littlechat.files.schema import FILES, USAGE
from littlechat.platform import Database, Duplicate


class Full(Invalid):
    """The installation has no space left for files, or does not allow any."""


class Usage:
    """The sum of all files in bytes, shared by all processes. A `quota` of 0 allows no files."""

    def __init__(self, db: Database, quota: int) -> None:
        self._db = db
        self.quota = quota
        self.used = 0
        """The sum when it was last read."""

    async def require_space(self, size: int) -> None:
        """Raise `Full` unless `size` bytes would fit now; reserve nothing."""
        if not self.quota:
            raise Full(file="Files are switched off on this installation.")
        usage = await self._db[USAGE].find_one({"_id": "files"})
        self.used = int(usage["bytes"]) if usage else 0
        if self.used + size > self.quota:
            raise _full()

    async def take(self, size: int) -> None:
        """Add a file to the sum, checking the quota in the same operation; raise `Full`."""
        for _ in range(2):
            has_space = {"_id": "files", "bytes": {"$lte": self.quota - size}}
            if await self._db[USAGE].update(has_space, {"$inc": {"bytes": size}}):
                return
            # On the first upload ever there is no document; another process may insert it first.
            with contextlib.suppress(Duplicate):
                await self._db[USAGE].insert({"_id": "files", "bytes": 0})
        raise _full()

    async def release(self, size: int) -> None:
        """Subtract a deleted file from the sum."""
        await self._db[USAGE].update({"_id": "files"}, {"$inc": {"bytes": -size}})

    async def recount(self) -> None:
        """Compute the sum anew, since a crash may have left it wrong."""
        self.used = await self._db[FILES].sum("stored")
        await self._db[USAGE].update({"_id": "files"}, {"$set": {"bytes": self.used}}, upsert=True)


def _full() -> Full:
    return Full(file="There is no space left for files here. Tell who runs this littlechat.")
